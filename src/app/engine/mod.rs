//! The threads of the program: what the person can ask for, who does it, and what comes of it.
//!
//! Invariants: nothing here blocks the caller; each key has its own thread; what is done comes back as an event.

pub mod backend;
pub mod certifier;
pub mod dispatch;
pub mod environment_work;
pub mod everyday;
pub mod message;
pub mod orders;
pub mod seal;
pub mod stopped;
pub mod timeline;
pub mod watcher;
pub mod wizard;
pub mod work;
pub mod worker;
