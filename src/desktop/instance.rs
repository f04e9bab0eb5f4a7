//! One program per person and desktop: a second start hands its wish to the first and ends (W1).

/// What the person wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// The window.
    #[default]
    Window,
    /// 证书更新, of the key with this serial number if one is given.
    Renew(Option<String>),
    /// 找回密码.
    Unlock(Option<String>),
    /// 环境检测.
    Check,
    /// 订单.
    Orders,
}
