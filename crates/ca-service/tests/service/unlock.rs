//! The steps of an unlock as a client takes them.

use crate::key::Key;
use crate::renewal::{bearer, fresh_key, session_signature};
use crate::world::{Answer, Customer, World};
use ca_service::audit::Actor;
use gm::PrivateKey;
use order_api::{
    Applicant, BODY_P7, Base64, Grant, IDEMPOTENCY_KEY, Order, OrderCreated, Problem, ProblemCode, Purpose,
    SESSION_SIGNATURE, SessionKey, Signed, UnlockAnswer, UnlockBegin, UnlockFinish, UnlockRequest, UnlockRoute,
    code_proof,
};
use sqlx::Row;

pub const OFFICER: Actor<'static> = Actor { name: "officer", role: "operator" };
/// What the person chooses in the end.
pub const NEW_PIN: &str = "Zq7mPw4x";

/// An order with the key that signs its requests.
pub struct Applied {
    pub created: OrderCreated,
    pub client: PrivateKey,
    pub device: String,
}

impl Applied {
    pub fn no(&self) -> &str {
        &self.created.order.no
    }
}

/// What the registered contact would fill in.
pub fn applicant() -> Applicant {
    Applicant {
        name: "李雷".to_owned(),
        telephone: String::new(),
        mobile: "13800138000".to_owned(),
        email: String::new(),
    }
}

pub fn unlock_request(
    customer: &Customer,
    device: &str,
    route: UnlockRoute,
    applicant: Applicant,
    client: &PrivateKey,
) -> UnlockRequest {
    UnlockRequest {
        client_key: SessionKey(client.public()),
        certificate: Base64(customer.certificate.clone()),
        device_serial: device.to_owned(),
        route,
        applicant,
        captcha: None,
    }
}

impl World {
    pub async fn try_apply(&self, request: &UnlockRequest, client: &PrivateKey, idempotency: &str) -> Answer {
        let body = serde_json::to_vec(request).unwrap();
        let signature = session_signature(client, &body);
        self.post("/v1/unlocks", &[(SESSION_SIGNATURE, &signature), (IDEMPOTENCY_KEY, idempotency)], body).await
    }

    pub async fn apply_as(
        &self,
        customer: &Customer,
        device: &str,
        route: UnlockRoute,
        applicant: Applicant,
    ) -> Applied {
        let client = PrivateKey::generate().unwrap();
        let mut request = unlock_request(customer, device, route, applicant, &client);
        if self.service().config.captcha {
            request.captcha = Some(self.solved().await);
        }
        let created = self.try_apply(&request, &client, &fresh_key()).await.ok();
        Applied { created, client, device: device.to_owned() }
    }

    /// The owner applies on the way by SMS.
    pub async fn apply(&self, customer: &Customer, key: &Key) -> Applied {
        self.apply_as(customer, &key.serial, UnlockRoute::Sms, applicant()).await
    }

    /// The code in the last message of an order.
    pub async fn code(&self, no: &str) -> String {
        self.found_code(no).await.unwrap()
    }

    pub async fn found_code(&self, no: &str) -> Option<String> {
        let row = sqlx::query("SELECT body FROM outbox WHERE order_no = $1 ORDER BY id DESC LIMIT 1").bind(no);
        let body: String = row.fetch_optional(self.service().store.pool()).await.unwrap()?.get(0);
        let code = |text: &str| text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        body.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').find(|text| code(text)).map(str::to_owned)
    }

    pub async fn claims(&self, purpose: Purpose, path: &str) -> Signed {
        Signed {
            nonce: self.challenge(purpose).await,
            purpose,
            method: "POST".to_owned(),
            path: path.to_owned(),
            time: self.now(),
        }
    }

    /// Body of a begin with the proof of a code, if any.
    pub async fn begin_request(
        &self,
        applied: &Applied,
        challenge: &[u8],
        tries: (u8, u8),
        code: Option<&str>,
    ) -> UnlockBegin {
        let mut request = UnlockBegin {
            signed: self.claims(Purpose::Unlock, &format!("/v1/orders/{}/unlock", applied.no())).await,
            device_serial: applied.device.clone(),
            challenge: Base64(challenge.to_vec()),
            user_tries: tries.0,
            admin_tries: tries.1,
            proof: None,
        };
        prove(&mut request, applied, code);
        request
    }

    pub async fn send_begin(&self, applied: &Applied, body: &[u8], signer: &PrivateKey) -> Answer {
        let signature = session_signature(signer, body);
        let path = format!("/v1/orders/{}/unlock", applied.no());
        let token = bearer(&applied.created.token);
        self.post(&path, &[token.as_header(), (SESSION_SIGNATURE, &signature)], body).await
    }

    /// Begins, or goes on, with a challenge that no key made.
    pub async fn try_begin(&self, applied: &Applied, code: Option<&str>) -> Answer {
        self.try_begin_with(applied, &[7; 8], (0, 10), code).await
    }

    pub async fn try_begin_with(
        &self,
        applied: &Applied,
        challenge: &[u8],
        tries: (u8, u8),
        code: Option<&str>,
    ) -> Answer {
        let request = self.begin_request(applied, challenge, tries, code).await;
        self.send_begin(applied, &serde_json::to_vec(&request).unwrap(), &applied.client).await
    }

    /// The grant for a key with the code from the messages.
    pub async fn grant(&self, applied: &Applied, key: &mut Key) -> Grant {
        let code = self.found_code(applied.no()).await;
        let (challenge, tries) = (key.challenge(8), key.tries());
        let answer: UnlockAnswer = self.try_begin_with(applied, &challenge, tries, code.as_deref()).await.ok();
        Grant::open(&answer.grant.0, &applied.client).unwrap()
    }

    /// From the code to the person's own PIN on the key.
    pub async fn set_pin(&self, applied: &Applied, key: &mut Key) {
        let grant = self.grant(applied, key).await;
        assert_eq!(key.unblock(grant.response.expose()), 0x9000);
        key.change(grant.transport_pin.expose(), NEW_PIN.as_bytes());
    }

    pub async fn finish_request(&self, no: &str, device: &str) -> UnlockFinish {
        let path = format!("/v1/orders/{no}/unlock/finish");
        UnlockFinish { signed: self.claims(Purpose::UnlockFinish, &path).await, device_serial: device.to_owned() }
    }

    pub async fn send_finish(&self, no: &str, body: &[u8], p7: &str) -> Answer {
        self.post(&format!("/v1/orders/{no}/unlock/finish"), &[(BODY_P7, p7)], body).await
    }

    /// The report, signed in the customer's name without asking the key.
    pub async fn try_finish(&self, applied: &Applied, customer: &Customer) -> Answer {
        let body = serde_json::to_vec(&self.finish_request(applied.no(), &applied.device).await).unwrap();
        let p7 = customer.sign(&body);
        self.send_finish(applied.no(), &body, &p7).await
    }

    /// The report, signed by the key under its new PIN.
    pub async fn finish(&self, applied: &Applied, customer: &Customer, key: &mut Key) -> Order {
        let body = serde_json::to_vec(&self.finish_request(applied.no(), &applied.device).await).unwrap();
        assert_eq!(key.verify(NEW_PIN.as_bytes()), 0x9000);
        let p7 = key.sign(&customer.certificate, &body).unwrap();
        self.send_finish(applied.no(), &body, &p7).await.ok()
    }

    /// Records about an order: action, outcome, detail.
    pub async fn records(&self, no: &str) -> Vec<(String, String, String)> {
        let rows = sqlx::query("SELECT action, outcome, detail FROM audit WHERE object = $1 ORDER BY seq")
            .bind(format!("order/{no}"))
            .fetch_all(self.service().store.pool())
            .await
            .unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
    }

    /// Recipients of the messages of an order with their templates, sorted.
    pub async fn told(&self, no: &str) -> Vec<(String, String)> {
        let rows =
            sqlx::query("SELECT template, recipient FROM outbox WHERE order_no = $1 ORDER BY template, recipient")
                .bind(no)
                .fetch_all(self.service().store.pool())
                .await
                .unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

/// Sets the proof of a code for the body as it is.
pub fn prove(request: &mut UnlockBegin, applied: &Applied, code: Option<&str>) {
    request.proof = None;
    let public = applied.client.public();
    request.proof = code.map(|code| Base64(code_proof(code, applied.no(), request, &public).unwrap().to_vec()));
}

/// What a refusal may not change: everything but the audit log.
async fn but_the_log(world: &World) -> Vec<String> {
    let all = world.books().await;
    all.into_iter().filter(|line| !line.starts_with("SELECT * FROM audit")).collect()
}

/// The request is refused with this code, changes nothing, and stands in the audit log of the order.
pub async fn refused_on_record<F: Future<Output = Answer>>(
    world: &World,
    no: &str,
    code: ProblemCode,
    request: F,
) -> Problem {
    let (before, records) = (but_the_log(world).await, world.records(no).await.len());
    let problem = request.await.problem();
    assert_eq!(problem.code, code, "{}", problem.detail);
    assert_eq!(before, but_the_log(world).await, "{code:?} changed the books");
    let after = world.records(no).await;
    assert_eq!(after.len(), records + 1, "{code:?}: {after:?}");
    let (_, outcome, detail) = after.last().unwrap();
    assert_eq!(outcome, "refused");
    assert!(detail.starts_with(code.as_str()) && detail.ends_with("from 127.0.0.1"), "{detail}");
    problem
}
