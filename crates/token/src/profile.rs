//! The open choices of the wire format (wire-format/profiles.md#open-choices) as one value; no other file holds such a
//! choice.
//!
//! Each choice is what a vendor's own library does and has its test vector here or in `pin_block`. A profile is chosen
//! by the table of media, never by trying a PIN.

use crate::apdu::Le;
use std::ops::RangeInclusive;

/// How one family of keys is spoken to.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// Name in assets/media.toml.
    pub name: &'static str,
    /// The PIN format; `None` where it is not proven: no PIN is ever sent then.
    pub pin: Option<PinRules>,
    /// A command the vendor's host sends before each ExportCertificate (wire-format/vendor-commands.md#export-prelude).
    pub export_prelude: Option<[u8; 4]>,
    /// Expected length written in EnumContainer and ECCSignData (none: wire-format/commands.md#le).
    pub le_of_46_and_74: Le,
}

/// How PINs are carried and which ones a key stores safely.
#[derive(Debug, PartialEq, Eq)]
pub struct PinRules {
    /// Length of the challenge in front of it in the VerifyPIN block: form A, little-endian
    /// (wire-format/pins.md#verifypin).
    pub challenge_prefix: [u8; 2],
    /// Length of a present PIN in bytes: the standard wants at least 6 (GM/T 0027 §9.2), beyond 16 implementations hash
    /// differently.
    pub present: RangeInclusive<usize>,
    /// Length of a new PIN in bytes: at exactly 16 the padding of the MAC differs between versions of the vendor's code.
    pub new: RangeInclusive<usize>,
}

/// Longmai GM3000 and the virtual key.
pub const GM3000: Profile = Profile {
    name: "gm3000",
    pin: Some(PinRules { challenge_prefix: [0x08, 0x00], present: 6..=16, new: 6..=15 }),
    export_prelude: Some([0xC0, 0x52, 0, 0]),
    le_of_46_and_74: Le::Absent,
};

/// Any other GM/T 0017 key: the standard's reading commands, nothing of a vendor, no PIN.
pub const READ_ONLY: Profile = Profile { name: "read-only", pin: None, export_prelude: None, le_of_46_and_74: Le::Any };

impl Profile {
    /// The profile of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        [&GM3000].into_iter().find(|profile| profile.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::{GM3000, Profile, READ_ONLY};

    #[test]
    fn a_profile_without_proven_pin_format_can_not_be_named_in_the_table() {
        assert_eq!(Profile::by_name("gm3000"), Some(&GM3000));
        assert_eq!(Profile::by_name(READ_ONLY.name), None);
        assert!(READ_ONLY.pin.is_none());
    }
}
