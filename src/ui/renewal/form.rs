//! 2 核对信息: what the order is about, and whom the CA calls.

use super::frame::{buttons, fault, title};
use super::{Scene, Wizard, running};
use crate::app::{Form, RenewalAsk, RenewalTask, contact};
use crate::ui::action::Action;
use crate::ui::theme::{self, space};
use crate::ui::widgets::{self, Weight};
use crate::ui::wizard::fields::{Field, Fields, Need, two};
use crate::ui::words;
use eframe::egui::{Label, RichText, Ui};
use order_api::{Contact, Session};
use rust_i18n::t;
use std::borrow::Cow;

/// What stands in the form.
#[derive(Default)]
pub struct FormFields {
    /// The session the fields were filled in for.
    session: String,
    /// The contact as it was filled in.
    prefilled: Contact,
    pub(super) fields: Fields,
}

impl FormFields {
    /// Fills in what is registered; what the person had changed stays, also in a new session.
    fn follow(&mut self, session: &Session) {
        if self.session == session.id {
            return;
        }
        self.session.clone_from(&session.id);
        let Fields { name, mobile, email, captcha, .. } = &mut self.fields;
        let Contact { name: old_name, mobile: old_mobile, email: old_email } = &self.prefilled;
        if (&*name, &*mobile, &*email) == (old_name, old_mobile, old_email) {
            name.clone_from(&session.contact.name);
            mobile.clone_from(&session.contact.mobile);
            email.clone_from(&session.contact.email);
        }
        self.prefilled.clone_from(&session.contact);
        captcha.clear();
    }

    /// The first field in which something is missing, if any.
    fn lacking(&self, captcha: bool) -> Option<Field> {
        let Fields { name, mobile, email, .. } = &self.fields;
        if contact::name(name).is_err() {
            Some(Field::Name)
        } else if contact::mobile(mobile).is_err() {
            Some(Field::Mobile)
        } else if contact::email(email).is_err() {
            Some(Field::Email)
        } else if captcha && self.fields.lacks_captcha() {
            Some(Field::Captcha)
        } else {
            None
        }
    }

    fn contact(&self) -> Contact {
        let trimmed = |text: &String| text.trim().to_owned();
        let Fields { name, mobile, email, .. } = &self.fields;
        Contact { name: trimmed(name), mobile: trimmed(mobile), email: trimmed(email) }
    }

    /// What is still missing before the order can be sent.
    fn missing(&self, captcha: bool) -> Option<Cow<'static, str>> {
        Some(match self.lacking(captcha)? {
            Field::Name => t!("renew.missing_name"),
            Field::Mobile | Field::Telephone => t!("renew.missing_mobile"),
            Field::Email => t!("renew.missing_email"),
            Field::Captcha => t!("renew.missing_captcha"),
        })
    }

    /// The three fields; true when Enter was pressed in one.
    fn show(&mut self, ui: &mut Ui, enabled: bool) -> bool {
        let name = |fields: &mut Fields, ui: &mut Ui| fields.ask_name(ui, &t!("renew.name"), enabled);
        let mobile = |fields: &mut Fields, ui: &mut Ui| fields.ask_mobile(ui, Need::Needed, enabled);
        two(ui, &mut self.fields, [&name, &mobile]) | self.fields.ask_email(ui, enabled)
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
        self.form.follow(session);
        if arrived {
            self.form.fields.wants = self.form.lacking(form.captcha.is_some());
        }
        self.session_over = session.expires <= scene.around.now;
        if self.session_over && scene.renewal.busy.is_none() {
            actions.push(scene.ask(RenewalAsk::Open));
        }
        title(ui, &t!("renew.form_title"));
        facts(ui, session);
        ui.add_space(space::XS);
        let busy = scene.busy();
        let mut entered = self.form.show(ui, busy.is_none());
        if let Some(captcha) = &form.captcha {
            let fetching = scene.task() == Some(RenewalTask::Captcha);
            let (enter, another) =
                self.form.fields.ask_captcha(ui, captcha, fetching, busy.as_deref(), &scene.renewal.support);
            entered |= enter;
            if another {
                actions.push(scene.ask(RenewalAsk::NewCaptcha));
            }
        }
        self.in_text |= std::mem::take(&mut self.form.fields.in_text);
        widgets::caption(ui, &t!("renew.contact_note"));
        fault(ui, scene);
        running(ui, scene);
        let obstacle = scene.busy().or_else(|| self.form.missing(form.captcha.is_some()));
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
            let captcha = form.captcha.as_ref().map(|_| self.form.fields.captcha.trim().to_owned());
            actions.push(scene.ask(RenewalAsk::Submit { contact: self.form.contact(), captcha }));
        }
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
