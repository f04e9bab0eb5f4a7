//! Sending what waits in the outbox: mail by SMTP, SMS by whatever gateway the CA has.
//!
//! Started explicitly, so that a program that never does so holds none of it. Each channel has a task that looks when this
//! instance commits a message and when the next one is due, and sends up to [`AT_ONCE`] at once.
//!
//! Invariants
//! * A message goes to its gateway at least once and by one sender at a time (`outbox::queue`).
//! * Nothing goes in the clear to a host that is not loopback, and TLS is always checked.
//! * Texts and codes stand in neither log nor audit log, and passwords of gateways in neither settings nor books.

mod http_sms;
mod secret_file;
mod smtp;

pub use super::gateways::{HttpSmsSettings, MailSettings, MailTls, Method, SmsSettings};
pub use http_sms::HttpSms;
pub use smtp::Smtp;

use super::Service;
use super::config::Config;
use super::error::ServiceError;
use super::outbox::Channel;
use super::outbox::queue::{self, Taken};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Messages of one channel under way at the same time.
pub const AT_ONCE: i64 = 8;
/// Longest time of one try, whatever the gateway does; less than [`queue::LEASE`].
const TRY: Duration = Duration::from_secs(120);
/// Between two looks while something waits.
const LOOK: Duration = Duration::from_secs(30);
/// Between two looks while nothing does, for messages of an instance that is gone.
const IDLE: Duration = Duration::from_secs(300);
/// Messages under way at the end get so long.
const LAST_MESSAGES: Duration = Duration::from_secs(10);

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which sort.
    pub kind: FaultKind,
    /// Whether the same would happen again.
    pub permanent: bool,
    /// What the other side said; may be empty.
    pub detail: String,
}

/// Sorts of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The host can't be reached, or the connection broke.
    Connection,
    /// No TLS, or a certificate that is not to be trusted.
    Tls,
    /// No answer in time.
    Timeout,
    /// User name, password or key were refused.
    Credentials,
    /// The other side refused the message.
    Refused,
    /// The other side can't now.
    Busy,
    /// An answer that makes no sense.
    Answer,
    /// The message can't be put into the form the other side needs.
    Message,
}

impl FaultKind {
    /// All.
    pub const ALL: [Self; 8] = [
        Self::Connection,
        Self::Tls,
        Self::Timeout,
        Self::Credentials,
        Self::Refused,
        Self::Busy,
        Self::Answer,
        Self::Message,
    ];

    /// As it stands in the books.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Credentials => "credentials",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::Answer => "answer",
            Self::Message => "message",
        }
    }
}

impl Fault {
    /// A failure that may pass.
    pub fn passing(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { kind, permanent: false, detail: detail.into() }
    }

    /// A failure that stays.
    pub fn permanent(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { kind, permanent: true, detail: detail.into() }
    }
}

/// A message under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// Takes SMS to mobile numbers.
pub trait SmsGateway: Send + Sync {
    /// Sends a text. `id` is the same when the same message is sent again.
    fn send<'a>(&'a self, to: &'a str, text: &'a str, id: &'a str) -> Sending<'a>;
}

/// A mail to be sent.
#[derive(Clone, Copy)]
pub struct Mail<'a> {
    /// Address.
    pub to: &'a str,
    /// Subject, one line.
    pub subject: &'a str,
    /// Plain text.
    pub text: &'a str,
    /// The same as an HTML document.
    pub html: &'a str,
    /// The same when the same message is sent again.
    pub id: &'a str,
    /// Its date, seconds since 1970.
    pub date: i64,
}

/// Takes mails to a mail server.
pub trait MailGateway: Send + Sync {
    /// Sends a mail.
    fn send<'a>(&'a self, mail: Mail<'a>) -> Sending<'a>;
}

/// Who sends what; messages of a channel without a gateway stay in the outbox, where the console shows them.
#[derive(Clone, Default)]
pub struct Gateways {
    /// SMS.
    pub sms: Option<Arc<dyn SmsGateway>>,
    /// Mail.
    pub mail: Option<Arc<dyn MailGateway>>,
}

impl Gateways {
    /// Those of the settings of the service in a folder, with their passwords from its files or from systemd.
    ///
    /// # Errors
    /// [`ServiceError::Unacceptable`] names the setting.
    pub fn open(config: &Config, dir: &Path) -> Result<Self, ServiceError> {
        let sms: Option<Arc<dyn SmsGateway>> = match &config.sms {
            SmsSettings::Outbox {} => None,
            SmsSettings::Http(settings) => Some(Arc::new(HttpSms::new(settings, dir)?)),
        };
        let mail: Option<Arc<dyn MailGateway>> = match &config.mail {
            None => None,
            Some(settings) => Some(Arc::new(Smtp::new(settings, &config.name, dir)?)),
        };
        Ok(Self { sms, mail })
    }

    const fn has(&self, channel: Channel) -> bool {
        match channel {
            Channel::Sms => self.sms.is_some(),
            Channel::Mail => self.mail.is_some(),
        }
    }

    async fn send(&self, message: &Taken) -> Result<(), Fault> {
        let id = message.key();
        let sending = match (message.channel, &self.sms, &self.mail) {
            (Channel::Sms, Some(gateway), _) => gateway.send(&message.recipient, &message.body, &id),
            (Channel::Mail, _, Some(gateway)) => gateway.send(Mail {
                to: &message.recipient,
                subject: &message.subject,
                text: &message.body,
                html: &message.html,
                id: &id,
                date: message.created,
            }),
            _ => return Err(Fault::passing(FaultKind::Connection, "no gateway")),
        };
        tokio::time::timeout(TRY, sending).await.unwrap_or_else(|_| Err(Fault::passing(FaultKind::Timeout, "")))
    }
}

/// Messages being sent. Dropped, it stops at once and leaves messages under way to be sent again.
pub struct Delivery {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

/// Longest time of one message as the settings have it.
fn timeout(setting: &str, seconds: u64) -> Result<Duration, ServiceError> {
    if (1..=90).contains(&seconds) {
        return Ok(Duration::from_secs(seconds));
    }
    Err(ServiceError::Unacceptable(format!("{setting}: {seconds} is not within 1 to 90")))
}

/// Starts sending. It ends with the service.
#[must_use]
pub fn start(service: &Arc<Service>, gateways: &Gateways) -> Delivery {
    let stop = watch::channel(false).0;
    let mut tasks = JoinSet::new();
    for channel in Channel::ALL.into_iter().filter(|channel| gateways.has(*channel)) {
        tasks.spawn(run(Arc::clone(service), gateways.clone(), channel, stop.subscribe()));
    }
    Delivery { tasks, stop }
}

impl Delivery {
    /// Takes no more messages, and lets those under way end.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_MESSAGES, ended).await.is_err() {
            tracing::warn!("messages under way were left; they are sent again");
        }
    }
}

async fn run(service: Arc<Service>, gateways: Gateways, channel: Channel, mut stop: watch::Receiver<bool>) {
    let mut stopping = service.stopping();
    let mut messages = service.store.messages();
    loop {
        messages.mark_unchanged();
        let pause = match pass(&service, &gateways, channel, &stop).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(channel = channel.as_str(), %error, "messages could not be sent; they are tried again");
                LOOK
            }
        };
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            _ = stopping.wait_for(|stop| *stop) => return,
            // the sender lives as long as the service
            _ = messages.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Sends what is due in all channels that have a gateway, once.
///
/// # Errors
/// [`ServiceError`] when the books fail; a message that can't be sent is no error.
pub async fn round(service: &Arc<Service>, gateways: &Gateways) -> Result<(), ServiceError> {
    let (_keep, stop) = watch::channel(false);
    for channel in Channel::ALL.into_iter().filter(|channel| gateways.has(*channel)) {
        pass(service, gateways, channel, &stop).await?;
    }
    Ok(())
}

/// Sends what is due. Gives how long nothing more will be.
async fn pass(
    service: &Arc<Service>,
    gateways: &Gateways,
    channel: Channel,
    stop: &watch::Receiver<bool>,
) -> Result<Duration, ServiceError> {
    while !*stop.borrow() {
        let messages = queue::take(service, channel, AT_ONCE).await?;
        if messages.is_empty() {
            break;
        }
        let mut under_way = JoinSet::new();
        for message in messages {
            let (service, gateways) = (Arc::clone(service), gateways.clone());
            under_way.spawn(async move { send(&service, &gateways, &message).await });
        }
        while let Some(done) = under_way.join_next().await {
            match done {
                Ok(done) => done?,
                Err(error) => tracing::error!(%error, "sending a message failed; it is sent again"),
            }
        }
    }
    queue::forget_codes(service, channel).await?;
    let due = queue::next_due(service, channel).await?;
    Ok(due.map_or(IDLE, |due| {
        let seconds = u64::try_from(due - service.now()).unwrap_or_default();
        Duration::from_secs(seconds).min(LOOK)
    }))
}

async fn send(service: &Service, gateways: &Gateways, message: &Taken) -> Result<(), ServiceError> {
    let (id, channel) = (message.id, message.channel.as_str());
    match gateways.send(message).await {
        Ok(()) => {
            queue::sent(service, message).await?;
            tracing::info!(id, channel, "message sent");
        }
        Err(fault) => {
            let kind = fault.kind.as_str();
            let next = queue::failed(service, message, (kind, &fault.detail), fault.permanent).await?;
            match next {
                Some(_) => tracing::warn!(id, channel, kind, "a message was not sent; it is tried again"),
                None => tracing::error!(id, channel, kind, "a message was not sent"),
            }
        }
    }
    Ok(())
}
