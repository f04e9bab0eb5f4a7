//! An order as the list 订单 and the card of its key show it.

use crate::app::model::renewal::{LineState, OrderLine};
use ca_client::{DownloadStep, Entry, Step, UnlockStep};
use order_api::{NextAction, Order, OrderKind, OrderState, UnlockRoute};

/// True while the next step is not this program's.
pub(in crate::app) fn is_waiting(entry: &Entry) -> bool {
    let waits = match entry.kind {
        OrderKind::Renew => matches!(entry.step(), Step::Submit | Step::Waiting(_)),
        OrderKind::Unlock => matches!(entry.unlock_step(), UnlockStep::Submit | UnlockStep::Waiting(_)),
    };
    waits && entry.is_open()
}

/// True when an officer let an unlock pass. On the way by SMS the same state says nothing: whether what the person said fits
/// the books is not told.
pub(in crate::app) fn is_approved(entry: &Entry) -> bool {
    let view = entry.order.as_ref().and_then(|order| order.unlock.as_ref());
    entry.kind == OrderKind::Unlock
        && entry.unlock_step() == UnlockStep::Code
        && view.is_some_and(|view| view.route == UnlockRoute::Review)
}

/// An entry as the window shows it.
pub(in crate::app) fn line(entry: &Entry) -> OrderLine {
    let order = entry.order.as_ref();
    let renews = entry.kind == OrderKind::Renew;
    OrderLine {
        id: entry.id.clone(),
        kind: entry.kind,
        no: order.map(|order| order.no.clone()).unwrap_or_default(),
        holder: entry.holder.clone(),
        device_serial: entry.binding.device_serial.clone(),
        public_key: entry.binding.key.0.0,
        state: if renews { renewal_state(entry) } else { unlock_state(entry) },
        created: entry.created,
        new: renews.then(|| order.map_or(entry.new, |order| order.new)),
        reason: order.and_then(|order| order.reason.clone()),
    }
}

fn renewal_state(entry: &Entry) -> LineState {
    match entry.step() {
        Step::Submit => LineState::Sending,
        Step::Download(DownloadStep::Prepare) => LineState::Ready,
        Step::Download(_) => LineState::Interrupted,
        Step::Done => LineState::Done,
        Step::Failed(state) => ended(state),
        Step::Waiting(OrderState::Payment) => LineState::Payment,
        Step::Waiting(_) if wants_code(entry.order.as_ref()) => LineState::VerifyMobile,
        Step::Waiting(_) => LineState::Reviewing,
    }
}

fn unlock_state(entry: &Entry) -> LineState {
    match entry.unlock_step() {
        UnlockStep::Submit => LineState::Sending,
        UnlockStep::Waiting(_) => LineState::Reviewing,
        UnlockStep::Code => LineState::CodeSent,
        UnlockStep::NewPin => LineState::Interrupted,
        UnlockStep::Prove => LineState::ReportMissing,
        UnlockStep::Done => LineState::Done,
        UnlockStep::Failed(_) if entry.unlock_refusal().is_some() => LineState::Refused,
        UnlockStep::Failed(state) => ended(state),
    }
}

const fn ended(state: OrderState) -> LineState {
    match state {
        OrderState::Rejected => LineState::Rejected,
        OrderState::Expired => LineState::Expired,
        _ => LineState::Cancelled,
    }
}

fn wants_code(order: Option<&Order>) -> bool {
    order.is_some_and(|order| order.next_actions.contains(&NextAction::VerifyMobile))
}
