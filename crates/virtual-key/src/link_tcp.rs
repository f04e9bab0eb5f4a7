//! Plain TCP on the loopback address: two-byte big-endian length and command, the same back; one client at a time, and
//! every connection finds the key freshly put in.

use super::link::{Control, Endpoint, Framing, LinkEvent};
use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// Serves for ever on this port, or on a free one when it is 0.
///
/// # Errors
/// When the port can't be used.
pub fn run(
    port: u16,
    endpoint: &mut dyn Endpoint,
    control: &Control,
    notify: &mut dyn FnMut(LinkEvent<'_>),
) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    notify(LinkEvent::Listening(listener.local_addr()?.to_string()));
    loop {
        let (stream, _) = listener.accept()?;
        // while the key is out a connection is closed at once
        if control.is_plugged() {
            control.serve(stream, endpoint, Framing::Plain, notify);
        }
    }
}
