//! Dialogs for decisions.

use super::action::Action;
use super::change_pin::{ChangePin, Wish};
use super::counter::Unblock;
use super::crash::CrashDialog;
use super::details;
use super::environment::{RepairDialog, Report};
use super::faults;
use super::foot::{self, Body};
use super::give_up::GiveUp;
use super::history::RemoveHistory;
use super::save_dialog;
use super::theme::{self, DIALOG_WIDTH, space};
use super::widgets::{self, Weight};
use crate::app::{Backend, Fault, KeyUse, Model, Writing};
use certificate::Format;
use eframe::egui::{self, Frame, Id, Key, Label, Margin, Modal, Response, Ui};
use rust_i18n::t;

/// The one dialog that can be open.
pub enum Dialog {
    /// 修改密码.
    ChangePin(Box<ChangePin>),
    /// 导出证书.
    Export(Export),
    /// 移除历史证书.
    RemoveHistory(Box<RemoveHistory>),
    /// 用管理口令解锁.
    Unblock(Box<Unblock>),
    /// The wizard shall be left while its key is being written.
    Leave(u64, Writing),
    /// An unfinished order shall be given up.
    GiveUp(GiveUp),
    /// 导出报告.
    Report(Box<Report>),
    /// A repair that needs an administrator's rights.
    Repair(RepairDialog),
    /// The last run ended by a fault of the program.
    Crash(CrashDialog),
    /// Something went wrong after its dialog was gone.
    Fault(Fault),
}

/// A dialog of the usual width, scrolled when the window is too low. The second value: Esc was pressed in it.
pub fn modal<R>(ctx: &egui::Context, name: &str, content: impl FnOnce(&mut Ui) -> R) -> (R, bool) {
    modal_of(ctx, name, DIALOG_WIDTH, content)
}

/// As [`modal`], of a width.
pub fn modal_of<R>(ctx: &egui::Context, name: &str, width: f32, content: impl FnOnce(&mut Ui) -> R) -> (R, bool) {
    let p = theme::palette(ctx);
    let frame = Frame::window(&ctx.global_style()).inner_margin(Margin::same(24));
    let tallest = ctx.content_rect().height() - 2.0 * (space::XL + space::L);
    let modal = Modal::new(Id::unique(name)).backdrop_color(p.shade).frame(frame).show(ctx, |ui| {
        ui.set_width(width - 2.0 * space::XL);
        let body = Body { id: Id::unique(("dialog", name)), height: tallest, gap: 0.0, fills: false };
        body.show(ui, content).0
    });
    let escape = modal.is_top_modal && ctx.input(|input| input.key_pressed(Key::Escape));
    (modal.inner, escape)
}

/// The buttons below a dialog, from the right: the main one first.
pub fn button_row<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    foot::row_from_right(ui, |_| {}, add)
}

/// The main button of a dialog: Enter presses it whenever the keyboard is on nothing else.
pub fn main_button(ui: &mut Ui, text: &str, obstacle: Option<&str>) -> Response {
    let response = widgets::button(ui, text, Weight::Main, obstacle);
    let nowhere = ui.memory(|memory| memory.focused().is_none()) && !ui.input(|input| input.key_pressed(Key::Tab));
    if nowhere && obstacle.is_none() {
        response.request_focus();
    }
    response
}

/// Esc closes.
pub const fn close_on(escape: bool) -> Wish {
    if escape { Wish::Close } else { Wish::Stay }
}

/// Tells a fault.
pub fn fault(ctx: &egui::Context, fault: &Fault, chinese: bool, actions: &mut Vec<Action>) -> Wish {
    let ((), escape) = modal(ctx, "fault", |ui| {
        faults::lines(ui, fault, chinese);
        ui.add_space(space::M);
        button_row(ui, |ui| {
            if main_button(ui, &t!("common.ok"), None).clicked() {
                actions.push(Action::CloseDialog);
            }
        });
    });
    close_on(escape)
}

/// Asks before the window closes in the middle of a write.
pub fn closing(ctx: &egui::Context, writing: Writing, actions: &mut Vec<Action>) -> Wish {
    let (title, text) = match writing {
        Writing::Pin => (t!("closing.title"), t!("closing.text")),
        Writing::History => (t!("closing.history_title"), t!("closing.history_text")),
        Writing::Certificates => (t!("closing.renewal_title"), t!("closing.renewal_text")),
        Writing::Unlock => (t!("closing.unlock_title"), t!("closing.unlock_text")),
    };
    interrupting(ctx, "closing", [&title, &text, &t!("closing.close")], || Action::CloseAnyway, actions)
}

/// Asks before the wizard is left in the middle of a write.
pub fn leaving(ctx: &egui::Context, writing: Writing, actions: &mut Vec<Action>) -> Wish {
    let (title, text) = match writing {
        Writing::Unlock => (t!("closing.unlock_title"), t!("closing.leave_unlock_text")),
        _ => (t!("closing.renewal_title"), t!("closing.leave_text")),
    };
    let texts = [title, text, t!("closing.leave")];
    interrupting(ctx, "leaving", texts.each_ref().map(AsRef::as_ref), || Action::SetAside, actions)
}

/// A question whose safe answer is to wait. The texts: title, sentence, the other answer.
fn interrupting(
    ctx: &egui::Context,
    name: &str,
    [title, text, go]: [&str; 3],
    then: impl Fn() -> Action,
    actions: &mut Vec<Action>,
) -> Wish {
    let mut wait = false;
    let ((), escape) = modal(ctx, name, |ui| {
        widgets::heading(ui, title);
        ui.add(Label::new(text).wrap());
        ui.add_space(space::M);
        button_row(ui, |ui| {
            wait = main_button(ui, &t!("closing.wait"), None).clicked();
            if widgets::button(ui, go, Weight::Normal, None).clicked() {
                actions.push(then());
            }
        });
    });
    close_on(escape || wait)
}

/// 导出证书: which format, then the system's own dialog for the place.
pub struct Export {
    slot: u64,
    key_use: KeyUse,
    format: Format,
}

impl Export {
    /// Opens for a certificate.
    #[must_use]
    pub const fn new(slot: u64, key_use: KeyUse) -> Self {
        Self { slot, key_use, format: Format::Pem }
    }

    /// Shows the dialog.
    pub fn show(
        &mut self,
        ctx: &egui::Context,
        model: &Model,
        engine: &dyn Backend,
        actions: &mut Vec<Action>,
    ) -> Wish {
        let certificate = model.key(self.slot).and_then(|key| key.view()?.by_use(self.key_use).certificate());
        let Some(certificate) = certificate else { return Wish::Close };
        let ((), escape) = modal(ctx, "export", |ui| {
            widgets::heading(ui, &t!("action.export_certificate"));
            widgets::caption(ui, &details::use_name(self.key_use));
            ui.add_space(space::S);
            let formats =
                [(Format::Pem, t!("export.pem")), (Format::Der, t!("export.der")), (Format::P7b, t!("export.p7b"))];
            for (format, text) in formats {
                if widgets::radio(ui, self.format == format, &text).clicked() {
                    self.format = format;
                }
            }
            widgets::caption(ui, &t!("export.note"));
            ui.add_space(space::M);
            button_row(ui, |ui| {
                if main_button(ui, &t!("export.choose"), None).clicked() {
                    save_dialog::ask(engine, save_dialog::certificate(certificate, self.key_use, self.format));
                    actions.push(Action::CloseDialog);
                }
                if widgets::button(ui, &t!("common.cancel"), Weight::Normal, None).clicked() {
                    actions.push(Action::CloseDialog);
                }
            });
        });
        close_on(escape)
    }
}
