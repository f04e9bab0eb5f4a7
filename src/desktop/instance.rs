//! One program per person and desktop: a second start hands its wish to the first and ends (W1).
//!
//! Invariants
//! * Whoever holds the lock file is the first; the system releases it with the process, so a crash leaves nothing behind.
//! * Only this person reaches the place: it lies in a folder that belongs to the person and that nobody else can enter.
//! * What comes in is one short line, read as strictly as an argument; it can only choose what is shown.

pub use super::target::Target;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How a start goes on.
#[derive(Debug)]
pub enum Start {
    /// This is the first: it opens its window and listens.
    First(Instance),
    /// The first has taken the wish: this one ends.
    Second,
    /// There is a first that does not answer.
    Hung,
    /// The place can't be used; the program runs without it.
    Alone(io::Error),
}

/// Where the instances of a person and a desktop meet.
#[derive(Clone, Debug)]
pub struct Place {
    folder: PathBuf,
    name: String,
}

/// How long a first has to answer.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks at a first that is just starting or ending.
const LOOK: Duration = Duration::from_millis(20);
/// What the first answers.
const TAKEN: &[u8] = b"taken\n";
/// Longest line.
const LONGEST_LINE: u64 = 160;

impl Place {
    /// A place in a folder that only this person can enter.
    #[must_use]
    pub fn at(folder: &Path, name: &str) -> Self {
        Self { folder: folder.to_owned(), name: name.to_owned() }
    }

    /// That of this person and desktop; practice has one of its own.
    ///
    /// # Errors
    /// There is no folder that belongs to this person alone.
    pub fn here(practice: bool) -> io::Result<Self> {
        let display = ["WAYLAND_DISPLAY", "DISPLAY", "SESSIONNAME"].map(|name| std::env::var(name).unwrap_or_default());
        let display: String =
            display.join("-").chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let practice = if practice { "-practice" } else { "" };
        // the address of a socket is short
        let display: String = display.chars().take(40).collect();
        Ok(Self { folder: system::folder()?, name: format!("cert-assistant{practice}{display}") })
    }

    /// Becomes the first, or hands the wish to it. Waits at most `patience` for a first that does not answer.
    #[must_use]
    pub fn start(&self, target: &Target, patience: Duration) -> Start {
        let lock = match File::options().create(true).truncate(false).write(true).open(self.file("lock")) {
            Ok(lock) => lock,
            Err(error) => return Start::Alone(error),
        };
        let end = Instant::now() + patience;
        loop {
            match lock.try_lock() {
                Ok(()) => {
                    return match system::listen(self) {
                        Ok(door) => Start::First(Instance { place: self.clone(), door, lock }),
                        Err(error) => Start::Alone(error),
                    };
                }
                Err(std::fs::TryLockError::Error(error)) => return Start::Alone(error),
                Err(std::fs::TryLockError::WouldBlock) => {}
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Start::Hung;
            }
            // one that is just starting has no door yet, one that is ending has none any more
            if let Ok(answer) = system::knock(self, &format!("{}\n", target.line()), left)
                && answer == TAKEN
            {
                return Start::Second;
            }
            std::thread::sleep(LOOK.min(left));
        }
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.folder.join(format!("{}.{extension}", self.name))
    }
}

/// The first. Dropping it lets another start be the first.
#[derive(Debug)]
pub struct Instance {
    place: Place,
    door: system::Door,
    lock: File,
}

impl Instance {
    /// Lets another start be the first, from now on.
    pub fn leave(&self) {
        system::close(&self.place);
        if let Err(error) = self.lock.unlock() {
            tracing::warn!(%error, "the lock stays until the program ends");
        }
    }

    /// Listens on a thread of its own. `hear` says whether the wish was taken; a start whose wish was not waits.
    pub fn listen(&self, hear: impl Fn(Target) -> bool + Send + 'static) {
        let door = self.door.share();
        let started = std::thread::Builder::new().name("second-start".to_owned()).spawn(move || {
            system::serve(&door, &mut |line| {
                let target = Target::parse(line)?;
                hear(target).then_some(TAKEN)
            });
        });
        if let Err(error) = started {
            tracing::warn!(%error, "no thread that listens for a second start");
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.leave();
    }
}

/// One line of at most [`LONGEST_LINE`] bytes without its end; anything else is nothing.
fn line(from: impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    let mut from = from.take(LONGEST_LINE);
    let mut one = [0];
    while from.read(&mut one).ok()? == 1 {
        if one == *b"\n" {
            return String::from_utf8(bytes).ok();
        }
        bytes.extend(one);
    }
    None
}

#[cfg(unix)]
mod system {
    use super::{Duration, File, Path, PathBuf, Place, Read, Write, io, line};
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
            _ => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the folder of the session belongs to somebody else",
            )),
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
        std::fs::symlink_metadata(folder)
            .is_ok_and(|data| data.is_dir() && data.uid() == own && data.mode() & 0o077 == 0)
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
}

#[cfg(windows)]
mod system {
    use super::{Duration, File, PathBuf, Place, Read, Write, io, line};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::windows::named_pipe::{NamedPipeServer, ServerOptions};

    #[derive(Debug)]
    pub(super) struct Door(String);

    impl Door {
        pub(super) fn share(&self) -> String {
            self.0.clone()
        }
    }

    /// The folder of the person's own data, which nobody else can enter.
    pub(super) fn folder() -> io::Result<PathBuf> {
        let dirs = directories::ProjectDirs::from("", "", "cert-assistant").ok_or(io::ErrorKind::NotFound)?;
        std::fs::create_dir_all(dirs.data_local_dir())?;
        Ok(dirs.data_local_dir().to_owned())
    }

    fn pipe(place: &Place) -> String {
        let person = std::env::var("USERNAME").unwrap_or_default();
        let person: String = person.bytes().map(|byte| format!("{byte:02x}")).collect();
        format!(r"\\.\pipe\{}-{person}", place.name)
    }

    pub(super) fn listen(place: &Place) -> io::Result<Door> {
        Ok(Door(pipe(place)))
    }

    pub(super) fn close(_: &Place) {}

    pub(super) fn knock(place: &Place, wish: &str, _: Duration) -> io::Result<Vec<u8>> {
        let mut pipe = File::options().read(true).write(true).open(pipe(place))?;
        pipe.write_all(wish.as_bytes())?;
        let mut answer = Vec::new();
        pipe.take(16).read_to_end(&mut answer)?;
        Ok(answer)
    }

    pub(super) fn serve(door: &str, hear: &mut dyn FnMut(&str) -> Option<&'static [u8]>) {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let mut first = true;
            loop {
                let server = ServerOptions::new().first_pipe_instance(first).reject_remote_clients(true).create(door);
                first = false;
                let Ok(mut server) = server else { return };
                if server.connect().await.is_err() {
                    continue;
                }
                let heard = tokio::time::timeout(Duration::from_secs(1), wish(&mut server)).await.ok().flatten();
                if let Some(answer) = heard.and_then(|line| hear(&line)) {
                    // who asked may have gone
                    let _gone = server.write_all(answer).await;
                    let _gone = server.flush().await;
                }
                let _gone = server.disconnect();
            }
        });
    }

    async fn wish(server: &mut NamedPipeServer) -> Option<String> {
        let mut bytes = [0; 160];
        let mut used = 0;
        while !bytes.get(..used)?.contains(&b'\n') {
            let count = server.read(bytes.get_mut(used..)?).await.ok().filter(|count| *count > 0)?;
            used += count;
        }
        line(bytes.get(..used)?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Instance, Place, Start, Target, line};
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    /// Longer than any of these takes; a test that fails waits so long.
    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn a_line_is_short_and_ends() {
        assert_eq!(line(&b"check\nmore"[..]).as_deref(), Some("check"));
        assert_eq!(line(&b"check"[..]), None);
        assert_eq!(line(&[b'a'; 500][..]), None);
        assert_eq!(line(&b"\xFF\n"[..]), None);
    }

    fn first(place: &Place) -> (Instance, Receiver<Target>) {
        let Start::First(first) = place.start(&Target::Window, LONG) else { panic!("must be the first") };
        let (tell, heard) = channel();
        first.listen(move |target| tell.send(target).is_ok());
        (first, heard)
    }

    #[test]
    fn a_second_start_hands_its_wish_over_and_after_the_first_another_is_first() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(folder.path(), "desk");
        let (instance, heard) = first(&place);
        let wish = Target::Renew(Some("12".to_owned()));
        assert!(matches!(place.start(&wish, LONG), Start::Second));
        assert_eq!(heard.recv().unwrap(), wish);
        assert!(
            matches!(Place::at(folder.path(), "practice").start(&wish, LONG), Start::First(_)),
            "practice is its own"
        );
        drop(instance);
        assert!(matches!(place.start(&wish, LONG), Start::First(_)));
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_left_by_a_crash_is_taken_over_by_one_of_many() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(folder.path(), "desk");
        drop(std::os::unix::net::UnixListener::bind(place.file("socket")).unwrap());
        assert!(place.file("socket").exists());
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let place = place.clone();
                std::thread::spawn(move || {
                    let start = place.start(&Target::Check, LONG);
                    if let Start::First(instance) = &start {
                        instance.listen(|target| target == Target::Check);
                    }
                    start
                })
            })
            .collect();
        let starts: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
        assert_eq!(starts.iter().filter(|start| matches!(start, Start::First(_))).count(), 1);
        assert_eq!(starts.iter().filter(|start| matches!(start, Start::Second)).count(), 7);
    }

    #[test]
    fn a_first_that_does_not_answer_is_told_and_is_not_joined_by_a_second_window() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(folder.path(), "desk");
        let Start::First(_silent) = place.start(&Target::Window, LONG) else { panic!("must be the first") };
        assert!(matches!(place.start(&Target::Window, Duration::from_millis(50)), Start::Hung));
    }

    #[cfg(unix)]
    #[test]
    fn nonsense_is_not_heard_and_the_door_stays_open() {
        use std::io::{Read, Write};
        let folder = tempfile::tempdir().unwrap();
        let place = Place::at(folder.path(), "desk");
        let (_instance, heard) = first(&place);
        for nonsense in ["rm -rf /\n", "\n", "cert-assistant:renew?serial=../..\n"] {
            let mut stream = std::os::unix::net::UnixStream::connect(place.file("socket")).unwrap();
            stream.write_all(nonsense.as_bytes()).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            assert_eq!(answer, b"");
        }
        assert!(matches!(place.start(&Target::Orders, LONG), Start::Second));
        assert_eq!(heard.recv().unwrap(), Target::Orders);
    }

    #[cfg(unix)]
    #[test]
    fn only_a_folder_of_this_person_alone_will_do() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().metadata().unwrap().uid();
        let mode = |mode| std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o700);
        assert!(super::system::is_private(folder.path(), own));
        assert!(!super::system::is_private(folder.path(), own + 1));
        let link = folder.path().join("link");
        symlink(folder.path(), &link).unwrap();
        assert!(!super::system::is_private(&link, own));
        mode(0o755);
        assert!(!super::system::is_private(folder.path(), own));
        let nowhere = Place::at(&folder.path().join("none"), "desk");
        assert!(matches!(nowhere.start(&Target::Window, LONG), Start::Alone(_)));
    }
}
