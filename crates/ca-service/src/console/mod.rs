//! Operator console: server-made pages for the people of the CA, without scripts.
//!
//! Invariants: see [`guard`]; whatever a page shows is escaped by its template; a form that worked answers with a
//! redirect, so that a reload repeats nothing; what two people do at once is decided by the books (compare and set), and
//! the second one is told.

mod accounts;
mod audit_log;
mod certificates;
mod customers;
mod evidence;
pub mod guard;
mod history;
mod log_in;
mod order;
mod orders;
mod outbox;
mod overview;
pub mod page;
mod products;
pub mod rights;
mod table;
pub mod texts;
mod unlock;
pub mod visit;

use super::Service;
use super::operators::{Notice, Operators, Session};
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use page::go_to;
use std::sync::Arc;
use visit::Failure;

/// Cookie of a session.
pub const SESSION: &str = "ca_console";
/// Cookie of a visitor who is not logged in: ties the log-in form to the browser.
pub const VISIT: &str = "ca_console_visit";
/// Cookie of the chosen language.
pub const LANGUAGE: &str = "ca_console_language";

/// What the handlers share.
pub struct Console {
    service: Arc<Service>,
    operators: Operators,
    /// Whether browsers reach the console by TLS, so that cookies are for TLS only.
    secure: bool,
}

impl Console {
    fn cookie(&self, name: &str, value: &str) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/console; HttpOnly; SameSite=Strict{secure}");
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
    }

    /// Says something on the next page.
    async fn say(&self, session: &Session, good: bool, text: &str, value: &str) -> Result<(), Failure> {
        let notice = Notice { good, text: text.to_owned(), value: value.to_owned() };
        Ok(self.operators.set_notice(session, Some(&notice)).await?)
    }
}

/// Something that went wrong, to be said on the page that is made.
fn bad(text: &str) -> Notice {
    Notice { good: false, text: text.to_owned(), value: String::new() }
}

/// The console's routes. `secure` says that browsers reach it by TLS.
pub fn router(service: Arc<Service>, secure: bool) -> Router {
    let operators = Operators::new(service.store.clone(), service.clock.clone());
    let console = Arc::new(Console { service, operators, secure });
    Router::new()
        .route("/console", get(async || go_to("/console/overview")))
        .route("/console/console.css", get(async || asset("text/css; charset=utf-8", STYLE)))
        .route("/console/icon.png", get(async || asset("image/png", ICON)))
        .merge(log_in::routes())
        .merge(overview::routes())
        .merge(orders::routes())
        .merge(order::routes())
        .merge(evidence::routes())
        .merge(customers::routes())
        .merge(certificates::routes())
        .merge(products::routes())
        .merge(accounts::routes())
        .merge(outbox::routes())
        .merge(audit_log::routes())
        .route_layer(from_fn_with_state(Arc::clone(&console), guard::guard))
        .with_state(console)
}

const STYLE: &[u8] = include_bytes!("../../../../assets/ca-service/console.css");
const ICON: &[u8] = include_bytes!("../../../../assets/icon/icon-64.png");

fn asset(media_type: &'static str, bytes: &'static [u8]) -> Response {
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "max-age=600")];
    (headers, bytes).into_response()
}
