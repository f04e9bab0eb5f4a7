//! The table of models, assets/media.toml: 介质类型 and wire profile (wire-format/key-contents.md#media).
//!
//! Over PC/SC the USB id is not known, so a model is told by ATR, by the reader's name, or by what the key states about
//! itself. A model that is not in the table, or stands there without a profile, is only read.

use super::DeviceInfo;
use super::profile::Profile;
use serde::Deserialize;
use std::sync::LazyLock;

/// One model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Medium {
    /// 介质类型.
    pub name: String,
    /// `VID:PID`, upper-case hex.
    #[serde(default)]
    pub usb: Vec<String>,
    #[serde(default)]
    atr: Vec<AtrPattern>,
    #[serde(default)]
    reader: Vec<String>,
    #[serde(default)]
    info: Vec<String>,
    profile: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct AtrPattern(Vec<Option<u8>>);

impl TryFrom<String> for AtrPattern {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let byte = |part| if part == ".." { Ok(None) } else { u8::from_str_radix(part, 16).map(Some) };
        text.split_whitespace().map(byte).collect::<Result<_, _>>().map(Self)
    }
}

impl AtrPattern {
    fn begins(&self, atr: &[u8]) -> bool {
        let fits = |(want, byte): (&Option<u8>, &u8)| want.is_none_or(|want| want == *byte);
        !self.0.is_empty() && self.0.len() <= atr.len() && self.0.iter().zip(atr).all(fits)
    }
}

#[derive(Default, Deserialize)]
struct Table {
    medium: Vec<Medium>,
}

// a broken table costs the names and all PIN functions, never the start of the program; a test reads it
static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("../../../assets/media.toml")).unwrap_or_default());

impl Medium {
    /// All models of the table.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &TABLE.medium
    }

    /// The model behind a PC/SC reader; the ATR counts more than names.
    #[must_use]
    pub fn find(atr: &[u8], reader: &str, device: &DeviceInfo) -> Option<&'static Self> {
        let media = &TABLE.medium;
        media
            .iter()
            .find(|medium| medium.atr.iter().any(|pattern| pattern.begins(atr)))
            .or_else(|| media.iter().find(|medium| any_within(&medium.reader, reader)))
            .or_else(|| {
                let states = |medium: &&Self| {
                    any_within(&medium.info, &device.manufacturer) || any_within(&medium.info, &device.label)
                };
                media.iter().find(states)
            })
    }

    /// The model with these USB ids.
    #[must_use]
    pub fn by_usb(vendor: u16, product: u16) -> Option<&'static Self> {
        let id = format!("{vendor:04X}:{product:04X}");
        TABLE.medium.iter().find(|medium| medium.usb.contains(&id))
    }

    /// True when a model of the table is of this maker.
    #[must_use]
    pub fn is_known_vendor(vendor: u16) -> bool {
        let prefix = format!("{vendor:04X}:");
        TABLE.medium.iter().flat_map(|medium| &medium.usb).any(|id| id.starts_with(&prefix))
    }

    /// The proven wire profile, if there is one.
    #[must_use]
    pub fn profile(&self) -> Option<&'static Profile> {
        Profile::by_name(self.profile.as_deref()?)
    }
}

fn any_within(parts: &[String], text: &str) -> bool {
    let text = text.to_uppercase();
    parts.iter().any(|part| text.contains(&part.to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::{Medium, TABLE, Table};
    use crate::DeviceInfo;
    use crate::profile::GM3000;

    const LONGMAI: [u8; 16] =
        [0x3B, 0x9F, 0x11, 0x81, 0x31, 0xFE, 0x9F, 0x00, 0x6A, 0x6D, 0x54, 0x6F, 0x6B, 0x65, 0x6E, 0x2D];

    fn found(atr: &[u8], reader: &str, label: &str) -> Option<&'static str> {
        let device = DeviceInfo { label: label.to_owned(), ..DeviceInfo::default() };
        Medium::find(atr, reader, &device).map(|medium| medium.name.as_str())
    }

    #[test]
    fn the_table_reads_and_every_named_profile_exists() {
        toml::from_str::<Table>(include_str!("../../../assets/media.toml")).unwrap();
        assert_eq!(TABLE.medium.len(), 15);
        for medium in &TABLE.medium {
            assert_eq!(medium.profile.is_some(), medium.profile().is_some(), "{}", medium.name);
            for id in &medium.usb {
                let (vid, pid) = id.split_once(':').unwrap();
                assert!([vid, pid].iter().all(|part| part.len() == 4 && u16::from_str_radix(part, 16).is_ok()));
            }
        }
    }

    #[test]
    fn a_model_is_told_by_atr_then_reader_then_what_the_key_states() {
        let mut atr = LONGMAI.to_vec();
        assert_eq!(found(&atr[..15], "", ""), None, "a cut ATR is no match");
        atr.extend([0x45, 0, 0, 0x81, 0x90, 0, 0xC7]);
        assert_eq!(found(&atr, "Feitian ePass3000GM 0", ""), Some("UKEY-Mini(LM3KM3)"));
        assert_eq!(found(&[], "feitian epass3000gm 0", ""), Some("UKEY-G-SM2(FT3KGM)"));
        assert_eq!(found(&[], "", "gm3000-label"), Some("UKEY-Mini(LM3KM3)"));
        assert_eq!(found(&[0x3B, 0x00], "Virtual PCD 00 00", "BJCA-UserKey"), None);
    }

    #[test]
    fn a_model_is_told_by_its_usb_ids_and_a_maker_by_the_first_of_them() {
        assert_eq!(Medium::by_usb(0x055C, 0xE618).map(|medium| medium.name.as_str()), Some("UKEY-Mini(LM3KM3)"));
        assert!(Medium::by_usb(0x055C, 0x0001).is_none() && Medium::is_known_vendor(0x055C));
        assert!(!Medium::is_known_vendor(0x1D6B));
    }

    #[test]
    fn only_the_family_whose_pin_format_was_observed_has_a_profile() {
        let proven: Vec<_> = TABLE.medium.iter().filter(|medium| medium.profile.is_some()).collect();
        assert!(matches!(proven.as_slice(), [only] if only.name == "UKEY-Mini(LM3KM3)"));
        assert_eq!(proven[0].profile(), Some(&GM3000));
    }
}
