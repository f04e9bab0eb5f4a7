//! Rights, as an ordinary user meets them: these tests run themselves again as `nobody`.

use crate::bench::{Lines, Tree, blames, detail, look, no_readers, words};
use base::fault::{Fault, FaultCode};
use cert_assistant::check::ProbeId::{Application, Certificates, Keys, Permission, Readers, Revocation, Service};
use cert_assistant::check::{Inserted, Repair, Verdict};
use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use testkit::reader::with_private_socket;
use token::{CardSeen, ReaderSeen, ServiceReport, ServiceState};

const NOBODY: u32 = 65534;
const AS_NOBODY: &str = "CHECK_CHAIN_AS_NOBODY";
const ABOVE: &[cert_assistant::check::ProbeId] = &[Service, Readers, Keys, Application, Certificates, Revocation];

fn open(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Runs `body` as `nobody` with what `prepare` made as the user who runs the tests, who has to be root for it.
fn as_nobody(test: &str, prepare: impl FnOnce(&Path) -> Vec<(String, String)>, body: impl FnOnce(&Path)) {
    if let Some(folder) = std::env::var_os(AS_NOBODY) {
        return body(Path::new(&folder));
    }
    if !rustix_is_root() {
        eprintln!("not run: only root can become another user");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), 0o755);
    // nobody may not enter the folder of the build
    let program = folder.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    open(&program, 0o755);
    let variables = prepare(folder.path());
    let status = Command::new(&program)
        .args(["--exact", test, "--nocapture"])
        .env(AS_NOBODY, folder.path())
        .envs(variables)
        .uid(NOBODY)
        .gid(NOBODY)
        .status()
        .unwrap();
    assert!(status.success(), "the test failed as nobody");
}

fn rustix_is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

#[test]
fn a_socket_that_lets_nobody_in_is_a_matter_of_permission() {
    as_nobody(
        "permission::a_socket_that_lets_nobody_in_is_a_matter_of_permission",
        |folder| {
            let socket = folder.join("pcscd.comm");
            // stays open until this process ends
            std::mem::forget(UnixListener::bind(&socket).unwrap());
            open(&socket, 0o600);
            vec![("PCSCLITE_CSOCK_NAME".to_owned(), socket.display().to_string())]
        },
        |folder| {
            let tree = Tree::new();
            tree.write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
            tree.write("/etc/group", "root:x:0:\n");
            let mut scene = tree.scene(ServiceReport::look);
            let socket = folder.join("pcscd.comm").display().to_string();
            scene.variables.insert("PCSCLITE_CSOCK_NAME".to_owned(), socket);
            let lines = look(scene);
            blames(&lines, Permission, Verdict::Problem, "permission.socket", ABOVE);
            assert!(detail(&lines[&Permission], "permission.mode").contains("0600 root:root"), "{}", words(&lines));
        },
    );
}

#[test]
fn a_service_that_hangs_up_means_the_rules_of_the_system_and_a_remote_session_is_named() {
    with_private_socket(
        "permission::a_service_that_hangs_up_means_the_rules_of_the_system_and_a_remote_session_is_named",
        |directory| {
            let listener = UnixListener::bind(directory.join("pcscd.comm")).unwrap();
            std::thread::spawn(move || {
                for mut client in listener.incoming().flatten() {
                    let _ = client.read_exact(&mut [0; 20]);
                }
            });
            let tree = Tree::new();
            tree.write("/usr/share/polkit-1/actions/org.debian.pcsc-lite.policy", "");
            tree.write("/run/systemd/sessions/c7", "UID=1000\nREMOTE=1\n");
            let lines = |variables: &[(&str, &str)]| {
                let mut scene = tree.scene(ServiceReport::look);
                scene.variables.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
                look(scene)
            };
            let found = lines(&[]);
            blames(&found, Permission, Verdict::Problem, "permission.polkit", ABOVE);
            detail(&found[&Permission], "permission.polkit_action");
            let has = |found: &Lines, key: &str| found[&Permission].details.iter().any(|detail| detail.key == key);
            let remote = ["permission.ssh", "permission.remote", "permission.remote_desktop"];
            assert!(!remote.iter().any(|key| has(&found, key)));
            assert!(has(&lines(&[("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")]), "permission.ssh"));
            assert!(has(&lines(&[("XDG_SESSION_ID", "c7")]), "permission.remote"));
            assert!(has(&lines(&[("XRDP_SESSION", "1")]), "permission.remote_desktop"));
            assert!(!has(&lines(&[("XDG_SESSION_ID", "../sessions/c7")]), "permission.remote"), "not a path");
        },
    );
}

#[test]
fn only_a_key_the_service_does_not_open_needs_a_rule() {
    as_nobody(
        "permission::only_a_key_the_service_does_not_open_needs_a_rule",
        |folder| {
            let tree = Tree::new();
            let nodes = [tree.usb("1-5", "055C:E618", "03"), tree.usb("1-6", "6588:1514", "0b")];
            nodes.iter().for_each(|node| open(node, 0o600));
            open(tree.root(), 0o755);
            let link = folder.join("tree");
            std::os::unix::fs::symlink(tree.root(), link).unwrap();
            // removed by the system: the child still needs it
            std::mem::forget(tree);
            Vec::new()
        },
        |folder| {
            let root = fs::canonicalize(folder.join("tree")).unwrap();
            let scene = |root: &Path| cert_assistant::check::Scene {
                ask_service: Box::new(no_readers),
                ..cert_assistant::check::Scene::bare(root)
            };
            let lines = look(scene(&root));
            let line = &lines[&Permission];
            assert_eq!((line.verdict, line.sentence.key), (Verdict::Problem, "permission.closed"), "{}", words(&lines));
            assert!(line.words(false, true).contains("055C:E618"));
            assert_eq!(line.repair, Some(Repair::InstallUdevRule));
            assert!(!words(&lines).contains("001/006"), "the CCID key needs no right of ours");
        },
    );
}

/// The same as the user who runs the tests, who may open everything when that is root.
#[test]
fn a_node_that_may_be_used_is_fine_and_a_rule_is_found_by_its_maker() {
    let tree = Tree::new();
    tree.usb("1-5", "055C:E618", "03");
    let lines = look(tree.scene(no_readers));
    assert_eq!(lines[&Permission].sentence.key, "permission.fine", "{}", words(&lines));
    assert!(detail(&lines[&Permission], "permission.node_open").contains("/dev/bus/usb/001/005"));
}

#[test]
fn a_rule_that_is_there_but_does_not_help_is_not_installed_again() {
    as_nobody(
        "permission::a_rule_that_is_there_but_does_not_help_is_not_installed_again",
        |folder| {
            let tree = Tree::new();
            open(&tree.usb("1-5", "055C:E618", "03"), 0o600);
            tree.write("/lib/udev/rules.d/60-other.rules", "ATTRS{idVendor}==\"096e\"\n# ATTRS{idVendor}==\"055c\"\n");
            tree.write("/etc/udev/rules.d/90-mtoken.rules", "SUBSYSTEM==\"usb\", ATTRS{idVendor} == \"055C\"\n");
            open(tree.root(), 0o755);
            std::os::unix::fs::symlink(tree.root(), folder.join("tree")).unwrap();
            std::mem::forget(tree);
            Vec::new()
        },
        |folder| {
            let root = fs::canonicalize(folder.join("tree")).unwrap();
            let lines = look(cert_assistant::check::Scene {
                ask_service: Box::new(no_readers),
                ..cert_assistant::check::Scene::bare(root)
            });
            let line = &lines[&Permission];
            assert_eq!((line.sentence.key, line.repair), ("permission.closed", None), "{}", words(&lines));
            assert!(detail(line, "permission.rule").contains("/etc/udev/rules.d/90-mtoken.rules"));
        },
    );
}

#[test]
fn a_service_that_lets_in_but_not_at_the_card_is_a_matter_of_permission() {
    let tree = Tree::new();
    let mut scene = tree.scene(|| ServiceReport {
        readers: vec![ReaderSeen { name: "Reader".to_owned(), card: CardSeen::There, atr: vec![0x3B] }],
        ..ServiceState::Running { readers: 1 }.into()
    });
    scene.ask_keys = Box::new(|| {
        vec![Inserted {
            reader: "Reader".to_owned(),
            atr: vec![0x3B],
            result: Err(Fault::new(FaultCode::ServiceDenied)),
            public_keys: Vec::new(),
            lent: false,
        }]
    });
    let above = &[Keys, Application, Certificates, Revocation];
    blames(&look(scene), Permission, Verdict::Problem, "permission.card", above);
}
