//! PINs on the command line: from a terminal that does not show them, or from a file descriptor.

use super::Failure;
use crate::app::{Fault, FaultCode};
use base::secret::Pin;
use rust_i18n::t;
use std::io::Read;
use zeroize::Zeroizing;

/// Two lines from a descriptor, or three hidden prompts.
pub(super) fn read(descriptor: Option<u32>) -> Result<(Pin, Pin), Failure> {
    let long = |_| Failure::from(Fault::new(FaultCode::PinLength));
    let Some(descriptor) = descriptor else {
        let ask = |prompt: &str| {
            let text = rpassword::prompt_password(prompt).map_err(|_| Failure::input(t!("cli.no_terminal")))?;
            Pin::from_string(text).map_err(long)
        };
        let (current, new) = (ask(&t!("cli.pin_current"))?, ask(&t!("cli.pin_new"))?);
        let again = ask(&t!("cli.pin_again"))?;
        if again.expose() != new.expose() {
            return Err(Failure::input(t!("cli.pins_differ")));
        }
        return Ok((current, new));
    };
    let mut text = Zeroizing::new([0u8; 4096]);
    let mut used = 0;
    let mut file =
        std::fs::File::open(format!("/dev/fd/{descriptor}")).map_err(|_| Failure::input(t!("cli.descriptor")))?;
    while let Some(room) = text.get_mut(used..).filter(|room| !room.is_empty()) {
        match file.read(room) {
            Ok(0) => break,
            Ok(count) => used += count,
            Err(_) => return Err(Failure::input(t!("cli.descriptor"))),
        }
    }
    let mut lines = text.get(..used).unwrap_or_default().split(|byte| *byte == b'\n');
    let (Some(current), Some(new)) = (lines.next(), lines.next()) else {
        return Err(Failure::input(t!("cli.two_lines")));
    };
    Ok((Pin::new(current).map_err(long)?, Pin::new(new).map_err(long)?))
}
