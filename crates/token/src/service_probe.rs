//! Why the reader service can't be used: the client library says "stopped" for three different things.
//!
//! On Unix the service is asked itself, by the first message of pcsc-lite's protocol: `CMD_VERSION`, answered with the
//! version the service speaks even when it refuses the client's (winscard_msg.h; all integers in the machine's order).

use super::ServiceState;
use pcsc::Error;

/// What is known about a service that gave no context.
#[derive(Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// For the person.
    pub state: ServiceState,
    /// Somebody listens, so that no event will tell when trying again is worth while.
    pub listening: bool,
}

/// Explains why no context was given.
pub fn diagnose(error: Error) -> Diagnosis {
    if matches!(error, Error::SecurityViolation | Error::NoAccess) {
        return Diagnosis { state: ServiceState::Denied, listening: true };
    }
    ask(error)
}

/// Why a service said nothing about itself.
#[cfg_attr(not(unix), expect(dead_code, reason = "only Unix has a socket to ask"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Nobody listens, or nobody may connect.
    NoConnection,
    /// It listens, and answers not in time.
    Silent,
    /// It hangs up.
    HangsUp,
}

/// Greets a service; where services can't be greeted, as if it had answered.
#[cfg(not(unix))]
pub fn greet() -> Result<(), Silence> {
    Ok(())
}

/// Windows starts the service with the first reader and stops it after the last; a USB key is a reader.
#[cfg(not(unix))]
fn ask(error: Error) -> Diagnosis {
    let state = match error {
        Error::NoService | Error::ServiceStopped => ServiceState::Asleep,
        _ => ServiceState::Stopped,
    };
    Diagnosis { state, listening: false }
}

#[cfg(unix)]
use unix::ask;
#[cfg(unix)]
pub use unix::{greet, socket_path};

#[cfg(unix)]
mod unix {
    use super::{Diagnosis, Silence};
    use crate::ServiceState;
    use pcsc::Error;
    use std::io::{self, ErrorKind, Read, Write};
    use std::os::unix::net::UnixStream;
    use std::path::PathBuf;
    use std::time::Duration;

    const CMD_VERSION: u32 = 0x11;
    /// major, minor, return value.
    const BODY: usize = 12;
    /// A service that does not answer for so long will not answer.
    const PATIENCE: Duration = Duration::from_secs(2);

    /// Where the client library looks for the service.
    pub fn socket_path() -> PathBuf {
        std::env::var_os("PCSCLITE_CSOCK_NAME").map_or_else(|| "/run/pcscd/pcscd.comm".into(), PathBuf::from)
    }

    pub fn ask(error: Error) -> Diagnosis {
        let stream = match UnixStream::connect(socket_path()) {
            Ok(stream) => stream,
            Err(problem) if problem.kind() == ErrorKind::PermissionDenied => {
                return Diagnosis { state: ServiceState::Denied, listening: true };
            }
            Err(_) => return Diagnosis { state: ServiceState::Stopped, listening: false },
        };
        let state = match version(stream) {
            // the library was told "stopped" by a service that runs: that is its refusal of another version
            Ok(service) if error == Error::ServiceStopped => ServiceState::VersionMismatch { service: Some(service) },
            // it came up a moment ago
            Ok(_) => ServiceState::Stopped,
            // the access rules of the system: the service hangs up without a word
            Err(problem) if problem.kind() == ErrorKind::UnexpectedEof => ServiceState::Denied,
            Err(_) if error == Error::ServiceStopped => ServiceState::VersionMismatch { service: None },
            Err(_) => ServiceState::Stopped,
        };
        Diagnosis { state, listening: true }
    }

    /// Greets the service, to see how it takes it.
    pub fn greet() -> Result<(), Silence> {
        let stream = UnixStream::connect(socket_path()).map_err(|_| Silence::NoConnection)?;
        version(stream).map(drop).map_err(|problem| match problem.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => Silence::HangsUp,
            _ => Silence::Silent,
        })
    }

    /// The version a service speaks. We claim version 0:0, which none accepts: only the answer is wanted.
    fn version(mut stream: UnixStream) -> io::Result<(i32, i32)> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut message = Vec::with_capacity(8 + BODY);
        message.extend(12u32.to_ne_bytes());
        message.extend(CMD_VERSION.to_ne_bytes());
        message.extend([0; BODY]);
        stream.write_all(&message)?;
        let mut body = [0; BODY];
        stream.read_exact(&mut body)?;
        let [a, b, c, d, e, f, g, h, ..] = body;
        Ok((i32::from_ne_bytes([a, b, c, d]), i32::from_ne_bytes([e, f, g, h])))
    }
}
