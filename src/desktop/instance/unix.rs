//! The door as a socket in the folder of the session, which only this person can enter.

use super::{Duration, File, Path, PathBuf, Place, Read, io, line};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;

/// A client that says nothing does not hold up others for longer.
const SILENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Door(Arc<UnixListener>);

impl Door {
    pub(super) fn share(&self) -> Arc<UnixListener> {
        Arc::clone(&self.0)
    }
}

/// The folder of the session, else one in the temporary folder.
pub(super) fn folder() -> io::Result<PathBuf> {
    let own = owner()?;
    let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    if let Some(folder) = session.filter(|folder| folder.is_absolute() && is_private(folder, own)) {
        return Ok(folder);
    }
    let folder = std::env::temp_dir().join(format!("cert-assistant-{own}"));
    match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ if is_private(&folder, own) => Ok(folder),
        _ => Err(io::Error::new(io::ErrorKind::PermissionDenied, "the folder of the session belongs to somebody else")),
    }
}

/// The person this program runs for: the owner of a file it makes.
fn owner() -> io::Result<u32> {
    Ok(std::fs::metadata("/proc/self").or_else(|_| tempfile_of_this_person())?.uid())
}

fn tempfile_of_this_person() -> io::Result<std::fs::Metadata> {
    let path = std::env::temp_dir().join(format!(".cert-assistant-{}", std::process::id()));
    let data = File::create_new(&path)?.metadata();
    std::fs::remove_file(&path)?;
    data
}

/// A real folder of this person that nobody else can enter.
pub(super) fn is_private(folder: &Path, own: u32) -> bool {
    std::fs::symlink_metadata(folder).is_ok_and(|data| data.is_dir() && data.uid() == own && data.mode() & 0o077 == 0)
}

/// Called by the holder of the lock only: a socket that lies there is left from a crash.
pub(super) fn listen(place: &Place) -> io::Result<Door> {
    close(place);
    UnixListener::bind(place.file("socket")).map(|listener| Door(Arc::new(listener)))
}

pub(super) fn close(place: &Place) {
    // there is none after a clean end
    let _none = std::fs::remove_file(place.file("socket"));
}

pub(super) fn knock(place: &Place, wish: &str, patience: Duration) -> io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(place.file("socket"))?;
    stream.set_write_timeout(Some(patience))?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(wish.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(16).read_to_end(&mut answer)?;
    Ok(answer)
}

pub(super) fn serve(door: &UnixListener, hear: &mut dyn FnMut(&str) -> Option<&'static [u8]>) {
    for stream in door.incoming() {
        let Ok(mut stream) = stream else { return };
        if stream.set_read_timeout(Some(SILENCE)).is_err() {
            continue;
        }
        if let Some(answer) = line(&stream).and_then(|line| hear(&line)) {
            // who asked may have gone
            let _gone = stream.write_all(answer);
        }
    }
}
