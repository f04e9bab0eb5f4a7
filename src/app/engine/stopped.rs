//! A part of the program stopped by a fault of its own: nothing it was asked for is waited for any more.

use crate::app::engine::message::UpdateStage;
use crate::app::model::state::Model;
use crate::app::model::view::CheckState;
use base::fault::{Fault, FaultCode};
use std::time::Duration;

impl Model {
    /// Ends every wait for a part that has no worker of a key behind it.
    pub(in crate::app) fn give_up_waiting(&mut self) {
        let fault = || Fault::new(FaultCode::InternalStopped);
        for check in self.keys.iter_mut().flat_map(|key| key.checks.values_mut()) {
            if matches!(check, CheckState::Running) {
                *check = CheckState::Failed(fault());
            }
        }
        if std::mem::take(&mut self.orders_busy) {
            self.orders_fault = Some(fault());
        }
        if self.environment.is_running() {
            self.environment.end(Duration::ZERO);
        }
        self.environment.repairing = None;
        if matches!(self.update, UpdateStage::Asking | UpdateStage::Downloading { .. }) {
            self.update = UpdateStage::Failed(fault());
        }
        // shown as a dialog, like a file that could not be written
        self.saved = Some(Err(fault()));
    }
}
