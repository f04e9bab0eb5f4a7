//! What the window asks of desktop and updates, run beside everything else.
//!
//! Invariant: one update is asked for or downloaded at a time, none while a workflow has a key.

use super::hub::Outlet;
use super::message::{Event, UpdateStage};
use super::presets::Lock;
use super::settings::SettingsFile;
use crate::ca::{CaProfile, Origin, Profiles, Proxy};
use crate::desktop::files;
use crate::fault::{Fault, FaultCode};
use crate::update::{self, Answer, FeedSource, Release};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// So many bytes between two events of a download.
const STEP: u64 = 1 << 18;

/// So long a setup stays locked against changes after the shell took it.
const HELD: Duration = Duration::from_secs(60);

/// Updates of a hub.
#[derive(Clone, Default)]
pub(super) struct Updates {
    busy: Arc<AtomicBool>,
    cancelled: Arc<AtomicBool>,
}

/// What is known of this person, for one question.
pub(super) struct Known {
    pub settings: SettingsFile,
    pub profiles: Profiles,
    pub proxy: Proxy,
    /// Keeps which feed was seen last.
    pub seen: Option<PathBuf>,
}

impl Known {
    /// The feed of the settings, else of the CA chosen there, else of the first CA that gives one. When the administrator says
    /// where, no profile of the person does.
    fn feed(&self) -> Result<Option<FeedSource>, Fault> {
        let settings = self.settings.peek();
        if let Some(feed) = settings.update_feed {
            return FeedSource::parse(&feed.address, &feed.key).map(Some);
        }
        let locked = self.settings.presets().locks(Lock::UpdateFeed);
        let may_say = |profile: &&CaProfile| !(locked && profile.origin == Origin::Person);
        let chosen = settings.ca.as_deref().and_then(|id| self.profiles.get(id));
        let all = chosen.into_iter().chain(self.profiles.all()).filter(may_say);
        let found = all.into_iter().find_map(|profile| profile.update.clone());
        Ok(found.map(|(address, key)| FeedSource { address, key }))
    }
}

impl Updates {
    /// Asks the feed.
    pub(super) fn ask(&self, known: &Known, outlet: &Outlet) {
        let Some(_turn) = self.turn() else { return };
        if known.settings.presets().updates_off() {
            outlet.send(Event::Update(UpdateStage::TurnedOff));
            return;
        }
        outlet.send(Event::Update(UpdateStage::Asking));
        let stage = match known.feed() {
            Ok(None) => UpdateStage::NoFeed,
            Ok(Some(feed)) => match update::ask(&feed, &known.proxy, known.seen.as_deref()) {
                Ok(Answer::UpToDate) => UpdateStage::UpToDate,
                Ok(Answer::Newer(release)) => UpdateStage::Newer(Box::new(release)),
                Err(fault) => UpdateStage::Failed(fault),
            },
            Err(fault) => UpdateStage::Failed(fault),
        };
        outlet.send(Event::Update(stage));
    }

    /// Downloads the file of a release; `writing` while a workflow has a key.
    pub(super) fn download(&self, release: Box<Release>, proxy: &Proxy, writing: bool, outlet: &Outlet) {
        let Some(_turn) = self.turn() else { return };
        if writing {
            outlet.send(Event::Update(UpdateStage::Failed(Fault::new(FaultCode::UpdateWhileWriting))));
            return;
        }
        let (Some(file), Some(folder)) = (&release.file, update::downloads()) else {
            let fault = Fault::new(FaultCode::UpdateNotStored).detail("no folder of this person");
            outlet.send(Event::Update(UpdateStage::Failed(fault)));
            return;
        };
        let mut told = None;
        let done = update::download(file, proxy, &folder, &mut |bytes| {
            if told.is_none_or(|told| bytes >= told + STEP) {
                told = Some(bytes);
                outlet.send(Event::Update(UpdateStage::Downloading { release: release.clone(), bytes }));
            }
            !self.cancelled.load(Ordering::Relaxed)
        });
        let stage = match done {
            Ok(file) => UpdateStage::Downloaded { release, file, opened: false },
            Err(_) if self.cancelled.load(Ordering::Relaxed) => UpdateStage::Newer(release),
            Err(fault) => UpdateStage::Failed(fault),
        };
        outlet.send(Event::Update(stage));
    }

    /// Has the system open the downloaded file, which was looked at again just before; `writing` while a workflow has a key.
    pub(super) fn install(&self, release: Box<Release>, file: PathBuf, writing: bool, outlet: &Outlet) {
        let failed = |fault| outlet.send(Event::Update(UpdateStage::Failed(fault)));
        let Some(turn) = self.turn() else { return };
        if writing {
            failed(Fault::new(FaultCode::UpdateWhileWriting));
            return;
        }
        let Some(offered) = &release.file else { return };
        let opened = match update::unaltered(offered, &file) {
            Ok(opened) => opened,
            Err(fault) => {
                if fault.code == FaultCode::UpdateDamaged {
                    files::remove(&file);
                }
                failed(fault);
                return;
            }
        };
        let not_opened =
            |reason: String| Fault::new(FaultCode::UpdateNotOpened).detail(format!("{}: {reason}", file.display()));
        let opening = match files::open(&file) {
            Ok(opening) => opening,
            Err(error) => {
                failed(not_opened(error.to_string()));
                return;
            }
        };
        outlet.send(Event::Update(UpdateStage::Downloaded { release, file: file.clone(), opened: true }));
        drop(turn);
        if let Err(reason) = opening.end() {
            failed(not_opened(reason));
        } else if cfg!(windows) {
            // the shell starts the setup after it has asked the person; until then nobody shall put another file there
            std::thread::sleep(HELD);
        }
        drop(opened);
    }

    /// Leaves off downloading.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// The right to work, given back when it is dropped; `None` while somebody else has it.
    fn turn(&self) -> Option<Turn> {
        let free = self.busy.compare_exchange(false, true, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        free.then(|| {
            self.cancelled.store(false, Ordering::Relaxed);
            Turn(Arc::clone(&self.busy))
        })
    }
}

struct Turn(Arc<AtomicBool>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
