//! What the two ways of serving a key share: the thing that answers, the control from another thread, frames of a
//! two-byte big-endian length.

use super::{Outcome, Plug, VirtualKey};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// What answers at the end of a link: a key, or a card that is none.
pub trait Endpoint {
    /// Answer to reset.
    fn atr(&self) -> &[u8];

    /// Power off and on, or reset.
    fn reset(&mut self);

    /// Executes one command.
    fn exchange(&mut self, apdu: &[u8]) -> Outcome;
}

impl Endpoint for VirtualKey {
    fn atr(&self) -> &[u8] {
        self.atr()
    }

    fn reset(&mut self) {
        self.reset();
    }

    fn exchange(&mut self, apdu: &[u8]) -> Outcome {
        self.exchange(apdu)
    }
}

/// What happened on a link, for whoever shows it.
pub enum LinkEvent<'a> {
    /// Waiting for a client at this address.
    Listening(String),
    /// In the reader; the address of the other side.
    Connected(String),
    /// The other side ended the connection.
    Disconnected,
    /// A command and what came of it. The data may be secret: show header and lengths only.
    Command {
        /// As received.
        apdu: &'a [u8],
        /// Result.
        outcome: &'a Outcome,
    },
    /// Out of the reader, until it is plugged in again.
    Out {
        /// Why.
        cause: Cause,
    },
}

/// Why a key is out of the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// [`Control::unplug`].
    Control,
    /// A fault pulled it out.
    Fault,
    /// A fault cut its power in the middle of a command.
    PowerLost,
}

/// Handle for another thread: pulls the key out and puts it in.
pub struct Control {
    inner: Mutex<Inner>,
    changed: Condvar,
    plug: Arc<Plug>,
}

struct Inner {
    plugged: bool,
    /// How often it was pulled out through this control: it may be in again before the link notices.
    unplugged: u64,
    stream: Option<TcpStream>,
}

impl Control {
    /// Control over a key with this contact.
    #[must_use]
    pub fn new(plug: Arc<Plug>) -> Self {
        Self { inner: Mutex::new(Inner { plugged: true, unplugged: 0, stream: None }), changed: Condvar::new(), plug }
    }

    /// Pulls the key out: a command in work ends without answer, the connection closes.
    pub fn unplug(&self) {
        let mut inner = self.lock();
        // under the lock: a link that sees the key gone finds out here why
        self.plug.pull();
        inner.plugged = false;
        inner.unplugged += 1;
        if let Some(stream) = inner.stream.take() {
            // already closed is as good
            let _ = stream.shutdown(Shutdown::Both);
        }
        self.changed.notify_all();
    }

    /// Puts the key in again.
    pub fn plug(&self) {
        let mut inner = self.lock();
        self.plug.push_in();
        inner.plugged = true;
        self.changed.notify_all();
    }

    pub(super) fn is_plugged(&self) -> bool {
        self.lock().plugged
    }

    pub(super) fn wait_plugged(&self) {
        let waiting = self.changed.wait_while(self.lock(), |inner| !inner.plugged);
        drop(waiting.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits a while before the next attempt to connect; being pulled out ends it.
    pub(super) fn pause(&self, time: Duration) {
        let waiting = self.changed.wait_timeout_while(self.lock(), time, |inner| inner.plugged);
        drop(waiting.unwrap_or_else(PoisonError::into_inner));
    }

    /// Serves one connection until it ends; afterwards a key that was pulled out stays out.
    pub(super) fn serve(
        &self,
        mut stream: TcpStream,
        endpoint: &mut dyn Endpoint,
        framing: Framing,
        notify: &mut dyn FnMut(LinkEvent<'_>),
    ) {
        let Ok(handle) = stream.try_clone() else { return };
        let before = {
            let mut inner = self.lock();
            if !inner.plugged {
                drop(inner);
                notify(LinkEvent::Out { cause: Cause::Control });
                return;
            }
            inner.stream = Some(handle);
            inner.unplugged
        };
        let peer = stream.peer_addr().map_or_else(|_| "?".to_owned(), |address| address.to_string());
        endpoint.reset();
        notify(LinkEvent::Connected(peer));
        let end = frames(&mut stream, endpoint, framing, notify);
        endpoint.reset();
        let by_control = {
            let mut inner = self.lock();
            inner.stream = None;
            inner.unplugged != before
        };
        let cause = match end {
            _ if by_control => Cause::Control,
            End::Closed => return notify(LinkEvent::Disconnected),
            End::Unplugged => Cause::Fault,
            End::PowerLost => Cause::PowerLost,
        };
        if cause != Cause::Control {
            self.unplug();
        }
        notify(LinkEvent::Out { cause });
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What frames mean beside commands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Frames of one byte are control codes of the virtual reader.
    Vpcd,
    /// Every frame is a command.
    Plain,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    Unplugged,
    PowerLost,
}

/// Control code of the virtual reader that asks for the ATR; all others change the power.
const GET_ATR: u8 = 4;

fn frames(
    stream: &mut TcpStream,
    endpoint: &mut dyn Endpoint,
    framing: Framing,
    notify: &mut dyn FnMut(LinkEvent<'_>),
) -> End {
    // every answer is one small write: waiting for more to send only delays it
    let _ = stream.set_nodelay(true);
    loop {
        let Ok(frame) = receive(stream) else { return End::Closed };
        let sent = match (framing, frame.as_slice()) {
            (Framing::Vpcd, []) => Ok(()),
            (Framing::Vpcd, [GET_ATR]) => send(stream, endpoint.atr()),
            (Framing::Vpcd, [_]) => {
                endpoint.reset();
                Ok(())
            }
            (_, apdu) => {
                let outcome = endpoint.exchange(apdu);
                notify(LinkEvent::Command { apdu, outcome: &outcome });
                match outcome {
                    Outcome::Answer(answer) => send(stream, &answer),
                    Outcome::Unplugged => return End::Unplugged,
                    Outcome::PowerLost => return End::PowerLost,
                }
            }
        };
        if sent.is_err() {
            return End::Closed;
        }
    }
}

fn receive(stream: &mut TcpStream) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut length = [0; 2];
    quick_ack(stream);
    stream.read_exact(&mut length)?;
    quick_ack(stream);
    let mut frame = Zeroizing::new(vec![0; usize::from(u16::from_be_bytes(length))]);
    stream.read_exact(&mut frame)?;
    Ok(frame)
}

fn send(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    let length = u16::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[length.to_be_bytes().as_slice(), bytes].concat())
}

/// The virtual reader sends length and payload apart with Nagle's algorithm on: without this every command costs 44 ms.
/// The option holds for one read only (wire-format/transports.md#virtual-reader).
#[cfg(target_os = "linux")]
fn quick_ack(stream: &TcpStream) {
    use std::os::linux::net::TcpStreamExt;
    // only slower without it
    let _ = stream.set_quickack(true);
}

#[cfg(not(target_os = "linux"))]
fn quick_ack(_stream: &TcpStream) {}
