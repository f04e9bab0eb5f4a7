//! A new version is installed over the running program, as a package does it: beside, then renamed. The running one is held
//! at its first step, the opening of its time marks, until that is done.

use crate::program::Session;
use cert_assistant::desktop::{autostart::Autostart, program};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A copy of a program, and the note that its next version leaves when it is run.
struct Installed {
    file: PathBuf,
    note: PathBuf,
}

impl Installed {
    fn new(session: &Session, program: impl AsRef<Path>) -> Self {
        let (file, note) = (session.path("bin dir/cert-assistant"), session.path("note"));
        fs::create_dir(file.parent().unwrap()).unwrap();
        fs::copy(program, &file).unwrap();
        Self { file, note }
    }

    /// The next version writes down how it was called.
    fn replace(&self) {
        let new = self.file.with_extension("dpkg-new");
        fs::write(&new, format!("#!/bin/sh\necho \"$0|$*\" > '{0}.new' && mv '{0}.new' '{0}'\n", self.note.display()))
            .unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(&new, &self.file).unwrap();
    }

    /// Starts it, replaces it before its first step, and lets it go on.
    fn replaced_while_it_runs(&self, session: &Session, command: impl FnOnce(&mut Command)) -> (Child, File) {
        let marks = session.path("marks");
        assert!(Command::new("mkfifo").arg(&marks).status().unwrap().success());
        let mut start = session.command(self.file.to_str().unwrap());
        start.env("CERT_ASSISTANT_TIMELINE", &marks).stdout(Stdio::piped()).stderr(Stdio::null());
        command(&mut start);
        let running = start.spawn().unwrap();
        self.replace();
        let told = fs::read_link(format!("/proc/{}/exe", running.id())).unwrap();
        assert_eq!(told, PathBuf::from(format!("{} (deleted)", self.file.display())), "this is what must be met");
        (running, File::open(marks).unwrap())
    }
}

#[test]
fn a_window_that_fails_after_an_update_is_started_again_as_the_new_version() {
    let session = Session::start();
    let installed = Installed::new(&session, env!("CARGO_BIN_EXE_cert-assistant"));
    let (mut running, _marks) = installed.replaced_while_it_runs(&session, |command| {
        command.args(["--open", "check"]).env("CERT_ASSISTANT_CRASH", "window");
    });
    assert!(!running.wait().unwrap().success());
    session.tool(
        "timeout",
        &["60", "sh", "-c", &format!("until [ -e {} ]; do sleep 0.02; done", installed.note.display())],
    );
    let call = format!("{}|--open check --after-crash\n", installed.file.display());
    assert_eq!(fs::read_to_string(&installed.note).unwrap(), call);
}

#[test]
fn a_child_of_the_check_is_of_the_version_that_asks() {
    let session = Session::start();
    let installed = Installed::new(&session, env!("CARGO_BIN_EXE_cert-assistant"));
    let socket = session.path("service");
    // a service of another version: only then the check asks a child what this program speaks
    let service = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for mut client in service.incoming().flatten() {
            // header: size, CMD_VERSION; body: major, minor, return value
            if client.read_exact(&mut [0; 20]).is_ok() {
                let body = [4i32.to_ne_bytes(), 99i32.to_ne_bytes(), 0x8010_001Eu32.to_ne_bytes()].concat();
                // the client may hang up first
                let _gone = client.write_all(&body).and_then(|()| client.read(&mut [0]));
            }
        }
    });
    let (mut running, mut marks) = installed.replaced_while_it_runs(&session, |command| {
        command.args(["--lang", "en", "check"]).env("PCSCLITE_CSOCK_NAME", &socket);
    });
    std::thread::spawn(move || std::io::copy(&mut marks, &mut std::io::sink()));
    let mut said = String::new();
    running.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    running.wait().unwrap();
    let line = said.lines().find(|line| line.contains("4:99")).unwrap_or_else(|| panic!("{said}"));
    // the library of pcsc-lite 1.8.24 and later
    assert!(line.contains("4:4") || line.contains("4:5"), "{line}");
    assert!(!installed.note.exists(), "the new version was asked");
}

const CHILD: &str = "CERT_ASSISTANT_TEST_REPLACED";

#[test]
fn the_start_with_the_desktop_names_the_file_of_the_next_start() {
    if std::env::var_os(CHILD).is_some() {
        // replaced meanwhile
        std::io::stdin().read_line(&mut String::new()).unwrap();
        let file = program::installed().unwrap();
        Autostart::here().unwrap().set(true).unwrap();
        let itself = Command::new(program::same_version(&file)).args(["--list"]).output().unwrap();
        println!("told {}", file.display());
        println!("itself {}", String::from_utf8_lossy(&itself.stdout).contains("the_start_with_the_desktop"));
        return;
    }
    let session = Session::start();
    let installed = Installed::new(&session, std::env::current_exe().unwrap());
    let test = "replaced::the_start_with_the_desktop_names_the_file_of_the_next_start";
    let mut child = session.command(installed.file.to_str().unwrap());
    let child = child.args(["--exact", test, "--nocapture"]).env(CHILD, "1").stdin(Stdio::piped());
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    installed.replace();
    writeln!(child.stdin.take().unwrap()).unwrap();
    let lines: Vec<_> = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok).collect();
    assert!(child.wait().unwrap().success());
    assert!(lines.contains(&format!("told {}", installed.file.display())), "{lines:?}");
    assert!(lines.contains(&"itself true".to_owned()), "{lines:?}");
    let entry = fs::read_to_string(session.path("config/autostart/cert-assistant.desktop")).unwrap();
    assert!(entry.contains(&format!("\nExec=\"{}\" --background\n", installed.file.display())), "{entry}");
    assert!(!installed.note.exists());
}
