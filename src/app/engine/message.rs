//! Between window and workers: commands go down, events come up.

use crate::app::engine::seal::Picture;
use crate::app::model::renewal::{DownloadLine, OrderLine, RenewalStage, RenewalTask};
use crate::app::model::unlock::{UnlockStage, UnlockTask};
use crate::app::model::view::KeyView;
use crate::check::{Line, ProbeId, Repair};
use crate::desktop::instance::Target;
use crate::desktop::log::LogLine;
use crate::update::Release;
use base::fault::Fault;
use base::secret::Pin;
use ca_client::UnlockLine;
use certificate::{SkippedFile, TrustStore};
use net::Proxy;
use order_api::{Applicant, Contact, Support, UnlockRoute};
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::time::Duration;
use token::{KeyUse, PinInfo, ServiceState, Slot};
use zeroize::Zeroizing;

/// What the person asks for. Not `Clone` and not `Debug`: it can carry PINs.
pub enum Command {
    /// Read this key again.
    Refresh(u64),
    /// Read every key again.
    RefreshAll,
    /// Replace the user PIN of the key in this slot.
    ChangePin {
        /// The slot of the key.
        slot: u64,
        /// PIN that holds now.
        current: Pin,
        /// PIN that shall hold.
        new: Pin,
    },
    /// 检查证书.
    Check {
        /// The slot of the key.
        slot: u64,
        /// Which of the two certificates.
        key_use: KeyUse,
        /// The certificate, DER.
        certificate: Vec<u8>,
    },
    /// 证书更新 of the key in a slot.
    Renewal {
        /// The slot of the key.
        slot: u64,
        /// What the person asks for.
        ask: RenewalAsk,
    },
    /// 找回密码 of the key in a slot.
    Unlock {
        /// The slot of the key.
        slot: u64,
        /// What the person asks for.
        ask: UnlockAsk,
    },
    /// How many tries the admin PIN of the key in this slot has left; reading it spends none.
    AdminTries(u64),
    /// Replace the user PIN by right of the admin PIN, at a counter of the CA.
    UnblockPin {
        /// The slot of the key.
        slot: u64,
        /// The admin PIN.
        admin: Pin,
        /// User PIN that shall hold.
        new: Pin,
    },
    /// Ask the services for the state of every open order of this computer.
    RefreshOrders,
    /// Take a finished order off the list.
    ForgetOrder(String),
    /// Give up an unfinished order, whatever it is; the person was warned of what is lost.
    GiveUpOrder(String),
    /// Remove a 历史证书 with its keys from the key, for good.
    RemoveHistory {
        /// The slot of the key.
        slot: u64,
        /// Name of the container; never the one in use.
        container: String,
        /// The user PIN.
        pin: Pin,
    },
    /// 环境检测: look at everything.
    CheckEnvironment,
    /// 修复 what a probe found, then look there again.
    Repair {
        /// The probe that found it.
        probe: ProbeId,
        /// What to do.
        repair: Repair,
    },
    /// How long the service of the CA of this key takes to answer, for the status bar.
    ReachCa(u64),
    /// 检查更新.
    CheckUpdate,
    /// Download the file of a release.
    DownloadUpdate(Box<Release>),
    /// Leave off downloading.
    CancelDownload,
    /// Open the downloaded file of a release, so that the system installs it.
    InstallUpdate {
        /// Which one.
        release: Box<Release>,
        /// The file.
        file: PathBuf,
    },
    /// Start with the desktop from now on, or no longer; `None` only asks how it is.
    Autostart(Option<bool>),
    /// An icon on the desktop from now on, or none; `None` only asks how it is.
    DesktopIcon(Option<bool>),
    /// Look whether a new version was installed over this one.
    LookForNewVersion,
    /// Reach services this way from now on.
    UseProxy(Proxy),
    /// Write details into the log from now on, or no longer.
    LogDetails(bool),
    /// Show a folder of this person in the file manager.
    OpenFolder(PathBuf),
    /// Remove the report of a fault of the program.
    RemoveReport(PathBuf),
    /// Read the log of this run and the days before.
    ReadLog,
    /// Read the folders of trusted roots.
    ReadRoots,
    /// Write a file the person chose.
    Save {
        /// What to write.
        content: Content,
        /// Where to.
        path: PathBuf,
    },
}

/// The folders of trusted roots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    /// How many roots are trusted.
    pub known: usize,
    /// What was passed over.
    pub skipped: Vec<SkippedFile>,
}

impl Roots {
    pub(super) fn of(store: &TrustStore) -> Self {
        Self { known: store.roots().len(), skipped: store.skipped().to_vec() }
    }
}

/// What the person asks for in the wizard 证书更新. Not `Clone` and not `Debug`: it can carry a PIN.
pub enum RenewalAsk {
    /// Open the wizard: an unfinished order of this key is continued, else the identity comes first.
    Open,
    /// 1 Prove who the owner is: the key signs a challenge.
    Identify(Pin),
    /// 2 Another picture.
    NewCaptcha,
    /// 2 Send the order.
    Submit {
        /// Checked by the person.
        contact: Contact,
        /// What was read from the picture.
        captcha: Option<String>,
    },
    /// 3 Ask for the state now.
    Refresh,
    /// 3 Send a code to the mobile number.
    SendCode,
    /// 3 Check the code.
    CheckCode(String),
    /// 3 How to pay.
    Pay,
    /// 3 Give the order up and begin anew, with what was filled in.
    GiveUp,
    /// 4 Fetch the certificates and write them; also goes on with an attempt that was cut.
    Download(Pin),
    /// Leave the wizard; what was sent stays sent.
    Leave,
}

impl RenewalAsk {
    /// What runs until the answer; `None` when nothing is answered.
    #[must_use]
    pub const fn task(&self) -> Option<RenewalTask> {
        Some(match self {
            Self::Open => RenewalTask::Opening,
            Self::Identify(_) => RenewalTask::Identifying,
            Self::NewCaptcha => RenewalTask::Captcha,
            Self::Submit { .. } => RenewalTask::Submitting,
            Self::Refresh => RenewalTask::Refreshing,
            Self::SendCode => RenewalTask::SendingCode,
            Self::CheckCode(_) => RenewalTask::CheckingCode,
            Self::Pay => RenewalTask::Payment,
            Self::GiveUp => RenewalTask::GivingUp,
            Self::Download(_) => RenewalTask::Downloading,
            Self::Leave => return None,
        })
    }
}

/// What the person asks for in the wizard 找回密码. Not `Clone` and not `Debug`: it can carry a PIN and a code.
pub enum UnlockAsk {
    /// Open the wizard: an unfinished order of this key is continued, else the application comes first.
    Open,
    /// 2 Another picture.
    NewCaptcha,
    /// 2 Send the application.
    Submit {
        /// Code by SMS, or an officer.
        route: UnlockRoute,
        /// Who applies.
        applicant: Applicant,
        /// What was read from the picture.
        captcha: Option<String>,
    },
    /// 3 Ask for the state now.
    Refresh,
    /// 3 Send the code again.
    Resend,
    /// 4 Prove the code and set the new PIN; also goes on with an attempt that was cut.
    Unlock {
        /// As it was typed; `None` when it was taken before.
        code: Option<Zeroizing<String>>,
        /// PIN that shall hold.
        new: Pin,
    },
    /// 4 The new PIN holds: it signs the report.
    Prove(Pin),
    /// Give the order up and apply anew; refused when the key may hold something of it.
    Discard,
    /// Leave the wizard; what was sent stays sent.
    Leave,
}

impl UnlockAsk {
    /// What runs until the answer; `None` when nothing is answered.
    #[must_use]
    pub const fn task(&self) -> Option<UnlockTask> {
        Some(match self {
            Self::Open => UnlockTask::Opening,
            Self::NewCaptcha => UnlockTask::Captcha,
            Self::Submit { .. } => UnlockTask::Submitting,
            Self::Refresh => UnlockTask::Refreshing,
            Self::Resend => UnlockTask::Resending,
            Self::Unlock { .. } => UnlockTask::Unlocking,
            Self::Prove(_) => UnlockTask::Proving,
            Self::Discard => UnlockTask::Discarding,
            Self::Leave => return None,
        })
    }
}

/// A message for the person outside the window, by the desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// A few words.
    pub title: String,
    /// One sentence.
    pub text: String,
}

/// A message of the practice CA to the owner of a practice key, which nobody but this window receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeMessage {
    /// Mobile number or e-mail address.
    pub recipient: String,
    /// What it says.
    pub text: String,
}

/// What a file is made of.
pub enum Content {
    /// A certificate, DER, in the format of the file.
    Certificate(Vec<u8>, certificate::Format),
    /// Text, such as a diagnosis.
    Text(String),
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The smart-card service changed its state.
    Service(ServiceState),
    /// A card was put in.
    Inserted(Slot),
    /// The card of a slot is gone.
    Removed(u64),
    /// A key was read, or could not be.
    Contents {
        /// The slot of the key.
        slot: u64,
        /// What was read.
        result: Result<Box<KeyView>, Fault>,
    },
    /// The key holds a seal picture.
    Seal {
        /// The slot of the key.
        slot: u64,
        /// The picture.
        picture: Picture,
    },
    /// A PIN change ended.
    PinChanged {
        /// The slot of the key.
        slot: u64,
        /// Success or why not.
        result: Result<(), Fault>,
        /// State of the PIN afterwards, when it could be read.
        pin: Option<PinInfo>,
    },
    /// A certificate check ended.
    Checked {
        /// The slot of the key.
        slot: u64,
        /// Which certificate.
        key_use: KeyUse,
        /// The findings.
        result: Result<Vec<certificate::Finding>, Fault>,
    },
    /// The wizard 证书更新 of a key stands here now; clears what was under way.
    RenewalStage {
        /// The slot of the key.
        slot: u64,
        /// Where it stands.
        stage: RenewalStage,
        /// Whom to call.
        support: Support,
    },
    /// What was asked failed; the wizard stays where it is.
    RenewalFault {
        /// The slot of the key.
        slot: u64,
        /// Why.
        fault: Fault,
    },
    /// Step 4 works on this line now.
    RenewalLine {
        /// The slot of the key.
        slot: u64,
        /// The line; those before it are done.
        line: DownloadLine,
    },
    /// The wizard 找回密码 of a key stands here now; clears what was under way.
    UnlockStage {
        /// The slot of the key.
        slot: u64,
        /// Where it stands.
        stage: UnlockStage,
        /// Whom to call.
        support: Support,
    },
    /// What was asked failed; the wizard stays where it is.
    UnlockFault {
        /// The slot of the key.
        slot: u64,
        /// Why.
        fault: Fault,
    },
    /// The writing works on this line now.
    UnlockLine {
        /// The slot of the key.
        slot: u64,
        /// The line; those before it are done.
        line: UnlockLine,
    },
    /// State of the admin PIN.
    AdminTries {
        /// The slot of the key.
        slot: u64,
        /// What the key said.
        result: Result<PinInfo, Fault>,
    },
    /// [`Command::UnblockPin`] ended.
    PinUnblocked {
        /// The slot of the key.
        slot: u64,
        /// Success or why not.
        result: Result<(), Fault>,
        /// State of the user PIN afterwards, when it could be read.
        user: Option<PinInfo>,
        /// State of the admin PIN afterwards, when it could be read.
        admin: Option<PinInfo>,
    },
    /// This computer's orders, newest first.
    Orders(Vec<OrderLine>),
    /// [`Command::RefreshOrders`] failed for a service at least, or [`Command::ForgetOrder`] did; the list is as it was.
    /// Comes after an [`Event::Orders`] with what the others answered.
    OrdersFault(Fault),
    /// An order became ready to be downloaded, or an officer let an unlock pass, while nobody looked at it.
    OrderReady(OrderLine),
    /// A 历史证书 was removed, or could not be.
    HistoryRemoved {
        /// The slot of the key.
        slot: u64,
        /// Success or why not.
        result: Result<(), Fault>,
    },
    /// The practice CA sent a message.
    PracticeMessage(PracticeMessage),
    /// 环境检测 begins with these probes.
    CheckBegan(Vec<ProbeId>),
    /// A probe has ended.
    CheckLine(Box<Line>),
    /// 环境检测 has ended and took so long.
    CheckEnded(Duration),
    /// A repair has ended; a line of the same probe follows.
    Repaired {
        /// The probe that had found it.
        probe: ProbeId,
        /// Success or why not.
        result: Result<(), Fault>,
    },
    /// The service of the CA of a key answered, or did not; nothing for a CA without a service.
    CaReached {
        /// The slot of the key.
        slot: u64,
        /// How long it took.
        result: Result<Duration, Fault>,
    },
    /// 检查更新 stands here now.
    Update(UpdateStage),
    /// Whether the program starts with the desktop; `None` where it can't.
    Autostart(Result<Option<bool>, Fault>),
    /// Whether there is an icon on the desktop; `None` where this program puts none.
    DesktopIcon(Result<Option<bool>, Fault>),
    /// A new version was installed over this one, which still runs.
    Replaced,
    /// Lines of the log, oldest first.
    Log(Vec<LogLine>),
    /// The trusted roots.
    Roots(Roots),
    /// Another start of the program, or the tray, wants to see this.
    Summoned(Target),
    /// Another start wants to know whether the window still answers.
    Knock(Sender<()>),
    /// A part of the program stopped: what it was asked for is not answered any more.
    Stopped,
    /// A damaged file was set aside under another name and begins anew.
    SetAside(PathBuf),
    /// The tray wants the program to end.
    QuitAsked,
    /// Whether the desktop shows the tray icon.
    Tray(bool),
    /// A file was written, or could not be.
    Saved(Result<PathBuf, Fault>),
}

/// Where 检查更新 stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum UpdateStage {
    /// Not asked yet.
    #[default]
    Unasked,
    /// The administrator of this computer does not want it asked here.
    TurnedOff,
    /// Nobody gave the address of a feed.
    NoFeed,
    /// Asking.
    Asking,
    /// This version is the newest.
    UpToDate,
    /// There is a newer one.
    Newer(Box<Release>),
    /// Its file is being downloaded.
    Downloading {
        /// Which one.
        release: Box<Release>,
        /// Bytes so far.
        bytes: u64,
    },
    /// Its file is here and has the right checksum.
    Downloaded {
        /// Which one.
        release: Box<Release>,
        /// The file.
        file: PathBuf,
        /// The system was told to open it.
        opened: bool,
    },
    /// It failed.
    Failed(Fault),
}
