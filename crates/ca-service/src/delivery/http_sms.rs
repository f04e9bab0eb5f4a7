//! SMS by an HTTP interface as the settings describe it: one request for each.
//!
//! Invariants
//! * Values are put into the decoded request and encoded with it, so that they mean nothing in JSON, forms or addresses.
//! * `https:` with checked certificates, or this machine; redirects are not followed.
//! * Of the answer only status and the one agreed value are kept. Whatever may have been sent although the answer is not
//!   that of success is not sent again by itself.

use super::secret_file;
use super::smtp::{is_loopback, is_tls, pem_certificates};
use super::{Fault, FaultKind, Sending, SmsGateway};
use crate::error::ServiceError;
use crate::gateways::{HttpSmsSettings, Method};
use base::secret::SecretBytes;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, Url};
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(10);
/// Longest answer.
const LARGEST_ANSWER: usize = 1 << 16;

/// An HTTP interface.
pub struct HttpSms {
    client: Client,
    url: Url,
    settings: HttpSmsSettings,
    secret: Option<SecretBytes>,
}

impl HttpSms {
    /// The interface of the settings; files are seen from `dir`.
    ///
    /// # Errors
    /// [`ServiceError::Unacceptable`] names the setting.
    pub fn new(settings: &HttpSmsSettings, dir: &Path) -> Result<Self, ServiceError> {
        let wrong = |setting: &str, why: &str| ServiceError::Unacceptable(format!("sms.{setting}: {why}"));
        let url = Url::parse(&settings.url).map_err(|error| wrong("url", &error.to_string()))?;
        let here = url.host_str().is_some_and(is_loopback);
        match url.scheme() {
            "https" => {}
            "http" if here => {}
            _ => return Err(wrong("url", "not https:, and not this machine")),
        }
        if settings.json.is_some() && settings.form.is_some() {
            return Err(wrong("form", "there is a json too"));
        }
        if settings.method == Method::Get && (settings.json.is_some() || settings.form.is_some()) {
            return Err(wrong("method", "GET has no body; put the values into query"));
        }
        if settings.success_pointer.is_some() != settings.success_value.is_some() {
            return Err(wrong("success_pointer", "it goes together with success_value"));
        }
        if settings.success_pointer.as_ref().is_some_and(|pointer| !pointer.is_empty() && !pointer.starts_with('/')) {
            return Err(wrong("success_pointer", "it begins with /"));
        }
        for (name, value) in &settings.headers {
            let filled = value.replace("{secret}", "").replace("{id}", "").replace("{to}", "");
            if HeaderName::from_str(name).is_err() || HeaderValue::from_str(&filled).is_err() || !filled.is_ascii() {
                return Err(wrong("headers", &format!("{name} can't be a header")));
            }
        }
        let all = serde_json::to_string(&(&settings.headers, &settings.query, &settings.json, &settings.form));
        let all = all.map_err(|error| wrong("json", &error.to_string()))?;
        for word in ["{to}", "{text}"] {
            if !all.contains(word) {
                return Err(wrong("json", &format!("{word} is in neither query, json nor form")));
            }
        }
        let secret = secret_file::read("sms.secret_file", settings.secret_file.as_deref(), dir, "sms-secret")?;
        if all.contains("{secret}") && secret.is_none() {
            return Err(wrong("secret_file", "there is no secret for {secret}"));
        }
        if secret.as_ref().is_some_and(|secret| std::str::from_utf8(secret.expose()).is_err()) {
            return Err(wrong("secret_file", "the secret is not UTF-8"));
        }
        net::use_tls_library();
        let mut builder = Client::builder()
            .user_agent(concat!("ca-service/", env!("CARGO_PKG_VERSION")))
            .referer(false)
            .redirect(Policy::none())
            .https_only(!here)
            .connect_timeout(CONNECT)
            .timeout(super::timeout("sms.timeout_seconds", settings.timeout_seconds)?);
        if here {
            builder = builder.no_proxy();
        }
        if let Some(pem) = secret_file::roots("sms.root_file", settings.root_file.as_deref(), dir)? {
            let roots = pem_certificates(&pem).ok_or_else(|| wrong("root_file", "not a certificate in PEM"))?;
            let roots: Result<Vec<_>, _> = roots.iter().map(|der| Certificate::from_der(der)).collect();
            builder = builder.tls_certs_only(roots.map_err(|error| wrong("root_file", &error.to_string()))?);
        }
        let client = builder.build().map_err(|error| wrong("url", &error.to_string()))?;
        Ok(Self { client, url, settings: settings.clone(), secret })
    }

    async fn deliver(&self, values: &[(&str, &str)]) -> Result<(), Fault> {
        let settings = &self.settings;
        let mut url = self.url.clone();
        if !settings.query.is_empty() {
            append(&mut url, &settings.query, values);
        }
        let mut request = match settings.method {
            Method::Post => self.client.post(url),
            Method::Get => self.client.get(url),
            Method::Put => self.client.put(url),
        };
        if let Some(json) = &settings.json {
            request = request.header(CONTENT_TYPE, "application/json").body(filled_json(json, values).to_string());
        } else if let Some(form) = &settings.form {
            // the form of an address is that of a body (URL Standard §5)
            let mut encoder = self.url.clone();
            encoder.set_query(None);
            append(&mut encoder, form, values);
            let body = encoder.query().unwrap_or_default().to_owned();
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
        }
        for (name, value) in &settings.headers {
            let unfit = || Fault::permanent(FaultKind::Message, format!("header {name}"));
            let mut value = HeaderValue::from_str(&filled(value, values)).map_err(|_| unfit())?;
            value.set_sensitive(true);
            request = request.header(HeaderName::from_str(name).map_err(|_| unfit())?, value);
        }
        self.judge(request.send().await.map_err(|error| fault(&error))?).await
    }

    async fn judge(&self, response: Response) -> Result<(), Fault> {
        let status = response.status();
        let expected = match self.settings.success_status {
            Some(expected) => status.as_u16() == expected,
            None => status.is_success(),
        };
        let said = format!("HTTP {}", status.as_u16());
        if !expected {
            return Err(match status.as_u16() {
                401 | 403 => Fault::permanent(FaultKind::Credentials, said),
                408 | 425 | 429 | 500..=599 => Fault::passing(FaultKind::Busy, said),
                _ => Fault::permanent(FaultKind::Refused, said),
            });
        }
        let (Some(pointer), Some(expected)) = (&self.settings.success_pointer, &self.settings.success_value) else {
            return Ok(());
        };
        let body = read(response).await?;
        let Ok(answer) = serde_json::from_slice::<Value>(&body) else {
            return Err(Fault::permanent(FaultKind::Answer, format!("{said}, no JSON")));
        };
        match answer.pointer(pointer) {
            Some(value) if value == expected => Ok(()),
            Some(value) => {
                let value: String = value.to_string().chars().take(100).collect();
                Err(Fault::permanent(FaultKind::Refused, format!("{said}, {pointer} = {value}")))
            }
            None => Err(Fault::permanent(FaultKind::Answer, format!("{said}, no {pointer}"))),
        }
    }
}

impl SmsGateway for HttpSms {
    fn send<'a>(&'a self, to: &'a str, text: &'a str, id: &'a str) -> Sending<'a> {
        Box::pin(async move {
            let secret = self.secret.as_ref().map(|secret| String::from_utf8_lossy(secret.expose()));
            let secret = secret.as_deref().unwrap_or_default();
            self.deliver(&[("to", to), ("text", text), ("id", id), ("secret", secret)]).await
        })
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| fault(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_ANSWER {
            return Err(Fault::permanent(FaultKind::Answer, "too long"));
        }
    }
    Ok(body)
}

/// The error without the address, in which there may be secrets.
fn fault(error: &reqwest::Error) -> Fault {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let kind = if error.is_timeout() {
        FaultKind::Timeout
    } else if is_tls(error) {
        FaultKind::Tls
    } else {
        FaultKind::Connection
    };
    let said = if error.source().is_none() { String::new() } else { innermost.to_string() };
    Fault::passing(kind, said)
}

fn append(url: &mut Url, pairs: &BTreeMap<String, String>, values: &[(&str, &str)]) {
    let mut query = url.query_pairs_mut();
    for (name, value) in pairs {
        query.append_pair(name, &filled(value, values));
    }
}

fn filled_json(json: &Value, values: &[(&str, &str)]) -> Value {
    match json {
        Value::String(text) => Value::String(filled(text, values)),
        Value::Array(list) => list.iter().map(|value| filled_json(value, values)).collect(),
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), filled_json(value, values))).collect(),
        other => other.clone(),
    }
}

/// A text with its words filled in, once; other braces stay.
fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        whole.push_str(before);
        let word = values.iter().find_map(|(name, value)| {
            let after = from.strip_prefix('{')?.strip_prefix(*name)?.strip_prefix('}')?;
            Some((*value, after))
        });
        match word {
            Some((value, after)) => {
                whole.push_str(value);
                rest = after;
            }
            None => {
                whole.push('{');
                rest = from.strip_prefix('{').unwrap_or_default();
            }
        }
    }
    whole + rest
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn words_are_filled_in_once_and_other_braces_stay() {
        let values = [("to", "{text}"), ("text", "a\"b{to}")];
        assert_eq!(filled("{to} {text} {other} {", &values), "{text} a\"b{to} {other} {");
        assert_eq!(filled("", &values), "");
    }
}
