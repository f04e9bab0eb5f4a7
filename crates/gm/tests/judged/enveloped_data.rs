//! EnvelopedData.

use crate::tools::{Folder, NULL, SERIAL, alg, children, oid, read, seq, tlv, to_hex};
use gm::enveloped_data::{Sealed, seal};
use gm::{CryptoError, PrivateKey};
use serde_json::json;

const GM_DATA: &str = "1.2.156.10197.6.1.4.2.1";
const GM_ENVELOPED: &str = "1.2.156.10197.6.1.4.2.3";
const SM2_ENCRYPT: &str = "1.2.156.10197.1.301.3";
const SM4_CBC: &str = "1.2.156.10197.1.104.2";
const IV: [u8; 16] = *b"0123456789ABCDEF";
const SM4: &str = "00112233445566778899aabbccddeeff";

struct Holder {
    folder: Folder,
    key: PrivateKey,
    certificate: Vec<u8>,
}

impl Holder {
    fn new() -> Self {
        let folder = Folder::new();
        let key = folder.foreign_key("leaf");
        let certificate = folder.self_signed("leaf", "/C=CN/CN=测试单位", "");
        Self { folder, key, certificate }
    }
}

#[test]
fn the_judge_opens_what_is_sealed_here() {
    let holder = Holder::new();
    let read = read(&holder.certificate);
    let issuer = read.issuer.der();
    for length in [0u8, 1, 15, 16, 17, 200] {
        let plain: Vec<u8> = (0..length).collect();
        let der = seal(&read.holder().unwrap(), &plain).unwrap();
        holder.folder.write("sealed", &der);
        let found = holder.folder.judge(&["sealed", "sealed", "leaf.key"]);
        assert_eq!(
            found,
            json!({
                "versions": [1, 1],
                "issuer": to_hex(issuer),
                "serial": to_hex(&SERIAL),
                "wrap": [SM2_ENCRYPT, ""],
                "content": GM_DATA,
                "cipher": SM4_CBC,
                "iv": found["iv"],
                "plain": to_hex(&plain),
            })
        );
        let sealed = Sealed::from_der(&der).unwrap();
        assert_eq!(sealed.recipient(), (issuer, SERIAL.as_slice()));
        assert_eq!(*sealed.open(&holder.key).unwrap(), plain);
        // as a token helps: it takes the SM4 key out, the rest is done here
        let sm4 = holder.key.decrypt(&sealed.wrapped).unwrap();
        assert_eq!(*sealed.open_with_key(&sm4).unwrap(), plain);
    }
}

#[test]
fn nothing_is_sealed_twice_alike() {
    let holder = Holder::new();
    let parts = || Sealed::from_der(&seal(&read(&holder.certificate).holder().unwrap(), b"x").unwrap()).unwrap();
    let (one, two) = (parts(), parts());
    assert_ne!(one.wrapped, two.wrapped);
    assert_ne!(format!("{one:?}"), format!("{two:?}"));
}

struct Form<'a> {
    enveloped_type: &'a str,
    data_type: &'a str,
    wrap: Vec<u8>,
    cipher: Vec<u8>,
    versions: [u8; 2],
    recipients: usize,
    content_tag: u8,
}

impl Default for Form<'_> {
    fn default() -> Self {
        Self {
            enveloped_type: GM_ENVELOPED,
            data_type: GM_DATA,
            wrap: alg(SM2_ENCRYPT, &[]),
            cipher: alg(SM4_CBC, &tlv(4, &[&IV])),
            versions: [1, 1],
            recipients: 1,
            content_tag: 0x80,
        }
    }
}

impl Form<'_> {
    /// Key and content are encrypted by openssl.
    fn write(&self, holder: &Holder, plain: &[u8], padding: &[&str]) -> Vec<u8> {
        let folder = &holder.folder;
        folder.write("sm4", crate::tools::hex(SM4));
        folder.openssl(&["pkeyutl", "-encrypt", "-pubin", "-inkey", "leaf.pub", "-in", "sm4", "-out", "wrapped"]);
        folder.write("plain", plain);
        let common = ["enc", "-sm4-cbc", "-K", SM4, "-iv", &to_hex(&IV), "-in", "plain", "-out", "encrypted"];
        folder.openssl(&[&common, padding].concat());
        let body = children(children(&holder.certificate)[0]);
        self.with_recipient(&seq(&[body[3], body[1]]), folder)
    }

    fn with_recipient(&self, who: &[u8], folder: &Folder) -> Vec<u8> {
        let [version, recipient_version] = self.versions;
        let recipient = seq(&[&[2, 1, recipient_version], who, &self.wrap, &tlv(4, &[&folder.read("wrapped")])]);
        let content = seq(&[&oid(self.data_type), &self.cipher, &tlv(self.content_tag, &[&folder.read("encrypted")])]);
        let enveloped = seq(&[&[2, 1, version], &tlv(0x31, &[&recipient.repeat(self.recipients)]), &content]);
        seq(&[&oid(self.enveloped_type), &tlv(0xA0, &[&enveloped])])
    }
}

const PLAIN: &[u8] = "姓名 \0 and so on".as_bytes();

#[test]
fn every_identifier_seen_in_the_field_is_accepted() {
    let holder = Holder::new();
    let opened = |form: &Form<'_>| {
        let sealed = Sealed::from_der(&form.write(&holder, PLAIN, &[])).unwrap();
        assert_eq!(*sealed.open(&holder.key).unwrap(), PLAIN);
    };
    opened(&Form::default());
    for wrap in ["1.2.156.10197.1.301.2", "1.2.156.10197.1.301.3", "1.2.156.10197.1.301"] {
        for parameters in [NULL, &[]] {
            opened(&Form { wrap: alg(wrap, parameters), ..Form::default() });
        }
    }
    opened(&Form { cipher: alg("1.2.156.10197.1.104", &tlv(4, &[&IV])), ..Form::default() });
    opened(&Form { versions: [0, 0], ..Form::default() });
    opened(&Form { versions: [2, 0], ..Form::default() });
    for enveloped_type in [GM_ENVELOPED, "1.2.840.113549.1.7.3"] {
        for data_type in [GM_DATA, "1.2.840.113549.1.7.1"] {
            opened(&Form { enveloped_type, data_type, ..Form::default() });
        }
    }
}

#[test]
fn other_algorithms_types_and_recipients_are_refused() {
    let holder = Holder::new();
    let refused = |form: &Form<'_>| Sealed::from_der(&form.write(&holder, PLAIN, &[])).err();
    let iv = tlv(4, &[&IV]);
    for (cipher, error) in [
        (alg("1.2.156.10197.1.104.1", &[]), CryptoError::Unsupported),
        (alg("2.16.840.1.101.3.4.1.2", &iv), CryptoError::Unsupported),
        (alg(SM4_CBC, &[]), CryptoError::Encoding),
        (alg(SM4_CBC, NULL), CryptoError::Encoding),
        (alg(SM4_CBC, &tlv(4, &[&[1; 15]])), CryptoError::Encoding),
    ] {
        assert_eq!(refused(&Form { cipher, ..Form::default() }), Some(error));
    }
    let rsa = alg("1.2.840.113549.1.1.1", NULL);
    assert_eq!(refused(&Form { wrap: rsa, ..Form::default() }), Some(CryptoError::Unsupported));
    let signed = Form { enveloped_type: "1.2.156.10197.6.1.4.2.2", ..Form::default() };
    assert_eq!(refused(&signed), Some(CryptoError::Unsupported));
    let inner = Form { data_type: "1.2.156.10197.6.1.4.2.2", ..Form::default() };
    assert_eq!(refused(&inner), Some(CryptoError::Unsupported));
    for recipients in [0, 2] {
        assert_eq!(refused(&Form { recipients, ..Form::default() }), Some(CryptoError::Encoding));
    }
    assert_eq!(refused(&Form { content_tag: 0xA0, ..Form::default() }), Some(CryptoError::Encoding));
    // by the identifier of the recipient's key
    let by_key = Form::default().with_recipient(&tlv(0x80, &[&[1; 20]]), &holder.folder);
    assert_eq!(Sealed::from_der(&by_key).err(), Some(CryptoError::Unsupported));
    assert_eq!(Sealed::from_der(&vec![0x30; 17 * 1024 * 1024]).err(), Some(CryptoError::Encoding));
    assert_eq!(Sealed::from_der(&[]).err(), Some(CryptoError::Encoding));
}

#[test]
fn only_the_right_key_and_a_right_padding_open() {
    let holder = Holder::new();
    let sealed = Sealed::from_der(&Form::default().write(&holder, PLAIN, &[])).unwrap();
    assert_eq!(sealed.open(&PrivateKey::generate().unwrap()).err(), Some(CryptoError::Verification));
    assert_eq!(sealed.open_with_key(&[1; 15]).err(), Some(CryptoError::Length));
    assert_eq!(*sealed.open_with_key(&crate::tools::hex(SM4)).unwrap(), PLAIN);
    let ending = |end: &[u8]| {
        let mut plain = [b'x'; 32];
        plain[32 - end.len()..].copy_from_slice(end);
        let sealed = Sealed::from_der(&Form::default().write(&holder, &plain, &["-nopad"])).unwrap();
        sealed.open(&holder.key).map(|plain| plain.len())
    };
    assert_eq!(ending(&[1]), Ok(31));
    assert_eq!(ending(&[3, 3, 3]), Ok(29));
    assert_eq!(ending(&[16; 16]), Ok(16));
    for bad in [&[0][..], &[2, 3, 3], &[17; 17], &[0xFF; 32], &[1, 0]] {
        assert_eq!(ending(bad), Err(CryptoError::Verification), "{bad:?}");
    }
    for length in [0, 17] {
        let plain = vec![1; length];
        holder.folder.write("encrypted", &plain);
        let body = children(children(&holder.certificate)[0]);
        let der = Form::default().with_recipient(&seq(&[body[3], body[1]]), &holder.folder);
        let opened = Sealed::from_der(&der).unwrap().open(&holder.key).err();
        assert_eq!(opened, Some(CryptoError::Verification), "{length} bytes are no blocks");
    }
}
