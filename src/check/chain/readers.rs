//! Readers as the smart-card service lists them; without one, whether the CCID driver knows the key on the bus.

use super::blame;
use super::usb_bus::{Bus, Device, UsbId, look};
use crate::check::{Line, Probe, ProbeId, Scene, Statement, Verdict};
use token::{CardSeen, ReaderSeen};

/// Where the CCID driver says which devices it knows.
const CCID: &str = "/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist";
const INSTALL: &str = "sudo apt install libccid";
const RESTART: &str = "sudo systemctl restart pcscd";

/// The probe.
pub struct Readers;

impl Probe for Readers {
    fn id(&self) -> ProbeId {
        ProbeId::Readers
    }

    fn run(&self, scene: &Scene) -> Line {
        let line = |verdict, sentence| Line::new(ProbeId::Readers, verdict, sentence);
        if scene.practice {
            return line(Verdict::NotApplicable, Statement::new("common.practice"));
        }
        if let Some(layer) = blame::service(scene) {
            return Line::waits_for(ProbeId::Readers, layer);
        }
        let readers = &scene.service_report().readers;
        if readers.is_empty() {
            return none(scene);
        }
        let found = match readers.iter().any(|reader| reader.card != CardSeen::None) {
            true => line(Verdict::Ok, Statement::new("readers.found").with("count", readers.len())),
            false => line(Verdict::Notice, Statement::new("readers.no_card"))
                .remedy(Statement::new("readers.no_card_todo"))
                .remedy(Statement::new("usb.none_turn")),
        };
        readers.iter().fold(found, |line, reader| line.detail(describe(reader)))
    }
}

fn describe(reader: &ReaderSeen) -> Statement {
    let statement = match reader.card {
        CardSeen::None => Statement::new("readers.empty"),
        CardSeen::There => Statement::new("readers.card"),
        CardSeen::Mute => Statement::new("readers.mute"),
        CardSeen::Held => Statement::new("readers.held"),
    };
    statement.with("reader", &reader.name)
}

fn none(scene: &Scene) -> Line {
    let devices = match look(scene) {
        Bus::Devices(devices) if devices.is_empty() => return Line::waits_for(ProbeId::Readers, ProbeId::Usb),
        Bus::Devices(devices) => devices,
        Bus::Missing | Bus::OtherSystem => {
            let line = Line::new(ProbeId::Readers, Verdict::Notice, Statement::new("readers.none"));
            return line.remedy(Statement::new("usb.none_plug"));
        }
    };
    match devices.iter().find(|device| device.ccid) {
        Some(device) => without_driver(scene, device),
        None => {
            let names: Vec<_> = devices.iter().map(|device| format!("{} {}", device.name(), device.id)).collect();
            let sentence = Statement::new("readers.not_ccid").with("name", names.join(", "));
            Line::new(ProbeId::Readers, Verdict::Notice, sentence).remedy(Statement::new("readers.not_ccid_todo"))
        }
    }
}

/// A CCID key that the service shows no reader for.
fn without_driver(scene: &Scene, device: &Device) -> Line {
    let problem = |sentence: Statement| {
        let sentence = sentence.with("name", device.name()).with("id", device.id);
        Line::new(ProbeId::Readers, Verdict::Problem, sentence)
    };
    let Ok(list) = std::fs::read(scene.path(CCID)) else {
        return problem(Statement::new("readers.no_driver"))
            .remedy(Statement::new("readers.install").with("command", INSTALL))
            .remedy(Statement::new("service.restart").with("command", RESTART));
    };
    if knows(&String::from_utf8_lossy(&list), device.id) {
        problem(Statement::new("readers.not_taken"))
            .remedy(Statement::new("readers.replug"))
            .remedy(Statement::new("service.restart").with("command", RESTART))
    } else {
        problem(Statement::new("readers.not_listed"))
            .detail(Statement::new("readers.list").with("path", CCID))
            .remedy(Statement::new("readers.update").with("command", INSTALL))
            .remedy(Statement::new("readers.replug"))
    }
}

/// Whether the driver's lists `ifdVendorID` and `ifdProductID`, which run side by side, have the device.
fn knows(list: &str, id: UsbId) -> bool {
    let values = |key: &str| -> Vec<Option<u16>> {
        let after = list.split(&format!("<key>{key}</key>")).nth(1).unwrap_or_default();
        let array = after.split("</array>").next().unwrap_or_default();
        let strings = array.split("<string>").skip(1).filter_map(|rest| rest.split("</string>").next());
        strings.map(|text| u16::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()).collect()
    };
    let pairs = values("ifdVendorID").into_iter().zip(values("ifdProductID"));
    pairs.into_iter().any(|pair| pair == (Some(id.vendor), Some(id.product)))
}

#[cfg(test)]
mod tests {
    use super::{UsbId, knows};

    #[test]
    fn vendor_and_product_belong_together_by_their_place_in_the_lists() {
        let list = "<key>ifdVendorID</key><array><string>0x096E</string><string>0x055C</string></array>\
            <key>ifdProductID</key><array><string>0x0503</string><string>0xF603</string></array>";
        let id = |vendor, product| UsbId { vendor, product };
        assert!(knows(list, id(0x055C, 0xF603)));
        assert!(!knows(list, id(0x055C, 0x0503)), "of another maker");
        assert!(!knows("", id(0x055C, 0xF603)));
    }
}
