//! 找回密码: application, authorization code, grant, report.
//!
//! * `POST /v1/unlocks` takes the application. Whether what the person says fits the books is not told: every application
//!   that is well-formed gets an order that looks the same, and a code that goes nowhere when it does not fit.
//! * `POST /v1/orders/{no}/codes` sends the code again, `GET /v1/orders/{no}` waits for an officer, as in a renewal.
//! * `POST /v1/orders/{no}/unlock` proves the code without sending it and brings the key's challenge; the answer is what
//!   sets a transport PIN on exactly this key for exactly this challenge, sealed to the client's one-time key. It may be
//!   asked again by the same client key with a fresh challenge until the order is finished: the transport PIN stays the
//!   same, and no code is needed any more.
//! * `POST /v1/orders/{no}/unlock/finish` is signed by the key of the certificate and ends the order.

use super::{Base64, CaptchaAnswer, SessionKey, Signed};
use base::secret::{Pin, SecretBytes};
use gm::{CryptoError, PrivateKey, PublicKey, Sm2Cipher, hmac, sm3};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How the person proves who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UnlockRoute {
    /// A code to the registered mobile number.
    Sms,
    /// An officer calls; then a code by mail or SMS.
    Review,
}

/// Who applies. Compared with the registered contact by the service, which does not say what it finds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Applicant {
    /// Name of the person.
    pub name: String,
    /// Telephone number an officer can call; may be empty on the way by SMS.
    pub telephone: String,
    /// Mobile number, 11 digits.
    pub mobile: String,
    /// E-mail address; may be empty on the way by SMS.
    pub email: String,
}

/// `POST /v1/unlocks`, signed by `client_key` (header [`super::SESSION_SIGNATURE`]), with `Idempotency-Key`. Answers
/// [`super::OrderCreated`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnlockRequest {
    /// Key made for this order: signs it and each [`UnlockBegin`], and receives the grant.
    pub client_key: SessionKey,
    /// Signing certificate on the key, DER: not secret, and says whose key it is.
    pub certificate: Base64,
    /// USB-Key 序列号 as the device states it.
    pub device_serial: String,
    /// How the person proves who they are.
    pub route: UnlockRoute,
    /// Who applies.
    pub applicant: Applicant,
    /// Answer to the captcha when one is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captcha: Option<CaptchaAnswer>,
}

/// What an order of this kind shows beside what every order shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnlockView {
    /// How the person proves who they are.
    pub route: UnlockRoute,
    /// Where the code went, masked: mobile numbers and e-mail addresses; empty before.
    pub sent_to: Vec<String>,
    /// When it was sent last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sent: Option<i64>,
    /// When a new one may be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resend_from: Option<i64>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_expires: Option<i64>,
    /// Wrong codes that are still forgiven; after the last one the order is cancelled.
    pub tries_left: u32,
}

/// `POST /v1/orders/{no}/unlock`, signed by the client key (header [`super::SESSION_SIGNATURE`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnlockBegin {
    /// Binding to this request.
    pub signed: Signed,
    /// USB-Key 序列号 of the key that made the challenge.
    pub device_serial: String,
    /// Challenge of the key for remote unblocking, 8 to 16 bytes.
    pub challenge: Base64,
    /// Tries of the user PIN left.
    pub user_tries: u8,
    /// Tries of the admin PIN left: an answer the key did not take shows here, and is not repeated.
    pub admin_tries: u8,
    /// [`code_proof`]; left out when the order was begun before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Base64>,
}

/// Its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnlockAnswer {
    /// [`Grant`], encrypted with SM2 for the client key, DER (GM/T 0009).
    pub grant: Base64,
    /// The order, now issued.
    pub order: super::Order,
}

/// `POST /v1/orders/{no}/unlock/finish`, signed by the key of the certificate (header [`super::BODY_P7`]). Answers the
/// order, now installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnlockFinish {
    /// Binding to this request.
    pub signed: Signed,
    /// USB-Key 序列号.
    pub device_serial: String,
}

/// A code as people type it: letters in any case, with spaces and dashes.
#[must_use]
pub fn normal_code(typed: &str) -> Zeroizing<String> {
    Zeroizing::new(typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect())
}

/// Proof of an authorization code, bound to one request of one order: HMAC-SM3 under SM3(code, order number) over the body
/// with an empty proof. The code itself never goes over the wire.
///
/// # Errors
/// [`serde_json::Error`] never in practice: the body is plain data.
pub fn code_proof(
    code: &str,
    no: &str,
    begin: &UnlockBegin,
    client: &PublicKey,
) -> Result<[u8; 32], serde_json::Error> {
    let key = Zeroizing::new(sm3(&[b"unlock code", &[0], normal_code(code).as_bytes(), &[0], no.as_bytes()]));
    let body = serde_json::to_vec(&UnlockBegin { proof: None, ..begin.clone() })?;
    Ok(hmac(key.as_slice(), &[&client.0, &body]))
}

/// What sets a transport PIN on one key: the PIN, and the command data for it, C ‖ MAC, passed on unchanged.
pub struct Grant {
    /// One-time PIN the key has after the command.
    pub transport_pin: Pin,
    /// Data of `84 1A P1=01` behind the application id.
    pub response: SecretBytes,
}

impl Grant {
    /// Encrypts it for the client: length of the PIN1 ‖ PIN ‖ response, SM2, DER.
    ///
    /// # Errors
    /// [`CryptoError`].
    pub fn seal(&self, client: &PublicKey) -> Result<Vec<u8>, CryptoError> {
        let length = u8::try_from(self.transport_pin.len()).map_err(|_| CryptoError::Length)?;
        let plain = SecretBytes::concat(&[&[length], self.transport_pin.expose(), self.response.expose()]);
        client.encrypt(plain.expose())?.to_der()
    }

    /// Decrypts it.
    ///
    /// # Errors
    /// [`CryptoError`] when it is for another key, or not such a grant.
    pub fn open(sealed: &[u8], client: &PrivateKey) -> Result<Self, CryptoError> {
        let plain = client.decrypt(&Sm2Cipher::from_der(sealed)?)?;
        let (length, rest) = plain.split_first().ok_or(CryptoError::Encoding)?;
        let (pin, response) = rest.split_at_checked(usize::from(*length)).ok_or(CryptoError::Encoding)?;
        // C has whole blocks behind its length, and a MAC of 4 bytes follows
        if pin.is_empty() || response.len() < 20 || response.len() % 16 != 4 {
            return Err(CryptoError::Encoding);
        }
        let transport_pin = Pin::new(pin).map_err(|_| CryptoError::Encoding)?;
        Ok(Self { transport_pin, response: SecretBytes::copy_of(response) })
    }
}

#[cfg(test)]
mod tests {
    use super::{Grant, UnlockBegin, code_proof, normal_code};
    use crate::{Base64, Purpose, Signed};
    use base::secret::{Pin, SecretBytes};
    use gm::PrivateKey;

    fn begin() -> UnlockBegin {
        let signed = Signed {
            nonce: "00".to_owned(),
            purpose: Purpose::Unlock,
            method: "POST".to_owned(),
            path: "/v1/orders/1/unlock".to_owned(),
            time: 0,
        };
        let challenge = Base64(vec![1; 8]);
        UnlockBegin { signed, device_serial: "1".to_owned(), challenge, user_tries: 0, admin_tries: 10, proof: None }
    }

    #[test]
    fn a_code_may_be_typed_in_any_case_with_spaces_and_dashes() {
        assert_eq!(*normal_code(" ndk4-mdg4 "), *"NDK4MDG4");
    }

    #[test]
    fn a_proof_holds_for_one_code_order_client_and_body() {
        let client = PrivateKey::generate().unwrap().public();
        let proof = |code, no, begin: &UnlockBegin, client| code_proof(code, no, begin, client).unwrap();
        let right = proof("12345678", "1", &begin(), &client);
        let mut with_proof = begin();
        with_proof.proof = Some(Base64(right.to_vec()));
        assert_eq!(right, proof("1234 5678", "1", &with_proof, &client));
        let other_client = PrivateKey::generate().unwrap().public();
        let mut other_challenge = begin();
        other_challenge.challenge = Base64(vec![2; 8]);
        let others = [
            proof("12345679", "1", &begin(), &client),
            proof("12345678", "2", &begin(), &client),
            proof("12345678", "1", &other_challenge, &client),
            proof("12345678", "1", &begin(), &other_client),
        ];
        assert!(!others.contains(&right));
    }

    #[test]
    fn a_grant_is_for_one_client_and_complete() {
        let client = PrivateKey::generate().unwrap();
        let grant = |pin: &[u8], response| Grant {
            transport_pin: Pin::new(pin).unwrap(),
            response: SecretBytes::from_vec(response),
        };
        let sealed = grant(b"TRANSPORT1", vec![9; 36]).seal(&client.public()).unwrap();
        let opened = Grant::open(&sealed, &client).unwrap();
        assert_eq!(
            (opened.transport_pin.expose(), opened.response.expose()),
            (b"TRANSPORT1".as_slice(), [9; 36].as_slice())
        );
        assert!(Grant::open(&sealed, &PrivateKey::generate().unwrap()).is_err());
        for wrong in [grant(b"", vec![9; 36]), grant(b"T", vec![9; 35]), grant(b"T", vec![9; 4])] {
            let sealed = wrong.seal(&client.public()).unwrap();
            assert!(Grant::open(&sealed, &client).is_err());
        }
    }
}
