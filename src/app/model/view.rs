//! A key as the window shows it: what was read, with its certificates parsed once.

use crate::app::engine::seal::Picture;
use base::fault::Fault;
use certificate::{CertError, Certificate, ValidityState};
use gm::PublicKey;
use std::ops::RangeInclusive;
use token::{Container, KeyContents, KeyUse};

/// A certificate as found on the key.
#[derive(Clone, Debug)]
pub enum CertificateOnKey {
    /// There is none.
    Absent,
    /// There is one that can't be read.
    Damaged(CertError),
    /// A readable certificate.
    Present(Box<Certificate>),
}

impl CertificateOnKey {
    fn read(der: Option<&Vec<u8>>) -> Self {
        match der.map(|der| Certificate::parse(der)) {
            None => Self::Absent,
            Some(Err(error)) => Self::Damaged(error),
            Some(Ok(certificate)) => Self::Present(Box::new(certificate)),
        }
    }

    /// The certificate, if it is readable.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        match self {
            Self::Present(certificate) => Some(certificate),
            Self::Absent | Self::Damaged(_) => None,
        }
    }
}

/// 历史证书: a container that is not in use but holds certificates.
#[derive(Clone, Debug)]
pub struct Historic {
    /// Name of the container.
    pub container: String,
    /// Its signing certificate.
    pub sign: CertificateOnKey,
    /// Its encryption certificate: what was encrypted to it needs this container.
    pub encrypt: CertificateOnKey,
}

impl Historic {
    fn read(container: &Container) -> Option<Self> {
        if container.sign.is_none() && container.encrypt.is_none() {
            return None;
        }
        Some(Self {
            container: container.name.clone(),
            sign: CertificateOnKey::read(container.sign.as_ref()),
            encrypt: CertificateOnKey::read(container.encrypt.as_ref()),
        })
    }

    /// The certificate that names the owner: signing, else encryption.
    #[must_use]
    pub fn leading(&self) -> Option<&Certificate> {
        self.sign.certificate().or_else(|| self.encrypt.certificate())
    }
}

/// A key that was read.
#[derive(Clone, Debug)]
pub struct KeyView {
    /// What was read.
    pub contents: KeyContents,
    /// Certificates of the container in use.
    pub sign: CertificateOnKey,
    /// As above, for encryption.
    pub encrypt: CertificateOnKey,
    /// 历史证书, in the key's order.
    pub history: Vec<Historic>,
    /// Lengths of a new PIN this model stores safely.
    pub pin_length: RangeInclusive<usize>,
    /// Lengths of a present PIN of this model.
    pub present_pin_length: RangeInclusive<usize>,
    /// 签章图片, read after the rest.
    pub seal: Option<Picture>,
}

/// 检查证书 of one certificate.
#[derive(Clone, Debug)]
pub enum CheckState {
    /// Under way.
    Running,
    /// The findings.
    Done(Vec<certificate::Finding>),
    /// It could not be done.
    Failed(Fault),
}

/// How a key stands, the worst first: one word, one colour, one main button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No PIN tries left.
    Locked,
    /// No application or no certificate on it.
    Empty,
    /// The certificate can't be read.
    Damaged,
    /// When it begins or ends can't be read.
    DatesUnreadable,
    /// Begins in the future.
    NotYetValid,
    /// Ended this many days ago.
    Expired(i64),
    /// Ends within 90 days.
    Expiring(i64),
    /// Valid for longer.
    Valid(i64),
}

/// The button that stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MainAction {
    /// 修改密码.
    ChangePin,
    /// 证书更新.
    Renew,
    /// 找回密码.
    Unlock,
}

/// Longest time after the end in which a renewal is still possible (the CA service has the last word).
const RENEWABLE_DAYS_AFTER_END: i64 = 365;

impl KeyView {
    /// Parses the certificates of the container in use.
    #[must_use]
    pub fn new(
        contents: KeyContents,
        pin_length: RangeInclusive<usize>,
        present_pin_length: RangeInclusive<usize>,
    ) -> Self {
        let current = contents.current_container();
        let sign = CertificateOnKey::read(current.and_then(|container| container.sign.as_ref()));
        let encrypt = CertificateOnKey::read(current.and_then(|container| container.encrypt.as_ref()));
        let others = contents.containers.iter().enumerate().filter(|(index, _)| Some(*index) != contents.current);
        let history = others.filter_map(|(_, container)| Historic::read(container)).collect();
        Self { contents, sign, encrypt, history, pin_length, present_pin_length, seal: None }
    }

    /// The certificate that names the owner: signing, else encryption.
    #[must_use]
    pub fn leading(&self) -> Option<&Certificate> {
        self.sign.certificate().or_else(|| self.encrypt.certificate())
    }

    /// One of the two certificates.
    #[must_use]
    pub const fn by_use(&self, key_use: KeyUse) -> &CertificateOnKey {
        match key_use {
            KeyUse::Sign => &self.sign,
            KeyUse::Encrypt => &self.encrypt,
        }
    }

    /// Keys of all signing certificates on it, also of 历史证书: an order may be bound to one that was replaced since.
    pub fn signing_keys(&self) -> impl Iterator<Item = PublicKey> {
        let historic = self.history.iter().map(|historic| &historic.sign);
        let certificates = std::iter::once(&self.sign).chain(historic).filter_map(CertificateOnKey::certificate);
        certificates.filter_map(|certificate| certificate.sm2_key().copied())
    }

    /// How the key stands at a moment, in seconds since 1970 UTC.
    #[must_use]
    pub fn standing(&self, now: i64) -> Standing {
        if self.contents.pin.is_some_and(|pin| pin.is_locked()) {
            return Standing::Locked;
        }
        if [&self.sign, &self.encrypt].iter().any(|one| matches!(one, CertificateOnKey::Damaged(_))) {
            return Standing::Damaged;
        }
        let Some(certificate) = self.leading() else { return Standing::Empty };
        let Some(validity) = certificate.validity else { return Standing::DatesUnreadable };
        match validity.state(now) {
            ValidityState::NotYetValid { .. } => Standing::NotYetValid,
            ValidityState::Expired { days_ago } => Standing::Expired(days_ago),
            ValidityState::Expiring { days_left } => Standing::Expiring(days_left),
            ValidityState::Valid { days_left } => Standing::Valid(days_left),
        }
    }
}

impl Standing {
    /// The button that stands out in this standing.
    #[must_use]
    pub const fn main_action(self) -> Option<MainAction> {
        match self {
            Self::Locked => Some(MainAction::Unlock),
            Self::Expired(days) if days > RENEWABLE_DAYS_AFTER_END => None,
            Self::Expired(_) | Self::Expiring(_) => Some(MainAction::Renew),
            Self::Valid(_) | Self::NotYetValid | Self::DatesUnreadable => Some(MainAction::ChangePin),
            Self::Empty | Self::Damaged => None,
        }
    }

    /// Order of urgency for the banner: lower comes first; `None` when there is nothing to warn of.
    #[must_use]
    pub const fn urgency(self) -> Option<i64> {
        match self {
            Self::Expired(days) => Some(-days),
            Self::Expiring(days) => Some(days),
            _ => None,
        }
    }
}
