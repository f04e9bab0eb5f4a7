//! The program in a session of its own: screen, folders, bus.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use testkit::xvfb::Display;
pub use testkit::xvfb::Process;

/// A test that waits so long for something that must happen has failed.
pub const WATCHDOG: Duration = Duration::from_secs(60);

/// A person's session.
pub struct Session {
    display: Display,
    bus: String,
    pub folder: tempfile::TempDir,
    marks: Receiver<String>,
    told: Sender<String>,
    _bus: Process,
}

/// The first line a server says on its standard output.
fn server(command: &mut Command) -> (String, Process) {
    let mut server = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a server of the session");
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (line.trim().to_owned(), Process(server))
}

impl Session {
    pub fn start() -> Self {
        let (bus, daemon) = server(Command::new("dbus-daemon").args(["--session", "--nofork", "--print-address"]));
        let folder = tempfile::tempdir().unwrap();
        let runtime = folder.path().join("run");
        fs::create_dir(&runtime).unwrap();
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).unwrap();
        let (told, marks) = channel();
        Self { display: Display::start(), bus, folder, marks, told, _bus: daemon }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("DISPLAY", &self.display.name)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("PCSCLITE_CSOCK_NAME", self.path("no-service"))
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null());
        command
    }

    /// The program with its time marks told to this session.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let pipe = tempfile::Builder::new().prefix("marks").tempdir_in(self.folder.path()).unwrap().keep().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (told, from) = (self.told.clone(), pipe.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(File::open(from).unwrap()).lines().map_while(Result::ok) {
                // <unix time> <time since start> <name> <detail>
                let mark = line.splitn(3, ' ').nth(2).unwrap_or_default().to_owned();
                if told.send(mark).is_err() {
                    return;
                }
            }
        });
        let mut command = self.command(env!("CARGO_BIN_EXE_cert-assistant"));
        command.args(arguments).env("CERT_ASSISTANT_TIMELINE", pipe);
        command
    }

    pub fn open(&self, arguments: &[&str]) -> Process {
        Process(self.program(arguments).spawn().unwrap())
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(env!("CARGO_BIN_EXE_cert-assistant")).args(arguments).output().unwrap()
    }

    /// Waits for a time mark.
    pub fn wait_for(&self, mark: &str) {
        loop {
            let told = self.marks.recv_timeout(WATCHDOG).unwrap_or_else(|_| panic!("the mark {mark} never came"));
            if told.trim() == mark {
                return;
            }
        }
    }

    /// Runs a tool of the session, and what it said.
    pub fn tool(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Windows of the program that can be seen.
    pub fn windows(&self) -> Vec<String> {
        let search = ["search", "--onlyvisible", "--class", "cert-assistant"];
        let output = self.command("xdotool").args(search).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// Waits until a window can be seen.
    pub fn window(&self) -> String {
        self.tool("timeout", &["60", "xdotool", "search", "--sync", "--onlyvisible", "--class", "cert-assistant"])
    }
}

/// Asks a window to close, as a window manager does (ICCCM §4.2.8.1).
const CLOSE: &str = r#"
import ctypes, sys
x = ctypes.CDLL('libX11.so.6')
x.XOpenDisplay.restype = ctypes.c_void_p
x.XInternAtom.restype = ctypes.c_ulong
class Message(ctypes.Structure):
    _fields_ = [('type', ctypes.c_int), ('serial', ctypes.c_ulong), ('send_event', ctypes.c_int),
                ('display', ctypes.c_void_p), ('window', ctypes.c_ulong), ('message_type', ctypes.c_ulong),
                ('format', ctypes.c_int), ('data', ctypes.c_long * 5), ('pad', ctypes.c_long * 24)]
display = ctypes.c_void_p(x.XOpenDisplay(None))
window = int(sys.argv[1])
atom = lambda name: x.XInternAtom(display, name, 0)
message = Message(type=33, window=window, message_type=atom(b'WM_PROTOCOLS'), format=32)
message.data[0] = atom(b'WM_DELETE_WINDOW')
x.XSendEvent(display, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(message))
x.XSync(display, 0)
"#;

impl Session {
    /// Closes a window as a person does.
    pub fn close(&self, window: &str) {
        self.tool("python3", &["-c", CLOSE, window]);
    }
}

/// Files of a folder, by name.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
