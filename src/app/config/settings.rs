//! What the person chose about the window, kept in one small JSON file. A damaged file is set aside, never fatal.
//!
//! The file has what the person chose against the presets of the administrator, so that everything else follows these when they change.
//! Files of version 1 have every field: there, what is as the program has it counts as never chosen.

use crate::app::config::json_file;
use crate::app::config::presets::Presets;
use base::fault::{Fault, FaultCode};
use net::Proxy;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;

/// Language of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// 简体中文.
    #[default]
    #[serde(rename = "zh-CN")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// As the system is set.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How services are reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProxyChoice {
    /// As the system is set.
    #[default]
    System,
    /// Directly.
    None,
    /// Through the proxy at this address.
    Given(String),
}

impl ProxyChoice {
    /// As the room of the CAs takes it.
    #[must_use]
    pub fn to_proxy(&self) -> Proxy {
        match self {
            Self::System => Proxy::System,
            Self::None => Proxy::None,
            Self::Given(address) => Proxy::Given(address.clone()),
        }
    }
}

/// Where 检查更新 asks; takes precedence over the CA profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateFeed {
    /// Address of the feed, https.
    pub address: String,
    /// SM2 public key that signs it, 04 ‖ X ‖ Y in hex.
    pub key: String,
}

/// Version of the file this program writes.
pub const SETTINGS_VERSION: u32 = 2;
/// The last version whose file has every field.
const WHOLE: u64 = 1;

/// The stored settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Version of the file.
    pub version: u32,
    /// Language of the window.
    pub language: Language,
    /// Light or dark.
    pub theme: ThemeChoice,
    /// 柜台模式: a key may be unlocked by its admin PIN.
    pub counter_mode: bool,
    /// A closed window stays in the tray, so that reminders come; only where the desktop has a tray.
    pub stay_in_tray: bool,
    /// Days before the end at which the person is reminded; `None` = as the CA profile says.
    pub reminder_days: Option<Vec<u32>>,
    /// CA profile for what belongs to no key: 综合服务, updates; `None` = that of the chosen key.
    pub ca: Option<String>,
    /// How services are reached.
    pub proxy: ProxyChoice,
    /// Where 检查更新 asks.
    pub update_feed: Option<UpdateFeed>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: SETTINGS_VERSION,
            language: Language::default(),
            theme: ThemeChoice::default(),
            counter_mode: false,
            stay_in_tray: true,
            reminder_days: None,
            ca: None,
            proxy: ProxyChoice::default(),
            update_feed: None,
        }
    }
}

impl Settings {
    /// The fields by their names in the file.
    fn fields(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            // a struct with names is an object
            _ => Map::new(),
        }
    }

    /// True for the name of a field.
    pub(in crate::app) fn has(&self, name: &str) -> bool {
        self.fields().contains_key(name)
    }
}

/// The settings file in the user's configuration folder, over the presets.
#[derive(Clone, Debug)]
pub struct SettingsFile {
    path: Option<PathBuf>,
    presets: Arc<Presets>,
}

impl SettingsFile {
    /// A file at a path; `None` keeps the settings in memory only.
    #[must_use]
    pub fn at(path: Option<PathBuf>) -> Self {
        Self { path, presets: Arc::default() }
    }

    /// Over what the administrator set.
    #[must_use]
    pub fn over(self, presets: Arc<Presets>) -> Self {
        Self { presets, ..self }
    }

    /// What the administrator set.
    #[must_use]
    pub fn presets(&self) -> &Presets {
        &self.presets
    }

    /// Reads the settings. A damaged file is renamed to `….damaged` and defaults are used; the second value says so. A field
    /// that can't be read costs that field only: a copy is kept as `….damaged`. Of a file of a newer program a copy is
    /// kept as `….newer`, since storing would lose what is not understood here.
    #[must_use]
    pub fn load(&self) -> (Settings, bool) {
        let preset = self.presets.settings().clone();
        let Some(path) = &self.path else { return (preset, false) };
        let (written, damaged) = json_file::load::<Map<String, Value>>(path);
        let Some(written) = written else { return (preset, damaged) };
        let newer = written.get("version").and_then(Value::as_u64) > Some(SETTINGS_VERSION.into());
        let Own { settings, wrong, .. } = self.own(written);
        for (copied, extension) in [(wrong, "damaged"), (newer, "newer")] {
            if copied && let Err(error) = std::fs::copy(path, path.with_extension(extension)) {
                tracing::warn!(%error, extension, "no copy of the settings could be kept");
            }
        }
        (settings, wrong)
    }

    /// Reads the settings and changes nothing: what is damaged counts as not there, and stays for [`SettingsFile::load`], which
    /// the window calls so that the person hears of it.
    #[must_use]
    pub fn peek(&self) -> Settings {
        self.look().settings
    }

    fn look(&self) -> Own {
        let bytes = self.path.as_ref().and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
        self.own(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// Stores the settings so that a power cut leaves the old or the new file. What is changed to what the administrator set is
    /// no choice any more, and what was chosen before it was locked is kept for later.
    ///
    /// # Errors
    /// [`FaultCode::SettingsNotStored`].
    pub fn store(&self, settings: &Settings) -> Result<(), Fault> {
        let Some(path) = &self.path else { return Ok(()) };
        let Own { settings: before, mut chosen, .. } = self.look();
        let (before, preset) = (before.fields(), self.presets.settings().fields());
        for (name, value) in settings.fields() {
            if before.get(&name) == Some(&value) || self.presets.locks_field(&name) {
                continue;
            }
            if preset.get(&name) == Some(&value) {
                chosen.remove(&name);
            } else {
                chosen.insert(name, value);
            }
        }
        chosen.insert("version".to_owned(), SETTINGS_VERSION.into());
        json_file::store(path, &chosen)
            .map_err(|error| Fault::new(FaultCode::SettingsNotStored).detail(error.kind().to_string()))
    }

    fn own(&self, mut written: Map<String, Value>) -> Own {
        let usual = Settings::default();
        if written.remove("version").and_then(|version| version.as_u64()) == Some(WHOLE) {
            let usual = usual.fields();
            written.retain(|name, value| usual.get(name) != Some(value));
        }
        let (_, unread) = field_by_field(&usual, written.clone());
        written.retain(|name, _| usual.has(name) && !unread.contains(name));
        let mut held = written.clone();
        held.retain(|name, _| !self.presets.locks_field(name));
        let (settings, _) = field_by_field(self.presets.settings(), held);
        Own { settings, chosen: written, wrong: !unread.is_empty() }
    }
}

/// What is in the person's file.
struct Own {
    /// What holds.
    settings: Settings,
    /// The fields the person chose, also those that are locked now.
    chosen: Map<String, Value>,
    /// There was one that can't be read.
    wrong: bool,
}

/// The settings with every field that can be read instead of what was there; names of those that can't be.
pub(in crate::app) fn field_by_field(under: &Settings, written: Map<String, Value>) -> (Settings, Vec<String>) {
    let (mut settings, mut wrong) = (under.clone(), Vec::new());
    for (name, value) in written {
        let mut fields = settings.fields();
        // what a newer program writes is passed over
        if fields.insert(name.clone(), value).is_none() {
            continue;
        }
        match serde_json::from_value(Value::Object(fields)) {
            Ok(better) => settings = better,
            Err(_) => wrong.push(name),
        }
    }
    (settings, wrong)
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use super::ProxyChoice;
    use super::{Language, SETTINGS_VERSION, Settings, SettingsFile, ThemeChoice};

    #[test]
    fn stored_settings_are_read_again_and_a_damaged_file_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/settings.json");
        let file = SettingsFile::at(Some(path.clone()));
        let settings = Settings {
            language: Language::English,
            theme: ThemeChoice::Dark,
            counter_mode: true,
            ..Settings::default()
        };
        file.store(&settings).unwrap();
        assert_eq!(file.load(), (settings, false));
        assert_eq!(file.peek(), file.load().0);
        std::fs::write(&path, "{").unwrap();
        assert_eq!(file.peek(), Settings::default());
        assert_eq!(file.load(), (Settings::default(), true), "who only looked has left it to be told");
        assert!(path.with_extension("damaged").exists());
        assert_eq!(file.load(), (Settings::default(), false));
    }

    #[test]
    fn a_field_that_cannot_be_read_costs_that_field_only_and_a_copy_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let text =
            r#"{"theme": "purple", "language": "en", "reminder_days": [7, 1], "proxy": 5, "counter_mode": true}"#;
        std::fs::write(&path, text).unwrap();
        let (settings, wrong) = SettingsFile::at(Some(path.clone())).load();
        let expected = Settings {
            language: Language::English,
            reminder_days: Some(vec![7, 1]),
            counter_mode: true,
            ..Settings::default()
        };
        assert_eq!((settings, wrong), (expected, true));
        assert_eq!(std::fs::read_to_string(path.with_extension("damaged")).unwrap(), text);
        assert!(path.exists());
    }

    #[test]
    fn of_a_file_of_a_newer_program_a_copy_is_kept_and_what_is_understood_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        let text = r#"{"version": 9, "language": "en", "colour_of_the_sky": "blue"}"#;
        std::fs::write(&path, text).unwrap();
        let file = SettingsFile::at(Some(path.clone()));
        let (settings, wrong) = file.load();
        assert_eq!((settings.language, settings.version, wrong), (Language::English, SETTINGS_VERSION, false));
        file.store(&settings).unwrap();
        assert_eq!(std::fs::read_to_string(path.with_extension("newer")).unwrap(), text);
    }

    /// A person's file with this text, under presets with that text.
    #[cfg(unix)]
    struct Layers(tempfile::TempDir);

    #[cfg(unix)]
    impl Layers {
        fn new(own: &str) -> Self {
            let layers = Self(tempfile::tempdir().unwrap());
            std::fs::write(layers.own(), own).unwrap();
            layers
        }

        fn own(&self) -> std::path::PathBuf {
            self.0.path().join("own.json")
        }

        fn under(&self, preset: &str) -> SettingsFile {
            use crate::app::config::presets::Presets;
            use crate::desktop::system_folder::SystemFolder;
            use std::os::unix::fs::{MetadataExt, PermissionsExt};
            let file = self.0.path().join("settings.json");
            std::fs::write(&file, preset).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
            let owner = std::fs::metadata(self.0.path()).unwrap().uid();
            let presets = Presets::read(Some(SystemFolder::owned_by(self.0.path(), owner)));
            assert_eq!(presets.faults(), []);
            SettingsFile::at(Some(self.own())).over(presets.into())
        }

        fn stored(&self) -> serde_json::Value {
            serde_json::from_slice(&std::fs::read(self.own()).unwrap()).unwrap()
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_field_the_person_never_changed_follows_the_administrator_also_after_others_were_stored() {
        let layers = Layers::new("{}");
        let file = layers.under(r#"{"theme": "dark", "counter_mode": true}"#);
        let (settings, _) = file.load();
        assert_eq!((settings.theme, settings.counter_mode), (ThemeChoice::Dark, true));
        file.store(&Settings { language: Language::English, ..settings }).unwrap();
        assert_eq!(layers.stored(), serde_json::json!({"version": 2, "language": "en"}));
        let (settings, _) = layers.under(r#"{"theme": "light", "language": "zh-CN"}"#).load();
        assert_eq!(
            (settings.theme, settings.counter_mode, settings.language),
            (ThemeChoice::Light, false, Language::English)
        );
    }

    #[cfg(unix)]
    #[test]
    fn of_an_older_file_with_every_field_only_what_differs_from_the_program_counts_as_chosen() {
        let whole = r#"{"version": 1, "language": "zh-CN", "theme": "dark", "counter_mode": false, "stay_in_tray": true,
            "reminder_days": null, "ca": null, "proxy": "system", "update_feed": null}"#;
        let layers = Layers::new(whole);
        let file = layers.under(r#"{"language": "en", "theme": "light", "proxy": "none"}"#);
        let (settings, wrong) = file.load();
        assert_eq!(
            (settings.language, settings.theme, &settings.proxy, wrong),
            (Language::English, ThemeChoice::Dark, &ProxyChoice::None, false)
        );
        file.store(&Settings { counter_mode: true, ..settings }).unwrap();
        assert_eq!(layers.stored(), serde_json::json!({"version": 2, "theme": "dark", "counter_mode": true}));
    }

    #[cfg(unix)]
    #[test]
    fn a_choice_stands_against_a_preset_until_it_is_taken_back() {
        let layers = Layers::new("{}");
        let file = layers.under(r#"{"theme": "dark"}"#);
        let chosen = Settings { theme: ThemeChoice::System, ..file.load().0 };
        file.store(&chosen).unwrap();
        assert_eq!(layers.stored()["theme"], "system", "also when it is what the program has by itself");
        // the administrator comes to the same mind and leaves it again: the choice stands
        let same = layers.under(r#"{"theme": "system"}"#);
        same.store(&Settings { language: Language::English, ..same.load().0 }).unwrap();
        assert_eq!(layers.under(r#"{"theme": "light"}"#).load().0.theme, ThemeChoice::System);
        let file = layers.under(r#"{"theme": "dark"}"#);
        file.store(&Settings { theme: ThemeChoice::Dark, ..file.load().0 }).unwrap();
        assert_eq!(layers.stored().get("theme"), None);
        assert_eq!(layers.under(r#"{"theme": "light"}"#).load().0.theme, ThemeChoice::Light);
    }

    #[cfg(unix)]
    #[test]
    fn a_locked_field_is_the_administrators_and_what_was_chosen_before_comes_back_with_its_lock_gone() {
        let layers = Layers::new(r#"{"theme": "dark", "proxy": {"given": "http://own.example:80"}}"#);
        let file = layers.under(r#"{"theme": "light", "locked": ["theme", "proxy"]}"#);
        let (settings, wrong) = file.load();
        assert_eq!((settings.theme, &settings.proxy, wrong), (ThemeChoice::Light, &ProxyChoice::System, false));
        assert_eq!(file.peek(), settings);
        file.store(&Settings { theme: ThemeChoice::System, language: Language::English, ..settings }).unwrap();
        assert_eq!(file.peek().theme, ThemeChoice::Light, "also not from elsewhere in the program");
        let free = layers.under("{}").load().0;
        assert_eq!((free.theme, free.language), (ThemeChoice::Dark, Language::English));
        assert_eq!(free.proxy, ProxyChoice::Given("http://own.example:80".to_owned()));
    }
}
