//! Desktop entries this program writes for its person (Desktop Entry Specification 1.5).
//!
//! Invariant: a power cut leaves the old file or the new one.

use base::files::{self, Access};
use std::io;
use std::path::Path;

/// A program as the first word of an `Exec` key.
///
/// # Errors
/// No entry can hold its path.
pub(super) fn program(path: &Path) -> io::Result<String> {
    let path = path.to_str().filter(|path| !path.contains(['\n', '\r', '\0']));
    path.map(quoted).ok_or_else(|| io::Error::other("the path of the program can't be written down"))
}

/// Writes an entry, and the folder it is in.
///
/// # Errors
/// The folder can't be made or written.
pub(super) fn write(path: &Path, text: &str, access: Access) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    files::replace(path, text.as_bytes(), access)
}

/// Quotes an argument, then escapes the string that holds it (§The Exec key).
fn quoted(argument: &str) -> String {
    let mut text = String::from("\"");
    for character in argument.chars() {
        match character {
            '"' | '`' | '$' => text.extend(['\\', '\\', character]),
            '\\' => text.push_str("\\\\\\\\"),
            '%' => text.push_str("%%"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::{program, quoted, write};
    use base::files::Access;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    #[test]
    fn special_characters_of_a_path_are_quoted() {
        assert_eq!(quoted("/a b/$c`\"%"), r#""/a b/\\$c\\`\\"%%""#);
        assert_eq!(quoted(r"a\b"), r#""a\\\\b""#);
        assert!(program(Path::new("/opt/a\nExec=evil")).is_err());
    }

    #[test]
    fn an_entry_is_written_with_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/one.desktop");
        write(&path, "whole", Access::Program).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(std::fs::read_dir(folder.path().join("deep")).unwrap().count(), 1);
    }
}
