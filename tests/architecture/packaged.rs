//! What the packages bring beside the program, made from the program itself: manual page, completions of shells, udev rule.
//! `CERT_ASSISTANT_WRITE=1 cargo nextest run --test architecture packaged` writes them.

use crate::source::top;
use cert_assistant::check::udev_rule;
use cert_assistant::cli::Exit;
use cert_assistant::cli::arguments::Arguments;
use cert_assistant::desktop::autostart::Autostart;
use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

/// What the window is, and that a command goes without it.
const DESCRIPTION: &str = r#".SH SYNOPSIS
.B cert\-assistant
.RI [ options ]
.br
.B cert\-assistant
.RI [ options ]\ command\ ...
.SH DESCRIPTION
Shows every inserted key with its certificates, changes the PIN, renews the certificate, unlocks a forgotten PIN and looks for
what is wrong between the USB port and the certificate authority.
.PP
Without a command the window opens; a second start raises the window of the first.
With a command nothing is shown but its answer, for scripts and administrators.
A PIN is asked for on the terminal or read from a file descriptor; it is never an argument.
"#;

const FILES: &str = r#".SH FILES
.TP
.I ~/.config/cert\-assistant/
Settings, own CA profiles, trusted root certificates.
.TP
.I ~/.local/share/cert\-assistant/
Unfinished orders, log files, crash reports.
.TP
.I ~/.cache/cert\-assistant/
What can be fetched again.
.TP
.I ~/.config/autostart/cert\-assistant.desktop
The person's own choice about the start with the desktop.
.TP
.I /etc/cert\-assistant/
Presets of the administrator for everybody: settings, CA profiles, trusted root certificates.
.TP
.I /etc/xdg/autostart/cert\-assistant.desktop
The start with the desktop for everybody, off until
.B Hidden=true
is taken out.
.SH SEE ALSO
.BR pcscd (8)
"#;

const EXITS: [Exit; 14] = [
    Exit::Done,
    Exit::Failed,
    Exit::NoSuchKey,
    Exit::NoService,
    Exit::WrongPin,
    Exit::Locked,
    Exit::PinRefused,
    Exit::KeyFailed,
    Exit::FileFailed,
    Exit::Uncertain,
    Exit::Problems,
    Exit::SeveralKeys,
    Exit::LastTries,
    Exit::FileExists,
];

fn meaning(exit: Exit) -> &'static str {
    match exit {
        Exit::Done => "Done.",
        Exit::Failed => "Another failure.",
        Exit::NoSuchKey => "No key with this serial number is in.",
        Exit::NoService => "The smart\\-card service can't be used.",
        Exit::WrongPin => "The current PIN was wrong.",
        Exit::Locked => "The PIN is locked.",
        Exit::PinRefused => "A PIN was refused before anything was sent.",
        Exit::KeyFailed => "The key failed, or another program holds it.",
        Exit::FileFailed => "The file could not be written.",
        Exit::Uncertain => "It is unknown whether the PIN was changed.",
        Exit::Problems => "The environment check found something wrong.",
        Exit::SeveralKeys => "The serial number fits more than one key; none was used.",
        Exit::LastTries => "One or two tries are left, and \\-\\-last\\-tries was not given.",
        Exit::FileExists => "The file is there, and \\-\\-force was not given.",
    }
}

/// A part of a page as lines, without what every part begins with.
fn part(render: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Vec<String> {
    let mut page = Vec::new();
    render(&mut page).unwrap();
    let lines = String::from_utf8(page).unwrap();
    let lines = lines.lines().filter(|line| !line.starts_with(".ie") && !line.starts_with(".el"));
    lines.map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// One page: the program, then each command with its own arguments.
fn manual() -> String {
    let whole = shown();
    let mut lines = vec![
        ".TH cert\\-assistant 1 \"\" cert\\-assistant \"User Commands\"".to_owned(),
        ".SH NAME".to_owned(),
        "cert\\-assistant \\- certificates and PINs of Chinese USB keys".to_owned(),
        DESCRIPTION.trim_end().to_owned(),
    ];
    lines.extend(part(|page| Man::new(whole.clone()).render_options_section(page)));
    lines.push(".SH COMMANDS".to_owned());
    for command in whole.get_subcommands() {
        // its help is said once, with the program
        let man = Man::new(command.clone().disable_help_flag(true));
        lines.push(format!(".SS {}", command.get_name()));
        lines.extend(part(|page| man.render_description_section(page)).into_iter().skip(1));
        lines.extend(part(|page| man.render_options_section(page)).into_iter().skip(1));
    }
    lines.push(".SH EXIT STATUS".to_owned());
    lines.push("2 is a wrong command line.".to_owned());
    for exit in EXITS {
        lines.extend([".TP".to_owned(), format!(".B {}", exit as u8), meaning(exit).to_owned()]);
    }
    lines.join("\n") + "\n" + FILES
}

/// Without what only the program says to itself.
fn shown() -> Command {
    let whole = Arguments::command();
    Command::new("cert-assistant")
        .version("")
        .args(whole.get_arguments().filter(|argument| !argument.is_hide_set()).cloned())
        .subcommands(whole.get_subcommands().filter(|command| !command.is_hide_set()).cloned())
}

fn completion(shell: Shell) -> String {
    let mut script = Vec::new();
    generate(shell, &mut shown(), "cert-assistant", &mut script);
    String::from_utf8(script).unwrap()
}

#[track_caller]
fn is_the_one(file: &str, made: &str) {
    let path = top().join("installer/linux").join(file);
    if std::env::var_os("CERT_ASSISTANT_WRITE").is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == made,
        "installer/linux/{file} is not what the program says now: see tests/architecture/packaged.rs"
    );
}

#[test]
fn the_manual_page_is_the_one_of_the_arguments() {
    is_the_one("man/cert-assistant.1", &manual());
}

#[test]
fn the_completions_are_those_of_the_arguments() {
    is_the_one("completions/cert-assistant.bash", &completion(Shell::Bash));
    is_the_one("completions/_cert-assistant", &completion(Shell::Zsh));
    is_the_one("completions/cert-assistant.fish", &completion(Shell::Fish));
}

/// Off for everybody who has not chosen, on by taking out one line, and the person's own choice counts more.
#[test]
fn the_start_with_the_desktop_is_off_until_an_administrator_or_the_person_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let (system, person) = (folder.path().join("xdg"), folder.path().join("person"));
    std::fs::create_dir(&system).unwrap();
    let shipped = std::fs::read_to_string(top().join("installer/linux/autostart.desktop")).unwrap();
    let administrator = |text: &str| std::fs::write(system.join("cert-assistant.desktop"), text).unwrap();
    let program = "/usr/bin/cert-assistant".into();
    let autostart = Autostart { folder: person, system: vec![system.clone()], program };
    administrator(&shipped);
    assert_eq!(autostart.state(), Some(false));
    let on = shipped.replace("Hidden=true\n", "");
    assert_ne!(on, shipped);
    administrator(&on);
    assert_eq!(autostart.state(), Some(true));
    autostart.set(false).unwrap();
    assert_eq!(autostart.state(), Some(false), "everybody but this person");
    administrator(&shipped);
    autostart.set(true).unwrap();
    assert_eq!(autostart.state(), Some(true), "nobody but this person");
    let line = shipped.lines().find(|line| line.starts_with("Exec=")).unwrap();
    assert_eq!(line, "Exec=cert-assistant --background");
}

#[test]
fn the_udev_rule_is_the_one_the_check_installs() {
    is_the_one("70-cert-assistant.rules", &udev_rule());
}
