//! A mail server of the test: EHLO, STARTTLS, AUTH PLAIN and LOGIN, MAIL, RCPT, DATA, with certificates made by openssl.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConnection, StreamOwned};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const USER: &str = "ca-sender";
pub const PASSWORD: &str = "pässword of the mail server";

/// What the server does with the next mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Take,
    /// Answers RCPT with this line.
    Recipient(&'static str),
    /// Ends the connection after some lines of the mail.
    GoneInData,
    /// Takes it, and ends the connection before anything else.
    TakeAndGo,
}

/// How it protects its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    None,
    Starttls,
    /// As STARTTLS, with an answer that somebody in between adds before TLS begins.
    Injected,
    Implicit,
}

/// A mail that was taken.
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub data: Vec<u8>,
    pub protected: bool,
    pub user: Option<String>,
}

pub struct Server {
    pub port: u16,
    /// Root of its certificate, PEM.
    pub root: PathBuf,
    mails: Receiver<Received>,
    commands: Arc<Mutex<Vec<String>>>,
    folder: Arc<tempfile::TempDir>,
}

struct Shared {
    tls: Tls,
    config: Arc<rustls::ServerConfig>,
    acts: Mutex<VecDeque<Act>>,
    mails: Mutex<Sender<Received>>,
    commands: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// A server called `localhost` that does `acts` and then takes everything.
    pub fn start(tls: Tls, acts: &[Act]) -> Self {
        Self::named("localhost", tls, acts)
    }

    pub fn named(name: &str, tls: Tls, acts: &[Act]) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let config = certificates(folder.path(), name);
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, mails) = channel();
        let commands = Arc::default();
        let shared = Arc::new(Shared {
            tls,
            config,
            acts: Mutex::new(acts.iter().copied().collect()),
            mails: Mutex::new(sender),
            commands: Arc::clone(&commands),
        });
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, shared) = (stream.unwrap(), Arc::clone(&shared));
                // a connection that breaks is the client's business
                std::thread::spawn(move || serve(stream, &shared).ok());
            }
        });
        Self { port, root: folder.path().join("root.pem"), mails, commands, folder }
    }

    /// A file beside its certificates.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The next mail it took.
    pub fn mail(&self) -> Received {
        self.mails.recv_timeout(Duration::from_secs(60)).expect("a mail")
    }

    /// Nothing more was taken.
    #[track_caller]
    pub fn no_mail(&self) {
        assert!(self.mails.try_recv().is_err(), "a mail nobody should have sent");
    }

    /// First words of the commands so far.
    pub fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap().clone()
    }
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let run = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    assert!(run.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
}

fn certificates(folder: &Path, name: &str) -> Arc<rustls::ServerConfig> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let root = ["req", "-x509", "-days", "2", "-subj", "/CN=Mail Root", "-keyout", "root.key", "-out", "root.pem"];
    openssl(folder, &[&root[..], &key[..]].concat());
    let subject = format!("/CN={name}");
    let request = ["req", "-subj", &subject, "-keyout", "server.key", "-out", "server.csr"];
    openssl(folder, &[&request[..], &key[..]].concat());
    std::fs::write(folder.join("extensions"), format!("subjectAltName=DNS:{name}\n")).unwrap();
    openssl(
        folder,
        &[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "extensions",
            "-out",
            "server.pem",
        ],
    );
    let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
    let builder = rustls::ServerConfig::builder().with_no_client_auth();
    Arc::new(builder.with_single_cert(vec![certificate], key).unwrap())
}

trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let protect = |stream: TcpStream| {
        let connection = ServerConnection::new(Arc::clone(&shared.config)).unwrap();
        Box::new(StreamOwned::new(connection, stream))
    };
    let again = stream.try_clone()?;
    let mut protected = shared.tls == Tls::Implicit;
    let mut wire: BufReader<Box<dyn Wire>> = BufReader::new(if protected { protect(stream) } else { Box::new(stream) });
    say(&mut wire, "220 mail.test ESMTP")?;
    let (mut from, mut to, mut user) = (String::new(), Vec::new(), None);
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let word = line.split_whitespace().next().unwrap_or_default().to_uppercase();
        shared.commands.lock().unwrap().push(word.clone());
        match word.as_str() {
            "EHLO" => {
                let starttls = matches!(shared.tls, Tls::Starttls | Tls::Injected) && !protected;
                let offer = if starttls { "STARTTLS" } else { "AUTH PLAIN LOGIN" };
                say(&mut wire, &format!("250-mail.test\r\n250-{offer}\r\n250 8BITMIME"))?;
            }
            "STARTTLS" => {
                let more = if shared.tls == Tls::Injected { "\r\n250-mail.test\r\n250 AUTH PLAIN" } else { "" };
                say(&mut wire, &format!("220 go ahead{more}"))?;
                assert!(wire.buffer().is_empty(), "the client waits for the answer");
                wire = BufReader::new(protect(again.try_clone()?));
                protected = true;
            }
            "AUTH" => {
                let given = line.split_whitespace().nth(2).unwrap_or_default();
                if STANDARD.decode(given).unwrap() == format!("\0{USER}\0{PASSWORD}").as_bytes() {
                    user = Some(USER.to_owned());
                    say(&mut wire, "235 welcome")?;
                } else {
                    say(&mut wire, "535 5.7.8 user name and password not accepted")?;
                }
            }
            "MAIL" => {
                from = line.to_owned();
                to.clear();
                say(&mut wire, "250 ok")?;
            }
            "RCPT" => {
                let refuses = matches!(shared.acts.lock().unwrap().front(), Some(Act::Recipient(_)));
                if refuses && let Some(Act::Recipient(answer)) = shared.acts.lock().unwrap().pop_front() {
                    say(&mut wire, answer)?;
                    continue;
                }
                to.push(line.to_owned());
                say(&mut wire, "250 ok")?;
            }
            "DATA" => {
                let act = shared.acts.lock().unwrap().pop_front().unwrap_or(Act::Take);
                say(&mut wire, "354 go on")?;
                let mut data = Vec::new();
                loop {
                    let mut line = Vec::new();
                    if wire.read_until(b'\n', &mut line)? == 0 {
                        return Ok(());
                    }
                    if line == b".\r\n" {
                        break;
                    }
                    if act == Act::GoneInData && data.len() > 100 {
                        return Ok(());
                    }
                    data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                }
                let mail = Received { from: from.clone(), to: to.clone(), data, protected, user: user.clone() };
                shared.mails.lock().unwrap().send(mail).ok();
                say(&mut wire, "250 taken")?;
                if act == Act::TakeAndGo {
                    return Ok(());
                }
            }
            "QUIT" => return say(&mut wire, "221 bye"),
            _ => say(&mut wire, "502 what?")?,
        }
    }
}

fn say(wire: &mut BufReader<Box<dyn Wire>>, line: &str) -> std::io::Result<()> {
    wire.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
    wire.get_mut().flush()
}
