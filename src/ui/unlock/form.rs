//! 2 身份核验: who applies, by SMS to the registered number or through an officer.

use super::frame::waits;
use super::{Scene, Wizard, running};
use crate::app::{UnlockAsk, UnlockForm, UnlockTask, contact};
use crate::ui::action::Action;
use crate::ui::icons::Icon;
use crate::ui::theme::space;
use crate::ui::widgets::{self, Tone};
use crate::ui::wizard::fields::{Field, Fields, Need, two};
use crate::ui::wizard::{sentence, title};
use crate::ui::words;
use eframe::egui::Ui;
use order_api::{Applicant, Contact, UnlockRoute};
use rust_i18n::t;
use std::borrow::Cow;

/// What stands in the form.
pub struct Form {
    route: UnlockRoute,
    fields: Fields,
}

impl Form {
    /// Filled in with what this computer knows of the person.
    pub fn new(known: Option<Contact>) -> Self {
        let Contact { name, mobile, email } = known.unwrap_or_default();
        Self { route: UnlockRoute::Sms, fields: Fields::of(name, mobile, email) }
    }

    /// The first field in which something is missing, if any, and what.
    fn lacking(&self, captcha: bool) -> Option<(Field, Cow<'static, str>)> {
        let Fields { name, telephone, mobile, email, .. } = &self.fields;
        let review = self.route == UnlockRoute::Review;
        let empty = |text: &String| text.trim().is_empty();
        if contact::name(name).is_err() {
            Some((Field::Name, t!("unlock.missing_name")))
        } else if review && !empty(telephone) && contact::telephone(telephone).is_err() {
            Some((Field::Telephone, t!("unlock.missing_telephone")))
        } else if (!review || !empty(mobile)) && contact::mobile(mobile).is_err() {
            Some((Field::Mobile, t!("renew.missing_mobile")))
        } else if review && empty(telephone) && empty(mobile) {
            Some((Field::Telephone, t!("unlock.missing_callable")))
        } else if contact::email(email).is_err() {
            Some((Field::Email, t!("renew.missing_email")))
        } else if review && empty(mobile) && empty(email) {
            Some((Field::Mobile, t!("unlock.missing_receiver")))
        } else if captcha && self.fields.lacks_captcha() {
            Some((Field::Captcha, t!("renew.missing_captcha")))
        } else {
            None
        }
    }

    fn applicant(&self) -> Applicant {
        let trimmed = |text: &String| text.trim().to_owned();
        let Fields { name, telephone, mobile, email, .. } = &self.fields;
        let telephone = if self.route == UnlockRoute::Review { trimmed(telephone) } else { String::new() };
        Applicant { name: trimmed(name), telephone, mobile: trimmed(mobile), email: trimmed(email) }
    }

    /// The two ways.
    fn ways(&mut self, ui: &mut Ui, enabled: bool) {
        let ways = [
            (UnlockRoute::Sms, t!("unlock.by_sms"), t!("unlock.by_sms_text")),
            (UnlockRoute::Review, t!("unlock.by_review"), t!("unlock.by_review_text")),
        ];
        ui.add_enabled_ui(enabled, |ui| {
            ui.horizontal_wrapped(|ui| {
                for (route, name, _) in &ways {
                    if widgets::radio(ui, self.route == *route, name).clicked() {
                        self.route = *route;
                    }
                }
            });
        });
        for (_, _, text) in ways.iter().filter(|(route, ..)| *route == self.route) {
            widgets::caption(ui, text);
        }
    }

    /// The fields; true when Enter was pressed in one.
    fn show(&mut self, ui: &mut Ui, enabled: bool) -> bool {
        let applicant = t!("unlock.applicant");
        let name = |fields: &mut Fields, ui: &mut Ui| fields.ask_name(ui, &applicant, enabled);
        let email = |fields: &mut Fields, ui: &mut Ui| fields.ask_email(ui, enabled);
        match self.route {
            UnlockRoute::Sms => {
                let mobile = |fields: &mut Fields, ui: &mut Ui| fields.ask_mobile(ui, Need::Needed, enabled);
                two(ui, &mut self.fields, [&name, &mobile]) | self.fields.ask_email(ui, enabled)
            }
            UnlockRoute::Review => {
                let telephone = |fields: &mut Fields, ui: &mut Ui| fields.ask_telephone(ui, Need::Optional, enabled);
                let mobile = |fields: &mut Fields, ui: &mut Ui| fields.ask_mobile(ui, Need::Optional, enabled);
                two(ui, &mut self.fields, [&name, &telephone]) | two(ui, &mut self.fields, [&mobile, &email])
            }
        }
    }
}

impl Wizard {
    /// Shows the step.
    pub(super) fn form(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        form: &UnlockForm,
        arrived: bool,
        actions: &mut Vec<Action>,
    ) {
        let captcha = form.captcha.as_ref();
        if arrived {
            self.form.fields.wants = self.form.lacking(captcha.is_some()).map(|(field, _)| field);
        }
        let busy = scene.busy();
        title(ui, &t!("unlock.form_title"));
        scene.says_locked(ui);
        if let Some(view) = scene.view {
            widgets::text_row(ui, &t!("field.owner"), &words::owner(view));
            widgets::text_row(ui, &t!("field.card_number"), &words::card_number(view));
        }
        ui.add_space(space::XS);
        self.form.ways(ui, busy.is_none());
        let mut entered = self.form.show(ui, busy.is_none());
        if let Some(captcha) = captcha {
            let fetching = scene.task() == Some(UnlockTask::Captcha);
            let (enter, another) =
                self.form.fields.ask_captcha(ui, captcha, fetching, busy.as_deref(), &scene.unlock.support);
            entered |= enter;
            if another {
                actions.push(scene.ask(UnlockAsk::NewCaptcha));
            }
        }
        self.in_text |= std::mem::take(&mut self.form.fields.in_text);
        let ca = if form.ca.is_empty() { t!("renew.unknown_ca") } else { form.ca.as_str().into() };
        widgets::caption(ui, &t!("unlock.compared", ca = ca));
        let useless = scene.useless();
        if let Some(useless) = useless.as_ref().filter(|_| scene.view.is_some()) {
            widgets::strip(ui, Icon::Lock, Tone::Danger, useless, |_| {});
        }
        scene.frame().show_fault(ui);
        waits(ui, scene);
        running(ui, scene);
        let lacking = self.form.lacking(captcha.is_some()).map(|(_, text)| text);
        let obstacle = scene.blocked().or(useless).or(lacking);
        let submit = match self.form.route {
            UnlockRoute::Sms => t!("unlock.get_code"),
            UnlockRoute::Review => t!("unlock.submit"),
        };
        self.help(ui, scene);
        let pressed = scene.frame().buttons(ui, Some((&submit, obstacle.as_deref())), actions, |_, _| {});
        if obstacle.is_none() && (pressed || entered) {
            let captcha = captcha.map(|_| self.form.fields.captcha.trim().to_owned());
            let applicant = self.form.applicant();
            actions.push(scene.ask(UnlockAsk::Submit { route: self.form.route, applicant, captcha }));
        }
    }
}

impl Scene<'_> {
    /// A line that must not be missing on the page of a key that is locked.
    pub(super) fn says_locked(&self, ui: &mut Ui) {
        if self.view.and_then(|view| view.contents.pin).is_some_and(|pin| pin.is_locked()) {
            sentence(ui, &t!("unlock.is_locked"));
        }
    }
}
