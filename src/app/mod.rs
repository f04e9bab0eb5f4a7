//! The program without its window: what lies on the desk, what the person can ask for, and the threads that do it.
//!
//! Invariants: the model is plain data changed only by [`Event`]s; nothing here blocks the caller; each key has its own
//! worker thread, so that a hung key hangs nobody else; nothing here knows a window toolkit.

mod backstage;
pub mod contact;
mod desk;
mod environment;
mod environment_work;
mod everyday;
mod hub;
mod json_file;
mod line;
mod message;
mod orders;
pub mod policy;
mod presets;
pub mod reminders;
mod renewal;
mod seal;
mod settings;
mod stopped;
pub mod timeline;
mod unlock;
mod view;
mod wizard;
mod work;
mod worker;

pub use backstage::{Ask, Backstage};
pub use desk::{Away, CheckState, Desk, DeskKey, KeyState, PinOutcome, Task, Writing};
pub use environment::EnvironmentDesk;
pub use environment_work::Site;
pub use hub::{Hub, Surroundings};
pub use message::{Command, Content, Event, Notice, PracticeMessage, RenewalAsk, UnlockAsk, UpdateStage};
pub use orders::Online;
pub use presets::{Lock, Presets};
pub use renewal::{
    Done, Download, DownloadLine, Form, LineState, OrderLine, PortalPage, RenewalDesk, RenewalStage, RenewalTask,
    Waiting,
};
pub use seal::Picture;
pub use settings::{Language, ProxyChoice, Settings, SettingsFile, ThemeChoice, UpdateFeed};
pub use token::SERVICE_STOPPED;
pub use unlock::{NewPin, UnlockDesk, UnlockDone, UnlockEnd, UnlockEnded, UnlockForm, UnlockStage, UnlockTask};
pub use view::{CertificateOnKey, Historic, KeyView, MainAction, Standing};

pub use crate::check;
pub use crate::desktop;
pub use crate::update;
pub use base::fault::{Fault, FaultCode};
pub use ca_client::{PinPolicy, UnlockLine};
pub use token::{KeyUse, PinInfo, ServiceState, Slot};
