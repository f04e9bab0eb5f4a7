//! Practice keys: whose they are and what a renewal of each meets.

use super::{PRACTICE_PIN, Unprepared};
use ca_service::admin_pins::Masters;
use order_api::Contact;
use std::str::FromStr;
use virtual_key::faults::{Fault, Faults, Where};
use virtual_key::personalise::{APPLICATION, CURRENT_CONTAINER_FILE, personalise};
use virtual_key::state::PinState;
use virtual_key::{KeyState, Spec, State, TestCa, VirtualKey};

/// Which keys lie on the desk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeySet {
    /// Valid, 20 days left, locked, damaged.
    #[default]
    Standard,
    /// One for each way a renewal can go.
    Renewal,
    /// One for each way an unlock can go.
    Unlock,
}

impl FromStr for KeySet {
    type Err = NotASet;

    fn from_str(text: &str) -> Result<Self, NotASet> {
        match text {
            "standard" => Ok(Self::Standard),
            "renewal" => Ok(Self::Renewal),
            "unlock" => Ok(Self::Unlock),
            _ => Err(NotASet),
        }
    }
}

/// The text names no set of keys.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the sets of practice keys are standard, renewal and unlock")]
pub struct NotASet;

/// What happens to an order.
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
    /// The owner has another mobile number than the one registered (号码已更换).
    Moved,
    /// The CA does not know the admin PIN of the device.
    StrangeDevice,
}

impl Situation {
    /// Code of the product in the books of the practice CA.
    pub(super) const fn product(self) -> &'static str {
        match self {
            Self::Review => "unit-review",
            Self::Paid => "unit-paid",
            Self::AtOnce | Self::Revoked | Self::Stranger | Self::Exhausted | Self::Moved | Self::StrangeDevice => {
                "unit"
            }
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
    /// The registered contact.
    pub contact: Contact,
    /// USB-Key 序列号.
    pub device: String,
    /// What an order meets.
    pub situation: Situation,
    /// Signing and encryption certificate, DER.
    pub certificates: (Vec<u8>, Vec<u8>),
}

/// Why the practice officer says no to an order of a device the CA can't unlock.
pub(super) const NOT_OUR_DEVICE: &str =
    "这个 UKey 的管理口令不在本 CA 登记，无法远程解锁，请携带 UKey 到服务网点办理。";

/// Whom the CA calls, for every practice key but one.
#[must_use]
pub fn practice_contact() -> Contact {
    Contact { name: "王练习".to_owned(), mobile: "13800000000".to_owned(), email: "demo@example.com".to_owned() }
}

type Made = (Vec<VirtualKey>, Vec<Enrolment>);

/// Who makes the certificates and admin PINs of keys.
pub(super) struct Issuer<'a> {
    pub ca: &'a TestCa,
    pub masters: &'a Masters,
}

impl Issuer<'_> {
    fn personalise(&self, spec: &Spec) -> Result<KeyState, Unprepared> {
        let mut state = personalise(&Spec { pin: PRACTICE_PIN.to_owned(), ..spec.clone() }, self.ca)?;
        let admin_pin = self.masters.admin_pin(1, &state.device.serial);
        for (application, pin) in state.applications.iter_mut().zip(&admin_pin) {
            application.admin = PinState::new(pin.expose(), application.admin.tries.max, false);
        }
        Ok(state)
    }
}

/// Keys for the desk and holders for the books.
pub(super) fn make(set: KeySet, issuer: &Issuer<'_>) -> Result<Made, Unprepared> {
    match set {
        KeySet::Standard => standard(issuer),
        KeySet::Renewal => renewal(issuer),
        KeySet::Unlock => unlock(issuer),
    }
}

fn standard(issuer: &Issuer<'_>) -> Result<Made, Unprepared> {
    let specs = [
        Spec::new("北京演示科技有限公司", "10200000016873").state(State::Seal),
        Spec::new("上海练习贸易有限公司", "10200000020419").state(State::Expiring),
        Spec::new("张练习", "10200000035526").person().state(State::Locked),
        Spec::new("广州样例制造有限公司", "10200000047082").state(State::Damaged),
    ];
    let mut made = (Vec::new(), Vec::new());
    for spec in specs {
        put(&mut made, &spec, Situation::AtOnce, issuer)?;
    }
    Ok(made)
}

fn unlock(issuer: &Issuer<'_>) -> Result<Made, Unprepared> {
    let mut made = (Vec::new(), Vec::new());
    let rows = [
        ("一、忘记密码有限公司", State::Valid, Situation::AtOnce),
        ("二、密码已锁有限公司", State::Locked, Situation::AtOnce),
        ("三、号码已换有限公司", State::Locked, Situation::Moved),
        ("四、口令未登记的公司", State::Locked, Situation::StrangeDevice),
        ("五、已被吊销有限公司", State::Locked, Situation::Revoked),
        ("六、非本系统用户公司", State::Locked, Situation::Stranger),
        ("七、今日次数用完公司", State::Locked, Situation::Exhausted),
    ];
    for (number, (owner, state, situation)) in (1..).zip(rows) {
        put(&mut made, &Spec::new(owner, &format!("1020000002{number:04}")).state(state), situation, issuer)?;
    }
    Ok(made)
}

fn renewal(issuer: &Issuer<'_>) -> Result<Made, Unprepared> {
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
        put(&mut made, &spec, situation, issuer)?;
    }
    // 产生密钥对失败: no room for another pair
    let spec = Spec { days: Some(12), ..Spec::new("十、密钥已满有限公司", "10200000010010") };
    put(&mut made, &spec, Situation::AtOnce, issuer)?;
    const GENERATE_KEY_PAIR: u8 = 0x70;
    let full = Faults::default().and(Fault::Full(0x6A84), Where::Instruction(GENERATE_KEY_PAIR, None));
    let last = made.0.pop().map(|key| key.with_faults(full));
    made.0.extend(last);
    // 订单属于另一个 UKey: the same certificate on two keys
    let spec = Spec { days: Some(18), ..Spec::new("十一、两个相同证书公司", "10200000010011") };
    let mut first = issuer.personalise(&spec)?;
    let mut second = first.copy().map_err(|_| Unprepared::Copy)?;
    first.device.serial = "0000000000000011".to_owned();
    second.device.serial = "0000000000000012".to_owned();
    made.1.extend(enrolment(&first, &spec, Situation::Review));
    made.0.extend([VirtualKey::new(first), VirtualKey::new(second)]);
    Ok(made)
}

fn put(made: &mut Made, spec: &Spec, situation: Situation, issuer: &Issuer<'_>) -> Result<(), Unprepared> {
    let state = issuer.personalise(spec)?;
    if spec.state != State::Damaged {
        made.1.extend(enrolment(&state, spec, situation));
    }
    made.0.push(VirtualKey::new(state));
    Ok(())
}

/// The holder of a key, by the certificates of its container in use.
fn enrolment(state: &KeyState, spec: &Spec, situation: Situation) -> Option<Enrolment> {
    let application = state.applications.iter().find(|application| application.name == APPLICATION)?;
    let current = application.files.iter().find(|file| file.name == CURRENT_CONTAINER_FILE)?;
    let container = application.containers.iter().find(|container| container.name.as_bytes() == current.data)?;
    Some(Enrolment {
        owner: spec.owner.clone(),
        number: spec.serial.clone(),
        code: format!("DEMO{}", spec.serial),
        contact: match situation {
            Situation::Moved => Contact { mobile: "13911110000".to_owned(), ..practice_contact() },
            _ => practice_contact(),
        },
        device: state.device.serial.clone(),
        situation,
        certificates: (container.sign.certificate.clone()?, container.encrypt.certificate.clone()?),
    })
}
