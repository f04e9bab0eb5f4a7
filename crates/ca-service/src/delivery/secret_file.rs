//! Passwords of gateways: the first line of a file that only the service can read, or a systemd credential.

use crate::error::ServiceError;
use base::secret::SecretBytes;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest file.
const LARGEST: u64 = 4096;

/// Reads the secret of a setting: from the file it names, seen from the service's folder, otherwise from the systemd
/// credential of that name, otherwise nothing.
pub(super) fn read(
    setting: &str,
    file: Option<&Path>,
    dir: &Path,
    credential: &str,
) -> Result<Option<SecretBytes>, ServiceError> {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let given = credentials.map(|credentials| credentials.join(credential)).filter(|path| path.exists());
    let Some(path) = file.map(|file| dir.join(file)).or(given) else { return Ok(None) };
    let wrong = |why: String| ServiceError::Unacceptable(format!("{setting}: {}: {why}", path.display()));
    let opened = std::fs::File::open(&path).map_err(|error| wrong(error.to_string()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let mode = opened.metadata().map_err(|error| wrong(error.to_string()))?.mode();
        if mode & 0o077 != 0 {
            return Err(wrong(format!("others can read it (mode {:o}, not 600)", mode & 0o777)));
        }
    }
    let mut text = Zeroizing::new(String::with_capacity(4096));
    opened.take(LARGEST).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(wrong("nothing is in it".to_owned()));
    }
    Ok(Some(SecretBytes::copy_of(line.as_bytes())))
}

/// The root certificates of a setting, PEM.
pub(super) fn roots(setting: &str, file: Option<&Path>, dir: &Path) -> Result<Option<Vec<u8>>, ServiceError> {
    let Some(path) = file.map(|file| dir.join(file)) else { return Ok(None) };
    let wrong = |error| ServiceError::Unacceptable(format!("{setting}: {}: {error}", path.display()));
    std::fs::read(&path).map(Some).map_err(wrong)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::read;
    use std::path::Path;

    #[test]
    fn a_secret_is_one_line_of_a_file_that_others_cannot_read() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let asked = || read("mail.password_file", Some(Path::new("secret")), dir.path(), "none");
        let missing = asked().err().unwrap().to_string();
        assert!(missing.contains("mail.password_file") && missing.contains("secret"), "{missing}");
        std::fs::write(&path, "s3cret\r\nmore\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let readable = asked().err().unwrap().to_string();
        assert!(readable.contains("640") && !readable.contains("s3cret"), "{readable}");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(asked().unwrap().unwrap().expose(), b"s3cret");
        std::fs::write(&path, "\n").unwrap();
        assert!(asked().is_err());
        assert!(read("mail.password_file", None, dir.path(), "none").unwrap().is_none());
    }
}
