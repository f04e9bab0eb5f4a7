//! The device: information, label (wire-format/objects.md#device-information).

use super::card::{Answer, Card, Reply, Request, stop, sw};
use super::state::{MOST_CERTIFICATES, MOST_CONTAINERS, MOST_FILES};

/// Capabilities in the host's byte order, as the vendor's host copies them unswapped
/// (wire-format/commands.md#byte-order): SM1/SSF33/SM4 ECB, CBC, MAC; RSA absent, SM2; SM3, SHA-1, SHA-256; SM4-ECB for
/// device authentication.
const SYMMETRIC: u32 = 0x0000_0413;
const ASYMMETRIC: u32 = 0x0002_0700;
const HASH: u32 = 0x0000_0007;
const DEVICE_AUTH: u32 = 0x0000_0401;

impl Card {
    /// 80 02: a label of at most 31 bytes.
    pub(super) fn set_label(&mut self, request: &Request<'_>) -> Answer {
        let label = request.plain()?.rest();
        if label.is_empty() || label.len() > 31 {
            return Err(stop(sw::LENGTH));
        }
        self.state.device.label = super::card::text(label)?;
        self.done()
    }

    /// 80 04: all 288 bytes, or with P1=01 the label and the serial number.
    pub(super) fn get_device_info(&mut self, request: &Request<'_>) -> Answer {
        let short = request.p1 == 1;
        request.with(u8::from(short), 0)?.end()?;
        let device = &self.state.device;
        let mut info = Vec::with_capacity(288);
        if !short {
            info.extend([1, 1, 1, 0]);
            field(&mut info, &device.manufacturer, 64);
            field(&mut info, &device.issuer, 64);
        }
        field(&mut info, &device.label, 32);
        field(&mut info, &device.serial, 32);
        if short {
            return Ok(Reply::Data(info));
        }
        info.extend([device.hardware.0, device.hardware.1, device.firmware.0, device.firmware.1]);
        for capability in [SYMMETRIC, ASYMMETRIC, HASH, DEVICE_AUTH] {
            info.extend(capability.to_le_bytes());
        }
        info.extend(device.total_space.to_be_bytes());
        info.extend(self.state.free_space().to_be_bytes());
        info.extend(device.max_apdu_data.to_be_bytes());
        // user authentication by PIN, device type, then the largest numbers of containers, certificates and files
        info.extend([0, 1, 0, 2, MOST_CONTAINERS, MOST_CERTIFICATES]);
        info.extend(MOST_FILES.to_be_bytes());
        info.resize(288, 0);
        Ok(Reply::Data(info))
    }
}

/// Text in a field of fixed width, filled with zero bytes.
pub(super) fn field(to: &mut Vec<u8>, text: &str, width: usize) {
    let end = to.len() + width;
    to.extend(text.bytes().take(width));
    to.resize(end, 0);
}
