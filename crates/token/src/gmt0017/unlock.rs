//! The user PIN set with the admin PIN: at a counter (wire-format/pins.md#unblockpin), or by an answer made elsewhere
//! (wire-format/pins.md#remote-unblocking).
//!
//! Invariants
//! * The tries of the admin PIN are read before one is put at risk; the command is sent once.
//! * A remote answer goes to the key only for the challenge it was made for: of a challenge that was reset, used or
//!   asked anew nothing is sent.
//! * The transport PIN is changed in the transaction that sets it.

use super::session::{Known, Session, refused};
use super::{sign, wire};
use crate::apdu::Meaning;
use crate::pin_block::{self, UNSEALED};
use crate::profile::PinRules;
use crate::{PinInfo, PinKind, RemoteUnlock, TokenError, UnlockChallenge, Unlocked};
use base::secret::{Pin, SecretBytes};
use gm::Sm4Key;

/// Fewest tries of the admin PIN that must be left before one is spent on an answer made elsewhere, so that a person with
/// the right admin PIN can still come.
const ADMIN_FLOOR: u8 = 3;

/// Asks for the challenge.
pub fn challenge(session: &mut Session<'_>) -> Result<UnlockChallenge, TokenError> {
    let user = session.pin_info(PinKind::User)?;
    let admin = admin_with_tries(session)?;
    let challenge = wire::parse_challenge(&session.data(&wire::unlock_challenge())?)?;
    session.keep_unlock_challenge(challenge);
    Ok(UnlockChallenge { challenge, user, admin })
}

/// Sends the answer, and makes the new PIN the one that holds.
pub fn remotely(
    session: &mut Session<'_>,
    known: &Known,
    rules: &PinRules,
    unlock: RemoteUnlock<'_>,
) -> Result<Unlocked, TokenError> {
    let transport = pin_block::present_key(&rules.present, unlock.transport_pin)?;
    if session.take_unlock_challenge() != Some(unlock.challenge) {
        return Err(TokenError::ChallengeLost);
    }
    let name = session.container_name(unlock.container);
    session.open_container(&name)?;
    let user = session.pin_info(PinKind::User)?;
    let before = admin_with_tries(session)?;
    send(session, Form::Remote(&unlock.response), before).map_err(|error| match error {
        TokenError::ChangeUncertain => TokenError::UnlockUncertain,
        other => other,
    })?;
    // from here on the key has the transport PIN, and going on is the only way to one the person knows
    let changed = session.verify(rules, &transport).and_then(|()| session.change(&transport, &unlock.new_pin));
    if let Err(error) = changed {
        tracing::debug!(%error, "the transport PIN was not changed");
        return Err(TokenError::UnlockUncertain);
    }
    let signature = sign(session, known, &name, unlock.digest)
        .inspect_err(|error| tracing::debug!(%error, "no report was signed"))
        .ok();
    Ok(Unlocked { pin: fresh(user), signature })
}

/// Sets the new PIN with the admin PIN at hand.
pub fn with_admin_pin(session: &mut Session<'_>, admin: &Sm4Key, new: &Pin) -> Result<PinInfo, TokenError> {
    let user = session.pin_info(PinKind::User)?;
    let before = session.pin_info(PinKind::Admin)?;
    if before.is_locked() {
        return Err(TokenError::AdminLocked);
    }
    let application = session.application()?;
    let challenge = session.challenge()?;
    let data = pin_block::change_data(admin, &challenge, new, application).map_err(|_| UNSEALED)?;
    send(session, Form::Counter(data), before)?;
    Ok(fresh(user))
}

/// The two forms of the command.
enum Form<'a> {
    /// Whole data, made here.
    Counter(SecretBytes),
    /// What the authority made.
    Remote(&'a SecretBytes),
}

fn send(session: &mut Session<'_>, form: Form<'_>, before: PinInfo) -> Result<(), TokenError> {
    let request = match form {
        Form::Counter(data) => wire::unblock_pin(data),
        Form::Remote(response) => wire::remote_unblock_pin(session.application()?, response),
    };
    // the key takes the user's right away with the old PIN
    session.doubt_right();
    let Ok(answer) = session.once(&request) else { return Err(TokenError::ChangeUncertain) };
    match answer.sw.meaning() {
        Meaning::Ok => Ok(()),
        Meaning::TriesLeft(left) => Err(TokenError::WrongAdminPin { left }),
        Meaning::Locked => Err(TokenError::AdminLocked),
        Meaning::NoChallenge => Err(TokenError::ChallengeLost),
        // the key does not say how many tries are left
        Meaning::WrongMac | Meaning::CryptoFailed => {
            // it was refused, whether or not the key still answers: a try is gone, and the answer is not repeated
            let left =
                session.pin_info(PinKind::Admin).map_or(before.tries_left.saturating_sub(1), |admin| admin.tries_left);
            Err(if left == 0 { TokenError::AdminLocked } else { TokenError::WrongAdminPin { left } })
        }
        Meaning::MemoryFault | Meaning::Warning | Meaning::Other | Meaning::NotAStatusWord => {
            Err(TokenError::ChangeUncertain)
        }
        _ => Err(refused(&request, answer.sw)),
    }
}

fn admin_with_tries(session: &mut Session<'_>) -> Result<PinInfo, TokenError> {
    let admin = session.pin_info(PinKind::Admin)?;
    match admin.tries_left {
        0 => Err(TokenError::AdminLocked),
        left if left < ADMIN_FLOOR.min(admin.max_tries) => Err(TokenError::AdminTriesLow { left }),
        _ => Ok(admin),
    }
}

/// State of a PIN that was just set.
const fn fresh(before: PinInfo) -> PinInfo {
    PinInfo { max_tries: before.max_tries, tries_left: before.max_tries, is_default: false }
}
