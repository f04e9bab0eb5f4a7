//! What the window needs of the threads behind it: the one seam between both, so that the window can be shown over a
//! stage whose answers are chosen.

use crate::app::engine::dispatch::Engine;
use crate::app::engine::message::{Command, Content};
use std::path::PathBuf;

/// Asks the person what to write and where to; `None` when the person cancels. May take minutes.
pub type Ask = Box<dyn FnOnce() -> Option<(Content, PathBuf)> + Send>;

/// The threads behind the window.
pub trait Backend {
    /// Hands a command to its thread; never blocks. What comes of it arrives as an [`Event`](crate::app::Event).
    fn send(&self, command: Command);
    /// Runs `ask` on a thread of its own and writes what it answers.
    fn save_to(&self, ask: Ask);
}

impl Backend for Engine {
    fn send(&self, command: Command) {
        Self::send(self, command);
    }

    fn save_to(&self, ask: Ask) {
        Self::save_to(self, ask);
    }
}
