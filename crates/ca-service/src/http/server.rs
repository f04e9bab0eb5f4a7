//! Running the service: its listener, its background work, and the end of both.

use super::guarded;
use crate::{Service, ServiceError, crl, orders};
use axum::Router;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle as Thread;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::task::JoinHandle;

/// Between two looks for orders whose time is over and a list near its end.
const ROUND: Duration = Duration::from_secs(30);
/// Answers under way at the end get so long.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// Challenges, captchas and counts are forgotten so long after their end, sessions after a day.
const KEPT: i64 = 3600;
const KEPT_LONG: i64 = 86_400;

/// A service that runs. Dropped, it goes on until its runtime ends.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    service: Arc<Service>,
    server: JoinHandle<io::Result<()>>,
    rounds: JoinHandle<()>,
}

/// Serves `routes` – those of [`super::router`] and of the console – on a listener.
///
/// # Errors
/// [`io::Error`] when the listener has no address.
pub fn serve(service: Arc<Service>, routes: Router, listener: TcpListener) -> io::Result<Running> {
    let address = listener.local_addr()?;
    let mut stopping = service.stopping();
    let app = guarded(routes).into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move {
        let stop = async move { drop(stopping.wait_for(|stop| *stop).await) };
        axum::serve(listener, app).with_graceful_shutdown(stop).await
    });
    let rounds = tokio::spawn(rounds(Arc::clone(&service)));
    Ok(Running { address, service, server, rounds })
}

impl Running {
    /// Stops taking requests, lets those under way end, and closes the databases.
    pub async fn stop(mut self) {
        self.service.stop();
        // one that ended by itself may have been waited for already
        if !self.server.is_finished() && tokio::time::timeout(LAST_ANSWERS, &mut self.server).await.is_err() {
            self.server.abort();
        }
        // ends by itself; a panic in it was logged
        let _ = self.rounds.await;
        self.service.close().await;
    }

    /// The service.
    #[must_use]
    pub const fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Waits until the server ends by itself, which it does only when it fails or [`Service::stop`] was called.
    ///
    /// # Errors
    /// [`io::Error`].
    pub async fn ended(&mut self) -> io::Result<()> {
        (&mut self.server).await.map_err(io::Error::other)?
    }
}

async fn rounds(service: Arc<Service>) {
    let mut stopping = service.stopping();
    loop {
        if let Err(error) = round(&service).await {
            tracing::warn!(%error, "background work failed; it is tried again");
        }
        tokio::select! {
            _ = stopping.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(ROUND) => {}
        }
    }
}

/// Ends orders whose time is over, makes the next revocation list, forgets what is of no use any more.
///
/// # Errors
/// [`ServiceError`].
pub async fn round(service: &Service) -> Result<(), ServiceError> {
    orders::steps::expire_due(service).await?;
    crl::keep_current(service).await?;
    let now = service.now();
    let mut tx = service.store.begin().await?;
    for (statement, before) in [
        ("DELETE FROM challenges WHERE expires < $1", now - KEPT),
        ("DELETE FROM captchas WHERE expires < $1", now - KEPT),
        ("DELETE FROM sessions WHERE expires < $1", now - KEPT_LONG),
        ("DELETE FROM uses WHERE since < $1", now - 2 * KEPT_LONG),
    ] {
        sqlx::query(statement).bind(before).execute(&mut *tx).await?;
    }
    Ok(tx.commit().await?)
}

/// A service on a thread of its own, for a program that is not asynchronous. Stopped when dropped.
pub struct InProcess {
    address: SocketAddr,
    service: Arc<Service>,
    runtime: runtime::Handle,
    thread: Option<Thread<()>>,
}

impl InProcess {
    /// Starts a service on a free port of 127.0.0.1. `make` puts it together, given the address it will have.
    ///
    /// # Errors
    /// What `make` fails with; [`ServiceError::Damaged`] when threads or ports are not to be had.
    pub fn start<M, F>(make: M) -> Result<Self, ServiceError>
    where
        M: FnOnce(SocketAddr) -> F + Send + 'static,
        F: Future<Output = Result<(Arc<Service>, Router), ServiceError>>,
    {
        let failed = |error: io::Error| ServiceError::Damaged(error.to_string());
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("ca-service".to_owned())
            .spawn(move || {
                let runtime = runtime::Builder::new_multi_thread()
                    .worker_threads(2)
                    .thread_name("ca-service-worker")
                    .enable_all()
                    .build();
                let runtime = match runtime {
                    Ok(runtime) => runtime,
                    Err(error) => return drop(tell.send(Err(failed(error)))),
                };
                let started = runtime.block_on(async {
                    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
                    let (service, routes) = make(listener.local_addr().map_err(failed)?).await?;
                    serve(service, routes, listener).map_err(failed)
                });
                match started {
                    Ok(mut running) => {
                        let handle = runtime.handle().clone();
                        let _ = tell.send(Ok((running.address, Arc::clone(running.service()), handle)));
                        runtime.block_on(async move {
                            let mut stopping = running.service.stopping();
                            tokio::select! {
                                _ = stopping.wait_for(|stop| *stop) => {}
                                _ = running.ended() => {}
                            }
                            running.stop().await;
                        });
                    }
                    Err(error) => drop(tell.send(Err(error))),
                }
            })
            .map_err(failed)?;
        let gone = |_| ServiceError::Damaged("the service's thread ended".to_owned());
        let (address, service, runtime) = told.recv().map_err(gone)??;
        Ok(Self { address, service, runtime, thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The service.
    #[must_use]
    pub const fn service(&self) -> &Arc<Service> {
        &self.service
    }

    /// Runs something on the service's runtime and waits for it, as for looking into its books.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        self.service.stop();
        if let Some(thread) = self.thread.take() {
            // a panic in it was logged
            let _ = thread.join();
        }
    }
}
