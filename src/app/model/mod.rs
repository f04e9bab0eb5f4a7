//! What the window shows: plain data, changed by events only.

pub mod contact;
pub mod environment;
pub mod line;
pub mod policy;
pub mod reminders;
pub mod renewal;
pub mod state;
pub mod unlock;
pub mod view;
