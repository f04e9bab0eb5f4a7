//! Description of the API: OpenAPI, and the same as a page for people, without anything from elsewhere.

use super::{api, unlocks};
use crate::ServiceError;
use askama::Template;
use axum::Json;
use axum::response::{Html, IntoResponse, Response};
use order_api::ProblemCode;
use serde_json::Value;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(title = "order API v1"),
    paths(
        api::ca,
        api::captcha,
        api::challenge,
        api::session,
        api::create,
        api::order,
        api::send_code,
        api::cancel,
        api::verify_code,
        api::payment,
        api::issue,
        api::confirm,
        unlocks::create,
        unlocks::begin,
        unlocks::finish
    )
)]
struct Description;

/// `GET /openapi.json`.
pub async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

struct Call {
    method: String,
    path: String,
    summary: String,
    headers: Vec<Field>,
    body: String,
    answer: String,
}

struct Schema {
    name: String,
    summary: String,
    fields: Vec<Field>,
    values: Vec<String>,
}

struct Field {
    name: String,
    kind: String,
    required: bool,
    summary: String,
}

struct Code {
    text: &'static str,
    status: u16,
    meaning: &'static str,
}

#[derive(Template)]
#[template(path = "docs.html")]
struct Page {
    version: &'static str,
    calls: Vec<Call>,
    codes: Vec<Code>,
    schemas: Vec<Schema>,
}

/// `GET /docs`.
pub async fn page() -> Result<Response, ServiceError> {
    let failed = |error: &dyn std::error::Error| ServiceError::Damaged(error.to_string());
    let all = serde_json::to_value(Description::openapi()).map_err(|error| failed(&error))?;
    let codes = ProblemCode::ALL
        .iter()
        .map(|code| Code { text: code.as_str(), status: code.status(), meaning: code.meaning() })
        .collect();
    let page = Page { version: env!("CARGO_PKG_VERSION"), calls: calls(&all), codes, schemas: schemas(&all) };
    Ok(Html(page.render().map_err(|error| failed(&error))?).into_response())
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn calls(all: &Value) -> Vec<Call> {
    let mut calls = Vec::new();
    for (path, methods) in all.get("paths").into_iter().flat_map(entries) {
        for (method, call) in entries(methods) {
            let parameters = call.get("parameters").and_then(Value::as_array).into_iter().flatten();
            let header = |parameter: &Value| Field {
                name: text(parameter, "name"),
                kind: text(parameter, "in"),
                required: parameter.get("required") == Some(&Value::Bool(true)),
                summary: text(parameter, "description"),
            };
            let done = ["200", "201"].iter().find_map(|status| call.pointer(&format!("/responses/{status}")));
            calls.push(Call {
                method: method.to_uppercase(),
                path: path.clone(),
                summary: text(call, "summary"),
                headers: parameters.map(header).collect(),
                body: call.get("requestBody").map(content).unwrap_or_default(),
                answer: done.map(content).unwrap_or_default(),
            });
        }
    }
    calls
}

/// Name of the schema of a body.
fn content(body: &Value) -> String {
    body.pointer("/content/application~1json/schema").map(kind).unwrap_or_default()
}

/// A type in words: the name of a schema, or a plain type, with `[]` behind a list's.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return name.rsplit('/').next().unwrap_or_default().to_owned();
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(choices) = schema.get(choice).and_then(Value::as_array) {
            let choices: Vec<String> = choices.iter().map(kind).filter(|kind| kind != "null").collect();
            return choices.join(" | ");
        }
    }
    if let Some(items) = schema.get("items") {
        return format!("{}[]", kind(items));
    }
    match schema.get("type") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).filter(|name| *name != "null").collect();
            names.join(" | ")
        }
        _ => String::new(),
    }
}

fn schemas(all: &Value) -> Vec<Schema> {
    let mut found = Vec::new();
    for (name, schema) in all.pointer("/components/schemas").into_iter().flat_map(entries) {
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let field = |(name, field): (&String, &Value)| Field {
            name: name.clone(),
            kind: kind(field),
            required: required.contains(&name.as_str()),
            summary: text(field, "description"),
        };
        let values = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
        found.push(Schema {
            name: name.clone(),
            summary: text(schema, "description"),
            fields: schema.get("properties").into_iter().flat_map(entries).map(field).collect(),
            values: values.filter_map(Value::as_str).map(str::to_owned).collect(),
        });
    }
    found
}
