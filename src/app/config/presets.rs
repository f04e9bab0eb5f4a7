//! What the administrator of this computer sets for everybody: defaults under a person's own settings, fields nobody else changes,
//! CA profiles, trusted roots, and whether 检查更新 is offered.
//!
//! Invariants: a file of the administrator is never written, renamed or a reason not to start; what can't be used of it is passed over
//! and told. A lock is a rule for this program, not a wall around a person who may run other ones.

use crate::app::config::settings::{ProxyChoice, Settings, field_by_field};
use crate::app::model::policy::{feed_address, feed_key, proxy_address};
use crate::check::Preset;
use crate::desktop::system_folder::{Refused, SystemFolder};
use base::fault::{Fault, FaultCode};
use ca_client::{Profiles, SystemProfiles};
use certificate::TrustStore;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::Path;

/// What can be locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// Language of the window.
    Language,
    /// Light or dark.
    Theme,
    /// 柜台模式.
    CounterMode,
    /// The tray.
    StayInTray,
    /// Days of reminders.
    ReminderDays,
    /// The CA asked for what belongs to no key.
    Ca,
    /// How services are reached.
    Proxy,
    /// Where 检查更新 asks; no profile of the person says it either.
    UpdateFeed,
    /// The person's CA profiles are not read.
    CaProfiles,
    /// The person's trusted roots are not read.
    Roots,
}

impl Lock {
    /// All there are.
    pub const ALL: [Self; 10] = [
        Self::Language,
        Self::Theme,
        Self::CounterMode,
        Self::StayInTray,
        Self::ReminderDays,
        Self::Ca,
        Self::Proxy,
        Self::UpdateFeed,
        Self::CaProfiles,
        Self::Roots,
    ];

    /// Its name in the file; of a setting the name of the field.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Language => "language",
            Self::Theme => "theme",
            Self::CounterMode => "counter_mode",
            Self::StayInTray => "stay_in_tray",
            Self::ReminderDays => "reminder_days",
            Self::Ca => "ca",
            Self::Proxy => "proxy",
            Self::UpdateFeed => "update_feed",
            Self::CaProfiles => "ca_profiles",
            Self::Roots => "roots",
        }
    }
}

/// Names of the files and the folder.
const SETTINGS: &str = "settings.json";
const PROFILES: &str = "ca-profiles.toml";
const ROOTS: &str = "roots";

/// What the administrator set, as it was when the program began; nothing by default.
#[derive(Clone, Debug, Default)]
pub struct Presets {
    folder: Option<SystemFolder>,
    settings: Settings,
    locked: BTreeSet<Lock>,
    updates_off: bool,
    profiles: SystemProfiles,
    used: Vec<Preset>,
    faults: Vec<Fault>,
}

impl Presets {
    /// Reads the folder. What can't be used is told by [`Presets::faults`].
    #[must_use]
    pub fn read(folder: Option<SystemFolder>) -> Self {
        let mut all = Self::default();
        let Some(folder) = folder else { return all };
        match folder.text(SETTINGS) {
            None => {}
            Some(Ok(text)) => all.take_settings(&folder.path().join(SETTINGS), &text),
            Some(Err(refused)) => all.faults.push(fault(&refused)),
        }
        match folder.text(PROFILES) {
            None => {}
            Some(Ok(text)) => all.take_profiles(&folder, &text),
            Some(Err(refused)) => all.faults.push(fault(&refused)),
        }
        match folder.folder(ROOTS) {
            None => {}
            Some(Ok(path)) => all.used.push(Preset { path, what: Vec::new() }),
            Some(Err(refused)) => all.faults.push(fault(&refused)),
        }
        // a folder that is open to others is one fault, not three
        all.faults.dedup();
        for fault in &all.faults {
            tracing::warn!(
                code = fault.code.as_str(),
                detail = fault.detail,
                "not used of the administrator's presets"
            );
        }
        all.folder = Some(folder);
        all
    }

    fn take_settings(&mut self, path: &Path, text: &str) {
        let written = match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(written) => written,
            Err(error) => return self.faults.push(unusable(path, &error.to_string())),
        };
        let mut what: Vec<String> = written.keys().filter(|name| *name != "version").cloned().collect();
        let (mut fields, mut wrong) = (Map::new(), Vec::new());
        for (name, value) in written {
            match (name.as_str(), &value) {
                ("version", _) => {}
                ("locked", Value::Array(names)) => {
                    for name in names {
                        let lock = Lock::ALL.into_iter().find(|lock| name.as_str() == Some(lock.name()));
                        match lock {
                            Some(lock) => drop(self.locked.insert(lock)),
                            None => wrong.push(format!("locked: {name}")),
                        }
                    }
                }
                ("updates", Value::String(text)) if text == "off" => self.updates_off = true,
                ("updates", Value::String(text)) if text == "on" => {}
                ("locked" | "updates", _) => wrong.push(name),
                _ if !Settings::default().has(&name) => wrong.push(name),
                _ => drop(fields.insert(name, value)),
            }
        }
        let (settings, unread) = field_by_field(&Settings::default(), fields);
        self.settings = settings;
        wrong.extend(unread);
        wrong.extend(self.withdraw_unusable());
        what.retain(|name| !wrong.contains(name));
        self.used.push(Preset { path: path.to_owned(), what });
        if !wrong.is_empty() {
            self.faults.push(unusable(path, &wrong.join(", ")));
        }
    }

    /// A proxy or feed that reads but can't be used counts as not set; their names.
    fn withdraw_unusable(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        if let ProxyChoice::Given(address) = &mut self.settings.proxy {
            match proxy_address(address) {
                Ok(whole) => *address = whole,
                Err(_) => {
                    self.settings.proxy = ProxyChoice::default();
                    wrong.push(Lock::Proxy.name().to_owned());
                }
            }
        }
        let usable = |address: &str, key: &str| feed_address(address) && feed_key(key).is_some();
        if self.settings.update_feed.as_ref().is_some_and(|feed| !usable(&feed.address, &feed.key)) {
            self.settings.update_feed = None;
            wrong.push(Lock::UpdateFeed.name().to_owned());
        }
        wrong
    }

    fn take_profiles(&mut self, folder: &SystemFolder, text: &str) {
        let path = folder.path().join(PROFILES);
        let (profiles, wrong) = SystemProfiles::parse(text, folder.path());
        let what = profiles.all().iter().map(|profile| profile.id.clone()).collect();
        self.profiles = profiles;
        if !wrong.is_empty() {
            self.faults.push(unusable(&path, &wrong.join("; ")));
        }
        self.used.push(Preset { path, what });
    }

    /// Settings of who has chosen nothing.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// True for what the person can't change.
    #[must_use]
    pub fn locks(&self, lock: Lock) -> bool {
        self.locked.contains(&lock)
    }

    /// True for a field of the settings the person can't change.
    pub(in crate::app) fn locks_field(&self, name: &str) -> bool {
        self.locked.iter().any(|lock| lock.name() == name)
    }

    /// True when nobody shall be offered 检查更新.
    #[must_use]
    pub const fn updates_off(&self) -> bool {
        self.updates_off
    }

    /// The CA profiles that hold, with the file of the person; what can't be used of that is told.
    #[must_use]
    pub fn profiles(&self, own: Option<&Path>) -> (Profiles, Option<Fault>) {
        Profiles::with(own.filter(|_| !self.locks(Lock::CaProfiles)), &self.profiles)
    }

    /// Reads the trusted roots, those in the folder of the person and those for everybody.
    #[must_use]
    pub fn trust(&self, own: Option<&Path>) -> TrustStore {
        let mut store = own.filter(|_| !self.locks(Lock::Roots)).map(TrustStore::from_folder).unwrap_or_default();
        if let Some(system) = &self.folder
            && let Some(Ok(roots)) = system.folder(ROOTS)
        {
            store.extend(TrustStore::believed(&roots, &|data| system.only_administrators_write(data)));
        }
        for file in store.skipped() {
            tracing::warn!(file = %file.file.display(), reason = ?file.reason, "no trusted certificate");
        }
        store
    }

    /// Which files are in use, and what they set.
    #[must_use]
    pub fn used(&self) -> &[Preset] {
        &self.used
    }

    /// What could not be used; each names its file.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

fn fault(refused: &Refused) -> Fault {
    match refused {
        Refused::OthersWrite(path) => Fault::new(FaultCode::PresetsOpen).detail(path.display().to_string()),
        Refused::Unreadable(path, reason) => unusable(path, reason),
    }
}

fn unusable(path: &Path, reason: &str) -> Fault {
    Fault::new(FaultCode::PresetsNotUsable).detail(format!("{}: {reason}", path.display()))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::{Lock, Presets};
    use crate::app::config::settings::{Language, ProxyChoice, Settings, ThemeChoice};
    use crate::desktop::system_folder::SystemFolder;
    use base::fault::FaultCode;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::Path;

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    }

    fn read(folder: &Path) -> Presets {
        Presets::read(Some(SystemFolder::owned_by(folder, fs::metadata(folder).unwrap().uid())))
    }

    fn preset(text: &str) -> Presets {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "settings.json", text);
        read(folder.path())
    }

    /// A certificate that is signed by itself, PEM.
    fn root() -> String {
        let script = "openssl genpkey -algorithm SM2 | openssl req -x509 -new -key /dev/stdin -sm3 -days 2 -subj /CN=Root \
                      -sigopt distid:1234567812345678";
        let made = std::process::Command::new("sh").args(["-c", script]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        String::from_utf8(made.stdout).unwrap()
    }

    /// Codes and details.
    fn told(presets: &Presets) -> Vec<(FaultCode, String)> {
        presets.faults().iter().map(|fault| (fault.code, fault.detail.clone())).collect()
    }

    #[test]
    fn every_lock_of_a_setting_has_the_name_of_its_field_and_every_field_has_one() {
        let serde_json::Value::Object(fields) = serde_json::to_value(Settings::default()).unwrap() else { panic!() };
        let mut names: Vec<_> = fields.keys().map(String::as_str).filter(|name| *name != "version").collect();
        names.extend(["ca_profiles", "roots"]);
        names.sort_unstable();
        let mut locks = Lock::ALL.map(Lock::name);
        locks.sort_unstable();
        assert_eq!(names, locks);
    }

    #[test]
    fn without_a_folder_or_file_nothing_is_set() {
        let folder = tempfile::tempdir().unwrap();
        for presets in [Presets::read(None), read(folder.path())] {
            assert_eq!((presets.settings(), presets.updates_off()), (&Settings::default(), false));
            assert!(presets.used().is_empty() && presets.faults().is_empty());
            assert!(!Lock::ALL.into_iter().any(|lock| presets.locks(lock)));
        }
    }

    #[test]
    fn fields_locks_and_updates_are_taken_from_the_file() {
        let text = r#"{"version": 1, "language": "en", "theme": "dark", "proxy": {"given": "10.1.1.1:3128"},
            "locked": ["proxy", "roots"], "updates": "off"}"#;
        let presets = preset(text);
        assert_eq!(told(&presets), []);
        let expected = Settings {
            language: Language::English,
            theme: ThemeChoice::Dark,
            proxy: ProxyChoice::Given("http://10.1.1.1:3128".to_owned()),
            ..Settings::default()
        };
        assert_eq!(presets.settings(), &expected);
        let locked: Vec<_> = Lock::ALL.into_iter().filter(|lock| presets.locks(*lock)).collect();
        assert_eq!(locked, [Lock::Proxy, Lock::Roots]);
        assert!(presets.updates_off());
        assert_eq!(presets.used()[0].what, ["language", "locked", "proxy", "theme", "updates"]);
    }

    #[test]
    fn what_cannot_be_used_is_left_out_by_name_and_the_rest_holds() {
        let text = r#"{"language": "en", "theme": "purple", "colour": 1, "proxy": {"given": "socks5://x:1"},
            "update_feed": {"address": "http://x.example", "key": "04"}, "locked": ["proxy", "sky", 5], "updates": "never"}"#;
        let presets = preset(text);
        let expected = Settings { language: Language::English, ..Settings::default() };
        assert_eq!(presets.settings(), &expected);
        assert!(presets.locks(Lock::Proxy) && !presets.updates_off());
        let [(FaultCode::PresetsNotUsable, detail)] = &told(&presets)[..] else { panic!() };
        for wrong in ["settings.json", "theme", "colour", "proxy", "update_feed", "\"sky\"", "5", "updates"] {
            assert!(detail.contains(wrong), "{wrong}: {detail}");
        }
        assert!(!detail.contains("language"));
        assert_eq!(presets.used()[0].what, ["language", "locked"]);
    }

    #[test]
    fn a_damaged_file_sets_nothing_and_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["{", "[]", "\u{0}", "", "{\"language\": \"en\"} {"] {
            write(folder.path(), "settings.json", text);
            write(folder.path(), "ca-profiles.toml", "[[ca");
            let presets = read(folder.path());
            assert_eq!(presets.settings(), &Settings::default());
            let codes: Vec<_> = told(&presets).into_iter().map(|(code, _)| code).collect();
            assert_eq!(codes, [FaultCode::PresetsNotUsable; 2], "{text}");
            assert_eq!(fs::read_to_string(folder.path().join("settings.json")).unwrap(), text);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        }
    }

    #[test]
    fn a_folder_others_can_write_is_not_used_and_told_once() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "settings.json", r#"{"language": "en", "locked": ["language"], "updates": "off"}"#);
        write(folder.path(), "ca-profiles.toml", "");
        fs::create_dir(folder.path().join("roots")).unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let presets = read(folder.path());
        assert_eq!(told(&presets), [(FaultCode::PresetsOpen, folder.path().display().to_string())]);
        assert_eq!(presets.settings(), &Settings::default());
        assert!(!presets.locks(Lock::Language) && !presets.updates_off() && presets.used().is_empty());
    }

    #[test]
    fn roots_of_everybody_and_of_the_person_are_trusted_unless_locked_or_open_to_others() {
        let pem = root();
        let [system, own] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let roots = system.path().join("roots");
        fs::create_dir(&roots).unwrap();
        fs::set_permissions(&roots, Permissions::from_mode(0o755)).unwrap();
        write(&roots, "root.pem", &pem);
        let count = |own: Option<&Path>| read(system.path()).trust(own).roots().len();
        assert_eq!(count(None), 1);
        fs::set_permissions(roots.join("root.pem"), Permissions::from_mode(0o664)).unwrap();
        assert_eq!(count(None), 0, "a file the group writes");
        fs::set_permissions(roots.join("root.pem"), Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(&roots, Permissions::from_mode(0o775)).unwrap();
        assert_eq!((count(None), told(&read(system.path()))[0].0), (0, FaultCode::PresetsOpen));
        write(own.path(), "mine.pem", &pem);
        assert_eq!(count(Some(own.path())), 1);
        write(system.path(), "settings.json", r#"{"locked": ["roots"]}"#);
        assert_eq!(count(Some(own.path())), 0);
    }

    #[test]
    fn the_persons_profiles_are_read_unless_they_are_locked() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("own.toml");
        let entry = |id: &str| {
            format!(
                "[[ca]]\nid = \"{id}\"\nname = {{ zh = \"x\", en = \"x\" }}\nissuers = []\nhot_line = \"1\"\n\
                 order_api = \"https://ca.example\"\n"
            )
        };
        fs::write(&own, entry("own")).unwrap();
        write(folder.path(), "ca-profiles.toml", &entry("office"));
        let presets = read(folder.path());
        let profiles = presets.profiles(Some(&own)).0;
        assert!(profiles.get("own").is_some() && profiles.get("office").is_some());
        assert_eq!(presets.used()[0].what, ["office"]);
        write(folder.path(), "settings.json", r#"{"locked": ["ca_profiles"]}"#);
        let profiles = read(folder.path()).profiles(Some(&own)).0;
        assert!(profiles.get("own").is_none() && profiles.get("office").is_some());
    }
}
