//! An unlock through the real reader service and the real CA service: by SMS after the key was pulled out between transport
//! PIN and new PIN, and by an officer in a real browser with the code in a real mail. The second half of the first one runs
//! in a process of its own, whose memory is searched.
// a private pcscd
#![cfg(unix)]
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout)] // how two processes talk

#[path = "renewal_cuts/world.rs"]
mod world;

use base::fault::FaultCode;
use base::secret::Pin;
use ca_client::{Application, CaAdapter, Journal, KeyBinding, Unlock, UnlockOutcome, UnlockStep};
use ca_service::audit::Actor;
use ca_service::delivery::{self, Gateways, MailSettings, MailTls, Smtp};
use ca_service::operators::{Operators, Role};
use gm::random;
use order_api::{Applicant, OrderState, UnlockRoute};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use testkit::browser::Browser;
use testkit::reader::{Plugged, Watching, pin, with_private_service};
use testkit::search::{files, holds};
use testkit::smtp_server::{PASSWORD, Server, Tls, USER};
use token::{PinKind, Token, TokenError};
use virtual_key::personalise::personalise;
use virtual_key::{Spec, State, TestCa, VirtualKey};
use world::{CAPTCHA, World, client_at};
use zeroize::{Zeroize, Zeroizing};

static CA: LazyLock<TestCa> = LazyLock::new(|| TestCa::create().unwrap());

const DEVICE: &str = "5303000000001234";
/// What an operator chooses.
const OPERATOR_PASSWORD: &str = "correct horse battery";
/// Names the process whose memory is searched, and is in its memory.
const CLIENT: &str = "CERT_ASSISTANT_TEST_UNLOCK_CLIENT";

/// A key whose admin PIN the CA knows, and that PIN.
fn personalised(world: &World) -> (VirtualKey, String, String) {
    let admin_pin = world.admin_pin(DEVICE);
    let spec = Spec {
        device_serial: Some(DEVICE.to_owned()),
        admin_pin: admin_pin.clone(),
        ..Spec::new("示例有限公司", "10200000016873").state(State::Valid)
    };
    let state = personalise(&spec, &CA).unwrap();
    let certificate = world.enrol(&state, 1);
    (VirtualKey::new(state), admin_pin, certificate)
}

fn application(ca: &Arc<dyn CaAdapter>, route: UnlockRoute) -> Application {
    let applicant = Applicant {
        name: "李四".to_owned(),
        telephone: "010-12345678".to_owned(),
        mobile: "13800000000".to_owned(),
        email: String::new(),
    };
    let captcha = order_api::CaptchaAnswer { id: ca.captcha().unwrap().id, text: CAPTCHA.to_owned() };
    Application { route, applicant, captcha: Some(captcha) }
}

fn apply(ca: &Arc<dyn CaAdapter>, token: &mut dyn Token, route: UnlockRoute, journal: &Journal) -> Unlock {
    let binding = KeyBinding::of(&token.read().unwrap()).unwrap();
    Unlock::apply(ca, "demo", binding, application(ca, route), journal).unwrap()
}

fn admin_tries(plugged: &Plugged<VirtualKey>) -> u8 {
    plugged.card().state().applications[0].admin.tries.left
}

/// Exactly this PIN holds, and the key signs with it.
fn holds_on_the_key(token: &mut dyn Token, plugged: &Plugged<VirtualKey>, new: &str, others: &[&str]) {
    token.verify_pin(pin(new)).unwrap();
    for other in others {
        assert!(matches!(token.verify_pin(pin(other)), Err(TokenError::WrongPin { .. })), "one PIN holds");
    }
    let contents = token.read().unwrap();
    let container = contents.current_container().unwrap();
    let certificate = certificate::Certificate::parse(container.sign.as_ref().unwrap()).unwrap();
    let signature = token.sign_digest(&container.name, pin(new), &[9; 32]).unwrap();
    certificate.sm2_key().unwrap().verify_digest(&[9; 32], &signature).unwrap();
    assert_eq!(admin_tries(plugged), 10, "the tries of the admin PIN are all there");
}

/// Everything both sides log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).init();
        log
    }

    fn text(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Neither what was logged, nor the journal, nor the books with their outbox hold one of these.
fn nowhere(log: &Log, journal: &Path, world: &World, secrets: &[&[u8]]) {
    let books = world.files();
    for (what, text) in [("log", log.text()), ("journal", files(journal)), ("books", books)] {
        assert!(!text.is_empty(), "{what}");
        for secret in secrets {
            assert!(!holds(&text, secret), "{} in the {what}", String::from_utf8_lossy(secret));
            assert!(holds(&[&text[..], secret].concat(), secret), "the search finds");
        }
    }
}

/// A PIN that nobody wrote down beforehand.
fn made_up_pin() -> String {
    let random = u64::from_be_bytes(random::<8>().unwrap());
    format!("Neu{:09}", random % 1_000_000_000)
}

#[test]
fn a_forgotten_pin_by_sms_with_the_key_pulled_out_before_the_new_pin() {
    with_private_service("a_forgotten_pin_by_sms_with_the_key_pulled_out_before_the_new_pin", 2, |desk| {
        let log = Log::start();
        let world = Arc::new(World::with_captcha(true));
        // the other process has the system's clock
        world.pass(certificate::now() - world.now());
        let (key, admin_pin, certificate) = personalised(&world);
        let plugged = desk.plug_key(0, key);
        let watching = Watching::start();
        let slot = watching.inserted();
        let mut token = watching.open(&slot);
        let ca: Arc<dyn CaAdapter> = Arc::new(client_at(world.port()));
        let folder = tempfile::tempdir().unwrap();
        let orders = folder.path().join("orders");
        let journal = Journal::at(orders.clone());

        let mut unlock = apply(&ca, &mut token, UnlockRoute::Sms, &journal);
        assert_eq!(unlock.step(), UnlockStep::Code);
        let code = world.code(&unlock.order().unwrap().no);
        assert!(code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
        plugged.set_faults(&["unplug-after@ins:1A"]);
        let mut lent: Box<dyn Token> = Box::new(token);
        let first = made_up_pin();
        let typed = Some(Zeroizing::new(code.clone()));
        let fault = unlock.unlock(&mut lent, typed, pin(&first), &mut |_| {}).unwrap_err();
        assert_eq!(fault.code, FaultCode::UnlockInterrupted);
        plugged.wait_pulled();
        assert_eq!(watching.removed(), slot.id);
        // what the key has now is known to nobody but CA and key
        let transport = plugged.card().state().applications[0].user.value.expose().to_vec();
        assert_ne!(transport, b"123456");
        drop((unlock, lent));
        plugged.set_faults(&[]);
        plugged.put_back();
        let slot = watching.inserted();

        let (entries, _) = journal.entries().unwrap();
        assert_eq!(entries[0].unlock_step(), UnlockStep::NewPin);
        let second = made_up_pin();
        let place = format!("{} {}", world.port(), orders.display());
        in_another_process(&place, &second, &[second.as_bytes(), &transport, admin_pin.as_bytes()]);

        let mut token = watching.open(&slot);
        holds_on_the_key(&mut token, &plugged, &second, &["123456", &first]);
        let (entries, _) = journal.entries().unwrap();
        assert_eq!(entries[0].unlock_step(), UnlockStep::Done);
        assert_eq!(world.orders(&certificate)[0].1, "installed");
        world.audit();
        let secrets = [b"123456".as_slice(), first.as_bytes(), second.as_bytes(), &transport, admin_pin.as_bytes()];
        nowhere(&log, &orders, &world, &secrets[1..]);
        assert!(!holds(&log.text(), code.as_bytes()), "the code in the log");
        assert!(!holds(&files(&orders), code.as_bytes()), "the code in the journal");
        drop(token);
        watching.stop();
    });
}

/// The program goes on with the order where it stands, in a process of its own; what is searched for is not in its memory
/// when it is done.
fn in_another_process(place: &str, new_pin: &str, secrets: &[&[u8]]) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_program_in_a_process_of_its_own", "--nocapture"])
        .env(CLIENT, place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(new_pin.as_bytes()).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("unlocked")), "it did not get there");
    let memory = memory(child.id());
    // it knows where the journal is, so this search finds what is there
    assert!(holds(&memory, place.as_bytes()));
    for secret in secrets {
        assert!(!memory.windows(secret.len()).any(|window| window == *secret), "a secret is in its memory");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

/// All memory of a process that can be written.
fn memory(id: u32) -> Vec<u8> {
    let maps = std::fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
    let memory = File::open(format!("/proc/{id}/mem")).unwrap();
    let mut all = Vec::new();
    for line in maps.lines() {
        let mut fields = line.split_ascii_whitespace();
        let (range, rights) = (fields.next().unwrap(), fields.next().unwrap());
        let (from, to) = range.split_once('-').unwrap();
        let [from, to] = [from, to].map(|address| u64::from_str_radix(address, 16).unwrap());
        if !rights.starts_with("rw") || line.ends_with("[vvar]") {
            continue;
        }
        let mut part = vec![0; usize::try_from(to - from).unwrap()];
        // guard pages can't be read
        if memory.read_exact_at(&mut part, from).is_ok() {
            all.extend(part);
        }
    }
    all
}

/// Not a test of its own: does nothing unless it is started by one.
#[test]
fn the_program_in_a_process_of_its_own() {
    let Ok(place) = std::env::var(CLIENT) else { return };
    let (port, orders) = place.split_once(' ').unwrap();
    let ca: Arc<dyn CaAdapter> = Arc::new(client_at(port.parse().unwrap()));
    let journal = Journal::at(orders.into());
    let entry = journal.entries().unwrap().0.remove(0);
    // without a buffer that keeps what goes through it
    let mut stdin = File::open("/dev/stdin").unwrap();
    let mut typed = Zeroizing::new([0; 64]);
    let length = stdin.read(typed.as_mut_slice()).unwrap();
    let new_pin = Pin::new(&typed[..length]).unwrap();
    typed.zeroize();
    let watching = Watching::start();
    let slot = watching.inserted();
    let mut token: Box<dyn Token> = Box::new(watching.open(&slot));
    let mut unlock = Unlock::resume(ca, journal.open(&entry.id).unwrap());
    let outcome: UnlockOutcome = unlock.unlock(&mut token, None, new_pin, &mut |_| {}).unwrap();
    assert_eq!(outcome.pin.tries_left, 10);
    drop((unlock, token));
    println!("unlocked");
    // until it was looked at
    let mut end = [0; 1];
    assert_eq!(stdin.read(&mut end).unwrap(), 0);
    watching.stop();
}

#[test]
fn a_locked_key_by_an_officer_in_the_browser_and_a_code_by_mail() {
    with_private_service("a_locked_key_by_an_officer_in_the_browser_and_a_code_by_mail", 2, |desk| {
        let log = Log::start();
        let world = Arc::new(World::with_captcha(true));
        world.pass(certificate::now() - world.now());
        let (key, admin_pin, certificate) = personalised(&world);
        world.register_email(&certificate, "li@example.com");
        let plugged = desk.plug_key(0, key);
        let watching = Watching::start();
        let slot = watching.inserted();
        let mut token: Box<dyn Token> = Box::new(watching.open(&slot));
        for left in (0..10).rev() {
            let error = token.verify_pin(pin("wrong000")).unwrap_err();
            let expected = if left == 0 { TokenError::Locked } else { TokenError::WrongPin { left } };
            assert_eq!(error, expected);
        }
        assert!(token.pin_info(PinKind::User).unwrap().is_locked());

        let server = Server::start(Tls::Starttls, &[]);
        let password = server.file("password");
        std::fs::write(&password, PASSWORD).unwrap();
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
        let settings = MailSettings {
            host: "localhost".to_owned(),
            port: Some(server.port),
            tls: MailTls::Starttls,
            root_file: Some("root.pem".into()),
            user: Some(USER.to_owned()),
            password_file: Some("password".into()),
            from: "ca@ca.example".to_owned(),
            reply_to: None,
            timeout_seconds: 60,
        };
        let smtp = Smtp::new(&settings, "测试认证中心", server.root.parent().unwrap()).unwrap();
        let gateways = Gateways { sms: None, mail: Some(Arc::new(smtp)) };
        let sending = world.look(|service| async move { delivery::start(&service, &gateways) });

        let ca: Arc<dyn CaAdapter> = Arc::new(client_at(world.port()));
        let folder = tempfile::tempdir().unwrap();
        let orders = folder.path().join("orders");
        let journal = Journal::at(orders.clone());
        let mut unlock = apply(&ca, token.as_mut(), UnlockRoute::Review, &journal);
        assert_eq!(unlock.step(), UnlockStep::Waiting(OrderState::Reviewing));
        let no = unlock.order().unwrap().no.clone();

        officer(&world, &no);
        let mail = read(&server.mail().data);
        assert!(mail["subject"].as_str().unwrap().contains("解锁授权码"), "{mail}");
        let plain = mail["plain"].as_str().unwrap();
        let (_, behind) = plain.split_once("授权码：").unwrap();
        let code = behind.lines().next().unwrap().trim().to_owned();
        assert!(code.len() == 8 && mail["html"].as_str().unwrap().contains(&code), "{mail}");

        unlock.refresh(None).unwrap();
        assert_eq!(unlock.step(), UnlockStep::Code);
        let new = made_up_pin();
        // as somebody types it who reads it off a sheet
        let typed = Some(Zeroizing::new(format!("{} {}", &code[..4].to_lowercase(), &code[4..].to_lowercase())));
        let outcome = unlock.unlock(&mut token, typed, pin(&new), &mut |_| {}).unwrap();
        assert_eq!(outcome.pin.tries_left, 10);
        holds_on_the_key(token.as_mut(), &plugged, &new, &["123456"]);
        assert_eq!(world.orders(&certificate)[0].1, "installed");

        // the owner hears of it both ways
        let told = read(&server.mail().data);
        assert!(told["subject"].as_str().unwrap().contains("密码已重设"), "{told}");
        assert!(world.messages(&no).iter().any(|(channel, template)| channel == "sms" && template == "unlock_done"));
        for mail in [&mail, &told] {
            for secret in [&new, &admin_pin] {
                assert!(!mail.to_string().contains(secret.as_str()), "a PIN in a mail");
            }
        }
        world.audit();
        nowhere(&log, &orders, &world, &[new.as_bytes(), admin_pin.as_bytes()]);
        world.look(|_| async move { drop(sending) });
        drop((unlock, token));
        watching.stop();
    });
}

/// An operator looks at the application, telephones, and says yes.
fn officer(world: &World, no: &str) {
    let first = world.look(|service| async move {
        let operators = Operators::new(service.store.clone(), service.clock.clone());
        operators.add(Actor::SERVICE, "officer", Role::Operator).await.unwrap().expose().to_owned()
    });
    let base = format!("http://127.0.0.1:{}", world.port());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let browser = Browser::start(false).await;
        browser.go(&format!("{base}/console/login")).await;
        browser.type_into("#name", "officer").await;
        browser.type_into("#password", &first).await;
        browser.click("#login button").await;
        for (field, text) in [("#present", first.as_str()), ("#new", OPERATOR_PASSWORD), ("#again", OPERATOR_PASSWORD)]
        {
            browser.type_into(field, text).await;
        }
        browser.click("#change button").await;
        browser.go(&format!("{base}/console/orders/{no}")).await;
        assert_eq!(browser.text("#state").await, "审核中");
        assert!(browser.text("main").await.contains("010-12345678"));
        browser.press("#registered-mail").await;
        // without a note the browser itself refuses
        browser.press("#approve button").await;
        assert_eq!(browser.run("return document.querySelector('#note').validity.valueMissing").await, true);
        browser.type_into("#note", "已电话核实单位名称和经办人").await;
        browser.click("#approve button").await;
        assert!(!browser.is_there("#approve").await);
        browser.close().await;
    });
}

/// What python makes of a mail.
fn read(mail: &[u8]) -> serde_json::Value {
    const SCRIPT: &str = "
import email, email.policy, json, sys
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
part = lambda kind: m.get_body((kind,)).get_content()
print(json.dumps({'subject': m['subject'], 'plain': part('plain'), 'html': part('html')}))";
    let mut python =
        Command::new("python3").args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    python.stdin.take().unwrap().write_all(mail).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}
