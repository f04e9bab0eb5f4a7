//! [`Token`] over the commands of GM/T 0017.
//!
//! Invariants
//! * Order of every operation with a PIN: refuse what can't be right without sending anything, then tries left, then the
//!   PIN once, then the right is given back – also when something failed in between.
//! * On a model without proven PIN format no PIN is sent, to a foreign card nothing after the first question.
//! * An operation with a lasting effect on a container opens it by name in the same transaction, then sends its one command.
//! * First complete pass over one container with two certificates: 12 commands; change of the PIN after it: 6.

mod current;
mod effects;
mod login;
mod read;
mod session;
#[cfg(test)]
mod tests;
mod unlock;
mod wire;
mod wire_effects;

pub use login::Login;

use super::pin_block;
use super::profile::{GM3000, PinRules, Profile};
use super::{
    ContainerInfo, KeyContents, KeyUse, PinInfo, PinKind, RemoteUnlock, Token, TokenError, Transport, UnlockChallenge,
    Unlocked,
};
use base::secret::Pin;
use gm::PublicKey;
use session::{Known, Memory, Right, Session};
use std::ops::RangeInclusive;
use wire::Name;

/// A key that speaks GM/T 0017.
pub struct Gmt0017 {
    transport: Box<dyn Transport>,
    reader: String,
    memory: Memory,
}

impl Gmt0017 {
    /// The card behind a connection; nothing is sent yet. The reader's name helps to tell the model.
    #[must_use]
    pub fn new(transport: Box<dyn Transport>, reader: &str) -> Self {
        Self { transport, reader: reader.to_owned(), memory: Memory::default() }
    }

    fn begin(&mut self) -> Result<(Session<'_>, Known), TokenError> {
        Session::begin(&mut *self.transport, &mut self.memory, &self.reader)
    }

    /// Ends a login. Sends nothing when there is no right to give back.
    fn give_right_back(&mut self) -> Result<(), TokenError> {
        if self.memory.right() == Right::Absent {
            return Ok(());
        }
        self.begin()?.0.give_right_back()
    }

    /// Rules to refuse a PIN by before the card is asked anything: until it is recognised those of the proven family.
    fn rules_so_far(&self) -> Result<&'static PinRules, TokenError> {
        pin_rules(self.memory.profile().unwrap_or(&GM3000))
    }
}

impl Drop for Gmt0017 {
    /// A right never outlives its owner as long as the card can be reached.
    fn drop(&mut self) {
        // the login that ended before could not give it back; whoever drops a token expects no answer
        let _ = self.give_right_back();
    }
}

fn pin_rules(profile: &'static Profile) -> Result<&'static PinRules, TokenError> {
    profile.pin.as_ref().ok_or(TokenError::UnprovenModel)
}

impl Token for Gmt0017 {
    fn read(&mut self) -> Result<KeyContents, TokenError> {
        let (mut session, known) = self.begin()?;
        read::contents(&mut session, known)
    }

    fn pin_info(&mut self, kind: PinKind) -> Result<PinInfo, TokenError> {
        self.begin()?.0.pin_info(kind)
    }

    fn verify_pin(&mut self, pin: Pin) -> Result<(), TokenError> {
        let key = pin_block::present_key(&self.rules_so_far()?.present, pin)?;
        let (mut session, known) = self.begin()?;
        let rules = pin_rules(known.profile)?;
        session.unlocked_pin()?;
        session.verify(rules, &key)
    }

    fn change_pin(&mut self, current: Pin, new: Pin) -> Result<PinInfo, TokenError> {
        pin_block::check_new(&self.rules_so_far()?.new, &new)?;
        let key = pin_block::present_key(&self.rules_so_far()?.present, current)?;
        let (mut session, known) = self.begin()?;
        let rules = pin_rules(known.profile)?;
        let before = session.unlocked_pin()?;
        session.verify(rules, &key)?;
        session.change(&key, &new)?;
        // a right PIN gives all tries back, and this one was just changed: asking again would only cost a command
        Ok(PinInfo { tries_left: before.max_tries, is_default: false, ..before })
    }

    fn public_key(&mut self, container: &str, key_use: KeyUse) -> Result<PublicKey, TokenError> {
        let (mut session, _) = self.begin()?;
        let name = session.container_name(container);
        let data = session.in_container(&name, |session, application, container| {
            session.data(&wire::export_public_key(application, container, key_use))
        })?;
        wire::parse_public_key(&data)
    }

    fn sign_digest(&mut self, container: &str, pin: Pin, e: &[u8; 32]) -> Result<[u8; 64], TokenError> {
        let key = pin_block::present_key(&self.rules_so_far()?.present, pin)?;
        let (mut session, known) = self.begin()?;
        let rules = pin_rules(known.profile)?;
        session.unlocked_pin()?;
        let name = session.container_name(container);
        // opened before the PIN is sent, so that no right is taken for a container that is not there
        session.in_container(&name, |_, _, _| Ok(()))?;
        session.verify(rules, &key)?;
        sign(&mut session, &known, &name, e)
    }

    fn read_file(&mut self, name: &str, limit: usize) -> Result<Vec<u8>, TokenError> {
        let (mut session, known) = self.begin()?;
        read::file(&mut session, name.as_bytes(), limit, known.device.max_apdu_data)
    }

    fn login(&mut self, pin: Pin) -> Result<Login<'_>, TokenError> {
        let key = pin_block::present_key(&self.rules_so_far()?.present, pin)?;
        let (mut session, known) = self.begin()?;
        let rules = pin_rules(known.profile)?;
        session.unlocked_pin()?;
        session.verify(rules, &key)?;
        session.keep_right();
        drop(session);
        Ok(Login::of(self))
    }

    fn current_container(&mut self) -> Result<Option<String>, TokenError> {
        let (mut session, known) = self.begin()?;
        current::name(&mut session, &known)
    }

    fn containers(&mut self) -> Result<Vec<ContainerInfo>, TokenError> {
        let (mut session, known) = self.begin()?;
        read::containers(&mut session, known.profile)
    }

    fn read_certificate(&mut self, container: &str, key_use: KeyUse) -> Result<Option<Vec<u8>>, TokenError> {
        let (mut session, known) = self.begin()?;
        let name = session.container_name(container);
        read::one_certificate(&mut session, known.profile, &name, key_use)
    }

    fn unblock_pin(&mut self, admin: Pin, new: Pin) -> Result<PinInfo, TokenError> {
        pin_block::check_new(&self.rules_so_far()?.new, &new)?;
        let key = pin_block::present_key(&pin_block::ADMIN_LENGTH, admin)?;
        let (mut session, known) = self.begin()?;
        pin_rules(known.profile)?;
        unlock::with_admin_pin(&mut session, &key, &new)
    }

    fn unlock_challenge(&mut self) -> Result<UnlockChallenge, TokenError> {
        self.rules_so_far()?;
        let (mut session, known) = self.begin()?;
        pin_rules(known.profile)?;
        unlock::challenge(&mut session)
    }

    fn unlock_remotely(&mut self, unlock: RemoteUnlock<'_>) -> Result<Unlocked, TokenError> {
        pin_block::check_new(&self.rules_so_far()?.new, &unlock.new_pin)?;
        let (mut session, known) = self.begin()?;
        let rules = pin_rules(known.profile)?;
        unlock::remotely(&mut session, &known, rules, unlock)
    }

    fn pin_length(&self) -> RangeInclusive<usize> {
        self.rules_so_far().map_or(6..=15, |rules| rules.new.clone())
    }

    fn present_pin_length(&self) -> RangeInclusive<usize> {
        self.rules_so_far().map_or(6..=16, |rules| rules.present.clone())
    }
}

fn sign(session: &mut Session<'_>, known: &Known, name: &Name, e: &[u8; 32]) -> Result<[u8; 64], TokenError> {
    let data = session.in_container(name, |session, application, container| {
        session.data(&wire::sign_digest(application, container, e, known.profile.le_of_46_and_74))
    })?;
    wire::parse_signature(&data)
}
