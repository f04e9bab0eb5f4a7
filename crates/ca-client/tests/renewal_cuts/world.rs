//! The CA: the real service with its books on disk, in this process, to be stopped and started again.
#![allow(dead_code)] // every test crate uses its part

use ca_client::{CaProfile, Connection, OrderApi, Origin, PinPolicy, Text};
use ca_service::audit::{self, Actor};
use ca_service::authority::{Authority, HolderKind, Keys, Names};
use ca_service::clock::Clock;
use ca_service::http::{InProcess, router};
use ca_service::kmc::Kmc;
use ca_service::registry::certificates;
use ca_service::registry::customers::{self, NewCustomer};
use ca_service::registry::devices;
use ca_service::{Config, Limits, Service, ServiceError, Store, console};
use certificate::Certificate;
use gm::PrivateKey;
use gm::issue::{
    Authority as Issuer, COMMON_NAME, COUNTRY, CertificateRequest, Extras, ORGANISATION, Role, Subject, certificate,
};
use net::{Proxy, ServiceUrl};
use order_api::Contact;
use sqlx::Row;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use virtual_key::KeyState;

/// What every picture shows.
pub const CAPTCHA: &str = "KA7X";
/// Seconds.
pub const DAY: i64 = 86_400;

/// What a service is started from again.
#[derive(Clone)]
struct Material {
    folder: PathBuf,
    clock: Arc<AtomicI64>,
    captcha: bool,
    root: Vec<u8>,
    root_key: Arc<Vec<u8>>,
    operation: Vec<u8>,
    /// Keys of operation CA, service, key management, and what admin PINs are made from.
    keys: [Arc<Vec<u8>>; 4],
}

impl Material {
    async fn start(self) -> Result<(Arc<Service>, axum::Router), ServiceError> {
        let hands = self.clock;
        let clock: Clock = Arc::new(move || hands.load(Ordering::Relaxed));
        let [operation, service, kmc, admin_master] = self.keys.map(|key| PrivateKey::from_bytes(&key).unwrap());
        let authority = Authority::new(self.root, self.operation, Box::new(operation)).unwrap();
        let store = Store::open(&self.folder.join("books.db")).await.unwrap();
        let keys_store = Kmc::open(&self.folder.join("kmc.db"), &kmc, Arc::clone(&clock)).await?;
        let config = Config { captcha: self.captcha, limits: Limits::NONE, ..Config::default() };
        let keys = Keys { authority, service, kmc, admin_masters: vec![admin_master] };
        let mut service = Service::new(config, store, keys_store, keys, clock).await?;
        service.captcha_text = Arc::new(|| Some(CAPTCHA.to_owned()));
        let service = Arc::new(service);
        let routes = router(&service).merge(console::router(Arc::clone(&service), false));
        Ok((service, routes))
    }
}

pub struct World {
    _folder: tempfile::TempDir,
    material: Mutex<Material>,
    running: Mutex<Option<InProcess>>,
}

impl World {
    pub fn new() -> Self {
        Self::with_captcha(false)
    }

    /// A service that wants the answer to a picture, or not.
    pub fn with_captcha(captcha: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = noon();
        let (authority, root_key, operation) = Authority::create(&Names::default(), now).unwrap();
        let [service, kmc, admin_master] = std::array::from_fn(|_| PrivateKey::generate().unwrap());
        let keys = [operation, service, kmc, admin_master];
        let material = Material {
            folder: folder.path().to_owned(),
            clock: Arc::new(AtomicI64::new(now)),
            captcha,
            root: authority.root().to_vec(),
            root_key: Arc::new(root_key.to_bytes().to_vec()),
            operation: authority.operation().to_vec(),
            keys: keys.map(|key| Arc::new(key.to_bytes().to_vec())),
        };
        let world = Self { _folder: folder, material: Mutex::new(material), running: Mutex::default() };
        world.restart();
        world
    }

    /// Stops the service and starts it from what is on disk, at another port.
    pub fn restart(&self) {
        let mut running = self.running.lock().unwrap();
        *running = None;
        let material = self.material().clone();
        *running = Some(InProcess::start(move |_| material.start()).unwrap());
    }

    fn material(&self) -> MutexGuard<'_, Material> {
        self.material.lock().unwrap()
    }

    /// Another operation CA under the same root takes the place of the present one; the service is started again.
    pub fn renew_operation(&self) {
        let mut material = self.material();
        let root = Certificate::parse(&material.root).unwrap();
        let part = |label| root.subject.get(label).unwrap().to_owned();
        let (organisation, root_name) = (part("O"), part("CN"));
        let root_name = [(COUNTRY, "CN"), (ORGANISATION, &organisation), (COMMON_NAME, root_name.as_str())];
        let name = [(COUNTRY, "CN"), (ORGANISATION, &organisation), (COMMON_NAME, "Demo SM2 Service CA 2")];
        let (root_key, key) = (PrivateKey::from_bytes(&material.root_key).unwrap(), PrivateKey::generate().unwrap());
        let request = CertificateRequest {
            serial: &[0x1A, 0x10, 0, 0, 0, 0, 0, 0, 0, 2],
            subject: Subject::Parts(&name),
            key: &key.public(),
            not_before: moment(root.validity.unwrap().not_before),
            not_after: moment(root.validity.unwrap().not_after),
            role: Role::OperationCa,
            texts: &[],
            crl_uri: None,
            extras: Extras::default(),
        };
        material.operation = certificate(&request, &Issuer { name: &root_name, key: &root_key }).unwrap();
        material.keys[0] = Arc::new(key.to_bytes().to_vec());
        drop(material);
        self.restart();
    }

    /// The clock of service and client: it stands still, so that no midnight falls into a test.
    pub fn now(&self) -> i64 {
        self.material().clock.load(Ordering::Relaxed)
    }

    /// Lets time pass for service and client.
    pub fn pass(&self, seconds: i64) {
        self.material().clock.fetch_add(seconds, Ordering::Relaxed);
    }

    fn service(&self) -> MutexGuard<'_, Option<InProcess>> {
        self.running.lock().unwrap()
    }

    /// Does something with the service itself.
    pub fn look<T, F: Future<Output = T>>(&self, into: impl FnOnce(Arc<Service>) -> F) -> T {
        let running = self.service();
        let running = running.as_ref().unwrap();
        running.block_on(into(Arc::clone(running.service())))
    }

    pub fn port(&self) -> u16 {
        self.service().as_ref().unwrap().address().port()
    }

    /// A client for the service where it is now.
    pub fn client(&self) -> OrderApi {
        client_at(self.port())
    }

    /// Takes the certificates of a key into the books; returns the serial number of the signing one.
    pub fn enrol(&self, state: &KeyState, number: usize) -> String {
        self.enrol_for(state, number, "unit")
    }

    /// The same for a product.
    pub fn enrol_for(&self, state: &KeyState, number: usize, product: &str) -> String {
        let container = &state.applications[0].containers[0];
        let sign = container.sign.certificate.clone().unwrap();
        let encrypt = container.encrypt.certificate.clone().unwrap();
        let contact = Contact { name: "李四".into(), mobile: "13800000000".into(), email: String::new() };
        let customer = NewCustomer {
            name: "示例有限公司".to_owned(),
            kind: HolderKind::Organisation,
            entity: String::new(),
            code: "DEMO0000X".to_owned(),
            number: format!("{number:014}"),
            product: product.to_owned(),
            contact,
        };
        let device = state.device.serial.clone();
        self.look(|service| async move {
            let customer = customers::register(&service, &customer, Actor::SERVICE).await.unwrap();
            // a second key that claims the same number stays unknown
            if devices::find(&service.store, &device).await.unwrap().is_none() {
                devices::register(&service, &device, customer, Actor::SERVICE).await.unwrap();
            }
            certificates::enrol(&service, customer, &sign, Some(&encrypt), Actor::SERVICE).await.unwrap()
        })
    }

    /// The admin PIN this CA gives a device.
    pub fn admin_pin(&self, device: &str) -> String {
        let pin = self.look(|service| {
            let pin = service.masters.admin_pin(1, device).unwrap();
            async move { pin }
        });
        String::from_utf8(pin.expose().to_vec()).unwrap()
    }

    /// The code that was sent last for an order.
    pub fn code(&self, no: &str) -> String {
        let secrets: String = self.look(|service| async move {
            let query = "SELECT secrets FROM outbox WHERE order_no = $1 AND secrets <> '[]' ORDER BY id DESC LIMIT 1";
            let row = sqlx::query(query).bind(no).fetch_one(service.store.pool()).await.unwrap();
            row.get(0)
        });
        let [code]: [String; 1] = serde_json::from_str(&secrets).unwrap();
        code
    }

    /// The registered contact of a certificate gets an e-mail address.
    pub fn register_email(&self, certificate: &str, email: &str) {
        self.look(|service| async move {
            let query = "UPDATE customers SET contact_email = $1 WHERE id = \
                         (SELECT customer FROM certificates WHERE serial = $2)";
            let mut tx = service.store.begin().await.unwrap();
            sqlx::query(query).bind(email).bind(certificate).execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        });
    }

    /// Way and kind of every message about an order.
    pub fn messages(&self, no: &str) -> Vec<(String, String)> {
        self.look(|service| async move {
            let rows = sqlx::query("SELECT channel, template FROM outbox WHERE order_no = $1 ORDER BY id")
                .bind(no)
                .fetch_all(service.store.pool())
                .await
                .unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1))).collect()
        })
    }

    /// Everything in the files of the databases.
    pub fn files(&self) -> Vec<u8> {
        let files = std::fs::read_dir(&self.material().folder).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// The pair of certificates a signing certificate belongs to, with their status.
    pub fn certificate(&self, serial: &str) -> certificates::Certificate {
        let serial = serial.to_owned();
        self.look(|service| async move { certificates::find(&service.store, &serial).await.unwrap().unwrap() })
    }

    /// Number and state of every order of a certificate.
    pub fn orders(&self, serial: &str) -> Vec<(String, String)> {
        self.look(|service| async move {
            let rows = sqlx::query("SELECT no, state FROM orders WHERE certificate = $1")
                .bind(serial)
                .fetch_all(service.store.pool())
                .await
                .unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1))).collect()
        })
    }

    /// Kind, status and serial number of all certificates issued for an order.
    pub fn issued(&self, no: &str) -> Vec<(String, String, String)> {
        self.look(|service| async move {
            let rows =
                sqlx::query("SELECT kind, status, serial FROM certificates WHERE order_no = $1 ORDER BY kind DESC")
                    .bind(no)
                    .fetch_all(service.store.pool())
                    .await
                    .unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
        })
    }

    /// Everything that was signed for an order, oldest first: kind, body, signature.
    pub fn evidence(&self, no: &str) -> Vec<(String, Vec<u8>, Vec<u8>)> {
        let query = "SELECT kind, body, signature FROM evidence WHERE order_no = $1 \
                     OR session = (SELECT session FROM orders WHERE no = $1) ORDER BY at, length(kind), id";
        self.look(|service| async move {
            let rows = sqlx::query(query).bind(no).fetch_all(service.store.pool()).await.unwrap();
            rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
        })
    }

    /// The certificate of the operation CA, DER.
    pub fn operation(&self) -> Vec<u8> {
        self.material().operation.clone()
    }

    /// Keys the key management made for an order.
    pub fn encryption_keys(&self, no: &str) -> i64 {
        self.look(|service| async move { service.kmc.count(no).await.unwrap() })
    }

    /// Checks the chain of the audit log; returns its length.
    pub fn audit(&self) -> u64 {
        self.look(|service| async move { audit::verify(&service.store).await.unwrap() })
    }
}

fn moment(unix: i64) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(unix).unwrap()
}

pub fn client_at(port: u16) -> OrderApi {
    let profile = CaProfile {
        id: "demo".to_owned(),
        name: Text::default(),
        issuers: Vec::new(),
        connection: Connection::OrderApi(ServiceUrl::parse(&format!("http://127.0.0.1:{port}")).unwrap()),
        hot_line: "400-000-0000".to_owned(),
        hours: Text::default(),
        reminder_days: Vec::new(),
        pin_policy: PinPolicy { min: 6, max: 16 },
        update: None,
        origin: Origin::default(),
        roots: Vec::new(),
    };
    OrderApi::new(&profile, &Proxy::None).unwrap()
}

/// Noon of today in Beijing.
fn noon() -> i64 {
    const BEIJING: i64 = 8 * 3600;
    (certificate::now() + BEIJING).div_euclid(DAY) * DAY - BEIJING + DAY / 2
}
