//! The steps of a renewal as a client takes them.

use crate::world::{Answer, CAPTCHA, Customer, World, contact, serial};
use gm::csr::UnsignedCsr;
use gm::csr_response::CsrResponse;
use gm::{PrivateKey, PublicKey, signature_to_der};
use order_api::{
    BODY_P7, Base64, Captcha, CaptchaAnswer, Challenge, ConfirmRequest, IDEMPOTENCY_KEY, IssueRequest, IssueResponse,
    Order, OrderCreated, OrderKind, OrderRequest, Purpose, SESSION, SESSION_SIGNATURE, Session, SessionKey,
    SessionRequest, Signed, SymAlg, WrapProfile,
};
use std::sync::atomic::{AtomicU64, Ordering};

/// An open session with its key.
pub struct Open {
    pub session: Session,
    pub key: PrivateKey,
}

pub fn purpose(path: &str) -> Purpose {
    match path.rsplit('/').next() {
        Some("sessions") => Purpose::Session,
        Some("issue") => Purpose::Issue,
        _ => Purpose::Confirm,
    }
}

impl World {
    pub async fn challenge(&self, purpose: Purpose) -> String {
        let body = serde_json::json!({ "purpose": purpose }).to_string();
        self.post("/v1/challenges", &[], body).await.ok::<Challenge>().nonce
    }

    /// What binds a signature to a request.
    pub async fn signed(&self, path: &str) -> Signed {
        Signed {
            nonce: self.challenge(purpose(path)).await,
            purpose: purpose(path),
            method: "POST".to_owned(),
            path: path.to_owned(),
            time: self.now(),
        }
    }

    pub async fn session_request(&self, key: &PrivateKey) -> SessionRequest {
        SessionRequest {
            signed: self.signed("/v1/sessions").await,
            kind: OrderKind::Renew,
            session_key: SessionKey(key.public()),
            device_serial: "C0FFEE0000000001".to_owned(),
        }
    }

    pub async fn try_session(&self, customer: &Customer) -> (Answer, PrivateKey) {
        let key = PrivateKey::generate().unwrap();
        let body = serde_json::to_vec(&self.session_request(&key).await).unwrap();
        let p7 = customer.sign(&body);
        (self.post("/v1/sessions", &[(BODY_P7, &p7)], body).await, key)
    }

    pub async fn session(&self, customer: &Customer) -> Open {
        let (answer, key) = self.try_session(customer).await;
        Open { session: answer.ok(), key }
    }

    /// Body of an order that a person who agrees with everything would send.
    pub async fn order_request(&self, open: &Open) -> OrderRequest {
        OrderRequest {
            kind: OrderKind::Renew,
            session: open.session.id.clone(),
            certificate_serial: open.session.holder.certificate_serial.clone(),
            new: open.session.new,
            contact: contact("韩梅梅"),
            captcha: if open.session.captcha { Some(self.solved().await) } else { None },
        }
    }

    pub async fn solved(&self) -> CaptchaAnswer {
        let captcha: Captcha = self.post("/v1/captchas", &[], "{}").await.ok();
        CaptchaAnswer { id: captcha.id, text: CAPTCHA.to_lowercase() }
    }

    pub async fn try_order(&self, open: &Open, request: &OrderRequest, key: &str) -> Answer {
        let body = serde_json::to_vec(request).unwrap();
        let signature = session_signature(&open.key, &body);
        let headers = [(SESSION, open.session.id.as_str()), (SESSION_SIGNATURE, &signature), (IDEMPOTENCY_KEY, key)];
        self.post("/v1/orders", &headers, body).await
    }

    pub async fn order(&self, customer: &Customer) -> OrderCreated {
        let open = self.session(customer).await;
        let request = self.order_request(&open).await;
        self.try_order(&open, &request, &fresh_key()).await.ok()
    }

    pub async fn read(&self, created: &OrderCreated) -> Order {
        let path = format!("/v1/orders/{}", created.order.no);
        self.get(&path, &[bearer(&created.token).as_header()]).await.ok()
    }

    /// A call of an order that takes its token.
    pub async fn call(&self, created: &OrderCreated, what: &str, body: &str) -> Answer {
        let path = format!("/v1/orders/{}/{what}", created.order.no);
        self.post(&path, &[bearer(&created.token).as_header()], body).await
    }

    pub async fn issue_request(&self, no: &str, csr: &[u8]) -> IssueRequest {
        IssueRequest {
            signed: self.signed(&format!("/v1/orders/{no}/issue")).await,
            csr: Base64(csr.to_vec()),
            sym_alg: SymAlg::Sm4Ecb,
            wrap: WrapProfile::Right32,
        }
    }

    pub async fn try_issue(&self, customer: &Customer, no: &str, csr: &[u8]) -> Answer {
        let body = serde_json::to_vec(&self.issue_request(no, csr).await).unwrap();
        let p7 = customer.sign(&body);
        self.post(&format!("/v1/orders/{no}/issue"), &[(BODY_P7, &p7)], body).await
    }

    pub async fn confirm_request(&self, no: &str, new: &Customer) -> ConfirmRequest {
        ConfirmRequest {
            signed: self.signed(&format!("/v1/orders/{no}/confirm")).await,
            sign_serial: new.serial(),
            encrypt_serial: serial(&new.encryption_certificate),
        }
    }

    pub async fn try_confirm(&self, new: &Customer, no: &str) -> Answer {
        let body = serde_json::to_vec(&self.confirm_request(no, new).await).unwrap();
        let p7 = new.sign(&body);
        self.post(&format!("/v1/orders/{no}/confirm"), &[(BODY_P7, &p7)], body).await
    }

    /// Fetches the package with a fresh key; gives the customer as he is afterwards.
    pub async fn fetch(&self, customer: &Customer, no: &str) -> Customer {
        let key = PrivateKey::generate().unwrap();
        let answer: IssueResponse = self.try_issue(customer, no, &csr(customer, &key)).await.ok();
        unpack(customer, key, &answer)
    }

    /// From session to confirmation; gives the customer as he is afterwards.
    pub async fn renew(&self, customer: &Customer) -> (OrderCreated, Customer) {
        let created = self.order(customer).await;
        let new = self.fetch(customer, &created.order.no).await;
        let _: Order = self.try_confirm(&new, &created.order.no).await.ok();
        (created, new)
    }
}

/// The certificate of a key in a package, DER.
pub fn of(key: &PublicKey, certificates: &[Vec<u8>]) -> Vec<u8> {
    certificate::certificate_of(key, certificates).unwrap().der().to_vec()
}

pub fn unpack(old: &Customer, key: PrivateKey, answer: &IssueResponse) -> Customer {
    let package = CsrResponse::from_der(&answer.package.0).unwrap();
    let envelope = package.key.as_ref().unwrap();
    let encryption = envelope.open(&key).unwrap();
    Customer {
        id: old.id,
        name: old.name.clone(),
        certificate: of(&key.public(), &package.sign),
        encryption_certificate: of(&encryption.public(), &package.encrypt),
        key,
        encryption,
        validity: answer.order.new,
    }
}

pub fn csr(customer: &Customer, key: &PrivateKey) -> Vec<u8> {
    let old = certificate::Certificate::parse(&customer.certificate).unwrap();
    let unsigned = UnsignedCsr::new(old.subject.der(), &key.public()).unwrap();
    let signature = key.sign_digest(&unsigned.digest()).unwrap();
    unsigned.finish(&signature).unwrap()
}

pub fn session_signature(key: &PrivateKey, body: &[u8]) -> String {
    Base64::text(&signature_to_der(&key.sign_message(body).unwrap()).unwrap())
}

pub fn fresh_key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("request-{}", NEXT.fetch_add(1, Ordering::SeqCst))
}

/// `Authorization` with its text.
pub struct Bearer(String);

impl Bearer {
    pub fn as_header(&self) -> (&str, &str) {
        ("authorization", &self.0)
    }
}

pub fn bearer(token: &str) -> Bearer {
    Bearer(format!("Bearer {token}"))
}
