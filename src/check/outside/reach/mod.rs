//! The way to a service, layer by layer: name → proxy → connection → TLS → answer. Walked once a check; the probes of network,
//! clock and CA each take their part of it.
//!
//! Invariants: the layers are the ones the program's own client goes through, with the same choice of proxy and the same trust;
//! TLS is verified as always, a failed handshake sends nothing; this computer itself is never reached through a proxy.

mod proxy;
mod tls;

pub(in crate::check) use tls::TlsFailure;
pub(super) use tls::day;

use crate::check::scene::Scene;
use base::fault::Fault;
use ca_client::{CaError, CaProfile, Connection, Greeting, OrderApi};
use certificate::Certificate;
use proxy::Route;
use reqwest::Url;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use token::KeyContents;

/// For one layer.
const STEP: Duration = Duration::from_millis(2500);
/// For all of them, so that the check still hears of it.
const WAY: Duration = Duration::from_secs(8);
/// For what is left after slow keys.
const LEAST: Duration = Duration::from_secs(4);
/// Longest head of a proxy's answer.
const LARGEST_HEAD: usize = 8 << 10;

/// A layer on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Step {
    /// The name has an address.
    Name,
    /// The proxy is there and leads on.
    Proxy,
    /// Somebody listens at the address.
    Connection,
    /// The service proves who it is.
    Tls,
    /// The service answers.
    Answer,
}

/// Where the way ends too early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::check) enum Failure {
    /// The name has no address.
    Name,
    /// Nothing listens there.
    Refused,
    /// No reaction.
    TimedOut,
    /// No way there; in words of the system.
    Unreachable(String),
    /// The proxy's address is unusable, or of a kind the program does not speak.
    ProxyAddress,
    /// Nothing of use at the proxy's address; in words of the system.
    ProxyAway(String),
    /// The proxy wants a log-in.
    ProxyLogin,
    /// The proxy refuses to lead on, with this status.
    ProxyStatus(u16),
    /// The service did not prove who it is.
    Tls(TlsFailure),
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::check) enum Target {
    /// A service with an order API.
    Service(Box<CaProfile>),
    /// Only the way to a page.
    Page,
}

/// The way to one service.
#[derive(Clone, Debug)]
pub(in crate::check) struct Reached {
    /// Name or address of its computer, with the port when it is not the usual one.
    pub host: String,
    /// Service, or page.
    pub page: bool,
    /// Host and port of the proxy on the way.
    pub proxy: Option<String>,
    /// The layers that work, with their times.
    pub steps: Vec<(Step, Duration)>,
    /// The layer that does not.
    pub failure: Option<Failure>,
    /// What the service said; `None` for a page and where the way ends too early.
    pub answer: Option<Result<Greeting, CaError>>,
    /// This computer's clock when the answer was there.
    pub asked: i64,
}

/// The ways to all services that matter; walked by the first probe that asks.
pub(super) fn all(scene: &Scene) -> &[Reached] {
    scene.answers.reached.get_or_init(|| {
        let began = Instant::now();
        let targets = targets(scene);
        // the check counts the time the keys took, too
        let end = Instant::now() + WAY.saturating_sub(began.elapsed()).max(LEAST);
        std::thread::scope(|scope| {
            let walk = |(url, target): &(Url, Target)| {
                let (url, target) = (url.clone(), target.clone());
                std::thread::Builder::new()
                    .name("check-reach".to_owned())
                    .spawn_scoped(scope, move || walk(&url, &target, scene, end))
            };
            let walks: Vec<_> = targets.iter().filter_map(|target| walk(target).ok()).collect();
            walks.into_iter().filter_map(|walk| walk.join().ok()).collect()
        })
    })
}

/// The signing certificate of the container in use, else the encryption certificate.
pub(super) fn leading(contents: &KeyContents) -> Option<Certificate> {
    let container = contents.current_container()?;
    let der = container.sign.as_deref().or(container.encrypt.as_deref())?;
    Certificate::parse(der).ok()
}

/// Services and pages of the CAs whose keys are inserted; without any, every service the person has written down.
fn targets(scene: &Scene) -> Vec<(Url, Target)> {
    let issuers = scene.keys().iter().filter_map(|key| leading(key.result.as_ref().ok()?));
    let mut profiles: Vec<&CaProfile> = Vec::new();
    for profile in issuers.filter_map(|certificate| scene.profiles.of(&certificate)) {
        if !profiles.iter().any(|known| known.id == profile.id) {
            profiles.push(profile);
        }
    }
    if profiles.is_empty() {
        let service = |profile: &&CaProfile| matches!(profile.connection, Connection::OrderApi(_));
        profiles = scene.profiles.all().iter().filter(service).collect();
    }
    let target = |profile: &CaProfile| match &profile.connection {
        Connection::OrderApi(url) => Some((Url::parse(url.as_str()).ok()?, Target::Service(Box::new(profile.clone())))),
        Connection::Portal(pages) => {
            let page = [&pages.renew, &pages.unlock, &pages.services].into_iter().find_map(Option::as_ref)?;
            Some((Url::parse(page).ok()?, Target::Page))
        }
    };
    profiles.into_iter().filter_map(target).collect()
}

/// Walks one way as far as it goes.
fn walk(url: &Url, target: &Target, scene: &Scene, end: Instant) -> Reached {
    let host = url.host_str().unwrap_or_default();
    let shown = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let page = *target == Target::Page;
    let mut reached =
        Reached { host: shown, page, proxy: None, steps: Vec::new(), failure: None, answer: None, asked: 0 };
    reached.failure = reached.layers(url, target, scene, end).err();
    reached.asked = (scene.now)();
    reached
}

impl Reached {
    fn layers(&mut self, url: &Url, target: &Target, scene: &Scene, end: Instant) -> Result<(), Failure> {
        let left = || STEP.min(end.saturating_duration_since(Instant::now())).max(Duration::from_millis(1));
        let route = proxy::route(url, scene).map_err(|()| Failure::ProxyAddress)?;
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let stream = match &route {
            Route::Direct => {
                let addresses = self.time(Step::Name, || look_up(&host, port, left()).ok_or(Failure::Name))?;
                self.time(Step::Connection, || connect(&addresses, left()).map_err(|error| unconnected(&error)))?
            }
            Route::Through(proxy) => {
                self.proxy = Some(format!("{}:{}", proxy.host, proxy.port));
                self.time(Step::Proxy, || {
                    let away = |error: &io::Error| Failure::ProxyAway(error.kind().to_string());
                    let addresses = look_up(&proxy.host, proxy.port, left())
                        .ok_or_else(|| Failure::ProxyAway(ErrorKind::NotFound.to_string()))?;
                    let mut stream = connect(&addresses, left()).map_err(|error| away(&error))?;
                    if url.scheme() == "https" {
                        let head = format!("{}:{port}", url.host_str().unwrap_or_default());
                        match tunnel(&mut stream, &head, proxy.authorization.as_deref())
                            .map_err(|error| away(&error))?
                        {
                            200..=299 => {}
                            407 => return Err(Failure::ProxyLogin),
                            status => return Err(Failure::ProxyStatus(status)),
                        }
                    }
                    Ok(stream)
                })?
            }
        };
        let roots = match target {
            Target::Service(profile) => profile.roots.as_slice(),
            Target::Page => &[],
        };
        if url.scheme() == "https" {
            self.time(Step::Tls, || tls::handshake(stream, &host, roots, scene.now).map_err(Failure::Tls))?;
        }
        if let Target::Service(profile) = target {
            let began = Instant::now();
            let answer = OrderApi::greet(profile, &route.as_proxy(), left());
            if answer.is_ok() {
                self.steps.push((Step::Answer, began.elapsed()));
            }
            self.answer = Some(answer);
        }
        Ok(())
    }

    fn time<T>(&mut self, step: Step, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        let began = Instant::now();
        let done = work()?;
        self.steps.push((step, began.elapsed()));
        Ok(done)
    }

    /// The service's clock, seconds since 1970 UTC: as it says, else the header.
    pub(super) fn clock(&self) -> Option<i64> {
        let greeting = self.answer.as_ref()?.as_ref().ok()?;
        let header = || {
            let date = httpdate::parse_http_date(greeting.date.as_deref()?).ok()?;
            i64::try_from(date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs()).ok()
        };
        greeting.info.as_ref().ok().map(|info| info.time).or_else(header)
    }
}

/// The addresses of a name. The system's look-up knows no time limit, so it runs on a thread that may outlive the check.
fn look_up(host: &str, port: u16, time: Duration) -> Option<Vec<SocketAddr>> {
    let (found, answer) = channel();
    let host = host.to_owned();
    let work = move || {
        // too late for the check
        let _late = found.send((host.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>));
    };
    std::thread::Builder::new().name("check-name".to_owned()).spawn(work).ok()?;
    let addresses = answer.recv_timeout(time).ok()?.ok()?;
    (!addresses.is_empty()).then_some(addresses)
}

/// Tries the addresses in their order, all within the time of one layer.
fn connect(addresses: &[SocketAddr], time: Duration) -> io::Result<TcpStream> {
    let end = Instant::now() + time;
    let mut last = io::Error::from(ErrorKind::TimedOut);
    for (number, address) in addresses.iter().enumerate() {
        let left = end.saturating_duration_since(Instant::now());
        // a dead address leaves time for those behind it
        let share = left / u32::try_from(addresses.len() - number).unwrap_or(1);
        if share.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(stream) => {
                stream.set_read_timeout(Some(STEP))?;
                stream.set_write_timeout(Some(STEP))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn unconnected(error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Failure::Refused,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Failure::TimedOut,
        kind => Failure::Unreachable(kind.to_string()),
    }
}

/// Asks a proxy to lead on to `target` (RFC 9110 §9.3.6); the status it answers.
fn tunnel(stream: &mut TcpStream, target: &str, authorization: Option<&str>) -> io::Result<u16> {
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(authorization) = authorization {
        request.push_str(&format!("Proxy-Authorization: {authorization}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes())?;
    // byte by byte: what follows the head belongs to TLS
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < LARGEST_HEAD {
        stream.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&head);
    let status = head.strip_prefix("HTTP/1.").and_then(|head| head.split(' ').nth(1)?.parse().ok());
    status.ok_or_else(|| ErrorKind::InvalidData.into())
}

/// How long the service of a CA takes to answer, for the status bar. `None` for a CA without a service.
pub(crate) fn time(profile: &CaProfile, proxy: &net::Proxy, now: i64) -> Option<Result<Duration, Fault>> {
    let Connection::OrderApi(_) = profile.connection else { return None };
    let began = Instant::now();
    let answer = OrderApi::greet(profile, proxy, 2 * STEP).and_then(|greeting| greeting.info);
    Some(answer.map(|_| began.elapsed()).map_err(|error| error.to_fault(&profile.support(), "", "", now)))
}
