//! The keys on the USB bus, told by VID:PID (wire-format/key-contents.md#media).

use super::usb_bus::{Bus, Device, look};
use crate::check::{Line, Probe, ProbeId, Scene, Statement, Verdict};

/// The probe.
pub struct Usb;

impl Probe for Usb {
    fn id(&self) -> ProbeId {
        ProbeId::Usb
    }

    fn run(&self, scene: &Scene) -> Line {
        let line = |verdict, sentence| Line::new(ProbeId::Usb, verdict, sentence);
        if scene.practice {
            return line(Verdict::NotApplicable, Statement::new("common.practice"));
        }
        let devices = match look(scene) {
            Bus::OtherSystem => return line(Verdict::NotApplicable, Statement::new("usb.other_system")),
            Bus::Missing => {
                let sentence = Statement::new("usb.no_bus");
                return line(Verdict::NotApplicable, sentence).remedy(Statement::new("usb.no_bus_todo"));
            }
            Bus::Devices(devices) => devices,
        };
        let count = |wanted: fn(&Device) -> bool| devices.iter().filter(|device| wanted(device)).count();
        let known = count(|device| device.medium.is_some());
        let strange = count(|device| device.medium.is_none() && !device.ccid);
        let readers = count(|device| device.medium.is_none() && device.ccid);
        let found = if known > 0 {
            line(Verdict::Ok, Statement::new("usb.found").with("count", known))
        } else if readers > 0 {
            line(Verdict::Ok, Statement::new("usb.readers").with("count", readers))
        } else if strange > 0 {
            line(Verdict::Notice, Statement::new("usb.unknown").with("id", ids(&devices)))
                .remedy(Statement::new("usb.unknown_todo"))
        } else if !scene.service_report().readers.is_empty() {
            line(Verdict::Ok, Statement::new("usb.elsewhere"))
        } else {
            line(Verdict::Notice, Statement::new("usb.none"))
                .remedy(Statement::new("usb.none_plug"))
                .remedy(Statement::new("usb.none_turn"))
                .remedy(Statement::new("usb.none_port"))
        };
        devices.iter().fold(found, |line, device| line.detail(describe(device)))
    }
}

fn ids(devices: &[Device]) -> String {
    let ids: Vec<String> = devices.iter().map(|device| device.id.to_string()).collect();
    ids.join(", ")
}

fn describe(device: &Device) -> Statement {
    let statement = match (device.medium, device.ccid) {
        (Some(_), _) => Statement::new("usb.key"),
        (None, true) => Statement::new("usb.reader"),
        (None, false) => Statement::new("usb.unknown_model"),
    };
    statement.with("name", device.name()).with("id", device.id).with("place", &device.place)
}
