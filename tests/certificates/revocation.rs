//! Revocation lists over http: right, wrong, hostile.

use cert_assistant::check::Lists;
use certificate::{
    Certificate, Check, Finding, Reason, Revocation, RevocationGap, Role, TrustStore, Verdict, now, read_any,
};
use net::{Fetcher, Limits, Proxy};
use std::time::Duration;
use testkit::pki::{CA_SUBJECT, LEAF, Order, Pki, REVOKED_AT_UNIX, SERIAL};
use testkit::server::{Answer, Server, dead_url};

const DAY: i64 = 86_400;
const OTHER: &str = "1A10000000000000FFFF";

struct Setup {
    pki: Pki,
    leaf: Certificate,
    store: TrustStore,
    server: Server,
}

/// A chain whose leaf names a list on the loopback.
fn setup() -> Setup {
    setup_with(|url| format!("crlDistributionPoints = URI:{url}"))
}

/// The same with other words for the distribution points, made from the address of the server.
fn setup_with(points: impl FnOnce(&str) -> String) -> Setup {
    let (pki, server) = (Pki::with_chain(), Server::start());
    let extensions = format!("{LEAF}\n{}", points(&server.url()));
    pki.issue(&Order { extensions: &extensions, ..Order::default() });
    let (leaf, store) = (pki.certificate("leaf"), pki.store(&["root", "ca"]));
    Setup { pki, leaf, store, server }
}

impl Setup {
    /// Sets the list of the CA as the answer.
    fn list(&self, revoked: &[(&str, &str)], extensions: &str) -> &Self {
        self.server.answer(Answer::Body(self.pki.crl("ca", revoked, extensions)));
        self
    }

    fn ask_at(&self, now: i64, limits: &Limits) -> Revocation {
        self.ask_by(Proxy::None, now, limits)
    }

    fn ask_by(&self, proxy: Proxy, now: i64, limits: &Limits) -> Revocation {
        let check = Check { certificate: &self.leaf, role: Role::Sign, token_key: None, store: &self.store, now };
        match check.run(&Lists(Fetcher::new(proxy, *limits))).pop() {
            Some(Finding::Revocation(revocation)) => revocation,
            other => panic!("{other:?}"),
        }
    }

    fn ask(&self) -> Revocation {
        self.ask_at(now(), &Limits::default())
    }

    fn gap(&self, answer: Answer) -> RevocationGap {
        self.server.answer(answer);
        match self.ask() {
            Revocation::Unchecked(gap) => gap,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_certificate_that_is_not_in_the_list_is_good() {
    let setup = setup();
    let found = setup.list(&[(OTHER, "keyCompromise")], "").ask();
    assert_eq!(Finding::Revocation(found.clone()).verdict(), Verdict::Ok);
    let Revocation::Good { list_made, next_due } = found else { panic!("{found:?}") };
    assert_eq!(next_due, Some(list_made + 7 * DAY));
    let text = setup.pki.openssl(&["crl", "-in", "list.pem", "-noout", "-lastupdate", "-dateopt", "iso_8601"]);
    let made = time::OffsetDateTime::from_unix_timestamp(list_made).unwrap();
    assert!(text.contains(&format!("{} {:02}:{:02}", made.date(), made.hour(), made.minute())), "{text}");

    assert!(matches!(setup.list(&[], "").ask(), Revocation::Good { .. }), "an empty list");
}

#[test]
fn a_revoked_certificate_is_found_with_date_and_reason() {
    let setup = setup();
    for (word, reason) in [
        ("keyCompromise", Reason::KeyCompromise),
        ("unspecified", Reason::Unspecified),
        ("superseded", Reason::Superseded),
        ("certificateHold", Reason::Hold),
    ] {
        let found = setup.list(&[(OTHER, "superseded"), (SERIAL, word)], "").ask();
        assert_eq!(found, Revocation::Revoked { since: REVOKED_AT_UNIX, reason }, "{word}");
        assert_eq!(Finding::Revocation(found).verdict(), Verdict::Problem);
    }
}

#[test]
fn an_entry_that_lifts_a_suspension_does_not_revoke() {
    assert!(matches!(setup().list(&[(SERIAL, "removeFromCRL")], "").ask(), Revocation::Good { .. }));
}

#[test]
fn an_outdated_list_proves_only_a_final_revocation() {
    let setup = setup();
    let later = |revoked: &[(&str, &str)]| setup.list(revoked, "").ask_at(now() + 30 * DAY, &Limits::default());
    assert!(matches!(later(&[]), Revocation::Unchecked(RevocationGap::Outdated(_))));
    assert!(matches!(later(&[(SERIAL, "certificateHold")]), Revocation::Unchecked(RevocationGap::Outdated(_))));
    assert!(matches!(later(&[(SERIAL, "keyCompromise")]), Revocation::Revoked { .. }));
}

#[test]
fn a_list_from_the_future_does_not_count() {
    let found = setup().list(&[], "").ask_at(now() - 3600, &Limits::default());
    assert_eq!(found, Revocation::Unchecked(RevocationGap::NotYetValid));
}

#[test]
fn a_list_that_the_issuer_did_not_sign_does_not_count() {
    let setup = setup();
    assert_eq!(setup.gap(Answer::Body(setup.pki.crl("root", &[], ""))), RevocationGap::WrongIssuer);
    let mut list = setup.pki.crl("ca", &[(SERIAL, "superseded")], "");
    // another serial number in the only entry
    let serial = [0x1A, 0x10, 0, 0, 0, 0, 0, 0, 0, 1];
    let at = list.windows(10).position(|w| w == serial).unwrap();
    list[at + 9] = 2;
    assert_eq!(setup.gap(Answer::Body(list)), RevocationGap::SignatureWrong);
}

#[test]
fn an_issuer_that_may_not_sign_lists_is_refused() {
    let mut setup = setup();
    let extensions =
        "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\nsubjectKeyIdentifier = hash";
    setup.pki.issue(&Order { name: "ca", issuer: "root", subject: CA_SUBJECT, extensions, ..Order::default() });
    setup.store = setup.pki.store(&["root", "ca"]);
    assert_eq!(setup.list(&[], "").ask(), Revocation::Unchecked(RevocationGap::WrongIssuer));
}

#[test]
fn a_list_for_other_certificates_does_not_count() {
    let setup = setup();
    for extension in [
        "issuingDistributionPoint = critical, @part\n[part]\nfullname = URI:http://127.0.0.1/other.crl",
        "issuingDistributionPoint = critical, @part\n[part]\nonlyCA = TRUE",
        "issuingDistributionPoint = critical, @part\n[part]\nonlysomereasons = keyCompromise",
        "issuingDistributionPoint = critical, @part\n[part]\nindirectCRL = TRUE",
        "2.5.29.27 = critical, ASN1:INTEGER:1",
    ] {
        let found = setup.list(&[], extension).ask();
        assert_eq!(found, Revocation::Unchecked(RevocationGap::OtherScope), "{extension}");
    }
    let found = setup.list(&[], "1.2.3.4 = critical, ASN1:NULL").ask();
    assert_eq!(found, Revocation::Unchecked(RevocationGap::UnknownRule("1.2.3.4".to_owned())));
}

#[test]
fn a_part_that_the_certificate_names_counts() {
    let setup = setup_with(|url| {
        format!("crlDistributionPoints = p\n[p]\nfullname = URI:{url}, dirName:d\n[d]\nCN = ca21crl1")
    });
    let part = "issuingDistributionPoint = critical, @part\nauthorityKeyIdentifier = keyid:always\n\
                [part]\nfullname = dirName:d\nonlyuser = TRUE\n[d]\nCN = ca21crl1";
    let found = setup.list(&[], part).ask();
    assert!(matches!(found, Revocation::Good { .. }), "{found:?}");
}

#[test]
fn what_is_no_list_does_not_count() {
    let setup = setup();
    let followed = [setup.pki.crl("ca", &[], ""), vec![0]].concat();
    for body in [b"<html>".to_vec(), Vec::new(), setup.pki.der("leaf"), followed] {
        assert_eq!(setup.gap(Answer::Body(body)), RevocationGap::Malformed);
    }
    assert_eq!(setup.gap(Answer::Status(404)), RevocationGap::Status(404));
    assert_eq!(setup.gap(Answer::CutShort), RevocationGap::Unreachable);
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
fn a_list_beyond_the_size_limit_is_given_up_even_without_end() {
    let setup = setup();
    setup.server.answer(Answer::Endless);
    let limits = Limits { bytes: 100_000, time: Duration::from_secs(60), ..Limits::default() };
    assert_eq!(setup.ask_at(now(), &limits), Revocation::Unchecked(RevocationGap::TooLarge));

    let list = setup.pki.crl("ca", &[], "");
    let limits = |bytes| Limits { bytes, ..Limits::default() };
    setup.server.answer(Answer::Body(list.clone()));
    assert!(matches!(setup.ask_at(now(), &limits(list.len())), Revocation::Good { .. }));
    assert_eq!(setup.ask_at(now(), &limits(list.len() - 1)), Revocation::Unchecked(RevocationGap::TooLarge));
}

#[test]
fn a_trickling_list_is_given_up_at_the_time_limit() {
    let setup = setup();
    setup.server.answer(Answer::Trickle);
    let limits = Limits { time: Duration::from_millis(300), ..Limits::default() };
    assert_eq!(setup.ask_at(now(), &limits), Revocation::Unchecked(RevocationGap::TimedOut));
}

#[test]
fn redirects_are_followed_three_times_and_only_to_http() {
    let setup = setup();
    let list = setup.pki.crl("ca", &[], "");
    setup.server.answer(Answer::RedirectTimes(3, list.clone()));
    assert!(matches!(setup.ask(), Revocation::Good { .. }));
    assert_eq!(setup.gap(Answer::RedirectTimes(4, list)), RevocationGap::RedirectRefused);
    for target in ["file:///etc/hostname", "https://127.0.0.1/", "ftp://127.0.0.1/"] {
        assert_eq!(setup.gap(Answer::Redirect(target.to_owned())), RevocationGap::RedirectRefused, "{target}");
    }
}

#[test]
fn a_server_that_is_not_there_is_said_so() {
    let setup = setup_with(|_| format!("crlDistributionPoints = URI:{}", dead_url()));
    assert_eq!(setup.ask(), Revocation::Unchecked(RevocationGap::Unreachable));
}

#[test]
fn nobody_is_asked_for_a_certificate_whose_issuer_is_not_proven() {
    let mut setup = setup();
    setup.store = setup.pki.store(&["ca"]);
    assert_eq!(setup.list(&[], "").ask(), Revocation::Unchecked(RevocationGap::IssuerNotProven));
    assert_eq!(setup.server.requests(), 0);
}

#[test]
fn addresses_other_than_http_are_not_asked() {
    let mut setup = setup_with(|_| String::new());
    assert_eq!(setup.ask(), Revocation::Unchecked(RevocationGap::NoAddress));
    for (uri, scheme) in [("ldap://x.cn/y", "ldap"), ("https://x.cn/y", "https"), ("file:///etc/passwd", "file")] {
        let extensions = format!("{LEAF}\ncrlDistributionPoints = URI:{uri}");
        setup.pki.issue(&Order { extensions: &extensions, ..Order::default() });
        setup.leaf = setup.pki.certificate("leaf");
        assert_eq!(setup.ask(), Revocation::Unchecked(RevocationGap::OtherScheme(scheme.to_owned())));
    }
}

#[test]
fn the_second_address_answers_when_the_first_is_dead() {
    let setup = setup_with(|url| format!("crlDistributionPoints = URI:ldap://x/y, URI:{}, URI:{url}", dead_url()));
    let found = setup.list(&[(SERIAL, "superseded")], "").ask();
    assert!(matches!(found, Revocation::Revoked { reason: Reason::Superseded, .. }), "{found:?}");
}

/// A chain whose leaf names a list on a computer that has no address, and a proxy that has the list.
fn behind_a_proxy() -> Setup {
    let setup = setup_with(|_| "crlDistributionPoints = URI:http://lists.invalid/list.crl".to_owned());
    setup.list(&[(SERIAL, "keyCompromise")], "");
    setup
}

#[test]
fn the_proxy_the_person_chose_leads_to_the_list() {
    let setup = behind_a_proxy();
    let proxy = Proxy::Given(setup.server.url().replace("/list.crl", ""));
    assert!(matches!(setup.ask_by(proxy, now(), &Limits::default()), Revocation::Revoked { .. }));
    assert_eq!(setup.server.requests(), 1);
    // without it there is no way
    assert_eq!(setup.ask(), Revocation::Unchecked(RevocationGap::Unreachable));
    assert_eq!(setup.server.requests(), 1);
}

/// The system's proxy is read from the environment, so this test runs itself again with one.
#[test]
fn no_proxy_means_none_although_the_system_has_one() {
    const CHILD: &str = "CERT_ASSISTANT_TEST_LISTS_BY";
    if let Ok(way) = std::env::var(CHILD) {
        let setup = setup_with(|_| "crlDistributionPoints = URI:http://lists.invalid/list.crl".to_owned());
        let proxy = if way == "system" { Proxy::System } else { Proxy::None };
        // what the proxy of this test answers is no list
        let expected = if way == "system" { RevocationGap::Malformed } else { RevocationGap::Unreachable };
        let found = setup.ask_by(proxy, now(), &Limits::default());
        assert_eq!(found, Revocation::Unchecked(expected), "{way}");
        return;
    }
    let proxy = Server::start();
    proxy.answer(Answer::Body(b"not a list".to_vec()));
    for (way, asked) in [("none", 0), ("system", 1)] {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "revocation::no_proxy_means_none_although_the_system_has_one"])
            .env(CHILD, way)
            .env("http_proxy", proxy.url().replace("/list.crl", ""))
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .status()
            .unwrap();
        assert!(status.success(), "{way}");
        assert_eq!(proxy.requests(), asked, "{way}");
    }
}
