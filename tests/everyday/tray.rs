//! The icon in the tray, over a real message bus with a small tray in Python, `tray.py`.

use crate::program::{Process, Session};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Stdio};

struct Tray {
    said: BufReader<ChildStdout>,
    tell: ChildStdin,
    _process: Process,
}

impl Tray {
    fn start(session: &Session) -> Self {
        let mut command = session.command("/usr/bin/python3");
        let mut process =
            command.arg("tests/everyday/tray.py").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (said, tell) = (BufReader::new(process.stdout.take().unwrap()), process.stdin.take().unwrap());
        let mut tray = Self { said, tell, _process: Process(process) };
        assert_eq!(tray.hear(), "ready");
        tray
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn tell(&mut self, words: &str) -> String {
        writeln!(self.tell, "{words}").unwrap();
        self.hear()
    }
}

#[test]
fn a_closed_window_stays_in_the_tray_and_comes_back() {
    let session = Session::start();
    let mut tray = Tray::start(&session);
    let mut program = session.open(&[]);
    session.wait_for("tray true");
    assert_eq!(tray.hear(), "registered");
    assert_eq!(tray.tell("menu"), "打开|环境检测||退出");
    let window = session.window();
    session.close(&window);
    session.wait_for("hidden");
    assert_eq!(tray.tell("click 环境检测"), "clicked");
    session.wait_for("summoned cert-assistant:check");
    session.window();
    assert_eq!(tray.tell("activate"), "activated");
    session.wait_for("summoned cert-assistant:window");
    assert_eq!(tray.tell("click 退出"), "clicked");
    assert!(program.0.wait().unwrap().success());
}

#[test]
fn a_program_that_starts_into_the_tray_shows_nothing_answers_a_second_start_and_can_be_ended() {
    let session = Session::start();
    let mut tray = Tray::start(&session);
    let mut program = session.open(&["--background"]);
    session.wait_for("tray true");
    assert_eq!(tray.hear(), "registered");
    assert_eq!(session.windows().len(), 0);
    assert!(session.run(&["--open", "check"]).status.success());
    session.wait_for("summoned cert-assistant:check");
    session.window();
    drop(program.0.kill());
    program.0.wait().unwrap();
    let mut hidden = session.open(&["--background"]);
    assert_eq!(tray.hear(), "registered");
    assert_eq!(tray.tell("click 退出"), "clicked");
    assert!(hidden.0.wait().unwrap().success(), "ended while it was hidden");
    let mut hidden = session.open(&["--background"]);
    assert_eq!(tray.hear(), "registered");
    assert!(session.run(&["--quit"]).status.success());
    assert!(hidden.0.wait().unwrap().success(), "asked to end while it was hidden");
}

#[test]
fn without_a_tray_the_window_is_there_and_the_icon_comes_with_the_tray() {
    let session = Session::start();
    let config = session.path("config/cert-assistant");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("settings.json"), r#"{"language": "en"}"#).unwrap();
    let mut program = session.open(&["--background"]);
    session.wait_for("tray false");
    let mut tray = Tray::start(&session);
    assert_eq!(tray.hear(), "registered");
    session.wait_for("tray true");
    assert_eq!(tray.tell("menu"), "Open|Check the environment||Quit");
    drop(tray);
    session.wait_for("tray false");
    assert!(session.run(&[]).status.success());
    let window = session.window();
    session.close(&window);
    // without a tray closing ends the program
    assert!(program.0.wait().unwrap().success());
}
