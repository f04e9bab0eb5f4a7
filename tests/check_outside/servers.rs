//! Services on the loopback: a CA's over http or TLS, proxies of every temper.

use order_api::{CaInfo, Support};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// How a service answers.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// As order API v1, with a clock so many seconds off.
    Api(i64),
    /// With a page of something else; only the header has its time.
    Page(i64),
    /// Refuses with a problem of the API.
    Problem,
    /// Not at all.
    Silent,
}

/// Runs `serve` for every connection.
fn listen(serve: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = Arc::clone(&serve);
            // the client may go away at any time
            std::thread::spawn(move || drop(serve(stream)));
        }
    });
    address
}

/// An address where nobody listens.
pub fn dead() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A service over http.
pub fn plain(manner: Manner) -> SocketAddr {
    listen(move |stream| answer(stream, manner))
}

/// A service over TLS with the certificate `name` of the folder.
pub fn tls(pki: &Pki, name: &str, manner: Manner) -> SocketAddr {
    let chain = CertificateDer::pem_file_iter(pki.path(&format!("{name}.pem"))).unwrap().collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_file(pki.path(&format!("{name}.key"))).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain.unwrap(), key).unwrap());
    listen(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        answer(StreamOwned::new(connection, stream), manner)
    })
}

fn answer(stream: impl Read + Write, manner: Manner) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    if head(&mut reader)?.is_empty() {
        return Ok(());
    }
    let now = |off: i64| i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap() + off;
    let date = |off| httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(now(off).unsigned_abs()));
    let (status, kind, date, body) = match manner {
        Manner::Api(off) => {
            let info = CaInfo {
                name: "Own CA".to_owned(),
                version: "9.8.7".to_owned(),
                time: now(off),
                chain: Vec::new(),
                kinds: Vec::new(),
                support: Support::default(),
                renewal: None,
            };
            ("200 OK", "application/json", date(off), serde_json::to_string(&info)?)
        }
        Manner::Page(off) => ("200 OK", "text/html", date(off), "<p>Log in".to_owned()),
        Manner::Problem => {
            let problem = order_api::Problem::new(order_api::ProblemCode::Unavailable, "later");
            ("503 Unavailable", "application/problem+json", date(0), serde_json::to_string(&problem)?)
        }
        Manner::Silent => {
            // until the client gives up
            return reader.read_to_end(&mut Vec::new()).map(drop);
        }
    };
    let head = format!("HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Type: {kind}\r\nConnection: close\r\n");
    write!(reader.get_mut(), "{head}Content-Length: {}\r\n\r\n{body}", body.len())?;
    reader.get_mut().flush()?;
    // what is written arrives before the end
    reader.read_to_end(&mut Vec::new()).map(drop)
}

/// Lines up to the empty one; none when the other side closed.
fn head(reader: &mut impl BufRead) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            return Ok(lines);
        }
        lines.push(line.trim().to_owned());
    }
}

/// How a proxy behaves.
#[derive(Clone, Copy, Debug)]
pub enum Temper {
    /// Leads to this address whatever the name.
    To(SocketAddr),
    /// Leads to this address who logs in as `me:secret`.
    Guarded(SocketAddr),
    /// Answers a CONNECT with this status.
    Status(u16),
    /// Says yes and closes.
    Cuts,
}

/// A proxy for CONNECT.
pub fn proxy(temper: Temper) -> SocketAddr {
    listen(move |mut stream| {
        let lines = head(&mut BufReader::new(stream.try_clone()?))?;
        let asked = lines.first().is_some_and(|line| line.starts_with("CONNECT ca.example:443 "));
        // base64 of me:secret
        let known = lines.iter().any(|line| line.eq_ignore_ascii_case("proxy-authorization: Basic bWU6c2VjcmV0"));
        let to = match temper {
            Temper::To(to) if asked => to,
            Temper::Guarded(to) if asked && known => to,
            Temper::Guarded(_) => return refuse(&mut stream, 407),
            Temper::Status(status) => return refuse(&mut stream, status),
            Temper::Cuts if asked => return stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n"),
            _ => return refuse(&mut stream, 400),
        };
        let mut onward = TcpStream::connect(to)?;
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        let (mut back, mut from) = (stream.try_clone()?, onward.try_clone()?);
        let backwards = std::thread::spawn(move || {
            let copied = io::copy(&mut from, &mut back);
            back.shutdown(std::net::Shutdown::Write).and(copied.map(drop))
        });
        let copied = io::copy(&mut stream, &mut onward);
        onward.shutdown(std::net::Shutdown::Write)?;
        drop(backwards.join());
        copied.map(drop)
    })
}

fn refuse(stream: &mut TcpStream, status: u16) -> io::Result<()> {
    write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// A server that accepts and breaks off at once, or says something that is no TLS.
pub fn no_tls(says: &'static [u8]) -> SocketAddr {
    listen(move |mut stream| {
        stream.write_all(says)?;
        stream.shutdown(std::net::Shutdown::Write)?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    })
}

/// A server that accepts and says nothing.
pub fn mute() -> SocketAddr {
    listen(|mut stream| stream.read_to_end(&mut Vec::new()).map(drop))
}

/// Certificates made by the `openssl` command: `root`, and leaves by name.
pub struct Pki {
    folder: TempDir,
}

impl Pki {
    pub fn new() -> Self {
        let pki = Self { folder: TempDir::new().unwrap() };
        let config = "[ca]\ndefault_ca = own\n[own]\ndatabase = index\nserial = serial\nnew_certs_dir = .\n\
                      default_md = sha256\npolicy = any\nunique_subject = no\n[any]\ncommonName = supplied\n\
                      [req]\ndistinguished_name = dn\n[dn]\n";
        std::fs::write(pki.path("openssl.cnf"), config).unwrap();
        std::fs::write(pki.path("index"), "").unwrap();
        std::fs::write(pki.path("serial"), "1000\n").unwrap();
        pki.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-config",
            "openssl.cnf",
            "-subj",
            "/CN=Office Inspection Root",
            "-days",
            "3650",
            "-keyout",
            "root.key",
            "-out",
            "root.pem",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ]);
        pki
    }

    /// A certificate of a name (`IP:…` or `DNS:…`) between two days, `20260101000000Z`.
    pub fn leaf(self, file: &str, name: &str, from: &str, until: &str) -> Self {
        let (key, csr, pem) = (format!("{file}.key"), format!("{file}.csr"), format!("{file}.pem"));
        self.openssl(&[
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-config",
            "openssl.cnf",
            "-subj",
            "/CN=service",
            "-keyout",
            &key,
            "-out",
            &csr,
        ]);
        let extensions = format!("subjectAltName={name}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n");
        std::fs::write(self.path("extensions"), extensions).unwrap();
        self.openssl(&[
            "ca",
            "-batch",
            "-notext",
            "-config",
            "openssl.cnf",
            "-cert",
            "root.pem",
            "-keyfile",
            "root.key",
            "-in",
            &csr,
            "-out",
            &pem,
            "-startdate",
            from,
            "-enddate",
            until,
            "-extfile",
            "extensions",
        ]);
        self
    }

    /// A certificate that is good now.
    pub fn good(self, file: &str, name: &str) -> Self {
        self.leaf(file, name, "20260101000000Z", "20360101000000Z")
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "openssl {arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
    }
}
