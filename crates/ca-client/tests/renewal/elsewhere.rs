//! The same order at another computer, which knows nothing of the first one's journal.

use crate::person::{OLD, code, person, told};
use crate::wire::CallCut;
use crate::world::World;
use base::fault::FaultCode;
use ca_client::Renewal;
use std::sync::Arc;

/// Cut at a command or call, the order is gone on with elsewhere: with the container and key pair that are on the key.
#[test]
fn an_order_is_gone_on_with_from_what_is_on_the_key_alone() {
    let world = Arc::new(World::new());
    let commands = ["unplug-before@ins:40", "unplug-after@ins:40", "unplug-before@ins:70", "unplug-after@ins:70"];
    let later = ["unplug-after@ins:72", "unplug-after@ins:4C#1", "unplug-after@ins:4C#3"];
    for rule in commands.into_iter().chain(later) {
        let mut person = person(&world);
        let mut renewal = person.order();
        assert_eq!(person.download_until(&mut renewal, rule).code, FaultCode::RenewalKeyRemoved, "{rule}");
        drop(renewal);
        go_on_elsewhere(&mut person, rule);
    }
    for (call, cut) in [("issue", CallCut::LostBefore), ("issue", CallCut::LostAfter), ("confirm", CallCut::LostBefore)]
    {
        let mut person = person(&world);
        let mut renewal = person.order();
        person.wire.cut_next(call, cut);
        assert_eq!(code(person.download(&mut renewal)), FaultCode::CaBroken);
        drop(renewal);
        go_on_elsewhere(&mut person, call);
    }
}

fn go_on_elsewhere(person: &mut crate::person::Person, what: &str) {
    assert_eq!(person.current(), OLD, "{what}");
    person.at_another_computer();
    let identified = person.identify();
    let [handle] = identified.unfinished() else { panic!("{what}: one order") };
    let handle = handle.clone();
    let mut renewal = Renewal::adopt(&identified, "demo", &handle, &person.journal).unwrap();
    person.download(&mut renewal).unwrap();
    person.is_renewed();
}

#[test]
fn an_order_made_with_another_device_is_left_to_that_one() {
    let world = Arc::new(World::new());
    let mut person = person(&world);
    let renewal = person.order();
    let made_with = renewal.entry().binding.device_serial.clone();
    drop(renewal);
    // the same certificate in a device of another number
    let mut state = serde_json::to_value(person.key.lock().state()).unwrap();
    state["device"]["serial"] = "another".into();
    person.key = crate::desk::Key::new(serde_json::from_value(state).unwrap(), None);
    person.at_another_computer();
    let identified = person.identify();
    let handle = identified.unfinished()[0].clone();
    let fault = told(Renewal::adopt(&identified, "demo", &handle, &person.journal)).err().unwrap();
    assert_eq!(fault.code, FaultCode::OrderOtherKey);
    assert!(fault.sentences(true).todo.contains(&made_with), "{fault:?}");
    assert_eq!(person.entries(), []);
}
