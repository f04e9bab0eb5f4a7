//! Repairs, carried out for real in a place of their own, where the test is the administrator; afterwards the layer works.

use crate::storage::{mount, with_own_mounts};
use crate::world::{World, details};
use cert_assistant::app::FaultCode;
use cert_assistant::check::{ProbeId, Repair, Scene, carry_out};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use token::{ServiceReport, ServiceState};

fn path(scene: &mut Scene) {
    scene.variables.insert("PATH".to_owned(), std::env::var("PATH").unwrap());
}

#[test]
fn a_stopped_service_is_started_and_answers() {
    const PID: &str = "/run/pcscd/pcscd.pid";
    if !with_own_mounts("repairs::a_stopped_service_is_started_and_answers") {
        return;
    }
    // no other service of this computer is seen, and no reader is given to this one
    std::fs::create_dir_all("/run/pcscd").unwrap();
    mount(Path::new("/run/pcscd"), "mode=0755");
    mount(Path::new("/etc/reader.conf.d"), "mode=0755");
    let mut world = World::new();
    world.file("/usr/sbin/pcscd", "");
    world.scene.ask_service = Box::new(ServiceReport::look);
    assert_eq!(world.scene.service(), &ServiceState::Stopped);
    assert_eq!(Repair::StartService.command(&world.scene).as_deref(), Some("pcscd"));
    carry_out(Repair::StartService, &world.scene).unwrap();
    let after = ServiceReport::look().state;
    let pid = std::fs::read_to_string(PID).unwrap();
    assert!(Command::new("kill").arg(pid.trim_matches(['\0', '\n'])).status().unwrap().success());
    assert!(matches!(after, ServiceState::Running { .. }), "{after:?}");
}

#[test]
fn the_command_is_the_one_of_the_system_at_hand() {
    if !with_own_mounts("repairs::the_command_is_the_one_of_the_system_at_hand") {
        return;
    }
    let command = |prepare: &dyn Fn(&mut World)| {
        let mut world = World::new();
        prepare(&mut world);
        Repair::StartService.command(&world.scene).unwrap()
    };
    let script = |world: &mut World| {
        world.file("/etc/init.d/pcscd", "");
        world.file("/usr/sbin/service", "");
        world.variable("PATH", "/usr/sbin");
    };
    assert!(
        command(&|world| {
            script(world);
            world.file("/run/systemd/system/x", "");
        })
        .ends_with("systemctl enable --now pcscd.socket")
    );
    assert!(command(&script).ends_with("service pcscd start"));
}

#[test]
fn a_service_that_is_not_installed_or_does_not_come_up_is_told() {
    if !with_own_mounts("repairs::a_service_that_is_not_installed_or_does_not_come_up_is_told") {
        return;
    }
    // no service manager of this computer is reached
    mount(Path::new("/run"), "mode=0755");
    let world = World::new();
    assert_eq!(carry_out(Repair::StartService, &world.scene).unwrap_err().code, FaultCode::ServiceMissing);
    let world = World::new();
    // its script fails
    world.file("/usr/sbin/pcscd", "");
    world.file("/run/systemd/system/x", "");
    let fault = carry_out(Repair::StartService, &world.scene).unwrap_err();
    assert_eq!(fault.code, FaultCode::ServiceNotStarted, "{fault:?}");
}

#[test]
fn the_rule_is_written_below_the_root_in_one_step_and_for_nobody_but_root_to_change() {
    if !with_own_mounts("repairs::the_rule_is_written_below_the_root_in_one_step_and_for_nobody_but_root_to_change") {
        return;
    }
    let mut world = World::new();
    path(&mut world.scene);
    let command = Repair::InstallUdevRule.command(&world.scene).unwrap();
    assert!(command.contains("70-cert-assistant.rules") && !command.contains("udevadm"), "{command}");
    carry_out(Repair::InstallUdevRule, &world.scene).unwrap();
    let file = world.scene.path("/etc/udev/rules.d/70-cert-assistant.rules");
    let rule = std::fs::read_to_string(&file).unwrap();
    assert!(rule.contains("ATTR{idVendor}==\"055c\"") && rule.contains("TAG+=\"uaccess\"") && rule.contains("0660"));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");

    world.file("/usr/bin/udevadm", "");
    assert!(Repair::InstallUdevRule.command(&world.scene).unwrap().contains("udevadm control --reload"));
    // a place that can't be written
    let world = World::new();
    world.file("/etc/udev", "no folder");
    let fault = carry_out(Repair::InstallUdevRule, &world.scene).unwrap_err();
    assert_eq!(fault.code, FaultCode::RuleNotInstalled);
}

#[test]
fn a_missing_start_with_the_desktop_is_added() {
    let mut world = World::new();
    world.variable("HOME", "/home/x");
    world.file("/opt/cert-assistant", "");
    world.scene.program = world.scene.path("/opt/cert-assistant");
    carry_out(Repair::AddAutostart, &world.scene).unwrap();
    let entry = world.scene.path("/home/x/.config/autostart/cert-assistant.desktop");
    assert!(std::fs::read_to_string(entry).unwrap().contains("/opt/cert-assistant"));
    let line = world.line(ProbeId::Program);
    assert_eq!(line.repair, None);
    assert!(details(&line).contains(&"program.autostart_on"));
}
