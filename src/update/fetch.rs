//! Fetches the feed and the file. No redirects, TLS always checked, this computer never through a proxy.

use super::ReleaseFile;
use base::fault::{Fault, FaultCode};
use base::files::{self, Access};

use net::{Proxy, ServiceUrl, innermost};
use reqwest::{Client, Response};
use sha2::{Digest, Sha256};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Builder;

/// Longest feed, bytes.
const LONGEST_FEED: usize = 64 * 1024;
const CONNECT: Duration = Duration::from_secs(5);
/// For the whole feed.
const FEED: Duration = Duration::from_secs(20);
/// A download that brings nothing for so long has broken.
const SILENCE: Duration = Duration::from_secs(30);
/// The person hears of a download so often, and can end it.
const LOOK: Duration = Duration::from_millis(200);

fn client(address: &str, proxy: &Proxy) -> Result<Client, String> {
    let base = ServiceUrl::parse(address.split('?').next().unwrap_or_default()).map_err(|why| why.to_string())?;
    let builder = net::client(&base, proxy, CONNECT).map_err(|error| innermost(&error))?;
    // plain http, to this computer only, needs no certificates
    let builder = if base.is_plain() { builder.tls_certs_only(Vec::<reqwest::Certificate>::new()) } else { builder };
    builder.build().map_err(|error| innermost(&error))
}

async fn begin(client: &Client, address: &str) -> Result<Response, String> {
    let response = client.get(address).send().await.map_err(|error| innermost(&error))?;
    if response.status().as_u16() != 200 {
        return Err(format!("HTTP {}", response.status().as_u16()));
    }
    Ok(response)
}

/// The bytes of the feed.
pub(super) fn feed(address: &ServiceUrl, proxy: &Proxy) -> Result<Vec<u8>, Fault> {
    let unreachable = |detail: String| Fault::new(FaultCode::FeedUnreachable).detail(detail);
    let client = client(address.as_str(), proxy).map_err(unreachable)?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| unreachable(error.to_string()))?;
    let fetched = runtime.block_on(async {
        tokio::time::timeout(FEED, async {
            let mut response = begin(&client, address.as_str()).await.map_err(unreachable)?;
            let mut bytes = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(innermost(&error)))? {
                if bytes.len() + chunk.len() > LONGEST_FEED {
                    let long = format!("more than {LONGEST_FEED} bytes");
                    return Err(Fault::new(FaultCode::FeedUnreadable).detail(long));
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        })
        .await
    });
    // does not wait for a name that is still being looked up
    runtime.shutdown_background();
    fetched.unwrap_or_else(|_| Err(unreachable("no answer in time".to_owned())))
}

/// A file that goes away unless it is kept.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // after it was renamed there is none
        let _none = std::fs::remove_file(&self.0);
    }
}

/// Downloads, checks size and checksum, then gives the file its name.
pub(super) fn file(
    file: &ReleaseFile,
    proxy: &Proxy,
    folder: &Path,
    progress: &mut dyn FnMut(u64) -> bool,
) -> Result<PathBuf, Fault> {
    let cut = |detail: String| Fault::new(FaultCode::UpdateNotFetched).detail(detail);
    let stored = |error: std::io::Error| Fault::new(FaultCode::UpdateNotStored).detail(error.kind().to_string());
    let client = client(&file.url, proxy).map_err(cut)?;
    std::fs::create_dir_all(folder).map_err(stored)?;
    let temporary = Temporary(folder.join(format!(".{}.{}.part", file.name, std::process::id())));
    let mut options = files::options(Access::Owner);
    let mut out = options.write(true).create(true).truncate(true).open(&temporary.0).map_err(stored)?;
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| cut(error.to_string()))?;
    let fetched = runtime.block_on(async {
        let mut hash = Sha256::new();
        let mut bytes = 0u64;
        let mut response = waited(&mut begin_boxed(&client, &file.url), &mut || progress(0)).await.map_err(cut)?;
        loop {
            let mut next = Box::pin(async { response.chunk().await.map_err(|error| innermost(&error)) });
            let chunk = waited(&mut next, &mut || progress(bytes)).await.map_err(cut)?;
            drop(next);
            let Some(chunk) = chunk else { break };
            bytes += chunk.len() as u64;
            if bytes > file.size {
                return Err(Fault::new(FaultCode::UpdateDamaged).detail("longer than the feed says"));
            }
            hash.update(&chunk);
            out.write_all(&chunk).map_err(stored)?;
            if !progress(bytes) {
                return Err(cut(CANCELLED.to_owned()));
            }
        }
        Ok((bytes, hash))
    });
    runtime.shutdown_background();
    let (bytes, hash) = fetched?;
    same(file, bytes, hash)?;
    #[cfg(unix)]
    out.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644)).map_err(stored)?;
    out.sync_all().map_err(stored)?;
    drop(out);
    let path = folder.join(&file.name);
    std::fs::rename(&temporary.0, &path).map_err(stored)?;
    files::flush_folder(folder).map_err(stored)?;
    Ok(path)
}

/// Opens a downloaded file and looks at it again: it is still the one of the feed. While it is open nobody can change it on
/// Windows; other systems have no such lock.
pub(super) fn unaltered(file: &ReleaseFile, path: &Path) -> Result<std::fs::File, Fault> {
    let mut options = std::fs::File::options();
    options.read(true);
    #[cfg(windows)]
    std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, FILE_SHARE_READ);
    let gone = |error: std::io::Error| Fault::new(FaultCode::UpdateNotFetched).detail(error.to_string());
    let mut opened = options.open(path).map_err(gone)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut reader = BufReader::new((&mut opened).take(file.size + 1));
    loop {
        let piece = reader.fill_buf().map_err(gone)?;
        if piece.is_empty() {
            break;
        }
        hash.update(piece);
        let length = piece.len();
        bytes += length as u64;
        reader.consume(length);
    }
    same(file, bytes, hash)?;
    Ok(opened)
}

/// Others may read, and neither write nor remove (CreateFile, `dwShareMode`).
#[cfg(windows)]
const FILE_SHARE_READ: u32 = 1;

/// Size and checksum are those of the feed.
fn same(file: &ReleaseFile, bytes: u64, hash: Sha256) -> Result<(), Fault> {
    let hash: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if bytes == file.size && hash == file.sha256 {
        return Ok(());
    }
    Err(Fault::new(FaultCode::UpdateDamaged).detail(format!("{bytes} of {} bytes, {hash}", file.size)))
}

const CANCELLED: &str = "left off";

fn begin_boxed<'a>(
    client: &'a Client,
    address: &'a str,
) -> std::pin::Pin<Box<dyn Future<Output = Result<Response, String>> + 'a>> {
    Box::pin(begin(client, address))
}

/// Waits for the next piece; the person can leave off also while nothing comes.
async fn waited<T>(
    next: &mut (impl Future<Output = Result<T, String>> + Unpin),
    go_on: &mut dyn FnMut() -> bool,
) -> Result<T, String> {
    let mut silence = Duration::ZERO;
    loop {
        match tokio::time::timeout(LOOK, &mut *next).await {
            Ok(result) => return result,
            Err(_) if !go_on() => return Err(CANCELLED.to_owned()),
            Err(_) => silence += LOOK,
        }
        if silence >= SILENCE {
            return Err("nothing came for too long".to_owned());
        }
    }
}
