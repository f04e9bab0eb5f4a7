//! Faults on request: what goes wrong, and at which command. Used by tests and for training.
//!
//! Written `KIND[=VALUE][@WHERE]`. WHERE is a command number counted from the start of the key (`7`), an instruction
//! (`ins:16` the first time, `ins:16#3` the third, `ins:16#*` every time) or `*` for every command (also when left out).

use std::str::FromStr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// `unplug-before`: pulled out before the command is executed.
    UnplugBefore,
    /// `unplug-after`: pulled out after the command is executed, before the answer.
    UnplugAfter,
    /// `cut-before`: power goes before the effect of the command is stored; a retry counter has dropped by then.
    CutBefore,
    /// `cut-after`: power goes when the effect is stored, before the answer.
    CutAfter,
    /// `garbage[=N]`: N random bytes that end in no status word instead of an answer, also 0 or 1.
    Garbage(usize),
    /// `short`: the last data byte is missing.
    Short,
    /// `long`: one data byte too many.
    Long,
    /// `lie[=N]`: N is added to the four-byte length in front of the data.
    Lie(i32),
    /// `slow=SECONDS` or `slow=forever`.
    Slow(Option<Duration>),
    /// `full[=6A84|6581]`: no memory for anything that is written.
    Full(u16),
}

/// At which commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// Every command.
    Every,
    /// The command with this number, counted from 1.
    Number(u64),
    /// The n-th command with this instruction, or each of them.
    Instruction(u8, Option<u64>),
}

/// A fault and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRule {
    /// What.
    pub fault: Fault,
    /// Where.
    pub place: Where,
    seen: u64,
}

/// All faults of a key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults(Vec<FaultRule>);

impl Faults {
    /// Adds a fault.
    #[must_use]
    pub fn and(mut self, fault: Fault, place: Where) -> Self {
        self.0.push(FaultRule { fault, place, seen: 0 });
        self
    }

    /// The faults due at a command.
    pub(super) fn due(&mut self, number: u64, instruction: Option<u8>) -> Vec<Fault> {
        let due = |rule: &mut FaultRule| {
            let hit = match rule.place {
                Where::Every => true,
                Where::Number(n) => n == number,
                Where::Instruction(ins, nth) => {
                    let same = instruction == Some(ins);
                    rule.seen += u64::from(same);
                    same && nth.is_none_or(|nth| nth == rule.seen)
                }
            };
            hit.then(|| rule.fault.clone())
        };
        self.0.iter_mut().filter_map(due).collect()
    }
}

impl FromIterator<FaultRule> for Faults {
    fn from_iter<T: IntoIterator<Item = FaultRule>>(rules: T) -> Self {
        Self(rules.into_iter().collect())
    }
}

/// The text names no fault.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is not a fault; write KIND[=VALUE][@WHERE], for example unplug-before@7 or slow=2@ins:4E")]
pub struct NotAFault(String);

impl FromStr for FaultRule {
    type Err = NotAFault;

    fn from_str(text: &str) -> Result<Self, NotAFault> {
        let (what, place) = text.split_once('@').unwrap_or((text, "*"));
        let (kind, value) = what.split_once('=').map_or((what, None), |(kind, value)| (kind, Some(value)));
        let rule = fault(kind, value).zip(self::place(place));
        rule.map(|(fault, place)| Self { fault, place, seen: 0 }).ok_or_else(|| NotAFault(text.to_owned()))
    }
}

fn fault(kind: &str, value: Option<&str>) -> Option<Fault> {
    Some(match (kind, value) {
        ("unplug-before", None) => Fault::UnplugBefore,
        ("unplug-after", None) => Fault::UnplugAfter,
        ("cut-before", None) => Fault::CutBefore,
        ("cut-after", None) => Fault::CutAfter,
        ("garbage", None) => Fault::Garbage(32),
        ("garbage", Some(count)) => Fault::Garbage(count.parse().ok().filter(|count| *count <= 65_535)?),
        ("short", None) => Fault::Short,
        ("long", None) => Fault::Long,
        ("lie", None) => Fault::Lie(1),
        ("lie", Some(by)) => Fault::Lie(by.parse().ok()?),
        ("slow", Some("forever")) => Fault::Slow(None),
        ("slow", Some(seconds)) => Fault::Slow(Some(Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?)),
        ("full", None | Some("6A84")) => Fault::Full(0x6A84),
        ("full", Some("6581")) => Fault::Full(0x6581),
        _ => return None,
    })
}

fn place(text: &str) -> Option<Where> {
    if text == "*" {
        return Some(Where::Every);
    }
    let Some(instruction) = text.strip_prefix("ins:") else {
        return text.parse().ok().map(Where::Number);
    };
    let (code, nth) = match instruction.split_once('#') {
        None => (instruction, Some(1)),
        Some((code, "*")) => (code, None),
        Some((code, nth)) => (code, Some(nth.parse().ok()?)),
    };
    u8::from_str_radix(code, 16).ok().map(|code| Where::Instruction(code, nth))
}

/// Changes an answer as the due faults say; `random` fills garbage.
pub(super) fn distort(mut answer: Vec<u8>, due: &[Fault], mut random: impl FnMut(&mut [u8])) -> Vec<u8> {
    for fault in due {
        let data = answer.len().saturating_sub(2);
        match fault {
            Fault::Garbage(count) => {
                answer = vec![0; *count];
                random(&mut answer);
                // by chance it could be a proper refusal
                if let [.., first, _] = answer.as_mut_slice() {
                    *first &= 0x1F;
                }
            }
            Fault::Short if data > 0 => drop(answer.remove(data - 1)),
            Fault::Long => answer.insert(data, 0xA5),
            Fault::Lie(by) => {
                if let Some((length, _)) = answer.split_first_chunk_mut::<4>()
                    && data >= 4
                {
                    *length = u32::from_be_bytes(*length).wrapping_add_signed(*by).to_be_bytes();
                }
            }
            _ => {}
        }
    }
    answer
}

/// The contact between key and reader: lets another thread pull the key out, also in the middle of a slow command.
#[derive(Default)]
pub struct Plug {
    contact: Mutex<Contact>,
    changed: Condvar,
}

#[derive(Default)]
struct Contact {
    out: bool,
    /// A key that is put in again at once was out all the same.
    pulls: u64,
}

impl Plug {
    /// Pulls the key out.
    pub fn pull(&self) {
        let mut contact = self.lock();
        contact.out = true;
        contact.pulls += 1;
        self.changed.notify_all();
    }

    /// Puts the key in again.
    pub fn push_in(&self) {
        self.lock().out = false;
    }

    /// True while the key is out.
    #[must_use]
    pub fn is_out(&self) -> bool {
        self.lock().out
    }

    /// How often the key was pulled out so far.
    pub(super) fn pulls(&self) -> u64 {
        self.lock().pulls
    }

    /// Waits for this long, or for ever, but not longer than until the key is pulled out once more than `before`; true
    /// when it was.
    pub(super) fn wait_out(&self, before: u64, time: Option<Duration>) -> bool {
        let contact = self.lock();
        let waits = |contact: &mut Contact| contact.pulls == before;
        let contact = match time {
            Some(time) => {
                self.changed.wait_timeout_while(contact, time, waits).unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.changed.wait_while(contact, waits).unwrap_or_else(PoisonError::into_inner),
        };
        contact.pulls != before
    }

    fn lock(&self) -> MutexGuard<'_, Contact> {
        self.contact.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultRule, Faults, Where, distort};
    use std::time::Duration;

    fn rule(text: &str) -> Option<(Fault, Where)> {
        text.parse::<FaultRule>().ok().map(|rule| (rule.fault, rule.place))
    }

    #[test]
    fn faults_are_written_as_documented() {
        assert_eq!(rule("unplug-before@7"), Some((Fault::UnplugBefore, Where::Number(7))));
        assert_eq!(rule("cut-after@ins:16"), Some((Fault::CutAfter, Where::Instruction(0x16, Some(1)))));
        assert_eq!(rule("short@ins:4E#*"), Some((Fault::Short, Where::Instruction(0x4E, None))));
        assert_eq!(rule("slow=0.5"), Some((Fault::Slow(Some(Duration::from_millis(500))), Where::Every)));
        assert_eq!(rule("slow=forever@ins:04#2"), Some((Fault::Slow(None), Where::Instruction(4, Some(2)))));
        assert_eq!(rule("garbage=1@3"), Some((Fault::Garbage(1), Where::Number(3))));
        assert_eq!(rule("lie=-4@3"), Some((Fault::Lie(-4), Where::Number(3))));
        assert_eq!(rule("full=6581"), Some((Fault::Full(0x6581), Where::Every)));
        for wrong in ["", "unplug", "slow", "slow=-1", "garbage=x", "short=2", "long@ins:XYZ", "full=9000", "lie@"] {
            assert_eq!(rule(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_fault_is_due_at_its_command_only() {
        let mut faults = Faults::default()
            .and(Fault::Short, Where::Number(2))
            .and(Fault::Long, Where::Instruction(0x4E, Some(2)))
            .and(Fault::UnplugAfter, Where::Instruction(0x50, None));
        assert_eq!(faults.due(1, Some(0x4E)), []);
        assert_eq!(faults.due(2, Some(0x4E)), [Fault::Short, Fault::Long]);
        assert_eq!(faults.due(3, Some(0x4E)), []);
        assert_eq!(faults.due(4, Some(0x50)), [Fault::UnplugAfter]);
        assert_eq!(faults.due(5, Some(0x50)), [Fault::UnplugAfter]);
        assert_eq!(faults.due(6, None), []);
    }

    #[test]
    fn answers_are_distorted_in_their_data_not_in_the_status_word() {
        let answer = vec![0, 0, 0, 2, 0x30, 0x00, 0x90, 0x00];
        let with = |fault| distort(answer.clone(), &[fault], |bytes| bytes.fill(7));
        assert_eq!(with(Fault::Short), [0, 0, 0, 2, 0x30, 0x90, 0x00]);
        assert_eq!(with(Fault::Long), [0, 0, 0, 2, 0x30, 0x00, 0xA5, 0x90, 0x00]);
        assert_eq!(with(Fault::Lie(256)), [0, 0, 1, 2, 0x30, 0x00, 0x90, 0x00]);
        assert_eq!(with(Fault::Garbage(1)), [7]);
        assert_eq!(distort(vec![0x90, 0x00], &[Fault::Short, Fault::Lie(1)], |_| ()), [0x90, 0x00]);
    }
}
