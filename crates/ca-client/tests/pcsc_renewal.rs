//! A renewal through the real reader service and the real CA service, with the key pulled out in the middle; everything
//! that was signed, and what is on the key in the end, is judged by `openssl`.
// a private pcscd
#![cfg(unix)]
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout)] // measured times

#[path = "renewal_cuts/desk.rs"]
mod desk;
#[path = "renewal_cuts/line.rs"]
mod line;
#[path = "renewal_cuts/wire.rs"]
mod wire;
#[path = "renewal_cuts/world.rs"]
mod world;

use base::fault::FaultCode;
use ca_client::{CaAdapter, DownloadStep, Journal, KeyBinding, Outcome, Renewal, Step};
use certificate::Certificate;
use order_api::{Base64, CaptchaAnswer, ConfirmRequest, Contact, IssueRequest, OrderRequest, SessionRequest};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use testkit::reader::{Plugged, Watching, make, pin, with_private_service};
use token::{KeyUse, Token};
use virtual_key::{Spec, State};
use wire::Wire;
use world::{CAPTCHA, World};

const PIN: &str = "123456";
const DISTID: &str = "distid:1234567812345678";

fn contact() -> Contact {
    Contact { name: "李四".into(), mobile: "13900000000".into(), email: String::new() }
}

/// The order, as a person at the window makes it.
fn order(ca: &Arc<dyn CaAdapter>, token: &mut Box<dyn Token>, journal: &Journal) -> Renewal {
    let binding = KeyBinding::of(&token.read().unwrap()).unwrap();
    let identified = Renewal::identify(Arc::clone(ca), token, binding, pin(PIN)).unwrap();
    let captcha = CaptchaAnswer { id: identified.captcha().unwrap().id, text: CAPTCHA.to_owned() };
    Renewal::submit(&identified, "demo", contact(), Some(captcha), journal).unwrap()
}

fn whole(plugged: &Plugged<virtual_key::VirtualKey>, watching: &Watching, world: &Arc<World>, pull: Option<&str>) {
    let serial = world.enrol(plugged.card().state(), 1);
    let ca: Arc<dyn CaAdapter> = Wire::new(world, None);
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::at(folder.path().join("orders"));
    let mut slot = watching.inserted();
    let mut token: Box<dyn Token> = Box::new(watching.open(&slot));
    let mut renewal = order(&ca, &mut token, &journal);
    let mut steps = Vec::new();
    if let Some(rule) = pull {
        plugged.set_faults(&[rule]);
        let fault = renewal.download(&mut token, pin(PIN), &mut |step| steps.push(step)).unwrap_err();
        assert_eq!(fault.code, FaultCode::RenewalKeyRemoved);
        plugged.wait_pulled();
        assert_eq!(watching.removed(), slot.id);
        drop(token);
        // the window was closed meanwhile
        drop(renewal);
        plugged.set_faults(&[]);
        plugged.put_back();
        slot = watching.inserted();
        token = Box::new(watching.open(&slot));
        assert_eq!(token.read().unwrap().current_container().unwrap().name, "personalCert00");
        let (entries, _) = journal.entries().unwrap();
        assert_eq!(entries[0].step(), Step::Download(*steps.last().unwrap()));
        renewal = Renewal::resume(ca, journal.open(&entries[0].id).unwrap());
        steps.clear();
    }
    let outcome = renewal.download(&mut token, pin(PIN), &mut |step| steps.push(step)).unwrap();
    assert_eq!(steps, DownloadStep::ALL);
    println!("{:?} for the download", outcome.time_used);
    assert_eq!(plugged.tries_left(), 10);
    let no = renewal.entry().no().to_owned();
    assert_eq!(world.orders(&serial), [(no.clone(), "installed".to_owned())]);
    assert_eq!(world.encryption_keys(&no), 1);
    world.audit();
    Judge::new().judge(world, &no, &mut token, &outcome);
}

#[test]
fn a_renewal_is_made_and_everything_signed_is_sound() {
    with_private_service("a_renewal_is_made_and_everything_signed_is_sound", 2, |desk| {
        let world = Arc::new(World::with_captcha(true));
        let plugged = desk.plug_key(0, make(&Spec::new("示例有限公司", "10200000016873").state(State::Expiring)));
        let watching = Watching::start();
        whole(&plugged, &watching, &world, None);
        watching.stop();
    });
}

#[test]
fn a_renewal_goes_on_after_the_key_was_pulled_out_really() {
    with_private_service("a_renewal_goes_on_after_the_key_was_pulled_out_really", 2, |desk| {
        let world = Arc::new(World::with_captcha(true));
        let plugged = desk.plug_key(0, make(&Spec::new("示例有限公司", "10200000016873").state(State::Expiring)));
        let watching = Watching::start();
        whole(&plugged, &watching, &world, Some("unplug-after@ins:4C#2"));
        watching.stop();
    });
}

/// Looks at everything with `openssl` and Python's own library.
struct Judge(tempfile::TempDir);

impl Judge {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new(program).args(arguments).current_dir(self.0.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program} {arguments:?}: {said}");
        output.stdout
    }

    fn pem(&self, name: &str, der: &[u8]) {
        self.file(&format!("{name}.der"), der);
        let (from, to) = (format!("{name}.der"), format!("{name}.pem"));
        self.run("openssl", &["x509", "-inform", "DER", "-in", &from, "-out", &to]);
    }

    fn judge(&self, world: &World, no: &str, token: &mut Box<dyn Token>, outcome: &Outcome) {
        let contents = token.read().unwrap();
        let new = contents.current_container().unwrap().clone();
        assert_eq!(contents.containers.len(), 2);
        let old = contents.containers[0].sign.clone().unwrap();
        self.pem("operation", &world.operation());
        for (name, key_use, der) in [("sign", KeyUse::Sign, new.sign), ("encrypt", KeyUse::Encrypt, new.encrypt)] {
            let der = der.unwrap();
            self.pem(name, &der);
            let file = format!("{name}.pem");
            self.run("openssl", &["verify", "-vfyopt", DISTID, "-partial_chain", "-CAfile", "operation.pem", &file]);
            let read = Certificate::parse(&der).unwrap();
            assert_eq!(read.validity.unwrap().not_after, outcome.new.until);
            // the key on the token is the certificate's, as openssl reads it
            let info = self.run("openssl", &["x509", "-in", &file, "-noout", "-pubkey"]);
            self.file("key.pem", &info);
            let info = self.run("openssl", &["pkey", "-pubin", "-in", "key.pem", "-outform", "DER"]);
            assert!(info.ends_with(&token.public_key(&new.name, key_use).unwrap().0), "{name}");
        }
        self.token_uses(token, &new.name);
        self.evidence(world, no, &old);
    }

    /// A signature of the new key verifies, and what openssl sealed to the new certificate opens.
    fn token_uses(&self, token: &mut Box<dyn Token>, container: &str) {
        let e = [0x5A; 32];
        let mut login = token.login(pin(PIN)).unwrap();
        let signature = login.sign(container, &e).unwrap();
        self.file("e", &e);
        self.file("signature", &gm::signature_to_der(&signature).unwrap());
        self.run(
            "openssl",
            &["pkeyutl", "-verify", "-certin", "-inkey", "sign.pem", "-in", "e", "-sigfile", "signature"],
        );
        self.file("plain", b"sealed by openssl");
        self.run(
            "openssl",
            &["pkeyutl", "-encrypt", "-certin", "-inkey", "encrypt.pem", "-in", "plain", "-out", "sealed"],
        );
        let sealed = std::fs::read(self.0.path().join("sealed")).unwrap();
        let cipher = gm::Sm2Cipher::from_der(&sealed).unwrap();
        assert_eq!(login.decrypt(container, &cipher).unwrap().as_slice(), b"sealed by openssl");
        login.close().unwrap();
    }

    /// What the service keeps: each body with a signature by the right key, and the request for certificates.
    fn evidence(&self, world: &World, no: &str, old: &[u8]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gm/tests/judged/judge.py");
        let new = std::fs::read(self.0.path().join("sign.der")).unwrap();
        let (mut kinds, mut session_key, mut nonces) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        let mut order = None;
        for (kind, body, signature) in world.evidence(no) {
            self.file("body", &body);
            self.file("signature", &signature);
            let p7 = |signer: &[u8]| {
                self.run("python3", &[script.to_str().unwrap(), "p7", "signature", "body"]);
                // the certificate it carries is the signer's
                assert!(signature.windows(signer.len()).any(|window| window == signer), "{kind}");
            };
            match kind.as_str() {
                "session" => {
                    p7(old);
                    let request: SessionRequest = serde_json::from_slice(&body).unwrap();
                    session_key = request.session_key.0.uncompressed().to_vec();
                    nonces.insert(request.signed.nonce);
                }
                "order" => order = Some((body, signature)),
                "issue" => {
                    p7(old);
                    let request: IssueRequest = serde_json::from_slice(&body).unwrap();
                    self.file("csr", &request.csr.0);
                    self.run(
                        "openssl",
                        &["req", "-verify", "-vfyopt", DISTID, "-inform", "DER", "-in", "csr", "-noout"],
                    );
                    nonces.insert(request.signed.nonce);
                }
                "confirm" => {
                    p7(&new);
                    let request: ConfirmRequest = serde_json::from_slice(&body).unwrap();
                    nonces.insert(request.signed.nonce);
                }
                other => panic!("{other}"),
            }
            kinds.insert(kind);
        }
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["confirm", "issue", "order", "session"]);
        assert!(nonces.len() >= 3, "each with a challenge of its own");
        let (body, signature) = order.unwrap();
        let request: OrderRequest = serde_json::from_slice(&body).unwrap();
        assert_eq!(request.contact, contact());
        // SubjectPublicKeyInfo of an SM2 key in front of the point
        let head = Base64::parse("MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgA=").unwrap().0;
        self.file("session.der", &[head, session_key].concat());
        self.run("openssl", &["pkey", "-pubin", "-inform", "DER", "-in", "session.der", "-out", "session.pem"]);
        self.file("body", &body);
        self.file("signature", &signature);
        self.run(
            "openssl",
            &["dgst", "-sm3", "-sigopt", DISTID, "-verify", "session.pem", "-signature", "signature", "body"],
        );
    }
}
