//! The current container: what the key states, and the switch (wire-format/key-contents.md#current-container).

use super::pin;
use super::virtual_key::Shared;
use crate::gmt0017::Login;
use crate::{KeyContents, Token, TokenError, TransportError};
use virtual_key::State;

const OLD: &str = "personalCert00";
const NEXT: &str = "R20260401-000001";
const FILE: &str = "BJCAENVSN";

/// A login on a key whose file holds this; the token itself is never dropped.
fn login(shared: &Shared, file: Option<&[u8]>) -> Login<'static> {
    let mut state = serde_json::to_value(shared.desk().key.state()).unwrap();
    let files = state["applications"][0]["files"].as_array_mut().unwrap();
    match file {
        None => files.clear(),
        Some(data) => files[0]["data"] = data.iter().map(|byte| format!("{byte:02X}")).collect::<String>().into(),
    }
    shared.desk().key = virtual_key::VirtualKey::new(serde_json::from_value(state).unwrap());
    let login = Box::leak(Box::new(shared.token())).login(pin("123456")).unwrap();
    shared.take_sent();
    login
}

/// Effects among the instructions: CreateFile, DeleteFile, WriteFile.
fn written(shared: &Shared) -> Vec<u8> {
    shared.take_sent().into_iter().filter(|instruction| matches!(instruction, 0x30 | 0x32 | 0x3A)).collect()
}

#[test]
fn the_key_states_what_stands_in_the_file_and_nothing_without_it() {
    for (file, expected) in [
        (None, None),
        (Some(&b""[..]), None),
        (Some(b"\0\0"), None),
        (Some(OLD.as_bytes()), Some(OLD)),
        (Some(b"personalCert00\0\0x"), Some(OLD)),
        (Some(b"gone"), Some("gone")),
    ] {
        let shared = Shared::new(State::Valid);
        let mut login = login(&shared, file);
        assert_eq!(login.current_container().unwrap().as_deref(), expected, "{file:?}");
        assert_eq!(shared.token().current_container().unwrap().as_deref(), expected, "{file:?}: without a login");
    }
    assert_eq!(Shared::new(State::NoApplication).token().current_container(), Err(TokenError::NoApplication));
}

#[test]
fn a_file_that_can_not_be_switched_by_one_command_is_prepared_for_it_and_another_is_left_alone() {
    for (file, effects) in [
        (None, &[0x30, 0x3A][..]),
        (Some(&b""[..]), &[0x32, 0x30, 0x3A]),
        (Some(OLD.as_bytes()), &[0x32, 0x30, 0x3A]),
        (Some(b"gone"), &[0x32, 0x30, 0x3A]),
        (Some(b"personalCert00\0"), &[0x32, 0x30, 0x3A]),
        (Some(b"personalCert00\0\0"), &[]),
        (Some(&[b'x'; 64]), &[0x3A]),
    ] {
        let shared = Shared::new(State::Valid);
        let mut login = login(&shared, file);
        login.prepare_switch(OLD, NEXT).unwrap();
        assert_eq!(written(&shared), effects, "{file:?}");
        assert_eq!(login.current_container().unwrap().as_deref(), Some(OLD), "{file:?}");
        login.prepare_switch(OLD, NEXT).unwrap();
        assert!(written(&shared).is_empty(), "{file:?}: it is prepared");
        login.switch_current(NEXT).unwrap();
        assert_eq!(written(&shared), [0x3A], "{file:?}: by one command");
        assert_eq!(login.current_container().unwrap().as_deref(), Some(NEXT), "{file:?}");
        login.switch_current(NEXT).unwrap();
        assert!(written(&shared).is_empty(), "{file:?}: it is so");
    }
}

#[test]
fn a_prepared_switch_cut_at_any_command_states_the_old_or_the_new_container() {
    for fault in ["cut-before", "cut-after", "unplug-before", "unplug-after"] {
        for instruction in ["36", "38", "36#2", "3A"] {
            let shared = Shared::new(State::Valid);
            let mut login = login(&shared, None);
            login.prepare_switch(OLD, NEXT).unwrap();
            shared.set_faults(&[&format!("{fault}@ins:{instruction}")]);
            assert_eq!(login.switch_current(NEXT), Err(TokenError::Transport(TransportError::Removed)));
            drop(login);
            shared.set_faults(&[]);
            shared.desk().key.plug().push_in();
            shared.desk().key.reset();
            let expected = if instruction == "3A" && fault.ends_with("after") { NEXT } else { OLD };
            let stated = shared.token().current_container().unwrap();
            assert_eq!(stated.as_deref(), Some(expected), "{fault} {instruction}");
        }
    }
}

#[test]
fn the_file_that_names_the_container_is_none_of_the_other_files() {
    let contents = Shared::new(State::Valid).token().read().unwrap();
    assert_eq!(contents.files, [FILE]);
    let contents = KeyContents { files: vec![FILE.to_owned(), "SEAL".to_owned()], ..contents };
    assert_eq!(contents.other_files().collect::<Vec<_>>(), ["SEAL"]);
}
