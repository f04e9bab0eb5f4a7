//! 找回密码 as the window shows it: one wizard per key. Plain data.

use crate::app::model::renewal::PortalPage;
use base::fault::Fault;
use ca_client::{PinPolicy, UnlockLine};
use order_api::{Captcha, Order, Support};
use std::time::{Duration, Instant};

/// The wizard of one key.
#[derive(Clone, Debug)]
pub struct UnlockModel {
    /// Where it stands.
    pub stage: UnlockStage,
    /// What is under way and since when; the window sets it with the command, the next event clears it.
    pub busy: Option<(UnlockTask, Instant)>,
    /// Why the last attempt failed; the stage is the one to try again from.
    pub fault: Option<Fault>,
    /// Whom to call, once the CA of the certificate is known.
    pub support: Support,
    /// When each line of the writing began in this attempt, in order.
    pub lines: Vec<(UnlockLine, Instant)>,
}

impl UnlockModel {
    /// A wizard that begins.
    #[must_use]
    pub fn opening(now: Instant) -> Self {
        Self {
            stage: UnlockStage::Opening,
            busy: Some((UnlockTask::Opening, now)),
            fault: None,
            support: Support::default(),
            lines: Vec::new(),
        }
    }

    /// Something was asked for.
    pub fn begin(&mut self, task: UnlockTask, now: Instant) {
        (self.busy, self.fault) = (Some((task, now)), None);
        if task == UnlockTask::Opening {
            self.stage = UnlockStage::Opening;
        }
        if task.is_writing() {
            self.lines.clear();
        }
    }

    /// It stands here now. A fault stays when nobody asked and nothing moved: what refreshes by itself wipes no message.
    pub fn reach(&mut self, stage: UnlockStage, support: Support) {
        // while it opens it is still under way
        let asked = !matches!(stage, UnlockStage::Opening) && self.busy.take().is_some();
        if asked || !self.stage.is_same_place(&stage) {
            self.fault = None;
        }
        (self.stage, self.support) = (stage, support);
    }

    /// What was asked failed.
    pub fn fail(&mut self, fault: Fault) {
        (self.busy, self.fault) = (None, Some(fault));
    }

    /// The writing works on this line now.
    pub fn reach_line(&mut self, line: UnlockLine, now: Instant) {
        self.lines.push((line, now));
    }

    /// The line the writing works on, or at which it was cut.
    #[must_use]
    pub fn line(&self) -> Option<UnlockLine> {
        self.lines.last().map(|(line, _)| *line)
    }

    /// How long a line took, once the next one began.
    #[must_use]
    pub fn line_took(&self, line: UnlockLine) -> Option<Duration> {
        let at = self.lines.iter().position(|(of, _)| *of == line)?;
        let (_, began) = self.lines.get(at)?;
        let (_, ended) = self.lines.get(at + 1)?;
        Some(ended.saturating_duration_since(*began))
    }

    /// True while the key is being written.
    #[must_use]
    pub fn is_writing(&self) -> bool {
        self.busy.is_some_and(|(task, _)| task.is_writing())
    }
}

/// What runs for a wizard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlockTask {
    /// The CA is looked up.
    Opening,
    /// A new picture is fetched.
    Captcha,
    /// The application is sent.
    Submitting,
    /// The state is asked for.
    Refreshing,
    /// The code is sent again.
    Resending,
    /// The key gets its new PIN: closing the window asks first.
    Unlocking,
    /// The new PIN signs the report: closing the window asks first.
    Proving,
    /// The order is given up.
    Discarding,
}

impl UnlockTask {
    /// True while the key is worked on.
    #[must_use]
    pub const fn is_writing(self) -> bool {
        matches!(self, Self::Unlocking | Self::Proving)
    }
}

/// Where a wizard stands.
#[derive(Clone, Debug)]
pub enum UnlockStage {
    /// The CA is looked up, or an application whose answer was lost is sent again.
    Opening,
    /// The CA has no service of ours, or none that unlocks: its page opens in the browser, else the hot line helps.
    Portal(PortalPage),
    /// 2 身份核验.
    Form(Box<UnlockForm>),
    /// 3 等待授权码: an officer looks at it.
    Waiting(Box<Order>),
    /// 3 and 4: the code was sent; code and new PIN are asked for.
    Code(Box<NewPin>),
    /// 4 after a cut: the code was taken before, the new PIN is asked for.
    NewPin(Box<NewPin>),
    /// 4: the new PIN holds already, it signs the report.
    Prove(Box<NewPin>),
    /// It ended without a new PIN.
    Ended(Box<UnlockEnded>),
    /// 5 完成.
    Done(Box<UnlockDone>),
}

impl UnlockStage {
    /// True when both are the same step.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// The order, once there is one.
    #[must_use]
    pub fn order(&self) -> Option<&Order> {
        match self {
            Self::Waiting(order) => Some(order),
            Self::Code(pin) | Self::NewPin(pin) | Self::Prove(pin) => Some(&pin.order),
            Self::Ended(ended) => ended.order.as_ref(),
            _ => None,
        }
    }
}

/// Who applies, as the person is asked.
#[derive(Clone, Debug)]
pub struct UnlockForm {
    /// Name of the CA that compares.
    pub ca: String,
    /// Picture with characters.
    pub captcha: Option<Captcha>,
}

/// A new PIN is asked for.
#[derive(Clone, Debug)]
pub struct NewPin {
    /// The order; `unlock` of it says where the code went and how long it counts.
    pub order: Order,
    /// Lengths the CA wants.
    pub pins: PinPolicy,
}

/// An unlock that ended without a new PIN.
#[derive(Clone, Debug)]
pub struct UnlockEnded {
    /// The order; `None` when the application was refused after its first answer was lost.
    pub order: Option<Order>,
    /// How it ended.
    pub why: UnlockEnd,
}

/// How an unlock ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlockEnd {
    /// An officer said no.
    Rejected,
    /// Not used in time.
    Expired,
    /// Withdrawn, or closed after too many wrong codes.
    Cancelled,
    /// The key did not take the CA's answer, or too few tries of its admin PIN are left: never tried again.
    Refused,
}

/// An unlock that ended well.
#[derive(Clone, Debug)]
pub struct UnlockDone {
    /// Order number.
    pub no: String,
    /// Tries of the new PIN, when the key was there at the end.
    pub tries: Option<u8>,
    /// Milliseconds the program took with key and service; `None` when it ended without them.
    pub took_ms: Option<u64>,
}
