//! Mail by SMTP (RFC 5321), each on a connection of its own: STARTTLS (RFC 3207) or TLS from the start (RFC 8314), AUTH
//! (RFC 4954). A mail has a plain and an HTML part (RFC 2046 §5.1.4) and says that no person wrote it (RFC 3834).
//!
//! Invariant: without TLS nothing but the greeting is exchanged, unless the server is this machine and the settings say so.

use super::secret_file;
use super::{Fault, FaultKind, Mail, MailGateway, Sending};
use crate::error::ServiceError;
use crate::gateways::{MailSettings, MailTls};
use base::secret::SecretBytes;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, address::Envelope};
use std::error::Error;
use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// For the connection alone.
const CONNECT: Duration = Duration::from_secs(10);
/// For the good-bye, whose answer changes nothing.
const GOOD_BYE: Duration = Duration::from_secs(2);

/// A mail server and the address the mails come from.
pub struct Smtp {
    host: String,
    port: u16,
    protection: Protection,
    login: Option<(String, SecretBytes)>,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    timeout: Duration,
}

enum Protection {
    None,
    Starttls(TlsParameters),
    Implicit(TlsParameters),
}

impl Smtp {
    /// The server of the settings. `name` stands in front of the sender's address; files are seen from `dir`.
    ///
    /// # Errors
    /// [`ServiceError::Unacceptable`] names the setting.
    pub fn new(settings: &MailSettings, name: &str, dir: &Path) -> Result<Self, ServiceError> {
        let address = |setting: &str, text: &str| {
            text.parse::<Address>().map_err(|error| unacceptable(setting, &format!("{text:?}: {error}")))
        };
        // the library can't write a name with control characters
        let name = name.split(base::display::is_deceptive).collect::<Vec<_>>().join(" ");
        let from = Mailbox::new(Some(name), address("mail.from", &settings.from)?);
        let reply_to = settings.reply_to.as_deref().map(|text| address("mail.reply_to", text)).transpose()?;
        let password =
            secret_file::read("mail.password_file", settings.password_file.as_deref(), dir, "mail-password")?;
        let login = match (&settings.user, password) {
            (Some(user), Some(password)) => {
                if std::str::from_utf8(password.expose()).is_err() {
                    return Err(unacceptable("mail.password_file", "the password is not UTF-8"));
                }
                Some((user.clone(), password))
            }
            (Some(_), None) => return Err(unacceptable("mail.user", "there is no password for it")),
            // the credential may be there for nothing, the setting may not
            (None, _) if settings.password_file.is_some() => {
                return Err(unacceptable("mail.password_file", "there is no user for it"));
            }
            (None, _) => None,
        };
        let roots = secret_file::roots("mail.root_file", settings.root_file.as_deref(), dir)?;
        let protection = match settings.tls {
            MailTls::Starttls => Protection::Starttls(tls(&settings.host, roots.as_deref())?),
            MailTls::Implicit => Protection::Implicit(tls(&settings.host, roots.as_deref())?),
            MailTls::NoneLoopbackOnly if is_loopback(&settings.host) => Protection::None,
            MailTls::NoneLoopbackOnly => {
                return Err(unacceptable("mail.tls", &format!("{} is not this machine", settings.host)));
            }
        };
        let port = settings.port.unwrap_or(match settings.tls {
            MailTls::Starttls => 587,
            MailTls::Implicit => 465,
            MailTls::NoneLoopbackOnly => 25,
        });
        Ok(Self {
            host: settings.host.clone(),
            port,
            protection,
            login,
            from,
            reply_to: reply_to.map(|address| Mailbox::new(None, address)),
            timeout: super::timeout("mail.timeout_seconds", settings.timeout_seconds)?,
        })
    }

    /// The mail as it goes over the wire.
    fn message(&self, mail: Mail<'_>) -> Result<Message, Fault> {
        let unfit = |error: &dyn Error| Fault::permanent(FaultKind::Message, error.to_string());
        let to = mail.to.parse::<Address>().map_err(|error| unfit(&error))?;
        let date = UNIX_EPOCH + Duration::from_secs(u64::try_from(mail.date).unwrap_or_default());
        let mut builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject)
            .date(date)
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        let parts = MultiPart::alternative_plain_html(mail.text.to_owned(), mail.html.to_owned());
        let mut message = builder.multipart(parts).map_err(|error| unfit(&error))?;
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(name, "auto-generated".to_owned()));
        Ok(message)
    }

    async fn deliver(&self, mail: Mail<'_>) -> Result<(), Fault> {
        let message = self.message(mail)?;
        let mut connection = self.connect().await?;
        if let Some((user, password)) = &self.login {
            let password = String::from_utf8_lossy(password.expose()).into_owned();
            let credentials = Credentials::new(user.clone(), password);
            let done = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
            done.map_err(|error| fault(&error, FaultKind::Credentials))?;
        }
        let envelope: &Envelope = message.envelope();
        let sent = connection.send(envelope, &message.formatted()).await;
        let taken = sent.map_err(|error| fault(&error, FaultKind::Refused))?;
        // an answer put in before TLS began would shift all others, and this one would be that to DATA
        if !taken.has_code(250) {
            return Err(Fault::passing(FaultKind::Answer, taken.code().to_string()));
        }
        // taken: what happens to the connection now is no failure
        let _ = tokio::time::timeout(GOOD_BYE, connection.quit()).await;
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Fault> {
        let hello = ClientId::Domain(self.from.email.domain().to_owned());
        let at_once = match &self.protection {
            Protection::Implicit(tls) => Some(tls.clone()),
            Protection::None | Protection::Starttls(_) => None,
        };
        let server = (self.host.as_str(), self.port);
        let connected = AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT), &hello, at_once, None).await;
        let mut connection = connected.map_err(|error| fault(&error, FaultKind::Connection))?;
        if let Protection::Starttls(tls) = &self.protection {
            if !connection.can_starttls() {
                return Err(Fault::passing(FaultKind::Tls, "the server offers no STARTTLS"));
            }
            let protected = connection.starttls(tls.clone(), &hello).await;
            protected.map_err(|error| fault(&error, FaultKind::Tls))?;
        }
        Ok(connection)
    }
}

impl MailGateway for Smtp {
    fn send<'a>(&'a self, mail: Mail<'a>) -> Sending<'a> {
        Box::pin(async move {
            let sending = tokio::time::timeout(self.timeout, self.deliver(mail));
            sending.await.unwrap_or_else(|_| Err(Fault::passing(FaultKind::Timeout, "")))
        })
    }
}

fn unacceptable(setting: &str, why: &str) -> ServiceError {
    ServiceError::Unacceptable(format!("{setting}: {why}"))
}

fn tls(host: &str, roots: Option<&[u8]>) -> Result<TlsParameters, ServiceError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(pem) = roots {
        builder = builder.certificate_store(CertificateStore::None);
        let wrong = |why: &str| unacceptable("mail.root_file", why);
        let roots = pem_certificates(pem).ok_or_else(|| wrong("not a certificate in PEM"))?;
        for der in roots {
            let root = Certificate::from_der(der).map_err(|error| wrong(&error.to_string()))?;
            builder = builder.add_root_certificate(root);
        }
    }
    builder.build_rustls().map_err(|error| unacceptable("mail.tls", &error.to_string()))
}

/// The certificates of a PEM file, DER; `None` when there is none or one is damaged.
pub(super) fn pem_certificates(pem: &[u8]) -> Option<Vec<Vec<u8>>> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates: Vec<Vec<u8>> = certificates.ok()?.iter().map(|certificate| certificate.to_vec()).collect();
    (!certificates.is_empty()).then_some(certificates)
}

/// This machine, by name or address.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Whether TLS is what failed.
pub(super) fn is_tls(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if error.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return true;
        }
        next = error.source();
    }
    false
}

/// What an error means at a stage whose refusals are `refused`.
fn fault(error: &SmtpError, refused: FaultKind) -> Fault {
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    if let Some(code) = error.status() {
        let said = format!("{code} {said}");
        return if error.is_permanent() {
            // a server that refuses before it was given anything refuses the message too
            let kind = if refused == FaultKind::Connection { FaultKind::Refused } else { refused };
            Fault::permanent(kind, said)
        } else {
            Fault::passing(FaultKind::Busy, said)
        };
    }
    if error.is_client() && refused == FaultKind::Refused {
        return Fault::permanent(FaultKind::Message, said);
    }
    let kind = if error.is_tls() || is_tls(error) {
        FaultKind::Tls
    } else if error.is_timeout() {
        FaultKind::Timeout
    } else if error.is_response() && said != "incomplete response" {
        FaultKind::Answer
    } else if error.is_client() {
        refused
    } else {
        FaultKind::Connection
    };
    Fault::passing(kind, said)
}
