//! Making keys with an owner: device data, application, containers, key pairs, certificates and files, in the states
//! the program has to cope with. Layout of a key: wire-format/key-contents.md#layout; extensions:
//! wire-format/certificates.md#private-extensions. All data is invented.

use super::state::{
    Application, Container, Device, FIRST_APPLICATION, FIRST_CONTAINER, FORMAT, File, KeyState, PinState, Secret, Slot,
    Tries,
};
use super::test_ca::{TestCa, serial_number};
use gm::issue::{COMMON_NAME, COUNTRY, CertificateRequest, Extras, IssueError, ORGANISATION, Role, Subject};
use gm::{PrivateKey, PublicKey, random};
use std::str::FromStr;
use time::{Duration, OffsetDateTime, Time, UtcOffset};

/// Name of the application.
pub const APPLICATION: &str = "BJCA-Application";
/// File that names the container in use.
pub const CURRENT_CONTAINER_FILE: &str = "BJCAENVSN";
/// File with the picture of the seal.
pub const SEAL_FILE: &str = "BJCASEAL";
/// Name of the first container.
pub const CONTAINER: &str = "personalCert00";
/// Name of the container made by a renewal.
pub const NEW_CONTAINER: &str = "personalCert01";

const ANYONE: u32 = 0xFF;
const USER: u32 = 0x10;
const SEAL: &[u8] = include_bytes!("seal.png");
const TRIES: u8 = 10;
/// Length of a year's certificate.
const YEAR: i64 = 365;

/// Whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerKind {
    /// A person.
    Person,
    /// An organisation.
    Organisation,
}

/// State to bring a key into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// `valid`: nothing special.
    Valid,
    /// `expiring`: 20 days left.
    Expiring,
    /// `expired`: ended 10 days ago.
    Expired,
    /// `not-yet-valid`: begins in 5 days.
    NotYetValid,
    /// `locked`: no try of the user PIN left.
    Locked,
    /// `default-pin`: the key says that the PIN was never changed.
    DefaultPin,
    /// `empty`: an application without container.
    Empty,
    /// `no-application`: nothing at all.
    NoApplication,
    /// `damaged`: the signing certificate is cut short, a bit of the encryption certificate is flipped.
    Damaged,
    /// `mismatch`: the signing certificate belongs to another key.
    Mismatch,
    /// `two-containers`: an expired one, and the one of a renewal that is in use.
    TwoContainers,
    /// `seal`: with the picture of a seal.
    Seal,
}

impl State {
    /// All states with their names.
    pub const ALL: &[(&str, Self)] = &[
        ("valid", Self::Valid),
        ("expiring", Self::Expiring),
        ("expired", Self::Expired),
        ("not-yet-valid", Self::NotYetValid),
        ("locked", Self::Locked),
        ("default-pin", Self::DefaultPin),
        ("empty", Self::Empty),
        ("no-application", Self::NoApplication),
        ("damaged", Self::Damaged),
        ("mismatch", Self::Mismatch),
        ("two-containers", Self::TwoContainers),
        ("seal", Self::Seal),
    ];

    /// Days left unless told otherwise; negative after the end.
    const fn days(self) -> i64 {
        match self {
            Self::Expiring => 20,
            Self::Expired => -10,
            Self::NotYetValid => YEAR + 5,
            _ => 300,
        }
    }
}

/// The text names no state.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is not a state of a key")]
pub struct NotAState(String);

impl FromStr for State {
    type Err = NotAState;

    fn from_str(text: &str) -> Result<Self, NotAState> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, state)| *state).ok_or_else(|| NotAState(text.to_owned()))
    }
}

/// What a key is to be.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Owner, the CN of both certificates.
    pub owner: String,
    /// 密码卡序列号 as printed on the card; stands in extension 1.2.156.112562.2.1.1.14.
    pub serial: String,
    /// Person or organisation.
    pub kind: OwnerKind,
    /// User PIN; for practice and tests.
    pub pin: String,
    /// Admin PIN.
    pub admin_pin: String,
    /// Calendar days left in Beijing, negative after the end; `None` as the state has it.
    pub days: Option<i64>,
    /// How many days ago validity began; `None` a year before its end.
    pub valid_from_days_ago: Option<i64>,
    /// State.
    pub state: State,
    /// Serial number of the device; `None` makes one up.
    pub device_serial: Option<String>,
    /// Address of the revocation list in the certificates; `None` leaves it out.
    pub crl_uri: Option<String>,
}

impl Spec {
    /// A valid key of an organisation with PIN 123456 and admin PIN 111111.
    #[must_use]
    pub fn new(owner: &str, serial: &str) -> Self {
        Self {
            owner: owner.to_owned(),
            serial: serial.to_owned(),
            kind: OwnerKind::Organisation,
            pin: "123456".to_owned(),
            admin_pin: "111111".to_owned(),
            days: None,
            valid_from_days_ago: None,
            state: State::Valid,
            device_serial: None,
            crl_uri: None,
        }
    }

    /// The same with another state.
    #[must_use]
    pub fn state(mut self, state: State) -> Self {
        self.state = state;
        self
    }

    /// The same for a person.
    #[must_use]
    pub fn person(mut self) -> Self {
        self.kind = OwnerKind::Person;
        self
    }
}

/// Makes the key.
///
/// # Errors
/// [`IssueError`].
pub fn personalise(spec: &Spec, ca: &TestCa) -> Result<KeyState, IssueError> {
    let mut state = KeyState { format: FORMAT, device: device(spec)?, applications: Vec::new() };
    if spec.state != State::NoApplication {
        state.applications.push(application(spec, ca)?);
    }
    Ok(state)
}

fn device(spec: &Spec) -> Result<Device, IssueError> {
    let made_up = || random::<8>().map(|bytes| format!("{:016X}", u64::from_be_bytes(bytes)));
    Ok(Device {
        manufacturer: "Virtual Key".to_owned(),
        issuer: "Demo Trust Centre".to_owned(),
        label: "BJCA-UserKey".to_owned(),
        serial: spec.device_serial.clone().map_or_else(made_up, Ok)?,
        oem: "gm3000".to_owned(),
        hardware: (1, 0),
        firmware: (3, 1),
        total_space: 0x1_2000,
        max_apdu_data: 0x400,
        answer_chunk: 496,
        pin_length: (6, 16),
        login_per_signature: false,
        auth_key: Secret::new(b"1234567812345678"),
        auth_tries: Tries::full(8),
    })
}

fn application(spec: &Spec, ca: &TestCa) -> Result<Application, IssueError> {
    let mut application = Application {
        id: FIRST_APPLICATION,
        name: APPLICATION.to_owned(),
        admin: PinState::new(spec.admin_pin.as_bytes(), TRIES, false),
        user: PinState::new(spec.pin.as_bytes(), TRIES, spec.state == State::DefaultPin),
        create_rights: USER,
        containers: Vec::new(),
        files: Vec::new(),
        next_container: FIRST_CONTAINER,
    };
    if spec.state == State::Locked {
        application.user.tries.left = 0;
    }
    if spec.state == State::Empty {
        return Ok(application);
    }
    let days = spec.days.unwrap_or(spec.state.days());
    let began = spec.valid_from_days_ago.unwrap_or(YEAR - days);
    let mut current = CONTAINER;
    if spec.state == State::TwoContainers {
        add_container(&mut application, CONTAINER, spec, ca, (YEAR + 5, -5))?;
        current = NEW_CONTAINER;
    }
    add_container(&mut application, current, spec, ca, (began, days))?;
    add_file(&mut application, CURRENT_CONTAINER_FILE, current.as_bytes());
    if spec.state == State::Seal {
        add_file(&mut application, SEAL_FILE, SEAL);
    }
    Ok(application)
}

fn add_file(application: &mut Application, name: &str, data: &[u8]) {
    application.files.push(File {
        name: name.to_owned(),
        read_rights: ANYONE,
        write_rights: USER,
        data: data.to_vec(),
    });
}

fn add_container(
    application: &mut Application,
    name: &str,
    spec: &Spec,
    ca: &TestCa,
    validity: (i64, i64),
) -> Result<(), IssueError> {
    let (signing, encryption) = (PrivateKey::generate()?, PrivateKey::generate()?);
    let certified = match spec.state {
        State::Mismatch => PrivateKey::generate()?.public(),
        _ => signing.public(),
    };
    let mut sign = Slot::with_key(&signing);
    let mut encrypt = Slot::with_key(&encryption);
    let mut for_sign = certify(spec, ca, &certified, Role::Signing, validity)?;
    let mut for_encrypt = certify(spec, ca, &encryption.public(), Role::Encryption, validity)?;
    if spec.state == State::Damaged {
        for_sign.truncate(for_sign.len() * 2 / 3);
        if let Some(byte) = for_encrypt.iter_mut().rev().nth(5) {
            *byte ^= 0x10;
        }
    }
    sign.certificate = Some(for_sign);
    encrypt.certificate = Some(for_encrypt);
    let id = application.next_container;
    application.next_container = id.saturating_add(1);
    application.containers.push(Container { id, name: name.to_owned(), sign, encrypt });
    Ok(())
}

fn certify(
    spec: &Spec,
    ca: &TestCa,
    key: &PublicKey,
    role: Role,
    (began, days): (i64, i64),
) -> Result<Vec<u8>, IssueError> {
    let today = OffsetDateTime::now_utc().to_offset(BEIJING);
    // whole days in Beijing: as many days left by the calendar as by the clock
    let not_before = (today - Duration::days(began)).replace_time(Time::MIDNIGHT);
    let not_after = (today + Duration::days(days)).replace_time(Time::MIDNIGHT) + Duration::seconds(24 * 60 * 60 - 1);
    let mut subject = vec![(COUNTRY, "CN")];
    if spec.kind == OwnerKind::Organisation {
        subject.push((ORGANISATION, &spec.owner));
    }
    subject.push((COMMON_NAME, &spec.owner));
    ca.certify(&CertificateRequest {
        serial: &serial_number()?,
        subject: Subject::Parts(&subject),
        key,
        not_before,
        not_after,
        role,
        texts: &extensions(spec),
        crl_uri: spec.crl_uri.as_deref(),
        extras: Extras::default(),
    })
}

const BEIJING: UtcOffset = match UtcOffset::from_hms(8, 0, 0) {
    Ok(offset) => offset,
    Err(_) => UtcOffset::UTC,
};

/// The private extensions (wire-format/certificates.md#private-extensions), with numbers no one can have: a person born
/// on day 0 of month 0, an organisation code of letters that are never given out.
fn extensions(spec: &Spec) -> Vec<(&'static str, String)> {
    let number = spec.serial.clone();
    let mut all = match spec.kind {
        OwnerKind::Person => {
            let id = "110000000000000000";
            vec![
                ("1.2.156.112562.2.1.1.1", format!("SF{id}")),
                ("1.2.156.112562.2.1.1.4", format!("1@5009SF0{id}")),
                ("1.2.156.112562.2.1.1.8", id.to_owned()),
                ("1.2.156.112562.2.1.1.23", format!("1@215009SF0{id}")),
                ("1.2.156.112562.2.1.2.2", format!("SF{id}")),
                ("1.2.156.10260.4.1.1", id.to_owned()),
                ("2.16.840.1.113732.2", format!("SF{id}")),
            ]
        }
        OwnerKind::Organisation => {
            let code = "DEMO0000X";
            vec![
                ("1.2.156.112562.2.1.1.1", format!("JJ{code}")),
                ("1.2.156.112562.2.1.1.4", format!("3@5009JJ0{code}")),
                ("1.2.156.112562.2.1.1.8", code.to_owned()),
                ("1.2.156.112562.2.1.1.24", format!("1@5009JJ0{code}")),
                ("1.2.156.112562.2.1.2.2", format!("JJ{code}")),
                ("1.2.156.10260.4.1.4", code.to_owned()),
                ("2.16.840.1.113732.2", format!("JJ{code}")),
            ]
        }
    };
    all.push(("1.2.156.112562.2.1.1.14", number));
    all.push(("1.2.156.112562.2.1.1.30", "100000".to_owned()));
    all
}
