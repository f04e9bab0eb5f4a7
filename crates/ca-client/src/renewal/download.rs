//! New certificates: a new container beside the old one, proven before it takes its place.
//!
//! Each step asks the key what is there, stands in the journal, then has its effect; so the same code begins and
//! resumes. The switch to the new container is prepared before anything else is made, so that one command does it.

use super::order::Renewal;
use super::package::{Expected, Package};
use super::{DownloadStep, Outcome};
use crate::client::order_path;
use crate::entry::Download;
use crate::faults::FaultContext;
use crate::key::{KeyAccess, KeyGone, bound, with_token};
use crate::signing::{ToSign, binding, damaged, nonsense, read, unreadable};
use base::fault::{Fault, FaultCode};
use base::secret::Pin;
use certificate::Certificate;
use gm::csr::{Csr, UnsignedCsr};
use gm::{PublicKey, random};
use order_api::path::Step;
use order_api::{Base64, ConfirmRequest, IssueRequest, OrderState, Period, Purpose, SessionKey, SymAlg, WrapProfile};
use std::time::Instant;
use token::{ContainerInfo, KeyContents, KeyUse, Login, Token, TokenError, TransportError};

impl Renewal {
    /// Fetches the new certificates, from the start or from wherever it was cut. `progress` hears each step as it begins;
    /// steps that are done already are heard, too. The PIN is used for one login; the right is given back on every way out.
    ///
    /// # Errors
    /// Faults of the key, the network and the service: the order stays unfinished and the old certificate in use.
    /// [`FaultCode::OrderOtherKey`] before the PIN is sent when it is another key.
    pub fn download(
        &mut self,
        key: &mut dyn KeyAccess,
        pin: Pin,
        progress: &mut dyn FnMut(DownloadStep),
    ) -> Result<Outcome, Fault> {
        let started = Instant::now();
        progress(DownloadStep::Prepare);
        self.refresh(None)?;
        if !matches!(self.open.open_state(), Some(OrderState::Authorized | OrderState::Issued | OrderState::Installed))
        {
            return Err(self.open.fault_of(FaultCode::OrderState));
        }
        let done = with_token(key, |token| self.logged_in(token, pin, progress));
        let removed = |KeyGone| Err(self.key_fault(&TokenError::Transport(TransportError::Removed), None));
        let new = done.unwrap_or_else(removed)?;
        Ok(Outcome { old: self.entry().old, new, sign_test: true, time_used: started.elapsed() })
    }

    /// All steps, in one login.
    fn logged_in(
        &mut self,
        token: &mut dyn Token,
        pin: Pin,
        progress: &mut dyn FnMut(DownloadStep),
    ) -> Result<Period, Fault> {
        let contents = bound(token, &self.entry().binding).map_err(|error| self.key_fault(&error, None))?;
        let contents = contents.ok_or_else(|| self.open.fault_of(FaultCode::OrderOtherKey))?;
        let mut login = token.login(pin).map_err(|error| self.key_fault(&error, None))?;
        let done = self.steps(&mut login, &contents, progress);
        // whatever came before, nobody else shall use the right; dropping the token tries it again
        if let Err(error) = login.close() {
            tracing::debug!(%error, "the right was not given back");
        }
        done
    }

    fn steps(
        &mut self,
        login: &mut Login<'_>,
        contents: &KeyContents,
        progress: &mut dyn FnMut(DownloadStep),
    ) -> Result<Period, Fault> {
        let container = self.prepare(login, contents)?;
        progress(DownloadStep::CreateContainer);
        let there = self.create_container(login, &container)?;
        progress(DownloadStep::GenerateKey);
        let new_key = self.generate_key(login, &container, &there)?;
        progress(DownloadStep::Issue);
        let package = self.issue(login, &container, &new_key)?;
        progress(DownloadStep::ImportKey);
        self.import_key(login, &container, &package)?;
        progress(DownloadStep::WriteCertificates);
        self.write_certificates(login, &container, &package)?;
        progress(DownloadStep::SelfTest);
        self.self_test(login, &container, &package)?;
        progress(DownloadStep::Confirm);
        self.confirm(login, &container, &package)?;
        progress(DownloadStep::Switch);
        self.switch(login, &container)?;
        let validity = read(&package.sign)?.validity.ok_or_else(unreadable)?;
        Ok(Period { from: validity.not_before, until: validity.not_after })
    }

    /// Chooses the name of the new container, and prepares the switch to it.
    fn prepare(&mut self, login: &mut Login<'_>, contents: &KeyContents) -> Result<String, Fault> {
        let container = match &self.entry().download {
            Some(download) => download.container.clone(),
            None => self.choose_name(contents),
        };
        self.open.entry.update(|entry| {
            let fresh = Download { step: DownloadStep::Prepare, container, key: None, csr: None, package: None };
            entry.download.get_or_insert(fresh);
        })?;
        let container = self.entry().download.as_ref().map(|download| download.container.clone()).unwrap_or_default();
        let old = self.entry().binding.container.clone();
        let fault = |error: TokenError| self.key_fault(&error, Some(DownloadStep::Prepare));
        let stated = login.current_container().map_err(fault)?;
        let there = stated.filter(|stated| contents.containers.iter().any(|container| container.name == *stated));
        login.prepare_switch(&there.unwrap_or(old), &container).map_err(fault)?;
        Ok(container)
    }

    /// A name that another computer finds again from the order, unless something else lies there.
    fn choose_name(&self, contents: &KeyContents) -> String {
        let wanted = format!("R{}", self.entry().no());
        let issued = self.order().map(|order| order.issued.as_slice()).unwrap_or_default();
        let is_ours = |der: &Vec<u8>| Certificate::parse(der).is_ok_and(|c| issued.contains(&c.serial_hex()));
        let free =
            |name: &String| {
                contents.containers.iter().filter(|container| container.name == *name).all(|container| {
                    container.name != self.entry().binding.container && container.sign.iter().all(is_ours)
                })
            };
        let others = (2..).map(|number| format!("{wanted}.{number}"));
        // there are fewer containers than numbers
        std::iter::once(wanted.clone()).chain(others).find(free).unwrap_or(wanted)
    }

    fn create_container(&mut self, login: &mut Login<'_>, container: &str) -> Result<ContainerInfo, Fault> {
        let step = DownloadStep::CreateContainer;
        self.begin(step)?;
        if let Some(there) = self.look(login, container, step)? {
            return Ok(there);
        }
        if self.order().is_none_or(|order| order.state != OrderState::Authorized) {
            // the certificates are for a key that was in there
            return Err(self.open.fault_of(FaultCode::NewKeyMissing));
        }
        match login.create_container(container) {
            Ok(()) | Err(TokenError::ContainerExists) => {}
            Err(error) => return Err(self.key_fault(&error, Some(step))),
        }
        let there = self.look(login, container, step)?;
        there.ok_or_else(|| self.key_fault(&TokenError::NoContainer, Some(step)))
    }

    fn look(&self, login: &mut Login<'_>, container: &str, step: DownloadStep) -> Result<Option<ContainerInfo>, Fault> {
        let all = login.containers().map_err(|error| self.key_fault(&error, Some(step)))?;
        Ok(all.into_iter().find(|info| info.name == container))
    }

    /// The one signing pair of this order.
    fn generate_key(
        &mut self,
        login: &mut Login<'_>,
        container: &str,
        there: &ContainerInfo,
    ) -> Result<PublicKey, Fault> {
        let step = DownloadStep::GenerateKey;
        self.begin(step)?;
        let authorized = self.order().is_some_and(|order| order.state == OrderState::Authorized);
        let made = if there.sign_key {
            login.public_key(container, KeyUse::Sign)
        } else if authorized {
            let made = login.generate_key_pair(container);
            if made == Err(TokenError::NoSpace) {
                // nothing is in there: the room is given back
                login.delete_container(container).map_err(|error| self.key_fault(&error, Some(step)))?;
            }
            made
        } else {
            return Err(self.open.fault_of(FaultCode::NewKeyMissing));
        };
        let made = made.map_err(|error| self.key_fault(&error, Some(step)))?;
        let known = self.entry().download.as_ref().and_then(|download| download.key);
        if known.is_some_and(|known| known.0 != made) && !authorized {
            return Err(self.open.fault_of(FaultCode::NewKeyMissing));
        }
        self.open.entry.update(|entry| {
            if let Some(download) = &mut entry.download
                && download.key != Some(SessionKey(made))
            {
                (download.key, download.csr, download.package) = (Some(SessionKey(made)), None, None);
            }
        })?;
        Ok(made)
    }

    /// The package: from the journal, else from the service for the one request of this order.
    fn issue(&mut self, login: &mut Login<'_>, container: &str, new_key: &PublicKey) -> Result<Package, Fault> {
        let refused = |what: &'static str| self.open.fault_of(FaultCode::PackageRefused).detail(what);
        let authorized = self.order().is_some_and(|order| order.state == OrderState::Authorized);
        if let Some(package) = self.entry().download.as_ref().and_then(|download| download.package.as_ref())
            && !authorized
        {
            return Package::read(&package.0, new_key).map_err(refused);
        }
        let csr = self.csr(login, container, new_key)?;
        let ca = std::sync::Arc::clone(&self.open.ca);
        let info = ca.info().map_err(|error| self.open.fault(&error))?;
        let entry = self.entry();
        let (no, token, old) = (entry.no().to_owned(), entry.token.clone(), entry.binding.clone());
        let support = ca.support();
        let scene = FaultContext { support: &support, order: &no, serial: &old.device_serial, now: ca.now() };
        let path = order_path(&no, Step::Issue).map_err(|error| scene.fault(&error))?;
        let request = IssueRequest {
            signed: binding(ca.as_ref(), &scene, Purpose::Issue, path)?,
            csr: csr.into(),
            sym_alg: SymAlg::Sm4Ecb,
            wrap: WrapProfile::Right32,
        };
        let to_sign = ToSign::new(&request, &old.certificate.0, &scene)?;
        self.begin(DownloadStep::Issue)?;
        let p7 = self.sign(login, &old.container, &to_sign, &old.certificate.0, DownloadStep::Issue)?;
        let response = ca.issue(&no, &token, &to_sign.body, &p7).map_err(|error| self.open.fault(&error))?;
        self.open.saw(response.order)?;
        let chain: Vec<Vec<u8>> = info.chain.into_iter().map(|certificate| certificate.0).collect();
        let Some(order) = self.order() else { return Err(self.open.fault(&nonsense("no order"))) };
        let shown = self.entry().new;
        let expected = Expected { key: new_key, old: &old.certificate.0, chain: &chain, order, shown, now: ca.now() };
        let package = Package::checked(&response.package.0, &expected)
            .map_err(|what| self.open.fault_of(FaultCode::PackageRefused).detail(what))?;
        self.open.entry.update(|entry| {
            if let Some(download) = &mut entry.download {
                download.package = Some(response.package);
            }
        })?;
        Ok(package)
    }

    /// The request for certificates, the same again after a cut.
    fn csr(&mut self, login: &mut Login<'_>, container: &str, new_key: &PublicKey) -> Result<Vec<u8>, Fault> {
        if let Some(csr) = self.entry().download.as_ref().and_then(|download| download.csr.as_ref())
            && Csr::verified(&csr.0).is_ok_and(|csr| csr.key == *new_key)
        {
            return Ok(csr.0.clone());
        }
        let old = read(&self.entry().binding.certificate.0)?;
        let unsigned = UnsignedCsr::new(old.subject.der(), new_key).map_err(|error| damaged(&error))?;
        let step = DownloadStep::GenerateKey;
        let signature = login.sign(container, &unsigned.digest());
        let signature = signature.map_err(|error| self.key_fault(&error, Some(step)))?;
        let csr = unsigned.finish(&signature);
        let csr = csr.map_err(|error| self.open.fault_of(FaultCode::KeyPairNotMade).detail(error.to_string()))?;
        self.open.entry.update(|entry| {
            if let Some(download) = &mut entry.download {
                download.csr = Some(Base64(csr.clone()));
            }
        })?;
        Ok(csr)
    }

    fn import_key(&mut self, login: &mut Login<'_>, container: &str, package: &Package) -> Result<(), Fault> {
        let step = DownloadStep::ImportKey;
        self.begin(step)?;
        let there = self.look(login, container, step)?.is_some_and(|info| info.encrypt_key);
        let fault = |error: TokenError| self.key_fault(&error, Some(step));
        if there && login.public_key(container, KeyUse::Encrypt).map_err(fault)? == package.pair.public {
            return Ok(());
        }
        login.import_key_pair(container, &package.pair).map_err(fault)
    }

    fn write_certificates(&mut self, login: &mut Login<'_>, container: &str, package: &Package) -> Result<(), Fault> {
        let step = DownloadStep::WriteCertificates;
        self.begin(step)?;
        let fault = |error: TokenError| self.key_fault(&error, Some(step));
        for (key_use, der) in [(KeyUse::Sign, &package.sign), (KeyUse::Encrypt, &package.encrypt)] {
            let same = |login: &mut Login<'_>| {
                login.read_certificate(container, key_use).map(|there| there.as_ref() == Some(der)).map_err(fault)
            };
            if same(login)? {
                continue;
            }
            login.import_certificate(container, key_use, der).map_err(fault)?;
            if !same(login)? {
                return Err(self.open.fault_of(FaultCode::ImportFailed).detail("read back differs"));
            }
        }
        Ok(())
    }

    /// The new signing key signs what its certificate verifies, the new encryption key opens what its certificate sealed.
    fn self_test(&mut self, login: &mut Login<'_>, container: &str, package: &Package) -> Result<(), Fault> {
        let step = DownloadStep::SelfTest;
        self.begin(step)?;
        let failed = |what: &str| self.open.fault_of(FaultCode::SelfTestFailed).detail(what);
        let digest: [u8; 32] = random().map_err(|error| failed(&error.to_string()))?;
        let secret: [u8; 32] = random().map_err(|error| failed(&error.to_string()))?;
        let [sign, encrypt] = [read(&package.sign)?, read(&package.encrypt)?];
        let (by, to) = sign.sm2_key().zip(encrypt.sm2_key()).ok_or_else(unreadable)?;
        let sealed = to.encrypt(&secret).map_err(|error| failed(&error.to_string()))?;
        let fault = |error: TokenError| self.key_fault(&error, Some(step));
        let signature = login.sign(container, &digest).map_err(fault)?;
        let opened = login.decrypt(container, &sealed).map_err(fault)?;
        by.verify_digest(&digest, &signature).map_err(|_| failed("signature"))?;
        if opened.as_slice() == secret { Ok(()) } else { Err(failed("decryption")) }
    }

    fn confirm(&mut self, login: &mut Login<'_>, container: &str, package: &Package) -> Result<(), Fault> {
        if self.order().is_some_and(|order| order.state == OrderState::Installed) {
            return Ok(());
        }
        let ca = std::sync::Arc::clone(&self.open.ca);
        let entry = self.entry();
        let (no, token, device) = (entry.no().to_owned(), entry.token.clone(), entry.binding.device_serial.clone());
        let support = ca.support();
        let scene = FaultContext { support: &support, order: &no, serial: &device, now: ca.now() };
        let path = order_path(&no, Step::Confirm).map_err(|error| scene.fault(&error))?;
        let serial = |der: &[u8]| Certificate::parse(der).map(|certificate| certificate.serial_hex());
        let serials = serial(&package.sign).and_then(|sign| Ok((sign, serial(&package.encrypt)?)));
        let (sign_serial, encrypt_serial) =
            serials.map_err(|error| self.open.fault_of(FaultCode::PackageRefused).detail(error.to_string()))?;
        let signed = binding(ca.as_ref(), &scene, Purpose::Confirm, path)?;
        let to_sign = ToSign::new(&ConfirmRequest { signed, sign_serial, encrypt_serial }, &package.sign, &scene)?;
        self.begin(DownloadStep::Confirm)?;
        let p7 = self.sign(login, container, &to_sign, &package.sign, DownloadStep::Confirm)?;
        let order = ca.confirm(&no, &token, &to_sign.body, &p7).map_err(|error| self.open.fault(&error))?;
        self.open.saw(order)?;
        match self.order() {
            Some(order) if order.state == OrderState::Installed => Ok(()),
            _ => Err(self.open.fault(&nonsense("confirmed but not installed"))),
        }
    }

    /// From here on the new container is the one in use.
    fn switch(&mut self, login: &mut Login<'_>, container: &str) -> Result<(), Fault> {
        let step = DownloadStep::Switch;
        self.begin(step)?;
        login.switch_current(container).map_err(|error| self.key_fault(&error, Some(step)))?;
        self.open.end()
    }

    /// Writes down which step begins.
    fn begin(&mut self, step: DownloadStep) -> Result<(), Fault> {
        self.open.entry.update(|entry| {
            if let Some(download) = &mut entry.download {
                download.step = step;
            }
        })
    }

    /// A body signed by the key of a certificate on the token.
    fn sign(
        &self,
        login: &mut Login<'_>,
        container: &str,
        to_sign: &ToSign,
        certificate: &[u8],
        step: DownloadStep,
    ) -> Result<Vec<u8>, Fault> {
        let signature = login.sign(container, &to_sign.digest);
        let signature = signature.map_err(|error| self.key_fault(&error, Some(step)))?;
        let p7 = to_sign.p7(certificate, &signature);
        p7.map_err(|error| self.open.fault_of(FaultCode::SignatureRefused).detail(error.to_string()))
    }

    /// What the person is told about a failure of the key: the old certificate still works, and how to go on.
    fn key_fault(&self, error: &TokenError, step: Option<DownloadStep>) -> Fault {
        let plain = Fault::from(error);
        let code = match (error, step) {
            (TokenError::Transport(TransportError::Removed), _)
            | (TokenError::Transport(_) | TokenError::Malformed { .. }, Some(_)) => FaultCode::RenewalKeyRemoved,
            (TokenError::NotLoggedIn, _) => FaultCode::RenewalLoginLost,
            (TokenError::NoSpace, _) => FaultCode::RenewalKeyFull,
            (_, Some(DownloadStep::GenerateKey)) => FaultCode::KeyPairNotMade,
            (_, Some(DownloadStep::ImportKey | DownloadStep::WriteCertificates)) => FaultCode::ImportFailed,
            (_, Some(DownloadStep::SelfTest)) => FaultCode::SelfTestFailed,
            _ => return plain,
        };
        self.open.fault_of(code).detail(plain.reference())
    }
}
