//! The udev rule that lets the person at the desk use the keys of assets/media.toml (udev(7), systemd-logind `uaccess`).

use super::elevation::{Powers, quote};
use crate::check::scene::Scene;
use base::fault::{Fault, FaultCode};
use std::collections::BTreeSet;
use std::fmt::Write;
use token::Medium;

/// Before 73-seat-late.rules, which gives out the access.
const FILE: &str = "/etc/udev/rules.d/70-cert-assistant.rules";

/// The udev rule: one line a model, `VID:PID` in lower case as the kernel writes it. The Debian packages bring the same.
#[must_use]
pub fn contents() -> String {
    let mut text = "# Certificate Assistant: the person at the desk may use these keys.\n\
                    ACTION==\"remove\", GOTO=\"cert_assistant_end\"\n\
                    SUBSYSTEM!=\"usb\", GOTO=\"cert_assistant_end\"\n"
        .to_owned();
    let ids: BTreeSet<&str> = Medium::all().iter().flat_map(|medium| &medium.usb).map(String::as_str).collect();
    for (vendor, product) in ids.into_iter().filter_map(|id| id.split_once(':')) {
        let (vendor, product) = (vendor.to_lowercase(), product.to_lowercase());
        let rule = "MODE=\"0660\", TAG+=\"uaccess\"";
        // writing to a string does not fail
        let _written = writeln!(text, "ATTR{{idVendor}}==\"{vendor}\", ATTR{{idProduct}}==\"{product}\", {rule}");
    }
    text.push_str("LABEL=\"cert_assistant_end\"\n");
    text
}

/// The line of the shell that takes the rule from its input, puts it in its place in one step and has it used at once.
pub(super) fn line(scene: &Scene) -> String {
    let file = scene.path(FILE);
    let folder = file.parent().map_or_else(String::new, |folder| quote(&folder.display().to_string()));
    let new = quote(&format!("{}.new", file.display()));
    let file = quote(&file.display().to_string());
    let put = format!("mkdir -p {folder} && cat > {new} && chmod 0644 {new} && mv -f {new} {file}");
    let udevadm = ["/usr/bin/udevadm", "/bin/udevadm", "/sbin/udevadm"].iter().any(|file| scene.path(file).is_file());
    if udevadm { format!("{put} && udevadm control --reload && udevadm trigger --subsystem-match=usb") } else { put }
}

/// Installs the rule.
pub(super) fn install(scene: &Scene, powers: &Powers) -> Result<(), Fault> {
    powers.run(&line(scene), &contents(), FaultCode::RuleNotInstalled)
}

#[cfg(test)]
mod tests {
    use super::contents;
    use token::Medium;

    #[test]
    fn the_rule_names_every_known_model_once_and_opens_none_to_everybody() {
        let text = contents();
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with("ATTR{idVendor}")).collect();
        let mut ids: Vec<_> = Medium::all().iter().flat_map(|medium| medium.usb.clone()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(lines.len(), ids.len());
        assert!(
            lines.contains(&"ATTR{idVendor}==\"055c\", ATTR{idProduct}==\"e618\", MODE=\"0660\", TAG+=\"uaccess\"")
        );
        assert!(!text.contains("0666"));
    }
}
