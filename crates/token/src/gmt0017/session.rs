//! One operation on a key: a transaction with what is remembered of the card between operations.
//!
//! Invariants
//! * A secret command and a command with a lasting effect are sent by [`Session::once`], never repeated.
//! * Identifiers are remembered and opened again when the card was reset or no longer knows them.
//! * What a card may make us read is bounded: bytes per answer, commands per operation.

use super::read::MAX_LIST;
use super::wire::{self, Id, Name, Request};
use crate::apdu::{Meaning, Response, StatusWord};
use crate::media::Medium;
use crate::pin_block::{self, Challenge, UNSEALED};
use crate::profile::{PinRules, Profile, READ_ONLY};
use crate::{Channel, DeviceInfo, PinInfo, PinKind, TokenError, Transport, TransportError};
use base::secret::Pin;
use gm::Sm4Key;

/// What one card told, kept while it stays in the reader.
#[derive(Default)]
pub struct Memory {
    identity: Identity,
    application: Option<Application>,
    containers: Vec<(Name, Id)>,
    names: Vec<Name>,
    right: Right,
    /// Challenge of a remote unlock that waits for its answer.
    unlock_challenge: Option<Challenge>,
}

/// Whether the user's right lies on the card beyond one operation, as far as it is known here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Right {
    /// It does not.
    #[default]
    Absent,
    /// It does since a login.
    Held,
    /// It may: nothing relies on it, but it is still to be given back.
    Doubtful,
}

#[derive(Default)]
enum Identity {
    #[default]
    Unasked,
    Foreign,
    Key(Known),
}

/// A recognised key.
#[derive(Clone)]
pub struct Known {
    /// What it states about itself.
    pub device: DeviceInfo,
    /// Its row in the table.
    pub medium: Option<&'static Medium>,
    /// How it is spoken to.
    pub profile: &'static Profile,
}

struct Application {
    name: Name,
    id: Option<Id>,
}

/// Application of the certificates on keys of this CA; on others the first one is taken.
const APPLICATION: &str = "BJCA-Application";

/// Most commands one operation sends: a card that never finishes is given up.
const MAX_COMMANDS: u32 = 4000;

/// A transaction for one operation.
pub struct Session<'a> {
    channel: Box<dyn Channel + 'a>,
    memory: &'a mut Memory,
    commands: u32,
    /// A PIN was sent, and its right ends with this operation.
    right: bool,
}

impl<'a> Session<'a> {
    /// Takes the transaction and recognises the card if that was not done yet.
    pub fn begin(
        transport: &'a mut dyn Transport,
        memory: &'a mut Memory,
        reader: &str,
    ) -> Result<(Self, Known), TokenError> {
        let atr = transport.atr().to_vec();
        let channel = transport.begin().inspect_err(|error| memory.broken(*error))?;
        if channel.was_reset() {
            memory.close_application();
            memory.right = Right::Absent;
            memory.unlock_challenge = None;
        }
        let mut session = Self { channel, memory, commands: 0, right: false };
        let known = session.recognise(&atr, reader)?;
        Ok((session, known))
    }

    /// One harmless question; whoever answers it otherwise than a key never gets another command.
    fn recognise(&mut self, atr: &[u8], reader: &str) -> Result<Known, TokenError> {
        match &self.memory.identity {
            Identity::Key(known) => return Ok(known.clone()),
            Identity::Foreign => return Err(TokenError::Unsupported),
            Identity::Unasked => {}
        }
        let response = self.plain(&wire::dev_info())?;
        let device = if response.sw.is_ok() { wire::parse_dev_info(&response.data) } else { None };
        let Some(device) = device else {
            self.memory.identity = Identity::Foreign;
            return Err(TokenError::Unsupported);
        };
        let medium = Medium::find(atr, reader, &device);
        let profile = medium.and_then(Medium::profile).unwrap_or(&READ_ONLY);
        let known = Known { device, medium, profile };
        self.memory.identity = Identity::Key(known.clone());
        Ok(known)
    }

    /// The only way to the card. Logs header, lengths and status word, never answer data.
    pub(super) fn once(&mut self, request: &Request) -> Result<Response, TokenError> {
        self.commands += 1;
        if self.commands > MAX_COMMANDS {
            return Err(request.malformed("the answers never end"));
        }
        let result = self.channel.transmit(&request.command);
        match &result {
            Ok(answer) => {
                tracing::trace!(name = request.name, command = %request.command, sw = %answer.sw, length = answer.data.len());
            }
            Err(error) => {
                tracing::trace!(name = request.name, command = %request.command, %error);
                self.memory.broken(*error);
            }
        }
        Ok(result?)
    }

    /// Sends a command without secrets; a wrong Le is put right once.
    fn plain(&mut self, request: &Request) -> Result<Response, TokenError> {
        let response = self.once(request)?;
        let Meaning::WrongLe(low) = response.sw.meaning() else { return Ok(response) };
        let exact = request.exact.unwrap_or(if low == 0 { 256 } else { u16::from(low) });
        match request.command.with_exact_le(exact) {
            Some(command) => self.once(&Request { name: request.name, command, exact: None }),
            None => Ok(response),
        }
    }

    /// The data of a command that must succeed.
    pub fn data(&mut self, request: &Request) -> Result<Vec<u8>, TokenError> {
        let response = self.plain(request)?;
        accept(request, response.sw)?;
        Ok(response.data)
    }

    /// Sends a command with a lasting effect, once; its data when it succeeded.
    pub fn effect(&mut self, request: &Request) -> Result<Vec<u8>, TokenError> {
        let response = self.once(request)?;
        accept(request, response.sw)?;
        Ok(response.data)
    }

    /// The data of a command whose answer may come in pieces: `6A9E`, then the identical command, raw continuation.
    pub fn long(&mut self, request: &Request, limit: usize) -> Result<Vec<u8>, TokenError> {
        let mut all = Vec::new();
        loop {
            let mut piece = self.plain(request)?;
            let more = piece.sw.meaning() == Meaning::MoreData;
            if !more {
                accept(request, piece.sw)?;
            }
            if more && piece.data.is_empty() {
                return Err(request.malformed("empty piece"));
            }
            if all.len() + piece.data.len() > limit {
                return Err(request.malformed("longer than any key holds"));
            }
            all.append(&mut piece.data);
            if !more {
                return Ok(all);
            }
        }
    }

    /// Sends a command whose answer does not matter.
    pub fn ignore(&mut self, request: &Request) {
        // whatever comes back, the next command shows whether the card is still there
        let _ = self.once(request);
    }

    /// The application of the certificates: opened before, else found and opened.
    pub fn application(&mut self) -> Result<Id, TokenError> {
        let name = match &self.memory.application {
            Some(Application { id: Some(id), .. }) => return Ok(*id),
            Some(Application { name, id: None }) => name.clone(),
            None => self.find_application()?,
        };
        let data = self.data(&wire::open_application(&name.raw))?;
        let id = wire::parse_application(&data)?;
        self.memory.application = Some(Application { name, id: Some(id) });
        Ok(id)
    }

    fn find_application(&mut self) -> Result<Name, TokenError> {
        let request = wire::enum_applications();
        let mut names = wire::parse_names(request.name, &self.long(&request, MAX_LIST)?)?;
        let index = names.iter().position(|name| name.text == APPLICATION).unwrap_or_default();
        if index < names.len() { Ok(names.swap_remove(index)) } else { Err(TokenError::NoApplication) }
    }

    /// Name of the open application.
    pub fn application_name(&self) -> Option<String> {
        Some(self.memory.application.as_ref()?.name.text.clone())
    }

    /// Runs a command of the application; when the card no longer knows a remembered identifier, opens it again.
    pub fn in_application<T>(&mut self, run: impl Fn(&mut Self, Id) -> Result<T, TokenError>) -> Result<T, TokenError> {
        let remembered = matches!(self.memory.application, Some(Application { id: Some(_), .. }));
        let id = self.application()?;
        match run(self, id) {
            Err(TokenError::Refused { sw, .. }) if remembered && sw.meaning() == Meaning::NoApplication => {
                self.memory.close_application();
                let id = self.application()?;
                run(self, id)
            }
            result => result,
        }
    }

    /// Runs a command of a container, opening it or opening it again as needed.
    pub fn in_container<T>(
        &mut self,
        name: &Name,
        run: impl Fn(&mut Self, Id, Id) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let remembered = self.memory.containers.iter().any(|(known, _)| known == name);
        let (application, container) = self.container(name)?;
        let result = run(self, application, container);
        let lost = match &result {
            Err(TokenError::Refused { sw, .. }) => sw.meaning() == Meaning::NoApplication,
            Err(TokenError::NoContainer) => true,
            _ => false,
        };
        if !(remembered && lost) {
            return result;
        }
        self.memory.close_application();
        let (application, container) = self.container(name)?;
        run(self, application, container)
    }

    /// Opens a container by its name, also when it was opened before: another program may have closed it, or deleted it
    /// and made another one with the same identifier, which a command with an effect must not fall on.
    pub fn open_container(&mut self, name: &Name) -> Result<(Id, Id), TokenError> {
        self.forget_container(name);
        self.container(name)
    }

    /// Remembers a container that was just made.
    pub fn remember_container(&mut self, name: &Name, id: Id) {
        self.forget_container(name);
        self.memory.containers.push((name.clone(), id));
    }

    /// Forgets the identifier of a container.
    pub fn forget_container(&mut self, name: &Name) {
        self.memory.containers.retain(|(known, _)| known != name);
    }

    /// Identifiers of application and container.
    fn container(&mut self, name: &Name) -> Result<(Id, Id), TokenError> {
        let application = self.application()?;
        if let Some((_, id)) = self.memory.containers.iter().find(|(known, _)| known == name) {
            return Ok((application, *id));
        }
        let open = |session: &mut Self, application| {
            let data = session.data(&wire::open_container(application, &name.raw))?;
            Ok((application, wire::parse_container("OpenContainer", &data)?))
        };
        let (application, id) = self.in_application(open)?;
        self.memory.containers.push((name.clone(), id));
        Ok((application, id))
    }

    /// Keeps the names of a list, so that a container can be asked for by what is shown of it.
    pub fn remember(&mut self, names: &[Name]) {
        self.memory.names = names.to_vec();
    }

    /// The name as the key spells it.
    pub fn container_name(&self, text: &str) -> Name {
        let known = self.memory.names.iter().find(|name| name.text == text).cloned();
        known.unwrap_or_else(|| Name { raw: text.as_bytes().to_vec(), text: text.to_owned() })
    }

    /// State of a PIN.
    pub fn pin_info(&mut self, kind: PinKind) -> Result<PinInfo, TokenError> {
        self.in_application(|session, application| {
            wire::parse_pin_info(&session.data(&wire::pin_info(application, kind))?)
        })
    }

    /// State of the user PIN, and a refusal when sending one is pointless.
    pub fn unlocked_pin(&mut self) -> Result<PinInfo, TokenError> {
        let info = self.pin_info(PinKind::User)?;
        if info.is_locked() { Err(TokenError::Locked) } else { Ok(info) }
    }

    /// A fresh challenge.
    pub fn challenge(&mut self) -> Result<Challenge, TokenError> {
        wire::parse_challenge(&self.data(&wire::gen_random())?)
    }

    /// Sends VerifyPIN, once.
    pub fn verify(&mut self, rules: &PinRules, key: &Sm4Key) -> Result<(), TokenError> {
        let application = self.application()?;
        let challenge = self.challenge()?;
        let data = pin_block::verify_data(rules, key, &challenge, application).map_err(|_| UNSEALED)?;
        let request = wire::verify_pin(data);
        self.right = true;
        self.memory.doubt();
        let answer = self.once(&request)?;
        let result = pin_result(&request, answer.sw);
        self.right = !matches!(result, Err(TokenError::WrongPin { .. } | TokenError::Locked));
        result
    }

    /// Leaves the right of the PIN just verified on the card when this operation ends.
    pub fn keep_right(&mut self) {
        self.right = false;
        self.memory.right = Right::Held;
    }

    /// Refuses what needs the user's right when it is not there.
    pub fn need_right(&self) -> Result<(), TokenError> {
        if self.memory.right == Right::Held { Ok(()) } else { Err(TokenError::NotLoggedIn) }
    }

    /// The card denied the right that was thought to be there.
    pub fn doubt_right(&mut self) {
        self.memory.doubt();
    }

    /// Gives back what a login left on the card.
    pub fn give_right_back(&mut self) -> Result<(), TokenError> {
        if self.memory.right == Right::Absent {
            return Ok(());
        }
        self.memory.doubt();
        self.in_application(|session, application| session.data(&wire::clear_secure_state(application)))?;
        self.memory.right = Right::Absent;
        Ok(())
    }

    /// Remembers the challenge of a remote unlock.
    pub fn keep_unlock_challenge(&mut self, challenge: Challenge) {
        self.memory.unlock_challenge = Some(challenge);
    }

    /// Uses up the challenge of a remote unlock; `None` when it was used, or ended by a reset.
    pub fn take_unlock_challenge(&mut self) -> Option<Challenge> {
        self.memory.unlock_challenge.take()
    }

    /// Sends ChangePIN, once. What breaks before it is an ordinary failure; from here on nobody knows.
    pub fn change(&mut self, key: &Sm4Key, new: &Pin) -> Result<(), TokenError> {
        let application = self.application()?;
        let challenge = self.challenge()?;
        let data = pin_block::change_data(key, &challenge, new, application).map_err(|_| UNSEALED)?;
        let request = wire::change_pin(data);
        let Ok(answer) = self.once(&request) else { return Err(TokenError::ChangeUncertain) };
        match answer.sw.meaning() {
            Meaning::Ok => Ok(()),
            Meaning::Locked => Err(TokenError::Locked),
            Meaning::MemoryFault | Meaning::Warning | Meaning::Other | Meaning::NotAStatusWord => {
                Err(TokenError::ChangeUncertain)
            }
            _ => Err(refused(&request, answer.sw)),
        }
    }
}

impl Drop for Session<'_> {
    /// Gives the right of a PIN back, on every way out. A failure here does not change what became of the operation.
    fn drop(&mut self) {
        if !self.right {
            return;
        }
        self.memory.right = Right::Doubtful;
        if let Some(Application { id: Some(id), .. }) = self.memory.application
            && self.once(&wire::clear_secure_state(id)).is_ok_and(|answer| answer.sw.is_ok())
        {
            self.memory.right = Right::Absent;
        }
    }
}

impl Memory {
    /// Profile of the card, once it is recognised.
    pub fn profile(&self) -> Option<&'static Profile> {
        match &self.identity {
            Identity::Key(known) => Some(known.profile),
            Identity::Unasked | Identity::Foreign => None,
        }
    }

    /// Whether a login left the user's right on the card.
    pub const fn right(&self) -> Right {
        self.right
    }

    fn doubt(&mut self) {
        if self.right == Right::Held {
            self.right = Right::Doubtful;
        }
    }

    /// What a broken connection means for the right.
    fn broken(&mut self, error: TransportError) {
        match error {
            // without power there is no right
            TransportError::Removed => self.right = Right::Absent,
            // nothing reached the card
            TransportError::Held | TransportError::TooLong => return,
            _ => self.doubt(),
        }
        self.unlock_challenge = None;
    }

    fn close_application(&mut self) {
        self.containers.clear();
        if let Some(application) = &mut self.application {
            application.id = None;
        }
    }
}

fn accept(request: &Request, sw: StatusWord) -> Result<(), TokenError> {
    match sw.meaning() {
        Meaning::Ok => Ok(()),
        Meaning::NotLoggedIn => Err(TokenError::NotLoggedIn),
        Meaning::NoSpace => Err(TokenError::NoSpace),
        Meaning::NoContainer => Err(TokenError::NoContainer),
        Meaning::ContainerExists => Err(TokenError::ContainerExists),
        _ => Err(refused(request, sw)),
    }
}

pub(super) const fn refused(request: &Request, sw: StatusWord) -> TokenError {
    TokenError::Refused { command: request.name, sw }
}

fn pin_result(request: &Request, sw: StatusWord) -> Result<(), TokenError> {
    match sw.meaning() {
        Meaning::TriesLeft(left) => Err(TokenError::WrongPin { left }),
        Meaning::Locked => Err(TokenError::Locked),
        Meaning::Ok => Ok(()),
        _ => Err(refused(request, sw)),
    }
}
