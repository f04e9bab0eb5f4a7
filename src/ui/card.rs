//! The right side for one key: its card with owner, fields and buttons.

use super::action::{Action, Page};
use super::details::{self, Details};
use super::empty;
use super::faults;
use super::foot;
use super::icons::{self, Icon};
use super::theme::{self, size, space};
use super::widgets::{self, Tone, Weight};
use super::words;
use crate::app::{
    CertificateOnKey, Command, FaultCode, KeyModel, KeyState, KeyView, LineState, MainAction, Model, RenewalModel,
    RenewalStage, Standing, UnlockModel, UnlockStage,
};
use certificate::Certificate;
use eframe::egui::{Align, Label, Layout, Rect, RichText, Sense, TextureHandle, Ui, vec2};
use order_api::OrderKind;
use rust_i18n::t;
use std::borrow::Cow;
use std::time::Instant;

/// After this time a running operation is explained.
pub const SLOW_AFTER: std::time::Duration = std::time::Duration::from_secs(3);

/// What the card needs besides the key.
pub struct PageContext<'a> {
    /// Seconds since 1970 UTC.
    pub now: i64,
    /// For the hint that something takes long.
    pub instant: Instant,
    /// Language for faults.
    pub chinese: bool,
    /// Seal picture, once decoded.
    pub seal: Option<&'a TextureHandle>,
    /// For the unfinished orders of this key.
    pub model: &'a Model,
}

/// Shows the card of a key.
pub fn show(ui: &mut Ui, key: &KeyModel, details: &mut Details, around: &PageContext<'_>, actions: &mut Vec<Action>) {
    match &key.state {
        KeyState::Reading => reading(ui, key, around),
        KeyState::Failed(fault) if fault.code == FaultCode::KeyUnsupported => {
            empty::unsupported(ui, key, fault, around, actions);
        }
        KeyState::Failed(fault) => widgets::card(ui, |ui| {
            header(ui, &key.slot.reader, key, around);
            faults::lines(ui, fault, around.chinese);
            ui.add_space(space::L);
            foot::row(ui, |ui| {
                if widgets::button(ui, &t!("action.read_again"), Weight::Main, None).clicked() {
                    actions.push(Action::Command(Command::Refresh(key.slot.id)));
                }
                if widgets::button(ui, &t!("page.check"), Weight::Normal, None).clicked() {
                    actions.push(Action::Open(Page::Check));
                }
                if widgets::button(ui, &t!("action.save_diagnosis"), Weight::Normal, None).clicked() {
                    actions.push(Action::SaveDiagnosis(key.slot.id));
                }
            });
        }),
        KeyState::Ready(view) => widgets::card(ui, |ui| ready(ui, key, view, details, around, actions)),
    }
}

fn header(ui: &mut Ui, owner: &str, key: &KeyModel, around: &PageContext<'_>) {
    let words = words::standing(key, around.now);
    ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
        widgets::pill(ui, words.icon, words.tone, &words.long);
        ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
            widgets::foreign(ui, owner, theme::bold_font(size::OWNER));
        });
    });
    ui.add_space(space::S);
}

fn reading(ui: &mut Ui, key: &KeyModel, around: &PageContext<'_>) {
    widgets::card(ui, |ui| {
        header(ui, &t!("standing.reading"), key, around);
        // grey bars in the places of the fields: the outline of the card that is coming
        let p = theme::palette(ui.ctx());
        for width in [0.34, 0.52, 0.4, 0.3, 0.36] {
            ui.horizontal(|ui| {
                for (share, fixed) in [(0.0, theme::LABEL_WIDTH - space::XL), (width, 0.0)] {
                    let wide = ui.available_width() * share + fixed;
                    let (rect, _) = ui.allocate_exact_size(vec2(wide, size::BODY + space::S), Sense::hover());
                    let bar = Rect::from_center_size(rect.center(), vec2(rect.width(), space::M));
                    ui.painter().rect_filled(bar, space::XS, p.ground);
                    ui.add_space(space::L);
                }
            });
        }
        if key.task.is_some_and(|(_, since)| around.instant.duration_since(since) >= SLOW_AFTER) {
            ui.add_space(space::S);
            widgets::strip(ui, Icon::Clock, Tone::Warn, &t!("key.slow"), |_| {});
        }
    });
}

fn ready(
    ui: &mut Ui,
    key: &KeyModel,
    view: &KeyView,
    details: &mut Details,
    around: &PageContext<'_>,
    actions: &mut Vec<Action>,
) {
    let standing = view.standing(around.now);
    header(ui, &words::owner(view), key, around);
    strips(ui, key, around, actions);
    match standing {
        Standing::Empty => empty_key(ui, view),
        Standing::Damaged => damaged(ui, view),
        _ => {}
    }
    if let Some(certificate) = view.leading() {
        facts(ui, view, certificate, standing, around, actions);
    }
    pin_lines(ui, view);
    if !view.contents.known_model {
        ui.add_space(space::S);
        widgets::strip(ui, Icon::Info, Tone::Quiet, &t!("key.unknown_model"), |_| {});
    }
    if details.open && view.leading().is_some() {
        details::show(ui, key, view, details, around, actions);
    }
    ui.add_space(space::M);
    buttons(ui, key, view, standing, details, actions);
}

/// An unfinished renewal and an unfinished unlock, wherever they stopped, each with the button that goes on.
fn strips(ui: &mut Ui, key: &KeyModel, around: &PageContext<'_>, actions: &mut Vec<Action>) {
    let slot = key.slot.id;
    if let Some((icon, tone, text, word)) = unlock_strip(key, around) {
        strip(ui, icon, tone, &text, &word, || Action::Unlock(slot), actions);
    }
    if let Some((icon, tone, text, word)) = renewal_strip(key, around) {
        strip(ui, icon, tone, &text, &word, || Action::Renew(slot), actions);
    }
}

fn strip(
    ui: &mut Ui,
    icon: Icon,
    tone: Tone,
    text: &str,
    word: &str,
    then: impl FnOnce() -> Action,
    actions: &mut Vec<Action>,
) {
    widgets::strip(ui, icon, tone, text, |ui| {
        if widgets::button(ui, word, Weight::Normal, None).clicked() {
            actions.push(then());
        }
    });
    ui.add_space(space::XS);
}

/// Icon, tone, sentence and button of a strip.
type Strip = (Icon, Tone, Cow<'static, str>, Cow<'static, str>);

fn unlock_strip(key: &KeyModel, around: &PageContext<'_>) -> Option<Strip> {
    let wizard = key.unlock.as_ref();
    if wizard.is_some_and(UnlockModel::is_writing) {
        return Some((Icon::Refresh, Tone::Warn, t!("card.unlocking"), t!("card.look")));
    }
    if wizard.is_some_and(|wizard| matches!(wizard.stage, UnlockStage::Done(_))) {
        return Some((Icon::Check, Tone::Ok, t!("card.unlocked"), t!("card.look")));
    }
    let order = around.model.open_order(key.slot.id, OrderKind::Unlock)?;
    let (icon, tone, state) = words::order_state(order.kind, order.state);
    Some((icon, tone, t!("card.unfinished_unlock", state = state), t!("card.go_on")))
}

fn renewal_strip(key: &KeyModel, around: &PageContext<'_>) -> Option<Strip> {
    let wizard = key.renewal.as_ref();
    if wizard.is_some_and(RenewalModel::is_downloading) {
        return Some((Icon::Refresh, Tone::Warn, t!("card.writing"), t!("card.look")));
    }
    if wizard.is_some_and(|wizard| matches!(wizard.stage, RenewalStage::Done(_))) {
        return Some((Icon::Check, Tone::Ok, t!("card.renewed"), t!("card.look")));
    }
    let order = around.model.open_order(key.slot.id, OrderKind::Renew)?;
    let (icon, tone, state) = words::order_state(order.kind, order.state);
    let text = match order.state {
        LineState::Ready => t!("card.ready"),
        _ => t!("card.unfinished", state = state),
    };
    Some((icon, tone, text, t!("card.go_on")))
}

fn facts(
    ui: &mut Ui,
    view: &KeyView,
    certificate: &Certificate,
    standing: Standing,
    around: &PageContext<'_>,
    actions: &mut Vec<Action>,
) {
    let number = words::card_number(view);
    let left = |ui: &mut Ui| {
        widgets::row(ui, &t!("field.card_number"), |ui| copyable(ui, &number, &t!("field.card_number"), actions));
        widgets::row(ui, &t!("field.validity"), |ui| {
            ui.add(Label::new(words::validity(certificate)).wrap().selectable(true));
            if let Some(validity) = certificate.validity {
                validity_bar(ui, validity.used(around.now), standing);
            }
        });
        widgets::text_row(ui, &t!("field.issuer"), words::or_absent(certificate.issuer.short().as_deref()));
    };
    let right = |ui: &mut Ui| {
        widgets::text_row(ui, &t!("field.type"), &words::certificate_type(certificate));
        widgets::text_row(ui, &t!("field.medium"), words::or_absent(view.contents.medium.as_deref()));
        widgets::row(ui, &t!("field.seal"), |ui| match around.seal {
            None => {
                ui.label(t!("field.no_seal"));
            }
            Some(texture) => {
                let image = eframe::egui::Image::new(texture).max_height(72.0).alt_text(t!("field.seal"));
                ui.add(image);
            }
        });
    };
    widgets::side_by_side(ui, left, right);
}

/// A value that one click copies.
pub fn copyable(ui: &mut Ui, value: &str, name: &str, actions: &mut Vec<Action>) {
    ui.horizontal(|ui| {
        ui.scope(|ui| {
            ui.set_max_width((ui.available_width() - COPY_WIDTH).max(0.0));
            widgets::foreign(ui, value, theme::font(size::BODY));
        });
        let spoken = format!("{} {name}", t!("action.copy"));
        if value != words::ABSENT && widgets::quiet_button(ui, &t!("action.copy"), &spoken).clicked() {
            actions.push(Action::Copy(value.to_owned()));
        }
    });
}

/// Room kept for the button behind a value that may wrap.
const COPY_WIDTH: f32 = 56.0;

fn validity_bar(ui: &mut Ui, used: f32, standing: Standing) {
    let p = theme::palette(ui.ctx());
    let width = ui.available_width().min(420.0);
    let (rect, _) = ui.allocate_exact_size(vec2(width, 6.0), Sense::hover());
    let color = match standing {
        Standing::Expired(_) => p.danger,
        Standing::Expiring(_) | Standing::NotYetValid => p.warn,
        _ => p.ok,
    };
    ui.painter().rect_filled(rect, 3.0, p.line);
    ui.painter().rect_filled(Rect::from_min_size(rect.min, vec2(width * used, rect.height())), 3.0, color);
}

fn pin_lines(ui: &mut Ui, view: &KeyView) {
    let Some(pin) = view.contents.pin else { return };
    widgets::row(ui, &t!("field.pin"), |ui| {
        let p = theme::palette(ui.ctx());
        let color = if pin.tries_left <= 2 { p.danger } else { p.text };
        ui.label(RichText::new(words::tries(pin.tries_left)).color(color));
    });
    if pin.is_default && !pin.is_locked() {
        ui.add_space(space::XS);
        widgets::strip(ui, Icon::Warning, Tone::Warn, &t!("pin.is_default"), |_| {});
    }
}

fn empty_key(ui: &mut Ui, view: &KeyView) {
    ui.add(Label::new(t!("empty.key_text")).wrap());
    widgets::text_row(ui, &t!("field.device_serial"), words::or_absent(Some(&view.contents.device.serial)));
    widgets::text_row(ui, &t!("field.medium"), words::or_absent(view.contents.medium.as_deref()));
}

fn damaged(ui: &mut Ui, view: &KeyView) {
    let p = theme::palette(ui.ctx());
    ui.horizontal_top(|ui| {
        icons::show_sized(ui, Icon::Warning, p.danger, size::BODY);
        ui.add(Label::new(RichText::new(t!("key.damaged_certificate")).color(p.danger)).wrap());
    });
    let reason = [&view.sign, &view.encrypt].into_iter().find_map(|one| match one {
        CertificateOnKey::Damaged(error) => Some(error.to_string()),
        _ => None,
    });
    widgets::caption(ui, &format!("{} · {}", FaultCode::CertificateDamaged.as_str(), reason.unwrap_or_default()));
    widgets::text_row(ui, &t!("field.device_serial"), words::or_absent(Some(&view.contents.device.serial)));
    widgets::text_row(ui, &t!("field.medium"), words::or_absent(view.contents.medium.as_deref()));
}

fn buttons(
    ui: &mut Ui,
    key: &KeyModel,
    view: &KeyView,
    standing: Standing,
    details: &mut Details,
    actions: &mut Vec<Action>,
) {
    let slot = key.slot.id;
    let main = standing.main_action();
    let weight = |action| if main == Some(action) { Weight::Main } else { Weight::Normal };
    let busy = key.task.is_some().then(|| t!("obstacle.busy"));
    let pin_obstacle = busy.or_else(|| words::pin_obstacle(view));
    let renew_obstacle = if view.leading().is_none() {
        Some(t!("obstacle.no_certificate"))
    } else if matches!(standing, Standing::Expired(_)) && main.is_none() {
        Some(t!("obstacle.too_late"))
    } else {
        None
    };
    let unlock_obstacle = match view.contents.pin {
        None => Some(t!("obstacle.no_pin")),
        Some(_) if !view.contents.known_model => Some(t!("obstacle.unknown_model")),
        Some(_) => None,
    };
    let mut row = vec![
        (MainAction::ChangePin, t!("action.change_pin"), pin_obstacle, Action::ChangePin(slot)),
        (MainAction::Renew, t!("action.renew"), renew_obstacle, Action::Renew(slot)),
        (MainAction::Unlock, t!("action.unlock"), unlock_obstacle, Action::Unlock(slot)),
    ];
    // the main button stands first
    row.sort_by_key(|(action, ..)| main != Some(*action));
    foot::row(ui, |ui| {
        if standing == Standing::Empty && widgets::button(ui, &t!("empty.key_button"), Weight::Main, None).clicked() {
            actions.push(Action::Open(Page::Services));
        }
        for (action, text, obstacle, then) in row {
            if widgets::button(ui, &text, weight(action), obstacle.as_deref()).clicked() {
                actions.push(then);
            }
        }
        if view.leading().is_some() {
            let word = if details.open { t!("details.close") } else { t!("details.open") };
            if widgets::end_link(ui, &word, Some(Icon::Chevron { open: details.open })).clicked() {
                details.open = !details.open;
                details.opened = details.open;
            }
        }
    });
}
