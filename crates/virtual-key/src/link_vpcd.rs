//! The virtual reader of vsmartcard: the driver inside the reader service listens, the key connects; a closed
//! connection is a key pulled out (wire-format/transports.md#virtual-reader).

use super::link::{Control, Endpoint, Framing, LinkEvent};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// Port of the first virtual reader.
pub const FIRST_PORT: u16 = 35_963;

/// There is no event for a reader service that starts: ask again at this pace.
const RETRY: Duration = Duration::from_millis(50);

/// Serves for ever: connects again when the service was restarted, waits while the key is out.
pub fn run(port: u16, endpoint: &mut dyn Endpoint, control: &Control, notify: &mut dyn FnMut(LinkEvent<'_>)) {
    loop {
        control.wait_plugged();
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => {
                control.serve(stream, endpoint, Framing::Vpcd, notify);
                // a reader that is taken closes at once: don't knock without a break
                control.pause(RETRY);
            }
            Err(_) => control.pause(RETRY),
        }
    }
}
