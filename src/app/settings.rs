//! What the person chose about the window, kept in one small JSON file. A damaged file is set aside, never fatal.

use super::json_file;
use crate::ca::Proxy;
use crate::fault::{Fault, FaultCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::PathBuf;

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
pub const SETTINGS_VERSION: u32 = 1;

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
    /// 柜台模式: a key may be unlocked by its admin PIN (U7).
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

/// The settings file in the user's configuration folder.
#[derive(Clone, Debug)]
pub struct SettingsFile {
    path: Option<PathBuf>,
}

impl SettingsFile {
    /// A file at a path; `None` keeps the settings in memory only.
    #[must_use]
    pub const fn at(path: Option<PathBuf>) -> Self {
        Self { path }
    }

    /// Reads the settings. A damaged file is renamed to `….damaged` and defaults are used; the second value says so. A field
    /// that can't be read costs that field only: a copy is kept as `….damaged`. Of a file of a newer program a copy is
    /// kept as `….newer`, since storing would lose what is not understood here.
    #[must_use]
    pub fn load(&self) -> (Settings, bool) {
        let Some(path) = &self.path else { return (Settings::default(), false) };
        let (written, damaged) = json_file::load::<Map<String, Value>>(path);
        let Some(written) = written else { return (Settings::default(), damaged) };
        let (mut settings, wrong) = field_by_field(written);
        for (copied, extension) in [(wrong, "damaged"), (settings.version > SETTINGS_VERSION, "newer")] {
            if copied && let Err(error) = std::fs::copy(path, path.with_extension(extension)) {
                tracing::warn!(%error, extension, "no copy of the settings could be kept");
            }
        }
        settings.version = SETTINGS_VERSION;
        (settings, wrong)
    }

    /// Reads the settings and changes nothing: what is damaged counts as not there, and stays for [`SettingsFile::load`], which
    /// the window calls so that the person hears of it.
    #[must_use]
    pub fn peek(&self) -> Settings {
        let bytes = self.path.as_ref().and_then(|path| std::fs::read(path).ok()).unwrap_or_default();
        serde_json::from_slice(&bytes).map_or_else(|_| Settings::default(), |written| field_by_field(written).0)
    }

    /// Stores the settings so that a power cut leaves the old or the new file.
    ///
    /// # Errors
    /// [`FaultCode::SettingsNotStored`].
    pub fn store(&self, settings: &Settings) -> Result<(), Fault> {
        let Some(path) = &self.path else { return Ok(()) };
        json_file::store(path, settings)
            .map_err(|error| Fault::new(FaultCode::SettingsNotStored).detail(error.kind().to_string()))
    }
}

/// The settings with every field that can be read; whether there was one that can't be.
fn field_by_field(written: Map<String, Value>) -> (Settings, bool) {
    let (mut settings, mut wrong) = (Settings::default(), false);
    for (name, value) in written {
        let Ok(Value::Object(mut fields)) = serde_json::to_value(&settings) else { continue };
        // what a newer program writes is passed over
        if fields.insert(name, value).is_none() {
            continue;
        }
        match serde_json::from_value(Value::Object(fields)) {
            Ok(better) => settings = better,
            Err(_) => wrong = true,
        }
    }
    (settings, wrong)
}

#[cfg(test)]
mod tests {
    use super::{Language, Settings, SettingsFile, ThemeChoice};

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
        assert_eq!((settings.language, settings.version, wrong), (Language::English, 1, false));
        file.store(&settings).unwrap();
        assert_eq!(std::fs::read_to_string(path.with_extension("newer")).unwrap(), text);
    }
}
