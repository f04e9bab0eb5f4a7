//! Files of profiles, good and wrong, and what stands over what.

use super::{Connection, Origin, Profiles, SystemProfiles, parse};
use base::fault::FaultCode;
use certificate::Certificate;
use net::ServiceUrl;
use net::UrlRefused;
use std::path::Path;

fn load(text: &str) -> (Profiles, Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca-profiles.toml");
    std::fs::write(&path, text).unwrap();
    let (profiles, fault) = Profiles::load(Some(&path));
    (profiles, fault.map(|fault| fault.detail))
}

const OWN: &str = r#"
    [[ca]]
    id = "own"
    name = { zh = "某某", en = "Own" }
    issuers = ["Demo SM2 Operation CA"]
    hot_line = "010-00000000"
    order_api = "https://ca.example/base/"
"#;

#[test]
fn the_programs_own_table_is_without_fault_and_https_only() {
    let mut wrong = Vec::new();
    let own = parse(include_str!("../../../../assets/ca-profiles.toml"), None, Origin::Program, &mut wrong);
    assert_eq!(wrong, [""; 0]);
    assert!(own.len() >= 2);
    for profile in own {
        let Connection::Portal(pages) = profile.connection else { panic!("no public service is known") };
        for (_, page) in pages.named() {
            assert!(page.starts_with("https://"), "{page}");
        }
    }
}

#[test]
fn a_missing_file_is_no_fault_and_the_own_table_holds() {
    let (profiles, fault) = Profiles::load(Some(Path::new("/nowhere/ca-profiles.toml")));
    assert_eq!(fault, None);
    assert_eq!(profiles.get("bjca").unwrap().hot_line, "400-700-1900");
    assert_eq!(Profiles::load(None).0.all(), profiles.all());
}

#[test]
fn the_persons_entry_replaces_the_one_with_its_id_and_is_asked_first() {
    let (profiles, wrong) = load(&OWN.replace("own\"", "bjca\""));
    assert_eq!(wrong, None);
    let bjca: Vec<_> = profiles.all().iter().filter(|profile| profile.id == "bjca").collect();
    assert_eq!(bjca.len(), 1);
    let Connection::OrderApi(url) = &bjca[0].connection else { panic!() };
    assert_eq!(url.as_str(), "https://ca.example/base");
}

#[test]
fn a_profile_is_found_by_the_issuer_of_a_certificate() {
    use virtual_key::{Spec, TestCa, personalise::personalise};
    let state = personalise(&Spec::new("某某", "1"), &TestCa::create().unwrap()).unwrap();
    let der = state.applications[0].containers[0].sign.certificate.clone().unwrap();
    let certificate = Certificate::parse(&der).unwrap();
    let found = |issuers: &str| {
        let (profiles, _) = load(&OWN.replace("[\"Demo SM2 Operation CA\"]", issuers));
        profiles.of(&certificate).map(|profile| profile.id.clone())
    };
    assert_eq!(found("[\"demo sm2 operation ca\"]").as_deref(), Some("own"));
    assert_eq!(found("[\"x\", \"Demo Trust Centre\"]").as_deref(), Some("own"), "by organisation");
    assert_eq!(found("[\"Demo\"]"), None, "not by a part of the name");
    assert_eq!(found("[]"), None);
}

#[test]
fn an_issuer_without_common_name_and_organisation_is_found_by_its_short_name() {
    let make =
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:SM2 -noenc -keyout /dev/null -outform DER -subj /C=CN/OU=Unit";
    let output = std::process::Command::new("openssl").args(make.split(' ')).output().unwrap();
    let certificate = Certificate::parse(&output.stdout).unwrap();
    let (profiles, _) = load(&OWN.replace("Demo SM2 Operation CA", "unit"));
    assert_eq!(profiles.of(&certificate).map(|profile| profile.id.as_str()), Some("own"));
}

#[test]
fn a_profile_is_found_by_what_its_service_says_of_itself_once_that_was_taken_in() {
    use virtual_key::{Spec, TestCa, personalise::personalise};
    let [ca, other] = [TestCa::create().unwrap(), TestCa::create().unwrap()];
    let certificate = |ca: &TestCa| {
        let state = personalise(&Spec::new("某某", "1"), ca).unwrap();
        Certificate::parse(&state.applications[0].containers[0].sign.certificate.clone().unwrap()).unwrap()
    };
    let chain = |ca: &TestCa| [ca.operation().to_vec(), ca.root().to_vec()];
    // the names in the file are those of an issuing certificate that is not in use any more
    let (profiles, _) = load(&OWN.replace("Demo SM2 Operation CA", "Demo SM2 Operation CA 1"));
    let copy = profiles.clone();
    let (ours, theirs) = (certificate(&ca), certificate(&other));
    assert_eq!(profiles.of(&ours), None);
    assert!(!profiles.take_in("own", &chain(&other), &ours), "of another CA with the same names");
    assert!(!profiles.take_in("own", &[ca.operation().to_vec()], &ours), "no root");
    assert!(!profiles.take_in("own", &[], &ours));
    assert_eq!(profiles.of(&ours), None);
    assert!(profiles.take_in("own", &chain(&ca), &ours));
    assert_eq!(copy.of(&ours).map(|profile| profile.id.as_str()), Some("own"));
    assert_eq!(copy.of(&theirs), None);
}

#[test]
fn an_address_is_https_or_leads_to_this_computer() {
    let parse = |text| ServiceUrl::parse(text).map(|url| url.as_str().to_owned());
    assert_eq!(parse("https://ca.example").as_deref(), Ok("https://ca.example"));
    for own in ["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080/x", "http://127.9.9.9"] {
        assert_eq!(parse(own).as_deref(), Ok(own));
        assert!(ServiceUrl::parse(own).unwrap().is_loopback());
    }
    assert!(!ServiceUrl::parse("https://ca.example").unwrap().is_loopback());
    for insecure in [
        "http://ca.example",
        "http://127.0.0.1.example",
        "http://localhost.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "ftp://127.0.0.1",
    ] {
        assert_eq!(parse(insecure), Err(UrlRefused::NotSecure), "{insecure}");
    }
    for extra in ["https://me:pin@ca.example", "https://me@ca.example", "https://ca.example?a", "https://ca.example#a"]
    {
        assert_eq!(parse(extra), Err(UrlRefused::Extra), "{extra}");
    }
    for malformed in ["", "ca.example", "https://", "data:text/plain,x", "//ca.example"] {
        assert_eq!(parse(malformed), Err(UrlRefused::Malformed), "{malformed}");
    }
}

#[test]
fn a_wrong_entry_is_left_out_with_its_reason_and_the_others_hold() {
    let wrong = |change: &str, to: &str| {
        let good = OWN.replace("\"own\"", "\"good\"");
        let (profiles, wrong) = load(&format!("{good}{}", OWN.replace(change, to)));
        assert!(profiles.get("good").is_some(), "{to}");
        assert!(profiles.get("own").is_none() && profiles.get("bjca").is_some(), "{to}");
        wrong.unwrap()
    };
    let http = wrong("https://", "http://");
    assert!(http.contains("own") && http.contains("http://ca.example/base/") && http.contains("only https"), "{http}");
    assert!(wrong("order_api", "order_apis").contains("order_apis"), "an unknown word is not passed over");
    assert!(wrong("order_api", "#").contains("either order_api or portal"));
    assert!(wrong("010-00000000", " ").contains("hot_line"));
    assert!(wrong("order_api", "pin = { min = 8, max = 6 }\norder_api").contains("pin"));
    assert!(wrong("order_api", "roots = [\"nowhere.pem\"]\norder_api").contains("nowhere.pem"));
    assert!(wrong("order_api", "roots = [\"-----BEGIN RUBBISH\"]\norder_api").contains("roots"));
    assert!(wrong("\"own\"", "\"good\"").contains("twice"));
    let pages = "portal = { renew = \"http://ca.example\" }\n#";
    assert!(wrong("order_api", pages).contains("renew: http://ca.example"));
}

#[test]
fn a_feed_of_updates_has_a_secure_address_and_a_key_on_the_curve() {
    let key = gm::PrivateKey::generate().unwrap().public();
    let hex: String = key.uncompressed().iter().map(|byte| format!("{byte:02X}")).collect();
    let with = |address: &str, key: &str| {
        let update = format!("update = {{ address = \"{address}\", key = \"{key}\" }}\norder_api");
        load(&OWN.replace("order_api", &update))
    };
    let (profiles, wrong) = with("https://update.example/feed.json", &hex);
    assert_eq!(wrong, None);
    let (address, read) = profiles.get("own").unwrap().update.clone().unwrap();
    assert_eq!((address.as_str(), read), ("https://update.example/feed.json", key));
    for (address, key, reason) in [
        ("http://update.example/feed.json", hex.as_str(), "only https"),
        ("https://update.example/feed.json", &hex[..128], "update: key"),
        ("https://update.example/feed.json", &format!("{}00", &hex[..128]), "update: key"),
    ] {
        let (profiles, wrong) = with(address, key);
        assert!(profiles.get("own").is_none());
        assert!(wrong.unwrap().contains(reason), "{address} {key}");
    }
}

#[test]
fn a_file_that_does_not_read_is_told_and_changes_nothing() {
    for text in ["ca = 5", "[[ca", "\u{0}"] {
        let (profiles, wrong) = load(text);
        assert_eq!(profiles.all(), Profiles::load(None).0.all());
        assert!(!wrong.unwrap().is_empty());
    }
    let folder = tempfile::tempdir().unwrap();
    let fault = Profiles::load(Some(folder.path())).1.unwrap();
    assert_eq!(fault.code, FaultCode::ProfilesNotUsable, "a folder is no file");
}

#[test]
fn private_roots_lie_beside_the_file_or_in_it() {
    use gm::issue::certificate_to_pem;
    let ca = virtual_key::TestCa::create().unwrap();
    let pem = certificate_to_pem(ca.root()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("root.pem"), &pem).unwrap();
    let path = folder.path().join("profiles.toml");
    let roots = format!("roots = [\"root.pem\", '''{pem}''']\norder_api");
    std::fs::write(&path, OWN.replace("order_api", &roots)).unwrap();
    let (profiles, fault) = Profiles::load(Some(&path));
    assert_eq!(fault, None);
    assert_eq!(profiles.get("own").unwrap().roots, [ca.root(), ca.root()]);
}

fn layered(person: &str, system: &str) -> (Profiles, Option<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca-profiles.toml");
    std::fs::write(&path, person).unwrap();
    let (system, wrong) = SystemProfiles::parse(system, folder.path());
    let (profiles, fault) = Profiles::with(Some(&path), &system);
    (profiles, fault.map(|fault| fault.detail), wrong)
}

fn entry(id: &str, host: &str, more: &str) -> String {
    OWN.replace("\"own\"", &format!("\"{id}\"")).replace("ca.example/base/", host) + more
}

fn address(profiles: &Profiles, id: &str) -> String {
    let Connection::OrderApi(url) = &profiles.get(id).unwrap().connection else { return "pages".to_owned() };
    url.as_str().to_owned()
}

#[test]
fn the_persons_entry_stands_over_the_administrators_and_that_over_the_programs() {
    let system = entry("bjca", "system.example", "") + &entry("office", "office.example", "");
    let (profiles, fault, wrong) = layered("", &system);
    assert_eq!((fault, wrong), (None, Vec::new()));
    assert_eq!(address(&profiles, "bjca"), "https://system.example");
    assert_eq!(profiles.get("bjca").unwrap().origin, Origin::Administrator { locked: false });
    assert_eq!(profiles.get("spp").unwrap().origin, Origin::Program);
    let (profiles, fault, _) = layered(&entry("bjca", "person.example", ""), &system);
    assert_eq!((address(&profiles, "bjca").as_str(), fault), ("https://person.example", None));
    let ids: Vec<_> = profiles.all().iter().take(2).map(|profile| profile.id.as_str()).collect();
    assert_eq!(ids, ["bjca", "office"], "asked first");
    assert_eq!(profiles.get("bjca").unwrap().origin, Origin::Person);
}

#[test]
fn a_locked_entry_is_asked_first_and_no_entry_of_the_person_takes_its_place() {
    let system = entry("office", "office.example", "locked = true");
    let person = entry("office", "person.example", "") + &entry("other", "other.example", "");
    let (profiles, fault, wrong) = layered(&person, &system);
    assert_eq!(wrong, [""; 0]);
    assert_eq!(address(&profiles, "office"), "https://office.example");
    assert!(fault.unwrap().contains("office: locked"));
    // the other one names the same issuer
    assert_eq!(profiles.all()[0].id, "office");
    assert_eq!(address(&profiles, "other"), "https://other.example");
    let (profiles, fault, _) = layered(&entry("mine", "mine.example", "locked = true"), "");
    assert!(profiles.get("mine").is_none(), "nobody else locks");
    assert!(fault.unwrap().contains("administrator"));
    let (profiles, _, wrong) = layered("", &system.replace("https", "http"));
    assert!(profiles.get("office").is_none() && wrong[0].contains("office"), "{wrong:?}");
}
