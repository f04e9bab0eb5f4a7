//! 3 and 4: the authorization code and the new PIN, and the writing that follows. After a cut the new PIN alone.

use super::frame::waits;
use super::{CLOCK_UNDER, Scene, Wizard, expires_in, resend_in, running};
use crate::app::{Command, FaultCode, NewPin, UnlockAsk, UnlockLine};
use crate::ui::action::Action;
use crate::ui::faults;
use crate::ui::icons::Icon;
use crate::ui::pin_entry::labelled;
use crate::ui::theme;
use crate::ui::widgets::{self, Tone, Weight};
use crate::ui::wizard::lines::Lines;
use crate::ui::wizard::{sentence, title};
use crate::ui::words;
use base::secret::Pin;
use eframe::egui::{Key, Label, Response, RichText, Ui};
use order_api::{Order, UnlockRoute};
use rust_i18n::t;
use std::borrow::Cow;
use std::ops::RangeInclusive;
use zeroize::Zeroizing;

/// Shortest code there is.
const SHORTEST_CODE: usize = 6;

/// Lengths of a PIN that both key and CA take; those of the key where the CA takes none of them.
fn lengths(key: &RangeInclusive<usize>, pin: &NewPin) -> RangeInclusive<usize> {
    let both = *key.start().max(&pin.pins.min)..=*key.end().min(&pin.pins.max);
    if both.is_empty() { key.clone() } else { both }
}

impl Wizard {
    /// Shows the step. `wants_code` is false after a cut.
    pub(super) fn code(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        pin: &NewPin,
        wants_code: bool,
        actions: &mut Vec<Action>,
    ) {
        self.shows_pin = true;
        if scene.unlock.is_writing() {
            self.writing(ui, scene);
            return;
        }
        let order = &pin.order;
        let cut = scene.unlock.fault.is_some().then(|| scene.unlock.line()).flatten();
        title(ui, &if wants_code { t!("unlock.code_title") } else { t!("unlock.new_pin_title") });
        if !wants_code {
            sentence(ui, &t!("unlock.resumed"));
            if cut.is_some() {
                self.lines(ui, scene, cut, false);
            }
        }
        if let Some(unread) = scene.unread {
            self.unread(ui, scene, unread, actions);
            return;
        }
        let enabled = scene.unlock.busy.is_none() && scene.view.is_some() && scene.useless().is_none();
        let first = wants_code.then(|| self.code_block(ui, scene, order, enabled, actions));
        let length = scene.view.map_or(pin.pins.min..=pin.pins.max, |view| lengths(&view.pin_length, pin));
        let new = self.pins.show(ui, None, &length, enabled);
        // the keyboard goes to what is missing
        let first = first.filter(|_| self.code.buffer.is_empty()).unwrap_or(new);
        self.arrive(&first, enabled);
        if let Some(useless) = scene.useless().filter(|_| scene.view.is_some()) {
            widgets::strip(ui, Icon::Lock, Tone::Danger, &useless, |_| {});
        }
        scene.frame().show_fault(ui);
        waits(ui, scene);
        running(ui, scene);
        let code = if wants_code { self.code_obstacle(scene, order) } else { None };
        let obstacle =
            scene.blocked().or_else(|| scene.useless()).or(code).or_else(|| self.pins.obstacle(None, &length));
        let entered = enabled && obstacle.is_none() && ui.input(|input| input.key_pressed(Key::Enter)) && {
            let focused = ui.memory(|memory| memory.focused());
            self.pins.is_focused(focused) || wants_code && self.code.is_focused(focused)
        };
        let main = if wants_code { t!("unlock.unlock") } else { t!("renew.go_on") };
        self.help(ui, scene);
        let pressed = scene.frame().buttons(ui, Some((&main, obstacle.as_deref())), actions, |ui, actions| {
            if wants_code
                && widgets::button(ui, &t!("unlock.write_anew"), Weight::Normal, scene.busy().as_deref()).clicked()
            {
                actions.push(scene.ask(UnlockAsk::Discard));
            }
        });
        if (pressed || entered)
            // after a wrong code it need not be typed again
            && let Ok(new) = self.pins.copy()
        {
            self.send(scene, wants_code, new, actions);
        }
    }

    fn send(&self, scene: &Scene<'_>, wants_code: bool, new: Pin, actions: &mut Vec<Action>) {
        // the field keeps the code: after a failure of the network it need not be typed again
        let code: Option<Zeroizing<String>> = wants_code.then(|| self.code.buffer.text());
        actions.push(scene.ask(UnlockAsk::Unlock { code, new }));
    }

    /// The first field takes the keyboard when the step comes up, and after each failure.
    fn arrive(&mut self, first: &Response, enabled: bool) {
        if enabled && !std::mem::replace(&mut self.has_arrived, true) {
            first.request_focus();
        }
        if !enabled {
            self.has_arrived = false;
        }
    }

    /// Where the code went, how long it counts, its field, and the button for another one.
    fn code_block(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        order: &Order,
        enabled: bool,
        actions: &mut Vec<Action>,
    ) -> Response {
        sentence(ui, &where_to(order));
        let view = order.unlock.as_ref();
        let sent = view.and_then(|view| view.code_sent);
        if std::mem::replace(&mut self.code_seen, sent) != sent {
            // a code that was replaced is not the one that was being typed
            self.code.buffer.clear();
        }
        let left = expires_in(order, scene.around.now);
        match left {
            Some(left) if left <= 0 => widgets::strip(ui, Icon::Clock, Tone::Warn, &t!("unlock.code_over"), |_| {}),
            Some(left) => {
                let when = words::moment(scene.around.now + left);
                let text = if left < CLOCK_UNDER {
                    let seconds = u64::try_from(left).unwrap_or_default();
                    t!("unlock.code_until_clock", when = when, left = words::seconds(seconds))
                } else {
                    t!("unlock.code_until", when = when)
                };
                widgets::caption(ui, &text);
            }
            None => {}
        }
        let wrong = scene.unlock.fault.as_ref().filter(|fault| fault.code == FaultCode::CodeWrong);
        let tries = view.map_or(0, |view| view.tries_left);
        let note = match wrong {
            Some(fault) => fault.sentences(scene.around.chinese).what,
            None => t!("unlock.code_tries", n = tries).into_owned(),
        };
        let tone = if wrong.is_some() || tries == 1 { Tone::Danger } else { Tone::Quiet };
        let response = labelled(ui, &mut self.code, &t!("unlock.code"), &note, tone, wrong.is_some(), enabled);
        ui.horizontal(|ui| {
            let seconds = resend_in(order, scene.around.now);
            let wait = (seconds > 0).then(|| t!("renew.resend_wait", seconds = seconds));
            let word = wait.clone().unwrap_or_else(|| t!("renew.resend"));
            let blocked = scene.blocked().or(wait);
            if widgets::button(ui, &word, Weight::Normal, blocked.as_deref()).clicked() {
                actions.push(scene.ask(UnlockAsk::Resend));
            }
        });
        response
    }

    fn code_obstacle(&self, scene: &Scene<'_>, order: &Order) -> Option<Cow<'static, str>> {
        if expires_in(order, scene.around.now).is_some_and(|left| left <= 0) {
            return Some(t!("unlock.code_over"));
        }
        let typed = self.code.buffer.chars().iter().filter(|c| c.is_ascii_alphanumeric()).count();
        (typed < SHORTEST_CODE).then(|| t!("unlock.missing_code"))
    }

    /// The key can't be read.
    pub(super) fn unread(&self, ui: &mut Ui, scene: &Scene<'_>, unread: &crate::app::Fault, actions: &mut Vec<Action>) {
        scene.frame().show_fault(ui);
        faults::boxed(ui, unread, &scene.unlock.support, scene.around.chinese);
        let again = t!("action.read_again");
        if scene.frame().buttons(ui, Some((&again, scene.busy().as_deref())), actions, |_, _| {}) {
            actions.push(Action::Command(Command::Refresh(scene.slot)));
        }
    }

    /// The key is being worked on.
    pub(super) fn writing(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        // the service has taken the code
        if scene.unlock.line() > Some(UnlockLine::Answer) {
            self.pins.reset();
        }
        // who goes on typing types into nothing
        self.proof.reset();
        self.has_arrived = false;
        self.shows_pin = true;
        let p = theme::palette(ui.ctx());
        title(ui, &t!("unlock.writing_title"));
        ui.add(Label::new(RichText::new(t!("unlock.do_not_unplug")).color(p.warn_text)).wrap());
        self.lines(ui, scene, scene.unlock.line(), true);
        let since = scene.unlock.busy.map(|(_, since)| scene.around.instant.saturating_duration_since(since));
        widgets::caption(ui, &t!("renew.elapsed", time = words::seconds(since.unwrap_or_default().as_secs())));
    }

    fn lines(&mut self, ui: &mut Ui, scene: &Scene<'_>, at: Option<UnlockLine>, running: bool) {
        let moved = std::mem::replace(&mut self.line_seen, at) != at;
        let all = UnlockLine::ALL.map(|line| (line, name(line)));
        Lines { all: &all, at, running, moved }.show(ui, |line| scene.unlock.line_took(line));
    }
}

fn name(line: UnlockLine) -> Cow<'static, str> {
    match line {
        UnlockLine::Challenge => t!("unlock.line_challenge"),
        UnlockLine::Answer => t!("unlock.line_answer"),
        UnlockLine::Key => t!("unlock.line_key"),
        UnlockLine::Report => t!("unlock.line_report"),
    }
}

/// Where the code went. On the way by SMS nothing is said about whether it was sent at all.
fn where_to(order: &Order) -> Cow<'static, str> {
    let Some(view) = &order.unlock else { return t!("unlock.sent_nowhere") };
    let to = view.sent_to.join(&t!("common.list_separator"));
    match (view.route, to.is_empty()) {
        (_, true) => t!("unlock.sent_nowhere"),
        (UnlockRoute::Sms, false) => t!("unlock.sent_if", to = to),
        (UnlockRoute::Review, false) => t!("unlock.sent_to", to = to),
    }
}
