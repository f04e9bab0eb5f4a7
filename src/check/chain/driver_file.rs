//! A library file before it is loaded: what it was built for, its hash, and what its bytes give away.

use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// No library of a maker comes near this size.
const LARGEST: u64 = 64 << 20;
/// The start of the names of GM/T 0016.
const NAMES: &[u8] = b"SKF_";
/// More names than any library has.
const MOST_NAMES: usize = 2000;
/// Debug builds of one maker write PINs in clear into a file of this name
/// (wire-format/vendor-libraries.md#debug-builds).
const DEBUG_LOG: &[u8] = b"mk_log";

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not an ELF file of a byte order and class that occurs.
    NotElf,
    /// An ELF file for this machine.
    Elf {
        /// Bits of an address: 32 or 64.
        bits: u8,
        /// `e_machine`.
        machine: u16,
    },
}

/// A file that was read.
pub struct DriverFile {
    /// What it is.
    pub kind: Kind,
    /// First 16 hex digits of its SHA-256.
    pub hash: String,
    /// It writes PINs into a log.
    pub debug_build: bool,
    /// Names that begin like functions of GM/T 0016, sorted.
    pub names: Vec<String>,
}

impl DriverFile {
    /// Reads a file; `None` when it can't be read or is too large.
    pub fn read(path: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut file = File::open(path).ok()?.take(LARGEST + 1);
        file.read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= LARGEST).then(|| Self::parse(&bytes))
    }

    fn parse(bytes: &[u8]) -> Self {
        let hash = Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let debug_build = bytes.windows(DEBUG_LOG.len()).any(|window| window == DEBUG_LOG);
        Self { kind: Kind::of(bytes), hash, debug_build, names: names(bytes) }
    }
}

impl Kind {
    /// From the head of a file (System V ABI, ELF header: class at 4, byte order at 5, machine at 18).
    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0x7F, b'E', b'L', b'F', class @ (1 | 2), order @ (1 | 2), ..] => {
                let Some(&[a, b]) = bytes.get(18..20) else { return Self::NotElf };
                let machine = if *order == 1 { u16::from_le_bytes([a, b]) } else { u16::from_be_bytes([a, b]) };
                Self::Elf { bits: class * 32, machine }
            }
            _ => Self::NotElf,
        }
    }

    /// True when this program can load it.
    pub fn is_ours(&self) -> bool {
        *self == Self::ours()
    }

    /// What this program was built for.
    pub const fn ours() -> Self {
        let machine = if cfg!(target_arch = "x86_64") {
            62
        } else if cfg!(target_arch = "aarch64") {
            183
        } else if cfg!(target_arch = "x86") {
            3
        } else if cfg!(target_arch = "loongarch64") {
            258
        } else if cfg!(target_arch = "mips64") {
            8
        } else {
            0
        };
        Self::Elf { bits: if cfg!(target_pointer_width = "64") { 64 } else { 32 }, machine }
    }

    /// As people name it: `x86-64`, `aarch64`.
    pub fn name(&self) -> String {
        match self {
            Self::NotElf => "?".to_owned(),
            Self::Elf { bits: 64, machine: 62 } => "x86-64".to_owned(),
            Self::Elf { machine: 3, .. } => "x86 (32)".to_owned(),
            Self::Elf { machine: 183, .. } => "aarch64".to_owned(),
            Self::Elf { machine: 40, .. } => "arm (32)".to_owned(),
            Self::Elf { machine: 258, .. } => "loongarch64".to_owned(),
            Self::Elf { bits, machine: 8 } => format!("mips{bits}"),
            Self::Elf { bits, machine } => format!("ELF{bits}/{machine}"),
        }
    }
}

/// Names as string tables have them: between two zero bytes.
fn names(bytes: &[u8]) -> Vec<String> {
    let is_name = |text: &&[u8]| {
        text.len() < 100 && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') && text.len() > 4
    };
    let mut found = BTreeSet::new();
    for part in bytes.split(|byte| *byte == 0).filter(|part| part.starts_with(NAMES)).filter(is_name) {
        if found.len() < MOST_NAMES {
            found.insert(String::from_utf8_lossy(part).into_owned());
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::{DriverFile, Kind};

    #[test]
    fn class_byte_order_and_machine_are_read_from_the_head() {
        let mut head = b"\x7FELF\x02\x01".to_vec();
        head.resize(20, 0);
        head[18] = 62;
        assert_eq!(Kind::of(&head), Kind::Elf { bits: 64, machine: 62 });
        (head[4], head[5], head[18], head[19]) = (1, 2, 0, 8);
        assert_eq!(Kind::of(&head), Kind::Elf { bits: 32, machine: 8 });
        assert_eq!(Kind::of(&head[..19]), Kind::NotElf);
        assert_eq!(Kind::of(b"MZ"), Kind::NotElf);
    }

    #[test]
    fn names_stand_between_zero_bytes_and_the_debug_log_anywhere() {
        let file = DriverFile::parse(b"\0SKF_EnumDev\0SKF_ %s\0xSKF_Digest\0/var/tmp/mk_log.log\0SKF_EnumDev\0");
        assert_eq!(file.names, ["SKF_EnumDev"]);
        assert!(file.debug_build);
        assert!(!DriverFile::parse(b"mk_lo").debug_build);
    }
}
