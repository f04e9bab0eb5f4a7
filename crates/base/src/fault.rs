//! Every error a person can meet: a code, what happened, what was kept, what to do (assets/codes.toml, both languages).
//!
//! Invariant: a fault shown to a person always has its sentences; the technical detail stands in grey behind the code and
//! is never the only text.

use serde::Deserialize;
use std::collections::HashMap;
use std::sync::OnceLock;

macro_rules! fault_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// What went wrong, by what the person has to know.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum FaultCode { $($(#[$doc])* $name,)* }

        impl FaultCode {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as people read it to a support line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

fault_codes! {
    /// The key was pulled out during the operation.
    KeyRemoved = "KEY-101",
    /// Another program holds the key.
    KeyHeld = "KEY-102",
    /// The PIN was wrong.
    WrongPin = "KEY-103",
    /// No try is left.
    PinLocked = "KEY-104",
    /// The key does not react.
    KeyMute = "KEY-105",
    /// The key answered nonsense.
    KeyGarbage = "KEY-106",
    /// Not a key of this kind.
    KeyUnsupported = "KEY-107",
    /// The model may only be read.
    ModelUnproven = "KEY-108",
    /// The key has no application.
    KeyEmpty = "KEY-109",
    /// The current PIN can't be the PIN of this key.
    PinLength = "KEY-110",
    /// The new PIN has a length the key can't store.
    NewPinLength = "KEY-111",
    /// The new PIN has characters the key can't store.
    NewPinCharacters = "KEY-112",
    /// Old or new PIN holds, nobody knows which.
    PinUncertain = "KEY-113",
    /// The key refused a command.
    KeyRefused = "KEY-114",
    /// The reader can't carry the command.
    CommandTooLong = "KEY-115",
    /// The key's memory failed.
    KeyMemory = "KEY-116",
    /// The PIN is needed again.
    NotLoggedIn = "KEY-117",
    /// No memory is left on the key.
    KeyFull = "KEY-118",
    /// A container is not on the key.
    ContainerMissing = "KEY-119",
    /// A container is on the key already.
    ContainerExists = "KEY-120",
    /// A container has its signing key already.
    KeyPairExists = "KEY-121",
    /// What was to be written fits no key.
    KeyUnwritable = "KEY-122",
    /// The admin PIN is locked.
    AdminLocked = "KEY-123",
    /// The admin PIN was wrong.
    WrongAdminPin = "KEY-124",
    /// Too few tries of the admin PIN are left to spend one on an answer made elsewhere.
    AdminTriesLow = "KEY-125",
    /// The challenge an answer was made for no longer holds.
    UnlockChallengeLost = "KEY-126",
    /// The connection broke while the key was being unlocked.
    UnlockUncertain = "KEY-127",
    /// A line end or another control character stands in a PIN.
    PinControl = "KEY-128",
    /// A character that is not seen stands in a PIN.
    PinInvisible = "KEY-129",
    /// A full-width character stands in a PIN.
    PinFullWidth = "KEY-130",
    /// A PIN begins or ends with a blank.
    PinOuterBlank = "KEY-131",
    /// A PIN has characters that no key's PIN has.
    PinForeign = "KEY-132",
    /// The service stopped.
    ServiceStopped = "SVC-201",
    /// The service speaks another version.
    ServiceVersion = "SVC-202",
    /// The system refuses access to the service.
    ServiceDenied = "SVC-203",
    /// The service of Windows can't be used.
    ServiceUnusable = "SVC-204",
    /// The service did not start.
    ServiceNotStarted = "SVC-211",
    /// The service is not installed.
    ServiceMissing = "SVC-212",
    /// The person did not give an administrator's rights.
    ElevationCancelled = "SVC-213",
    /// The system did not give an administrator's rights.
    ElevationRefused = "SVC-214",
    /// The system has no way to ask for an administrator's rights.
    NoElevation = "SVC-215",
    /// A certificate on the key can't be read.
    CertificateDamaged = "CRT-301",
    /// The certificate to be worked on is not on the key.
    CertificateMissing = "CRT-302",
    /// A file could not be written.
    FileNotWritten = "FIL-401",
    /// The settings could not be stored.
    SettingsNotStored = "FIL-402",
    /// The person's file of CA profiles has entries that can't be used.
    ProfilesNotUsable = "FIL-403",
    /// Start with the desktop could not be switched.
    AutostartNotSet = "FIL-404",
    /// The address of a proxy can't be used.
    ProxyRefused = "FIL-405",
    /// A file of the administrator has something that can't be used.
    PresetsNotUsable = "FIL-406",
    /// Others than the administrator can change what is set for everybody.
    PresetsOpen = "FIL-407",
    /// The icon on the desktop could not be put there or taken away.
    DesktopIconNotSet = "FIL-408",
    /// The udev rule could not be installed.
    RuleNotInstalled = "FIL-411",
    /// A data folder could not be cleaned.
    StorageNotCleaned = "FIL-412",
    /// The name of the CA's service is not known.
    CaNameUnknown = "CA-501",
    /// Nobody answers at the CA's address.
    CaUnreachable = "CA-502",
    /// The CA's service did not prove who it is.
    CaNotTrusted = "CA-503",
    /// The CA's service did not answer in time.
    CaTimeout = "CA-504",
    /// The proxy failed.
    CaProxy = "CA-505",
    /// The connection to the CA broke.
    CaBroken = "CA-506",
    /// The CA's answer is not one of the API.
    CaAnswer = "CA-507",
    /// This CA is reached by its pages only.
    CaPagesOnly = "CA-508",
    /// The certificate is not one of this CA.
    CertificateUnknown = "CA-511",
    /// The certificate is revoked.
    CertificateRevoked = "CA-512",
    /// The certificate was renewed before.
    CertificateSuperseded = "CA-513",
    /// Too early for a renewal.
    RenewalTooEarly = "CA-514",
    /// Too late for a renewal.
    RenewalTooLate = "CA-515",
    /// The validity that was shown no longer holds.
    TermsChanged = "CA-516",
    /// The computer's clock is wrong.
    ClockWrong = "CA-517",
    /// The CA did not accept the signature.
    SignatureRefused = "CA-518",
    /// The session ended.
    SessionEnded = "CA-519",
    /// The characters of the picture are wrong.
    CaptchaWrong = "CA-521",
    /// The picture is too old.
    CaptchaStale = "CA-522",
    /// A field of the contact is not acceptable.
    ContactRefused = "CA-523",
    /// The code is wrong.
    CodeWrong = "CA-524",
    /// The code is too old, or used up.
    CodeExpired = "CA-525",
    /// Too many requests.
    RateLimited = "CA-526",
    /// The limit of the day is reached.
    DailyLimit = "CA-527",
    /// The CA does not know the order.
    OrderNotFound = "CA-531",
    /// The order belongs to another key.
    OrderOtherKey = "CA-532",
    /// The order is not in a state for this.
    OrderState = "CA-533",
    /// There is another unfinished order.
    OrderExists = "CA-534",
    /// The order has certificates for another key pair.
    OtherRequest = "CA-535",
    /// Another program works on the order.
    OrderInUse = "CA-536",
    /// The journal of orders can't be read or written.
    JournalNotUsable = "CA-537",
    /// The key holds something of the order already.
    OrderOnKey = "CA-538",
    /// An entry of the journal was damaged.
    JournalDamaged = "CA-539",
    /// The CA's service failed.
    CaInternal = "CA-541",
    /// The CA's service can't issue now.
    CaUnavailable = "CA-542",
    /// The CA's service did not understand the program.
    RequestRefused = "CA-543",
    /// The key was pulled out during a renewal, or the connection to it broke.
    RenewalKeyRemoved = "CA-551",
    /// No new key pair was made.
    KeyPairNotMade = "CA-552",
    /// The key is full.
    RenewalKeyFull = "CA-553",
    /// The package of certificates is not what was promised.
    PackageRefused = "CA-554",
    /// Keys or certificates could not be written to the key.
    ImportFailed = "CA-555",
    /// The new keys do not work.
    SelfTestFailed = "CA-556",
    /// What the renewal had made on the key is gone.
    NewKeyMissing = "CA-557",
    /// The PIN is needed again in the middle of a renewal.
    RenewalLoginLost = "CA-558",
    /// The container is in use.
    ContainerInUse = "CA-559",
    /// The key did not take the CA's answer.
    UnlockRefused = "CA-561",
    /// The key is being unlocked by another order.
    UnlockInProgress = "CA-562",
    /// The connection to the key broke while its PIN was being set.
    UnlockInterrupted = "CA-563",
    /// The key has its new PIN, the CA does not know yet.
    UnlockNotReported = "CA-564",
    /// What the CA answered can't unlock this key.
    GrantRefused = "CA-565",
    /// The feed of updates has no usable address or key.
    FeedUnusable = "UPD-601",
    /// The feed could not be fetched.
    FeedUnreachable = "UPD-602",
    /// The feed is not signed by whom it should be.
    FeedForged = "UPD-603",
    /// The feed can't be read.
    FeedUnreadable = "UPD-604",
    /// The feed is too old, or older than one that was seen.
    FeedOld = "UPD-605",
    /// The file of an update could not be fetched.
    UpdateNotFetched = "UPD-606",
    /// The file of an update is not the one of the feed.
    UpdateDamaged = "UPD-607",
    /// The file of an update could not be stored.
    UpdateNotStored = "UPD-608",
    /// No download while a key is being written.
    UpdateWhileWriting = "UPD-609",
    /// The system did not open the file of an update.
    UpdateNotOpened = "UPD-610",
    /// A part of the program stopped.
    InternalStopped = "APP-901",
}

/// A fault with what belongs to this one occurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which one.
    pub code: FaultCode,
    /// Values for the sentences: tries left, shortest and longest PIN, versions.
    pub values: Vec<(&'static str, String)>,
    /// For a support line, shown in grey behind the code; never secret.
    pub detail: String,
}

impl Fault {
    /// A fault without values.
    #[must_use]
    pub const fn new(code: FaultCode) -> Self {
        Self { code, values: Vec::new(), detail: String::new() }
    }

    /// Adds a value for the sentences.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.push((name, value.into()));
        self
    }

    /// A value for the sentences.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(of, _)| *of == name).map(|(_, value)| value.as_str())
    }

    /// Sets the grey detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The sentences in a language.
    #[must_use]
    pub fn sentences(&self, chinese: bool) -> Sentences {
        let fill = |text: &str| {
            self.values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
        };
        let entry = catalogue().get(self.code.as_str());
        let texts = entry.map(|entry| if chinese { &entry.zh } else { &entry.en });
        texts.map_or_else(Sentences::default, |texts| Sentences {
            what: fill(&texts.what),
            kept: fill(&texts.kept),
            todo: fill(&texts.todo),
        })
    }

    /// Code and detail, for the grey line.
    #[must_use]
    pub fn reference(&self) -> String {
        if self.detail.is_empty() {
            self.code.as_str().to_owned()
        } else {
            format!("{} · {}", self.code.as_str(), self.detail)
        }
    }
}

/// What happened · what was kept · what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Sentences {
    /// What happened.
    pub what: String,
    /// What was kept.
    pub kept: String,
    /// What to do.
    pub todo: String,
}

#[derive(Deserialize)]
struct Entry {
    zh: Sentences,
    en: Sentences,
}

fn catalogue() -> &'static HashMap<String, Entry> {
    static CATALOGUE: OnceLock<HashMap<String, Entry>> = OnceLock::new();
    CATALOGUE.get_or_init(|| toml::from_str(include_str!("../../../assets/codes.toml")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultCode, catalogue};

    #[test]
    fn every_code_has_its_sentences_in_both_languages_and_no_sentence_is_left_over() {
        assert_eq!(
            catalogue().len(),
            FaultCode::ALL.len(),
            "codes.toml must parse and hold exactly the codes of the program"
        );
        for &code in FaultCode::ALL {
            for chinese in [true, false] {
                let sentences = Fault::new(code).sentences(chinese);
                for text in [&sentences.what, &sentences.kept, &sentences.todo] {
                    assert!(!text.trim().is_empty(), "{} lacks a sentence", code.as_str());
                }
            }
        }
    }

    #[test]
    fn values_stand_in_the_sentence_and_the_code_in_the_reference() {
        let fault = Fault::new(FaultCode::WrongPin).with("left", "8").detail("63C8");
        assert_eq!(fault.sentences(true).what, "密码不正确，还可以输错 8 次");
        assert_eq!(fault.reference(), "KEY-103 · 63C8");
    }
}
