//! A PostgreSQL cluster of its own, as an ordinary user, on a socket in a temporary folder; ended with its owner.

use sqlx::{ConnectOptions, Connection, Executor};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

/// The user that a server started by root runs as.
const NOBODY: u32 = 65534;

pub struct Cluster {
    dir: tempfile::TempDir,
    server: Child,
    databases: AtomicU32,
}

/// Folder with `initdb` and `postgres`; the newest version that is there.
fn programs() -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL is installed (package postgresql)")
        .map(|entry| entry.unwrap().path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop().expect("PostgreSQL is installed (package postgresql)")
}

/// A command as an ordinary user, which ends when this process does.
fn command(program: &Path, dir: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.arg("--pdeathsig=INT");
    if is_root(dir) {
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    command.arg(program).current_dir(dir).env("LC_ALL", "C");
    command
}

fn is_root(dir: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let owner = std::fs::metadata(dir).unwrap().uid();
    owner == 0 || owner == NOBODY
}

impl Cluster {
    /// One that does not wait for the disk.
    pub fn start() -> Self {
        Self::started("fsync=off")
    }

    /// One that keeps what it promised through a power cut.
    pub fn with_disk() -> Self {
        Self::started("fsync=on")
    }

    fn started(disk: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        if is_root(dir.path()) {
            std::os::unix::fs::chown(dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let data = dir.path().join("data");
        let made = command(&programs().join("initdb"), dir.path())
            .args(["--auth=trust", "--username=ca", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut server = command(&programs().join("postgres"), dir.path())
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=", "-c", "max_connections=200", "-c", disk, "-c"])
            .arg(format!("unix_socket_directories={}", dir.path().display()))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let mut said = String::new();
        loop {
            let line = lines.next().unwrap_or_else(|| panic!("PostgreSQL ended:\n{said}")).unwrap();
            said.push_str(&line);
            said.push('\n');
            if line.contains("ready to accept connections") {
                break;
            }
        }
        std::thread::spawn(move || lines.for_each(drop));
        Self { dir, server, databases: AtomicU32::new(0) }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://ca@localhost/{database}?host={}", self.dir.path().display())
    }

    /// A new, empty database; gives its URL.
    pub async fn database(&self) -> String {
        let name = format!("books{}", self.databases.fetch_add(1, Ordering::SeqCst));
        let options = sqlx::postgres::PgConnectOptions::from_str(&self.url("postgres")).unwrap();
        let mut connection = options.connect().await.unwrap();
        let statement = format!("CREATE DATABASE {name}");
        connection.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
        connection.close().await.unwrap();
        self.url(&name)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // SIGINT: ends at once, without waiting for clients
        let asked = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
    }
}
