//! Key pairs, session keys, digests.

use super::host::{APP, CONT, PIN, USER, apdu, hex, ok, open, opened, verify, word};
use crate::personalise::personalise;
use crate::state::Slot;
use crate::{Spec, TestCa, VirtualKey};
use gm::{PrivateKey, PublicKey, Sm2Cipher, Sm4Key, cbc_encrypt, ecb_encrypt, sm3};

fn place() -> Vec<u8> {
    [APP, CONT].concat()
}

/// A key whose signing pair is the example of GB/T 32918 and whose user is logged in.
fn example() -> VirtualKey {
    let d = hex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8");
    let mut state = personalise(&Spec::new("某某", "1"), &TestCa::create().unwrap()).unwrap();
    let container = &mut state.applications[0].containers[0];
    container.sign = Slot::with_key(&PrivateKey::from_bytes(&d).unwrap());
    container.encrypt = Slot::default();
    let mut key = VirtualKey::new(state);
    open(&mut key);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    key
}

/// The vector of wire-format/crypto-commands.md#key-import-example as the command carries it.
fn import_vector(encrypted: &str) -> Vec<u8> {
    let encrypted = hex(encrypted);
    let length = u32::try_from(encrypted.len()).unwrap().to_be_bytes();
    let data = [
        place(),
        hex("00020400 00000401 00010000 04"),
        hex("6F9FFC2CE52A677D4F1FC9F0788B0FB23DB07485B1D3D3C025B1D600C67649D4"),
        hex("081D7E0B930FB93BD43B67F8456924A4B2C70BDF0507A587058836962D82F96B"),
        hex("12647B13596F4216684B3101C06E6C3100B3B8A0FF2EC1339B4A47E8377DE2BC"),
        hex("00000010 102641F26B479E17D33BC5C2BDF60B83 00000100"),
        hex("D5548C7825CBB56150A3506CD57464AF8A1AE0519DFAF3C58221DC810CAF28DD"),
        hex("921073768FE3D59CE54E79A49445CF73FED23086537027264D168946D479533E"),
        length.to_vec(),
        encrypted,
    ];
    apdu(0x80, 0x72, 0, 0, &data.concat(), None)
}

const WRAPPED: &str = "49660A93FC61D46A3AF331D027F3DE62727BB7723BAEAF9956C8DE0A44AB8607";

#[test]
fn the_import_vector_of_the_wire_format_brings_in_the_encryption_pair() {
    let zeros = "2677F46B09C122CC975533105BD4A22A";
    for encrypted in [WRAPPED.to_owned(), format!("{zeros}{zeros}{WRAPPED}")] {
        let mut key = example();
        let command = import_vector(&encrypted);
        if encrypted == WRAPPED {
            assert_eq!(command.len(), 7 + 0xED);
        }
        ok(&mut key, &command);
        let public = ok(&mut key, &apdu(0x80, 0x88, 0, 0, &place(), Some(0)));
        assert_eq!(public[4..36], hex("D5548C7825CBB56150A3506CD57464AF8A1AE0519DFAF3C58221DC810CAF28DD"));
        let d = key.state().applications[0].containers[0].encrypt.private_key().unwrap();
        assert_eq!(d.to_bytes().as_slice(), hex("128B2FA8BD433C6C068C8D803DFF79792A519A55171B1B650C23661D15897263"));
    }
}

#[test]
fn an_encryption_pair_that_does_not_fit_is_refused() {
    let mut key = example();
    let good = import_vector(WRAPPED);
    let changed = |index: usize| {
        let mut command = good.clone();
        command[index] ^= 1;
        command
    };
    assert_eq!(word(&mut key, &changed(good.len() - 1)), 0x6A9B, "private key");
    assert_eq!(word(&mut key, &changed(7 + 20)), 0x6A9B, "C1 off the curve");
    assert_eq!(word(&mut key, &changed(7 + 4 + 4 + 3)), 0x6A99, "symmetric algorithm");
    assert_eq!(word(&mut key, &good[..good.len() - 1]), 0x6700);
    ok(&mut key, &apdu(0x80, 0x1C, 0, 0, &APP, None));
    assert_eq!(word(&mut key, &good), 0x6982);
    let mut other = opened();
    assert_eq!(verify(&mut other, USER, PIN), 0x9000);
    assert_eq!(word(&mut other, &good), 0x6A9B, "wrapped for another signing key");
}

#[test]
fn the_standard_example_is_verified_and_a_changed_one_is_not() {
    let mut key = example();
    let data = hex("00000100 09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020
         CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13
         00000020 F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640
         F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
         B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA");
    assert_eq!(data.len(), 0xA8);
    ok(&mut key, &apdu(0x80, 0x76, 0, 0, &data, None));
    let mut changed = data;
    changed[80] ^= 1;
    assert_eq!(word(&mut key, &apdu(0x80, 0x76, 0, 0, &changed, None)), 0x6A98);
    changed[10] ^= 1;
    assert_eq!(word(&mut key, &apdu(0x80, 0x76, 0, 0, &changed, None)), 0x6A80, "point off the curve");
}

#[test]
fn a_key_that_asks_before_every_signature_signs_once_per_login() {
    let mut state = personalise(&Spec::new("某某", "1"), &TestCa::create().unwrap()).unwrap();
    state.device.login_per_signature = true;
    let mut key = VirtualKey::new(state);
    open(&mut key);
    let sign = apdu(0x80, 0x74, 2, 0, &[place().as_slice(), &[7; 32]].concat(), None);
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    ok(&mut key, &sign);
    assert_eq!(word(&mut key, &sign), 0x6982);
}

#[test]
fn a_session_key_goes_out_sealed_and_comes_back_in() {
    let mut key = opened();
    assert_eq!(verify(&mut key, USER, PIN), 0x9000);
    let own = ok(&mut key, &apdu(0x80, 0x88, 0, 0, &place(), Some(0)));
    let answer = ok(&mut key, &apdu(0x80, 0x78, 0, 0, &[place(), own, hex("00000401")].concat(), Some(0)));
    let (cipher, first) = answer.split_at(answer.len() - 2);
    assert_eq!(cipher.len(), 4 + 0x79 - 4);
    let import = [place(), hex("00000401 00000079"), cipher.to_vec()].concat();
    assert_eq!(import.len(), 0x85);
    let second = ok(&mut key, &apdu(0x80, 0xA0, 0, 0, &import, Some(0)));
    assert_ne!(first, second);
    let seal = |key: &mut VirtualKey, id: &[u8]| {
        let id = [place().as_slice(), id].concat();
        ok(key, &apdu(0x80, 0xA4, 0, 0, &[id.clone(), hex("0000 00000000 00000000")].concat(), None));
        let first = ok(key, &apdu(0x80, 0xA8, 0, 0, &[id.as_slice(), &[1; 32]].concat(), Some(0)));
        [first, ok(key, &apdu(0x80, 0xAA, 0, 0, &id, Some(0)))].concat()
    };
    assert_eq!(seal(&mut key, first), seal(&mut key, &second));
    assert_eq!(
        word(
            &mut key,
            &apdu(0x80, 0x78, 0, 0, &[place(), hex("00000100"), vec![1; 64], hex("00000401")].concat(), Some(0))
        ),
        0x6A80
    );
}

/// Sets a key as the vendor's host does and returns app2 ‖ cont2 ‖ key2.
fn set_key(key: &mut VirtualKey, algorithm: &str, value: [u8; 16]) -> Vec<u8> {
    let data = [place(), hex(algorithm), value.to_vec(), vec![0; 16]].concat();
    [place(), ok(key, &apdu(0xC0, 0x12, 0, 0, &data, None))].concat()
}

#[test]
fn cbc_with_padding_gives_what_was_put_in() {
    let mut key = opened();
    let value = [0x11; 16];
    let id = set_key(&mut key, "00000402", value);
    let init = [id.clone(), hex("0010"), vec![9; 16], hex("00000001 00000000")].concat();
    let plain: Vec<u8> = (0..37).collect();
    ok(&mut key, &apdu(0x80, 0xA4, 0, 0, &init, None));
    let mut sealed = ok(&mut key, &apdu(0x80, 0xA8, 0, 0, &[&id, &plain[..16]].concat(), Some(0)));
    sealed.extend(ok(&mut key, &apdu(0x80, 0xA8, 0, 0, &[&id, &plain[16..32]].concat(), Some(0))));
    sealed.extend(ok(&mut key, &apdu(0x80, 0xAA, 0, 0, &[&id, &plain[32..]].concat(), Some(0))));
    let padded = [plain.as_slice(), &[11; 11]].concat();
    assert_eq!(sealed, cbc_encrypt(&Sm4Key::new(value), &[9; 16], &padded).unwrap());
    ok(&mut key, &apdu(0x80, 0xAC, 0, 0, &init, Some(0)));
    let mut back = ok(&mut key, &apdu(0x80, 0xB0, 0, 0, &[&id, &sealed[..32]].concat(), Some(0)));
    back.extend(ok(&mut key, &apdu(0x80, 0xB2, 0, 0, &[&id, &sealed[32..]].concat(), Some(0))));
    assert_eq!(back, plain);
    ok(&mut key, &apdu(0x80, 0xA4, 0, 0, &init, None));
    assert_eq!(ok(&mut key, &apdu(0x80, 0xA6, 0, 0, &[&id, plain.as_slice()].concat(), Some(0))), sealed);
    ok(&mut key, &apdu(0x80, 0xAC, 0, 0, &init, Some(0)));
    assert_eq!(ok(&mut key, &apdu(0x80, 0xAE, 0, 0, &[&id, sealed.as_slice()].concat(), Some(0))), plain);
    let mut broken = sealed.clone();
    broken[30] ^= 0xFF;
    ok(&mut key, &apdu(0x80, 0xAC, 0, 0, &init, Some(0)));
    assert_eq!(word(&mut key, &apdu(0x80, 0xAE, 0, 0, &[&id, broken.as_slice()].concat(), Some(0))), 0x6A80);
}

#[test]
fn without_padding_only_whole_blocks_are_taken() {
    let mut key = opened();
    let value = [0x22; 16];
    let id = set_key(&mut key, "00000401", value);
    let init = apdu(0x80, 0xA4, 0, 0, &[id.clone(), hex("0000 00000000 00000000")].concat(), None);
    ok(&mut key, &init);
    let block = ok(&mut key, &apdu(0x80, 0xA8, 0, 0, &[&id, [3; 16].as_slice()].concat(), Some(0)));
    assert_eq!(block, ecb_encrypt(&Sm4Key::new(value), &[3; 16]).unwrap());
    assert_eq!(word(&mut key, &apdu(0x80, 0xA8, 0, 0, &[&id, [3; 15].as_slice()].concat(), Some(0))), 0x6700);
}

#[test]
fn an_operation_needs_its_init_and_a_key_that_is_there() {
    let mut key = opened();
    let id = set_key(&mut key, "00000401", [1; 16]);
    assert_eq!(word(&mut key, &apdu(0x80, 0xA8, 0, 0, &[&id, [3; 16].as_slice()].concat(), Some(0))), 0x6985);
    let mut other = id.clone();
    other[5] ^= 1;
    assert_eq!(word(&mut key, &apdu(0x80, 0xC4, 0, 0, &other, None)), 0x6A9F);
    ok(&mut key, &apdu(0x80, 0xC4, 0, 0, &id, None));
    assert_eq!(word(&mut key, &apdu(0x80, 0xC4, 0, 0, &id, None)), 0x6A9F);
    assert_eq!(
        word(&mut key, &apdu(0xC0, 0x12, 0, 0, &[place(), hex("00000101"), vec![0; 32]].concat(), None)),
        0x6A99
    );
    let id = set_key(&mut key, "00000401", [1; 16]);
    ok(&mut key, &apdu(0x80, 0x44, 0, 0, &place(), None));
    assert_eq!(word(&mut key, &apdu(0x80, 0xC4, 0, 0, &id, None)), 0x6A9F, "keys go with their container");
}

#[test]
fn digests_are_raw_and_sm3_starts_with_z_on_request() {
    let mut key = opened();
    let data = b"abc";
    for (algorithm, expected) in [
        (1, "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0"),
        (2, "A9993E364706816ABA3E25717850C26C9CD0D89D"),
        (3, "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
    ] {
        ok(&mut key, &[0x80, 0xB4, 0, algorithm]);
        ok(&mut key, &apdu(0x80, 0xB8, 0, 0, &data[..1], None));
        ok(&mut key, &apdu(0x80, 0xB8, 0, 0, &data[1..], None));
        assert_eq!(ok(&mut key, &apdu(0x80, 0xBA, 0, 0, &[], Some(0))), hex(expected));
        ok(&mut key, &[0x80, 0xB4, 0, algorithm]);
        assert_eq!(ok(&mut key, &apdu(0x80, 0xB6, 0, 0, data, Some(0))), hex(expected));
    }
    assert_eq!(word(&mut key, &apdu(0x80, 0xBA, 0, 0, &[], Some(0))), 0x6985);
    assert_eq!(word(&mut key, &[0x80, 0xB4, 0, 4]), 0x6A9D);
    // the example of wire-format/crypto-commands.md#sm2-example
    let start = hex("00000100 09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020
         CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13
         00000010 31323334353637383132333435363738");
    assert_eq!(start.len(), 0x58);
    ok(&mut key, &apdu(0x80, 0xB4, 0, 1, &start, None));
    assert_eq!(
        ok(&mut key, &apdu(0x80, 0xB6, 0, 0, b"message digest", Some(0))),
        hex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")
    );
}

#[test]
fn what_the_key_encrypts_the_private_key_opens() {
    let mut key = opened();
    let private = PrivateKey::generate().unwrap();
    let PublicKey(xy) = private.public();
    let message = sm3(&[b"long enough"]);
    let data = [hex("00000100"), xy.to_vec(), hex("00000020"), message.to_vec()].concat();
    let answer = ok(&mut key, &apdu(0x80, 0x7A, 0, 0, &data, Some(0)));
    let cipher = Sm2Cipher {
        point: answer[5..69].try_into().unwrap(),
        hash: answer[69..101].try_into().unwrap(),
        text: answer[105..].to_vec(),
    };
    assert_eq!(*private.decrypt(&cipher).unwrap(), message);
    assert_eq!(
        word(&mut key, &apdu(0x80, 0x7A, 0, 0, &[hex("00000100"), xy.to_vec(), hex("00000000")].concat(), Some(0))),
        0x6A9A
    );
}
