//! The key's inside: state, session, store and the rules every command shares – parsing of fields, storing, handles.

use super::faults::Fault;
use super::session::Session;
use super::state::{Application, Container, KeyState};
use super::store::Store;
use gm::CryptoError;
use token::apdu::StatusWord;

/// How a command ends early.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// With a status word and no data.
    Status(StatusWord),
    /// Without an answer: the power went.
    PowerLost,
}

/// What a command answers when it succeeds.
#[derive(Debug)]
pub(super) enum Reply {
    /// 9000 alone.
    Done,
    /// Data in one piece.
    Data(Vec<u8>),
    /// Data that may be cut into pieces with `6A9E`.
    Long(Vec<u8>),
}

pub(super) type Answer = Result<Reply, Stop>;

/// Status words by name (wire-format/status-words.md#words).
pub(super) mod sw {
    pub const MEMORY: u16 = 0x6581;
    pub const LENGTH: u16 = 0x6700;
    pub const NO_RIGHT: u16 = 0x6982;
    pub const LOCKED: u16 = 0x6983;
    pub const NO_CHALLENGE: u16 = 0x6984;
    pub const DATA: u16 = 0x6A80;
    pub const NOT_SUPPORTED: u16 = 0x6A81;
    pub const NO_SPACE: u16 = 0x6A84;
    pub const PARAMETERS: u16 = 0x6A86;
    pub const NO_APPLICATION: u16 = 0x6A88;
    pub const APPLICATION_EXISTS: u16 = 0x6A89;
    pub const NO_APPLICATION_NAME: u16 = 0x6A8B;
    pub const NO_CONTAINER_NAME: u16 = 0x6A91;
    pub const FILE_EXISTS: u16 = 0x6A92;
    pub const NO_FILE: u16 = 0x6A93;
    pub const NO_CONTAINER: u16 = 0x6A94;
    pub const NO_KEY_PAIR: u16 = 0x6A95;
    pub const NO_CERTIFICATE: u16 = 0x6A96;
    pub const SIGNATURE: u16 = 0x6A98;
    pub const KEY_ALGORITHM: u16 = 0x6A99;
    pub const ENCRYPT: u16 = 0x6A9A;
    pub const DECRYPT: u16 = 0x6A9B;
    pub const SIGN: u16 = 0x6A9C;
    pub const HASH: u16 = 0x6A9D;
    pub const MORE_DATA: u16 = 0x6A9E;
    pub const NO_KEY: u16 = 0x6A9F;
    pub const OFFSET: u16 = 0x6B00;
    pub const INSTRUCTION: u16 = 0x6D00;
    pub const CLASS: u16 = 0x6E00;
    pub const CONTAINER_EXISTS: u16 = 0x6E02;
    pub const INTERNAL: u16 = 0x6F00;
}

/// Ends a command with a status word.
pub(super) const fn stop(word: u16) -> Stop {
    Stop::Status(StatusWord(word))
}

/// `63Cx`: this many tries left.
pub(super) const fn wrong(left: u8) -> Stop {
    Stop::Status(StatusWord(0x63C0 | (left & 0x0F) as u16))
}

/// A command after chaining and class are dealt with.
pub(super) struct Request<'a> {
    pub p1: u8,
    pub p2: u8,
    pub data: &'a [u8],
    pub ne: Option<u32>,
}

impl<'a> Request<'a> {
    /// P1P2 must be zero.
    pub(super) fn plain(&self) -> Result<Fields<'a>, Stop> {
        self.with(0, 0)
    }

    /// P1P2 must be these.
    pub(super) fn with(&self, p1: u8, p2: u8) -> Result<Fields<'a>, Stop> {
        if (self.p1, self.p2) == (p1, p2) { Ok(Fields(self.data)) } else { Err(stop(sw::PARAMETERS)) }
    }

    /// All data must be this application id, sent alone.
    pub(super) fn only_id(&self) -> Result<u16, Stop> {
        let mut fields = self.plain()?;
        let id = fields.u16()?;
        fields.end()?;
        Ok(id)
    }
}

/// Reads the data field from left to right; what is missing is a wrong length.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Stop> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(stop(sw::LENGTH))?;
        self.0 = tail;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let (head, tail) = self.0.split_first_chunk().ok_or(stop(sw::LENGTH))?;
        self.0 = tail;
        Ok(*head)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Stop> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Stop> {
        self.array().map(u32::from_be_bytes)
    }

    /// Rights travel in the host's byte order (wire-format/commands.md#byte-order).
    pub(super) fn rights(&mut self) -> Result<u32, Stop> {
        self.array().map(u32::from_le_bytes)
    }

    /// A four-byte count and that many bytes.
    pub(super) fn counted(&mut self) -> Result<&'a [u8], Stop> {
        let count = self.u32()?;
        self.bytes(usize::try_from(count).map_err(|_| stop(sw::LENGTH))?)
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub(super) fn end(&self) -> Result<(), Stop> {
        if self.0.is_empty() { Ok(()) } else { Err(stop(sw::LENGTH)) }
    }
}

/// A name: text up to the first zero byte.
pub(super) fn text(bytes: &[u8]) -> Result<String, Stop> {
    let used = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    match std::str::from_utf8(used) {
        Ok(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(stop(sw::DATA)),
    }
}

/// Names, each with a zero byte, and one more at the end.
pub(super) fn name_list<'a>(names: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut list = Vec::new();
    for name in names {
        list.extend_from_slice(name.as_bytes());
        list.push(0);
    }
    list.push(0);
    list
}

/// What is stored: a counter alone, or what the command is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Counter,
    Main,
}

/// A source of random bytes.
pub(super) type Random = Box<dyn FnMut(&mut [u8]) -> Result<(), CryptoError> + Send>;

pub(super) struct Card {
    pub state: KeyState,
    pub session: Session,
    pub store: Store,
    pub random: Random,
    /// Faults of the command being executed.
    pub due: Vec<Fault>,
}

impl Card {
    /// Stores the state. A counter is stored before the PIN it guards is looked at.
    pub(super) fn commit(&mut self, effect: Effect) -> Result<(), Stop> {
        let main = effect == Effect::Main;
        if main && self.due.contains(&Fault::CutBefore) {
            return Err(Stop::PowerLost);
        }
        let broken = main && self.due.contains(&Fault::Full(sw::MEMORY));
        if broken || self.store.save(&self.state).is_err() {
            self.restore();
            return Err(stop(sw::MEMORY));
        }
        if main && self.due.contains(&Fault::CutAfter) {
            return Err(Stop::PowerLost);
        }
        Ok(())
    }

    /// Stores what the command is about and answers 9000.
    pub(super) fn done(&mut self) -> Answer {
        self.commit(Effect::Main).map(|()| Reply::Done)
    }

    /// Back to the last stored state.
    pub(super) fn restore(&mut self) {
        if let Ok(state) = self.store.load() {
            self.state = state;
        }
    }

    /// Refuses what does not fit any more.
    pub(super) fn reserve(&self, bytes: usize) -> Result<(), Stop> {
        let full = self.due.contains(&Fault::Full(sw::NO_SPACE));
        let free = usize::try_from(self.state.free_space()).unwrap_or(usize::MAX);
        if full || bytes > free { Err(stop(sw::NO_SPACE)) } else { Ok(()) }
    }

    /// Random bytes.
    pub(super) fn random(&mut self, bytes: &mut [u8]) -> Result<(), Stop> {
        (self.random)(bytes).map_err(|_| stop(sw::INTERNAL))
    }

    /// An application that is open.
    pub(super) fn application(&mut self, id: u16) -> Result<&mut Application, Stop> {
        if !self.session.is_application_open(id) {
            return Err(stop(sw::NO_APPLICATION));
        }
        self.state.application_mut(id).ok_or(stop(sw::NO_APPLICATION))
    }

    /// A container that is open.
    pub(super) fn container(&mut self, application: u16, id: u16) -> Result<&mut Container, Stop> {
        self.handles(application, id)?;
        let found = self.application(application)?.containers.iter_mut().find(|one| one.id == id);
        found.ok_or(stop(sw::NO_CONTAINER))
    }

    /// Both handles are open; also true for the hidden pair, which holds session keys only.
    pub(super) fn handles(&self, application: u16, container: u16) -> Result<(), Stop> {
        if !self.session.is_application_open(application) {
            return Err(stop(sw::NO_APPLICATION));
        }
        if !self.session.is_container_open(application, container) {
            return Err(stop(sw::NO_CONTAINER));
        }
        Ok(())
    }

    /// The user has shown the PIN.
    pub(super) fn need_user(&self, application: u16) -> Result<(), Stop> {
        if self.session.rights(application).user { Ok(()) } else { Err(stop(sw::NO_RIGHT)) }
    }

    /// The device key was proven.
    pub(super) fn need_device(&self) -> Result<(), Stop> {
        if self.session.device_right { Ok(()) } else { Err(stop(sw::NO_RIGHT)) }
    }
}
