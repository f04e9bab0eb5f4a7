//! The program `ca-service` from outside: make, run, look after, end.

use crate::console::visitor::form;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ca-service");
const PASSPHRASE: &str = "a passphrase for tests";

/// A folder with a service and a file with its passphrase.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::write(folder.path("pass"), format!("{PASSPHRASE}\r\nsecond line\n")).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.current_dir(self.0.path()).args(arguments).stdin(Stdio::null()).env_remove("CREDENTIALS_DIRECTORY");
        command
    }

    /// Runs and gives what was printed.
    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Fails, prints nothing, and gives the message.
    #[track_caller]
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    /// Makes the service and gives the administrator's first password.
    fn init(&self) -> String {
        value(&self.done(&["init", "--dir", "ca", "--passphrase-file", "pass"]), "password")
    }
}

/// The value behind a name at the beginning of a line.
#[track_caller]
fn value(printed: &str, name: &str) -> String {
    let line = printed.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {printed}"));
    line[name.len()..].trim().to_owned()
}

/// The service at work; killed when dropped.
struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    url: String,
}

impl Running {
    fn start(folder: &Folder, more: &[&str]) -> Self {
        let mut arguments = vec!["run", "--dir", "ca", "--listen", "127.0.0.1:0"];
        arguments.extend(more);
        let mut child = folder.command(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next().expect("the service starts").unwrap();
        let url = value(&line, "listening");
        Self { child, lines, url }
    }

    /// Sends a signal and gives what it said last and whether it ended well.
    fn signal(mut self, name: &str) -> (String, bool) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let last = self.lines.by_ref().map_while(Result::ok).last().unwrap_or_default();
        (last, self.child.wait().unwrap().success())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// Tries to log in; where one is sent, or the status.
async fn log_in(url: &str, name: &str, password: &str) -> String {
    let client = client();
    let page = client.get(format!("{url}/console/login")).send().await.unwrap();
    let cookie = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let text = page.text().await.unwrap();
    let csrf = text.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let answer = client
        .post(format!("{url}/console/login"))
        .header("origin", url)
        .header("cookie", cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(&[("name", name), ("password", password), ("csrf", csrf)]))
        .send()
        .await
        .unwrap();
    answer.headers().get("location").map_or_else(|| answer.status().to_string(), |to| to.to_str().unwrap().to_owned())
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_made_run_and_ended_by_signal() {
    let folder = Folder::new();
    let printed = folder.done(&[
        "init",
        "--dir",
        "ca",
        "--passphrase-file",
        "pass",
        "--name",
        "测试 CA",
        "--url",
        "http://127.0.0.1:9",
        "--administrator",
        "Chief",
    ]);
    let password = value(&printed, "password");
    assert_eq!((value(&printed, "user name"), password.len()), ("Chief".to_owned(), 16));
    assert!(printed.contains("ca-service run --dir ca") && printed.contains("/console"), "what to do next: {printed}");
    assert_eq!(mode(&folder.path("ca")), 0o700);
    for key in ["root.key", "operation.key", "service.key", "kmc.key"] {
        assert_eq!(mode(&folder.path("ca").join(key)), 0o600);
        let text = std::fs::read_to_string(folder.path("ca").join(key)).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{key}");
    }
    for name in std::fs::read_dir(folder.path("ca")).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = std::fs::read(&name).unwrap();
        let holds = |secret: &str| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!holds(&password) && !holds(PASSPHRASE), "{} holds a secret", name.display());
    }
    let chain = Command::new("openssl")
        .args(["verify", "-vfyopt", "distid:1234567812345678", "-CAfile", "root.pem", "operation.pem"])
        .current_dir(folder.path("ca"))
        .output()
        .unwrap();
    assert!(chain.status.success(), "{}", String::from_utf8_lossy(&chain.stderr));

    for signal in ["TERM", "INT"] {
        let running = Running::start(&folder, &["--passphrase-file", "pass"]);
        let info: serde_json::Value = serde_json::from_slice(
            &client().get(format!("{}/v1/ca", running.url)).send().await.unwrap().bytes().await.unwrap(),
        )
        .unwrap();
        assert_eq!(info["name"], "测试 CA");
        assert_eq!(log_in(&running.url, "chief", &password).await, "/console/overview");
        assert_eq!(running.signal(signal), ("stopped".to_owned(), true), "{signal}");
    }
    assert!(folder.done(&["audit", "verify", "--dir", "ca"]).starts_with("intact"));
}

#[test]
fn nothing_is_overwritten_and_nothing_half_made_stays() {
    let folder = Folder::new();
    let init = ["init", "--dir", "ca", "--passphrase-file", "pass"];
    for (arguments, message) in
        [(vec!["--administrator", "王磊"], "a log-in name has"), (vec!["--administrator", "x"], "a log-in name has")]
    {
        let all: Vec<&str> = init.iter().copied().chain(arguments).collect();
        assert!(folder.refused(&all).contains(message));
        assert!(!folder.path("ca").exists());
    }
    std::fs::write(folder.path("short"), "1234567\n").unwrap();
    assert!(folder.refused(&["init", "--dir", "ca", "--passphrase-file", "short"]).contains("at least 8"));
    assert!(folder.refused(&["init", "--dir", "ca", "--passphrase-file", "none"]).contains("none"));
    assert!(!folder.path("ca").exists());
    folder.init();
    let names = || {
        let mut names: Vec<(PathBuf, Vec<u8>)> = std::fs::read_dir(folder.path("ca"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        names.sort();
        names
    };
    let before = names();
    assert!(folder.refused(&init).contains("is there already"));
    assert_eq!(names(), before);
    // keys without settings, as when making was cut off: not overwritten either
    std::fs::remove_file(folder.path("ca").join("service.toml")).unwrap();
    let refused = folder.refused(&init);
    assert!(refused.contains("another service") || refused.contains("is there already"), "{refused}");
    // a database of another service
    let url = format!("sqlite:{}", folder.path("ca").join("books.db").display());
    let refused = folder.refused(&["init", "--dir", "other", "--passphrase-file", "pass", "--database", &url]);
    assert!(refused.contains("another service"), "{refused}");
}

#[test]
fn it_says_why_it_does_not_run() {
    let folder = Folder::new();
    assert!(folder.refused(&["run", "--dir", "ca", "--passphrase-file", "pass"]).contains("ca-service init"));
    for task in [vec!["operator", "list"], vec!["audit", "verify"]] {
        let all: Vec<&str> = task.into_iter().chain(["--dir", "ca"]).collect();
        assert!(folder.refused(&all).contains("ca-service init"));
        assert!(!folder.path("ca").exists(), "looking makes nothing");
    }
    folder.init();
    std::fs::write(folder.path("wrong"), "another passphrase\n").unwrap();
    assert!(folder.refused(&["run", "--dir", "ca", "--passphrase-file", "wrong"]).contains("the passphrase is wrong"));
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let refused = folder.refused(&["run", "--dir", "ca", "--passphrase-file", "pass", "--listen", address]);
        assert!(refused.contains("not loopback") && refused.contains("--behind-proxy"), "{refused}");
    }
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = folder.refused(&["run", "--dir", "ca", "--passphrase-file", "pass", "--listen", &address]);
    assert!(refused.contains("in use"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_passphrase_comes_from_the_service_manager_and_cookies_are_for_tls_behind_a_proxy() {
    let folder = Folder::new();
    folder.init();
    let credentials = folder.path("credentials");
    std::fs::create_dir(&credentials).unwrap();
    std::fs::write(credentials.join("passphrase"), PASSPHRASE).unwrap();
    let mut command = folder.command(&["run", "--dir", "ca", "--listen", "127.0.0.1:0", "--behind-proxy"]);
    let mut child = command.env("CREDENTIALS_DIRECTORY", &credentials).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = value(&lines.next().unwrap().unwrap(), "listening");
    let running = Running { child, lines, url };
    let page = client().get(format!("{}/console/login", running.url)).send().await.unwrap();
    assert!(page.headers()["set-cookie"].to_str().unwrap().ends_with("; Secure"));
    assert_eq!(running.signal("TERM"), ("stopped".to_owned(), true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_are_looked_after_while_the_service_runs() {
    let folder = Folder::new();
    let first = folder.init();
    let running = Running::start(&folder, &["--passphrase-file", "pass"]);
    let added = folder.done(&["operator", "add", "--dir", "ca", "--role", "auditor", "li.na"]);
    assert_eq!(log_in(&running.url, "li.na", &value(&added, "password")).await, "/console/overview");
    assert!(folder.refused(&["operator", "add", "--dir", "ca", "--role", "auditor", "LI.na"]).contains("of this name"));
    assert!(folder.refused(&["operator", "reset", "--dir", "ca", "nobody"]).contains("no operator"));
    let reset = value(&folder.done(&["operator", "reset", "--dir", "ca", "admin"]), "password");
    assert_eq!(log_in(&running.url, "admin", &first).await, "403 Forbidden");
    assert_eq!(log_in(&running.url, "admin", &reset).await, "/console/overview");
    let list = folder.done(&["operator", "list", "--dir", "ca"]);
    let lines: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines, [["admin", "administrator", "active"], ["li.na", "auditor", "active"]]);
    drop(running);
    assert!(folder.done(&["audit", "verify", "--dir", "ca"]).starts_with("intact"));
    let python = "import sqlite3; d = sqlite3.connect('ca/books.db'); d.execute(\"UPDATE audit SET actor = 'x' WHERE seq = 2\"); d.commit()";
    assert!(Command::new("python3").args(["-c", python]).current_dir(folder.0.path()).status().unwrap().success());
    assert!(folder.refused(&["audit", "verify", "--dir", "ca"]).contains("broken at record 2"));
}

/// The certificates of a virtual key's state file as files, PEM and DER.
fn certificates(folder: &Folder) -> (String, String) {
    let made = Command::new(testkit::program("virtual-key"))
        .args(["new", "--out", "key.json", "--owner", "北京演示科技有限公司", "--days", "30"])
        .current_dir(folder.0.path())
        .output()
        .unwrap();
    assert!(made.status.success());
    let state = virtual_key::VirtualKey::open(&folder.path("key.json")).unwrap();
    let container = &state.state().applications[0].containers[0];
    let der = |slot: &virtual_key::state::Slot| slot.certificate.clone().unwrap();
    let pem = gm::issue::certificate_to_pem(&der(&container.sign)).unwrap();
    std::fs::write(folder.path("sign.pem"), pem).unwrap();
    std::fs::write(folder.path("encrypt.der"), der(&container.encrypt)).unwrap();
    ("sign.pem".to_owned(), "encrypt.der".to_owned())
}

#[test]
fn a_customer_is_registered_with_the_certificates_of_its_key() {
    let folder = Folder::new();
    folder.init();
    let (sign, encrypt) = certificates(&folder);
    let register = |more: &[&str]| {
        let base = ["register", "--dir", "ca", "--passphrase-file", "pass", "--code", "91110000MA0000000X"];
        folder.run(&base.iter().chain(more).copied().collect::<Vec<_>>())
    };
    let said = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    for (more, message) in [
        (vec!["--sign", "pass"], "not a certificate"),
        (vec!["--sign", "none.pem"], "none.pem"),
        (vec!["--sign", &encrypt], "for this use"),
        (vec!["--sign", &sign, "--product", "none"], "no product none"),
        (vec!["--sign", &sign, "--contact-name", "李雷", "--contact-mobile", "123"], "mobile"),
        (vec![], "--name"),
    ] {
        let output = register(&more);
        assert!(!output.status.success() && said(&output).contains(message), "{more:?}: {}", said(&output));
    }
    let contact = ["--contact-name", "李雷", "--contact-mobile", "13800138000"];
    let pair = ["--sign", sign.as_str(), "--encrypt", encrypt.as_str()];
    let output = register(&[pair.as_slice(), &contact].concat());
    assert!(output.status.success(), "{}", said(&output));
    let printed = String::from_utf8(output.stdout).unwrap();
    let serial = Command::new("openssl")
        .args(["x509", "-in", "sign.pem", "-noout", "-serial"])
        .current_dir(folder.0.path())
        .output()
        .unwrap();
    let serial = String::from_utf8(serial.stdout).unwrap().trim().trim_start_matches("serial=").to_owned();
    assert_eq!(value(&printed, "signing"), serial);
    let again = register(&pair);
    assert!(!again.status.success() && said(&again).contains("in the books"), "{}", said(&again));
    let only = register(&["--name", "只有名字的客户"]);
    assert!(only.status.success());
    assert!(!String::from_utf8(only.stdout).unwrap().contains("signing"));
    let python = "import sqlite3; print(sqlite3.connect('ca/books.db').execute(\
                  'SELECT name, contact_name, contact_mobile FROM customers ORDER BY id').fetchall())";
    let rows = Command::new("python3").args(["-c", python]).current_dir(folder.0.path()).output().unwrap();
    let rows = String::from_utf8(rows.stdout).unwrap();
    assert!(rows.contains("('北京演示科技有限公司', '李雷', '13800138000')"), "{rows}");
    assert!(rows.contains("'只有名字的客户', '', ''"), "{rows}");
}
