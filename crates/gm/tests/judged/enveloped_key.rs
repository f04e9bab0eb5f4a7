//! SM2EnvelopedKey.

use crate::tools::{Folder, NULL, alg, hex, seq, tlv, to_hex};
use gm::enveloped_key::EnvelopedKey;
use gm::{CryptoError, PrivateKey, PublicKey, Sm2Cipher};

const SM4_ECB: &str = "1.2.156.10197.1.104.1";

#[test]
fn openssl_opens_an_envelope_and_finds_the_key_of_its_public_half() {
    let folder = Folder::new();
    let signing = folder.foreign_key("signing");
    let encryption = PrivateKey::generate().unwrap();
    let envelope = EnvelopedKey::build(&signing.public(), &encryption).unwrap();
    folder.write("envelope", envelope.to_der().unwrap());
    let found = folder.judge(&["envelope", "envelope", "signing.key"]);
    assert_eq!(found["private"], to_hex(encryption.to_bytes().as_slice()));
    assert_eq!(found["public"], to_hex(&encryption.public().uncompressed()));
    assert_eq!(found["algorithm"], serde_json::json!([SM4_ECB, ""]));
    let read = EnvelopedKey::from_der(&folder.read("envelope")).unwrap();
    assert_eq!(read, envelope);
    assert_eq!(*read.open(&signing).unwrap().to_bytes(), *encryption.to_bytes());
}

#[test]
fn each_envelope_has_a_key_of_its_own() {
    let (signing, encryption) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let build = || EnvelopedKey::build(&signing.public(), &encryption).unwrap();
    assert_ne!(build().encrypted, build().encrypted);
}

/// An envelope by hand: the SM4 key encrypted by openssl.
fn foreign(folder: &Folder, algorithm: &[u8], public: &PublicKey, plain: &[u8]) -> Vec<u8> {
    let key = "0123456789abcdeffedcba9876543210";
    folder.write("sm4", hex(key));
    folder.openssl(&["pkeyutl", "-encrypt", "-pubin", "-inkey", "signing.pub", "-in", "sm4", "-out", "wrapped"]);
    folder.write("plain", plain);
    folder.openssl(&["enc", "-sm4-ecb", "-nopad", "-K", key, "-in", "plain", "-out", "encrypted"]);
    let bits = |bytes: &[u8]| tlv(3, &[&[0], bytes]);
    seq(&[algorithm, &folder.read("wrapped"), &bits(&public.uncompressed()), &bits(&folder.read("encrypted"))])
}

#[test]
fn an_envelope_of_openssl_is_opened_also_with_null_parameters_and_a_padded_key() {
    let folder = Folder::new();
    let signing = folder.foreign_key("signing");
    let encryption = folder.foreign_key("encryption");
    let d = encryption.to_bytes();
    let padded = [[0; 32].as_slice(), d.as_slice()].concat();
    for (algorithm, plain) in
        [(alg(SM4_ECB, &[]), d.as_slice()), (alg(SM4_ECB, NULL), d.as_slice()), (alg(SM4_ECB, &[]), &padded)]
    {
        let der = foreign(&folder, &algorithm, &encryption.public(), plain);
        let envelope = EnvelopedKey::from_der(&der).unwrap();
        assert_eq!(envelope.encrypted.len(), 32);
        assert_eq!(*envelope.open(&signing).unwrap().to_bytes(), *d);
    }
}

#[test]
fn what_no_token_imports_is_told_from_what_is_broken() {
    let folder = Folder::new();
    folder.foreign_key("signing");
    let encryption = folder.foreign_key("encryption");
    let d = encryption.to_bytes();
    let with =
        |algorithm: &[u8]| EnvelopedKey::from_der(&foreign(&folder, algorithm, &encryption.public(), d.as_slice()));
    // SM4-CBC, SM1
    for other in ["1.2.156.10197.1.104.2", "1.2.156.10197.1.102.1"] {
        assert_eq!(with(&alg(other, &[])).err(), Some(CryptoError::Unsupported), "{other}");
    }
    let good = foreign(&folder, &alg(SM4_ECB, &[]), &encryption.public(), d.as_slice());
    assert_eq!(EnvelopedKey::from_der(&[good.as_slice(), &[0]].concat()).err(), Some(CryptoError::Encoding));
    let long = foreign(&folder, &alg(SM4_ECB, &[]), &encryption.public(), &[0; 48]);
    assert_eq!(EnvelopedKey::from_der(&long).err(), Some(CryptoError::Encoding), "a private key of 48 bytes");
    let off = foreign(&folder, &alg(SM4_ECB, &[]), &PublicKey([5; 64]), d.as_slice());
    assert_eq!(EnvelopedKey::from_der(&off).err(), Some(CryptoError::Value), "a public key off the curve");
}

#[test]
fn an_envelope_for_someone_else_or_with_halves_that_do_not_fit_is_not_opened() {
    let [signing, other, encryption] = [(); 3].map(|()| PrivateKey::generate().unwrap());
    let envelope = EnvelopedKey::build(&signing.public(), &encryption).unwrap();
    assert_eq!(envelope.open(&other).err(), Some(CryptoError::Verification));
    let unfit = EnvelopedKey { public: other.public(), ..envelope.clone() };
    assert_eq!(unfit.open(&signing).err(), Some(CryptoError::Verification));
    let long_key = EnvelopedKey { wrapped: signing.public().encrypt(&[1; 24]).unwrap(), ..envelope };
    assert_eq!(long_key.open(&signing).err(), Some(CryptoError::Value), "not an SM4 key");
}

/// The envelope of the standard's example key and of fixed other keys, computed elsewhere.
#[test]
fn the_published_vector_opens() {
    let signing =
        PrivateKey::from_bytes(&hex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")).unwrap();
    let envelope = EnvelopedKey {
        wrapped: Sm2Cipher {
            point: hex("6F9FFC2CE52A677D4F1FC9F0788B0FB23DB07485B1D3D3C025B1D600C67649D4
                        081D7E0B930FB93BD43B67F8456924A4B2C70BDF0507A587058836962D82F96B")
            .try_into()
            .unwrap(),
            hash: hex("12647B13596F4216684B3101C06E6C3100B3B8A0FF2EC1339B4A47E8377DE2BC").try_into().unwrap(),
            text: hex("102641F26B479E17D33BC5C2BDF60B83"),
        },
        public: PublicKey(
            hex("D5548C7825CBB56150A3506CD57464AF8A1AE0519DFAF3C58221DC810CAF28DD
                 921073768FE3D59CE54E79A49445CF73FED23086537027264D168946D479533E")
            .try_into()
            .unwrap(),
        ),
        encrypted: hex("49660A93FC61D46A3AF331D027F3DE62727BB7723BAEAF9956C8DE0A44AB8607"),
    };
    let d = envelope.open(&signing).unwrap().to_bytes();
    assert_eq!(d.as_slice(), hex("128B2FA8BD433C6C068C8D803DFF79792A519A55171B1B650C23661D15897263"));
}
