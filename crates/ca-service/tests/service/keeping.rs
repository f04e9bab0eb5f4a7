//! What a service keeps: its keys in a folder, nothing secret in its log; and its start and end inside another program.

use crate::renewal::bearer;
use crate::world::{CAPTCHA, NOON, Options, Place, World};
use ca_service::authority::{FolderError, Keys, Names};
use ca_service::http::{InProcess, router};
use ca_service::kmc::Kmc;
use ca_service::{Config, Service, ServiceError, Store, clock};
use order_api::{CaInfo, CodeCheck, Order};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::{Arc, Mutex};

#[test]
fn the_keys_of_a_folder_open_with_its_passphrase_only_and_are_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("ca");
    let made = Keys::init(&dir, b"correct horse", &Names::default(), NOON).unwrap();
    for name in ["root.key", "operation.key", "service.key", "kmc.key"] {
        let file = dir.join(name);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{name}");
    }
    // openssl opens the same key, and it is that of the certificate
    let openssl = |args: &[&str]| Command::new("openssl").args(args).current_dir(&dir).output().unwrap().stdout;
    for name in ["root", "operation"] {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let public = openssl(&["pkey", "-in", &key, "-passin", "pass:correct horse", "-pubout"]);
        assert!(!public.is_empty());
        assert_eq!(public, openssl(&["x509", "-in", &certificate, "-noout", "-pubkey"]), "{name}");
    }
    let opened = Keys::open(&dir, b"correct horse").unwrap();
    assert_eq!(opened.authority.operation(), made.authority.operation());
    assert_eq!(opened.service.public(), made.service.public());
    assert_eq!(opened.kmc.public(), made.kmc.public());
    assert!(matches!(Keys::open(&dir, b"wrong horse"), Err(FolderError::Passphrase)));
    assert!(matches!(Keys::init(&dir, b"other", &Names::default(), NOON), Err(FolderError::Exists(_))));
    Keys::open(&dir, b"correct horse").unwrap();
    // one file is enough to refuse, and the root's key is not needed to run
    let root = std::fs::read(dir.join("root.key")).unwrap();
    std::fs::remove_file(dir.join("root.key")).unwrap();
    assert!(matches!(Keys::init(&dir, b"other", &Names::default(), NOON), Err(FolderError::Exists(_))));
    Keys::open(&dir, b"correct horse").unwrap();
    // a key that does not belong to the certificate
    std::fs::write(dir.join("operation.key"), root).unwrap();
    assert!(matches!(Keys::open(&dir, b"correct horse"), Err(FolderError::Other(ServiceError::Damaged(_)))));
    std::fs::remove_file(dir.join("kmc.key")).unwrap();
    assert!(Keys::open(&dir, b"correct horse").is_err());
}

/// A log in memory.
#[derive(Clone, Default)]
pub struct Log(pub Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_or_personal_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // another test of this process may have been first
    let _ = tracing::subscriber::set_global_default(subscriber);
    let world = World::new(&Place::sqlite(), Options { captcha: true, ..Options::default() }).await;
    let customer = world.customer("unit-mobile", 20).await;
    let created = world.order(&customer).await;
    assert_eq!(world.call(&created, "codes", "").await.status, 200);
    let message = world.text("SELECT body FROM outbox").await;
    let code = message.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).unwrap();
    let check = serde_json::to_string(&CodeCheck { code: code.to_owned() }).unwrap();
    assert!(world.call(&created, "codes/verify", &check.replace(code, "000000")).await.status >= 400);
    let _: Order = world.call(&created, "codes/verify", &check).await.ok();
    let new = world.fetch(&customer, &created.order.no).await;
    assert_eq!(world.try_confirm(&new, &created.order.no).await.status, 200);
    assert!(world.get("/v1/orders/20261120-999999", &[bearer(&created.token).as_header()]).await.status >= 400);
    world.stop().await;

    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).to_uppercase();
    assert!(log.contains("REQUEST REFUSED") && log.contains("CODE_WRONG"), "{log}");
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    for (what, secret) in [
        ("token", created.token.clone()),
        ("code", format!("{code}\"")),
        ("code in a message", format!("验证码 {code}")),
        ("captcha", CAPTCHA.to_owned()),
        ("mobile number", "13800138000".to_owned()),
        ("contact", "韩梅梅".to_owned()),
        ("e-mail address", "li@example.com".to_uppercase()),
        ("encryption key", hex(new.encryption.to_bytes().as_slice())),
    ] {
        assert!(!log.contains(&secret.to_uppercase()), "the log holds the {what}");
    }
}

#[test]
fn a_program_that_is_not_asynchronous_runs_a_service_and_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    let (books, kmc) = (dir.path().join("books.db"), dir.path().join("kmc.db"));
    let started = InProcess::start(move |address| async move {
        let config = Config { public_url: format!("http://{address}"), ..Config::default() };
        let keys = Keys::generate(&Names::default(), NOON)?;
        let kmc = Kmc::open(&kmc, &keys.kmc, clock::system()).await?;
        let store = Store::open(&books).await?;
        let service = Arc::new(Service::new(config, store, kmc, keys, clock::system()).await?);
        let routes = router(&service);
        Ok((service, routes))
    });
    let service = started.unwrap();
    let ask = || -> std::io::Result<String> {
        let mut stream = std::net::TcpStream::connect(service.address())?;
        stream.write_all(b"GET /v1/ca HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(serde_json::from_str::<CaInfo>(body).unwrap().name, "Demo Trust Centre");
    let products = service.block_on(ca_service::registry::products::list(&service.service().store));
    assert_eq!(products.unwrap().len(), 4);
    let address = service.address();
    drop(service);
    assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
    // what can't start says why
    let failed = InProcess::start(|_| async { Err(ServiceError::Unacceptable("no".to_owned())) });
    assert_eq!(failed.err().unwrap().to_string(), "no");
}
