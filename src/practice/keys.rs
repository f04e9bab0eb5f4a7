//! Practice keys: whose they are and what a renewal of each meets.

use super::{PRACTICE_PIN, Unprepared};
use crate::virtual_key::faults::{Fault, Faults, Where};
use crate::virtual_key::personalise::{APPLICATION, CURRENT_CONTAINER_FILE, personalise};
use crate::virtual_key::{Spec, State, TestCa, VirtualKey};
use std::str::FromStr;

/// Which keys lie on the desk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeySet {
    /// Valid, 20 days left, locked, damaged.
    #[default]
    Standard,
    /// One for each way a renewal can go.
    Renewal,
}

impl FromStr for KeySet {
    type Err = NotASet;

    fn from_str(text: &str) -> Result<Self, NotASet> {
        match text {
            "standard" => Ok(Self::Standard),
            "renewal" => Ok(Self::Renewal),
            _ => Err(NotASet),
        }
    }
}

/// The text names no set of keys.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the sets of practice keys are standard and renewal")]
pub struct NotASet;

/// What happens to a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Situation {
    /// The certificates are issued at once.
    AtOnce,
    /// An officer looks at the order first.
    Review,
    /// The renewal costs money.
    Paid,
    /// The certificate is revoked.
    Revoked,
    /// The CA does not know the certificate (非本系统用户).
    Stranger,
    /// Too many orders were made today (明日再试).
    Exhausted,
}

impl Situation {
    /// Code of the product in the books of the practice CA.
    pub(super) const fn product(self) -> &'static str {
        match self {
            Self::Review => "unit-review",
            Self::Paid => "unit-paid",
            Self::AtOnce | Self::Revoked | Self::Stranger | Self::Exhausted => "unit",
        }
    }
}

/// A holder for the books of the practice CA.
#[derive(Clone, Debug)]
pub struct Enrolment {
    /// Owner as in the certificate.
    pub owner: String,
    /// 密码卡序列号.
    pub number: String,
    /// Organisation code, invented.
    pub code: String,
    /// Name of the contact.
    pub contact: String,
    /// What a renewal meets.
    pub situation: Situation,
    /// Signing and encryption certificate, DER.
    pub certificates: (Vec<u8>, Vec<u8>),
}

/// Keys for the desk and holders for the books.
pub(super) fn make(set: KeySet, ca: &TestCa) -> Result<(Vec<VirtualKey>, Vec<Enrolment>), Unprepared> {
    match set {
        KeySet::Standard => standard(ca),
        KeySet::Renewal => renewal(ca),
    }
}

fn standard(ca: &TestCa) -> Result<(Vec<VirtualKey>, Vec<Enrolment>), Unprepared> {
    let specs = [
        Spec::new("北京演示科技有限公司", "10200000016873").state(State::Seal),
        Spec::new("上海练习贸易有限公司", "10200000020419").state(State::Expiring),
        Spec::new("张练习", "10200000035526").person().state(State::Locked),
        Spec::new("广州样例制造有限公司", "10200000047082").state(State::Damaged),
    ];
    let mut made = (Vec::new(), Vec::new());
    for spec in specs {
        put(&mut made, &spec, Situation::AtOnce, ca)?;
    }
    Ok(made)
}

fn renewal(ca: &TestCa) -> Result<(Vec<VirtualKey>, Vec<Enrolment>), Unprepared> {
    let mut made = (Vec::new(), Vec::new());
    let rows = [
        ("一、即时签发有限公司", 20, Situation::AtOnce),
        ("二、人工审核有限公司", 15, Situation::Review),
        ("三、需要付费有限公司", 30, Situation::Paid),
        ("四、过期三十天有限公司", -30, Situation::AtOnce),
        ("五、尚未到期有限公司", 200, Situation::AtOnce),
        ("六、过期太久有限公司", -400, Situation::AtOnce),
        ("七、已被吊销有限公司", 40, Situation::Revoked),
        ("八、非本系统用户公司", 25, Situation::Stranger),
        ("九、今日次数用完公司", 10, Situation::Exhausted),
    ];
    for (number, (owner, days, situation)) in (1..).zip(rows) {
        let spec = Spec { days: Some(days), ..Spec::new(owner, &format!("1020000001{number:04}")) };
        put(&mut made, &spec, situation, ca)?;
    }
    // 产生密钥对失败: no room for another pair
    let spec = Spec { days: Some(12), ..Spec::new("十、密钥已满有限公司", "10200000010010") };
    put(&mut made, &spec, Situation::AtOnce, ca)?;
    const GENERATE_KEY_PAIR: u8 = 0x70;
    let full = Faults::default().and(Fault::Full(0x6A84), Where::Instruction(GENERATE_KEY_PAIR, None));
    let last = made.0.pop().map(|key| key.with_faults(full));
    made.0.extend(last);
    // 订单属于另一个 UKey: the same certificate on two keys
    let spec = Spec { days: Some(18), ..Spec::new("十一、两个相同证书公司", "10200000010011") };
    let mut first = personalise(&Spec { pin: PRACTICE_PIN.to_owned(), ..spec.clone() }, ca)?;
    let mut second = first.copy().map_err(|_| Unprepared::Copy)?;
    first.device.serial = "0000000000000011".to_owned();
    second.device.serial = "0000000000000012".to_owned();
    made.1.extend(enrolment(&first, &spec, Situation::Review));
    made.0.extend([VirtualKey::new(first), VirtualKey::new(second)]);
    Ok(made)
}

fn put(
    made: &mut (Vec<VirtualKey>, Vec<Enrolment>),
    spec: &Spec,
    situation: Situation,
    ca: &TestCa,
) -> Result<(), Unprepared> {
    let state = personalise(&Spec { pin: PRACTICE_PIN.to_owned(), ..spec.clone() }, ca)?;
    if spec.state != State::Damaged {
        made.1.extend(enrolment(&state, spec, situation));
    }
    made.0.push(VirtualKey::new(state));
    Ok(())
}

/// The holder of a key, by the certificates of its container in use.
fn enrolment(state: &crate::virtual_key::KeyState, spec: &Spec, situation: Situation) -> Option<Enrolment> {
    let application = state.applications.iter().find(|application| application.name == APPLICATION)?;
    let current = application.files.iter().find(|file| file.name == CURRENT_CONTAINER_FILE)?;
    let container = application.containers.iter().find(|container| container.name.as_bytes() == current.data)?;
    Some(Enrolment {
        owner: spec.owner.clone(),
        number: spec.serial.clone(),
        code: format!("DEMO{}", spec.serial),
        contact: "王练习".to_owned(),
        situation,
        certificates: (container.sign.certificate.clone()?, container.encrypt.certificate.clone()?),
    })
}
