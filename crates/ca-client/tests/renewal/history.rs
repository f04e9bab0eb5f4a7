//! Removing a historic container, and no other.

use crate::person::{OLD, PIN, code, person, pin, told};
use crate::wire::CallCut;
use crate::world::World;
use base::fault::FaultCode;
use ca_client::history::remove;
use std::sync::Arc;

#[test]
fn the_old_container_is_removed_when_it_is_history() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    person.download(&mut renewal).unwrap();
    drop(renewal);
    let new = person.current();
    person.key.take_sent();
    assert_eq!(code(remove(&mut person.token, pin(PIN), &new, &person.journal)), FaultCode::ContainerInUse);
    assert_eq!(code(remove(&mut person.token, pin(PIN), "none", &person.journal)), FaultCode::ContainerMissing);
    assert!(!person.key.take_sent().contains(&"VerifyPIN".to_owned()), "the PIN is not sent for what is refused");
    assert_eq!(code(remove(&mut person.token, pin("000000"), OLD, &person.journal)), FaultCode::WrongPin);
    assert_eq!(person.containers().len(), 2);
    told(remove(&mut person.token, pin(PIN), OLD, &person.journal)).unwrap();
    assert_eq!(person.containers(), std::slice::from_ref(&new));
    assert_eq!(person.current(), new);
    assert!(!person.key.signs_without_a_login(&new), "the right is given back");
}

#[test]
fn no_container_of_an_unfinished_order_is_removed() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let mut renewal = person.order();
    // confirmed, not switched yet: the new one is history's look-alike
    person.wire.cut_next("confirm", CallCut::LostAfter);
    assert_eq!(code(person.download(&mut renewal)), FaultCode::CaBroken);
    let new = person.containers()[1].clone();
    for name in [OLD, new.as_str()] {
        assert_eq!(code(remove(&mut person.token, pin(PIN), name, &person.journal)), FaultCode::ContainerInUse);
    }
    assert_eq!(person.containers().len(), 2);
    person.download(&mut renewal).unwrap();
    // also after the switch, as long as the order is open nothing else is removed
    told(remove(&mut person.token, pin(PIN), OLD, &person.journal)).unwrap();
    assert_eq!(person.current(), new);
}

#[test]
fn an_order_of_another_key_is_in_nobodys_way() {
    let world = Arc::new(World::new());
    let (mut one, mut other) = (person(&world), person(&world));
    let mut renewal = one.order();
    one.download(&mut renewal).unwrap();
    let _unfinished = other.order();
    // the other order stands in a journal of the same person, and names a container of the same name
    told(remove(&mut one.token, pin(PIN), OLD, &other.journal)).unwrap();
    assert_eq!(one.containers().len(), 1);
}
