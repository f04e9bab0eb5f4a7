//! A service with its own databases, clock and customers, spoken to over HTTP on 127.0.0.1.

use ca_service::audit::{self, Actor};
use ca_service::authority::{HolderKind, Keys, Names};
use ca_service::clock::{Clock, day_start};
use ca_service::http::{Running, router, serve};
use ca_service::kmc::Kmc;
use ca_service::registry::certificates::issue_pair;
use ca_service::registry::customers::{NewCustomer, register};
use ca_service::{Config, Limits, Service, Store, console};
use gm::PrivateKey;
use gm::signed_data::{Content, build};
use order_api::{Base64, Contact, Period, Problem, ProblemCode};
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;
use sqlx::{Column, Row};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::net::TcpListener;

/// 2026-11-20 12:00:00 in Beijing.
pub const NOON: i64 = 1_795_147_200;
pub const DAY: i64 = 86_400;
/// What every captcha shows.
pub const CAPTCHA: &str = "KA7X";

/// Where the databases of a world lie.
#[derive(Clone)]
pub struct Place {
    pub books: String,
    pub kmc: String,
    _dir: Option<Arc<tempfile::TempDir>>,
}

impl Place {
    pub fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = |name: &str| format!("sqlite:{}?mode=rwc", dir.path().join(name).display());
        Self { books: url("books.db"), kmc: url("kmc.db"), _dir: Some(Arc::new(dir)) }
    }

    pub fn postgres(url: &str) -> Self {
        Self { books: url.to_owned(), kmc: url.to_owned(), _dir: None }
    }
}

/// How a world differs from the usual one.
#[derive(Clone, Copy)]
pub struct Options {
    pub captcha: bool,
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self { captcha: false, limits: Limits::NONE }
    }
}

pub struct World {
    pub running: Running,
    pub http: reqwest::Client,
    pub base: String,
    clock: Arc<AtomicI64>,
    keys: SharedKeys,
    place: Place,
    options: Options,
}

/// Keys that a second instance of the same service starts with.
#[derive(Clone)]
pub struct SharedKeys {
    root: Vec<u8>,
    operation: Vec<u8>,
    operation_key: Arc<PrivateKey>,
    service: Arc<PrivateKey>,
    kmc: Arc<PrivateKey>,
    admin_master: Arc<PrivateKey>,
}

fn copy(key: &PrivateKey) -> PrivateKey {
    PrivateKey::from_bytes(key.to_bytes().as_slice()).unwrap()
}

impl SharedKeys {
    pub fn new(now: i64) -> Self {
        use ca_service::authority::Authority;
        let (authority, _, operation_key) = Authority::create(&Names::default(), now - 400 * DAY).unwrap();
        Self {
            root: authority.root().to_vec(),
            operation: authority.operation().to_vec(),
            operation_key: Arc::new(operation_key),
            service: Arc::new(PrivateKey::generate().unwrap()),
            kmc: Arc::new(PrivateKey::generate().unwrap()),
            admin_master: Arc::new(PrivateKey::generate().unwrap()),
        }
    }

    fn keys(&self) -> Keys {
        use ca_service::authority::Authority;
        let key = Box::new(copy(&self.operation_key));
        Keys {
            authority: Authority::new(self.root.clone(), self.operation.clone(), key).unwrap(),
            service: copy(&self.service),
            kmc: copy(&self.kmc),
            admin_masters: vec![copy(&self.admin_master)],
        }
    }
}

impl World {
    pub async fn new(place: &Place, options: Options) -> Self {
        let clock = Arc::new(AtomicI64::new(NOON));
        Self::start(place.clone(), options, clock, SharedKeys::new(NOON)).await
    }

    /// Another instance on the same databases with the same keys and clock.
    pub async fn sibling(&self) -> Self {
        Self::start(self.place.clone(), self.options, Arc::clone(&self.clock), self.keys.clone()).await
    }

    async fn start(place: Place, options: Options, clock: Arc<AtomicI64>, keys: SharedKeys) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let hands = Arc::clone(&clock);
        let time: Clock = Arc::new(move || hands.load(Ordering::SeqCst));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let config =
            Config { public_url: base.clone(), captcha: options.captcha, limits: options.limits, ..Config::default() };
        let store = Store::open_any(&place.books).await.unwrap();
        let opened = keys.keys();
        let kmc = Kmc::open_any(&place.kmc, &opened.kmc, Arc::clone(&time)).await.unwrap();
        let mut service = Service::new(config, store, kmc, opened, time).await.unwrap();
        service.captcha_text = Arc::new(|| Some(CAPTCHA.to_owned()));
        let service = Arc::new(service);
        let routes = router(&service).merge(console::router(Arc::clone(&service), false));
        let running = serve(Arc::clone(&service), routes, listener).unwrap();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { running, http, base, clock, keys, place, options }
    }

    pub fn service(&self) -> &Service {
        self.running.service()
    }

    pub fn now(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub fn set_time(&self, now: i64) {
        self.clock.store(now, Ordering::SeqCst);
    }

    pub fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A customer whose certificates end on the day so many days from now, or lie back, as first issued by this CA.
    pub async fn customer(&self, product: &str, days_left: i64) -> Customer {
        let end = day_start(self.now()) + (days_left + 1) * DAY - 1;
        self.customer_until(product, end).await
    }

    pub async fn customer_until(&self, product: &str, until: i64) -> Customer {
        self.named_customer(product, until, None).await
    }

    pub async fn named_customer(&self, product: &str, until: i64, name: Option<&str>) -> Customer {
        static NEXT: AtomicI64 = AtomicI64::new(1);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let new = NewCustomer {
            name: name.map_or_else(|| format!("示例单位{number}"), str::to_owned),
            kind: HolderKind::Organisation,
            entity: String::new(),
            code: "DEMO0000X".to_owned(),
            number: format!("{number:014}"),
            product: product.to_owned(),
            contact: contact("李雷"),
        };
        let id = register(self.service(), &new, Actor::SERVICE).await.unwrap();
        let key = PrivateKey::generate().unwrap();
        let validity = Period { from: day_start(until) - 365 * DAY, until };
        let pair = issue_pair(self.service(), id, &key.public(), validity, Actor::SERVICE).await.unwrap();
        let encryption = pair.key.open(&key).unwrap();
        Customer {
            id,
            name: new.name,
            certificate: pair.sign,
            encryption_certificate: pair.encrypt,
            key,
            encryption,
            validity,
        }
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, Vec::new()).await
    }

    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        self.send("POST", path, headers, body.into()).await
    }

    /// Everything that must not change when a request is refused. Challenges, captchas and counts of requests are used up
    /// by design.
    pub async fn books(&self) -> Vec<String> {
        let mut all = Vec::new();
        for table in [
            "SELECT * FROM counters ORDER BY name",
            "SELECT * FROM products ORDER BY code",
            "SELECT * FROM customers ORDER BY id",
            "SELECT * FROM certificates ORDER BY serial",
            "SELECT * FROM sessions ORDER BY id",
            "SELECT * FROM orders ORDER BY no",
            "SELECT * FROM evidence ORDER BY id",
            "SELECT * FROM codes ORDER BY order_no",
            "SELECT * FROM devices ORDER BY serial",
            "SELECT * FROM unlocks ORDER BY order_no",
            "SELECT * FROM payments ORDER BY id",
            "SELECT * FROM outbox ORDER BY id",
            "SELECT * FROM crls ORDER BY name",
            "SELECT * FROM audit ORDER BY seq",
            "SELECT * FROM audit_head",
        ] {
            let rows = sqlx::query(table).fetch_all(self.service().store.pool()).await.unwrap();
            all.extend(rows.iter().map(|row| format!("{table}: {}", dump(row))));
        }
        all
    }

    pub async fn number(&self, query: &'static str) -> i64 {
        sqlx::query(query).fetch_one(self.service().store.pool()).await.unwrap().get(0)
    }

    pub async fn text(&self, query: &'static str) -> String {
        sqlx::query(query).fetch_one(self.service().store.pool()).await.unwrap().get(0)
    }

    pub async fn execute(&self, statement: &'static str) {
        sqlx::query(statement).execute(self.service().store.pool()).await.unwrap();
    }

    /// The audit log stands, and gives its length.
    pub async fn audited(&self) -> u64 {
        audit::verify(&self.service().store).await.unwrap()
    }

    pub async fn stop(self) {
        self.running.stop().await;
    }
}

fn dump(row: &AnyRow) -> String {
    let value = |column: usize| {
        if let Ok(number) = row.try_get::<Option<i64>, _>(column) {
            format!("{number:?}")
        } else if let Ok(text) = row.try_get::<Option<String>, _>(column) {
            format!("{text:?}")
        } else {
            format!("{:?}", row.try_get::<Option<Vec<u8>>, _>(column).unwrap())
        }
    };
    row.columns().iter().map(|column| format!("{}={} ", column.name(), value(column.ordinal()))).collect()
}

pub fn contact(name: &str) -> Contact {
    Contact { name: name.to_owned(), mobile: "13800138000".to_owned(), email: "li@example.com".to_owned() }
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub fn ok<T: DeserializeOwned>(&self) -> T {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).unwrap()
    }

    #[track_caller]
    pub fn problem(&self) -> Problem {
        assert!(self.status >= 400, "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem: Problem = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem.status, self.status);
        assert_eq!(problem.code.status(), self.status);
        assert!(!problem.instance.is_empty());
        problem
    }

    #[track_caller]
    pub fn code(&self) -> ProblemCode {
        self.problem().code
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name}")).to_str().unwrap()
    }
}

/// A customer with both pairs.
pub struct Customer {
    pub id: i64,
    pub name: String,
    pub certificate: Vec<u8>,
    pub encryption_certificate: Vec<u8>,
    pub key: PrivateKey,
    pub encryption: PrivateKey,
    pub validity: Period,
}

impl Customer {
    pub fn serial(&self) -> String {
        serial(&self.certificate)
    }

    pub fn sign(&self, body: &[u8]) -> String {
        sign_with(&self.key, &self.certificate, body)
    }
}

pub fn serial(certificate: &[u8]) -> String {
    certificate::Certificate::parse(certificate).unwrap().serial_hex()
}

/// Detached `SignedData` over a body, base64.
pub fn sign_with(key: &PrivateKey, certificate: &[u8], body: &[u8]) -> String {
    let read = certificate::Certificate::parse(certificate).unwrap();
    let holder = read.holder().unwrap();
    let p7 = build(certificate, &holder, body, Content::Detached, &key.sign_message(body).unwrap()).unwrap();
    Base64::text(&p7)
}
