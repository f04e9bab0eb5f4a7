//! One look at the reader service, for the environment check: what [`ServiceState`] leaves out for the window.
//!
//! Invariant: a service that hangs never hangs the caller. The client library has no time limit, so it is called on a thread
//! that may be left behind.

use super::ServiceState;
use super::service_probe;
use super::text::shown;
use pcsc::{Context, Error, ReaderState, Scope, State};
use std::sync::mpsc::channel;
use std::time::Duration;

/// A service that gives no answer for so long will give none.
const PATIENCE: Duration = Duration::from_secs(3);

/// What one look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceReport {
    /// For the person.
    pub state: ServiceState,
    /// It listens but does not answer.
    pub silent: bool,
    /// It hangs up without a word: the access rules of the system refuse this user, as opposed to its socket.
    pub hangs_up: bool,
    /// The readers, when it runs.
    pub readers: Vec<ReaderSeen>,
}

/// A reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderSeen {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub card: CardSeen,
    /// ATR of the card, empty without one.
    pub atr: Vec<u8>,
}

/// What the service says about the card in a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardSeen {
    /// There is none.
    None,
    /// There is one.
    There,
    /// There is one that does not answer.
    Mute,
    /// A program holds it exclusively.
    Held,
}

impl ServiceReport {
    /// Asks the service.
    #[must_use]
    pub fn look() -> Self {
        let (tell, answer) = channel();
        let started = std::thread::Builder::new().name("service-look".to_owned()).spawn(move || {
            let found = Context::establish(Scope::User).and_then(|context| readers(&context));
            // nobody waits any more
            let _late = tell.send(found);
        });
        if let Err(error) = started {
            tracing::error!(%error, "no thread to ask the service");
            return ServiceState::Stopped.into();
        }
        match answer.recv_timeout(PATIENCE) {
            Ok(Ok(readers)) => {
                Self { readers: readers.clone(), ..ServiceState::Running { readers: readers.len() }.into() }
            }
            Ok(Err(error)) => {
                let hangs_up = service_probe::greet() == Err(service_probe::Silence::HangsUp);
                Self { hangs_up, ..service_probe::diagnose(error).state.into() }
            }
            Err(_) => Self { silent: true, ..ServiceState::Stopped.into() },
        }
    }
}

impl From<ServiceState> for ServiceReport {
    fn from(state: ServiceState) -> Self {
        Self { state, silent: false, hangs_up: false, readers: Vec::new() }
    }
}

/// Lets the client library greet the service and leaves again.
pub fn meet_service() {
    if let Err(error) = Context::establish(Scope::User) {
        tracing::debug!(%error, "no context");
    }
}

fn readers(context: &Context) -> Result<Vec<ReaderSeen>, Error> {
    let names = context.list_readers_owned()?;
    let mut states: Vec<_> = names.into_iter().map(|name| ReaderState::new(name, State::UNAWARE)).collect();
    // the states of no reader at all would be those of the computer
    if !states.is_empty() {
        match context.get_status_change(Some(Duration::ZERO), &mut states) {
            // a reader that went between both calls tells that in its state
            Ok(()) | Err(Error::Timeout | Error::UnknownReader) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(states.iter().map(seen).collect())
}

fn seen(state: &ReaderState) -> ReaderSeen {
    let now = state.event_state();
    let card = if !now.contains(State::PRESENT) {
        CardSeen::None
    } else if now.contains(State::MUTE) {
        CardSeen::Mute
    } else if now.contains(State::EXCLUSIVE) {
        CardSeen::Held
    } else {
        CardSeen::There
    };
    ReaderSeen { name: shown(state.name().to_bytes()), card, atr: state.atr().to_vec() }
}
