//! Waiting for the reader service to come back, and being woken from it.
//!
//! On Linux the directory of the service's socket is watched, so nothing runs while the service is absent; elsewhere the
//! caller tries again after a while. The watch is set before the service is tried, so that no event falls in between.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Ends every wait, once and for all.
pub struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
    #[cfg(target_os = "linux")]
    alarm: Option<std::os::fd::OwnedFd>,
}

impl Stop {
    /// Not stopped yet.
    pub fn new() -> Self {
        Self {
            stopped: Mutex::new(false),
            changed: Condvar::new(),
            #[cfg(target_os = "linux")]
            alarm: linux::alarm(),
        }
    }

    /// From now on nothing waits.
    pub fn stop(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
        #[cfg(target_os = "linux")]
        linux::ring(self.alarm.as_ref());
    }

    /// True after [`Stop::stop`].
    pub fn is_stopped(&self) -> bool {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps, but not beyond [`Stop::stop`].
    pub fn sleep(&self, duration: Duration) {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        // the result only says why it ended, and the caller asks `is_stopped`
        drop(self.changed.wait_timeout_while(stopped, duration, |stopped| !*stopped));
    }
}

#[cfg(not(target_os = "linux"))]
pub use elsewhere::ServiceWatch;
#[cfg(target_os = "linux")]
pub use linux::ServiceWatch;

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::Stop;
    use std::time::Duration;

    /// Nothing to watch: waiting is sleeping.
    pub struct ServiceWatch;

    impl ServiceWatch {
        /// Sets the watch.
        pub fn set() -> Self {
            Self
        }

        /// Waits for `pause`.
        pub fn wait(&self, stop: &Stop, _listening: bool, pause: Duration) -> bool {
            stop.sleep(pause);
            false
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::Stop;
    use crate::service_probe::socket_path;
    use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
    use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
    use rustix::io::Errno;
    use std::ffi::OsString;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    pub fn alarm() -> Option<OwnedFd> {
        eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok()
    }

    /// Makes the alarm readable for ever.
    pub fn ring(alarm: Option<&OwnedFd>) {
        if let Some(alarm) = alarm
            && let Err(error) = rustix::io::write(alarm, &1u64.to_ne_bytes())
        {
            tracing::warn!(%error, "alarm");
        }
    }

    /// Watches the nearest directory that exists on the way to the service's socket.
    pub struct ServiceWatch(Option<Watch>);

    struct Watch {
        notify: OwnedFd,
        /// Name of what has to appear or change there.
        next: OsString,
    }

    impl ServiceWatch {
        /// Sets the watch; without one (no more watches, no permission) waiting is sleeping.
        pub fn set() -> Self {
            Self(watch(&socket_path()))
        }

        /// Waits for the way to the socket to change. When the service listens but refuses, no such event may ever
        /// come, so that the wait ends after `pause` at the latest. True when something changed.
        pub fn wait(&self, stop: &Stop, listening: bool, pause: Duration) -> bool {
            let (Some(watch), Some(alarm)) = (&self.0, &stop.alarm) else {
                stop.sleep(pause);
                return false;
            };
            let longest = if listening { Timespec::try_from(pause).ok() } else { None };
            while !stop.is_stopped() {
                let mut wanted = [PollFd::new(&watch.notify, PollFlags::IN), PollFd::new(alarm, PollFlags::IN)];
                match poll(&mut wanted, longest.as_ref()) {
                    Ok(0) => return false,
                    Ok(_) if watch.has_changed() => return true,
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(_) => {
                        stop.sleep(pause);
                        return false;
                    }
                }
            }
            false
        }
    }

    fn watch(socket: &Path) -> Option<Watch> {
        let notify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok()?;
        let interest = WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR;
        // deeper directories that appear after their parent was tried are found by trying again from the bottom
        for _ in 0..8 {
            let (directory, next) = nearest(socket)?;
            if inotify::add_watch(&notify, &directory, interest).is_ok() && nearest(socket)?.0 == directory {
                return Some(Watch { notify, next });
            }
        }
        None
    }

    /// The deepest existing directory above a path, and the next name below it.
    fn nearest(path: &Path) -> Option<(PathBuf, OsString)> {
        let mut below = path;
        loop {
            let directory = below.parent()?;
            if directory.is_dir() {
                return Some((directory.to_owned(), below.file_name()?.to_owned()));
            }
            below = directory;
        }
    }

    impl Watch {
        /// Takes the events; true when one concerns the way to the socket.
        fn has_changed(&self) -> bool {
            let mut buffer = [MaybeUninit::uninit(); 4096];
            let mut events = Reader::new(&self.notify, &mut buffer);
            let mut changed = false;
            loop {
                match events.next() {
                    Ok(event) => {
                        let name = event.file_name().map(std::ffi::CStr::to_bytes);
                        changed |= name.is_none_or(|name| name == self.next.as_bytes());
                    }
                    Err(Errno::INTR) => {}
                    Err(_) => return changed,
                }
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::{ServiceWatch, Stop, nearest, watch};
        use std::sync::Arc;
        use std::time::Duration;

        const LONG: Duration = Duration::from_secs(3600);

        #[test]
        fn the_watch_sees_every_step_on_the_way_to_the_socket_and_nothing_else() {
            let root = tempfile::tempdir().unwrap();
            let socket = root.path().join("pcscd/pcscd.comm");
            assert_eq!(nearest(&socket).unwrap(), (root.path().to_owned(), "pcscd".into()));
            let directory = watch(&socket).unwrap();
            std::fs::write(root.path().join("other"), "").unwrap();
            assert!(!directory.has_changed());
            std::fs::create_dir(root.path().join("pcscd")).unwrap();
            assert!(directory.has_changed());

            let socket_watch = watch(&socket).unwrap();
            assert!(!socket_watch.has_changed());
            std::fs::write(&socket, "").unwrap();
            assert!(socket_watch.has_changed());
            std::fs::remove_file(&socket).unwrap();
            std::fs::remove_dir(root.path().join("pcscd")).unwrap();
            assert!(socket_watch.has_changed(), "the directory itself went away");
        }

        #[test]
        fn a_wait_ends_when_it_is_stopped_from_another_thread() {
            let root = tempfile::tempdir().unwrap();
            let stop = Arc::new(Stop::new());
            let waiting = ServiceWatch(watch(&root.path().join("pcscd.comm")));
            let waiter = std::thread::spawn({
                let stop = Arc::clone(&stop);
                move || {
                    waiting.wait(&stop, false, LONG);
                    stop.sleep(LONG);
                }
            });
            stop.stop();
            waiter.join().unwrap();
        }
    }
}
