//! The protocol version of this program's own client library. The library does not tell it; it says it to a service in its
//! first message. So a child of this program is sent to a socket of ours and what it says there is read.
//!
//! winscard_msg.h of pcsc-lite: header (size of the body, command 0x11), body (major, minor, return value), all integers of
//! 4 bytes in the machine's order.

use crate::check::Scene;

/// Name of the hidden command that only asks for a context.
pub const CHILD: &str = "probe-service";

/// The child's side: lets the library say its first message.
pub fn child() {
    token::meet_service();
}

#[cfg(unix)]
pub use unix::ask;

/// `None`: the library has no such version.
#[cfg(not(unix))]
pub fn ask(_: &Scene) -> Option<(i32, i32)> {
    None
}

#[cfg(unix)]
mod unix {
    use super::{CHILD, Scene};
    use crate::check::chain::driver_run::{self, Child};
    use std::io::Read;
    use std::os::unix::fs::DirBuilderExt;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::{Path, PathBuf};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    const CMD_VERSION: u32 = 0x11;
    const LIMIT: Duration = Duration::from_secs(3);

    /// A folder only this person can enter, gone when dropped.
    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            if let Err(error) = std::fs::remove_dir_all(&self.0) {
                tracing::debug!(%error, "the socket of the version check stays");
            }
        }
    }

    impl Folder {
        fn make() -> Option<Self> {
            let mut name = [0; 8];
            getrandom::fill(&mut name).ok()?;
            let path = std::env::temp_dir().join(format!("cert-assistant-{:016x}", u64::from_ne_bytes(name)));
            // must be new: nobody else prepared it
            std::fs::DirBuilder::new().mode(0o700).create(&path).ok()?;
            Some(Self(path))
        }
    }

    /// What the library says to a service.
    pub fn ask(scene: &Scene) -> Option<(i32, i32)> {
        let folder = Folder::make()?;
        let socket = folder.0.join("s");
        let listener = UnixListener::bind(&socket).ok()?;
        let _child = start(&scene.program, &socket)?;
        let (tell, came) = channel();
        let accept = move || {
            // nobody waits for a client that comes too late
            let _late = listener.accept().map(|(stream, _)| tell.send(stream));
        };
        std::thread::Builder::new().name("version-socket".to_owned()).spawn(accept).ok()?;
        let Ok(mut stream) = came.recv_timeout(LIMIT) else {
            // ends the wait of the thread
            let _ended = UnixStream::connect(&socket);
            return None;
        };
        stream.set_read_timeout(Some(LIMIT)).ok()?;
        let mut message = [0; 20];
        stream.read_exact(&mut message).ok()?;
        version(&message)
    }

    fn start(program: &Path, socket: &Path) -> Option<Child> {
        let mut command = driver_run::command(program, CHILD);
        command.env("PCSCLITE_CSOCK_NAME", socket);
        Child::start(command).ok()
    }

    /// Major and minor version in the first message of a client.
    pub(super) fn version(message: &[u8; 20]) -> Option<(i32, i32)> {
        let mut words = message.chunks_exact(4).filter_map(|word| Some(u32::from_ne_bytes(word.try_into().ok()?)));
        let (_size, command) = (words.next()?, words.next()?);
        let (major, minor) = (words.next()?.cast_signed(), words.next()?.cast_signed());
        (command == CMD_VERSION).then_some((major, minor))
    }
}
