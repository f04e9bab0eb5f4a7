//! What the window asks of desktop and updates, run beside everything else.
//!
//! Invariant: one update is asked for or downloaded at a time, none while a workflow has a key.

use crate::app::config::presets::Lock;
use crate::app::config::settings::SettingsFile;
use crate::app::engine::dispatch::EventSender;
use crate::app::engine::message::{Event, UpdateStage};
use crate::desktop::files::{self, Opening};
use crate::update::{self, Answer, FeedSource, Release};
use base::fault::{Fault, FaultCode};
use ca_client::{CaProfile, Origin, Profiles};
use net::Proxy;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// So many bytes between two events of a download.
const STEP: u64 = 1 << 18;

/// So long a setup stays locked against changes after the shell took it.
const HELD: Duration = Duration::from_secs(60);

/// The program as the desktop has it.
#[derive(Clone, Debug, Default)]
pub struct GuestDesk {
    /// Whether it starts with the desktop; outer `None` until it is known, inner where it can't.
    pub autostart: Option<Result<Option<bool>, Fault>>,
    /// Whether its icon is on the desktop; `None` until it is known and where it puts none.
    pub icon: Option<Result<bool, Fault>>,
    /// Whether the tray shows it.
    pub tray: bool,
    /// A new version was installed over it.
    pub replaced: bool,
}

/// Updates of a hub.
#[derive(Clone, Default)]
pub(in crate::app) struct Updates {
    busy: Arc<AtomicBool>,
    cancelled: Arc<AtomicBool>,
}

/// What is known of this person, for one question.
pub(in crate::app) struct Known {
    pub settings: SettingsFile,
    pub profiles: Profiles,
    pub proxy: Proxy,
    /// Keeps which feed was seen last.
    pub seen: Option<PathBuf>,
}

impl Known {
    /// The feed of the settings, else of the CA chosen there, else of the first CA that gives one. When the administrator says
    /// where, no profile of the person does.
    fn feed(&self) -> Result<Option<FeedSource>, Fault> {
        let settings = self.settings.peek();
        if let Some(feed) = settings.update_feed {
            return FeedSource::parse(&feed.address, &feed.key).map(Some);
        }
        let locked = self.settings.presets().locks(Lock::UpdateFeed);
        let may_say = |profile: &&CaProfile| !(locked && profile.origin == Origin::Person);
        let chosen = settings.ca.as_deref().and_then(|id| self.profiles.get(id));
        let all = chosen.into_iter().chain(self.profiles.all()).filter(may_say);
        let found = all.into_iter().find_map(|profile| profile.update.clone());
        Ok(found.map(|(address, key)| FeedSource { address, key }))
    }
}

impl Updates {
    /// Asks the feed.
    pub(in crate::app) fn ask(&self, known: &Known, sender: &EventSender) {
        let Some(_turn) = self.turn() else { return };
        if known.settings.presets().updates_off() {
            sender.send(Event::Update(UpdateStage::TurnedOff));
            return;
        }
        sender.send(Event::Update(UpdateStage::Asking));
        let stage = match known.feed() {
            Ok(None) => UpdateStage::NoFeed,
            Ok(Some(feed)) => match update::ask(&feed, &known.proxy, known.seen.as_deref()) {
                Ok(Answer::UpToDate) => UpdateStage::UpToDate,
                Ok(Answer::Newer(release)) => UpdateStage::Newer(Box::new(release)),
                Err(fault) => UpdateStage::Failed(fault),
            },
            Err(fault) => UpdateStage::Failed(fault),
        };
        sender.send(Event::Update(stage));
    }

    /// Downloads the file of a release; `writing` while a workflow has a key.
    pub(in crate::app) fn download(&self, release: Box<Release>, proxy: &Proxy, writing: bool, sender: &EventSender) {
        let Some(_turn) = self.turn() else { return };
        if writing {
            sender.send(Event::Update(UpdateStage::Failed(Fault::new(FaultCode::UpdateWhileWriting))));
            return;
        }
        let (Some(file), Some(folder)) = (&release.file, update::downloads()) else {
            let fault = Fault::new(FaultCode::UpdateNotStored).detail("no folder of this person");
            sender.send(Event::Update(UpdateStage::Failed(fault)));
            return;
        };
        let mut told = None;
        let done = update::download(file, proxy, &folder, &mut |bytes| {
            if told.is_none_or(|told| bytes >= told + STEP) {
                told = Some(bytes);
                sender.send(Event::Update(UpdateStage::Downloading { release: release.clone(), bytes }));
            }
            !self.cancelled.load(Ordering::Relaxed)
        });
        let stage = match done {
            Ok(file) => UpdateStage::Downloaded { release, file, opened: false },
            Err(_) if self.cancelled.load(Ordering::Relaxed) => UpdateStage::Newer(release),
            Err(fault) => UpdateStage::Failed(fault),
        };
        sender.send(Event::Update(stage));
    }

    /// Has the system open the downloaded file, which was looked at again just before; `writing` while a workflow has a key.
    pub(in crate::app) fn install(&self, release: Box<Release>, file: &Path, writing: bool, sender: &EventSender) {
        self.install_by(release, file, writing, sender, files::open);
    }

    fn install_by(
        &self,
        release: Box<Release>,
        file: &Path,
        writing: bool,
        sender: &EventSender,
        open: impl FnOnce(&Path) -> std::io::Result<Opening>,
    ) {
        let failed = |fault| sender.send(Event::Update(UpdateStage::Failed(fault)));
        let Some(turn) = self.turn() else { return };
        if writing {
            failed(Fault::new(FaultCode::UpdateWhileWriting));
            return;
        }
        let Some(offered) = &release.file else { return };
        let opened = match update::unaltered(offered, file) {
            Ok(opened) => opened,
            Err(fault) => {
                if fault.code == FaultCode::UpdateDamaged {
                    files::remove(file);
                }
                failed(fault);
                return;
            }
        };
        let not_opened =
            |reason: String| Fault::new(FaultCode::UpdateNotOpened).detail(format!("{}: {reason}", file.display()));
        let opening = match open(file) {
            Ok(opening) => opening,
            Err(error) => {
                failed(not_opened(error.to_string()));
                return;
            }
        };
        sender.send(Event::Update(UpdateStage::Downloaded { release, file: file.to_owned(), opened: true }));
        drop(turn);
        if let Err(reason) = opening.end() {
            failed(not_opened(reason));
        } else if cfg!(windows) {
            // the shell starts the setup after it has asked the person; until then nobody shall put another file there
            std::thread::sleep(HELD);
        }
        drop(opened);
    }

    /// Leaves off downloading.
    pub(in crate::app) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// The right to work, given back when it is dropped; `None` while somebody else has it.
    fn turn(&self) -> Option<Turn> {
        let free = self.busy.compare_exchange(false, true, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        free.then(|| {
            self.cancelled.store(false, Ordering::Relaxed);
            Turn(Arc::clone(&self.busy))
        })
    }
}

struct Turn(Arc<AtomicBool>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::{EventSender, Known, Opening, Path, PathBuf, Proxy, Release, SettingsFile, UpdateStage, Updates};
    use crate::app::config::presets::Presets;
    use crate::app::engine::message::Event;
    use crate::desktop::system_folder::SystemFolder;
    use crate::update::ReleaseFile;
    use base::fault::FaultCode;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    const INSTALLER: &[u8] = b"an installer";
    /// `printf 'an installer' | sha256sum`
    const SUM: &str = "b2b3a11c02f14e36f2a5c148db1b5924fa96141da4b2fbfb262a469df53f6750";

    struct Downloads(tempfile::TempDir);

    impl Downloads {
        fn new() -> Self {
            let downloads = Self(tempfile::tempdir().unwrap());
            fs::write(downloads.file(), INSTALLER).unwrap();
            downloads
        }

        fn file(&self) -> PathBuf {
            self.0.path().join("new.deb")
        }

        /// Every stage that was told, and whether the system was asked to open the file.
        fn install(&self, writing: bool, opener: &str) -> (Vec<UpdateStage>, bool) {
            let file = ReleaseFile {
                url: "https://update.example/new.deb".to_owned(),
                name: "new.deb".to_owned(),
                size: INSTALLER.len() as u64,
                sha256: SUM.to_owned(),
            };
            let release = Release {
                version: "9.0.0".to_owned(),
                date: String::new(),
                notes_zh: String::new(),
                notes_en: String::new(),
                file: Some(file),
            };
            let (events, told) = channel();
            let mut asked = false;
            let open = |path: &Path| {
                asked = true;
                assert_eq!(path, self.file());
                Opening::by(opener, path)
            };
            Updates::default().install_by(release.into(), &self.file(), writing, &EventSender::to(events), open);
            let stage = |event| if let Event::Update(stage) = event { stage } else { panic!("another event") };
            (told.try_iter().map(stage).collect(), asked)
        }
    }

    fn code(stage: &UpdateStage) -> FaultCode {
        let UpdateStage::Failed(fault) = stage else { panic!("{stage:?}") };
        fault.code
    }

    #[test]
    fn a_file_that_is_still_the_one_of_the_feed_is_opened() {
        let downloads = Downloads::new();
        let (told, asked) = downloads.install(false, "true");
        assert!(matches!(&told[..], [UpdateStage::Downloaded { opened: true, .. }]) && asked, "{told:?}");
        let (told, _) = downloads.install(false, "false");
        assert_eq!(code(&told[1]), FaultCode::UpdateNotOpened, "nothing is there for such files");
        let (told, _) = downloads.install(false, "/nowhere/xdg-open");
        assert_eq!(code(&told[0]), FaultCode::UpdateNotOpened);
        assert!(downloads.file().exists());
    }

    #[test]
    fn a_file_that_was_changed_is_never_opened_and_removed() {
        let downloads = Downloads::new();
        fs::write(downloads.file(), b"AN INSTALLER").unwrap();
        let (told, asked) = downloads.install(false, "true");
        assert_eq!((code(&told[0]), told.len(), asked), (FaultCode::UpdateDamaged, 1, false));
        assert!(!downloads.file().exists());
        let (told, asked) = downloads.install(false, "true");
        assert_eq!((code(&told[0]), asked), (FaultCode::UpdateNotFetched, false), "it is gone");
    }

    #[test]
    fn nothing_is_installed_while_a_key_is_being_written() {
        let (told, asked) = Downloads::new().install(true, "true");
        assert_eq!((code(&told[0]), asked), (FaultCode::UpdateWhileWriting, false));
    }

    /// What is known of a person whose profile of a CA says where updates are, under presets with this text.
    fn known(text: &str) -> Known {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            fs::write(folder.path().join(name), text).unwrap();
            fs::set_permissions(folder.path().join(name), Permissions::from_mode(0o644)).unwrap();
        };
        put("settings.json", text);
        let profile = |host: &str, id: &str| {
            format!(
                "[[ca]]\nid = \"{id}\"\nname = {{ zh = \"x\", en = \"x\" }}\nissuers = []\nhot_line = \"1\"\n\
                 order_api = \"https://ca.example\"\nupdate = {{ address = \"https://{host}/feed.json\", key = \"{KEY}\" }}\n"
            )
        };
        put("ca-profiles.toml", &profile("office.example", "office"));
        put("own.toml", &profile("person.example", "own"));
        let owner = fs::metadata(folder.path()).unwrap().uid();
        let presets = Arc::new(Presets::read(Some(SystemFolder::owned_by(folder.path(), owner))));
        assert_eq!(presets.faults(), []);
        let (profiles, fault) = presets.profiles(Some(&folder.path().join("own.toml")));
        assert_eq!(fault, None);
        Known { settings: SettingsFile::at(None).over(presets), profiles, proxy: Proxy::None, seen: None }
    }

    const KEY: &str = "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7\
                       bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0";

    #[test]
    fn when_the_administrator_says_where_updates_are_no_profile_of_the_person_does() {
        let asked = |text: &str| known(text).feed().unwrap().unwrap().address.as_str().to_owned();
        assert_eq!(asked("{}"), "https://person.example/feed.json");
        assert_eq!(asked(r#"{"locked": ["update_feed"]}"#), "https://office.example/feed.json");
        assert_eq!(asked(r#"{"locked": ["update_feed"], "ca": "own"}"#), "https://office.example/feed.json");
        let feed = format!(r#"{{"update_feed": {{"address": "https://preset.example/f", "key": "{KEY}"}}}}"#);
        assert_eq!(asked(&feed), "https://preset.example/f");
    }

    #[test]
    fn where_updates_are_turned_off_nobody_is_asked() {
        let (events, told) = channel();
        Updates::default().ask(&known(r#"{"updates": "off"}"#), &EventSender::to(events));
        let told: Vec<_> = told.try_iter().collect();
        assert!(matches!(&told[..], [Event::Update(UpdateStage::TurnedOff)]));
    }
}
