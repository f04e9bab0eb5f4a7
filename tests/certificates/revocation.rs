//! Revocation lists over http: right, wrong, hostile.

use crate::pki::{LEAF, Order, Pki, REVOKED_AT_UNIX, SERIAL};
use crate::server::{Answer, Server};
use cert_assistant::cert::{
    Certificate, Check, Finding, Limits, Reason, Revocation, RevocationGap, Role, TrustStore, Verdict, now, read_any,
};
use std::time::Duration;

const DAY: i64 = 86_400;
const OTHER: &str = "1A10000000000000FFFF";

struct Setup {
    pki: Pki,
    leaf: Certificate,
    store: TrustStore,
    server: Server,
}

/// A leaf that names a list on the loopback; `answer` makes the server's answer from the certificates.
fn setup(answer: impl FnOnce(&Pki) -> Answer) -> Setup {
    let pki = Pki::with_chain();
    let (server, listener) = Server::bind();
    let extensions = format!("{LEAF}\ncrlDistributionPoints = URI:{}", server.url());
    pki.issue(&Order { extensions: &extensions, ..Order::default() });
    let (leaf, store) = (pki.certificate("leaf"), pki.store(&["root", "ca"]));
    server.serve(listener, answer(&pki));
    Setup { pki, leaf, store, server }
}

impl Setup {
    fn ask_at(&self, now: i64, limits: &Limits) -> Revocation {
        let check = Check { certificate: &self.leaf, role: Role::Sign, token_key: None, store: &self.store, now };
        match check.run(limits).pop() {
            Some(Finding::Revocation(revocation)) => revocation,
            other => panic!("{other:?}"),
        }
    }

    fn ask(&self) -> Revocation {
        self.ask_at(now(), &Limits::default())
    }
}

fn gap(answer: impl FnOnce(&Pki) -> Answer) -> RevocationGap {
    match setup(answer).ask() {
        Revocation::Unchecked(gap) => gap,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_certificate_that_is_not_in_the_list_is_good() {
    let setup = setup(|pki| Answer::Body(pki.crl("ca", &[(OTHER, "keyCompromise")], "")));
    let Revocation::Good { list_made, next_due } = setup.ask() else { panic!("{:?}", setup.ask()) };
    assert_eq!(next_due, Some(list_made + 7 * DAY));
    let text = setup.pki.openssl(&["crl", "-in", "list.pem", "-noout", "-lastupdate", "-dateopt", "iso_8601"]);
    let made = time::OffsetDateTime::from_unix_timestamp(list_made).unwrap();
    assert!(text.contains(&format!("{} {:02}:{:02}", made.date(), made.hour(), made.minute())), "{text}");
    assert_eq!(Finding::Revocation(setup.ask()).verdict(), Verdict::Ok);
}

#[test]
fn an_empty_list_is_good_too() {
    let setup = setup(|pki| Answer::Body(pki.crl("ca", &[], "")));
    assert!(matches!(setup.ask(), Revocation::Good { .. }));
}

#[test]
fn a_revoked_certificate_is_found_with_date_and_reason() {
    for (word, reason) in [
        ("keyCompromise", Reason::KeyCompromise),
        ("unspecified", Reason::Unspecified),
        ("superseded", Reason::Superseded),
        ("certificateHold", Reason::Hold),
    ] {
        let setup = setup(|pki| Answer::Body(pki.crl("ca", &[(OTHER, "superseded"), (SERIAL, word)], "")));
        let found = setup.ask();
        assert_eq!(found, Revocation::Revoked { since: REVOKED_AT_UNIX, reason }, "{word}");
        assert_eq!(Finding::Revocation(found).verdict(), Verdict::Problem);
    }
}

#[test]
fn an_entry_that_lifts_a_suspension_does_not_revoke() {
    let setup = setup(|pki| Answer::Body(pki.crl("ca", &[(SERIAL, "removeFromCRL")], "")));
    assert!(matches!(setup.ask(), Revocation::Good { .. }));
}

#[test]
fn an_outdated_list_proves_only_a_final_revocation() {
    let later = now() + 30 * DAY;
    let at = |revoked: &[(&str, &str)]| {
        setup(|pki| Answer::Body(pki.crl("ca", revoked, ""))).ask_at(later, &Limits::default())
    };
    assert!(matches!(at(&[]), Revocation::Unchecked(RevocationGap::Outdated(_))));
    assert!(matches!(at(&[(SERIAL, "certificateHold")]), Revocation::Unchecked(RevocationGap::Outdated(_))));
    assert!(matches!(at(&[(SERIAL, "keyCompromise")]), Revocation::Revoked { .. }));
}

#[test]
fn a_list_from_the_future_does_not_count() {
    let setup = setup(|pki| Answer::Body(pki.crl("ca", &[], "")));
    let found = setup.ask_at(now() - 3600, &Limits::default());
    assert_eq!(found, Revocation::Unchecked(RevocationGap::NotYetValid));
}

#[test]
fn a_list_that_the_issuer_did_not_sign_does_not_count() {
    assert_eq!(gap(|pki| Answer::Body(pki.crl("root", &[], ""))), RevocationGap::WrongIssuer);
    let changed = gap(|pki| {
        let mut list = pki.crl("ca", &[(SERIAL, "superseded")], "");
        // another serial number in the only entry
        let serial = [0x1A, 0x10, 0, 0, 0, 0, 0, 0, 0, 1];
        let at = list.windows(10).position(|w| w == serial).unwrap();
        list[at + 9] = 2;
        Answer::Body(list)
    });
    assert_eq!(changed, RevocationGap::SignatureWrong);
}

#[test]
fn an_issuer_that_may_not_sign_lists_is_refused() {
    let pki = Pki::with_chain();
    let (server, listener) = Server::bind();
    let ca = "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\nsubjectKeyIdentifier = hash";
    let subject = crate::pki::CA_SUBJECT;
    pki.issue(&Order { name: "ca", issuer: "root", subject, extensions: ca, ..Order::default() });
    let extensions = format!("{LEAF}\ncrlDistributionPoints = URI:{}", server.url());
    pki.issue(&Order { extensions: &extensions, ..Order::default() });
    server.serve(listener, Answer::Body(pki.crl("ca", &[], "")));
    let (leaf, store) = (pki.certificate("leaf"), pki.store(&["root", "ca"]));
    assert_eq!(Setup { pki, leaf, store, server }.ask(), Revocation::Unchecked(RevocationGap::WrongIssuer));
}

#[test]
fn a_list_for_other_certificates_does_not_count() {
    for extension in [
        "issuingDistributionPoint = critical, @part\n[part]\nfullname = URI:http://127.0.0.1/other.crl",
        "issuingDistributionPoint = critical, @part\n[part]\nonlyCA = TRUE",
        "issuingDistributionPoint = critical, @part\n[part]\nonlysomereasons = keyCompromise",
        "issuingDistributionPoint = critical, @part\n[part]\nindirectCRL = TRUE",
        "2.5.29.27 = critical, ASN1:INTEGER:1",
    ] {
        assert_eq!(gap(|pki| Answer::Body(pki.crl("ca", &[], extension))), RevocationGap::OtherScope, "{extension}");
    }
    let unknown = gap(|pki| Answer::Body(pki.crl("ca", &[], "1.2.3.4 = critical, ASN1:NULL")));
    assert_eq!(unknown, RevocationGap::UnknownRule("1.2.3.4".to_owned()));
}

#[test]
fn a_part_that_the_certificate_names_counts() {
    let pki = Pki::with_chain();
    let (server, listener) = Server::bind();
    let point =
        format!("crlDistributionPoints = p\n[p]\nfullname = URI:{}, dirName:d\n[d]\nCN = ca21crl1", server.url());
    pki.issue(&Order { extensions: &format!("{LEAF}\n{point}"), ..Order::default() });
    let part = "issuingDistributionPoint = critical, @part\nauthorityKeyIdentifier = keyid:always\n\
                [part]\nfullname = dirName:d\nonlyuser = TRUE\n[d]\nCN = ca21crl1";
    server.serve(listener, Answer::Body(pki.crl("ca", &[], part)));
    let (leaf, store) = (pki.certificate("leaf"), pki.store(&["root", "ca"]));
    let found = Setup { pki, leaf, store, server }.ask();
    assert!(matches!(found, Revocation::Good { .. }), "{found:?}");
}

#[test]
fn what_is_no_list_does_not_count() {
    assert_eq!(gap(|_| Answer::Body(b"<html>".to_vec())), RevocationGap::Malformed);
    assert_eq!(gap(|_| Answer::Body(Vec::new())), RevocationGap::Malformed);
    assert_eq!(gap(|pki| Answer::Body(pki.der("leaf"))), RevocationGap::Malformed);
    assert_eq!(gap(|pki| Answer::Body([pki.crl("ca", &[], ""), vec![0]].concat())), RevocationGap::Malformed);
    assert_eq!(gap(|_| Answer::Status(404)), RevocationGap::Status(404));
    assert_eq!(gap(|_| Answer::CutShort), RevocationGap::Unreachable);
}

#[test]
fn no_cut_and_no_changed_bit_of_a_list_brings_the_reader_down() {
    let pki = Pki::with_chain();
    let part = "issuingDistributionPoint = critical, @part\n[part]\nfullname = URI:http://x/y\nonlyuser = TRUE";
    let list = pki.crl("ca", &[(OTHER, "superseded"), ("01", "keyCompromise")], part);
    for length in 0..list.len() {
        read_any(&list[..length]);
    }
    for position in 0..list.len() {
        let mut changed = list.clone();
        for value in [0xFF, list[position] ^ 1, list[position] ^ 0x20] {
            changed[position] = value;
            read_any(&changed);
        }
    }
}

#[test]
fn a_list_without_end_is_given_up_at_the_size_limit() {
    let limits = Limits { bytes: 100_000, time: Duration::from_secs(60), ..Limits::default() };
    let found = setup(|_| Answer::Endless).ask_at(now(), &limits);
    assert_eq!(found, Revocation::Unchecked(RevocationGap::TooLarge));
}

#[test]
fn a_trickling_list_is_given_up_at_the_time_limit() {
    let limits = Limits { time: Duration::from_millis(300), ..Limits::default() };
    let found = setup(|_| Answer::Trickle).ask_at(now(), &limits);
    assert_eq!(found, Revocation::Unchecked(RevocationGap::TimedOut));
}

#[test]
fn redirects_are_followed_three_times_and_only_to_http() {
    let times = |count| setup(|pki| Answer::RedirectTimes(count, pki.crl("ca", &[], ""))).ask();
    assert!(matches!(times(3), Revocation::Good { .. }));
    assert_eq!(times(4), Revocation::Unchecked(RevocationGap::RedirectRefused));
    for target in ["file:///etc/hostname", "https://127.0.0.1/", "ftp://127.0.0.1/"] {
        let found = gap(|_| Answer::Redirect(target.to_owned()));
        assert_eq!(found, RevocationGap::RedirectRefused, "{target}");
    }
}

#[test]
fn a_server_that_is_not_there_is_said_so() {
    let (server, listener) = Server::bind();
    drop(listener);
    let pki = Pki::with_chain();
    let extensions = format!("{LEAF}\ncrlDistributionPoints = URI:{}", server.url());
    pki.issue(&Order { extensions: &extensions, ..Order::default() });
    let (leaf, store) = (pki.certificate("leaf"), pki.store(&["root", "ca"]));
    let setup = Setup { pki, leaf, store, server };
    assert_eq!(setup.ask(), Revocation::Unchecked(RevocationGap::Unreachable));
}

#[test]
fn nobody_is_asked_for_a_certificate_whose_issuer_is_not_proven() {
    let mut setup = setup(|pki| Answer::Body(pki.crl("ca", &[], "")));
    setup.store = setup.pki.store(&["ca"]);
    assert_eq!(setup.ask(), Revocation::Unchecked(RevocationGap::IssuerNotProven));
    assert_eq!(setup.server.requests(), 0);
}

#[test]
fn addresses_other_than_http_are_not_asked() {
    let ask = |extensions: &str| {
        let pki = Pki::with_chain();
        pki.issue(&Order { extensions: &format!("{LEAF}\n{extensions}"), ..Order::default() });
        let (leaf, store) = (pki.certificate("leaf"), pki.store(&["root", "ca"]));
        Setup { pki, leaf, store, server: Server::bind().0 }.ask()
    };
    let scheme = |scheme: &str| Revocation::Unchecked(RevocationGap::OtherScheme(scheme.to_owned()));
    assert_eq!(ask(""), Revocation::Unchecked(RevocationGap::NoAddress));
    assert_eq!(ask("crlDistributionPoints = URI:ldap://ldap.example.cn/x"), scheme("ldap"));
    assert_eq!(ask("crlDistributionPoints = URI:https://example.cn/x"), scheme("https"));
    assert_eq!(ask("crlDistributionPoints = URI:file:///etc/passwd"), scheme("file"));
}

#[test]
fn the_second_address_answers_when_the_first_is_dead() {
    let pki = Pki::with_chain();
    let (dead, _) = Server::bind();
    let (server, listener) = Server::bind();
    let extensions =
        format!("{LEAF}\ncrlDistributionPoints = URI:ldap://x/y, URI:{}, URI:{}", dead.url(), server.url());
    pki.issue(&Order { extensions: &extensions, ..Order::default() });
    server.serve(listener, Answer::Body(pki.crl("ca", &[(SERIAL, "superseded")], "")));
    let (leaf, store) = (pki.certificate("leaf"), pki.store(&["root", "ca"]));
    let found = Setup { pki, leaf, store, server }.ask();
    assert!(matches!(found, Revocation::Revoked { reason: Reason::Superseded, .. }), "{found:?}");
}
