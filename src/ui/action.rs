//! What a page wants done; the window does it after the page was shown. Pages change nothing themselves.

use super::environment::RepairDialog;
use super::give_up::GiveUp;
use super::save_dialog::Offer;
use crate::app::{Command, KeyUse, Settings, check};

/// A wish of a page.
pub enum Action {
    /// For the workers.
    Command(Command),
    /// Show another page.
    Open(Page),
    /// Show this key.
    Choose(u64),
    /// Open the dialog 修改密码.
    ChangePin(u64),
    /// Open the page 证书更新.
    Renew(u64),
    /// Leave the page 证书更新; asked about while the key is being written.
    LeaveRenewal(u64),
    /// Show the keys; the wizard goes on beside.
    SetAside,
    /// Open the dialog that removes a 历史证书, named by its container.
    RemoveHistory(u64, String),
    /// Open the page 找回密码.
    Unlock(u64),
    /// Open the page 找回密码 of another key, which was chosen there.
    UnlockOther {
        /// The key it was opened for.
        from: u64,
        /// The key that was chosen.
        to: u64,
    },
    /// Leave the page 找回密码; asked about while the key is being written.
    LeaveUnlock(u64),
    /// Open the dialog 用管理口令解锁.
    Unblock(u64),
    /// Open the dialog 导出证书.
    Export(u64, KeyUse),
    /// Check a certificate.
    Check(u64, KeyUse),
    /// Ask where to, then write a diagnosis of a key that can't be used.
    SaveDiagnosis(u64),
    /// Put text on the clipboard and say so.
    Copy(String),
    /// Open an address in the browser.
    Browse(String),
    /// New settings.
    Settings(Settings),
    /// Ask before an order is given up.
    AskGiveUp(GiveUp),
    /// Open the dialog 导出报告.
    Report,
    /// Show the exact command of a repair, then carry it out.
    AskRepair(RepairDialog),
    /// Open the wizard or dialog that helps, for the chosen key or the first it fits.
    Help(check::Page),
    /// 检查更新 from the status bar: what comes of it is told wherever the person is.
    CheckUpdate,
    /// Write details into the log, or no longer.
    LogDetails(bool),
    /// Ask where to, then write a file.
    Save(Offer),
    /// Close the open dialog.
    CloseDialog,
    /// Close the window although something is being written.
    CloseAnyway,
    /// End, and start the new version.
    StartNewVersion,
    /// Go on with this version and say no more of the new one.
    KeepThisVersion,
}

/// What the right side shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Page {
    /// The chosen key.
    #[default]
    Keys,
    /// 环境检测.
    Check,
    /// 订单.
    Orders,
    /// 综合服务.
    Services,
    /// 设置.
    Settings,
    /// 关于.
    About,
    /// 日志.
    Log,
    /// Licences of what the program is made of.
    Licences,
    /// 证书更新 of a key.
    Renew(u64),
    /// 找回密码 of a key.
    Unlock(u64),
}
