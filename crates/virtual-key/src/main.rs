//! `virtual-key`: makes keys in software, puts them into the virtual reader of the reader service or on a TCP port, and
//! lets faults happen. For tests and training; see `virtual-key --help`.
#![allow(clippy::print_stdout)] // the lines printed are what a test or a trainer waits for

use clap::{Args, Parser, Subcommand};
use gm::issue::IssueError;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::{fmt, thread};
use virtual_key::faults::FaultRule;
use virtual_key::personalise::{OwnerKind, personalise};
use virtual_key::{
    CaError, Cause, Control, Faults, ForeignCard, KeyState, LinkEvent, Outcome, Plug, Spec, State, StoreError, TestCa,
    VirtualKey, command_name, link_tcp, link_vpcd,
};

/// A USB key in software: SM2, GM/T 0017, profile gm3000.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Make a key and write it to a file
    New(New),
    /// Put a key into a reader. On standard input: unplug, plug, quit
    Run(Run),
    /// Print what a key holds, without secrets
    Show {
        /// State file
        file: PathBuf,
    },
    /// Put a card into a reader that is no key; prints the header of every command it gets
    Foreign {
        /// Port of the virtual reader
        #[arg(long, default_value_t = link_vpcd::FIRST_PORT)]
        vpcd: u16,
    },
}

#[derive(Args)]
struct New {
    /// State file to write; the file must not exist
    #[arg(long)]
    out: PathBuf,
    /// Folder with the authority (root.pem, opca.pem and keys); made when missing. Without it an authority of its own
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Owner, the CN of the certificates
    #[arg(long, default_value = "北京演示科技有限公司")]
    owner: String,
    /// 密码卡序列号
    #[arg(long, default_value = "10200000016873")]
    serial: String,
    /// The owner is a person
    #[arg(long)]
    person: bool,
    /// User PIN
    #[arg(long, default_value = "123456")]
    pin: String,
    /// Admin PIN
    #[arg(long, default_value = "111111")]
    admin_pin: String,
    /// File with the admin PIN on its first line
    #[arg(long, value_name = "FILE", conflicts_with = "admin_pin")]
    admin_pin_file: Option<PathBuf>,
    /// Days of validity left, negative after the end [default: as the state has it]
    #[arg(long, allow_negative_numbers = true)]
    days: Option<i64>,
    /// Days since validity began [default: a year before its end]
    #[arg(long, allow_negative_numbers = true)]
    valid_from_days_ago: Option<i64>,
    /// One of: valid expiring expired not-yet-valid locked default-pin empty no-application damaged mismatch
    /// two-containers seal
    #[arg(long, default_value = "valid")]
    state: State,
    /// Serial number of the device, at most 32 characters [default: made up]
    #[arg(long)]
    device_serial: Option<String>,
    /// Address of the revocation list in the certificates
    #[arg(long)]
    crl: Option<String>,
}

#[derive(Args)]
struct Run {
    /// State file
    file: PathBuf,
    /// Port of the virtual reader [default: 35963]
    #[arg(long, conflicts_with = "tcp")]
    vpcd: Option<u16>,
    /// Serve on this loopback port instead (0 = a free one): two-byte big-endian length, then the command
    #[arg(long)]
    tcp: Option<u16>,
    /// A fault to happen, repeatable. KIND: unplug-before, unplug-after, cut-before, cut-after, garbage=N, short, long,
    /// lie=N, slow=SECONDS, slow=forever, full=6A84, full=6581. WHERE: N, ins:XX, ins:XX#N, ins:XX#*, *
    #[arg(long = "fault", value_name = "KIND[=VALUE][@WHERE]")]
    faults: Vec<FaultRule>,
    /// Print the header of every command and its status word, never data
    #[arg(long)]
    log: bool,
}

#[derive(thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Ca(#[from] CaError),
    #[error(transparent)]
    Issue(#[from] IssueError),
    #[error("{0} exists; it is not overwritten")]
    Exists(PathBuf),
    #[error("a PIN has {0} to {1} bytes")]
    Pin(u8, u8),
    #[error("the device serial number has 1 to 32 characters")]
    DeviceSerial,
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The message alone: this is what a person sees when the program ends.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn main() -> Result<ExitCode, Failure> {
    match Arguments::parse().command {
        Task::New(new) => make(new)?,
        Task::Run(run) => serve(&run)?,
        Task::Show { file } => show(VirtualKey::open(&file)?.state()),
        Task::Foreign { vpcd } => {
            let mut card = ForeignCard::default();
            let control = commanded(Arc::default());
            link_vpcd::run(vpcd, &mut card, &control, &mut |event| print(&event, true));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn make(new: New) -> Result<(), Failure> {
    if new.out.exists() {
        return Err(Failure::Exists(new.out));
    }
    let ca = match &new.ca {
        Some(folder) => TestCa::of_folder(folder)?,
        None => TestCa::create()?,
    };
    if new.device_serial.as_ref().is_some_and(|serial| serial.is_empty() || serial.len() > 32) {
        return Err(Failure::DeviceSerial);
    }
    let admin_pin = match &new.admin_pin_file {
        Some(file) => first_line(file)?,
        None => new.admin_pin,
    };
    let spec = Spec {
        owner: new.owner,
        serial: new.serial,
        kind: if new.person { OwnerKind::Person } else { OwnerKind::Organisation },
        pin: new.pin,
        admin_pin,
        days: new.days,
        valid_from_days_ago: new.valid_from_days_ago,
        state: new.state,
        device_serial: new.device_serial,
        crl_uri: new.crl,
    };
    let state = personalise(&spec, &ca)?;
    let (shortest, longest) = state.device.pin_length;
    for pin in [&spec.pin, &spec.admin_pin] {
        if !(usize::from(shortest)..=usize::from(longest)).contains(&pin.len()) {
            return Err(Failure::Pin(shortest, longest));
        }
    }
    show(VirtualKey::new(state).with_store(new.out)?.state());
    Ok(())
}

fn first_line(file: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file).map_err(|source| Failure::File { path: file.to_owned(), source })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn serve(run: &Run) -> Result<(), Failure> {
    let faults: Faults = run.faults.iter().cloned().collect();
    let mut key = VirtualKey::open(&run.file)?.with_faults(faults);
    let control = commanded(key.plug());
    let mut notify = |event: LinkEvent<'_>| print(&event, run.log);
    match run.tcp {
        Some(port) => link_tcp::run(port, &mut key, &control, &mut notify)?,
        None => link_vpcd::run(run.vpcd.unwrap_or(link_vpcd::FIRST_PORT), &mut key, &control, &mut notify),
    }
    Ok(())
}

/// Obeys standard input on a thread of its own; its end changes nothing.
fn commanded(plug: Arc<Plug>) -> Arc<Control> {
    let control = Arc::new(Control::new(plug));
    let obeying = Arc::clone(&control);
    let listen = move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            match line.trim() {
                "unplug" => {
                    obeying.unplug();
                    say(format_args!("unplugged"));
                }
                "plug" => {
                    obeying.plug();
                    say(format_args!("plugged"));
                }
                // the state file is whole at every moment, so there is nothing to finish
                "quit" => std::process::exit(0),
                "" => {}
                other => say(format_args!("unknown command '{other}'; there are: unplug, plug, quit")),
            }
        }
    };
    // without the thread the key still works, it only can't be told anything
    let _ = thread::Builder::new().name("commands".to_owned()).spawn(listen);
    control
}

fn print(event: &LinkEvent<'_>, log: bool) {
    match event {
        LinkEvent::Listening(address) => say(format_args!("listening {address}")),
        LinkEvent::Connected(address) => say(format_args!("connected {address}")),
        LinkEvent::Disconnected => say(format_args!("disconnected")),
        LinkEvent::Out { cause: Cause::PowerLost } => say(format_args!("power lost")),
        LinkEvent::Out { cause: Cause::Fault } => say(format_args!("unplugged")),
        // said where the command was read, also when there was no connection
        LinkEvent::Out { cause: Cause::Control } => {}
        LinkEvent::Command { apdu, outcome } if log => {
            let header = apdu.iter().take(4).map(|byte| format!("{byte:02X} ")).collect::<String>();
            let name = match apdu {
                [class, instruction, ..] => command_name(*class, *instruction),
                _ => "unknown",
            };
            let result = match outcome {
                Outcome::Answer(answer) => match answer.as_slice() {
                    [.., sw1, sw2] => format!("{sw1:02X}{sw2:02X} with {} bytes", answer.len() - 2),
                    short => format!("{} bytes", short.len()),
                },
                Outcome::Unplugged => "unplugged".to_owned(),
                Outcome::PowerLost => "power lost".to_owned(),
            };
            say(format_args!("apdu {header}({} bytes) {name} -> {result}", apdu.len()));
        }
        LinkEvent::Command { .. } => {}
    }
}

/// One line, at once: others wait for it. A reader that went away is no reason to end.
fn say(line: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

fn show(state: &KeyState) {
    let device = &state.device;
    println!("device      {} {} serial {}", device.label, device.oem, device.serial);
    println!("memory      {} of {} bytes free", state.free_space(), device.total_space);
    if state.applications.is_empty() {
        println!("application none");
    }
    for application in &state.applications {
        println!("application {}", application.name);
        for (name, pin) in [("user", &application.user), ("admin", &application.admin)] {
            let default = if pin.is_default { ", default PIN" } else { "" };
            println!("  {name:5} PIN {} of {} tries left{default}", pin.tries.left, pin.tries.max);
        }
        for container in &application.containers {
            let slot = |slot: &virtual_key::state::Slot| match (&slot.key, &slot.certificate) {
                (None, _) => "none".to_owned(),
                (Some(_), None) => "key".to_owned(),
                (Some(_), Some(certificate)) => format!("key and certificate of {} bytes", certificate.len()),
            };
            println!(
                "  container {}: signing {}, encryption {}",
                container.name,
                slot(&container.sign),
                slot(&container.encrypt)
            );
        }
        for file in &application.files {
            println!("  file {} of {} bytes", file.name, file.data.len());
        }
    }
}
