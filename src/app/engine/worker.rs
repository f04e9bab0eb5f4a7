//! One thread per inserted key. It owns the key's [`Token`]; jobs come one after the other, answers go out as events.

use super::{seal, timeline};
use crate::app::engine::dispatch::EventSender;
use crate::app::engine::message::Event;
use crate::app::model::view::KeyView;
use crate::check::Inserted;
use crate::desktop::crash;
use base::fault::{Fault, FaultCode};
use base::secret::Pin;
use certificate::Certificate;
use gm::PublicKey;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use token::{Gmt0017, KeySource, KeyUse, PinKind, Slot, Token, TokenError};

/// Work for a key.
pub(in crate::app) enum Job {
    /// Read everything the card shows.
    Read,
    /// Replace the user PIN.
    ChangePin { current: Pin, new: Pin },
    /// Say how many tries the admin PIN has left.
    AdminTries,
    /// Replace the user PIN by right of the admin PIN.
    UnblockPin { admin: Pin, new: Pin },
    /// Lend the key to a workflow; until it comes back nothing else is done with it.
    Lend(Sender<Loan>),
    /// Open the connection anew with the next operation: a workflow that ended may have left it broken.
    Reconnect,
    /// Fetch the public key for a certificate check; `None` when the key does not give it.
    PublicKey { key_use: KeyUse, then: Box<dyn FnOnce(Option<PublicKey>) + Send> },
    /// Say which certificate is in use, as it was read last; the key is not asked.
    Certificate(Box<dyn FnOnce(Option<Certificate>) + Send>),
    /// Read everything for the environment check; the window hears nothing of it.
    Inspect(Sender<(u64, Inserted)>),
}

/// Starts the worker of a slot and gives it its first job. It ends when the returned sender is dropped. `lent` is true
/// while a workflow has the key.
pub(in crate::app) fn start(
    slot: Slot,
    source: Arc<dyn KeySource>,
    sender: EventSender,
    lent: Arc<AtomicBool>,
) -> Option<Sender<Job>> {
    let (jobs, inbox) = channel();
    jobs.send(Job::Read).ok()?;
    let id = slot.id;
    let report = sender.clone();
    let thread = std::thread::Builder::new()
        .name(format!("key-{id}"))
        .spawn(move || Worker { slot, source, sender, lent, token: None, container: None, leading: None }.run(&inbox));
    if thread.is_err() {
        report.send(Event::Contents { slot: id, result: Err(Fault::new(FaultCode::InternalStopped)) });
        return None;
    }
    Some(jobs)
}

/// A key lent to a workflow. Dropping it gives the key back.
pub(in crate::app) struct Loan {
    token: Option<Box<dyn Token>>,
    back: Sender<Box<dyn Token>>,
}

impl Loan {
    /// The key, until the loan is dropped.
    pub(in crate::app) fn token(&mut self) -> Option<&mut dyn Token> {
        self.token.as_deref_mut().map(|token| token as &mut dyn Token)
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            // the worker is gone with its key: the token is dropped here
            let _gone = self.back.send(token);
        }
    }
}

struct Worker {
    slot: Slot,
    source: Arc<dyn KeySource>,
    sender: EventSender,
    lent: Arc<AtomicBool>,
    token: Option<Box<dyn Token>>,
    /// Name of the container in use, from the last read.
    container: Option<String>,
    /// The certificate in use, from the last read.
    leading: Option<Certificate>,
}

impl Worker {
    fn run(mut self, inbox: &Receiver<Job>) {
        while let Ok(job) = inbox.recv() {
            let lost = self.lost(&job);
            // the connection is opened anew before the key is used again
            if catch_unwind(AssertUnwindSafe(|| self.do_job(job))).is_err() {
                self.token = None;
                self.lent.store(false, Ordering::Relaxed);
                lost.into_iter().for_each(|event| {
                    self.sender.send(event);
                });
            }
        }
    }

    /// What the window hears when this work ends by a fault of the program.
    fn lost(&self, job: &Job) -> Vec<Event> {
        let (slot, stopped) = (self.slot.id, || Fault::new(FaultCode::InternalStopped));
        let uncertain = |code| Err(Fault::new(code).detail(FaultCode::InternalStopped.as_str()));
        let ended = match job {
            Job::ChangePin { .. } => {
                Some(Event::PinChanged { slot, result: uncertain(FaultCode::PinUncertain), pin: None })
            }
            Job::UnblockPin { .. } => {
                let result = uncertain(FaultCode::UnlockUncertain);
                Some(Event::PinUnblocked { slot, result, user: None, admin: None })
            }
            Job::AdminTries => Some(Event::AdminTries { slot, result: Err(stopped()) }),
            Job::PublicKey { key_use, .. } => Some(Event::Checked { slot, key_use: *key_use, result: Err(stopped()) }),
            Job::Inspect(_) => return Vec::new(),
            Job::Read | Job::Lend(_) | Job::Reconnect | Job::Certificate(_) => None,
        };
        ended.into_iter().chain([Event::Contents { slot, result: Err(stopped()) }]).collect()
    }

    fn do_job(&mut self, job: Job) {
        match job {
            Job::Read => self.read(),
            Job::ChangePin { current, new } => self.change_pin(current, new),
            Job::AdminTries => {
                let result = self.with_token(|token| token.pin_info(PinKind::Admin));
                let result = result.map_err(|error| Fault::from(&error));
                self.sender.send(Event::AdminTries { slot: self.slot.id, result });
            }
            Job::UnblockPin { admin, new } => self.unblock_pin(admin, new),
            Job::Lend(to) => self.lend(&to),
            Job::Reconnect => self.token = None,
            Job::Certificate(then) => then(self.leading.clone()),
            Job::PublicKey { key_use, then } => {
                let container = self.container.clone();
                then(container.and_then(|name| self.with_token(|token| token.public_key(&name, key_use)).ok()));
            }
            Job::Inspect(to) => {
                let found = self.inspect();
                // who asked waits no longer
                let _late = to.send((self.slot.id, found));
            }
        }
    }

    /// Gives the key away and waits until it comes back. A key that can't be opened is not lent; the borrower sees the
    /// closed channel.
    fn lend(&mut self, to: &Sender<Loan>) {
        let token = match self.token.take() {
            Some(token) => token,
            None => match self.source.open(&self.slot) {
                Ok(transport) => Box::new(Gmt0017::new(transport, &self.slot.reader)),
                Err(error) => {
                    tracing::debug!(%error, slot = self.slot.id, "the key can't be opened");
                    return;
                }
            },
        };
        let (back, returned) = channel();
        self.lent.store(true, Ordering::Relaxed);
        if let Err(refused) = to.send(Loan { token: Some(token), back }) {
            // the borrower is gone: the loan comes back at once
            drop(refused);
        }
        self.token = returned.recv().ok();
        self.lent.store(false, Ordering::Relaxed);
    }

    /// Runs one operation; a connection that broke is opened anew by the next operation, never by this one.
    fn with_token<R>(
        &mut self,
        operation: impl FnOnce(&mut dyn Token) -> Result<R, TokenError>,
    ) -> Result<R, TokenError> {
        let token = match &mut self.token {
            Some(token) => token,
            empty => empty.insert(Box::new(Gmt0017::new(self.source.open(&self.slot)?, &self.slot.reader))),
        };
        let result = operation(token.as_mut());
        if matches!(result, Err(TokenError::Transport(_) | TokenError::ChangeUncertain | TokenError::UnlockUncertain)) {
            self.token = None;
        }
        result
    }

    fn read(&mut self) {
        crash::on_demand("worker");
        let result = self.with_token(|token| Ok((token.read()?, token.pin_length(), token.present_pin_length())));
        self.container = match &result {
            Ok((contents, ..)) => contents.current_container().map(|container| container.name.clone()),
            Err(_) => None,
        };
        let pictures = result.as_ref().map(|(contents, ..)| seal::candidates(contents)).unwrap_or_default();
        timeline::mark("read", format_args!("{} {}", if result.is_ok() { "ok" } else { "failed" }, self.slot.reader));
        let view = result.map(|(contents, new, present)| Box::new(KeyView::new(contents, new, present)));
        self.leading = view.as_ref().ok().and_then(|view| view.leading()).cloned();
        let result = view.map_err(|error| Fault::from(&error));
        self.sender.send(Event::Contents { slot: self.slot.id, result });
        self.read_seal(&pictures);
    }

    fn inspect(&mut self) -> Inserted {
        let read = self.with_token(|token| {
            let contents = token.read()?;
            let mut public_keys = Vec::new();
            if let Some(container) = contents.current_container() {
                for key_use in [KeyUse::Sign, KeyUse::Encrypt] {
                    match token.public_key(&container.name, key_use) {
                        Ok(key) => public_keys.push((key_use, key)),
                        Err(error @ TokenError::Transport(_)) => return Err(error),
                        // a container without such a key
                        Err(error) => tracing::debug!(%error, ?key_use, "no public key"),
                    }
                }
            }
            Ok((contents, public_keys))
        });
        let Slot { reader, atr, .. } = self.slot.clone();
        let (result, public_keys) = match read {
            Ok((contents, public_keys)) => (Ok(contents), public_keys),
            Err(error) => (Err(Fault::from(&error)), Vec::new()),
        };
        Inserted { reader, atr, result, public_keys, lent: false }
    }

    /// Looks for the seal picture after the card is complete: nobody waits for it.
    fn read_seal(&mut self, files: &[String]) {
        let found = files.iter().find_map(|name| {
            let bytes = self.with_token(|token| token.read_file(name, seal::LARGEST)).ok()?;
            seal::Picture::decode(&bytes)
        });
        if let Some(picture) = found {
            self.sender.send(Event::Seal { slot: self.slot.id, picture });
        }
    }

    fn change_pin(&mut self, current: Pin, new: Pin) {
        let result = self.with_token(|token| token.change_pin(current, new));
        let pin = match &result {
            Ok(pin) => Some(*pin),
            // nothing is sent to a key that broke off; the person is told to insert it again
            Err(TokenError::Transport(_) | TokenError::ChangeUncertain) => None,
            Err(_) => self.with_token(|token| token.pin_info(PinKind::User)).ok(),
        };
        self.sender.send(Event::PinChanged {
            slot: self.slot.id,
            result: result.map(drop).map_err(|error| Fault::from(&error)),
            pin,
        });
    }

    fn unblock_pin(&mut self, admin: Pin, new: Pin) {
        let result = self.with_token(|token| token.unblock_pin(admin, new));
        let (user, admin) = match &result {
            // nothing is sent to a key that broke off
            Err(TokenError::Transport(_) | TokenError::ChangeUncertain | TokenError::UnlockUncertain) => (None, None),
            ended => {
                let user = ended.as_ref().ok().copied();
                let user = user.or_else(|| self.with_token(|token| token.pin_info(PinKind::User)).ok());
                (user, self.with_token(|token| token.pin_info(PinKind::Admin)).ok())
            }
        };
        let result = result.map(drop).map_err(|error| Fault::from(&error));
        self.sender.send(Event::PinUnblocked { slot: self.slot.id, result, user, admin });
    }
}
