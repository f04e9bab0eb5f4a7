//! One PIN that is asked for on a page or in a dialog: its field with the tries left, the mark of a wrong one, and the
//! second confirmation before the last tries. The PIN is moved out once and never kept.

use super::action::Action;
use super::dialogs;
use super::foot;
use super::icons::{self, Icon};
use super::pin_field::{PinBuffer, PinField, PinTaker, wipe_stray};
use super::theme::{self, size, space};
use super::widgets::{self, Tone, Weight};
use super::words;
use crate::app::policy::FEW_TRIES;
use crate::app::{Fault, FaultCode, KeyView, PinInfo, TokenError, check_present_pin};
use base::odd_pin::OddPin;
use base::secret::Pin;
use eframe::egui::accesskit::Invalid;
use eframe::egui::{Align, Event, Id, Key, Label, Layout, Modifiers, Response, RichText, Ui};
use rust_i18n::t;
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// A PIN being asked for.
#[derive(Default)]
pub struct PinEntry {
    field: PinField,
    confirming: bool,
    has_arrived: bool,
    focused: bool,
}

/// What is asked.
pub struct Question<'a> {
    /// Name of the field.
    pub label: &'a str,
    /// State of the PIN, when it is known.
    pub pin: Option<PinInfo>,
    /// Why the last attempt failed.
    pub fault: Option<&'a Fault>,
    /// False while it is being used.
    pub enabled: bool,
    /// Language of faults.
    pub chinese: bool,
}

impl PinEntry {
    /// True while the person is asked once more.
    #[must_use]
    pub const fn is_confirming(&self) -> bool {
        self.confirming
    }

    /// Back from the second confirmation; false when it was not asked.
    pub const fn step_back(&mut self) -> bool {
        std::mem::replace(&mut self.confirming, false)
    }

    /// Wipes what was typed; the field takes the keyboard when it is shown next.
    pub fn reset(&mut self) {
        self.field.buffer.clear();
        self.field.revealed = false;
        (self.confirming, self.has_arrived) = (false, false);
    }

    /// Shows the field. The keyboard goes to it the first time, and after each failure.
    pub fn show(&mut self, ui: &mut Ui, question: &Question<'_>) {
        let wrong = question.fault.filter(|fault| fault.code == FaultCode::WrongPin);
        let odd = oddity(&self.field.buffer, question.chinese);
        let is_odd = odd.is_some();
        let (note, tone) = match (wrong, question.pin.map(|pin| pin.tries_left)) {
            _ if is_odd => (odd.unwrap_or_default(), Tone::Danger),
            (Some(fault), _) => (fault.sentences(question.chinese).what, Tone::Danger),
            (_, Some(left)) => (words::tries(left), if left <= FEW_TRIES { Tone::Danger } else { Tone::Quiet }),
            (_, None) => (String::new(), Tone::Quiet),
        };
        let response =
            labelled(ui, &mut self.field, question.label, &note, tone, is_odd || wrong.is_some(), question.enabled);
        if question.enabled && !std::mem::replace(&mut self.has_arrived, true) {
            response.request_focus();
        }
        if !question.enabled {
            // the answer may be that it was wrong: then it is typed again
            self.has_arrived = false;
        }
        self.focused = response.has_focus();
    }

    /// True when Enter was pressed in the field.
    #[must_use]
    pub fn entered(&self, ui: &Ui) -> bool {
        self.focused && ui.input(|input| input.key_pressed(Key::Enter))
    }

    /// Why the PIN can't be sent to this key.
    #[must_use]
    pub fn obstacle(&self, view: Option<&KeyView>, chinese: bool) -> Option<Cow<'static, str>> {
        if self.field.buffer.is_empty() {
            return Some(t!("pin.obstacle_empty"));
        }
        refusal(&self.field.buffer, &view?.present_pin_length, chinese)
    }

    /// The PIN, moved out; `None` when few tries are left and the person has to be asked once more.
    pub fn submit(&mut self, pin: Option<PinInfo>) -> Option<Pin> {
        if !self.confirming && pin.is_some_and(|pin| pin.tries_left <= FEW_TRIES) {
            self.confirming = true;
            return None;
        }
        self.confirming = false;
        self.field.buffer.take().ok()
    }

    /// The second confirmation; the PIN when the person insists.
    pub fn confirmation(
        &mut self,
        ui: &mut Ui,
        pin: Option<PinInfo>,
        place: Place,
        actions: &mut Vec<Action>,
        slot: u64,
    ) -> Option<Pin> {
        match few_tries(ui, pin.map_or(0, |pin| pin.tries_left), place)? {
            Answer::Unlock => {
                self.reset();
                actions.push(Action::CloseDialog);
                actions.push(Action::Unlock(slot));
                None
            }
            Answer::Try => self.submit(pin),
            Answer::Back => {
                self.confirming = false;
                self.has_arrived = false;
                None
            }
        }
    }
}

impl PinTaker for PinEntry {
    fn absorb(&mut self, focused: Option<Id>, events: &mut Vec<Event>, modifiers: Modifiers) -> Vec<Event> {
        if !self.confirming && self.has_arrived && self.field.is_focused(focused) {
            self.field.buffer.absorb(events, modifiers)
        } else {
            wipe_stray(events)
        }
    }
}

/// Why what was typed is not sent as a PIN of these lengths: it would cost a try.
#[must_use]
pub fn refusal(buffer: &PinBuffer, lengths: &RangeInclusive<usize>, chinese: bool) -> Option<Cow<'static, str>> {
    let too_long = TokenError::PinLength { min: *lengths.start(), max: *lengths.end() };
    let error = buffer.copy().map_or(Some(too_long), |pin| check_present_pin(lengths, &pin).err())?;
    let sentences = Fault::from(&error).sentences(chinese);
    Some(t!("pin.obstacle_refused", what = sentences.what, kept = sentences.kept))
}

/// What is odd about the characters typed so far, to be told beside the field at once.
#[must_use]
pub fn oddity(buffer: &PinBuffer, chinese: bool) -> Option<String> {
    let odd = OddPin::of(&buffer.copy().ok()?)?;
    // the second word of two may still follow
    (odd != OddPin::OuterBlank).then(|| Fault::from(odd).sentences(chinese).what)
}

/// What the person chose before the last tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 找回密码 instead.
    Unlock,
    /// Try all the same.
    Try,
    /// Back to the field.
    Back,
}

/// Where the second confirmation stands: its buttons follow the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a dialog: the main button at the right end.
    Dialog,
    /// On a page: the main button first.
    Page,
}

/// Asks once more because few tries are left.
pub fn few_tries(ui: &mut Ui, left: u8, place: Place) -> Option<Answer> {
    ui.add_space(space::L);
    ui.horizontal_top(|ui| {
        let color = theme::palette(ui.ctx()).danger;
        icons::show_sized(ui, Icon::Warning, color, size::OWNER);
        ui.vertical(|ui| {
            ui.add(Label::new(RichText::new(words::tries(left)).family(theme::bold()).color(color)).wrap());
            ui.add(Label::new(t!("pin.confirm_text")).wrap());
        });
    });
    ui.add_space(space::L);
    let mut answer = None;
    let buttons = |ui: &mut Ui| {
        if dialogs::main_button(ui, &t!("action.unlock"), None).clicked() {
            answer = Some(Answer::Unlock);
        }
        if widgets::button(ui, &t!("pin.confirm_try"), Weight::Normal, None).clicked() {
            answer = Some(Answer::Try);
        }
        if widgets::button(ui, &t!("common.back"), Weight::Normal, None).clicked() {
            answer = Some(Answer::Back);
        }
    };
    match place {
        Place::Dialog => dialogs::button_row(ui, buttons),
        Place::Page => foot::row(ui, buttons),
    }
    answer
}

/// A PIN field with its name, and a note at the right end of that line.
pub fn labelled(
    ui: &mut Ui,
    field: &mut PinField,
    label: &str,
    note: &str,
    tone: Tone,
    wrong: bool,
    enabled: bool,
) -> Response {
    let p = theme::palette(ui.ctx());
    ui.add_space(space::XS);
    ui.horizontal(|ui| {
        ui.label(RichText::new(label).size(size::CAPTION).color(p.text2));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if !note.is_empty() {
                ui.label(RichText::new(note).size(size::CAPTION).color(tone.colors(p).0));
            }
            if field.buffer.caps_lock() {
                ui.label(RichText::new(t!("pin.caps_lock")).size(size::CAPTION).color(p.text2));
                icons::show(ui, Icon::Caps, p.text2);
            }
        });
    });
    let response = field.show(ui, label, wrong, enabled);
    describe(ui, &response, note, wrong);
    response
}

/// Tells a screen reader what stands beside a field, and whether it is wrong.
pub fn describe(ui: &Ui, response: &Response, note: &str, wrong: bool) {
    ui.ctx().accesskit_node_builder(response.id, |node| {
        if wrong {
            node.set_invalid(Invalid::True);
        }
        if !note.is_empty() {
            node.set_description(note);
        }
    });
}
