//! The PIN field: our own widget, because the toolkit's text field keeps copies of its text in its undo history and in
//! freed memory even when it shows dots.
//!
//! Invariants: the characters live only in [`PinBuffer`], which is wiped; the events that carry them are taken out of the
//! input before the toolkit sees them ([`PinBuffer::absorb`], called from the window's raw-input hook) and wiped; nothing
//! of them is in the accessibility tree; shown characters are painted one by one, never as one string.

use super::foot;
use super::theme::{self, CONTROL_HEIGHT, RADIUS_CONTROL, size, space};
use super::widgets;
use base::secret::{PIN_CAPACITY, Pin, PinTooLong};
use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align2, CursorIcon, Event, EventFilter, Id, ImeEvent, Key, Modifiers, Rect, Response, Sense, Stroke, StrokeKind,
    Ui, WidgetInfo, pos2, vec2,
};
use rust_i18n::t;
use zeroize::{Zeroize, Zeroizing};

/// The characters of a PIN being typed; wiped when dropped or cleared. Neither `Clone` nor `Debug`.
pub struct PinBuffer {
    chars: Box<[char; PIN_CAPACITY]>,
    len: usize,
    caret: usize,
    selected: bool,
    caps_lock: bool,
}

impl Default for PinBuffer {
    fn default() -> Self {
        Self { chars: Box::new(['\0'; PIN_CAPACITY]), len: 0, caret: 0, selected: false, caps_lock: false }
    }
}

impl Drop for PinBuffer {
    fn drop(&mut self) {
        self.clear();
    }
}

impl PinBuffer {
    /// The characters typed so far.
    #[must_use]
    pub fn chars(&self) -> &[char] {
        self.chars.get(..self.len).unwrap_or_default()
    }

    /// True when nothing is typed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Wipes everything.
    pub fn clear(&mut self) {
        self.chars.zeroize();
        (self.len, self.caret, self.selected) = (0, 0, false);
    }

    /// Selects all, so that the next character replaces it.
    pub const fn select_all(&mut self) {
        self.selected = self.len > 0;
        self.caret = self.len;
    }

    /// True when the last letter shows that caps lock is on.
    #[must_use]
    pub const fn caps_lock(&self) -> bool {
        self.caps_lock
    }

    /// Moves the PIN out; the buffer is empty afterwards.
    ///
    /// # Errors
    /// As [`PinBuffer::copy`]; the buffer keeps the characters then.
    pub fn take(&mut self) -> Result<Pin, PinTooLong> {
        let pin = self.copy()?;
        self.clear();
        Ok(pin)
    }

    /// The PIN as bytes; the buffer keeps it.
    ///
    /// # Errors
    /// [`PinTooLong`] when the characters need more bytes than any PIN may have.
    pub fn copy(&self) -> Result<Pin, PinTooLong> {
        let mut bytes = [0u8; PIN_CAPACITY * 4];
        let mut used = 0;
        for c in self.chars() {
            if let Some(to) = bytes.get_mut(used..).filter(|to| to.len() >= c.len_utf8()) {
                used += c.encode_utf8(to).len();
            }
        }
        let pin = Pin::new(bytes.get(..used).unwrap_or_default());
        bytes.zeroize();
        pin
    }

    /// What was typed, as text without control characters: for a secret that is no PIN; the buffer keeps it.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(PIN_CAPACITY * 4));
        text.extend(self.chars().iter().filter(|c| !c.is_control()));
        text
    }

    /// Takes the events meant for this field out of the input and wipes them; `modifiers` are those held before the first
    /// event. What may move the focus stays, and what follows it is returned: it belongs to whatever has the focus then.
    #[must_use]
    pub fn absorb(&mut self, events: &mut Vec<Event>, mut modifiers: Modifiers) -> Vec<Event> {
        let rest = split_after_move(events);
        events.retain_mut(|event| {
            match event {
                Event::ModifiersChanged(now) => modifiers = *now,
                Event::Text(text) => text.chars().for_each(|c| {
                    self.notice_caps_lock(c, modifiers.shift);
                    self.insert(c);
                }),
                Event::Paste(text) => one_line(text).chars().for_each(|c| self.insert(c)),
                Event::Key { key, pressed: true, modifiers, .. } => self.on_key(*key, *modifiers),
                _ => {}
            }
            keep_or_wipe(event)
        });
        rest
    }

    fn on_key(&mut self, key: Key, modifiers: Modifiers) {
        match key {
            Key::A if modifiers.command => self.select_all(),
            Key::Backspace if self.selected => self.clear(),
            Key::Delete if self.selected => self.clear(),
            Key::Backspace if self.caret > 0 => {
                self.caret -= 1;
                self.remove_at_caret();
            }
            Key::Delete if self.caret < self.len => self.remove_at_caret(),
            Key::ArrowLeft => self.move_to(self.caret.saturating_sub(1)),
            Key::ArrowRight => self.move_to(self.caret + 1),
            Key::Home => self.move_to(0),
            Key::End => self.move_to(self.len),
            _ => {}
        }
    }

    fn move_to(&mut self, caret: usize) {
        self.caret = caret.min(self.len);
        self.selected = false;
    }

    fn insert(&mut self, c: char) {
        if self.selected {
            self.clear();
        }
        if self.len == PIN_CAPACITY {
            return; // far above every key's maximum: the length rule already shows the refusal
        }
        if let Some(room) = self.chars.get_mut(self.caret..=self.len) {
            room.rotate_right(1);
            if let Some(first) = room.first_mut() {
                *first = c;
            }
        }
        self.len += 1;
        self.caret += 1;
    }

    fn remove_at_caret(&mut self) {
        if let Some(rest) = self.chars.get_mut(self.caret..self.len) {
            rest.rotate_left(1);
            if let Some(last) = rest.last_mut() {
                last.zeroize();
            }
            self.len -= 1;
        }
    }

    fn notice_caps_lock(&mut self, c: char, shift: bool) {
        if c.is_ascii_alphabetic() {
            self.caps_lock = c.is_ascii_uppercase() != shift;
        }
    }
}

/// A pasted line without its one line end. Other control characters stay, so that the PIN is refused and not changed.
fn one_line(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text))
}

/// Wipes an event that may carry characters and returns false; true for events the toolkit may see.
fn keep_or_wipe(event: &mut Event) -> bool {
    match event {
        Event::Text(text) | Event::Paste(text) | Event::MiddleClickPaste { text, .. } => {
            text.zeroize();
            false
        }
        Event::Ime(ime) => {
            if let ImeEvent::Commit(text) | ImeEvent::Preedit { text, .. } = ime {
                text.zeroize();
            }
            false
        }
        Event::Copy | Event::Cut => false,
        Event::Key { key, .. } => matches!(key, Key::Tab | Key::Enter | Key::Escape),
        _ => true,
    }
}

/// Cuts the events behind the first one that may move the focus.
fn split_after_move(events: &mut Vec<Event>) -> Vec<Event> {
    let moves = events.iter().position(|event| {
        matches!(
            event,
            Event::Key { key: Key::Tab | Key::Enter | Key::Escape, pressed: true, .. }
                | Event::PointerButton { pressed: false, .. }
                | Event::AccessKitActionRequest(_)
        )
    });
    moves.map_or_else(Vec::new, |index| events.split_off(index + 1))
}

/// What shows PIN fields and takes their characters.
pub trait PinTaker {
    /// Takes PIN characters out of the raw input before the toolkit sees them; returns what belongs to the next frame.
    #[must_use]
    fn absorb(&mut self, focused: Option<Id>, events: &mut Vec<Event>, modifiers: Modifiers) -> Vec<Event>;
}

/// Wipes what is typed while no PIN field has the focus; nothing else beside PIN fields takes text. Keys that move the focus
/// or press a button stay, and what follows one is returned as in [`PinBuffer::absorb`].
#[must_use]
pub fn wipe_stray(events: &mut Vec<Event>) -> Vec<Event> {
    let rest = split_after_move(events);
    wipe(events);
    rest
}

/// Wipes all text.
pub fn wipe(events: &mut Vec<Event>) {
    events.retain_mut(|event| match event {
        Event::Key { key: Key::Space, .. } => true,
        event => keep_or_wipe(event),
    });
}

/// A field on a page: its buffer and how it is shown.
#[derive(Default)]
pub struct PinField {
    /// What was typed.
    pub buffer: PinBuffer,
    /// Shown as characters instead of dots.
    pub revealed: bool,
    id: Option<Id>,
}

const DOT_STEP: f32 = 14.0;
const DOT_RADIUS: f32 = 2.5;
const REVEAL_WIDTH: f32 = 56.0;

impl PinField {
    /// A field that shows its characters until the person hides them: for a code that is no PIN.
    #[must_use]
    pub fn revealed() -> Self {
        Self { revealed: true, ..Self::default() }
    }

    /// True when the given focus is on this field.
    #[must_use]
    pub fn is_focused(&self, focused: Option<Id>) -> bool {
        self.id.is_some() && self.id == focused
    }

    /// Shows the field over the whole width. `label` is its accessible name; `wrong` marks it red.
    pub fn show(&mut self, ui: &mut Ui, label: &str, wrong: bool, enabled: bool) -> Response {
        let p = theme::palette(ui.ctx());
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), CONTROL_HEIGHT), Sense::hover());
        let id = foot::steady_id(ui, ("pin", label));
        let sense = if enabled { Sense::click() } else { Sense::hover() };
        let input = Rect::from_min_max(rect.min, pos2(rect.max.x - REVEAL_WIDTH, rect.max.y));
        let response = ui.interact(input, id, sense).on_hover_cursor(CursorIcon::Text);
        self.id = Some(id);
        if response.clicked() {
            response.request_focus();
            if let Some(pointer) = response.interact_pointer_pos() {
                let column = ((pointer.x - input.left() - space::M) / DOT_STEP).round().max(0.0);
                self.buffer.move_to(column as usize);
            }
        }
        foot::keep_in_sight(ui, &response);
        let focused = response.has_focus();
        if focused {
            let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
            // the hook has already taken everything in the real window; this serves hosts without the hook
            ui.input_mut(|input| {
                let modifiers = input.modifiers;
                let rest = self.buffer.absorb(&mut input.events, modifiers);
                input.events.extend(rest);
            });
        }
        let stroke = match (focused, wrong) {
            (true, _) => Stroke::new(2.0, p.primary),
            (false, true) => Stroke::new(1.0, p.danger),
            (false, false) => Stroke::new(1.0, p.line),
        };
        ui.painter().rect(rect, f32::from(RADIUS_CONTROL), p.surface, stroke, StrokeKind::Inside);
        self.paint_content(ui, input, focused);
        response.widget_info(|| WidgetInfo::labeled(Role::PasswordInput, enabled, label));

        let reveal = Rect::from_min_max(pos2(input.right(), rect.top()), rect.max).shrink(space::XS);
        let word = if self.revealed { t!("pin.hide") } else { t!("pin.show") };
        if widgets::quiet_button_at(ui, reveal, id.with("reveal"), &word, &format!("{word} {label}")).clicked() {
            self.revealed = !self.revealed;
        }
        response
    }

    fn paint_content(&self, ui: &Ui, rect: Rect, focused: bool) {
        let p = theme::palette(ui.ctx());
        let painter = ui.painter().with_clip_rect(rect);
        let left = rect.left() + space::M;
        let x = |column: usize| left + column as f32 * DOT_STEP;
        let middle = rect.center().y;
        if self.buffer.selected && focused {
            let marked = Rect::from_x_y_ranges(left - 4.0..=x(self.buffer.len) - 4.0, rect.y_range().shrink(6.0));
            painter.rect_filled(marked, 3.0, p.primary_soft);
        }
        for (column, c) in self.buffer.chars().iter().enumerate() {
            let at = pos2(x(column) + 3.0, middle);
            if self.revealed {
                painter.text(at, Align2::CENTER_CENTER, c, theme::font(size::BODY), p.text);
            } else {
                painter.circle_filled(at, DOT_RADIUS, p.text);
            }
        }
        if focused {
            // does not blink: an idle window does not repaint
            painter.vline(x(self.buffer.caret) - 4.0, rect.y_range().shrink(9.0), Stroke::new(1.5, p.primary));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PinBuffer, wipe_stray};
    use eframe::egui::{Event, Key, Modifiers};
    use static_assertions::assert_not_impl_any;

    assert_not_impl_any!(PinBuffer: Clone, std::fmt::Debug);

    fn typed(text: &str) -> PinBuffer {
        let mut buffer = PinBuffer::default();
        assert!(buffer.absorb(&mut vec![Event::Text(text.to_owned())], Modifiers::NONE).is_empty());
        buffer
    }

    fn press(buffer: &mut PinBuffer, key: Key, modifiers: Modifiers) {
        let _rest = buffer.absorb(
            &mut vec![Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }],
            modifiers,
        );
    }

    fn text(buffer: &PinBuffer) -> String {
        buffer.chars().iter().collect()
    }

    #[test]
    fn text_and_character_keys_are_taken_out_of_the_input_and_focus_keys_stay() {
        let mut buffer = PinBuffer::default();
        let key =
            |key| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
        let mut events = vec![
            Event::Text("a".to_owned()),
            key(Key::A),
            Event::Paste("b2\n".to_owned()),
            Event::Copy,
            Event::Cut,
            key(Key::Tab),
            key(Key::Enter),
            key(Key::Escape),
        ];
        let rest = buffer.absorb(&mut events, Modifiers::NONE);
        assert_eq!(text(&buffer), "ab2");
        assert_eq!(events, [key(Key::Tab)]);
        assert_eq!(rest, [key(Key::Enter), key(Key::Escape)]);
    }

    #[test]
    fn what_follows_a_key_that_moves_the_focus_is_for_the_next_field() {
        let mut buffer = PinBuffer::default();
        let tab =
            Event::Key { key: Key::Tab, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
        let mut events = vec![Event::Text("1".to_owned()), tab.clone(), Event::Text("2".to_owned())];
        let rest = buffer.absorb(&mut events, Modifiers::NONE);
        assert_eq!(text(&buffer), "1");
        assert_eq!(events, [tab]);
        assert_eq!(rest, [Event::Text("2".to_owned())]);
    }

    #[test]
    fn characters_typed_beside_the_fields_are_wiped() {
        let mut events = vec![Event::Text("1".to_owned()), Event::Paste("2".to_owned()), Event::Copy];
        assert!(wipe_stray(&mut events).is_empty());
        assert!(events.is_empty());
    }

    #[test]
    fn editing_works_at_the_caret() {
        let mut buffer = typed("1245");
        press(&mut buffer, Key::ArrowLeft, Modifiers::NONE);
        press(&mut buffer, Key::ArrowLeft, Modifiers::NONE);
        let _rest = buffer.absorb(&mut vec![Event::Text("3".to_owned())], Modifiers::NONE);
        assert_eq!(text(&buffer), "12345");
        press(&mut buffer, Key::Backspace, Modifiers::NONE);
        press(&mut buffer, Key::Delete, Modifiers::NONE);
        assert_eq!(text(&buffer), "125");
        press(&mut buffer, Key::Home, Modifiers::NONE);
        press(&mut buffer, Key::Backspace, Modifiers::NONE);
        assert_eq!(text(&buffer), "125");
        buffer.select_all();
        let _rest = buffer.absorb(&mut vec![Event::Text("9".to_owned())], Modifiers::NONE);
        assert_eq!(text(&buffer), "9", "selected text is replaced");
    }

    #[test]
    fn taking_the_pin_empties_the_buffer_and_removed_characters_are_wiped() {
        let mut buffer = typed("a1b2c3");
        press(&mut buffer, Key::Backspace, Modifiers::NONE);
        assert!(buffer.chars.iter().skip(5).all(|c| *c == '\0'));
        let pin = buffer.take().unwrap();
        assert_eq!(pin.expose(), b"a1b2c");
        assert!(buffer.is_empty() && buffer.chars.iter().all(|c| *c == '\0'));
    }

    #[test]
    fn capital_letters_without_shift_mean_caps_lock() {
        assert!(typed("A").caps_lock());
        assert!(!typed("a").caps_lock());
        let mut buffer = PinBuffer::default();
        let _rest = buffer.absorb(&mut vec![Event::Text("A".to_owned())], Modifiers::SHIFT);
        assert!(!buffer.caps_lock());
    }

    #[test]
    fn more_characters_than_any_pin_are_refused_not_cut_to_a_valid_one() {
        let mut buffer = typed(&"密".repeat(40));
        assert!(buffer.take().is_err(), "120 bytes are no PIN");
        assert!(!buffer.is_empty());
    }
}
