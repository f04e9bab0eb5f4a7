//! The vendor's commands, class C0 (wire-format/vendor-commands.md). C0 12, C0 28 and C0 36 stand beside their standard
//! kin.

use super::card::{Answer, Card, Reply, Request, stop, sw};

impl Card {
    /// C0 02: anything but zeros says that the key is there.
    pub(super) fn presence(&mut self, request: &Request<'_>) -> Answer {
        request.plain()?.end()?;
        Ok(Reply::Data(vec![0, 0, 0, 1]))
    }

    /// C0 0A 00 80: 128 bytes of the vendor's name for the model.
    pub(super) fn oem_string(&mut self, request: &Request<'_>) -> Answer {
        request.with(0, 0x80)?.end()?;
        let mut name = Vec::new();
        super::device::field(&mut name, &self.state.device.oem, 128);
        Ok(Reply::Data(name))
    }

    /// C0 52: sent in front of every ExportCertificate; does nothing that shows.
    pub(super) fn before_export(&mut self, request: &Request<'_>) -> Answer {
        request.plain()?.end()?;
        Ok(Reply::Done)
    }

    /// Commands of the standard this key does not have: RSA, key agreement, plain keys.
    pub(super) fn not_supported(&mut self, _request: &Request<'_>) -> Answer {
        Err(stop(sw::NOT_SUPPORTED))
    }
}
