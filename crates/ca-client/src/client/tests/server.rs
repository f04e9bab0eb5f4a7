//! A server that says what a test wants, and keeps what it was asked; plain, behind TLS, and as a proxy.

use crate::http::Limits;
use crate::profiles::{CaProfile, Connection, Origin, PinPolicy, Text};
use net::ServiceUrl;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub line: String,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the server does with a request.
pub enum Say {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// Nothing, until the other side gives up.
    Nothing,
}

pub struct Server {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// A connection ended without a request, or the other side gave up.
    pub gone: Receiver<()>,
}

impl Server {
    pub fn start(say: impl Fn(usize, &Asked) -> Say + Send + 'static) -> Self {
        Self::listen(None, say)
    }

    pub fn with_tls(pki: &Pki, say: impl Fn(usize, &Asked) -> Say + Send + 'static) -> Self {
        Self::listen(Some(pki.server()), say)
    }

    fn listen(tls: Option<Arc<rustls::ServerConfig>>, say: impl Fn(usize, &Asked) -> Say + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (tell, gone) = channel();
        let kept = Arc::clone(&asked);
        // ends with the process
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let done = match &tls {
                    None => answer(stream, &kept, &say),
                    Some(config) => {
                        let session = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
                        answer(rustls::StreamOwned::new(session, stream), &kept, &say)
                    }
                };
                if done.is_none() {
                    let _ = tell.send(());
                }
            }
        });
        Self { port, asked, gone }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// One request and its answer; `None` when the other side left before the answer was complete.
fn answer(mut stream: impl Read + Write, kept: &Mutex<Vec<Asked>>, say: &impl Fn(usize, &Asked) -> Say) -> Option<()> {
    let asked = read_request(&mut stream)?;
    let number = {
        let mut kept = kept.lock().unwrap();
        kept.push(asked.clone());
        kept.len()
    };
    match say(number, &asked) {
        Say::Bytes(bytes) => stream.write_all(&bytes).and_then(|()| stream.flush()).ok(),
        Say::Nothing => {
            let _ = stream.read(&mut [0]);
            None
        }
    }
}

fn read_request(stream: &mut impl Read) -> Option<Asked> {
    let mut reader = BufReader::with_capacity(1, stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut asked = Asked { line: line.trim_end().to_owned(), ..Asked::default() };
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        asked.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
    asked.body = vec![0; length];
    reader.read_exact(&mut asked.body).ok()?;
    Some(asked)
}

/// An answer with a body.
pub fn http(status: &str, media_type: &str, body: &str) -> Say {
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n", body.len());
    Say::Bytes(format!("{head}\r\n{body}").into_bytes())
}

pub fn json(body: &str) -> Say {
    http("200 OK", "application/json", body)
}

/// A proxy that takes CONNECT and passes everything on to one port; keeps whom it was asked for.
pub struct Tunnel {
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&asked);
        thread::spawn(move || {
            while let Ok((mut near, _)) = listener.accept() {
                let Some(request) = read_request(&mut near) else { continue };
                kept.lock().unwrap().push(request.line);
                near.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                let far = TcpStream::connect(("127.0.0.1", target)).unwrap();
                pass(near.try_clone().unwrap(), far.try_clone().unwrap());
                pass(far, near);
            }
        });
        Self { port, asked }
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}

/// A private root and a server certificate for ca.test and localhost, made by openssl.
pub struct Pki {
    folder: tempfile::TempDir,
}

impl Pki {
    pub fn make() -> Self {
        let pki = Self { folder: tempfile::tempdir().unwrap() };
        pki.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem -days 2 -subj /CN=Root");
        pki.openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=server");
        std::fs::write(pki.folder.path().join("san"), "subjectAltName=DNS:ca.test,DNS:localhost\n").unwrap();
        pki.openssl("x509 -req -in server.csr -CA root.pem -CAkey root.key -out server.pem -days 1 -extfile san");
        pki
    }

    fn openssl(&self, arguments: &str) {
        let run = Command::new("openssl").args(arguments.split(' ')).current_dir(self.folder.path()).output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        Path::new(self.folder.path()).join(name)
    }

    pub fn root(&self) -> Vec<u8> {
        CertificateDer::from_pem_file(self.file("root.pem")).unwrap().to_vec()
    }

    fn server(&self) -> Arc<rustls::ServerConfig> {
        net::use_tls_library();
        let certificate = CertificateDer::from_pem_file(self.file("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(self.file("server.key")).unwrap();
        let builder = rustls::ServerConfig::builder().with_no_client_auth();
        Arc::new(builder.with_single_cert(vec![certificate], key).unwrap())
    }
}

pub fn profile(url: &str, roots: Vec<Vec<u8>>) -> CaProfile {
    CaProfile {
        id: "test".to_owned(),
        name: Text::default(),
        issuers: Vec::new(),
        connection: Connection::OrderApi(ServiceUrl::parse(url).unwrap()),
        hot_line: "1".to_owned(),
        hours: Text::default(),
        reminder_days: Vec::new(),
        pin_policy: PinPolicy { min: 6, max: 16 },
        update: None,
        origin: Origin::default(),
        roots,
    }
}

/// No pauses, and a wait that is long enough for anything on this computer.
pub fn limits() -> Limits {
    Limits { connect: Duration::from_secs(20), exchange: Duration::from_secs(60), pauses: [Duration::ZERO; 2] }
}
