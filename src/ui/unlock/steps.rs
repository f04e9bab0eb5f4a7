//! The steps of an unlock.

use crate::app::{UnlockEnd, UnlockStage};
use rust_i18n::t;
use std::borrow::Cow;

/// Names of the steps, and the number of the present one.
pub fn names(stage: &UnlockStage, choosing: bool) -> ([Cow<'static, str>; 5], usize) {
    let names = [t!("step.choose_key"), t!("step.verify"), t!("step.wait_code"), t!("step.new_pin"), t!("step.done")];
    (names, at(stage, choosing))
}

fn at(stage: &UnlockStage, choosing: bool) -> usize {
    match stage {
        UnlockStage::Form(_) if choosing => 0,
        UnlockStage::Opening | UnlockStage::Portal(_) | UnlockStage::Form(_) => 1,
        UnlockStage::Waiting(_) => 2,
        UnlockStage::Ended(ended) if ended.why != UnlockEnd::Refused => 2,
        UnlockStage::Ended(_) | UnlockStage::Code(_) | UnlockStage::NewPin(_) | UnlockStage::Prove(_) => 3,
        UnlockStage::Done(_) => 4,
    }
}
