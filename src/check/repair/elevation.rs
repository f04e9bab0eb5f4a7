//! An administrator's rights for one line of the shell: had already, else by polkit, else by sudo where there is a terminal.

use crate::check::outside::in_path;
use crate::check::scene::Scene;
use base::fault::{Fault, FaultCode};
use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::{ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long what a line said may take after its end.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// pkexec(1): the person closed the dialog.
const DISMISSED: i32 = 126;
/// pkexec(1): not allowed, or nobody could be asked.
const NOT_ALLOWED: i32 = 127;

/// How the rights are had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Powers {
    /// They are had.
    Own,
    /// polkit asks the person.
    Pkexec(PathBuf),
    /// sudo asks on the terminal.
    Sudo(PathBuf),
    /// Not at all.
    None,
}

impl Powers {
    pub(super) fn of(scene: &Scene) -> Self {
        if is_root() {
            return Self::Own;
        }
        let pkexec = in_path(scene, "pkexec").next().map(Self::Pkexec);
        let sudo = || in_path(scene, "sudo").next().filter(|_| std::io::stdin().is_terminal()).map(Self::Sudo);
        pkexec.or_else(sudo).unwrap_or(Self::None)
    }

    /// What is shown of a line before it runs.
    pub(super) fn shown(&self, line: &str) -> String {
        let quoted = quote(line);
        match self {
            _ if cfg!(windows) => line.to_owned(),
            Self::Own => line.to_owned(),
            Self::Pkexec(_) => format!("pkexec /bin/sh -c {quoted}"),
            Self::Sudo(_) | Self::None => format!("sudo /bin/sh -c {quoted}"),
        }
    }

    /// Runs a line with the input it reads. `failed` is the fault of a line that ends with an error.
    pub(super) fn run(&self, line: &str, input: &str, failed: FaultCode) -> Result<(), Fault> {
        let mut command = match self {
            Self::Own => Command::new("/bin/sh"),
            Self::Pkexec(program) | Self::Sudo(program) => {
                let mut command = Command::new(program);
                command.arg("/bin/sh");
                command
            }
            Self::None => return Err(Fault::new(FaultCode::NoElevation).with("command", self.shown(line))),
        };
        command.arg("-c").arg(line).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let unstarted = |error: std::io::Error| Fault::new(failed).detail(error.to_string());
        let mut child = command.spawn().map_err(unstarted)?;
        if let Some(mut stdin) = child.stdin.take()
            && let Err(error) = stdin.write_all(input.as_bytes())
        {
            // a line that reads nothing has ended already; one that failed says so itself
            tracing::debug!(%error, "the repair did not read its input");
        }
        let said = child.stderr.take().and_then(listen);
        let status = child.wait().map_err(unstarted)?;
        match (status.code(), self) {
            (Some(0), _) => Ok(()),
            (Some(DISMISSED), Self::Pkexec(_)) => Err(Fault::new(FaultCode::ElevationCancelled)),
            (Some(NOT_ALLOWED), Self::Pkexec(_)) => {
                Err(Fault::new(FaultCode::ElevationRefused).with("command", self.shown(line)))
            }
            (code, _) => {
                let said = said.and_then(|said| said.recv_timeout(LAST_WORDS).ok()).unwrap_or_default();
                let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
                let code = code.map_or_else(|| "-".to_owned(), |code| code.to_string());
                Err(Fault::new(failed).detail(format!("{code} {last}").chars().take(200).collect::<String>()))
            }
        }
    }
}

/// Reads what a line says beside everything else: a service it started may keep its end of the pipe for ever.
fn listen(mut stderr: ChildStderr) -> Option<Receiver<String>> {
    let (tell, said) = channel();
    let read = move || {
        let mut text = Vec::new();
        // what came before an error counts
        let _read = stderr.read_to_end(&mut text);
        // nobody waits for a service
        let _late = tell.send(String::from_utf8_lossy(&text).into_owned());
    };
    std::thread::Builder::new().name("repair-output".to_owned()).spawn(read).ok()?;
    Some(said)
}

#[cfg(target_os = "linux")]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(target_os = "linux"))]
const fn is_root() -> bool {
    false
}

/// One word of the shell (POSIX.1-2017 XCU 2.2.2).
pub(super) fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:=@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::{Powers, quote};
    use base::fault::FaultCode;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::process::Command;

    /// A program in place of pkexec that ends with a status, or does what it is told.
    fn pkexec(folder: &Path, body: &str) -> Powers {
        let program = folder.join("pkexec");
        std::fs::write(&program, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Powers::Pkexec(program)
    }

    #[test]
    fn each_way_the_rights_are_not_given_has_its_fault() {
        let folder = tempfile::tempdir().unwrap();
        let run = |powers: &Powers| powers.run("true", "", FaultCode::ServiceNotStarted).unwrap_err();
        assert_eq!(run(&pkexec(folder.path(), "exit 126")).code, FaultCode::ElevationCancelled);
        let refused = run(&pkexec(folder.path(), "exit 127"));
        assert_eq!(refused.code, FaultCode::ElevationRefused);
        assert!(refused.sentences(true).todo.contains("pkexec /bin/sh -c true"), "{:?}", refused.sentences(true));
        let none = run(&Powers::None);
        assert_eq!(none.code, FaultCode::NoElevation);
        assert!(none.sentences(false).todo.contains("sudo /bin/sh -c true"));
        let failed = run(&pkexec(folder.path(), "echo nothing there >&2; exit 5"));
        assert_eq!((failed.code, failed.detail.as_str()), (FaultCode::ServiceNotStarted, "5 nothing there"));
    }

    #[test]
    fn the_line_that_runs_is_the_one_that_was_shown_and_gets_its_input() {
        let folder = tempfile::tempdir().unwrap();
        let said = folder.path().join("it's here");
        let line = format!("cat > {}", quote(&said.display().to_string()));
        for powers in [Powers::Own, pkexec(folder.path(), "exec \"$@\"")] {
            powers.run(&line, "rule\n", FaultCode::RuleNotInstalled).unwrap();
            assert_eq!(std::fs::read_to_string(&said).unwrap(), "rule\n");
            std::fs::remove_file(&said).unwrap();
        }
        // pasted into a shell, what is shown does the same
        let shown = pkexec(folder.path(), "exec \"$@\"").shown(&line);
        let mut pasted = Command::new("sh");
        pasted.args(["-c", &format!("printf x | {shown}")]);
        pasted.env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()));
        assert!(pasted.status().unwrap().success());
        assert_eq!(std::fs::read_to_string(&said).unwrap(), "x");
    }
}
