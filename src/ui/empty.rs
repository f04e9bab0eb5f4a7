//! Empty and failure states of the whole right side, each with its picture, sentences and button.

use super::action::{Action, Page};
use super::card::PageContext;
use super::foot;
use super::icons::{self, Icon};
use super::theme::{self, size, space};
use super::widgets::{self, Weight};
use crate::app::{Command, Fault, FaultCode, KeyModel, Model, SERVICE_STOPPED, ServiceState};
use eframe::egui::{Align, Color32, Label, Layout, Rect, RichText, Sense, Ui, vec2};
use rust_i18n::t;

const PICTURE: f32 = 88.0;

/// Shows the state in which no key can be shown.
pub fn no_key(ui: &mut Ui, model: &Model, chinese: bool, actions: &mut Vec<Action>) {
    let p = theme::palette(ui.ctx());
    match &model.service {
        None => page(ui, Icon::Clock, p.text2, &t!("empty.starting"), &[], |_| {}),
        Some(ServiceState::Running { .. } | ServiceState::Asleep) => {
            let lines = [t!("empty.insert_1").into_owned(), t!("empty.insert_2").into_owned()];
            page(ui, Icon::Key, p.primary, &t!("empty.insert"), &lines, |ui| check_button(ui, actions));
        }
        Some(ServiceState::Stopped) => {
            service_fault(ui, Icon::Plug, &Fault::new(SERVICE_STOPPED), chinese, actions);
        }
        Some(ServiceState::VersionMismatch { service }) => {
            let version = service
                .map_or_else(|| t!("empty.unknown_version").into_owned(), |(major, minor)| format!("{major}:{minor}"));
            let fault = Fault::new(FaultCode::ServiceVersion).with("service", version);
            service_fault(ui, Icon::Mismatch, &fault, chinese, actions);
        }
        Some(ServiceState::Denied) => {
            service_fault(ui, Icon::Lock, &Fault::new(FaultCode::ServiceDenied), chinese, actions);
        }
    }
}

/// A card that is no key of ours: reader, ATR, and a way to tell support.
pub fn unsupported(ui: &mut Ui, key: &KeyModel, fault: &Fault, around: &PageContext<'_>, actions: &mut Vec<Action>) {
    let p = theme::palette(ui.ctx());
    let sentences = fault.sentences(around.chinese);
    let reader = format!("{} {}", t!("field.reader"), key.slot.reader);
    let atr = format!("ATR {}", hex(&key.slot.atr));
    let lines = [sentences.kept, reader, atr, sentences.todo, fault.reference()];
    page(ui, Icon::Question, p.text2, &sentences.what, &lines, |ui| {
        if widgets::button(ui, &t!("action.save_diagnosis"), Weight::Normal, None).clicked() {
            actions.push(Action::SaveDiagnosis(key.slot.id));
        }
        if widgets::button(ui, &t!("action.read_again"), Weight::Normal, None).clicked() {
            actions.push(Action::Command(Command::Refresh(key.slot.id)));
        }
    });
}

/// Bytes as spaced hex digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ")
}

fn service_fault(ui: &mut Ui, icon: Icon, fault: &Fault, chinese: bool, actions: &mut Vec<Action>) {
    let p = theme::palette(ui.ctx());
    let sentences = fault.sentences(chinese);
    let lines = [sentences.kept, sentences.todo, fault.reference()];
    page(ui, icon, p.danger, &sentences.what, &lines, |ui| check_button(ui, actions));
}

fn check_button(ui: &mut Ui, actions: &mut Vec<Action>) {
    if widgets::button(ui, &t!("page.check"), Weight::Normal, None).clicked() {
        actions.push(Action::Open(Page::Check));
    }
}

/// Picture, title, sentences, buttons; in the middle of the page.
pub fn page(ui: &mut Ui, icon: Icon, color: Color32, title: &str, lines: &[String], buttons: impl FnOnce(&mut Ui)) {
    let p = theme::palette(ui.ctx());
    let above = (ui.available_height() - PICTURE - 190.0).max(0.0) / 2.0;
    ui.add_space(above);
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(PICTURE, PICTURE), Sense::hover());
        icons::paint(ui.painter(), Rect::from_center_size(rect.center(), vec2(PICTURE, PICTURE)), icon, color);
        ui.add_space(space::L);
        ui.add(Label::new(RichText::new(title).font(theme::bold_font(size::SECTION))).wrap());
        for line in lines.iter().filter(|line| !line.is_empty()) {
            ui.scope(|ui| {
                ui.set_max_width(ui.available_width().min(560.0));
                ui.add(Label::new(RichText::new(line).color(p.text2)).wrap().selectable(true));
            });
        }
        ui.add_space(space::S);
        // measured once invisibly: a row of buttons has no width before it is laid out
        let id = ui.scope_id().with("buttons");
        let known = ui.data(|data| data.get_temp::<f32>(id)).unwrap_or(0.0);
        let row = foot::show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.add_space((ui.available_width() - known).max(0.0) / 2.0);
                ui.horizontal(buttons).response.rect.width()
            })
        });
        if (row.inner - known).abs() > 0.5 {
            ui.data_mut(|data| data.insert_temp(id, row.inner));
            ui.ctx().request_discard("width of the buttons became known");
        }
    });
}
