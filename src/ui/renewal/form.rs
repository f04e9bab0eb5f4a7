//! 2 核对信息: what the order is about, and whom the CA calls.

use super::frame::{buttons, fault, title};
use super::{Scene, Wizard, running};
use crate::app::contact::{self, ContactProblem, LONGEST_EMAIL, LONGEST_NAME, MOBILE_DIGITS};
use crate::app::protocol::{Captcha, Contact, Session};
use crate::app::{Form, Picture, RenewalAsk, RenewalTask};
use crate::ui::action::Action;
use crate::ui::text_field::{TextField, Typed};
use crate::ui::theme::{self, CAPTCHA_HEIGHT, CONTROL_HEIGHT, RADIUS_CONTROL, space};
use crate::ui::widgets::{self, Weight};
use crate::ui::words;
use eframe::egui::{ColorImage, Image, Label, RichText, TextureHandle, TextureOptions, Ui, vec2};
use rust_i18n::t;
use std::borrow::Cow;

/// Longest answer to a picture.
const LONGEST_CAPTCHA: usize = 12;
/// From this width on two fields stand beside each other.
const TWO_COLUMNS_FROM: f32 = 380.0;
const CAPTCHA_FIELD_WIDTH: f32 = 140.0;

/// What stands in the fields.
#[derive(Default)]
pub struct FormFields {
    /// The session the fields were filled in for.
    session: String,
    contact: Contact,
    /// The contact as it was filled in.
    prefilled: Contact,
    captcha: String,
    picture: Option<Drawn>,
    /// Where the keyboard goes next.
    wants: Option<Field>,
}

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Name,
    Mobile,
    Email,
    Captcha,
}

/// The picture as a texture, made once; `None` when it is no picture.
struct Drawn {
    id: String,
    texture: Option<TextureHandle>,
}

impl FormFields {
    /// Fills in what is registered; what the person had changed stays, also in a new session.
    fn follow(&mut self, session: &Session) {
        if self.session == session.id {
            return;
        }
        self.session.clone_from(&session.id);
        if self.contact == self.prefilled {
            self.contact.clone_from(&session.contact);
        }
        self.prefilled.clone_from(&session.contact);
        self.captcha.clear();
    }

    /// The first field in which something is missing, if any.
    fn lacking(&self, captcha: bool) -> Option<Field> {
        if contact::name(&self.contact.name).is_err() {
            Some(Field::Name)
        } else if contact::mobile(&self.contact.mobile).is_err() {
            Some(Field::Mobile)
        } else if contact::email(&self.contact.email).is_err() {
            Some(Field::Email)
        } else if captcha && self.captcha.trim().is_empty() {
            Some(Field::Captcha)
        } else {
            None
        }
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

    fn trimmed(&self) -> Contact {
        let Contact { name, mobile, email } = &self.contact;
        Contact { name: name.trim().to_owned(), mobile: mobile.trim().to_owned(), email: email.trim().to_owned() }
    }
}

impl Wizard {
    /// Shows the step.
    pub(super) fn form(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        form: &Form,
        arrived: bool,
        actions: &mut Vec<Action>,
    ) {
        let session = &form.session;
        self.fields.follow(session);
        if arrived {
            self.fields.wants = self.fields.lacking(form.captcha.is_some());
        }
        self.session_over = session.expires <= scene.around.now;
        if self.session_over && scene.renewal.busy.is_none() {
            actions.push(scene.ask(RenewalAsk::Open));
        }
        title(ui, &t!("renew.form_title"));
        facts(ui, session);
        ui.add_space(space::XS);
        let enabled = scene.renewal.busy.is_none();
        let mut entered = self.contact_fields(ui, enabled);
        if let Some(captcha) = &form.captcha {
            entered |= self.captcha(ui, scene, captcha, actions);
        }
        widgets::caption(ui, &t!("renew.contact_note"));
        fault(ui, scene);
        running(ui, scene);
        let missing = self.missing(form.captcha.is_some());
        let obstacle = scene.busy().or(missing);
        let submit = t!("renew.submit");
        let pressed = buttons(ui, scene, Some((&submit, obstacle.as_deref())), actions, |ui, actions| {
            // a session that ended early is only known by its fault
            let again = t!("renew.identify_again");
            if scene.renewal.fault.is_some()
                && widgets::button(ui, &again, Weight::Normal, scene.busy().as_deref()).clicked()
            {
                actions.push(scene.ask(RenewalAsk::Open));
            }
        });
        if obstacle.is_none() && (pressed || entered) {
            let captcha = form.captcha.as_ref().map(|_| self.fields.captcha.trim().to_owned());
            actions.push(scene.ask(RenewalAsk::Submit { contact: self.fields.trimmed(), captcha }));
        }
    }

    /// The three fields; true when Enter was pressed in one.
    fn contact_fields(&mut self, ui: &mut Ui, enabled: bool) -> bool {
        let mut entered = false;
        let half = (ui.available_width() - space::M) / 2.0;
        if ui.available_width() >= TWO_COLUMNS_FROM {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = space::M;
                for field in [Self::name_field, Self::mobile_field] {
                    ui.vertical(|ui| {
                        ui.spacing_mut().item_spacing.x = space::S;
                        ui.set_width(half);
                        entered |= field(self, ui, enabled);
                    });
                }
            });
        } else {
            entered |= self.name_field(ui, enabled);
            entered |= self.mobile_field(ui, enabled);
        }
        entered | self.email_field(ui, enabled)
    }

    fn name_field(&mut self, ui: &mut Ui, enabled: bool) -> bool {
        let note = match contact::name(&self.fields.contact.name) {
            Ok(()) => String::new(),
            Err(ContactProblem::Missing) => t!("renew.needed").into_owned(),
            Err(ContactProblem::Malformed) => t!("renew.name_malformed", most = LONGEST_NAME).into_owned(),
        };
        let wrong = matches!(contact::name(&self.fields.contact.name), Err(ContactProblem::Malformed));
        let field = TextField { label: &t!("renew.name"), note: &note, wrong, enabled, limit: LONGEST_NAME + 1 };
        let typed = field.show(ui, &mut self.fields.contact.name);
        self.typed(Field::Name, &typed, enabled)
    }

    fn mobile_field(&mut self, ui: &mut Ui, enabled: bool) -> bool {
        let number = self.fields.contact.mobile.trim();
        let judged = contact::mobile(number);
        // digits that are still being typed are no mistake
        let short = number.len() < MOBILE_DIGITS && number.bytes().all(|byte| byte.is_ascii_digit());
        let (note, wrong) = match judged {
            Ok(()) => (String::new(), false),
            Err(ContactProblem::Missing) => (t!("renew.needed").into_owned(), false),
            Err(ContactProblem::Malformed) if short && number.starts_with('1') => {
                (t!("renew.mobile_typed", n = number.len(), all = MOBILE_DIGITS).into_owned(), false)
            }
            Err(ContactProblem::Malformed) => (t!("renew.mobile_malformed", all = MOBILE_DIGITS).into_owned(), true),
        };
        let field = TextField { label: &t!("renew.mobile"), note: &note, wrong, enabled, limit: 2 * MOBILE_DIGITS };
        let typed = field.show(ui, &mut self.fields.contact.mobile);
        self.typed(Field::Mobile, &typed, enabled)
    }

    fn email_field(&mut self, ui: &mut Ui, enabled: bool) -> bool {
        let empty = self.fields.contact.email.trim().is_empty();
        let wrong = contact::email(&self.fields.contact.email).is_err();
        let note = match (empty, wrong) {
            (true, _) => t!("renew.optional"),
            (false, true) => t!("renew.email_malformed"),
            (false, false) => "".into(),
        };
        let field = TextField { label: &t!("renew.email"), note: &note, wrong, enabled, limit: LONGEST_EMAIL };
        let typed = field.show(ui, &mut self.fields.contact.email);
        self.typed(Field::Email, &typed, enabled)
    }

    /// Picture, the button for another one, and the field; true when Enter was pressed in it.
    fn captcha(&mut self, ui: &mut Ui, scene: &Scene<'_>, captcha: &Captcha, actions: &mut Vec<Action>) -> bool {
        let enabled = scene.renewal.busy.is_none();
        let name = t!("renew.captcha");
        let picture = self.fields.draw(ui, captcha).map(|texture| {
            let alt = t!("renew.captcha_picture");
            Image::new(texture).max_height(CAPTCHA_HEIGHT).corner_radius(RADIUS_CONTROL).alt_text(alt)
        });
        let p = theme::palette(ui.ctx());
        ui.label(RichText::new(name.as_ref()).size(theme::size::CAPTION).color(p.text2));
        let mut entered = false;
        ui.horizontal_wrapped(|ui| {
            ui.set_min_height(CAPTCHA_HEIGHT.max(CONTROL_HEIGHT));
            let field = TextField { label: &name, note: "", wrong: false, enabled, limit: LONGEST_CAPTCHA };
            let typed = field.bare(ui, &mut self.fields.captcha, CAPTCHA_FIELD_WIDTH);
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
            let fetching = scene.task() == Some(RenewalTask::Captcha);
            let word = if fetching { t!("renew.fetching_picture") } else { t!("renew.another_picture") };
            if widgets::button(ui, &word, Weight::Normal, scene.busy().as_deref()).clicked() {
                actions.push(scene.ask(RenewalAsk::NewCaptcha));
            }
        });
        entered
    }

    /// What is still missing before the order can be sent.
    fn missing(&self, captcha: bool) -> Option<Cow<'static, str>> {
        Some(match self.fields.lacking(captcha)? {
            Field::Name => t!("renew.missing_name"),
            Field::Mobile => t!("renew.missing_mobile"),
            Field::Email => t!("renew.missing_email"),
            Field::Captcha => t!("renew.missing_captcha"),
        })
    }

    /// Takes in what happened in a field; true when Enter was pressed in it.
    fn typed(&mut self, field: Field, typed: &Typed, enabled: bool) -> bool {
        if enabled && self.fields.wants == Some(field) {
            self.fields.wants = None;
            typed.response.request_focus();
        }
        self.in_text |= typed.response.has_focus() || typed.response.lost_focus();
        typed.entered
    }
}

fn facts(ui: &mut Ui, session: &Session) {
    widgets::text_row(ui, &t!("field.owner"), &session.holder.name);
    widgets::text_row(ui, &t!("renew.old_validity"), &words::period(session.old));
    widgets::row(ui, &t!("renew.new_validity"), |ui| {
        ui.add(Label::new(RichText::new(words::period(session.new)).family(theme::bold())).wrap());
    });
    let product = t!("renew.product", name = session.product.name, fee = words::money(session.product.fee_fen));
    widgets::text_row(ui, &t!("renew.product_name"), &product);
}
