//! Command and response APDUs (ISO 7816-4, extended length) as one set of types for both sides: the host builds them,
//! the virtual key parses them (wire-format/commands.md, wire-format/status-words.md).
//!
//! Invariants: data of a [`Command`] marked secret can't be formatted, and its encoded form is wiped when dropped.

mod chain;
mod command;
mod response;
mod status;

pub use chain::{Chain, ChainError, Chained, split};
pub use command::{Command, CommandView, EncodeError, Le, ParseError};
pub use response::{Response, TooShort};
pub use status::{Meaning, StatusWord};
