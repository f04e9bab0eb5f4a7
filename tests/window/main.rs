//! The window, driven by accessible names as a person with a screen reader would use it: every state it can show, against
//! virtual keys whose faults and pauses the tests decide.

// helpers of tests are tests too
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod about;
mod access;
mod bench;
mod cards;
mod change_pin;
mod checks;
mod closing;
mod counter;
mod details;
mod environment;
mod gallery;
mod history;
mod keyboard;
mod layout;
mod log;
mod new_version;
mod odd_pins;
mod orders;
#[cfg(unix)] // shows presets
mod page_gallery;
mod pages;
mod paint;
mod pin_secrecy;
mod preferences;
#[cfg(unix)] // made by root, with rights of files
mod presets;
mod reminders;
mod renewal;
mod renewal_download;
mod renewal_form;
mod renewal_keys;
mod renewal_order;
mod screen;
mod service;
mod services;
mod settings;
mod several;
mod stages;
mod status_bar;
mod unlock;
mod unlock_code;
mod unlock_gallery;
mod unlock_keys;
mod unlock_stages;
