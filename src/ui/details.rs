//! 更多证书信息: both certificates of the key, 检查证书 and 导出证书.

use super::action::Action;
use super::card::{PageContext, copyable};
use super::findings;
use super::history;
use super::icons::Icon;
use super::theme::{self, size, space};
use super::widgets::{self, Tone, Weight};
use super::words;
use crate::app::{CertificateOnKey, CheckState, KeyModel, KeyUse, KeyView};
use certificate::Certificate;
use eframe::egui::accesskit::Role;
use eframe::egui::{Align, Align2, CursorIcon, Rect, Sense, Stroke, Ui, Vec2, pos2, vec2};
use rust_i18n::t;

/// What is open in the details.
#[derive(Clone, Copy, Debug)]
pub struct Details {
    /// Shown at all.
    pub open: bool,
    /// It was opened just now: it is scrolled to.
    pub opened: bool,
    /// Which certificate.
    pub key_use: KeyUse,
}

impl Default for Details {
    fn default() -> Self {
        Self { open: false, opened: false, key_use: KeyUse::Sign }
    }
}

/// Name of a certificate by its use.
#[must_use]
pub fn use_name(key_use: KeyUse) -> String {
    match key_use {
        KeyUse::Sign => t!("details.sign").into_owned(),
        KeyUse::Encrypt => t!("details.encrypt").into_owned(),
    }
}

/// Shows the details below the buttons.
pub fn show(
    ui: &mut Ui,
    key: &KeyModel,
    view: &KeyView,
    details: &mut Details,
    around: &PageContext<'_>,
    actions: &mut Vec<Action>,
) {
    ui.add_space(space::S);
    if std::mem::take(&mut details.opened) {
        ui.scroll_to_cursor(Some(Align::TOP));
    }
    tabs(ui, details);
    ui.add_space(space::S);
    match view.by_use(details.key_use) {
        CertificateOnKey::Absent => {
            ui.label(t!("details.absent"));
        }
        CertificateOnKey::Damaged(error) => {
            widgets::strip(ui, Icon::Warning, Tone::Danger, &t!("key.damaged_certificate"), |_| {});
            widgets::caption(ui, &error.to_string());
        }
        CertificateOnKey::Present(certificate) => one(ui, key, view, certificate, details.key_use, around, actions),
    }
    history::section(ui, key, view, actions);
}

fn tabs(ui: &mut Ui, details: &mut Details) {
    let p = theme::palette(ui.ctx());
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::L;
        for key_use in [KeyUse::Sign, KeyUse::Encrypt] {
            let name = use_name(key_use);
            let chosen = details.key_use == key_use;
            let font = if chosen { theme::bold_font(size::BODY) } else { theme::font(size::BODY) };
            let color = if chosen { p.primary } else { p.text2 };
            let galley = ui.painter().layout_no_wrap(name.clone(), font, color);
            let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x, theme::CONTROL_HEIGHT), Sense::click());
            ui.painter().galley(Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size()).min, galley, color);
            if chosen {
                let bottom = Rect::from_min_max(pos2(rect.left(), rect.bottom() - 2.0), rect.max);
                ui.painter().rect_filled(bottom, 1.0, p.primary);
            }
            widgets::one_of(ui, &response, Role::Tab, chosen, &name);
            widgets::focus_ring(ui, &response);
            if response.on_hover_cursor(CursorIcon::PointingHand).clicked() {
                details.key_use = key_use;
            }
        }
    });
    let line = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover()).0;
    ui.painter().hline(line.x_range(), line.top() - space::S, Stroke::new(1.0, p.line));
}

fn one(
    ui: &mut Ui,
    key: &KeyModel,
    view: &KeyView,
    certificate: &Certificate,
    key_use: KeyUse,
    around: &PageContext<'_>,
    actions: &mut Vec<Action>,
) {
    let identity = &certificate.identity;
    widgets::text_row(ui, &t!("field.owner"), words::or_absent(certificate.owner.as_deref()));
    widgets::text_row(ui, &t!("field.validity"), &words::validity(certificate));
    widgets::row(ui, &t!("field.card_number"), |ui| {
        copyable(ui, &words::card_number(view), &t!("field.card_number"), actions);
    });
    widgets::row(ui, &t!("field.unique_id"), |ui| {
        copyable(ui, words::or_absent(identity.unique_id.as_deref()), &t!("field.unique_id"), actions);
    });
    widgets::text_row(ui, &t!("field.organisation_number"), words::or_absent(identity.organisation_number.as_deref()));
    widgets::text_row(ui, &t!("field.credit_code"), words::or_absent(identity.credit_code.as_deref()));
    widgets::row(ui, &t!("field.device_serial"), |ui| {
        copyable(ui, words::or_absent(Some(&view.contents.device.serial)), &t!("field.device_serial"), actions);
    });
    widgets::row(ui, &t!("field.serial"), |ui| copyable(ui, &certificate.serial_hex(), &t!("field.serial"), actions));
    widgets::long_row(ui, &t!("field.subject"), &certificate.subject.to_string());
    widgets::long_row(ui, &t!("field.issuer"), &certificate.issuer.to_string());
    widgets::text_row(
        ui,
        &t!("field.algorithm"),
        &format!("{} · {}", words::key_type(certificate), certificate.algorithm),
    );
    widgets::text_row(ui, &t!("field.usage"), &words::usage(certificate));
    widgets::row(ui, &t!("field.fingerprint"), |ui| {
        copyable(ui, &certificate.fingerprint_hex(), &t!("field.fingerprint"), actions);
    });
    widgets::row(ui, &t!("field.chain"), |ui| chain(ui, certificate));

    ui.add_space(space::S);
    let check = key.checks.get(&key_use);
    let running = matches!(check, Some(CheckState::Running)).then(|| t!("check.running"));
    ui.horizontal_wrapped(|ui| {
        if widgets::button(ui, &t!("action.check_certificate"), Weight::Normal, running.as_deref()).clicked() {
            actions.push(Action::Check(key.slot.id, key_use));
        }
        if widgets::button(ui, &t!("action.export_certificate"), Weight::Normal, None).clicked() {
            actions.push(Action::Export(key.slot.id, key_use));
        }
        if widgets::button(ui, &t!("action.copy_all"), Weight::Normal, None).clicked() {
            actions.push(Action::Copy(as_text(view, certificate)));
        }
    });
    if let Some(state) = check {
        findings::show(ui, state, around.chinese);
    }
}

/// Issuer above owner, as far as the certificate itself tells; whether the links hold is what 检查证书 finds out.
fn chain(ui: &mut Ui, certificate: &Certificate) {
    let p = theme::palette(ui.ctx());
    let issuer = certificate.issuer.short();
    let names = [issuer.as_deref(), certificate.owner.as_deref()];
    for (depth, name) in (0u8..).zip(names) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            ui.add_space(f32::from(depth) * space::XL);
            let (rect, _) = ui.allocate_exact_size(Vec2::splat(space::S), Sense::hover());
            ui.painter().circle_filled(rect.center(), 3.0, if depth == 0 { p.text2 } else { p.primary });
            widgets::foreign(ui, words::or_absent(name), theme::font(size::BODY));
        });
    }
}

/// The details as lines of text, for a work order or a mail.
fn as_text(view: &KeyView, certificate: &Certificate) -> String {
    let identity = &certificate.identity;
    let rows = [
        (t!("field.owner"), words::or_absent(certificate.owner.as_deref()).to_owned()),
        (t!("field.card_number"), words::card_number(view)),
        (t!("field.validity"), words::validity(certificate)),
        (t!("field.unique_id"), words::or_absent(identity.unique_id.as_deref()).to_owned()),
        (t!("field.organisation_number"), words::or_absent(identity.organisation_number.as_deref()).to_owned()),
        (t!("field.device_serial"), words::or_absent(Some(&view.contents.device.serial)).to_owned()),
        (t!("field.serial"), certificate.serial_hex()),
        (t!("field.issuer"), certificate.issuer.to_string()),
        (t!("field.type"), words::certificate_type(certificate)),
        (t!("field.medium"), words::or_absent(view.contents.medium.as_deref()).to_owned()),
    ];
    rows.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
}
