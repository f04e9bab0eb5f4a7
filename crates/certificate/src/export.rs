//! 导出证书: the forms other programs read, a name for the file, and writing it so that a cut leaves the old file or the
//! new one, never half of one. Certificates are public: nothing secret passes here.

use super::fields::Certificate;
use base::files::{self, Access};
use der::asn1::{AnyRef, ObjectIdentifier, SetOfVec};
use der::pem::LineEnding;
use der::{Decode, Encode, Sequence};
use gm::random;
use std::io::ErrorKind;
use std::path::Path;

/// `signedData` of PKCS#7: the type that Windows, browsers and Java know, unlike that of GM/T 0010.
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");

const MAX_NAME_CHARS: usize = 100;
/// File systems of Linux count bytes, and a Chinese character has three.
const MAX_NAME_BYTES: usize = 240;

/// Form of an exported certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Text, the certificate alone.
    Pem,
    /// Binary, the certificate alone.
    Der,
    /// PKCS#7 with the issuers, binary.
    P7b,
}

impl Format {
    /// All forms.
    pub const ALL: [Self; 3] = [Self::Pem, Self::Der, Self::P7b];

    /// Usual ending of the file name, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Pem => "pem",
            Self::Der => "cer",
            Self::P7b => "p7b",
        }
    }
}

/// Why nothing was exported.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ExportError {
    /// The form can't hold it.
    #[error("can't be encoded")]
    Encoding,
    /// The folder is not there (any more).
    #[error("folder not found")]
    FolderMissing,
    /// The system does not let the file be written there.
    #[error("not allowed")]
    Denied,
    /// No space left.
    #[error("disk full")]
    DiskFull,
    /// Any other failure of the file system.
    #[error("{0}")]
    File(ErrorKind),
}

/// A PKCS#7 message with certificates and nothing else (RFC 2315 §9.1, "degenerate").
#[derive(Sequence)]
struct ContentInfo<'a> {
    content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: SignedData<'a>,
}

#[derive(Sequence)]
struct SignedData<'a> {
    version: u8,
    digest_algorithms: SetOfVec<AnyRef<'a>>,
    content: NoContent,
    /// A SET OF by name, but kept in the order of the chain as other programs do: some take the first for the leaf.
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", constructed = "true")]
    certificates: Vec<AnyRef<'a>>,
    signer_infos: SetOfVec<AnyRef<'a>>,
}

#[derive(Sequence)]
struct NoContent {
    content_type: ObjectIdentifier,
}

/// The certificate in a form; `issuers` (nearest first, see [`super::chain()`]) go into P7B only.
///
/// # Errors
/// [`ExportError::Encoding`] for a certificate that no strict encoding can hold.
pub fn export(certificate: &Certificate, issuers: &[Certificate], format: Format) -> Result<Vec<u8>, ExportError> {
    match format {
        Format::Der => Ok(certificate.der().to_vec()),
        Format::Pem => der::pem::encode_string("CERTIFICATE", LineEnding::LF, certificate.der())
            .map(String::into_bytes)
            .map_err(|_| ExportError::Encoding),
        Format::P7b => p7b(certificate, issuers).map_err(|_| ExportError::Encoding),
    }
}

fn p7b(certificate: &Certificate, issuers: &[Certificate]) -> der::Result<Vec<u8>> {
    let all = std::iter::once(certificate).chain(issuers);
    let content = SignedData {
        version: 1,
        digest_algorithms: SetOfVec::new(),
        content: NoContent { content_type: DATA },
        certificates: all.map(|certificate| AnyRef::from_der(certificate.der())).collect::<der::Result<_>>()?,
        signer_infos: SetOfVec::new(),
    };
    ContentInfo { content_type: SIGNED_DATA, content }.to_der()
}

/// A file name that Windows and Linux accept: owner (else serial number), `role` as worded by the window, ending.
#[must_use]
pub fn suggested_name(certificate: &Certificate, role: &str, format: Format) -> String {
    let tail = format!("-{}.{}", allowed(role), format.extension());
    let owner = certificate.owner.as_deref().map(allowed).unwrap_or_default();
    let owner = owner.trim_matches(['.', ' ']);
    let mut name = if owner.is_empty() { certificate.serial_hex() } else { owner.to_owned() };
    let device = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    if is_device(&device) {
        name.insert(0, '_');
    }
    while name.chars().count() + tail.chars().count() > MAX_NAME_CHARS || name.len() + tail.len() > MAX_NAME_BYTES {
        if name.pop().is_none() {
            break;
        }
    }
    name + &tail
}

fn allowed(text: &str) -> String {
    let bad =
        |c: char| base::display::is_deceptive(c) || c == char::REPLACEMENT_CHARACTER || r#"<>:"/\|?*"#.contains(c);
    text.chars().map(|c| if bad(c) { '_' } else { c }).collect()
}

/// Names that Windows takes for devices whatever follows the first dot.
fn is_device(name: &str) -> bool {
    let port = name.strip_prefix("COM").or_else(|| name.strip_prefix("LPT"));
    matches!(name, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || port.is_some_and(|n| n.chars().count() == 1 && n.chars().all(|c| c.is_ascii_digit() || "¹²³".contains(c)))
}

/// Writes a file in one step: into a temporary file of the same folder, to the disk, then under its name.
/// A file of that name is replaced.
///
/// # Errors
/// [`ExportError`]; then nothing has changed.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let random = random::<8>().map_err(|_| ExportError::File(ErrorKind::Other))?;
    let temporary = folder.join(format!(".{:016x}.tmp", u64::from_ne_bytes(random)));
    // in a folder of the person, where another file may have any name
    files::put(&temporary, path, bytes, Access::Usual).map_err(|error| reason(&error))
}

fn reason(error: &std::io::Error) -> ExportError {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => ExportError::FolderMissing,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => ExportError::Denied,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ExportError::DiskFull,
        other => ExportError::File(other),
    }
}
