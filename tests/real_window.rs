//! The program itself in a window, with keyboard and pointer, over the real reader service: a PIN is mistyped, then changed,
//! and holds on the key. Leaves numbered pictures in `screenshots` of the target directory.
//!
//! Nothing is waited for by time: the program's own time marks say how far it is. Where a button is, a twin of the window
//! without a screen knows by its accessible name.
#![cfg(target_os = "linux")]
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "window/bench.rs"]
#[allow(dead_code)]
mod bench;
#[path = "window/paint.rs"]
#[allow(dead_code)]
mod paint;
#[path = "window/screen.rs"]
#[allow(dead_code)]
mod screen;

use bench::{Bench, PIN, spec};
use screen::{Plan, Screen};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use testkit::reader::{WATCHDOG, Watching, make, pin, with_private_service};
use testkit::xvfb::{Display, Process};
use token::{PinKind, Token, TokenError};

const NEW_PIN: &str = "Demo2026";
const SIZE: [f32; 2] = [960.0, 640.0];

/// The program on a display.
struct Program {
    display: Display,
    window: String,
    marks: Receiver<String>,
    twin: Screen,
    pictures: PathBuf,
    taken: Vec<Vec<u8>>,
    _process: Process,
}

impl Program {
    /// Starts it and waits until its window is there and has the keyboard.
    fn start(folder: &Path, bench: &std::sync::Arc<Bench>) -> Self {
        let display = Display::start();
        let timeline = folder.join("timeline");
        assert!(Command::new("mkfifo").arg(&timeline).status().unwrap().success());
        let marks = follow(&timeline);
        let process = Command::new(env!("CARGO_BIN_EXE_cert-assistant"))
            .env("DISPLAY", &display.name)
            .env_remove("WAYLAND_DISPLAY")
            .env("XDG_CONFIG_HOME", folder)
            .env("CERT_ASSISTANT_TIMELINE", &timeline)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let process = Process(process);
        let window = display
            .run("timeout", &["30", "xdotool", "search", "--sync", "--onlyvisible", "--class", "cert-assistant"]);
        display.run("xdotool", &["windowfocus", "--sync", &window]);
        let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("screenshots");
        let _none_yet = fs::remove_dir_all(&pictures);
        fs::create_dir_all(&pictures).unwrap();
        let twin = Plan::new(bench).size(SIZE[0], SIZE[1]).open();
        Self { display, window, marks, twin, pictures, taken: Vec::new(), _process: process }
    }

    /// Waits for a time mark.
    fn wait_for(&self, mark: &str) {
        loop {
            let line = self.marks.recv_timeout(WATCHDOG).unwrap_or_else(|_| panic!("the mark {mark} never came"));
            // <unix time> <time since start> <name> <detail>
            if line.splitn(3, ' ').nth(2).is_some_and(|told| told.starts_with(mark)) {
                return;
            }
        }
    }

    fn click(&mut self, name: &str) {
        let at = self.twin.control(name).rect().center();
        let (x, y) = (at.x.round().to_string(), at.y.round().to_string());
        self.display.run("xdotool", &["mousemove", "--window", &self.window, &x, &y, "click", "1"]);
        self.twin.click(name);
    }

    fn type_text(&self, text: &str) {
        self.display.run("xdotool", &["type", "--delay", "0", text]);
    }

    fn press(&self, keys: &[&str]) {
        self.display.run("xdotool", &[&["key", "--delay", "0"], keys].concat());
    }

    /// Keeps a picture of what the window has come to show: unlike the one before, and the same in two looks.
    fn picture(&mut self, name: &str) {
        let path = self.pictures.join(format!("{:02}-{name}.png", self.taken.len() + 1));
        let look = || {
            self.display.run("import", &["-window", &self.window, path.to_str().unwrap()]);
            self.display.run("convert", &[path.to_str().unwrap(), "-format", "%#", "info:"]).into_bytes()
        };
        let mut before = look();
        for _ in 0..100 {
            let now = look();
            if now == before && self.taken.last() != Some(&now) {
                self.taken.push(now);
                return;
            }
            before = now;
        }
        panic!("the window never came to show {name}");
    }
}

/// Lines of a pipe as they come.
fn follow(pipe: &Path) -> Receiver<String> {
    let (tell, lines) = channel();
    let pipe = pipe.to_owned();
    thread::spawn(move || {
        for line in BufReader::new(File::open(pipe).unwrap()).lines() {
            if tell.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    lines
}

#[test]
fn a_pin_is_changed_in_the_real_window_with_keyboard_and_pointer_and_holds_on_the_key() {
    with_private_service(
        "a_pin_is_changed_in_the_real_window_with_keyboard_and_pointer_and_holds_on_the_key",
        2,
        |model| {
            let owner = spec("北京演示科技有限公司", "10200000016873");
            let plugged = model.plug_key(0, make(&owner));
            let folder = tempfile::tempdir().unwrap();
            let bench = Bench::empty();
            bench.insert(&owner);
            let mut program = Program::start(folder.path(), &bench);
            program.twin.wait_for("有效");
            program.wait_for("card-complete");
            program.picture("key");

            program.click("修改密码");
            program.wait_for("dialog open");
            program.picture("dialog");
            // a wrong PIN first, by keyboard: the dialog stays
            program.type_text("654321");
            for _ in 0..2 {
                program.press(&["Tab", "Tab"]);
                program.type_text(NEW_PIN);
            }
            program.picture("filled-in");
            program.press(&["Return"]);
            program.wait_for("pin-changed false");
            assert_eq!(plugged.tries_left(), 9);
            program.picture("wrong-pin");

            // the right one, and the button by pointer; the new PIN is still there
            program.type_text(PIN);
            program.fill_twin();
            program.click("确定");
            program.wait_for("pin-changed true");
            program.wait_for("dialog closed");
            program.picture("changed");

            // while the window is open, another program uses the key with the new PIN
            let watching = Watching::start();
            let mut token = watching.open(&watching.inserted());
            assert_eq!(token.verify_pin(pin(PIN)), Err(TokenError::WrongPin { left: 9 }));
            assert_eq!(token.verify_pin(pin(NEW_PIN)), Ok(()));
            assert_eq!(token.pin_info(PinKind::User).unwrap().tries_left, 10);
            drop(token);
            watching.stop();

            // pulled out, it leaves the window; put in again, it is back
            plugged.pull();
            program.wait_for("removed");
            program.picture("no-key");
            plugged.put_back();
            program.wait_for("card-complete");
            program.picture("key-again");
        },
    );
}

impl Program {
    /// The twin has to know where the button is in the filled-in dialog.
    fn fill_twin(&mut self) {
        self.twin.fill("当前密码", PIN);
        for field in ["新密码", "再次输入新密码"] {
            self.twin.fill(field, NEW_PIN);
        }
    }
}
