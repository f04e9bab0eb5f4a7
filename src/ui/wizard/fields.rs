//! What a person fills in about themselves, judged while they type, and the picture with characters.

use crate::app::Picture;
use crate::app::contact::{self, ContactProblem, LONGEST_EMAIL, LONGEST_NAME, LONGEST_TELEPHONE, MOBILE_DIGITS};
use crate::ui::faults::telephone;
use crate::ui::text_field::{TextField, Typed};
use crate::ui::theme::{self, CAPTCHA_HEIGHT, CONTROL_HEIGHT, RADIUS_CONTROL, space};
use crate::ui::widgets::{self, Weight};
use eframe::egui::{ColorImage, Image, RichText, TextureHandle, TextureOptions, Ui, vec2};
use order_api::{Captcha, Support};
use rust_i18n::t;
use std::borrow::Cow;

/// Longest answer to a picture.
const LONGEST_CAPTCHA: usize = 12;
/// Shortest one.
const SHORTEST_CAPTCHA: usize = 4;
/// From this width on two fields stand beside each other.
const TWO_COLUMNS_FROM: f32 = 380.0;
const CAPTCHA_FIELD_WIDTH: f32 = 140.0;

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Name of the person.
    Name,
    /// Telephone number.
    Telephone,
    /// Mobile number.
    Mobile,
    /// E-mail address.
    Email,
    /// Answer to the picture.
    Captcha,
}

/// What stands in the fields.
#[derive(Default)]
pub struct Fields {
    /// Name of the person.
    pub name: String,
    /// Telephone number.
    pub telephone: String,
    /// Mobile number.
    pub mobile: String,
    /// E-mail address.
    pub email: String,
    /// Answer to the picture.
    pub captcha: String,
    picture: Option<Drawn>,
    /// Where the keyboard goes next.
    pub wants: Option<Field>,
    /// The keyboard is in one of them, or was until now.
    pub in_text: bool,
}

/// The picture as a texture, made once; `None` when it is no picture.
struct Drawn {
    id: String,
    texture: Option<TextureHandle>,
}

/// How a field is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Something must stand there.
    Needed,
    /// May be left out.
    Optional,
}

impl Need {
    fn of_missing(self) -> Cow<'static, str> {
        match self {
            Self::Needed => t!("renew.needed"),
            Self::Optional => t!("renew.optional"),
        }
    }
}

/// Asks for one field; true when Enter was pressed in it.
pub type Asks<'a> = dyn Fn(&mut Fields, &mut Ui) -> bool + 'a;

/// Two fields, beside each other where there is room; true when Enter was pressed in one.
pub fn two(ui: &mut Ui, fields: &mut Fields, of: [&Asks<'_>; 2]) -> bool {
    let mut entered = false;
    let half = (ui.available_width() - space::M) / 2.0;
    // one scope either way, so that the ids of what follows stay the same
    if ui.available_width() >= TWO_COLUMNS_FROM {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = space::M;
            for field in of {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.x = space::S;
                    ui.set_width(half);
                    entered |= field(fields, ui);
                });
            }
        });
    } else {
        ui.vertical(|ui| {
            for field in of {
                entered |= field(fields, ui);
            }
        });
    }
    entered
}

/// What is said beside a field, and whether it is wrong.
type Note = (Cow<'static, str>, bool);

fn name_note(name: &str) -> Note {
    match contact::name(name) {
        Ok(()) => ("".into(), false),
        Err(ContactProblem::Missing) => (t!("renew.needed"), false),
        Err(ContactProblem::Malformed) => (t!("renew.name_malformed", most = LONGEST_NAME), true),
    }
}

fn mobile_note(number: &str, need: Need) -> Note {
    let number = number.trim();
    // digits that are still being typed are no mistake
    let short = number.len() < MOBILE_DIGITS && number.bytes().all(|byte| byte.is_ascii_digit());
    match contact::mobile(number) {
        Ok(()) => ("".into(), false),
        Err(ContactProblem::Missing) => (need.of_missing(), false),
        Err(ContactProblem::Malformed) if short && number.starts_with('1') => {
            (t!("renew.mobile_typed", n = number.len(), all = MOBILE_DIGITS), false)
        }
        Err(ContactProblem::Malformed) => (t!("renew.mobile_malformed", all = MOBILE_DIGITS), true),
    }
}

fn email_note(email: &str) -> Note {
    let wrong = contact::email(email).is_err();
    match (email.trim().is_empty(), wrong) {
        (true, _) => (t!("renew.optional"), false),
        (false, true) => (t!("renew.email_malformed"), true),
        (false, false) => ("".into(), false),
    }
}

fn telephone_note(number: &str, need: Need) -> Note {
    match contact::telephone(number) {
        Ok(()) => ("".into(), false),
        Err(ContactProblem::Missing) => (need.of_missing(), false),
        Err(ContactProblem::Malformed) => (t!("unlock.telephone_malformed"), true),
    }
}

impl Fields {
    /// Something is missing of the answer to the picture.
    #[must_use]
    pub fn lacks_captcha(&self) -> bool {
        self.captcha.trim().chars().count() < SHORTEST_CAPTCHA
    }

    /// Filled in with what is known.
    #[must_use]
    pub fn of(name: String, mobile: String, email: String) -> Self {
        Self { name, mobile, email, ..Self::default() }
    }

    /// Asks for the name; true when Enter was pressed, as all of these.
    pub fn ask_name(&mut self, ui: &mut Ui, label: &str, enabled: bool) -> bool {
        let (note, wrong) = name_note(&self.name);
        let field = TextField { label, note: &note, wrong, enabled, limit: LONGEST_NAME + 1 };
        let typed = field.show(ui, &mut self.name);
        self.typed(Field::Name, &typed, enabled)
    }

    /// Asks for the mobile number.
    pub fn ask_mobile(&mut self, ui: &mut Ui, need: Need, enabled: bool) -> bool {
        let (note, wrong) = mobile_note(&self.mobile, need);
        let field = TextField { label: &t!("renew.mobile"), note: &note, wrong, enabled, limit: 2 * MOBILE_DIGITS };
        let typed = field.show(ui, &mut self.mobile);
        self.typed(Field::Mobile, &typed, enabled)
    }

    /// Asks for the e-mail address, which may be left out.
    pub fn ask_email(&mut self, ui: &mut Ui, enabled: bool) -> bool {
        let (note, wrong) = email_note(&self.email);
        let field = TextField { label: &t!("renew.email"), note: &note, wrong, enabled, limit: LONGEST_EMAIL };
        let typed = field.show(ui, &mut self.email);
        self.typed(Field::Email, &typed, enabled)
    }

    /// Asks for the telephone number.
    pub fn ask_telephone(&mut self, ui: &mut Ui, need: Need, enabled: bool) -> bool {
        let (note, wrong) = telephone_note(&self.telephone, need);
        let label = t!("unlock.telephone");
        let field = TextField { label: &label, note: &note, wrong, enabled, limit: LONGEST_TELEPHONE + 1 };
        let typed = field.show(ui, &mut self.telephone);
        self.typed(Field::Telephone, &typed, enabled)
    }

    /// Shows the field, the picture, the button for another one, and whom to turn to who can't read any. The first value:
    /// Enter was pressed in the field, the second: another picture is wanted.
    pub fn ask_captcha(
        &mut self,
        ui: &mut Ui,
        captcha: &Captcha,
        fetching: bool,
        busy: Option<&str>,
        support: &Support,
    ) -> (bool, bool) {
        let enabled = busy.is_none();
        let name = t!("renew.captcha");
        let picture = self.draw(ui, captcha).map(|texture| {
            let alt = t!("renew.captcha_picture");
            Image::new(texture).max_height(CAPTCHA_HEIGHT).corner_radius(RADIUS_CONTROL).alt_text(alt)
        });
        let p = theme::palette(ui.ctx());
        ui.label(RichText::new(name.as_ref()).size(theme::size::CAPTION).color(p.text2));
        let (mut entered, mut another) = (false, false);
        ui.horizontal_wrapped(|ui| {
            ui.set_min_height(CAPTCHA_HEIGHT.max(CONTROL_HEIGHT));
            let field = TextField { label: &name, note: "", wrong: false, enabled, limit: LONGEST_CAPTCHA };
            let typed = field.bare(ui, &mut self.captcha, CAPTCHA_FIELD_WIDTH);
            entered = self.typed(Field::Captcha, &typed, enabled);
            match picture {
                Some(picture) => {
                    ui.add(picture);
                }
                None => {
                    ui.allocate_ui(vec2(CAPTCHA_FIELD_WIDTH, CONTROL_HEIGHT), |ui| {
                        widgets::caption(ui, &t!("renew.captcha_damaged"));
                    });
                }
            }
            let word = if fetching { t!("renew.fetching_picture") } else { t!("renew.another_picture") };
            another = widgets::button(ui, &word, Weight::Normal, busy).clicked();
        });
        let whom = telephone(support).unwrap_or_default();
        widgets::caption(ui, t!("renew.captcha_unreadable", whom = whom).trim_end());
        (entered, another)
    }

    fn draw(&mut self, ui: &Ui, captcha: &Captcha) -> Option<&TextureHandle> {
        if self.picture.as_ref().is_none_or(|drawn| drawn.id != captcha.id) {
            // an answer belongs to its picture
            self.captcha.clear();
            if self.picture.is_some() {
                self.wants = Some(Field::Captcha);
            }
            let texture = Picture::decode(&captcha.image.0).map(|picture| {
                let image = ColorImage::from_rgba_unmultiplied([picture.width, picture.height], &picture.rgba);
                ui.ctx().load_texture("captcha", image, TextureOptions::LINEAR)
            });
            self.picture = Some(Drawn { id: captcha.id.clone(), texture });
        }
        self.picture.as_ref().and_then(|drawn| drawn.texture.as_ref())
    }

    /// Takes in what happened in a field; true when Enter was pressed in it.
    fn typed(&mut self, field: Field, typed: &Typed, enabled: bool) -> bool {
        if enabled && self.wants == Some(field) {
            self.wants = None;
            typed.response.request_focus();
        }
        self.in_text |= typed.response.has_focus() || typed.response.lost_focus();
        typed.entered
    }
}
