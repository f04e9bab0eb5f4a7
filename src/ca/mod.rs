//! The online CA: order API v1, its client, orders and their journal, CA profiles.
//!
//! Invariants
//! * A PIN never reaches this room; the key signs, and what it signs is the exact body that goes over the wire.
//! * The journal holds a step before its effect, so that a cut anywhere is continued from the truth on the key.

pub mod protocol;
