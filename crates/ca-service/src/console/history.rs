//! Records of the audit log as people read them.

use super::Console;
use super::page::Pill;
use super::texts::{Language, moment};
use super::visit::{Failure, Visit};
use crate::audit::Record;
use crate::lists;
use crate::operators::Role;

/// A record as a page shows it.
pub struct Line {
    /// Number.
    pub seq: i64,
    /// When.
    pub at: String,
    /// Who.
    pub actor: String,
    /// As what.
    pub role: String,
    /// What.
    pub action: String,
    /// To what.
    pub object: String,
    /// Where the object's page is; may be empty.
    pub href: String,
    /// Whether it was done.
    pub outcome: Pill,
    /// More.
    pub detail: String,
}

/// Names of what can happen.
pub const ACTIONS: &[(&str, &str)] = &[
    ("service.init", "console.action.service_init"),
    ("session.open", "console.action.session_open"),
    ("order.submitted", "console.action.order_submitted"),
    ("order.reviewing", "console.action.order_reviewing"),
    ("order.payment", "console.action.order_payment"),
    ("order.authorized", "console.action.order_authorized"),
    ("order.issued", "console.action.order_issued"),
    ("order.installed", "console.action.order_installed"),
    ("order.rejected", "console.action.order_rejected"),
    ("order.expired", "console.action.order_expired"),
    ("order.cancelled", "console.action.order_cancelled"),
    ("order.code", "console.action.order_code"),
    ("order.pay", "console.action.order_pay"),
    ("unlock.request", "console.action.unlock_request"),
    ("unlock.code", "console.action.unlock_code"),
    ("unlock.approve", "console.action.unlock_approve"),
    ("unlock.approve_applicant", "console.action.unlock_approve_applicant"),
    ("unlock.begin", "console.action.unlock_begin"),
    ("unlock.finish", "console.action.unlock_finish"),
    ("device.register", "console.action.device_register"),
    ("device.personalise", "console.action.device_personalise"),
    ("device.admin_pin", "console.action.device_admin_pin"),
    ("device.master", "console.action.device_master"),
    ("message.sent", "console.action.message_sent"),
    ("message.failed", "console.action.message_failed"),
    ("message.again", "console.action.message_again"),
    ("certificate.enrol", "console.action.certificate_enrol"),
    ("certificate.issue", "console.action.certificate_issue"),
    ("certificate.supersede", "console.action.certificate_supersede"),
    ("certificate.revoke", "console.action.certificate_revoke"),
    ("crl.make", "console.action.crl_make"),
    ("customer.register", "console.action.customer_register"),
    ("customer.contact", "console.action.customer_contact"),
    ("product.change", "console.action.product_change"),
    ("operator.add", "console.action.operator_add"),
    ("operator.role", "console.action.operator_role"),
    ("operator.activate", "console.action.operator_activate"),
    ("operator.deactivate", "console.action.operator_deactivate"),
    ("operator.reset", "console.action.operator_reset"),
    ("operator.password", "console.action.operator_password"),
    ("operator.login", "console.action.operator_login"),
    ("operator.logout", "console.action.operator_logout"),
    ("operator.locked", "console.action.operator_locked"),
    ("console.refused", "console.action.console_refused"),
];

impl Line {
    /// A record in a language.
    #[must_use]
    pub fn new(language: Language, record: Record) -> Self {
        let action = ACTIONS.iter().find(|(code, _)| *code == record.action);
        let done = record.outcome == "done";
        Self {
            seq: record.seq,
            at: moment(record.at),
            role: role(language, &record.role),
            action: action.map_or(record.action, |(_, key)| language.text(key)),
            href: page_of(&record.object),
            outcome: Pill {
                class: if done { "ok" } else { "danger" },
                label: language.text(if done { "console.audit.done" } else { "console.audit.refused" }),
            },
            actor: record.actor,
            object: record.object,
            detail: record.detail,
        }
    }
}

fn role(language: Language, role: &str) -> String {
    match (Role::parse(role), role) {
        (Some(role), _) => language.text(super::page::role_key(role)),
        (None, "applicant") => language.text("console.role.applicant"),
        (None, "customer") => language.text("console.role.customer"),
        (None, "system") => language.text("console.role.system"),
        (None, other) => other.to_owned(),
    }
}

/// Address of the page about an object of the log.
fn page_of(object: &str) -> String {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match object.split_once('/') {
        Some((kind @ ("order" | "customer" | "certificate" | "product"), name)) if plain(name) => {
            format!("/console/{kind}s/{name}")
        }
        _ => String::new(),
    }
}

/// The records about an object, oldest first; the last two hundred.
pub async fn of(console: &Console, visit: &Visit, object: &str) -> Result<Vec<Line>, Failure> {
    let records = lists::audit::about(&console.service.store, object).await?;
    Ok(records.into_iter().map(|record| Line::new(visit.language, record)).collect())
}

#[cfg(test)]
mod tests {
    use super::page_of;

    #[test]
    fn only_objects_with_a_page_get_a_link() {
        assert_eq!(page_of("order/20261120-000001"), "/console/orders/20261120-000001");
        assert_eq!(page_of("certificate/0A1B"), "/console/certificates/0A1B");
        for other in ["operator/admin", "/console/products", "order/", "order/../x", "crl/operation", ""] {
            assert_eq!(page_of(other), "", "{other}");
        }
    }
}
