//! 证书更新 as the window shows it: one wizard per key, and this computer's orders. Plain data.

use crate::app::model::view::KeyView;
use base::fault::Fault;
use order_api::{Captcha, NextAction, Order, OrderKind, Payment, Period, Session, Support};
use std::time::Instant;

/// The wizard of one key.
#[derive(Clone, Debug)]
pub struct RenewalModel {
    /// Where it stands.
    pub stage: RenewalStage,
    /// What is under way and since when; the window sets it with the command, the next event clears it.
    pub busy: Option<(RenewalTask, Instant)>,
    /// Why the last attempt failed; the stage is the one to try again from.
    pub fault: Option<Fault>,
    /// Whom to call, once the CA of the certificate is known.
    pub support: Support,
    /// When each line of step 4 began in this attempt, in order.
    pub lines: Vec<(DownloadLine, Instant)>,
}

impl RenewalModel {
    /// A wizard that begins.
    #[must_use]
    pub fn opening(now: Instant) -> Self {
        Self {
            stage: RenewalStage::Opening,
            busy: Some((RenewalTask::Opening, now)),
            fault: None,
            support: Support::default(),
            lines: Vec::new(),
        }
    }

    /// Something was asked for.
    pub fn begin(&mut self, task: RenewalTask, now: Instant) {
        (self.busy, self.fault) = (Some((task, now)), None);
        match (task, &mut self.stage) {
            (RenewalTask::Opening, stage) => *stage = RenewalStage::Opening,
            (RenewalTask::Downloading, RenewalStage::Download(download)) => download.line = None,
            (RenewalTask::Downloading, stage) => {
                if let RenewalStage::Waiting(waiting) = stage {
                    let order = waiting.order.clone();
                    *stage = RenewalStage::Download(Box::new(Download { order, line: None, resumed: false }));
                }
            }
            _ => {}
        }
        if task == RenewalTask::Downloading {
            self.lines.clear();
        }
    }

    /// It stands here now. A fault stays when nobody asked and nothing moved: what refreshes by itself wipes no message.
    /// The line at which step 4 was cut stays until the next attempt.
    pub fn reach(&mut self, mut stage: RenewalStage, support: Support) {
        if let (RenewalStage::Download(old), RenewalStage::Download(new)) = (&self.stage, &mut stage)
            && old.order.no == new.order.no
        {
            new.line = new.line.or(old.line);
        }
        let asked = self.busy.take().is_some();
        if asked || !self.stage.is_same_place(&stage) {
            self.fault = None;
        }
        (self.stage, self.support) = (stage, support);
    }

    /// What was asked failed.
    pub fn fail(&mut self, fault: Fault) {
        (self.busy, self.fault) = (None, Some(fault));
    }

    /// Step 4 works on this line now.
    pub fn reach_line(&mut self, line: DownloadLine, now: Instant) {
        if let RenewalStage::Download(download) = &mut self.stage {
            download.line = Some(line);
            self.lines.push((line, now));
        }
    }

    /// How long a line of step 4 took, once the next one began.
    #[must_use]
    pub fn line_took(&self, line: DownloadLine) -> Option<std::time::Duration> {
        let at = self.lines.iter().position(|(of, _)| *of == line)?;
        let (_, began) = self.lines.get(at)?;
        let (_, ended) = self.lines.get(at + 1)?;
        Some(ended.saturating_duration_since(*began))
    }

    /// True while the key is being written.
    #[must_use]
    pub const fn is_downloading(&self) -> bool {
        matches!(self.busy, Some((RenewalTask::Downloading, _)))
    }
}

/// What runs for a wizard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewalTask {
    /// The CA is looked up.
    Opening,
    /// The key signs, the CA answers who the owner is.
    Identifying,
    /// A new picture is fetched.
    Captcha,
    /// The order is sent.
    Submitting,
    /// The state is asked for.
    Refreshing,
    /// A code is sent to the mobile number.
    SendingCode,
    /// The code is checked.
    CheckingCode,
    /// The payment is prepared.
    Payment,
    /// The order is given up.
    GivingUp,
    /// The key is being written: closing the window asks first.
    Downloading,
}

/// Where a wizard stands.
#[derive(Clone, Debug)]
pub enum RenewalStage {
    /// The CA is looked up.
    Opening,
    /// The CA has no service of ours: its page opens in the browser and finds the key there.
    Portal(PortalPage),
    /// 1 确认身份: the PIN is asked for.
    Identify {
        /// Name of the CA that will be asked.
        ca: String,
        /// Its address.
        address: String,
        /// Why the CA would refuse whoever asks: then no PIN is asked for.
        refusal: Option<Fault>,
    },
    /// 2 核对信息.
    Form(Box<Form>),
    /// 3 提交与审核, and 支付: `next_actions` of the order say what is waited for.
    Waiting(Box<Waiting>),
    /// 4 下载证书: the PIN is asked for, then the lines tick off.
    Download(Box<Download>),
    /// 5 完成.
    Done(Box<Done>),
}

impl RenewalStage {
    /// True when both are the same step in the same state.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Waiting(a), Self::Waiting(b)) => a.order.state == b.order.state,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// The order, once there is one.
    #[must_use]
    pub fn order(&self) -> Option<&Order> {
        match self {
            Self::Waiting(waiting) => Some(&waiting.order),
            Self::Download(download) => Some(&download.order),
            _ => None,
        }
    }
}

/// A CA that is reached through its own page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalPage {
    /// Name of the CA; empty when it is not known.
    pub ca: String,
    /// Page for a renewal, https; empty when none is known.
    pub url: String,
}

/// What the person checks before the order is sent.
#[derive(Clone, Debug)]
pub struct Form {
    /// Who the owner is, old and new validity, price, registered contact.
    pub session: Session,
    /// Picture with characters, when the service wants one.
    pub captcha: Option<Captcha>,
}

/// An order on its way.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The order.
    pub order: Order,
    /// How to pay, once asked for.
    pub payment: Option<Payment>,
    /// A code was sent to the mobile number at this moment, seconds since 1970.
    pub code_sent: Option<i64>,
}

impl Waiting {
    /// True when nothing but the download is left.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.order.next_actions.iter().any(|next| matches!(next, NextAction::Issue | NextAction::Confirm))
    }
}

/// New certificates on their way to the key.
#[derive(Clone, Debug)]
pub struct Download {
    /// The order.
    pub order: Order,
    /// The line being worked on; `None` before it starts. Lines before it are done.
    pub line: Option<DownloadLine>,
    /// True when an earlier attempt was cut and this one goes on from there.
    pub resumed: bool,
}

/// The seven lines of step 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DownloadLine {
    /// 准备新的容器.
    Container,
    /// 产生密钥对.
    KeyPair,
    /// CA 签发证书.
    Issue,
    /// 导入加密密钥.
    EncryptionKey,
    /// 写入证书.
    Certificates,
    /// 签名和解密测试.
    SelfTest,
    /// 确认并启用新证书.
    Activate,
}

impl DownloadLine {
    /// In their order.
    pub const ALL: [Self; 7] = [
        Self::Container,
        Self::KeyPair,
        Self::Issue,
        Self::EncryptionKey,
        Self::Certificates,
        Self::SelfTest,
        Self::Activate,
    ];
}

/// A renewal that ended well.
#[derive(Clone, Debug)]
pub struct Done {
    /// Order number.
    pub no: String,
    /// Validity before.
    pub old: Period,
    /// Validity now.
    pub new: Period,
    /// Milliseconds the program took for step 4.
    pub took_ms: u64,
}

/// An order of this computer, for the list 订单 and the hint on the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// Name of the entry in the journal.
    pub id: String,
    /// What it is about.
    pub kind: OrderKind,
    /// Order number; empty while it is not known whether the service took it.
    pub no: String,
    /// Owner of the certificate.
    pub holder: String,
    /// USB-Key 序列号 the order is bound to.
    pub device_serial: String,
    /// Public key of the old certificate, X ‖ Y.
    pub public_key: [u8; 64],
    /// How far it is.
    pub state: LineState,
    /// When it began, seconds since 1970.
    pub created: i64,
    /// Validity the order gives; `None` when not known yet, or when it gives none.
    pub new: Option<Period>,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// How far an order of this computer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineState {
    /// Sent, answer not known.
    Sending,
    /// Waits for the mobile number to be checked.
    VerifyMobile,
    /// 审核中.
    Reviewing,
    /// 待支付.
    Payment,
    /// 已通过, to be downloaded.
    Ready,
    /// Download or unlocking began and was cut.
    Interrupted,
    /// The authorization code of an unlock was sent.
    CodeSent,
    /// The new PIN of an unlock holds, the report is missing.
    ReportMissing,
    /// 已完成.
    Done,
    /// 未通过.
    Rejected,
    /// Not paid or fetched in time.
    Expired,
    /// Withdrawn.
    Cancelled,
    /// The key did not take what the CA sent: an unlock that is never tried again.
    Refused,
}

impl LineState {
    /// True when the person or the CA still has something to do.
    #[must_use]
    pub const fn is_open(self) -> bool {
        !matches!(self, Self::Done | Self::Rejected | Self::Expired | Self::Cancelled | Self::Refused)
    }
}

impl OrderLine {
    /// True when the order was made with this key.
    #[must_use]
    pub fn belongs_to(&self, view: &KeyView) -> bool {
        self.device_serial == view.contents.device.serial
            && view.signing_keys().any(|key| key.0.as_slice() == self.public_key)
    }
}
