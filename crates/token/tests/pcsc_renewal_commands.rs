//! The commands of a renewal through the real reader service; signatures, cipher text and key packages are judged and made
//! by the `openssl` command.
// a private pcscd
#![cfg(unix)]
// the relaxed lints for tests do not reach helpers outside #[test] functions
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use gm::{DEFAULT_ID, EnvelopedKey, PublicKey, Sm2Cipher, signature_to_der};
use std::ffi::CString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;
use tempfile::TempDir;
use testkit::reader::{Watching, key, pin, with_key, with_private_service};
use token::apdu::{Command as Apdu, Le, StatusWord};
use token::{KeyUse, Token, TokenError, TransportError};

const PIN: &str = "123456";
const OLD: &str = "personalCert00";
const NEW: &str = "personalCert01";
const CURRENT: &str = "BJCAENVSN";
const DISTID: &str = "distid:1234567812345678";

/// SubjectPublicKeyInfo of an SM2 key in front of `04‖X‖Y`.
const INFO: [u8; 26] =
    *b"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x81\x1C\xCF\x55\x01\x82\x2D\x03\x42\x00";

/// A folder for `openssl` and what it makes there.
struct Openssl(TempDir);

impl Openssl {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs it; what it wrote to standard output, `None` when it failed.
    fn run(&self, arguments: &[&str]) -> Option<Vec<u8>> {
        let output = Command::new("openssl").args(arguments).current_dir(self.0.path()).output().unwrap();
        output.status.success().then_some(output.stdout)
    }

    /// An encryption pair made by openssl: public key, private scalar d.
    fn pair(&self) -> (PublicKey, Vec<u8>) {
        self.run(&["genpkey", "-algorithm", "SM2", "-out", "pair.pem"]).unwrap();
        let public = self.run(&["pkey", "-in", "pair.pem", "-pubout", "-outform", "DER"]).unwrap();
        let private = self.run(&["ec", "-in", "pair.pem", "-outform", "DER"]).unwrap();
        let head = [0x02, 0x01, 0x01, 0x04, 0x20];
        let at = private.windows(head.len()).position(|window| window == head).unwrap() + head.len();
        let point = &public[public.len() - 65..];
        (PublicKey::from_uncompressed(point).unwrap(), private[at..at + 32].to_vec())
    }

    fn encrypt(&self, public: &PublicKey, plain: &[u8]) -> Sm2Cipher {
        self.file("public.der", &[INFO.as_slice(), &public.uncompressed()].concat());
        self.file("plain", plain);
        let arguments = ["pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", "public.der", "-in", "plain"];
        Sm2Cipher::from_der(&self.run(&arguments).unwrap()).unwrap()
    }

    /// The pair as an authority wraps it for a signing key.
    fn package(&self, signing: &PublicKey, public: PublicKey, d: &[u8]) -> EnvelopedKey {
        let sm4 = self.run(&["rand", "16"]).unwrap();
        self.file("d", d);
        let hex: String = sm4.iter().map(|byte| format!("{byte:02x}")).collect();
        let encrypted = self.run(&["enc", "-sm4-ecb", "-nopad", "-K", &hex, "-in", "d"]).unwrap();
        EnvelopedKey { wrapped: self.encrypt(signing, &sm4), public, encrypted }
    }

    fn accepts(&self, public: &PublicKey, message: &[u8], signature: &[u8; 64]) -> bool {
        self.file("public.der", &[INFO.as_slice(), &public.uncompressed()].concat());
        self.file("message", message);
        self.file("signature", &signature_to_der(signature).unwrap());
        let key = ["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "public.der"];
        let rest = ["-rawin", "-digest", "sm3", "-pkeyopt", DISTID, "-sigfile", "signature", "-in", "message"];
        self.run(&[key.as_slice(), &rest].concat()).is_some()
    }
}

fn instructions(headers: &[[u8; 4]]) -> Vec<u8> {
    headers.iter().map(|header| header[1]).collect()
}

#[test]
fn a_new_container_gets_keys_and_certificates_that_openssl_accepts_and_becomes_the_one_in_use() {
    with_key(
        "a_new_container_gets_keys_and_certificates_that_openssl_accepts_and_becomes_the_one_in_use",
        || key("1"),
        |plugged, token| {
            let openssl = Openssl::new();
            let before = token.read().unwrap();
            plugged.take_headers();
            let began = Instant::now();
            let mut login = token.login(pin(PIN)).unwrap();
            login.create_container(NEW).unwrap();
            let signing = login.generate_key_pair(NEW).unwrap();
            println!("measured: login, container and signing pair {:?}", began.elapsed());
            assert_eq!(instructions(&plugged.take_headers()), [0x14, 0x50, 0x18, 0x46, 0x40, 0x4A, 0x42, 0x70]);

            let message = b"certification request";
            let signature = login.sign(NEW, &signing.digest(DEFAULT_ID.as_bytes(), message)).unwrap();
            assert!(openssl.accepts(&signing, message, &signature));
            assert!(!openssl.accepts(&signing, b"another message", &signature));

            let (public, d) = openssl.pair();
            login.import_key_pair(NEW, &openssl.package(&signing, public, &d)).unwrap();
            assert_eq!(login.public_key(NEW, KeyUse::Encrypt), Ok(public));
            let secret = b"only the holder of the pair reads this";
            assert_eq!(login.decrypt(NEW, &openssl.encrypt(&public, secret)).unwrap().as_slice(), secret);

            // whatever stands in them: a key does not look into certificates
            let container = &before.containers[0];
            for (key_use, der) in [(KeyUse::Sign, &container.sign), (KeyUse::Encrypt, &container.encrypt)] {
                let der = der.as_deref().unwrap();
                login.import_certificate(NEW, key_use, der).unwrap();
                assert_eq!(login.read_certificate(NEW, key_use).unwrap().as_deref(), Some(der));
            }
            login.write_file(CURRENT, NEW.as_bytes()).unwrap();
            login.close().unwrap();
            println!("measured: all calls of a renewal {:?}", began.elapsed());
            println!("measured: {} more commands", plugged.take_headers().len());

            let after = token.read().unwrap();
            assert_eq!(after.current_container().unwrap().name, NEW);
            assert_eq!(after.containers[0], before.containers[0], "the old container has everything it had");
            assert_eq!(plugged.tries_left(), 10);
        },
    );
}

#[test]
fn a_package_for_another_signing_key_and_text_for_another_pair_are_refused() {
    with_key(
        "a_package_for_another_signing_key_and_text_for_another_pair_are_refused",
        || key("1"),
        |_, token| {
            let openssl = Openssl::new();
            let mut login = token.login(pin(PIN)).unwrap();
            login.create_container(NEW).unwrap();
            let signing = login.generate_key_pair(NEW).unwrap();
            let ((public, d), (stranger, _)) = (openssl.pair(), openssl.pair());
            let refused = |result, name| {
                assert!(matches!(result, Err(TokenError::Refused { command, .. }) if command == name), "{result:?}");
            };
            refused(login.import_key_pair(NEW, &openssl.package(&stranger, public, &d)), "ImportECCKeyPair");
            refused(login.import_key_pair(NEW, &openssl.package(&signing, stranger, &d)), "ImportECCKeyPair");
            assert!(!login.containers().unwrap()[1].encrypt_key);
            login.import_key_pair(NEW, &openssl.package(&signing, public, &d)).unwrap();
            refused(login.decrypt(NEW, &openssl.encrypt(&stranger, b"text")).map(drop), "ECCDecrypt");
        },
    );
}

#[test]
fn a_key_pulled_in_the_middle_goes_on_from_what_is_on_it() {
    with_private_service("a_key_pulled_in_the_middle_goes_on_from_what_is_on_it", 2, |desk| {
        let plugged = desk.plug_key(0, key("1"));
        let watching = Watching::start();
        let mut slot = watching.inserted();
        let old_file = plugged.card().state().applications[0].files[0].data.clone();
        let certificate = [0x30; 2500];
        for (number, (fault, made)) in [
            ("unplug-before@ins:40", [false; 4]),
            ("unplug-after@ins:40", [true, false, false, false]),
            ("unplug-before@ins:70", [true, false, false, false]),
            ("unplug-after@ins:70", [true, true, false, false]),
            ("unplug-after@ins:4C#3", [true, true, false, false]),
            ("unplug-after@ins:4C#4", [true, true, true, false]),
            ("unplug-before@ins:3A", [true, true, true, false]),
            ("unplug-after@ins:3A", [true, true, true, true]),
        ]
        .into_iter()
        .enumerate()
        {
            let name = format!("personalCert{:02}", number + 10);
            let mut token = watching.open(&slot);
            let mut login = token.login(pin(PIN)).unwrap();
            plugged.set_faults(&[fault]);
            let result = login
                .create_container(&name)
                .and_then(|()| login.generate_key_pair(&name))
                .and_then(|_| login.import_certificate(&name, KeyUse::Sign, &certificate))
                .and_then(|()| login.write_file(CURRENT, name.as_bytes()));
            // the reader itself may say first that the card does not react, then that it is gone
            assert!(matches!(result, Err(TokenError::Transport(_))), "{fault}: {result:?}");
            plugged.wait_pulled();
            assert_eq!(watching.removed(), slot.id);
            assert_eq!(login.sign(&name, &[1; 32]), Err(TransportError::Removed.into()));
            drop(login);
            drop(token);
            plugged.set_faults(&[]);
            plugged.put_back();
            slot = watching.inserted();

            let mut token = watching.open(&slot);
            let there = token.containers().unwrap().into_iter().find(|one| one.name == name);
            let has = |part: fn(&token::ContainerInfo) -> bool| there.as_ref().is_some_and(part);
            let file = token.read_file(CURRENT, 64).unwrap();
            let seen = [there.is_some(), has(|one| one.sign_key), has(|one| one.sign_certificate), file != old_file];
            assert_eq!(seen, made, "{fault}");
            assert!(file == old_file || file == name.as_bytes(), "{fault}: never a mix");

            let mut login = token.login(pin(PIN)).unwrap();
            if !made[0] {
                login.create_container(&name).unwrap();
            }
            let public = if made[1] {
                login.public_key(&name, KeyUse::Sign).unwrap()
            } else {
                login.generate_key_pair(&name).unwrap()
            };
            let e = public.digest(DEFAULT_ID.as_bytes(), b"x");
            public.verify_digest(&e, &login.sign(&name, &e).unwrap()).unwrap();
            login.import_certificate(&name, KeyUse::Sign, &certificate).unwrap();
            assert_eq!(login.read_certificate(&name, KeyUse::Sign).unwrap().as_deref(), Some(&certificate[..]));
            login.delete_container(&name).unwrap();
            login.write_file(CURRENT, &old_file).unwrap();
        }
        watching.stop();
    });
}

#[test]
fn a_reset_by_another_program_between_two_calls_takes_the_right_and_no_command_is_sent_without_it() {
    with_private_service(
        "a_reset_by_another_program_between_two_calls_takes_the_right_and_no_command_is_sent_without_it",
        2,
        |desk| {
            let plugged = desk.plug_key(0, key("1"));
            let watching = Watching::start();
            let slot = watching.inserted();
            let mut token = watching.open(&slot);
            let mut login = token.login(pin(PIN)).unwrap();
            login.sign(OLD, &[1; 32]).unwrap();
            let other = pcsc::Context::establish(pcsc::Scope::User).unwrap();
            let reader = CString::new(slot.reader).unwrap();
            let card = other.connect(&reader, pcsc::ShareMode::Shared, pcsc::Protocols::ANY).unwrap();
            card.disconnect(pcsc::Disposition::ResetCard).map_err(|(_, error)| error).unwrap();
            plugged.take_headers();
            assert_eq!(login.create_container(NEW), Err(TokenError::NotLoggedIn));
            assert_eq!(login.sign(OLD, &[1; 32]), Err(TokenError::NotLoggedIn));
            assert!(plugged.take_headers().is_empty());
            drop(login);
            let mut login = token.login(pin(PIN)).unwrap();
            login.create_container(NEW).unwrap();
            login.sign(OLD, &[1; 32]).unwrap();
            let sent = instructions(&plugged.take_headers());
            assert_eq!(sent, [0x26, 0x14, 0x50, 0x18, 0x46, 0x40, 0x42, 0x74], "opened anew, the PIN sent once");
            drop(login);
            watching.stop();
        },
    );
}

#[test]
fn another_program_uses_the_key_between_two_calls_without_disturbing_them() {
    with_private_service("another_program_uses_the_key_between_two_calls_without_disturbing_them", 2, |desk| {
        let plugged = desk.plug_key(0, key("1"));
        let watching = Watching::start();
        let slot = watching.inserted();
        let mut token = watching.open(&slot);
        let mut login = token.login(pin(PIN)).unwrap();
        login.create_container(NEW).unwrap();
        let mut other = watching.open(&slot);
        assert_eq!(other.read().unwrap().containers.len(), 2);
        drop(other);
        let public = login.generate_key_pair(NEW).unwrap();
        // another program that logs in and out takes the right of all
        let mut other = watching.open(&slot);
        assert_eq!(other.public_key(NEW, KeyUse::Sign), Ok(public));
        other.verify_pin(pin(PIN)).unwrap();
        assert_eq!(login.sign(NEW, &[1; 32]), Err(TokenError::NotLoggedIn));
        drop(login);
        token.login(pin(PIN)).unwrap().sign(NEW, &[1; 32]).unwrap();
        assert_eq!(plugged.tries_left(), 10);
        drop((token, other));
        watching.stop();
    });
}

#[test]
fn a_dropped_login_leaves_no_right_on_the_key() {
    with_private_service("a_dropped_login_leaves_no_right_on_the_key", 2, |desk| {
        let plugged = desk.plug_key(0, key("1"));
        let watching = Watching::start();
        let slot = watching.inserted();
        let mut link = watching.link(&slot);
        let mut sign = || {
            let send = |command: Apdu| link.begin().unwrap().transmit(&command).unwrap();
            let mut send = send;
            send(Apdu::new(0x80, 0x26, 0, 0).data(*b"BJCA-Application").le(Le::Exactly(10)));
            let name = [&[0x10, 0x00], OLD.as_bytes()].concat();
            let container = send(Apdu::new(0x80, 0x42, 0, 0).data(name).le(Le::Exactly(2))).data;
            let data = [&[0x10, 0x00], container.as_slice(), &[1; 32]].concat();
            send(Apdu::new(0x80, 0x74, 2, 0).data(data)).sw
        };
        let mut token = watching.open(&slot);
        let login = token.login(pin(PIN)).unwrap();
        assert_eq!(sign(), StatusWord::OK, "the right lies on the key");
        plugged.take_headers();
        drop(login);
        assert_eq!(instructions(&plugged.take_headers()), [0x1C]);
        assert_eq!(sign(), StatusWord(0x6982));
        watching.stop();
    });
}
