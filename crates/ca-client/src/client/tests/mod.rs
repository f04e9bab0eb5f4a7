//! The client against servers that answer well, oddly, slowly or not at all.

mod calls;
mod network;
pub(crate) mod server;

use super::OrderApi;
use net::Proxy;
use server::{limits, profile};

pub(crate) fn client(url: &str) -> OrderApi {
    OrderApi::with_limits(&profile(url, Vec::new()), &Proxy::None, limits()).unwrap()
}
