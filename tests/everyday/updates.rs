//! Feeds signed by `openssl`, served over real HTTP.

use base::fault::FaultCode;
use cert_assistant::update::{Answer, FeedSource, ReleaseFile, ask, download, target};
use gm::PublicKey;
use net::{Proxy, ServiceUrl};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

pub fn tool(program: &str, arguments: &[&str], folder: &Path) -> Vec<u8> {
    let output = Command::new(program).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    output.stdout
}

/// Who signs feeds.
pub struct Signer {
    pub folder: tempfile::TempDir,
    pub key: PublicKey,
}

impl Signer {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        tool("openssl", &["genpkey", "-algorithm", "SM2", "-out", "key.pem"], folder.path());
        let der = tool("openssl", &["pkey", "-in", "key.pem", "-pubout", "-outform", "DER"], folder.path());
        // the point is the end of SubjectPublicKeyInfo
        let key = PublicKey::from_uncompressed(&der[der.len() - 65..]).unwrap();
        Self { folder, key }
    }

    /// A feed in its envelope.
    fn sign(&self, feed: &str) -> String {
        let folder = self.folder.path();
        fs::write(folder.join("feed.json"), feed).unwrap();
        let id = ["-sigopt", "distid:1234567812345678"];
        tool("openssl", &["dgst", "-sm3", "-sign", "key.pem", id[0], id[1], "-out", "signature", "feed.json"], folder);
        let signature = String::from_utf8(tool("openssl", &["base64", "-A", "-in", "signature"], folder)).unwrap();
        serde_json::json!({ "feed": feed, "signature": signature.trim() }).to_string()
    }
}

/// Path and body of each file that is served.
type Answers = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A whole answer of HTTP by path.
#[derive(Clone, Default)]
pub struct Server {
    answers: Answers,
    pub address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: format!("http://{}", listener.local_addr().unwrap()), ..Self::default() };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let path = lines.next().unwrap().unwrap().split(' ').nth(1).unwrap().to_owned();
                lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
                serving.asked.lock().unwrap().push(path.clone());
                let answers = serving.answers.lock().unwrap();
                let found = answers.iter().rev().find(|(of, _)| *of == path);
                let none = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec();
                // who asked may have had enough
                let _gone = stream.write_all(&found.map_or(none, |(_, answer)| answer.clone()));
            }
        });
        server
    }

    pub fn put(&self, path: &str, body: &[u8]) {
        let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend_from_slice(body);
        self.put_raw(path, answer);
    }

    fn put_raw(&self, path: &str, answer: Vec<u8>) {
        self.answers.lock().unwrap().push((path.to_owned(), answer));
    }

    pub fn source(&self, signer: &Signer) -> FeedSource {
        FeedSource { address: ServiceUrl::parse(&format!("{}/feed.json", self.address)).unwrap(), key: signer.key }
    }
}

/// A good feed; `change` replaces text in it.
fn feed(server: &Server, changes: &[(&str, &str)]) -> String {
    let text = format!(
        r#"{{"format": 1, "serial": 7, "issued": "2026-01-02T03:04:05Z", "expires": "2999-01-01T00:00:00Z",
        "version": "99.10.0", "notes": {{"zh": "更快", "en": "faster"}}, "added_later": true,
        "files": [{{"target": "other", "url": "{0}/x", "name": "x", "size": 1, "sha256": "{1}"}},
        {{"target": "{2}", "url": "{0}/new.deb?a=b", "name": "new_99.10.0.deb", "size": 11, "sha256": "{1}"}}]}}"#,
        server.address,
        "a".repeat(64),
        target(),
    );
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

pub fn code(answer: Result<Answer, base::fault::Fault>) -> FaultCode {
    answer.unwrap_err().code
}

#[test]
fn a_feed_signed_by_openssl_offers_the_newer_version_with_the_file_for_this_computer() {
    let (signer, server) = (Signer::new(), Server::start());
    let source = server.source(&signer);
    server.put("/feed.json", signer.sign(&feed(&server, &[])).as_bytes());
    let Answer::Newer(release) = ask(&source, &Proxy::None, None).unwrap() else { panic!("there is a newer one") };
    assert_eq!((release.version.as_str(), release.date.as_str()), ("99.10.0", "2026-01-02"));
    assert_eq!((release.notes_zh.as_str(), release.notes_en.as_str()), ("更快", "faster"));
    let file = release.file.unwrap();
    assert_eq!((file.name.as_str(), file.size), ("new_99.10.0.deb", 11));
    // the proxy that does not exist is not asked for this computer
    assert!(ask(&source, &Proxy::Given("http://127.0.0.1:1".to_owned()), None).is_ok());
    server.put("/feed.json", signer.sign(&feed(&server, &[("99.10.0\"", "0.0.1\"")])).as_bytes());
    assert_eq!(ask(&source, &Proxy::None, None).unwrap(), Answer::UpToDate);
    server.put("/feed.json", signer.sign(&feed(&server, &[(&format!("\"{}\"", target()), "\"riscv\"")])).as_bytes());
    let Answer::Newer(release) = ask(&source, &Proxy::None, None).unwrap() else { panic!("there is a newer one") };
    assert_eq!(release.file, None);
}

#[test]
fn nothing_that_is_not_signed_by_the_right_key_is_believed() {
    let (signer, server) = (Signer::new(), Server::start());
    let source = server.source(&signer);
    let good = signer.sign(&feed(&server, &[]));
    let forged = |envelope: String| {
        server.put("/feed.json", envelope.as_bytes());
        assert_eq!(code(ask(&source, &Proxy::None, None)), FaultCode::FeedForged, "{envelope}");
    };
    forged(good.replace("99.10.0", "99.11.0"));
    forged(Signer::new().sign(&feed(&server, &[])));
    let mut envelope: serde_json::Value = serde_json::from_str(&good).unwrap();
    for signature in ["", "AAAA", "not base64!"] {
        envelope["signature"] = signature.into();
        forged(envelope.to_string());
    }
    // signed with another identity
    let folder = signer.folder.path();
    let id = ["-sigopt", "distid:8765432187654321"];
    tool("openssl", &["dgst", "-sm3", "-sign", "key.pem", id[0], id[1], "-out", "signature", "feed.json"], folder);
    let signature = String::from_utf8(tool("openssl", &["base64", "-A", "-in", "signature"], folder)).unwrap();
    envelope["signature"] = signature.trim().into();
    forged(envelope.to_string());
}

#[test]
fn an_older_feed_than_one_that_was_seen_is_refused_and_so_is_one_that_expired() {
    let (signer, server) = (Signer::new(), Server::start());
    let source = server.source(&signer);
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("deep/update-seen.json");
    let asked = |changes: &[(&str, &str)]| {
        server.put("/feed.json", signer.sign(&feed(&server, changes)).as_bytes());
        ask(&source, &Proxy::None, Some(&seen))
    };
    assert!(asked(&[]).is_ok());
    assert!(asked(&[]).is_ok(), "the same feed again");
    assert_eq!(code(asked(&[("\"serial\": 7", "\"serial\": 6")])), FaultCode::FeedOld);
    assert!(asked(&[("\"serial\": 7", "\"serial\": 8")]).is_ok());
    assert_eq!(code(asked(&[])), FaultCode::FeedOld);
    // a forged feed with a high number does not lock the good ones out
    let forged = signer.sign(&feed(&server, &[])).replace("\\\"serial\\\": 7", "\\\"serial\\\": 900");
    server.put("/feed.json", forged.as_bytes());
    assert_eq!(code(ask(&source, &Proxy::None, Some(&seen))), FaultCode::FeedForged);
    assert!(asked(&[("\"serial\": 7", "\"serial\": 8")]).is_ok());
    // another signer begins anew
    let other = Signer::new();
    server.put("/feed.json", other.sign(&feed(&server, &[])).as_bytes());
    assert!(ask(&server.source(&other), &Proxy::None, Some(&seen)).is_ok());
    assert_eq!(code(asked(&[("2999", "2020"), ("\"serial\": 7", "\"serial\": 9")])), FaultCode::FeedOld, "expired");
    assert_eq!(
        code(asked(&[("2026-01", "2998-01"), ("\"serial\": 7", "\"serial\": 9")])),
        FaultCode::FeedOld,
        "future"
    );
    fs::write(&seen, "{").unwrap();
    assert!(asked(&[]).is_ok(), "a damaged memory is set aside");
    assert!(seen.with_extension("damaged").exists());
}

#[test]
fn a_feed_that_says_something_else_is_refused_in_words() {
    let (signer, server) = (Signer::new(), Server::start());
    let source = server.source(&signer);
    let name = "new_99.10.0.deb";
    let sum = "a".repeat(64);
    for (from, to) in [
        ("\"format\": 1", "\"format\": 2"),
        ("99.10.0\"", "99.x\""),
        (name, "../x"),
        (name, "a/b"),
        (name, ".hidden"),
        (name, "a\\\\b"),
        (name, ""),
        ("\"size\": 11", "\"size\": 0"),
        ("\"size\": 11", "\"size\": 99999999999"),
        ("\"size\": 11", "\"size\": -1"),
        (sum.as_str(), "AA"),
        ("/new.deb?a=b", "@elsewhere/new.deb"),
        ("2026-01-02T03:04:05Z", "yesterday"),
        ("\"files\"", "\"no_files\""),
    ] {
        server.put("/feed.json", signer.sign(&feed(&server, &[(from, to)])).as_bytes());
        assert_eq!(code(ask(&source, &Proxy::None, None)), FaultCode::FeedUnreadable, "{from} {to}");
    }
    let insecure = format!("{}/new.deb", server.address);
    server.put("/feed.json", signer.sign(&feed(&server, &[(&insecure, "http://ca.example/new.deb")])).as_bytes());
    assert_eq!(code(ask(&source, &Proxy::None, None)), FaultCode::FeedUnreadable);
    for nonsense in [&b"{"[..], b"", b"[]", b"\xFF", b"{\"feed\": \"\", \"signature\": \"\", \"more\": 1}"] {
        server.put("/feed.json", nonsense);
        assert_eq!(code(ask(&source, &Proxy::None, None)), FaultCode::FeedUnreadable, "{nonsense:?}");
    }
    server.put("/feed.json", &vec![b' '; 64 * 1024 + 1]);
    assert_eq!(code(ask(&source, &Proxy::None, None)), FaultCode::FeedUnreadable, "too long");
}

#[test]
fn a_server_that_is_not_there_sends_elsewhere_or_breaks_off_is_told() {
    let (signer, server) = (Signer::new(), Server::start());
    let source = server.source(&signer);
    assert_eq!(code(ask(&source, &Proxy::None, None)), FaultCode::FeedUnreachable, "404");
    server.put("/elsewhere", signer.sign(&feed(&server, &[])).as_bytes());
    let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {}/elsewhere\r\nContent-Length: 0\r\n\r\n", server.address);
    server.put_raw("/feed.json", redirect.into_bytes());
    assert_eq!(code(ask(&source, &Proxy::None, None)), FaultCode::FeedUnreachable);
    assert!(!server.asked.lock().unwrap().contains(&"/elsewhere".to_owned()), "no redirect is followed");
    server.put_raw("/feed.json", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{".to_vec());
    assert_eq!(code(ask(&source, &Proxy::None, None)), FaultCode::FeedUnreachable, "cut");
    let nobody = FeedSource { address: ServiceUrl::parse("http://127.0.0.1:1").unwrap(), ..source };
    assert_eq!(code(ask(&nobody, &Proxy::None, None)), FaultCode::FeedUnreachable);
    assert_eq!(FeedSource::parse("http://ca.example", "04").unwrap_err().code, FaultCode::FeedUnusable);
    assert_eq!(FeedSource::parse("https://ca.example", "04").unwrap_err().code, FaultCode::FeedUnusable);
}

/// A file on a server, as a feed would describe it; the checksum is that of `sha256sum`.
fn offered(server: &Server, content: &[u8]) -> ReleaseFile {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), content).unwrap();
    let sum = String::from_utf8(tool("sha256sum", &["file"], folder.path())).unwrap();
    server.put("/new.deb", content);
    ReleaseFile {
        url: format!("{}/new.deb", server.address),
        name: "new.deb".to_owned(),
        size: content.len() as u64,
        sha256: sum.split(' ').next().unwrap().to_owned(),
    }
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_file_arrives_whole_under_its_name() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start();
    let content: Vec<u8> = (0..3_000_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let file = offered(&server, &content);
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("Downloads");
    let mut heard = Vec::new();
    let mut hear = |bytes| {
        heard.push(bytes);
        true
    };
    let path = download(&file, &Proxy::None, &into, &mut hear).unwrap();
    assert_eq!(path, into.join("new.deb"));
    assert_eq!(fs::read(&path).unwrap(), content);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(names(&into), ["new.deb"]);
    assert!(heard.is_sorted() && heard.last() == Some(&3_000_000), "{heard:?}");
}

#[test]
fn another_file_than_the_one_of_the_feed_is_not_kept() {
    let server = Server::start();
    let good = offered(&server, b"eleven byte");
    let folder = tempfile::tempdir().unwrap();
    let refused = |file: &ReleaseFile| {
        let fault = download(file, &Proxy::None, folder.path(), &mut |_| true).unwrap_err();
        assert_eq!(names(folder.path()), [""; 0], "nothing is left behind");
        fault.code
    };
    let mut wrong = good.clone();
    wrong.sha256 = "0".repeat(64);
    assert_eq!(refused(&wrong), FaultCode::UpdateDamaged);
    for size in [10, 12] {
        assert_eq!(refused(&ReleaseFile { size, ..good.clone() }), FaultCode::UpdateDamaged, "{size}");
    }
    server.put_raw("/new.deb", b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\neleven".to_vec());
    assert_eq!(refused(&good), FaultCode::UpdateNotFetched, "cut");
    let redirect = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n";
    server.put_raw("/new.deb", redirect.to_vec());
    assert_eq!(refused(&good), FaultCode::UpdateNotFetched);
    let nowhere = download(&good, &Proxy::None, Path::new("/dev/null/x"), &mut |_| true);
    assert_eq!(nowhere.unwrap_err().code, FaultCode::UpdateNotStored);
}

#[test]
fn a_download_is_left_off_when_the_person_wants() {
    let server = Server::start();
    let file = offered(&server, &vec![7; 2_000_000]);
    let folder = tempfile::tempdir().unwrap();
    let fault = download(&file, &Proxy::None, folder.path(), &mut |bytes| bytes < 1000).unwrap_err();
    assert_eq!(fault.code, FaultCode::UpdateNotFetched);
    assert_eq!(names(folder.path()), [""; 0]);
}
