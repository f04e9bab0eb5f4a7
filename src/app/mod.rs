//! The program without its window: what lies on the desk, what the person can ask for, and the threads that do it.
//!
//! Invariants: the model is plain data changed only by [`Event`]s; nothing here blocks the caller; each key has its own
//! worker thread, so that a hung key hangs nobody else; nothing here knows a window toolkit.

mod config;
mod engine;
mod model;

pub use config::presets::{Lock, Presets};
pub use config::settings::{Language, ProxyChoice, Settings, SettingsFile, ThemeChoice, UpdateFeed};
pub use engine::backend::{Ask, Backend};
pub use engine::dispatch::{Engine, EngineContext};
pub use engine::environment_work::Site;
pub use engine::message::{
    Command, Content, Event, Notice, PracticeMessage, RenewalAsk, Roots, UnlockAsk, UpdateStage,
};
pub use engine::orders::Online;
pub use engine::seal::Picture;
pub use engine::timeline;
pub use model::environment::EnvironmentModel;
pub use model::renewal::{
    Done, Download, DownloadLine, Form, LineState, OrderLine, PortalPage, RenewalModel, RenewalStage, RenewalTask,
    Waiting,
};
pub use model::state::{Away, KeyModel, KeyState, Model, PinOutcome, Task, Writing};
pub use model::unlock::{NewPin, UnlockDone, UnlockEnd, UnlockEnded, UnlockForm, UnlockModel, UnlockStage, UnlockTask};
pub use model::view::{CertificateOnKey, CheckState, Historic, KeyView, MainAction, Standing};
pub use model::{contact, policy, reminders};
pub use token::SERVICE_STOPPED;

pub use crate::check;
pub use crate::desktop;
pub use crate::update;
pub use base::fault::{Fault, FaultCode};
pub use ca_client::{PinPolicy, UnlockLine};
pub use token::{ADMIN_PIN_LENGTH, KeyUse, PinInfo, ServiceState, Slot, TokenError, check_present_pin};
