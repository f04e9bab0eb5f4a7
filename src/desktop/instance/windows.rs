//! The door as a named pipe of this person.
//!
//! Invariants: a first that hangs holds up nobody for longer than the patience given; who serves the pipe learns who asks,
//! but can't act for them.

use super::{Duration, Instant, LOOK, Path, PathBuf, Place, io, line};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeServer, ServerOptions};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// A client that says nothing, or does not take its answer, does not hold up others for longer.
const SILENCE: Duration = Duration::from_secs(1);
/// A first that has left, but has not ended yet, keeps the pipe a little longer.
const HANDING_ON: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Door(String);

impl Door {
    pub(super) fn share(&self) -> String {
        self.0.clone()
    }
}

/// The folder of the person's own data, which nobody else can enter.
pub(super) fn folder() -> io::Result<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "cert-assistant").ok_or(io::ErrorKind::NotFound)?;
    std::fs::create_dir_all(dirs.data_local_dir())?;
    Ok(dirs.data_local_dir().to_owned())
}

/// Pipes of all persons have one folder: the person's own folder tells them apart.
fn pipe(place: &Place) -> String {
    let folder: &Path = &place.folder;
    let hash = Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let short: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!(r"\\.\pipe\{}-{short}", place.name)
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

pub(super) fn listen(place: &Place) -> io::Result<Door> {
    Ok(Door(pipe(place)))
}

pub(super) fn close(_: &Place) {}

pub(super) fn knock(place: &Place, wish: &str, patience: Duration) -> io::Result<Vec<u8>> {
    let ask = async {
        // as a client that may be identified, not impersonated
        let mut client = ClientOptions::new().open(pipe(place))?;
        client.write_all(wish.as_bytes()).await?;
        let (mut answer, mut part) = (Vec::new(), [0; 16]);
        while answer.last() != Some(&b'\n') && answer.len() < part.len() {
            match client.read(&mut part).await {
                Ok(0) | Err(_) => break,
                Ok(count) => answer.extend(part.iter().take(count)),
            }
        }
        Ok(answer)
    };
    runtime()?.block_on(async { timeout(patience, ask).await })?
}

pub(super) fn serve(door: &str, hear: &mut dyn FnMut(&str) -> Option<&'static [u8]>) {
    let Ok(runtime) = runtime() else { return };
    runtime.block_on(async {
        let mut first = true;
        let began = Instant::now();
        loop {
            let server = ServerOptions::new().first_pipe_instance(first).reject_remote_clients(true).create(door);
            let mut server = match server {
                Ok(server) => server,
                Err(_) if first && began.elapsed() < HANDING_ON => {
                    tokio::time::sleep(LOOK).await;
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "no pipe for a second start");
                    return;
                }
            };
            first = false;
            if server.connect().await.is_err() {
                continue;
            }
            let heard = timeout(SILENCE, wish(&mut server)).await.ok().flatten();
            if let Some(answer) = heard.and_then(|line| hear(&line)) {
                // who asked may have gone; what was not read when the pipe is closed is lost
                let _gone = timeout(SILENCE, async {
                    server.write_all(answer).await?;
                    server.read(&mut [0]).await
                })
                .await;
            }
            let _gone = server.disconnect();
        }
    });
}

async fn wish(server: &mut NamedPipeServer) -> Option<String> {
    let mut bytes = [0; 160];
    let mut used = 0;
    while !bytes.get(..used)?.contains(&b'\n') {
        let count = server.read(bytes.get_mut(used..)?).await.ok().filter(|count| *count > 0)?;
        used += count;
    }
    line(bytes.get(..used)?)
}
