//! The devices on the USB bus that are keys, readers, or come from a maker of keys, as `/sys/bus/usb/devices` lists them.

use crate::check::Scene;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use token::Medium;

/// Interface class of smart-card readers (CCID).
const SMART_CARD: &str = "0b";

/// What was found.
pub enum Bus {
    /// This system has no such list, so nothing can be said.
    OtherSystem,
    /// There is no USB bus, as in a container or a virtual machine without one.
    Missing,
    /// Keys, readers and devices of makers of keys, by their place on the bus.
    Devices(Vec<Device>),
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Where it is plugged in: `1-1.2`.
    pub place: String,
    /// Its id.
    pub id: UsbId,
    /// What it calls itself; may be empty.
    pub product: String,
    /// 介质类型, when the model is in the table.
    pub medium: Option<&'static str>,
    /// It has an interface of a smart-card reader, so the smart-card service opens it, not the person.
    pub ccid: bool,
    /// `/dev/bus/usb/BBB/DDD`.
    pub node: Option<String>,
}

/// `VID:PID`, shown in upper-case hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsbId {
    /// Of the maker.
    pub vendor: u16,
    /// Of the model.
    pub product: u16,
}

impl fmt::Display for UsbId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04X}:{:04X}", self.vendor, self.product)
    }
}

impl Device {
    /// The name people know it by, else what it calls itself.
    pub fn name(&self) -> String {
        self.medium.map_or_else(|| self.product.clone(), str::to_owned)
    }
}

/// Looks at the bus.
pub fn look(scene: &Scene) -> Bus {
    if !cfg!(target_os = "linux") {
        return Bus::OtherSystem;
    }
    let folder = scene.path("/sys/bus/usb/devices");
    let Ok(entries) = fs::read_dir(&folder) else { return Bus::Missing };
    let names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    if names.is_empty() {
        return Bus::Missing;
    }
    // `1-1.2:1.0` is an interface of `1-1.2`
    let mut interfaces: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in &names {
        if let Some((device, _)) = name.split_once(':') {
            interfaces.entry(device).or_default().push(name);
        }
    }
    let mut devices: Vec<Device> = names
        .iter()
        .filter(|name| !name.contains(':'))
        .filter_map(|name| {
            let own = interfaces.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
            device(&folder, name, own)
        })
        .collect();
    devices.sort_by(|a, b| a.place.cmp(&b.place));
    Bus::Devices(devices)
}

fn device(folder: &Path, place: &str, interfaces: &[&str]) -> Option<Device> {
    let own = folder.join(place);
    let id = UsbId { vendor: hex(&own.join("idVendor"))?, product: hex(&own.join("idProduct"))? };
    let classes = interfaces.iter().map(|interface| text(&folder.join(interface).join("bInterfaceClass")));
    let ccid = classes.into_iter().any(|class| class.is_some_and(|class| class.eq_ignore_ascii_case(SMART_CARD)));
    let medium = Medium::by_usb(id.vendor, id.product).map(|medium| medium.name.as_str());
    if medium.is_none() && !ccid && !Medium::is_known_vendor(id.vendor) {
        return None;
    }
    let number = |name: &str| text(&own.join(name))?.parse::<u16>().ok();
    let node = number("busnum").zip(number("devnum")).map(|(bus, device)| format!("/dev/bus/usb/{bus:03}/{device:03}"));
    let product = text(&own.join("product")).unwrap_or_default();
    Some(Device { place: place.to_owned(), id, product, medium, ccid, node })
}

fn text(path: &PathBuf) -> Option<String> {
    let text = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&text).trim().to_owned())
}

fn hex(path: &PathBuf) -> Option<u16> {
    u16::from_str_radix(&text(path)?, 16).ok()
}
