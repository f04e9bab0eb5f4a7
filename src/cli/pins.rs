//! PINs on the command line: from a terminal that does not show them, or from a file descriptor.

use super::Failure;
use crate::app::{Fault, FaultCode, KeyView};
use base::secret::Pin;
use rust_i18n::t;
use std::io::Read;
use std::ops::RangeInclusive;
use zeroize::Zeroizing;

/// Two lines from a descriptor, or three hidden prompts.
pub(super) fn read(view: &KeyView, descriptor: Option<u32>) -> Result<(Pin, Pin), Failure> {
    let long = |code, lengths: &RangeInclusive<usize>| {
        let fault = Fault::new(code).with("min", lengths.start().to_string());
        Failure::from(fault.with("max", lengths.end().to_string()))
    };
    let current_long = |_| long(FaultCode::PinLength, &view.present_pin_length);
    let new_long = |_| long(FaultCode::NewPinLength, &view.pin_length);
    let Some(descriptor) = descriptor else {
        let ask = |prompt: &str| rpassword::prompt_password(prompt).map_err(|_| Failure::input(t!("cli.no_terminal")));
        let current = Pin::from_string(ask(&t!("cli.pin_current"))?).map_err(current_long)?;
        let new = Pin::from_string(ask(&t!("cli.pin_new"))?).map_err(new_long)?;
        let again = Pin::from_string(ask(&t!("cli.pin_again"))?).map_err(new_long)?;
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
    let mut lines = text.get(..used).unwrap_or_default().split_inclusive(|byte| *byte == b'\n');
    let (Some(current), Some(new)) = (lines.next(), lines.next()) else {
        return Err(Failure::input(t!("cli.two_lines")));
    };
    Ok((Pin::from_line(current).map_err(current_long)?, Pin::from_line(new).map_err(new_long)?))
}
