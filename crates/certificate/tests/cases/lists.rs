//! What a revocation list says of a certificate, and when it says nothing.

use super::{NOW, certificate, input, inputs, store};
use certificate::{Certificate, Check, ListSource, Reason, Revocation, RevocationGap, Role, TrustStore};

/// One list for every address.
struct List(Vec<u8>);

impl ListSource for List {
    fn accepts(&self, uri: &str) -> Result<(), RevocationGap> {
        match uri.split_once(':') {
            Some(("http", _)) => Ok(()),
            scheme => Err(RevocationGap::OtherScheme(scheme.map(|(scheme, _)| scheme).unwrap_or_default().to_owned())),
        }
    }

    fn fetch(&self, _: &str) -> Result<Vec<u8>, RevocationGap> {
        Ok(self.0.clone())
    }
}

fn asked(certificate: &Certificate, store: &TrustStore, list: &str) -> Revocation {
    let check = Check { certificate, role: Role::Sign, token_key: None, store, now: NOW };
    match check.revocation(&List(input(list))) {
        certificate::Finding::Revocation(found) => found,
        other => panic!("{other:?}"),
    }
}

/// What a list says of `dp-ok.cer`.
fn of(list: &str) -> Revocation {
    asked(&certificate("dp-ok.cer"), &store("roots-named"), list)
}

#[test]
fn a_list_that_does_not_cover_the_certificate_never_says_not_revoked() {
    let rule = RevocationGap::UnknownRule("2.5.29.28".to_owned());
    for (list, gap) in [
        ("idp2-rel-onlyca.crl", RevocationGap::OtherScope),
        ("idp2-rel-reasons.crl", RevocationGap::OtherScope),
        ("crl-idp-rel.crl", RevocationGap::OtherScope),
        ("idp2-unknownfield.crl", rule),
        ("idp2-onlyca-bool01.crl", RevocationGap::OtherScope),
        ("idp2-indirect-bool01.crl", RevocationGap::OtherScope),
        ("idp2-onlyca.crl", RevocationGap::OtherScope),
        ("idp2-otheruri.crl", RevocationGap::OtherScope),
        ("idp2-otherdir.crl", RevocationGap::OtherScope),
        ("idp2-attr.crl", RevocationGap::OtherScope),
        ("idp2-noncrit-onlyca.crl", RevocationGap::OtherScope),
        ("crl-delta.crl", RevocationGap::OtherScope),
    ] {
        assert_eq!(of(list), Revocation::Unchecked(gap), "{list}");
    }
}

#[test]
fn only_lists_that_limit_nothing_say_not_revoked() {
    let good: Vec<_> = inputs(".crl").into_iter().filter(|list| matches!(of(list), Revocation::Good { .. })).collect();
    let expected = [
        "crl-idp-emptyseq.crl",
        "crl-idp-user.crl",
        "crl-neg1.crl",
        "crl-nonext.crl",
        "crl-ok.crl",
        "crl-othertypes.crl",
        "crl-v1.crl",
    ];
    assert_eq!(good, expected);
}

#[test]
fn revoked_is_said_of_this_certificate_only() {
    let revoked = |reason| Revocation::Revoked { since: 1_767_225_600, reason };
    assert_eq!(of("crl-rev.crl"), revoked(Reason::KeyCompromise));
    assert_eq!(of("crl-hold.crl"), revoked(Reason::Hold));
    assert_eq!(of("crl-inv.crl"), revoked(Reason::Superseded));
    assert_eq!(of("crl-aacomp.crl"), revoked(Reason::CaCompromise));
    // the entry is about a certificate of another CA
    assert_eq!(of("crl-certissuer.crl"), Revocation::Unchecked(RevocationGap::UnknownRule("2.5.29.29".to_owned())));
}

#[test]
fn every_certificate_of_the_issuers_name_is_tried() {
    let dp = certificate("dp-ok.cer");
    assert!(matches!(asked(&dp, &store("roots-rollover"), "crl-newkey.crl"), Revocation::Good { .. }));
    let without = asked(&dp, &store("roots-named"), "crl-newkey.crl");
    assert_eq!(without, Revocation::Unchecked(RevocationGap::SignatureWrong));
}

#[test]
fn what_is_no_address_is_named() {
    let unusable = |text: &str| RevocationGap::UnusableAddress(text.to_owned());
    for (name, gap) in [
        ("dp-dironly.cer", unusable("C=CN, OU=ExtCRL, CN=crl9")),
        ("dp-http-cn.cer", unusable("http://127.0.0.1:18555/吊销.crl")),
        ("dp-relative.cer", unusable("crlUrl")),
        ("dp-ldap-space.cer", RevocationGap::OtherScheme("ldap".to_owned())),
        ("ee.cer", RevocationGap::NoAddress),
    ] {
        let found = asked(&certificate(name), &store("roots-named"), "crl-ok.crl");
        assert_eq!(found, Revocation::Unchecked(gap), "{name}");
    }
    let trimmed = certificate("dp-http-space.cer");
    assert_eq!(trimmed.crl_uris, ["http://127.0.0.1:18555/a.crl"]);
    assert!(matches!(asked(&trimmed, &store("roots-named"), "crl-ok.crl"), Revocation::Good { .. }));
}

#[test]
fn a_list_of_some_reasons_does_not_settle_the_rest() {
    let some = certificate("dp-reasons.cer");
    let found = asked(&some, &store("roots-named"), "crl-ok.crl");
    assert_eq!(found, Revocation::Unchecked(RevocationGap::SomeReasons));
    assert!(matches!(asked(&some, &store("roots-named"), "crl-rev.crl"), Revocation::Revoked { .. }));
}
