//! The registry of Windows, by the system's own program: no console window flashes up, and what it prints is read by the
//! names in it, since the words around them are in the language of the system.

/// What it prints of a value; `None` where there is none.
#[cfg(windows)]
pub(super) fn query(key: &str, value: &str) -> Option<String> {
    run(&["query", key, "/v", value]).ok()
}

/// Runs it, and what it prints.
///
/// # Errors
/// It could not be started, or ended with an error.
#[cfg(windows)]
pub(super) fn run(arguments: &[&str]) -> std::io::Result<String> {
    use std::os::windows::process::CommandExt;
    /// `CREATE_NO_WINDOW`.
    const NO_WINDOW: u32 = 0x0800_0000;
    let answer = std::process::Command::new("reg").args(arguments).creation_flags(NO_WINDOW).output()?;
    if !answer.status.success() {
        return Err(std::io::Error::other(answer.status.to_string()));
    }
    Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
}

/// Name by which the notification area knows the program, where its installation made it known.
#[cfg(windows)]
#[must_use]
pub fn message_name() -> Option<&'static str> {
    const NAME: &str = "cert-assistant";
    query(&format!(r"HKCR\AppUserModelId\{NAME}"), "DisplayName").map(|_| NAME)
}

/// Fields of a value: name, type, data.
fn field<'a>(answer: &'a str, name: &str, kinds: &[&str]) -> Option<&'a str> {
    answer.lines().find_map(|line| {
        let mut fields = line.trim().splitn(3, "    ");
        let named = fields.next() == Some(name) && fields.next().is_some_and(|kind| kinds.contains(&kind));
        fields.next().map(str::trim).filter(|data| named && !data.is_empty())
    })
}

/// The text of a value.
pub(super) fn text_of<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    field(answer, name, &["REG_SZ", "REG_EXPAND_SZ"])
}

/// Whether the task manager switched a program off: an odd first byte.
pub(super) fn is_switched_off(answer: &str, name: &str) -> bool {
    let first = field(answer, name, &["REG_BINARY"]).and_then(|data| data.get(..2));
    first.and_then(|byte| u8::from_str_radix(byte, 16).ok()).is_some_and(|byte| byte % 2 == 1)
}

#[cfg(test)]
mod tests {
    use super::{is_switched_off, text_of};

    #[test]
    fn the_answer_of_the_registry_names_the_program() {
        let answer = "\r\nHKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\r\n    \
                      cert-assistant    REG_SZ    \"C:\\a    b\\cert-assistant.exe\" --background\r\n\r\n";
        let read = |answer: &str| text_of(answer, "cert-assistant").map(str::to_owned);
        assert_eq!(read(answer).unwrap(), r#""C:\a    b\cert-assistant.exe" --background"#);
        assert_eq!(read(&answer.replace("REG_SZ", "REG_BINARY")), None);
        assert_eq!(read(&answer.replace("    cert-assistant", "    other")), None);
        assert_eq!(read("    cert-assistant    REG_SZ    "), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn a_program_switched_off_in_the_task_manager_is_known_by_its_first_byte() {
        let off =
            |data: &str| is_switched_off(&format!("    cert-assistant    REG_BINARY    {data}\r\n"), "cert-assistant");
        assert!(off("03000000E0BD1A2B3C4DDA01"));
        assert!(!off("020000000000000000000000"));
        assert!(!off(""));
        assert!(!is_switched_off("    cert-assistant    REG_SZ    03", "cert-assistant"));
    }
}
