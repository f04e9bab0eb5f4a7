//! Data folders: not writable, full, open to others, with damaged files; and the repair of what can be repaired.

use crate::world::{World, complete, details};
use cert_assistant::check::{Folders, Line, ProbeId, Repair, Verdict, carry_out};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// Set in the child that has mounts of its own.
const CHILD: &str = "CERT_ASSISTANT_TEST_MOUNTS";

fn folders(home: &Path) -> Folders {
    let folder = |name: &str| home.join(name).join("cert-assistant");
    Folders { config: folder("config"), data: folder("data"), cache: folder("cache") }
}

fn private(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn look(folders: &Folders) -> Line {
    let mut world = World::new();
    world.scene.folders = folders.clone();
    let line = world.line(ProbeId::Storage);
    complete(&line, true);
    complete(&line, false);
    line
}

fn repair(folders: &Folders) {
    let mut world = World::new();
    world.scene.folders = folders.clone();
    assert_eq!(Repair::CleanStorage.command(&world.scene), None, "needs nobody's rights");
    carry_out(Repair::CleanStorage, &world.scene).unwrap();
}

#[test]
fn folders_that_do_not_exist_yet_are_good_and_stay_away() {
    let home = TempDir::new().unwrap();
    let folders = folders(home.path());
    assert_eq!(look(&folders).verdict, Verdict::Ok);
    assert!(!folders.config.exists(), "a probe makes nothing");
}

#[test]
fn a_damaged_file_is_a_problem_and_set_aside_by_the_repair() {
    let home = TempDir::new().unwrap();
    let folders = folders(home.path());
    private(&folders.config.join("settings.json"), "{\"language\":");
    private(&folders.data.join("orders/ab12.json"), "[]");
    private(&folders.data.join("orders/cd34.json"), "{\"format\":1}");
    private(&folders.cache.join("deep/picture"), "x");
    // set aside at another time
    private(&folders.config.join("settings.damaged"), "older");
    let line = look(&folders);
    assert_eq!((line.verdict, line.sentence.key), (Verdict::Problem, "storage.damaged"));
    assert_eq!(line.repair, Some(Repair::CleanStorage));
    assert_eq!(details(&line), ["storage.damaged", "storage.set_aside"]);
    assert!(!line.words(false, false).contains("settings") && line.words(false, true).contains("settings.json"));
    repair(&folders);
    assert_eq!(look(&folders).verdict, Verdict::Ok);
    assert_eq!(fs::read_to_string(folders.config.join("settings.damaged")).unwrap(), "older");
    assert_eq!(fs::read_to_string(folders.config.join("settings.2.damaged")).unwrap(), "{\"language\":");
    assert!(folders.data.join("orders/ab12.damaged").exists() && folders.data.join("orders/cd34.json").exists());
    assert_eq!(fs::read_dir(&folders.cache).unwrap().count(), 0, "the cache is cleared");
}

#[test]
fn rights_of_others_are_told_and_taken_away() {
    let home = TempDir::new().unwrap();
    let folders = folders(home.path());
    let order = folders.data.join("orders/ab12.json");
    private(&order, "{}");
    fs::set_permissions(&order, fs::Permissions::from_mode(0o644)).unwrap();
    let line = look(&folders);
    assert_eq!((line.verdict, line.sentence.key), (Verdict::Notice, "storage.others_read"));
    fs::set_permissions(&folders.data, fs::Permissions::from_mode(0o777)).unwrap();
    let line = look(&folders);
    assert_eq!((line.verdict, line.sentence.key), (Verdict::Problem, "storage.others_write"));
    repair(&folders);
    assert_eq!(look(&folders).verdict, Verdict::Ok);
    assert_eq!(fs::metadata(&order).unwrap().permissions().mode() & 0o777, 0o600);
    // what the person wrote by hand is no secret
    private(&folders.config.join("ca-profiles.toml"), "");
    fs::set_permissions(folders.config.join("ca-profiles.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(look(&folders).verdict, Verdict::Ok);
}

#[test]
fn only_what_a_cut_left_behind_is_removed() {
    let home = TempDir::new().unwrap();
    let folders = folders(home.path());
    let (old, fresh) = (folders.data.join("orders/ab12.new"), folders.data.join("orders/cd34.new"));
    private(&old, "{");
    private(&fresh, "{");
    let hour_ago = SystemTime::now() - Duration::from_secs(3_600);
    fs::File::options().write(true).open(&old).unwrap().set_modified(hour_ago).unwrap();
    let line = look(&folders);
    assert_eq!((line.verdict, line.sentence.key, line.details.len()), (Verdict::Notice, "storage.stale", 0));
    repair(&folders);
    assert_eq!(look(&folders).verdict, Verdict::Ok);
    assert!(!old.exists() && fresh.exists(), "another program may be writing the fresh one");
}

#[test]
fn folders_the_program_shares_are_neither_judged_nor_cleaned() {
    let home = TempDir::new().unwrap();
    let shared = home.path().join("tmp");
    private(&shared.join("other.json"), "{");
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).unwrap();
    let folders = Folders { config: Default::default(), data: shared.clone(), cache: shared.clone() };
    assert_eq!(look(&folders).verdict, Verdict::Ok);
    repair(&folders);
    assert!(shared.join("other.json").exists());
}

#[test]
fn a_file_where_a_folder_should_be_is_told() {
    let home = TempDir::new().unwrap();
    fs::write(home.path().join("config"), "").unwrap();
    let line = look(&folders(home.path()));
    assert_eq!((line.verdict, line.sentence.key, line.repair), (Verdict::Problem, "storage.not_writable", None));
}

/// Runs this test again in a process with mounts of its own; true in that process.
pub fn with_own_mounts(test: &str) -> bool {
    if std::env::var(CHILD).as_deref() == Ok(test) {
        return true;
    }
    let status = Command::new("unshare")
        .args(["--mount", "--map-root-user", "--propagation", "private"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, test)
        .status()
        .unwrap();
    assert!(status.success(), "the test failed in its child process");
    false
}

/// Mounts an empty file system of its own over a folder.
pub fn mount(folder: &Path, options: &str) {
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder).status().unwrap();
    assert!(mount.success());
}

#[test]
fn a_full_or_read_only_disk_is_told() {
    if !with_own_mounts("storage::a_full_or_read_only_disk_is_told") {
        return;
    }
    let home = TempDir::new().unwrap();
    let folders = folders(home.path());
    fs::create_dir_all(&folders.data).unwrap();
    mount(&folders.data, "size=1m,mode=0700");
    let line = look(&folders);
    assert_eq!((line.verdict, line.sentence.key, line.repair), (Verdict::Problem, "storage.no_room", None));
    mount(&folders.data, "ro,mode=0700");
    let line = look(&folders);
    assert_eq!((line.verdict, line.sentence.key), (Verdict::Problem, "storage.not_writable"));
}
