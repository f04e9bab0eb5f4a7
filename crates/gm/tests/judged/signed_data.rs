//! SignedData.

use crate::tools::{Folder, ID, NULL, alg, children, oid, seq, sign_data as build, tlv, to_hex};
use certificate::verify_signed_data as verify;
use gm::signed_data::{Content, Verified};
use gm::{CryptoError, DEFAULT_ID, PrivateKey, signature_to_der, sm3};
use serde_json::json;

const GM_DATA: &str = "1.2.156.10197.6.1.4.2.1";
const GM_SIGNED: &str = "1.2.156.10197.6.1.4.2.2";
const PKCS_DATA: &str = "1.2.840.113549.1.7.1";
const PKCS_SIGNED: &str = "1.2.840.113549.1.7.2";
const SM3: &str = "1.2.156.10197.1.401";
const SM2_SIGN: &str = "1.2.156.10197.1.301.1";
const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";

/// GBK: bytes that are no UTF-8 and must not be taken for text.
const CONTENT: &[u8] = b"{\"name\":\"\xB2\xE2\xCA\xD4\"}\r\n\x00";

struct Holder {
    folder: Folder,
    key: PrivateKey,
    certificate: Vec<u8>,
}

impl Holder {
    fn new() -> Self {
        let folder = Folder::new();
        let key = folder.foreign_key("leaf");
        let certificate = folder.self_signed("leaf", "/C=CN/O=某某科技/CN=测试单位", "");
        Self { folder, key, certificate }
    }

    /// As the token does it: given the digest, nothing else.
    fn sign(&self, content: &[u8]) -> [u8; 64] {
        self.key.sign_message(content).unwrap()
    }

    fn verified(&self, content: Option<&[u8]>) -> Verified {
        let content = content.map(<[u8]>::to_vec);
        Verified { certificate: self.certificate.clone(), key: self.key.public(), content }
    }
}

#[test]
fn the_judge_finds_what_the_standard_says_and_the_signature_right() {
    let holder = Holder::new();
    holder.folder.write("content", CONTENT);
    for (kind, arguments) in
        [(Content::Attached, ["p7", "signed"].as_slice()), (Content::Detached, &["p7", "signed", "content"])]
    {
        let p7 = build(&holder.certificate, CONTENT, kind, &holder.sign(CONTENT)).unwrap();
        holder.folder.write("signed", &p7);
        let attached = (kind == Content::Attached).then_some(CONTENT);
        assert_eq!(
            holder.folder.judge(arguments),
            json!({
                "versions": [1, 1],
                "digests": [[SM3, ""]],
                "content": GM_DATA,
                "attached": attached.map(to_hex),
                "certificate": to_hex(&holder.certificate),
                "digest": [SM3, ""],
                "signature": [SM2_SIGN, ""],
            })
        );
        assert_eq!(verify(&p7, Some(CONTENT)).unwrap(), holder.verified(attached));
        match kind {
            Content::Attached => assert_eq!(verify(&p7, None).unwrap(), holder.verified(attached)),
            Content::Detached => assert_eq!(verify(&p7, None), Err(CryptoError::Encoding), "no content at all"),
        }
        assert_eq!(verify(&p7, Some(b"another content")), Err(CryptoError::Verification));
        holder.folder.write("content", b"another content");
        holder.folder.refused_by_judge(&["p7", "signed", "content"]);
        holder.folder.write("content", CONTENT);
    }
}

#[test]
fn any_length_of_content_is_signed() {
    let holder = Holder::new();
    for length in [0, 1, 127, 128, 255, 256, 65_535, 70_000] {
        let content: Vec<u8> = (0..length).map(|at| u8::try_from(at % 253).unwrap()).collect();
        let p7 = build(&holder.certificate, &content, Content::Attached, &holder.sign(&content)).unwrap();
        holder.folder.write("signed", &p7);
        assert_eq!(holder.folder.judge(&["p7", "signed"])["attached"], to_hex(&content));
        assert_eq!(verify(&p7, None).unwrap(), holder.verified(Some(&content)));
    }
}

#[test]
fn signed_data_does_not_leave_with_a_signature_that_does_not_fit() {
    let holder = Holder::new();
    let refused = |signature: &[u8; 64]| build(&holder.certificate, CONTENT, Content::Attached, signature).err();
    assert_eq!(refused(&holder.sign(b"another content")), Some(CryptoError::Verification));
    let other = PrivateKey::generate().unwrap();
    let e = holder.key.public().digest(DEFAULT_ID.as_bytes(), CONTENT);
    assert_eq!(refused(&other.sign_digest(&e).unwrap()), Some(CryptoError::Verification));
    let another_identity = holder.key.public().digest(b"someone@example.cn", CONTENT);
    assert_eq!(refused(&holder.key.sign_digest(&another_identity).unwrap()), Some(CryptoError::Verification));
    let without_z = sm3(&[CONTENT]);
    assert_eq!(refused(&holder.key.sign_digest(&without_z).unwrap()), Some(CryptoError::Verification));
    assert_eq!(refused(&holder.sign(CONTENT)), None);
}

/// Signed data by hand, in every way seen in the field.
struct Form<'a> {
    signed_type: &'a str,
    data_type: &'a str,
    digest: Vec<u8>,
    algorithm: Vec<u8>,
    /// Content of the signed attributes.
    attributes: Option<Vec<u8>>,
    attached: bool,
    certificates: Vec<Vec<u8>>,
    signers: usize,
    /// What follows the certificates.
    lists: Vec<u8>,
    /// What follows the signature.
    unsigned: Vec<u8>,
    version: u8,
}

impl Form<'_> {
    fn of(holder: &Holder) -> Self {
        Self {
            signed_type: GM_SIGNED,
            data_type: GM_DATA,
            digest: alg(SM3, &[]),
            algorithm: alg(SM2_SIGN, &[]),
            attributes: None,
            attached: true,
            certificates: vec![holder.certificate.clone()],
            signers: 1,
            lists: vec![],
            unsigned: vec![],
            version: 1,
        }
    }

    /// The signature is made by openssl, over what its owner's certificate says.
    fn write(&self, holder: &Holder, content: &[u8]) -> Vec<u8> {
        let message = self.attributes.as_ref().map_or(content.to_vec(), |attributes| tlv(0x31, &[attributes]));
        holder.folder.write("message", message);
        let arguments = ["dgst", "-sm3", "-sigopt", ID, "-sign", "leaf.key", "-out", "signature", "message"];
        holder.folder.openssl(&arguments);
        self.with_signature(holder, content, &holder.folder.read("signature"))
    }

    fn with_signature(&self, holder: &Holder, content: &[u8], signature: &[u8]) -> Vec<u8> {
        let body = children(children(&holder.certificate)[0]);
        let who = seq(&[body[3], body[1]]);
        let attributes = self.attributes.as_ref().map_or(vec![], |attributes| tlv(0xA0, &[attributes]));
        let signature = tlv(4, &[signature]);
        let version = [2, 1, self.version];
        let signer = seq(&[&version, &who, &self.digest, &attributes, &self.algorithm, &signature, &self.unsigned]);
        let data = if self.attached { tlv(0xA0, &[&tlv(4, &[content])]) } else { vec![] };
        let signed = seq(&[
            &version,
            &tlv(0x31, &[&self.digest]),
            &seq(&[&oid(self.data_type), &data]),
            &tlv(0xA0, &[&self.certificates.concat()]),
            &self.lists,
            &tlv(0x31, &[&signer.repeat(self.signers)]),
        ]);
        seq(&[&oid(self.signed_type), &tlv(0xA0, &[&signed])])
    }
}

#[test]
fn every_identifier_seen_in_the_field_is_accepted() {
    let holder = Holder::new();
    let right = |form: &Form<'_>, what: &str| {
        let content = form.attached.then_some(CONTENT);
        let p7 = form.write(&holder, CONTENT);
        assert_eq!(verify(&p7, Some(CONTENT)), Ok(holder.verified(content)), "{what}");
    };
    right(&Form::of(&holder), "as written here");
    for digest in ["1.2.156.10197.1.401", "1.2.156.10197.1.401.1", "1.2.156.10197.1.401.2"] {
        for parameters in [NULL, &[]] {
            right(&Form { digest: alg(digest, parameters), ..Form::of(&holder) }, digest);
        }
    }
    for algorithm in ["1.2.156.10197.1.301.1", "1.2.156.10197.1.301", "1.2.156.10197.1.501"] {
        for parameters in [NULL, &[]] {
            right(&Form { algorithm: alg(algorithm, parameters), ..Form::of(&holder) }, algorithm);
        }
    }
    for signed_type in [GM_SIGNED, PKCS_SIGNED] {
        for data_type in [GM_DATA, PKCS_DATA] {
            right(&Form { signed_type, data_type, ..Form::of(&holder) }, "types");
        }
    }
    right(&Form { attached: false, ..Form::of(&holder) }, "detached");
    right(&Form { version: 3, ..Form::of(&holder) }, "another version");
    right(&Form { lists: tlv(0xA1, &[&seq(&[])]), ..Form::of(&holder) }, "with revocation lists");
    right(&Form { unsigned: tlv(0xA1, &[&seq(&[])]), ..Form::of(&holder) }, "with attributes not signed");
}

#[test]
fn other_algorithms_and_types_are_not_supported() {
    let holder = Holder::new();
    let refused = |form: &Form<'_>| verify(&form.write(&holder, CONTENT), None).err();
    let sha256 = alg("2.16.840.1.101.3.4.2.1", NULL);
    assert_eq!(refused(&Form { digest: sha256, ..Form::of(&holder) }), Some(CryptoError::Unsupported));
    let odd = alg(SM3, &[4, 0]);
    assert_eq!(refused(&Form { digest: odd, ..Form::of(&holder) }), Some(CryptoError::Unsupported));
    let ecdsa = alg("1.2.840.10045.4.3.2", &[]);
    assert_eq!(refused(&Form { algorithm: ecdsa, ..Form::of(&holder) }), Some(CryptoError::Unsupported));
    let enveloped = Form { signed_type: "1.2.156.10197.6.1.4.2.3", ..Form::of(&holder) };
    assert_eq!(refused(&enveloped), Some(CryptoError::Unsupported));
}

fn attribute(kind: &str, values: &[&[u8]]) -> Vec<u8> {
    seq(&[&oid(kind), &tlv(0x31, values)])
}

fn digest_of(content: &[u8]) -> Vec<u8> {
    attribute(MESSAGE_DIGEST, &[&tlv(4, &[&sm3(&[content])])])
}

#[test]
fn signed_attributes_are_what_is_signed_and_must_say_the_content() {
    let holder = Holder::new();
    let kind = attribute(CONTENT_TYPE, &[&oid(GM_DATA)]);
    let time = attribute("1.2.840.113549.1.9.5", &[&tlv(0x17, &[b"260102030405Z"])]);
    let checked = |attributes: &[&[u8]]| {
        let form = Form { attributes: Some(attributes.concat()), ..Form::of(&holder) };
        verify(&form.write(&holder, CONTENT), None)
    };
    let right = Ok(holder.verified(Some(CONTENT)));
    assert_eq!(checked(&[&kind, &time, &digest_of(CONTENT)]), right);
    assert_eq!(checked(&[&digest_of(CONTENT), &kind]), right, "in another order: the bytes that came are checked");
    assert_eq!(checked(&[&digest_of(CONTENT)]), right, "no content type");
    assert_eq!(checked(&[&kind, &digest_of(b"another content")]), Err(CryptoError::Verification));
    let enveloped = attribute(CONTENT_TYPE, &[&oid("1.2.156.10197.6.1.4.2.3")]);
    assert_eq!(checked(&[&enveloped, &digest_of(CONTENT)]), Err(CryptoError::Verification), "another type");
    assert_eq!(checked(&[&kind]), Err(CryptoError::Encoding), "no digest");
    assert_eq!(checked(&[]), Err(CryptoError::Encoding), "no attribute");
    assert_eq!(checked(&[&digest_of(CONTENT), &digest_of(CONTENT)]), Err(CryptoError::Encoding), "two digests");
    let value = tlv(4, &[&sm3(&[CONTENT])]);
    assert_eq!(checked(&[&attribute(MESSAGE_DIGEST, &[&value, &value])]), Err(CryptoError::Encoding), "two values");
    let short = attribute(MESSAGE_DIGEST, &[&tlv(4, &[&[1; 31]])]);
    assert_eq!(checked(&[&short]), Err(CryptoError::Encoding));
    assert_eq!(checked(&[time.as_slice(); 40]), Err(CryptoError::Encoding), "more than anyone sends");
    // the signature stays right, but it is over the content and not over the attributes
    let form = Form { attributes: Some(digest_of(CONTENT)), ..Form::of(&holder) };
    let signature = signature_to_der(&holder.sign(CONTENT)).unwrap();
    let p7 = form.with_signature(&holder, CONTENT, &signature);
    assert_eq!(verify(&p7, None), Err(CryptoError::Verification));
}

#[test]
fn a_signature_over_attributes_does_not_pass_for_one_over_a_content() {
    let holder = Holder::new();
    let attributes = [attribute(CONTENT_TYPE, &[&oid(GM_DATA)]), digest_of(CONTENT)].concat();
    let honest = Form { attributes: Some(attributes.clone()), ..Form::of(&holder) }.write(&holder, CONTENT);
    assert!(verify(&honest, None).is_ok());
    // the same signature, the attributes taken out and shown as the content
    let content = tlv(0x31, &[&attributes]);
    let forged = Form::of(&holder).with_signature(&holder, &content, &holder.folder.read("signature"));
    assert_eq!(verify(&forged, None), Err(CryptoError::Verification));
    // which refuses only what is nothing but such attributes
    let text = [content.as_slice(), b" "].concat();
    assert!(verify(&Form::of(&holder).write(&holder, &text), None).is_ok());
}

#[test]
fn exactly_one_signer_with_exactly_one_certificate_is_taken() {
    let holder = Holder::new();
    let checked = |form: &Form<'_>| verify(&form.write(&holder, CONTENT), None);
    for signers in [0, 2] {
        assert_eq!(checked(&Form { signers, ..Form::of(&holder) }), Err(CryptoError::Encoding), "{signers} signers");
    }
    // same key, other name; then same name and number, other key
    let other_name = holder.folder.self_signed("leaf", "/C=CN/CN=someone else", "");
    holder.folder.foreign_key("impostor");
    let impostor = holder.folder.self_signed("impostor", "/C=CN/O=某某科技/CN=测试单位", "");
    let with = |certificates: &[&[u8]]| {
        let certificates = certificates.iter().map(|certificate| certificate.to_vec()).collect();
        checked(&Form { certificates, ..Form::of(&holder) })
    };
    let right = Ok(holder.verified(Some(CONTENT)));
    let own = holder.certificate.as_slice();
    assert_eq!(with(&[&other_name, own]), right, "others may lie beside it");
    assert_eq!(with(&[own, b"\x30\x03\x02\x01\x01", b"\xA1\x00"]), right, "of any kind");
    assert_eq!(with(&[]), Err(CryptoError::Encoding), "none");
    assert_eq!(with(&[&other_name]), Err(CryptoError::Encoding), "not the signer's");
    assert_eq!(with(&[&impostor]), Err(CryptoError::Verification), "another key under the signer's name");
    assert_eq!(with(&[&impostor, own]), Err(CryptoError::Encoding), "which of the two?");
    assert_eq!(with(&[other_name.as_slice(); 40]), Err(CryptoError::Encoding), "more than anyone sends");
}

#[test]
fn a_signer_without_an_sm2_key_is_not_supported() {
    let holder = Holder::new();
    holder.folder.openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "p.key"]);
    holder.folder.write("p.cnf", "[req]\ndistinguished_name = dn\nprompt = no\n[dn]\n");
    holder.folder.openssl(&[
        "req",
        "-x509",
        "-new",
        "-utf8",
        "-key",
        "p.key",
        "-sha256",
        "-config",
        "p.cnf",
        "-subj",
        "/C=CN/O=某某科技/CN=测试单位",
        "-set_serial",
        "0x1A100000000000001234",
        "-out",
        "p.pem",
    ]);
    let certificates = vec![holder.folder.to_der("p.pem")];
    let form = Form { certificates, ..Form::of(&holder) };
    assert_eq!(verify(&form.write(&holder, CONTENT), None), Err(CryptoError::Unsupported));
}

#[test]
fn what_is_not_signed_data_is_refused_and_so_is_what_is_too_long() {
    let holder = Holder::new();
    let good = Form::of(&holder).write(&holder, CONTENT);
    for bad in [&[][..], b"\x30\x00", &good[..good.len() - 1], &[good.as_slice(), &[0]].concat(), &holder.certificate] {
        assert_eq!(verify(bad, None), Err(CryptoError::Encoding));
    }
    assert_eq!(verify(&vec![0x30; 17 * 1024 * 1024], None), Err(CryptoError::Encoding));
    let bad_signature = Form::of(&holder).with_signature(&holder, CONTENT, b"no signature");
    assert_eq!(verify(&bad_signature, None), Err(CryptoError::Value));
}
