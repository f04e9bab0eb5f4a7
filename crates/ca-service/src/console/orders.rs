//! List of orders: by kind and state, by number, holder, serial numbers and mobile number; what waits for an officer first.

use super::Console;
use super::page::{Choice, Page, Pill, ROWS, page_number, paging, show};
use super::rights::Right;
use super::table::{Asked, Cell, Filter, Heading, ListPage, Select, Table, headings};
use super::texts::{Language, masked, minute, yuan};
use super::visit::{Failure, Visit};
use crate::lists::orders::{OrderRow, Wanted};
use crate::lists::{self, Found, Part};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use order_api::{OrderKind, OrderState};
use std::sync::Arc;

/// The states in the order of an officer's interest.
pub const STATES: [OrderState; 9] = [
    OrderState::Reviewing,
    OrderState::Submitted,
    OrderState::Payment,
    OrderState::Authorized,
    OrderState::Issued,
    OrderState::Installed,
    OrderState::Rejected,
    OrderState::Expired,
    OrderState::Cancelled,
];

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/console/orders", get(list))
}

/// The kinds.
pub const KINDS: [OrderKind; 2] = [OrderKind::Renew, OrderKind::Unlock];

/// The states an order of a kind can be in, in the order of [`STATES`].
pub fn states_of(kind: OrderKind) -> impl Iterator<Item = OrderState> {
    let renewal = kind == OrderKind::Renew;
    STATES.into_iter().filter(move |state| renewal || !matches!(state, OrderState::Submitted | OrderState::Payment))
}

/// Key of the name of a kind.
#[must_use]
pub const fn kind_key(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Renew => "console.kind.renew",
        OrderKind::Unlock => "console.kind.unlock",
    }
}

/// A kind as it stands in the books.
#[must_use]
pub fn kind_of(text: &str) -> OrderKind {
    KINDS.into_iter().find(|kind| kind.as_str() == text).unwrap_or(OrderKind::Renew)
}

/// Key of the name of a state of a kind.
#[must_use]
pub const fn state_key(kind: OrderKind, state: OrderState) -> &'static str {
    match (kind, state) {
        (OrderKind::Unlock, OrderState::Authorized) => "console.state.unlock_authorized",
        (OrderKind::Unlock, OrderState::Issued) => "console.state.unlock_issued",
        (OrderKind::Unlock, OrderState::Installed) => "console.state.unlock_installed",
        (OrderKind::Unlock, OrderState::Cancelled) => "console.state.unlock_cancelled",
        (_, OrderState::Submitted) => "console.state.submitted",
        (_, OrderState::Reviewing) => "console.state.reviewing",
        (_, OrderState::Payment) => "console.state.payment",
        (_, OrderState::Authorized) => "console.state.authorized",
        (_, OrderState::Issued) => "console.state.issued",
        (_, OrderState::Installed) => "console.state.installed",
        (_, OrderState::Rejected) => "console.state.rejected",
        (_, OrderState::Expired) => "console.state.expired",
        (_, OrderState::Cancelled) => "console.state.cancelled",
    }
}

/// Name of a state among orders of any kind.
fn state_name(language: Language, state: OrderState) -> String {
    let [one, other] = KINDS.map(|kind| language.text(state_key(kind, state)));
    if one == other { one } else { format!("{one} / {other}") }
}

/// Word and looks of a state as it stands in the books. `decoy` is an unlock whose code was not sent because the applicant
/// is not the registered contact; it looks as any other to the applicant only.
#[must_use]
pub fn state_pill(language: Language, kind: OrderKind, state: &str, decoy: bool) -> Pill {
    let Some(state) = OrderState::ALL.into_iter().find(|known| known.as_str() == state) else {
        return Pill { class: "", label: state.to_owned() };
    };
    if decoy && state == OrderState::Authorized {
        return Pill { class: "danger", label: language.text("console.state.unlock_decoy") };
    }
    let class = match state {
        OrderState::Reviewing => "warn",
        OrderState::Submitted | OrderState::Payment | OrderState::Authorized | OrderState::Issued => "wait",
        OrderState::Installed => "ok",
        OrderState::Rejected => "danger",
        OrderState::Expired | OrderState::Cancelled => "",
    };
    Pill { class, label: language.text(state_key(kind, state)) }
}

async fn list(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let language = visit.language;
    let contacts = visit.may(Right::ReadContacts);
    let number = page_number(asked.page);
    let wanted = Wanted { state: &asked.state, kind: &asked.kind, search: &asked.search, contacts };
    let part = Part { limit: ROWS, offset: (number - 1) * ROWS };
    let Found { rows, total } = lists::orders::list(&console.service.store, &wanted, part).await?;
    let rows = rows.into_iter().map(|row| line(language, row, contacts)).collect();
    let kinds = KINDS.map(|kind| Choice {
        code: kind.as_str(),
        label: language.text(kind_key(kind)),
        chosen: asked.kind == kind.as_str(),
    });
    let states = STATES.map(|state| Choice {
        code: state.as_str(),
        label: state_name(language, state),
        chosen: asked.state == state.as_str(),
    });
    let label = if contacts { "console.order.search" } else { "console.order.search_masked" };
    let title = language.text("console.nav.orders");
    let around = [("kind", asked.kind.as_str()), ("state", asked.state.as_str()), ("search", asked.search.as_str())];
    let paging = paging("/console/orders", &around, number, total);
    let table = Table {
        id: "orders",
        caption: title.clone(),
        remark: language.text_with("console.found", &total.to_string()),
        headings: line_headings(language),
        rows,
    };
    let filter = Filter {
        action: "/console/orders",
        label: language.text(label),
        search: asked.search,
        selects: vec![
            Select { name: "kind", label: language.text("console.order.kind"), choices: kinds.into() },
            Select { name: "state", label: language.text("console.order.state"), choices: states.into() },
        ],
    };
    let page = Page::new(&visit, "orders", title);
    Ok(show(StatusCode::OK, &ListPage { page, filter: Some(filter), table, paging }))
}

/// Headings over [`line()`].
pub fn line_headings(language: Language) -> Vec<Heading> {
    headings(
        language,
        &[
            ("console.order.no", false),
            ("console.order.kind", false),
            ("console.order.holder", false),
            ("console.order.product", false),
            ("console.order.state", false),
            ("console.contact.mobile", false),
            ("console.order.fee", true),
            ("console.order.created", false),
        ],
    )
}

/// An order in a list: number, kind, holder, name of the product, state, mobile number, fee, moment.
pub fn line(language: Language, row: OrderRow, contacts: bool) -> Vec<Cell> {
    let href = format!("/console/orders/{}", row.no);
    let kind = kind_of(&row.kind);
    let fee = if kind == OrderKind::Renew { yuan(row.fee_fen) } else { "–".to_owned() };
    vec![
        Cell::link(row.no, href),
        Cell::line(language.text(kind_key(kind))),
        Cell::text(row.holder),
        Cell::text(row.product),
        Cell::pill(state_pill(language, kind, &row.state, row.decoy)),
        Cell::line(if contacts { row.mobile } else { masked(&row.mobile) }),
        Cell::number(fee),
        Cell::line(minute(row.created)),
    ]
}

#[cfg(test)]
mod tests {
    use super::{KINDS, Language, OrderKind, OrderState, STATES, state_pill, states_of};

    #[test]
    fn every_state_of_every_kind_has_words_in_both_languages() {
        for language in [Language::Chinese, Language::English] {
            for kind in KINDS {
                for state in STATES {
                    let label = state_pill(language, kind, state.as_str(), false).label;
                    assert!(!label.starts_with("console."), "{label}");
                }
            }
        }
        let word = |kind, decoy| state_pill(Language::Chinese, kind, "authorized", decoy).label;
        assert_ne!(word(OrderKind::Renew, false), word(OrderKind::Unlock, false));
        assert_ne!(word(OrderKind::Unlock, false), word(OrderKind::Unlock, true));
    }

    #[test]
    fn an_unlock_is_never_paid_and_every_state_is_listed() {
        assert!(states_of(OrderKind::Unlock).all(|state| state != OrderState::Payment));
        assert_eq!(states_of(OrderKind::Renew).count(), OrderState::ALL.len());
    }
}
