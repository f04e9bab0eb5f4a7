//! The program itself sends: `ca-service run` with a mail server in its settings.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use testkit::smtp_server::{PASSWORD, Server, Tls, USER};

fn program(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ca-service"));
    command.current_dir(dir).args(arguments).args(["--dir", "ca", "--passphrase-file", "pass"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("CREDENTIALS_DIRECTORY");
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_sends_what_waits_in_its_books() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("pass"), "a passphrase for tests\n").unwrap();
    let made = program(dir.path(), &["init"]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let server = Server::start(Tls::Starttls, &[]);
    let folder = dir.path().join("ca");
    let settings = folder.join("service.toml");
    let before = std::fs::read_to_string(&settings).unwrap();
    let mail = format!(
        "[mail]\nhost = \"localhost\"\nport = {}\nroot_file = \"{}\"\nuser = \"{USER}\"\npassword_file = \"mail-password\"\n\
         from = \"ca@ca.example\"\n",
        server.port,
        server.root.display()
    );
    std::fs::write(&settings, format!("{before}{mail}")).unwrap();
    // a setting that can't be is told before anything runs
    let refused = program(dir.path(), &["run", "--listen", "127.0.0.1:0"]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("mail.password_file"), "{said}");
    std::fs::write(folder.join("mail-password"), PASSWORD).unwrap();
    std::fs::set_permissions(folder.join("mail-password"), std::fs::Permissions::from_mode(0o600)).unwrap();
    // as if written by an instance that ended before it could send
    let url = format!("sqlite:{}", folder.join("books.db").display());
    let books = ca_service::Store::open_any(&url).await.unwrap();
    let mut tx = books.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO outbox (id, channel, recipient, template, subject, body, html, secrets, created, since) \
         VALUES (41, 'mail', 'li@example.com', 'unlock_authorization', 'S', 'code 4711', '<p>code 4711</p>', '[\"4711\"]', \
         $1, $1)",
    )
    .bind(ca_service::clock::system()())
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let mut child = program(dir.path(), &["run", "--listen", "127.0.0.1:0", "--log", "debug"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("listening"));
    let mail = server.mail();
    assert!(mail.protected && mail.user.is_some());
    assert!(String::from_utf8_lossy(&mail.data).contains("code 4711"));
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(lines.map_while(Result::ok).last().unwrap(), "stopped");
    let ended = child.wait_with_output().unwrap();
    let log = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success() && log.contains("message sent"), "{log}");
    assert!(!log.contains("4711") && !log.contains("li@example.com") && !log.contains(PASSWORD), "{log}");
    let row = sqlx::query("SELECT state || ' ' || body || html || secrets FROM outbox").fetch_one(books.pool()).await;
    assert_eq!(sqlx::Row::get::<String, _>(&row.unwrap(), 0), "sent code ******[]");
    books.close().await;
}
