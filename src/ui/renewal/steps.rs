//! The steps of a renewal.

use crate::app::RenewalStage;
use order_api::{NextAction, Order, OrderState};
use rust_i18n::t;
use std::borrow::Cow;

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Identify,
    Check,
    Submit,
    Pay,
    Download,
    Done,
}

impl Step {
    fn name(self) -> Cow<'static, str> {
        match self {
            Self::Identify => t!("step.identify"),
            Self::Check => t!("step.check"),
            Self::Submit => t!("step.submit"),
            Self::Pay => t!("step.pay"),
            Self::Download => t!("step.download"),
            Self::Done => t!("step.done"),
        }
    }

    fn of(stage: &RenewalStage) -> Self {
        match stage {
            RenewalStage::Opening | RenewalStage::Portal(_) | RenewalStage::Identify { .. } => Self::Identify,
            RenewalStage::Form(_) => Self::Check,
            RenewalStage::Waiting(waiting) if waiting.is_ready() => Self::Download,
            RenewalStage::Waiting(waiting) if waits_for_money(&waiting.order) => Self::Pay,
            RenewalStage::Waiting(_) => Self::Submit,
            RenewalStage::Download(_) => Self::Download,
            RenewalStage::Done(_) => Self::Done,
        }
    }
}

fn waits_for_money(order: &Order) -> bool {
    order.state == OrderState::Payment || order.next_actions.contains(&NextAction::Pay)
}

/// True when the product costs money, as far as this stage tells.
pub fn costs(stage: &RenewalStage) -> bool {
    match stage {
        RenewalStage::Form(form) => form.session.product.fee_fen > 0,
        stage => stage.order().is_some_and(|order| order.fee_fen > 0 || waits_for_money(order)),
    }
}

/// Names of all steps of this renewal, and the number of the present one.
pub fn names(stage: &RenewalStage, costs: bool) -> (Vec<Cow<'static, str>>, usize) {
    let (steps, at) = steps(stage, costs);
    (steps.into_iter().map(Step::name).collect(), at)
}

/// Every step of this renewal, and the number of the present one.
fn steps(stage: &RenewalStage, costs: bool) -> (Vec<Step>, usize) {
    let mut steps = vec![Step::Identify, Step::Check, Step::Submit, Step::Pay, Step::Download, Step::Done];
    steps.retain(|step| *step != Step::Pay || costs);
    let now = Step::of(stage);
    let at = steps.iter().position(|step| *step == now).unwrap_or_default();
    (steps, at)
}

#[cfg(test)]
mod tests {
    use super::{Step, steps};
    use crate::app::RenewalStage;

    #[test]
    fn payment_is_a_step_only_where_money_is_due() {
        let stage = RenewalStage::Identify { ca: String::new(), address: String::new(), refusal: None };
        let free = [Step::Identify, Step::Check, Step::Submit, Step::Download, Step::Done];
        assert_eq!(steps(&stage, false), (free.to_vec(), 0));
        let (paid, _) = steps(&stage, true);
        assert_eq!(paid.get(3), Some(&Step::Pay));
        assert_eq!(paid.len(), free.len() + 1);
    }
}
