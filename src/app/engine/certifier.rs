//! Which CA a certificate is of, also when that CA has changed its issuing certificate since its profile was written.

use crate::app::engine::orders::OrderStore;
use ca_client::{CaProfile, Connection};
use certificate::Certificate;

impl OrderStore {
    /// The CA of a certificate: by its issuer; by an order of this computer; else each service that is known is asked who it
    /// is, until one names an authority over the certificate. Not for the window's thread.
    pub(in crate::app) fn ca_of(&self, certificate: &Certificate) -> Option<CaProfile> {
        let profiles = &self.online().profiles;
        if let Some(known) = profiles.of(certificate).or_else(|| profiles.get(&self.ordered_at(certificate)?)) {
            return Some(known.clone());
        }
        let services = profiles.all().iter().filter(|profile| matches!(profile.connection, Connection::OrderApi(_)));
        services.into_iter().find(|profile| self.names_as_its_own(profile, certificate)).cloned()
    }

    /// Id of the CA at which the certificate was to be renewed, or its key unlocked.
    fn ordered_at(&self, certificate: &Certificate) -> Option<String> {
        let (entries, _) = self.online().journal.entries().ok()?;
        entries.into_iter().find(|entry| entry.binding.certificate.0 == certificate.der()).map(|entry| entry.ca)
    }

    fn names_as_its_own(&self, profile: &CaProfile, certificate: &Certificate) -> bool {
        let info = self
            .connect(profile)
            .and_then(|ca| ca.info().map_err(|error| error.to_fault(&profile.support(), "", "", certificate::now())));
        match info {
            Ok(info) => {
                let chain: Vec<Vec<u8>> = info.chain.into_iter().map(|der| der.0).collect();
                self.online().profiles.take_in(&profile.id, &chain, certificate)
            }
            Err(fault) => {
                tracing::debug!(
                    ca = profile.id,
                    fault = fault.reference(),
                    "could not say which certificates are its own"
                );
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::app::engine::orders::tests::{entry, store};
    use ca_client::{Entry, KeyBinding};
    use certificate::Certificate;
    use order_api::{Base64, CaInfo, Support};
    use testkit::server::{Answer, Server};
    use virtual_key::{Spec, TestCa, personalise::personalise};

    fn certificate(ca: &TestCa) -> Certificate {
        let state = personalise(&Spec::new("某某", "1"), ca).unwrap();
        Certificate::parse(&state.applications[0].containers[0].sign.certificate.clone().unwrap()).unwrap()
    }

    #[test]
    fn a_key_is_not_orphaned_by_a_new_issuing_certificate() {
        // the profile names "Demo CA", which issues nothing here
        let [ca, other] = [TestCa::create().unwrap(), TestCa::create().unwrap()];
        let info = CaInfo {
            name: "Demo".to_owned(),
            version: "1".to_owned(),
            time: 0,
            chain: [ca.operation(), ca.root()].map(|der| Base64(der.to_vec())).into(),
            kinds: Vec::new(),
            support: Support::default(),
            renewal: None,
        };
        let server = Server::start();
        server.answer(Answer::Json(serde_json::to_vec(&info).unwrap()));
        let folder = tempfile::tempdir().unwrap();
        let order_store = store(folder.path(), &entry(), server.url().trim_end_matches("/list.crl"));
        let id = |certificate: &Certificate| order_store.ca_of(certificate).map(|profile| profile.id);
        assert_eq!(id(&certificate(&other)), None, "of another CA with the same names");
        assert_eq!(id(&certificate(&ca)).as_deref(), Some("demo"));
        let asked = server.requests();
        assert_eq!(id(&certificate(&ca)).as_deref(), Some("demo"));
        assert_eq!(server.requests(), asked, "it is known from then on");
    }

    #[test]
    fn an_order_knows_its_ca_without_asking_anybody() {
        let certificate = certificate(&TestCa::create().unwrap());
        let binding = KeyBinding { certificate: Base64(certificate.der().to_vec()), ..entry().binding };
        let folder = tempfile::tempdir().unwrap();
        let order_store = store(folder.path(), &Entry { binding, ..entry() }, "http://127.0.0.1:9");
        assert_eq!(order_store.ca_of(&certificate).map(|profile| profile.id).as_deref(), Some("demo"));
    }
}
