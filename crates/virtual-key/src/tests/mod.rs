//! Tests through the wire, one file per subject; certificates and signatures are judged by the `openssl` command.

mod access;
mod crypto;
mod host;
mod judge;
mod objects;
mod states;
mod wire;
