//! A folder for files, the `openssl` command and the judge in Python working in it, and DER written by hand apart from the
//! program's own.

use certificate::Certificate;
use gm::issue::{private_key_from_pem, private_key_to_pem};
use gm::signed_data::{Content, build};
use gm::{CryptoError, PrivateKey, signature_to_der};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Never rely on the default identity: it is empty in OpenSSL 3.
pub const ID: &str = "distid:1234567812345678";
/// Ten bytes, the first two name the CA.
pub const SERIAL: [u8; 10] = [0x1A, 0x10, 0, 0, 0, 0, 0, 0, 0x12, 0x34];

/// A certificate, read by the crate that reads them.
pub fn read(der: &[u8]) -> Certificate {
    Certificate::parse(der).unwrap()
}

/// Signed data over a content, as a key makes it.
pub fn sign_data(
    certificate: &[u8],
    content: &[u8],
    kind: Content,
    signature: &[u8; 64],
) -> Result<Vec<u8>, CryptoError> {
    build(certificate, &read(certificate).holder().unwrap(), content, kind, signature)
}

pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    pub fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(file), content).unwrap();
    }

    pub fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path(file)).unwrap()
    }

    pub fn read_text(&self, file: &str) -> String {
        String::from_utf8(self.read(file)).unwrap()
    }

    pub fn run(&self, program: &str, arguments: &[&str]) -> Output {
        Command::new(program).args(arguments).current_dir(self.0.path()).output().unwrap()
    }

    /// What openssl prints, errors too; a failure fails the test.
    pub fn openssl(&self, arguments: &[&str]) -> String {
        let output = self.run("openssl", arguments);
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "openssl {arguments:?}\n{text}");
        text
    }

    /// What the judge found; a failure fails the test.
    pub fn judge(&self, arguments: &[&str]) -> Value {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judged/judge.py");
        let output = self.run("python3", &[&[script], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub fn refused_by_judge(&self, arguments: &[&str]) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judged/judge.py");
        let output = self.run("python3", &[&[script], arguments].concat());
        assert!(!output.status.success(), "{arguments:?}");
    }

    /// A private key of ours as `NAME.key` and `NAME.pub`.
    pub fn key(&self, name: &str) -> PrivateKey {
        let key = PrivateKey::generate().unwrap();
        self.write(&format!("{name}.key"), private_key_to_pem(&key).unwrap().as_bytes());
        self.public(name);
        key
    }

    /// A private key made by openssl as `NAME.key` and `NAME.pub`.
    pub fn foreign_key(&self, name: &str) -> PrivateKey {
        self.openssl(&["genpkey", "-algorithm", "SM2", "-out", &format!("{name}.key")]);
        self.public(name);
        private_key_from_pem(&self.read_text(&format!("{name}.key"))).unwrap()
    }

    fn public(&self, name: &str) {
        self.openssl(&["pkey", "-in", &format!("{name}.key"), "-pubout", "-out", &format!("{name}.pub")]);
    }

    /// A self-signed certificate made by openssl as `NAME.pem`, for `NAME.key`; its DER.
    pub fn self_signed(&self, name: &str, subject: &str, extensions: &str) -> Vec<u8> {
        self.write(
            "self.cnf",
            format!(
                "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\n[ext]\nsubjectKeyIdentifier = hash\n{extensions}\n"
            ),
        );
        let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
        self.openssl(&[
            "req",
            "-x509",
            "-new",
            "-utf8",
            "-key",
            &key,
            "-sm3",
            "-sigopt",
            ID,
            "-days",
            "3650",
            "-config",
            "self.cnf",
            "-extensions",
            "ext",
            "-subj",
            subject,
            "-set_serial",
            "0x1A100000000000001234",
            "-out",
            &pem,
        ]);
        self.to_der(&pem)
    }

    /// The DER of a certificate in PEM.
    pub fn to_der(&self, pem: &str) -> Vec<u8> {
        self.openssl(&["x509", "-in", pem, "-outform", "DER", "-out", "converted.der"]);
        self.read("converted.der")
    }

    /// Whether openssl takes `subject` (PEM) as issued by `issuer` (PEM).
    pub fn link(&self, issuer: &str, subject: &str) -> bool {
        let arguments = ["verify", "-partial_chain", "-vfyopt", ID, "-CAfile", issuer, subject];
        self.run("openssl", &arguments).status.success()
    }
}

pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An element of DER.
pub fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..0x80 => out.push(u8::try_from(length).unwrap()),
        0x80..0x100 => out.extend([0x81, u8::try_from(length).unwrap()]),
        0x100..0x1_0000 => out.extend([&[0x82], u16::try_from(length).unwrap().to_be_bytes().as_slice()].concat()),
        _ => out.extend([&[0x84], u32::try_from(length).unwrap().to_be_bytes().as_slice()].concat()),
    }
    out.extend(content);
    out
}

pub fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts)
}

pub fn oid(dotted: &str) -> Vec<u8> {
    let numbers: Vec<u32> = dotted.split('.').map(|number| number.parse().unwrap()).collect();
    let mut content = vec![];
    for number in [&[numbers[0] * 40 + numbers[1]], &numbers[2..]].concat() {
        let groups: Vec<u32> = (0..5).rev().map(|group| number >> (7 * group) & 0x7F).collect();
        let start = groups.iter().position(|group| *group != 0).unwrap_or(4);
        for (at, group) in groups.iter().enumerate().skip(start) {
            content.push(u8::try_from(*group).unwrap() | if at == 4 { 0 } else { 0x80 });
        }
    }
    tlv(6, &[&content])
}

pub const NULL: &[u8] = &[5, 0];

/// An AlgorithmIdentifier.
pub fn alg(dotted: &str, parameters: &[u8]) -> Vec<u8> {
    seq(&[&oid(dotted), parameters])
}

/// `SEQUENCE { body, algorithm, signature }`, signed by a key of ours.
pub fn signed(body: &[u8], algorithm: &[u8], key: &PrivateKey) -> Vec<u8> {
    let signature = signature_to_der(&key.sign_message(body).unwrap()).unwrap();
    seq(&[body, algorithm, &tlv(3, &[&[0], &signature])])
}

/// The children of an element, each with all its bytes; asks no questions.
pub fn children(element: &[u8]) -> Vec<&[u8]> {
    let (head, length) = head(element);
    let mut rest = &element[head..head + length];
    let mut found = vec![];
    while !rest.is_empty() {
        let (head, length) = self::head(rest);
        let (first, after) = rest.split_at(head + length);
        found.push(first);
        rest = after;
    }
    found
}

fn head(element: &[u8]) -> (usize, usize) {
    match element[1] {
        short @ 0..0x80 => (2, short.into()),
        long => {
            let count = usize::from(long - 0x80);
            (2 + count, element[2..2 + count].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
        }
    }
}

/// The same bytes with the only occurrence of `from` replaced by as many bytes.
pub fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<_> = (0..=bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    let &[at] = places.as_slice() else { panic!("{} occurrences", places.len()) };
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
