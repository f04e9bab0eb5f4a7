//! The words of the check, assets/checks.toml: `[probe]` has the name of a probe, `[probe.name]` a sentence about it.

use super::probe::ProbeId;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(Clone, Deserialize)]
struct Text {
    zh: String,
    en: String,
}

#[derive(Deserialize)]
struct Section {
    name: Text,
    #[serde(flatten)]
    sentences: HashMap<String, Text>,
}

static TEXTS: LazyLock<HashMap<String, Section>> =
    // a test reads it; a broken file costs words, never the start of the program
    LazyLock::new(|| toml::from_str(include_str!("../../assets/checks.toml")).unwrap_or_default());

fn pick(text: &Text, chinese: bool) -> String {
    if chinese { text.zh.clone() } else { text.en.clone() }
}

/// The words of a key `probe.name`; the key itself when it has none.
pub(super) fn sentence(key: &str, chinese: bool) -> String {
    let text = key.split_once('.').and_then(|(section, name)| TEXTS.get(section)?.sentences.get(name));
    text.map_or_else(|| key.to_owned(), |text| pick(text, chinese))
}

/// Name of a probe.
pub(super) fn name(probe: ProbeId, chinese: bool) -> String {
    TEXTS.get(probe.as_str()).map_or_else(|| probe.as_str().to_owned(), |section| pick(&section.name, chinese))
}

/// Stands for what belongs to a person.
pub(super) fn hidden(chinese: bool) -> String {
    sentence("common.hidden", chinese)
}

#[cfg(test)]
mod tests {
    use super::{ProbeId, Section, TEXTS};
    use std::collections::HashMap;

    #[test]
    fn every_probe_has_a_name_in_both_languages() {
        toml::from_str::<HashMap<String, Section>>(include_str!("../../assets/checks.toml")).unwrap();
        for probe in ProbeId::ALL {
            let name = &TEXTS[probe.as_str()].name;
            assert!(!name.zh.is_empty() && !name.en.is_empty(), "{probe:?}");
        }
    }
}
