//! `ca-service`: makes, runs and looks after the reference CA service; see `ca-service --help`.
//!
//! TLS ends in front of it, in a reverse proxy that passes `Host` on; without one it listens to its own machine only.
#![allow(clippy::print_stdout)] // the lines printed are what an administrator or a test waits for

use cert_assistant::ca::protocol::Contact;
use cert_assistant::ca_service::audit::{self, Actor, VerifyError};
use cert_assistant::ca_service::authority::{FolderError, HolderKind, Keys, Names};
use cert_assistant::ca_service::books::{certificates, customers};
use cert_assistant::ca_service::kmc::Kmc;
use cert_assistant::ca_service::operators::{OperatorError, Operators, Role, is_login_name};
use cert_assistant::ca_service::store::{StoreError, sqlite_url};
use cert_assistant::ca_service::{Config, Service, ServiceError, Store, clock, config, console, http};
use cert_assistant::cert::Certificate;
use cert_assistant::crypto::issue::certificate_from_pem;
use cert_assistant::secret::SecretBytes;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tracing_subscriber::filter::LevelFilter;
use zeroize::Zeroizing;

/// Reference CA service: order API for certificate renewal, key management, operator console.
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
    /// Register a customer, and take the certificates of its key into the books
    Register(Register),
    /// Look after the people of the console
    #[command(subcommand)]
    Operator(OperatorTask),
    /// Look after the audit log
    #[command(subcommand)]
    Audit(AuditTask),
}

/// Where the books are.
#[derive(Args)]
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
    /// Name of the customer as in the certificate [default: that of --sign]
    #[arg(long, required_unless_present = "sign")]
    name: Option<String>,
    /// The customer is a person
    #[arg(long)]
    person: bool,
    /// Identity number or organisation code
    #[arg(long)]
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
    Folder(#[from] FolderError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Database(#[from] sqlx_error::Error),
    #[error(transparent)]
    Operator(#[from] OperatorError),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{0} is not made; run `ca-service init` first")]
    NoFolder(String),
    #[error("the database holds the books of another service")]
    UsedDatabase,
    #[error("the passphrase is empty")]
    NoPassphrase,
    #[error("the two passphrases differ")]
    PassphrasesDiffer,
    #[error(
        "{0} is not loopback. Passwords and orders need TLS: let a reverse proxy end it on this machine, or state with \
         --behind-proxy that one in front does"
    )]
    NotLoopback(SocketAddr),
    #[error("{}: not a certificate", .0.display())]
    NotACertificate(PathBuf),
    #[error("the audit log is broken at record {0}")]
    AuditBroken(i64),
    #[error(transparent)]
    Io(#[from] io::Error),
}
