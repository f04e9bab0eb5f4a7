//! What was signed with an order: list and files, to be verified elsewhere.

use super::Console;
use super::page::file;
use super::rights::Right;
use super::texts::moment;
use super::visit::{Failure, Visit};
use crate::lists::evidence::{self, EvidenceRow};
use crate::orders::{self, Row};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use std::sync::Arc;

/// Something that was signed.
pub struct Piece {
    /// What it is.
    pub kind: String,
    /// When it came.
    pub at: String,
    /// Serial number of the certificate it is about.
    pub certificate: String,
    /// Its files.
    pub files: Vec<PieceFile>,
}

/// A file of it.
pub struct PieceFile {
    /// Last part of its address.
    pub name: String,
    /// What it holds.
    pub label: String,
    /// How long it is.
    pub size: String,
}

pub(super) fn routes() -> Router<Arc<Console>> {
    Router::new().route("/console/orders/{no}/evidence/{file}", get(evidence_file))
}

/// What was signed for an order, oldest first; nothing to those who may not read it.
pub async fn of(console: &Console, visit: &Visit, row: &Row) -> Result<Vec<Piece>, Failure> {
    if !visit.may(Right::ReadEvidence) {
        return Ok(Vec::new());
    }
    let rows = evidence::of_order(&console.service.store, &row.no, Some(&row.session)).await?;
    let mut pieces = Vec::with_capacity(rows.len());
    for EvidenceRow { id, kind, at, certificate, body_bytes, signature_bytes } in rows {
        let bytes = |size: i64| visit.language.text_with("console.evidence.bytes", &size.to_string());
        let mut files = vec![PieceFile {
            name: format!("{id}.{}", signature_form(&kind)),
            label: visit.language.text("console.evidence.signature"),
            size: bytes(signature_bytes),
        }];
        if may_read(visit, &kind) {
            let label = visit.language.text("console.evidence.body");
            files.insert(0, PieceFile { name: format!("{id}.json"), label, size: bytes(body_bytes) });
        }
        let kind = kind_key(&kind).map_or(kind, |key| visit.language.text(key));
        pieces.push(Piece { kind, at: moment(at), certificate, files });
    }
    Ok(pieces)
}

/// The body of an order or application holds the contact in full.
fn may_read(visit: &Visit, kind: &str) -> bool {
    !matches!(kind, "order" | "unlock") || visit.may(Right::ReadContacts)
}

/// A one-time key of the client signs without a certificate, as `SM2Signature` in DER (GM/T 0009 §7.3); keys with one
/// sign as `SignedData` (GM/T 0010).
fn signature_form(kind: &str) -> &'static str {
    if matches!(kind, "order" | "unlock" | "unlock_begin") { "der" } else { "p7s" }
}

fn kind_key(kind: &str) -> Option<&'static str> {
    match kind {
        "session" => Some("console.evidence.session"),
        "order" => Some("console.evidence.order"),
        "issue" => Some("console.evidence.issue"),
        "confirm" => Some("console.evidence.confirm"),
        "unlock" => Some("console.evidence.unlock"),
        "unlock_begin" => Some("console.evidence.unlock_begin"),
        "unlock_finish" => Some("console.evidence.unlock_finish"),
        _ => None,
    }
}

/// `{id}.json` is the body as it came, `{id}.p7s` or `{id}.der` its signature.
async fn evidence_file(
    State(console): State<Arc<Console>>,
    visit: Visit,
    Path((no, name)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let (id, form) = name.split_once('.').ok_or(Failure::NotFound)?;
    let order = orders::find(&console.service.store, &no).await?.ok_or(Failure::NotFound)?;
    let found = evidence::find(&console.service.store, id, &no, Some(&order.session)).await?;
    let evidence::Piece { kind, body, signature } = found.ok_or(Failure::NotFound)?;
    let (media_type, bytes) = match form {
        "json" if !may_read(&visit, &kind) => return Err(Failure::Refused),
        "json" => ("application/json", body),
        "p7s" if signature_form(&kind) == form => ("application/pkcs7-signature", signature),
        "der" if signature_form(&kind) == form => ("application/octet-stream", signature),
        _ => return Err(Failure::NotFound),
    };
    Ok(file(&format!("{no}-{kind}.{form}"), media_type, bytes))
}
