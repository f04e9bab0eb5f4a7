//! Who may do what in the console: one table of roles and rights, one table of routes.
//!
//! Invariants: a route that is not in [`ROUTES`] is refused whatever its handler would do; the guard looks here before a
//! handler runs, and pages ask the same table what they show, so that a hidden button is never the only protection.
//! Nobody has a right to change the audit log, because there is none.

use crate::operators::Role;

impl Role {
    /// Whether the role has the right.
    #[must_use]
    pub fn may(self, right: Right) -> bool {
        MATRIX.iter().any(|(of, roles)| *of == right && roles.contains(&self))
    }
}

/// What can be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Overview, orders, customers, certificates, products, without telephone numbers.
    ReadBooks,
    /// Names, telephone numbers and addresses of contacts in full.
    ReadContacts,
    /// Signatures and requests stored with an order.
    ReadEvidence,
    /// Approve and reject orders.
    DecideOrders,
    /// Correct the contact of a customer.
    EditContacts,
    /// Take devices of a customer into the books.
    RegisterDevices,
    /// Revoke certificates.
    RevokeCertificates,
    /// Rules and prices of products.
    EditProducts,
    /// Add, change and reset operators.
    ManageOperators,
    /// See which messages wait.
    ReadOutbox,
    /// Read the messages themselves; they hold codes.
    ReadMessages,
    /// Send messages that failed again.
    SendMessages,
    /// Read, export and check the audit log.
    ReadAudit,
}

const EVERYBODY: &[Role] = &Role::ALL;
const OFFICERS: &[Role] = &[Role::Administrator, Role::Operator];
const ADMINISTRATORS: &[Role] = &[Role::Administrator];

/// The rights of each role.
const MATRIX: &[(Right, &[Role])] = &[
    (Right::ReadBooks, EVERYBODY),
    (Right::ReadContacts, OFFICERS),
    (Right::ReadEvidence, EVERYBODY),
    (Right::DecideOrders, OFFICERS),
    (Right::EditContacts, OFFICERS),
    (Right::RegisterDevices, OFFICERS),
    (Right::RevokeCertificates, OFFICERS),
    (Right::EditProducts, ADMINISTRATORS),
    (Right::ManageOperators, ADMINISTRATORS),
    (Right::ReadOutbox, EVERYBODY),
    (Right::ReadMessages, ADMINISTRATORS),
    (Right::SendMessages, OFFICERS),
    (Right::ReadAudit, &[Role::Administrator, Role::Auditor]),
];

/// What a route asks of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: the pages before the log-in.
    Anybody,
    /// A session, also while the password must still be changed.
    AnySession,
    /// A session and this right.
    Needs(Right),
}

/// A route of the console.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// As given to the router.
    pub path: &'static str,
    /// Who may come.
    pub access: Access,
}

const fn get(path: &'static str, access: Access) -> Route {
    Route { method: "GET", path, access }
}

const fn post(path: &'static str, access: Access) -> Route {
    Route { method: "POST", path, access }
}

/// Every route.
pub const ROUTES: &[Route] = &[
    get("/console", Access::Anybody),
    get("/console/console.css", Access::Anybody),
    get("/console/icon.png", Access::Anybody),
    get("/console/language/{language}", Access::Anybody),
    get("/console/login", Access::Anybody),
    post("/console/login", Access::Anybody),
    post("/console/logout", Access::AnySession),
    get("/console/password", Access::AnySession),
    post("/console/password", Access::AnySession),
    get("/console/overview", Access::Needs(Right::ReadBooks)),
    get("/console/orders", Access::Needs(Right::ReadBooks)),
    get("/console/orders/{no}", Access::Needs(Right::ReadBooks)),
    post("/console/orders/{no}/approve", Access::Needs(Right::DecideOrders)),
    post("/console/orders/{no}/reject", Access::Needs(Right::DecideOrders)),
    get("/console/orders/{no}/evidence/{file}", Access::Needs(Right::ReadEvidence)),
    get("/console/customers", Access::Needs(Right::ReadBooks)),
    get("/console/customers/{id}", Access::Needs(Right::ReadBooks)),
    post("/console/customers/{id}/contact", Access::Needs(Right::EditContacts)),
    post("/console/customers/{id}/devices", Access::Needs(Right::RegisterDevices)),
    get("/console/certificates", Access::Needs(Right::ReadBooks)),
    get("/console/certificates/{serial}", Access::Needs(Right::ReadBooks)),
    get("/console/certificates/{serial}/file", Access::Needs(Right::ReadBooks)),
    post("/console/certificates/{serial}/revoke", Access::Needs(Right::RevokeCertificates)),
    get("/console/products", Access::Needs(Right::ReadBooks)),
    get("/console/products/{code}", Access::Needs(Right::ReadBooks)),
    post("/console/products/{code}", Access::Needs(Right::EditProducts)),
    get("/console/operators", Access::Needs(Right::ManageOperators)),
    post("/console/operators", Access::Needs(Right::ManageOperators)),
    post("/console/operators/{name}/role", Access::Needs(Right::ManageOperators)),
    post("/console/operators/{name}/active", Access::Needs(Right::ManageOperators)),
    post("/console/operators/{name}/reset", Access::Needs(Right::ManageOperators)),
    get("/console/outbox", Access::Needs(Right::ReadOutbox)),
    post("/console/outbox/{id}/again", Access::Needs(Right::SendMessages)),
    get("/console/audit", Access::Needs(Right::ReadAudit)),
    get("/console/audit/export", Access::Needs(Right::ReadAudit)),
    post("/console/audit/check", Access::Needs(Right::ReadAudit)),
];

/// What the table says of a route; `None` = refused.
#[must_use]
pub fn access(method: &str, path: &str) -> Option<Access> {
    // HEAD is answered by the handler of GET
    let method = if method == "HEAD" { "GET" } else { method };
    ROUTES.iter().find(|route| route.method == method && route.path == path).map(|route| route.access)
}

#[cfg(test)]
mod tests {
    use super::{Access, MATRIX, ROUTES, Right, Role, access};

    #[test]
    fn every_right_a_route_asks_for_stands_in_the_matrix_once() {
        for route in ROUTES {
            if let Access::Needs(right) = route.access {
                assert_eq!(MATRIX.iter().filter(|(of, _)| *of == right).count(), 1, "{right:?}");
            }
        }
    }

    #[test]
    fn the_auditor_changes_nothing_and_the_operator_keeps_out_of_operators_and_products() {
        for route in ROUTES.iter().filter(|route| route.method == "POST" && route.path != "/console/audit/check") {
            if let Access::Needs(right) = route.access {
                assert!(!Role::Auditor.may(right), "{}", route.path);
            }
        }
        assert!(Role::Operator.may(Right::DecideOrders));
        for right in [Right::EditProducts, Right::ManageOperators, Right::ReadAudit, Right::ReadMessages] {
            assert!(!Role::Operator.may(right), "{right:?}");
        }
    }

    #[test]
    fn an_unknown_route_has_no_access() {
        assert_eq!(access("GET", "/console/secret"), None);
        assert_eq!(access("DELETE", "/console/orders/{no}"), None);
        assert_eq!(access("HEAD", "/console/orders"), Some(Access::Needs(Right::ReadBooks)));
    }
}
