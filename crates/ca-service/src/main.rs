//! `ca-service`: makes, runs and looks after the reference CA service; see `ca-service --help`.
//!
//! TLS ends in front of it, in a reverse proxy that passes `Host` on; without one it listens to its own machine only.
#![allow(clippy::print_stdout)] // the lines printed are what an administrator or a test waits for

use base::secret::SecretBytes;
use ca_service::audit::{self, VerifyError};
use ca_service::operators::{OperatorError, Operators, Role};
use ca_service::setup::{self, COMMAND_LINE, Registration, SetupError};
use ca_service::{Config, ServiceError, clock, console, delivery, http};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;
use zeroize::Zeroizing;

/// Reference CA service: order API for certificate renewal and unlocking, key management, operator console.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Make a CA: root, operation CA, key management, database, first administrator
    Init(Init),
    /// Run the service and its console
    Run(Run),
    /// Register a customer, and take the certificates and the device of its key into the books
    Register(Register),
    /// Write the admin PIN of a registered key into a file, for its personalisation
    AdminPin(AdminPin),
    /// Make the next master of the admin PINs; keys registered from now on get theirs from it, the others keep theirs.
    /// A running service has to be started again
    AdminMaster(AdminMaster),
    /// Look after the people of the console
    #[command(subcommand)]
    Operator(OperatorTask),
    /// Look after the audit log
    #[command(subcommand)]
    Audit(AuditTask),
}

/// Where the books are.
#[derive(Args, Clone)]
struct Place {
    /// Folder of the service: keys, settings, and the databases unless --database says otherwise
    #[arg(long)]
    dir: PathBuf,
    /// Database of the books, postgres://… or sqlite:… [default: books.db in the folder]. Leave the password of
    /// PostgreSQL out of it and in ~/.pgpass or PGPASSWORD
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Database of the key management [default: that of the books on PostgreSQL, otherwise kmc.db in the folder]
    #[arg(long, value_name = "URL")]
    kmc_database: Option<String>,
}

/// What opens the keys.
#[derive(Args)]
struct Unlock {
    /// File with the passphrase of the keys on its first line [default: systemd credential `passphrase`, otherwise asked
    /// for on the terminal]
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Args)]
struct Init {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    unlock: Unlock,
    /// Name of the CA as people read it
    #[arg(long, default_value = "Demo Trust Centre")]
    name: String,
    /// Address of the service from outside, without a slash at the end; stands in certificates
    #[arg(long, default_value = "http://127.0.0.1:8443")]
    url: String,
    /// Log-in name of the first administrator
    #[arg(long, default_value = "admin")]
    administrator: String,
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    unlock: Unlock,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// TLS ends in a reverse proxy in front, which passes Host on and sets X-Forwarded-For. Needed for any address
    /// that is not loopback
    #[arg(long)]
    behind_proxy: bool,
    /// How much to log on standard error: off, error, warn, info, debug
    #[arg(long, default_value = "info", value_name = "LEVEL")]
    log: LevelFilter,
}

#[derive(Args)]
struct Register {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    unlock: Unlock,
    /// Number of a customer in the books whose key it is [default: a new customer]
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["name", "person", "code", "number", "contact_name"])]
    customer: Option<i64>,
    /// Name of the customer as in the certificate [default: that of --sign]
    #[arg(long, required_unless_present_any = ["sign", "customer"])]
    name: Option<String>,
    /// The customer is a person
    #[arg(long)]
    person: bool,
    /// Identity number or organisation code
    #[arg(long, default_value = "", required_unless_present = "customer")]
    code: String,
    /// Number of the customer, printed on the card
    #[arg(long, default_value = "")]
    number: String,
    /// Code of the product
    #[arg(long, default_value = "unit")]
    product: String,
    /// Contact: name
    #[arg(long, default_value = "", requires = "contact_mobile")]
    contact_name: String,
    /// Contact: mobile number
    #[arg(long, default_value = "", requires = "contact_name")]
    contact_mobile: String,
    /// Contact: e-mail address
    #[arg(long, default_value = "", requires = "contact_name")]
    contact_email: String,
    /// Signing certificate on the customer's key, PEM or DER
    #[arg(long, value_name = "FILE")]
    sign: Option<PathBuf>,
    /// Encryption certificate on the customer's key, PEM or DER
    #[arg(long, value_name = "FILE", requires = "sign")]
    encrypt: Option<PathBuf>,
    /// Serial number of the key as it states it itself; it can be unlocked when it is personalised with the admin PIN of
    /// this CA
    #[arg(long, value_name = "SERIAL")]
    device: Option<String>,
}

#[derive(Args)]
struct AdminPin {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    unlock: Unlock,
    /// Serial number of the key
    #[arg(long, value_name = "SERIAL")]
    device: String,
    /// File to write, readable by its owner only; it must not exist
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The key is personalised once more: it gets an admin PIN from the newest master
    #[arg(long)]
    anew: bool,
}

#[derive(Args)]
struct AdminMaster {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    unlock: Unlock,
}

#[derive(Subcommand)]
enum OperatorTask {
    /// Add an operator; prints a password to hand over
    Add {
        #[command(flatten)]
        place: Place,
        /// Log-in name
        name: String,
        /// What the person may do
        #[arg(long, value_enum)]
        role: RoleName,
    },
    /// Give an operator a new password; prints it
    Reset {
        #[command(flatten)]
        place: Place,
        /// Log-in name
        name: String,
    },
    /// List the operators
    List {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Subcommand)]
enum AuditTask {
    /// Check the chain of the whole log
    Verify {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    Administrator,
    Operator,
    Auditor,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Administrator => Self::Administrator,
            RoleName::Operator => Self::Operator,
            RoleName::Auditor => Self::Auditor,
        }
    }
}

#[derive(thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Operator(#[from] OperatorError),
    #[error(transparent)]
    Audit(#[from] VerifyError),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the two passphrases differ")]
    PassphrasesDiffer,
    #[error(
        "{0} is not loopback. Passwords and orders need TLS: let a reverse proxy on this machine end it, or state with \
         --behind-proxy that one in front does"
    )]
    NotLoopback(SocketAddr),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The message alone: this is what a person sees when the program ends.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Place> for setup::Place {
    fn from(place: Place) -> Self {
        Self { dir: place.dir, database: place.database, kmc_database: place.kmc_database }
    }
}

fn main() -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_name("ca-service-worker").enable_all().build()?;
    runtime.block_on(async {
        match Arguments::parse().command {
            Task::Init(init) => make(init).await?,
            Task::Run(run) => serve(run).await?,
            Task::Register(register) => take_in(register).await?,
            Task::AdminPin(task) => admin_pin(task).await?,
            Task::AdminMaster(task) => admin_master(task).await?,
            Task::Operator(task) => operator(task).await?,
            Task::Audit(AuditTask::Verify { place }) => {
                let records = audit::verify(&setup::Place::from(place).store().await?).await?;
                println!("intact     {records} records");
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn make(init: Init) -> Result<(), Failure> {
    let passphrase = passphrase(init.unlock.passphrase_file.as_deref(), true)?;
    let settings = Config { name: init.name, public_url: init.url, ..Config::default() };
    let place = setup::Place::from(init.place);
    let password = place.init(passphrase.expose(), &settings, &init.administrator, clock::system()).await?;
    let dir = place.dir.display();
    println!("made       {dir}");
    println!("user name  {}", init.administrator);
    println!("password   {}", password.expose());
    println!();
    println!("The password is shown this once and must be changed at the first log-in.");
    println!("Next:");
    println!("  ca-service run --dir {dir}");
    println!("  then log in at http://127.0.0.1:8443/console");
    println!("Keep the passphrase: without it the CA can't issue, and there is no way back to its keys.");
    println!("root.key is not needed to run; keep it somewhere else.");
    Ok(())
}

async fn serve(run: Run) -> Result<(), Failure> {
    // to be changed on a running system only by starting again, so nothing is read from the environment
    tracing_subscriber::fmt().with_max_level(run.log).with_writer(io::stderr).init();
    if !run.listen.ip().is_loopback() && !run.behind_proxy {
        return Err(Failure::NotLoopback(run.listen));
    }
    let stop = Stop::listen()?;
    let place = setup::Place::from(run.place);
    let dir = place.dir.clone();
    // a wrong folder is told before somebody types a passphrase
    drop(place.store().await?);
    let passphrase = passphrase(run.unlock.passphrase_file.as_deref(), false)?;
    let service = Arc::new(place.open(passphrase.expose(), run.behind_proxy, clock::system()).await?);
    drop(passphrase);
    let gateways = delivery::Gateways::open(&service.config, &dir)?;
    let listener = TcpListener::bind(run.listen).await?;
    let routes = http::router(&service).merge(console::router(Arc::clone(&service), service.config.behind_proxy));
    let delivery = delivery::start(&service, &gateways);
    let mut running = http::serve(service, routes, listener)?;
    say(format_args!("listening http://{}", running.address));
    say(format_args!("console    http://{}/console", running.address));
    let ended = tokio::select! {
        ended = running.ended() => ended,
        () = stop.wanted() => Ok(()),
    };
    // first, while the books are open
    delivery.stop().await;
    running.stop().await;
    say(format_args!("stopped"));
    Ok(ended?)
}

async fn take_in(register: Register) -> Result<(), Failure> {
    let passphrase = passphrase(register.unlock.passphrase_file.as_deref(), false)?;
    let service = setup::Place::from(register.place).open(passphrase.expose(), false, clock::system()).await?;
    let registration = Registration {
        customer: register.customer,
        name: register.name,
        person: register.person,
        code: register.code,
        number: register.number,
        product: register.product,
        contact: (register.contact_name, register.contact_mobile, register.contact_email),
        sign: register.sign,
        encrypt: register.encrypt,
        device: register.device.clone(),
    };
    let registered = setup::register(&service, &registration).await?;
    println!("customer   {}", registered.customer);
    if let Some(serial) = registered.certificate {
        println!("signing    {serial}");
    }
    if let (Some(device), Some(master)) = (register.device, registered.master) {
        println!("device     {device}, admin PIN from master {master}");
    }
    service.close().await;
    Ok(())
}

async fn admin_pin(task: AdminPin) -> Result<(), Failure> {
    let passphrase = passphrase(task.unlock.passphrase_file.as_deref(), false)?;
    let service = setup::Place::from(task.place).open(passphrase.expose(), false, clock::system()).await?;
    setup::hand_out_admin_pin(&service, &task.device, &task.out, task.anew).await?;
    println!("written    {}", task.out.display());
    service.close().await;
    Ok(())
}

async fn admin_master(task: AdminMaster) -> Result<(), Failure> {
    let passphrase = passphrase(task.unlock.passphrase_file.as_deref(), false)?;
    let number = setup::Place::from(task.place).add_admin_master(passphrase.expose(), clock::system()).await?;
    println!("made       master {number} of the admin PINs");
    Ok(())
}

async fn operator(task: OperatorTask) -> Result<(), Failure> {
    let (OperatorTask::Add { place, .. } | OperatorTask::Reset { place, .. } | OperatorTask::List { place }) = &task;
    let operators = Operators::new(setup::Place::from(place.clone()).store().await?, clock::system());
    let (name, password) = match task {
        OperatorTask::Add { name, role, .. } => {
            let password = operators.add(COMMAND_LINE, &name, role.into()).await?;
            (name, password)
        }
        OperatorTask::Reset { name, .. } => {
            let password = operators.reset(COMMAND_LINE, &name).await?;
            (name, password)
        }
        OperatorTask::List { .. } => {
            for operator in operators.list().await? {
                let state = if operator.active { "active" } else { "not active" };
                println!("{:32} {:13} {state}", operator.name, operator.role.as_str());
            }
            return Ok(());
        }
    };
    println!("user name  {name}");
    println!("password   {}", password.expose());
    println!();
    println!("The password is shown this once and must be changed at the first log-in.");
    Ok(())
}

/// Passphrase of the keys: from the file, from the systemd credential `passphrase`, or from the terminal, there twice
/// when it is `new`.
fn passphrase(file: Option<&Path>, new: bool) -> Result<SecretBytes, Failure> {
    let credential = std::env::var_os("CREDENTIALS_DIRECTORY").map(|dir| Path::new(&dir).join("passphrase"));
    if let Some(path) = file.map(Path::to_owned).or(credential.filter(|path| path.exists())) {
        let failed = |source| Failure::File { path: path.clone(), source };
        let mut line = Zeroizing::new(String::with_capacity(1024));
        BufReader::new(std::fs::File::open(&path).map_err(failed)?).read_line(&mut line).map_err(failed)?;
        return Ok(SecretBytes::copy_of(line.trim_end_matches(['\r', '\n']).as_bytes()));
    }
    let first = Zeroizing::new(rpassword::prompt_password("Passphrase of the keys: ")?);
    if new && *first != *Zeroizing::new(rpassword::prompt_password("Again: ")?) {
        return Err(Failure::PassphrasesDiffer);
    }
    Ok(SecretBytes::copy_of(first.as_bytes()))
}

/// The wish to end: Ctrl-C, and what a service manager sends.
struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn wanted(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }

    #[cfg(not(unix))]
    async fn wanted(self) {
        drop(tokio::signal::ctrl_c().await);
    }
}

/// One line, at once: others wait for it. A reader that went away is no reason to end.
fn say(line: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
