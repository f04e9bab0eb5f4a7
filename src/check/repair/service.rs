//! Starts the smart-card service: by systemd where it runs the computer, else by the service script, else the program itself.

use super::elevation::Powers;
use crate::check::outside::in_path;
use crate::check::scene::Scene;
use base::fault::{Fault, FaultCode};
use std::time::{Duration, Instant};
use token::ServiceState;

/// How long the service may take until it answers.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// The line of the shell that starts it.
pub(super) fn line(scene: &Scene) -> String {
    if scene.path("/run/systemd/system").is_dir() {
        "systemctl enable --now pcscd.socket".to_owned()
    } else if scene.path("/etc/init.d/pcscd").is_file() && in_path(scene, "service").next().is_some() {
        "service pcscd start".to_owned()
    } else if cfg!(windows) {
        "sc start SCardSvr".to_owned()
    } else {
        "pcscd".to_owned()
    }
}

/// Starts it and waits until it answers.
pub(super) fn start(scene: &Scene, powers: &Powers) -> Result<(), Fault> {
    let places = ["/usr/sbin/pcscd", "/usr/bin/pcscd", "/usr/local/sbin/pcscd"];
    let installed = places.iter().any(|file| scene.path(file).is_file()) || in_path(scene, "pcscd").next().is_some();
    if !installed && !cfg!(windows) {
        return Err(Fault::new(FaultCode::ServiceMissing));
    }
    powers.run(&line(scene), "", FaultCode::ServiceNotStarted)?;
    let end = Instant::now() + PATIENCE;
    loop {
        let report = (scene.ask_service)();
        match report.state {
            ServiceState::Running { .. } | ServiceState::Asleep => return Ok(()),
            _ if Instant::now() >= end => {
                return Err(Fault::new(FaultCode::ServiceNotStarted).detail(format!("{:?}", report.state)));
            }
            _ => std::thread::sleep(PAUSE),
        }
    }
}
