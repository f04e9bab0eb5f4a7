//! 3 提交与审核: the order on its way. What the person can do now comes from the service.

use super::frame::{buttons, fault, sentence, title};
use super::{Scene, Wizard, running};
use crate::app::{Command, RenewalAsk, RenewalTask, Waiting};
use crate::ui::action::Action;
use crate::ui::card::copyable;
use crate::ui::faults::telephone;
use crate::ui::give_up::GiveUp;
use crate::ui::icons::{self, Icon};
use crate::ui::text_field::TextField;
use crate::ui::theme::{self, size, space};
use crate::ui::widgets::{self, Tone, Weight};
use crate::ui::words;
use eframe::egui::{Align2, Rect, Sense, Stroke, Ui, Vec2, pos2, vec2};
use order_api::{NextAction, Order, OrderState};
use rust_i18n::t;
use std::borrow::Cow;

/// Between two codes to the same number, seconds.
const RESEND_AFTER: i64 = 60;
/// Digits of a code.
const CODE_DIGITS: usize = 6;

/// Seconds until another code can be sent.
pub fn resend_in(waiting: &Waiting, now: i64) -> i64 {
    waiting.code_sent.map_or(0, |sent| (sent + RESEND_AFTER - now).clamp(0, RESEND_AFTER))
}

/// A button below the step, and what it does.
pub struct Offer {
    /// Its words.
    pub text: Cow<'static, str>,
    /// Why it can't be pressed.
    pub obstacle: Option<Cow<'static, str>>,
    /// What follows.
    pub action: Action,
}

impl Wizard {
    /// Shows the step.
    pub(super) fn waiting(&mut self, ui: &mut Ui, scene: &Scene<'_>, waiting: &Waiting, actions: &mut Vec<Action>) {
        let order = &waiting.order;
        if let Some(end) = End::of(order.state) {
            ended(ui, scene, order, &end, actions);
            return;
        }
        let does = |action| order.next_actions.contains(&action);
        let heading = match order.state {
            _ if does(NextAction::VerifyMobile) => t!("renew.verify_title"),
            OrderState::Payment => t!("renew.pay_title"),
            OrderState::Reviewing => t!("renew.review_title"),
            _ => t!("renew.sent_title"),
        };
        title(ui, &heading);
        widgets::row(ui, &t!("renew.no"), |ui| copyable(ui, &order.no, &t!("renew.no"), actions));
        progress(ui, order.state);
        let mut offers = Vec::new();
        let mut entered = false;
        if does(NextAction::VerifyMobile) {
            entered = self.verify(ui, scene, waiting, &mut offers);
        }
        if does(NextAction::Pay) {
            offers.extend(self.pay(ui, scene, waiting));
        }
        if does(NextAction::Wait) || order.next_actions.is_empty() {
            sentence(ui, &t!("renew.may_close"));
        }
        if let Some(expires) = order.expires {
            widgets::caption(ui, &t!("renew.order_expires", when = words::moment(expires)));
        }
        fault(ui, scene);
        running(ui, scene);
        // where nothing else is to be done, looking again is the main thing
        let refresh = scene.ask(RenewalAsk::Refresh);
        offers.push(Offer { text: t!("renew.refresh"), obstacle: scene.busy(), action: refresh });
        // the number, if it was mistyped, is filled in again in a new order
        let action = Action::AskGiveUp(GiveUp::of_renewal(scene.slot));
        offers.push(Offer { text: t!("renew.correct"), obstacle: scene.busy(), action });
        let main = offers.first().map(|main| (main.text.as_ref(), main.obstacle.as_deref()));
        let mut other = None;
        let pressed = buttons(ui, scene, main, actions, |ui, _| {
            for (at, offer) in offers.iter().enumerate().skip(1) {
                if widgets::button(ui, &offer.text, Weight::Normal, offer.obstacle.as_deref()).clicked() {
                    other = Some(at);
                }
            }
        });
        if let Some(at) = (pressed || entered).then_some(0).or(other) {
            let action = offers.swap_remove(at).action;
            if matches!(&action, Action::Command(Command::Renewal { ask: RenewalAsk::CheckCode(_), .. })) {
                self.code.clear();
            }
            actions.push(action);
        }
    }

    /// The mobile number is checked by a code; true when Enter sends it.
    fn verify(&mut self, ui: &mut Ui, scene: &Scene<'_>, waiting: &Waiting, offers: &mut Vec<Offer>) -> bool {
        let enabled = scene.renewal.busy.is_none();
        let left = resend_in(waiting, scene.around.now);
        sentence(ui, &t!("renew.verify_text", mobile = waiting.order.mobile));
        if waiting.code_sent.is_none() {
            let action = scene.ask(RenewalAsk::SendCode);
            offers.push(Offer { text: t!("renew.send_code"), obstacle: scene.busy(), action });
            return false;
        }
        let digits = self.code.trim();
        let complete = digits.len() == CODE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        let wrong = !digits.is_empty() && !digits.bytes().all(|byte| byte.is_ascii_digit());
        let note = if wrong { t!("renew.code_malformed", n = CODE_DIGITS) } else { t!("renew.code_sent") };
        let label = t!("renew.code");
        let field = TextField { label: &label, note: &note, wrong, enabled, limit: 2 * CODE_DIGITS };
        let typed = field.show(ui, &mut self.code);
        self.in_text |= typed.response.has_focus() || typed.response.lost_focus();
        if enabled && std::mem::replace(&mut self.code_seen, waiting.code_sent) != waiting.code_sent {
            typed.response.request_focus();
        }
        let obstacle = scene.busy().or_else(|| (!complete).then(|| t!("renew.missing_code", n = CODE_DIGITS)));
        let entered = typed.entered && obstacle.is_none();
        let check = scene.ask(RenewalAsk::CheckCode(self.code.trim().to_owned()));
        offers.push(Offer { text: t!("renew.check_code"), obstacle, action: check });
        let wait = (left > 0).then(|| t!("renew.resend_wait", seconds = left));
        let text = wait.clone().unwrap_or_else(|| t!("renew.resend"));
        offers.push(Offer { text, obstacle: scene.busy().or(wait), action: scene.ask(RenewalAsk::SendCode) });
        if scene.task() == Some(RenewalTask::CheckingCode) {
            // a wrong one is typed again
            self.code_seen = None;
        }
        entered
    }
}

/// 已提交 → 审核中 → 已通过.
fn progress(ui: &mut Ui, state: OrderState) {
    let reached = match state {
        OrderState::Submitted => 0,
        OrderState::Reviewing => 1,
        _ => 2,
    };
    let p = theme::palette(ui.ctx());
    let stations = [t!("renew.submitted"), t!("renew.reviewing"), t!("renew.approved")];
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        for (index, text) in stations.iter().enumerate() {
            let (icon, color, state) = match index.cmp(&reached) {
                std::cmp::Ordering::Less => (Icon::Check, p.ok, t!("step.over")),
                std::cmp::Ordering::Equal if reached == 2 => (Icon::Check, p.ok, t!("step.over")),
                std::cmp::Ordering::Equal => (Icon::Clock, p.primary, t!("step.now")),
                std::cmp::Ordering::Greater => (Icon::Circle, p.text2, t!("step.later")),
            };
            if index > 0 {
                let (line, _) = ui.allocate_exact_size(vec2(space::XL, size::BODY), Sense::hover());
                ui.painter().hline(line.x_range(), line.center().y, Stroke::new(1.0, p.line));
            }
            let font = if index == reached { theme::bold_font(size::BODY) } else { theme::font(size::BODY) };
            let galley = ui.painter().layout_no_wrap(text.to_string(), font, color);
            let wanted = vec2(size::BODY + space::XS + galley.size().x, galley.size().y);
            let (rect, response) = ui.allocate_exact_size(wanted, Sense::hover());
            let mark = pos2(rect.left() + size::CAPTION / 2.0, rect.center().y);
            icons::paint(ui.painter(), Rect::from_center_size(mark, Vec2::splat(size::CAPTION)), icon, color);
            let at = Align2::LEFT_CENTER
                .anchor_size(pos2(rect.left() + size::BODY + space::XS, rect.center().y), galley.size());
            ui.painter().galley(at.min, galley, color);
            response.widget_info(|| {
                eframe::egui::WidgetInfo::labeled(eframe::egui::accesskit::Role::Label, true, text.as_ref())
            });
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(state.as_ref()));
        }
    });
    ui.add_space(space::XS);
}

/// How an order ended without a certificate.
struct End {
    title: Cow<'static, str>,
    todo: Cow<'static, str>,
    code: &'static str,
}

impl End {
    fn of(state: OrderState) -> Option<Self> {
        match state {
            OrderState::Rejected => {
                Some(Self { title: t!("renew.rejected"), todo: t!("renew.rejected_todo"), code: "rejected" })
            }
            OrderState::Expired => {
                Some(Self { title: t!("renew.expired"), todo: t!("renew.expired_todo"), code: "expired" })
            }
            OrderState::Cancelled => {
                Some(Self { title: t!("renew.cancelled"), todo: t!("renew.cancelled_todo"), code: "cancelled" })
            }
            _ => None,
        }
    }
}

/// What happened, what was kept, what to do, whom to call.
fn ended(ui: &mut Ui, scene: &Scene<'_>, order: &Order, end: &End, actions: &mut Vec<Action>) {
    title(ui, &end.title);
    widgets::row(ui, &t!("renew.no"), |ui| copyable(ui, &order.no, &t!("renew.no"), actions));
    if let Some(reason) = order.reason.as_ref().filter(|reason| !reason.is_empty()) {
        widgets::long_row(ui, &t!("renew.reason"), reason);
    }
    widgets::strip(ui, Icon::Check, Tone::Ok, &t!("renew.kept"), |_| {});
    sentence(ui, &end.todo);
    if let Some(telephone) = telephone(&scene.renewal.support) {
        widgets::caption(ui, &telephone);
    }
    widgets::caption(ui, &t!("renew.reference", no = order.no, state = end.code));
    fault(ui, scene);
    running(ui, scene);
    let again = t!("renew.apply_again");
    if buttons(ui, scene, Some((&again, scene.busy().as_deref())), actions, |_, _| {}) {
        actions.push(scene.ask(RenewalAsk::Open));
    }
}
