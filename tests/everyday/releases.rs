//! The scripts of a release: the feed they sign is the one the program reads, and what must not go out does not.

use crate::updates::{Server, Signer, code, tool};
use base::fault::FaultCode;
use cert_assistant::update::{Answer, ask, download, target, unaltered};
use net::Proxy;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn names(version: &str) -> [String; 3] {
    [
        format!("cert-assistant_{version}_amd64.deb"),
        format!("org.certassistant.client_{version}_amd64.deb"),
        format!("cert-assistant-setup-{version}-x64.exe"),
    ]
}

/// A folder of finished installers, small ones.
struct Shelf {
    folder: tempfile::TempDir,
    signer: Signer,
    server: Server,
}

impl Shelf {
    fn new(version: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in names(version) {
            fs::write(folder.path().join(&name), format!("the installer {name}")).unwrap();
        }
        let shelf = Self { folder, signer: Signer::new(), server: Server::start() };
        fs::set_permissions(shelf.key(), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(shelf.path("notes.toml"), format!("[\"{version}\"]\nzh = \"更“快”\"\nen = \"faster\"\n")).unwrap();
        shelf.sum(&names(version));
        shelf
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn key(&self) -> PathBuf {
        self.signer.folder.path().join("key.pem")
    }

    fn sum(&self, names: &[String]) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        fs::write(self.path("SHA256SUMS"), tool("sha256sum", &names, self.folder.path())).unwrap();
    }

    fn feed(&self, version: &str, more: &[&str]) -> Output {
        Command::new(top().join("installer/feed.sh"))
            .current_dir(self.folder.path())
            .arg("--key")
            .arg(self.key())
            .args(["--base-url", &format!("{}/files/", self.server.address)])
            .args(["--folder", ".", "--notes", "notes.toml", "--version", version])
            .args(more)
            .output()
            .unwrap()
    }

    fn made(&self, version: &str, more: &[&str]) {
        let output = self.feed(version, more);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        let key = fs::read_to_string(self.key()).unwrap();
        assert!(!said.contains(key.lines().nth(1).unwrap()), "the key is never said");
        let hex: String = self.signer.key.uncompressed().iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(said.contains(&hex), "{said}");
    }

    fn refused(&self, version: &str, more: &[&str], reason: &str) {
        fs::remove_file(self.path("feed.json")).ok();
        let output = self.feed(version, more);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(reason), "{more:?}: {said}");
        assert!(!self.path("feed.json").exists(), "{more:?}");
    }

    /// Puts feed and files where the feed says they are.
    fn publish(&self, version: &str) {
        self.server.put("/feed.json", &fs::read(self.path("feed.json")).unwrap());
        for name in names(version) {
            self.server.put(&format!("/files/{name}"), &fs::read(self.path(&name)).unwrap());
        }
    }

    fn ask(&self, seen: Option<&Path>) -> Result<Answer, base::fault::Fault> {
        ask(&self.server.source(&self.signer), &Proxy::None, seen)
    }
}

#[test]
fn the_feed_offers_the_file_for_this_computer_which_is_downloaded_and_looked_at_again_before_it_is_opened() {
    let shelf = Shelf::new("99.10.0");
    shelf.made("99.10.0", &["--serial", "7"]);
    shelf.publish("99.10.0");
    let Answer::Newer(release) = shelf.ask(None).unwrap() else { panic!("there is a newer one") };
    assert_eq!((release.version.as_str(), release.notes_zh.as_str()), ("99.10.0", "更“快”"));
    assert_eq!(release.notes_en, "faster");
    let file = release.file.unwrap();
    assert_eq!(file.name, "cert-assistant_99.10.0_amd64.deb");
    let folder = tempfile::tempdir().unwrap();
    let path = download(&file, &Proxy::None, folder.path(), &mut |_| true).unwrap();
    assert_eq!(fs::read(&path).unwrap(), fs::read(shelf.path(&file.name)).unwrap());
    assert!(unaltered(&file, &path).is_ok());

    // replaced by another of the same length, cut, made longer, taken away
    let content = fs::read(&path).unwrap();
    let longer = [content.as_slice(), b"x"].concat();
    for other in [vec![b'x'; content.len()], content[1..].to_vec(), longer, Vec::new()] {
        fs::write(&path, other).unwrap();
        assert_eq!(unaltered(&file, &path).unwrap_err().code, FaultCode::UpdateDamaged);
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(unaltered(&file, &path).unwrap_err().code, FaultCode::UpdateNotFetched);

    // a wrong file on the server
    shelf.server.put(&format!("/files/{}", file.name), &vec![b'x'; content.len()]);
    let fault = download(&file, &Proxy::None, folder.path(), &mut |_| true).unwrap_err();
    assert_eq!(fault.code, FaultCode::UpdateDamaged);
}

#[test]
fn every_target_has_its_entry_and_without_windows_there_is_none_for_it() {
    let shelf = Shelf::new("99.10.0");
    let targets = |more: &[&str]| {
        shelf.made("99.10.0", more);
        let envelope: serde_json::Value = serde_json::from_slice(&fs::read(shelf.path("feed.json")).unwrap()).unwrap();
        let feed: serde_json::Value = serde_json::from_str(envelope["feed"].as_str().unwrap()).unwrap();
        let files = feed["files"].as_array().unwrap();
        files.iter().map(|file| format!("{} {}", file["target"], file["name"])).collect::<Vec<_>>().join("\n")
    };
    let all = targets(&["--serial", "1"]);
    let linux = "\"linux-x86_64-deb\" \"cert-assistant_99.10.0_amd64.deb\"\n\
                 \"linux-x86_64-uos\" \"org.certassistant.client_99.10.0_amd64.deb\"";
    assert_eq!(all, format!("{linux}\n\"windows-x86_64-exe\" \"cert-assistant-setup-99.10.0-x64.exe\""));
    assert!(all.contains(target()));
    fs::remove_file(shelf.path("cert-assistant-setup-99.10.0-x64.exe")).unwrap();
    shelf.refused("99.10.0", &["--serial", "2"], "missing");
    shelf.sum(&names("99.10.0")[..2]);
    assert_eq!(targets(&["--serial", "2", "--linux-only"]), linux);
}

#[test]
fn a_release_of_this_version_is_no_news_and_a_feed_changed_or_signed_by_another_is_refused() {
    let own = env!("CARGO_PKG_VERSION");
    let shelf = Shelf::new(own);
    shelf.made(own, &["--serial", "7"]);
    shelf.publish(own);
    assert_eq!(shelf.ask(None).unwrap(), Answer::UpToDate);
    let feed = fs::read_to_string(shelf.path("feed.json")).unwrap();
    shelf.server.put("/feed.json", feed.replace(own, "99.0.0").as_bytes());
    assert_eq!(code(shelf.ask(None)), FaultCode::FeedForged);
    let other = Shelf::new(own);
    other.made(own, &["--serial", "8"]);
    shelf.server.put("/feed.json", &fs::read(other.path("feed.json")).unwrap());
    assert_eq!(code(shelf.ask(None)), FaultCode::FeedForged);
}

#[test]
fn the_next_feed_follows_the_one_before_and_only_with_the_same_key() {
    let shelf = Shelf::new("99.10.0");
    let seen = shelf.path("seen.json");
    shelf.made("99.10.0", &["--serial", "41"]);
    shelf.publish("99.10.0");
    assert!(shelf.ask(Some(&seen)).is_ok());
    let before = fs::read(shelf.path("feed.json")).unwrap();
    shelf.made("99.10.0", &["--after", "feed.json", "--days", "1"]);
    shelf.publish("99.10.0");
    assert!(shelf.ask(Some(&seen)).is_ok());
    // the one before is older now
    shelf.server.put("/feed.json", &before);
    let fault = shelf.ask(Some(&seen)).unwrap_err();
    assert_eq!((fault.code, fault.detail.as_str()), (FaultCode::FeedOld, "41 < 42"));
    let stranger = Shelf::new("99.10.0");
    fs::write(stranger.path("before.json"), &before).unwrap();
    stranger.refused("99.10.0", &["--after", "before.json"], "not signed by this key");
}

#[test]
fn what_must_not_go_out_is_refused_and_leaves_no_feed() {
    let shelf = Shelf::new("99.10.0");
    let refused = |more: &[&str], reason: &str| shelf.refused("99.10.0", more, reason);
    refused(&[], "--serial or --after");
    refused(&["--serial", "1", "--after", "feed.json"], "--serial or --after");
    refused(&["--serial", "0"], "--serial");
    refused(&["--serial", "1", "--days", "0"], "--days");
    for url in ["http://update.example/", "ftp://127.0.0.1/", "https://me:pin@update.example", "https://u.example/?a"] {
        refused(&["--serial", "1", "--base-url", url], "--base-url");
    }
    shelf.refused("99.11.0", &["--serial", "1"], "missing");
    fs::write(shelf.path("notes.toml"), "[\"99.10.0\"]\nen = \"faster\"\n").unwrap();
    refused(&["--serial", "1"], "zh and en");
    let long = "快".repeat(30_000);
    fs::write(shelf.path("notes.toml"), format!("[\"99.10.0\"]\nzh = \"{long}\"\nen = \"faster\"\n")).unwrap();
    refused(&["--serial", "1"], "64 KiB");
    fs::write(shelf.path("notes.toml"), "[\"99.10.0\"]\nzh = \"快\"\nen = \"faster\"\n").unwrap();
    shelf.made("99.10.0", &["--serial", "1"]);
    fs::write(shelf.path("cert-assistant_99.10.0_amd64.deb"), "another").unwrap();
    refused(&["--serial", "1"], "SHA256SUMS");
    shelf.sum(&names("99.10.0"));
    fs::set_permissions(shelf.key(), fs::Permissions::from_mode(0o640)).unwrap();
    refused(&["--serial", "1"], "chmod 600");
    fs::set_permissions(shelf.key(), fs::Permissions::from_mode(0o600)).unwrap();
    tool(
        "openssl",
        &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "other.pem"],
        shelf.folder.path(),
    );
    refused(&["--serial", "1", "--key", "other.pem"], "SM2");
    refused(&["--serial", "1", "--key", "nowhere.pem"], "can't open the key");
}

/// A repository with the scripts of a release, and builders that make small files.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for script in ["installer/release.sh", "installer/feed.sh", "scripts/common.sh"] {
            let path = tree.path(script);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::copy(top().join(script), path).unwrap();
        }
        tree.builder(
            "linux",
            "echo deb > $out/cert-assistant_1.2.3_amd64.deb; echo uos > $out/org.certassistant.client_1.2.3_amd64.deb",
        );
        tree.builder("windows", "echo exe > $out/cert-assistant-setup-1.2.3-x64.exe");
        tree.write("Cargo.toml", "[workspace.package]\nname = \"x\"\nversion = \"1.2.3\"\n[dependencies]\n");
        tree.write("CHANGELOG.md", "# Changelog\n\n## [1.2.3] - 2026-11-20\n\n## [1.2.2] - 2026-01-01\n");
        tree.write("installer/notes.toml", "[\"1.2.3\"]\nzh = \"快\"\nen = \"faster\"\n");
        tree.write(".gitignore", "/target\n");
        tree.git(&["init", "-q"]);
        tree.commit();
        tree
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn builder(&self, system: &str, does: &str) {
        let path = self.path(&format!("installer/{system}/build.sh"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\nset -eu\n[ \"$1\" = release ] && [ -n \"$SOURCE_DATE_EPOCH\" ]\nout=target/installers\n{does}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let who = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"];
        tool("git", &[&who, arguments].concat(), self.0.path());
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    }

    fn release(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(self.path("installer/release.sh"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    fn refused(&self, reason: &str) {
        let said = self.release(&[]).unwrap_err();
        assert!(said.contains(reason), "{said}");
    }

    fn made(&self) -> Vec<String> {
        crate::program::names(&self.path("target/installers"))
    }
}

#[test]
fn a_release_has_both_packages_the_setup_their_sums_and_with_a_key_the_feed() {
    let tree = Tree::new();
    let said = tree.release(&[]).unwrap();
    assert!(said.contains("no feed"), "{said}");
    let [deb, uos, exe] = names("1.2.3");
    assert_eq!(tree.made(), ["SHA256SUMS".to_owned(), exe.clone(), deb.clone(), uos.clone()]);
    tool("sha256sum", &["--check", "--strict", "SHA256SUMS"], &tree.path("target/installers"));
    assert_eq!(fs::read_to_string(tree.path("target/installers/SHA256SUMS")).unwrap().lines().count(), 3);

    let signer = Signer::new();
    let key = signer.folder.path().join("key.pem");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let key = key.to_str().unwrap();
    let feed = ["--key", key, "--base-url", "https://update.example/", "--serial", "1"];
    tree.release(&feed).unwrap();
    assert_eq!(tree.made(), ["SHA256SUMS".to_owned(), exe, deb, "feed.json".to_owned(), uos]);
    tree.release(&[&feed[..], &["--linux-only"]].concat()).unwrap();
    assert_eq!(fs::read_to_string(tree.path("target/installers/SHA256SUMS")).unwrap().lines().count(), 2);
}

#[test]
fn a_tree_that_is_not_what_it_says_is_not_released() {
    let tree = Tree::new();
    tree.write("forgotten", "");
    tree.refused("commit them first");
    fs::remove_file(tree.path("forgotten")).unwrap();
    for (newest, reason) in [
        ("## [Unreleased]\n\n## [1.2.3] - 2026-11-20", "no date"),
        ("## [1.2.3]", "no date"),
        ("## [1.2.4] - 2026-11-20", "CHANGELOG.md is at 1.2.4"),
        ("## [1.2.3] - 2999-01-01", "in the future"),
    ] {
        tree.write("CHANGELOG.md", &format!("# Changelog\n\n{newest}\n"));
        tree.commit();
        tree.refused(reason);
    }
    tree.write("CHANGELOG.md", "# Changelog\n\n## [1.2.3] - 2026-11-20\n");
    tree.builder("windows", "true");
    tree.commit();
    tree.refused("not built");
    tree.builder("windows", "echo exe > $out/cert-assistant-setup-1.2.3-x64.exe; echo > left-behind");
    tree.commit();
    tree.refused("has changed the tree");
}
