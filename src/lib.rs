//! 证书助手 – certificates and PINs of Chinese USB keys. One line for every room:
//!
//! * [`check`] – environment check: probes, verdicts, repairs, report
//! * [`desktop`] – one instance, start with the desktop, tray, log files, crash reports
//! * [`update`] – the signed feed of versions
//! * [`app`] – model, commands, events, workers; knows no window toolkit
//! * [`ui`] – the window
//! * [`cli`] – the same without a window
//! * [`practice`] – virtual keys as a source of keys, and a CA for them

pub mod app;
pub mod check;
pub mod cli;
pub mod desktop;
#[cfg(feature = "practice")]
pub mod practice;
#[cfg(feature = "window")]
pub mod ui;
pub mod update;

rust_i18n::i18n!("assets/locale", fallback = "en");
