//! 智能卡服务: not there, not running, another version, silent.

use crate::bench::{Tree, blames, detail, look, program};
use cert_assistant::check::ProbeId::{Application, Certificates, Keys, Permission, Readers, Revocation, Service};
use cert_assistant::check::{Repair, Scene, Verdict};
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use testkit::reader::{with_private_service, with_private_socket};
use token::ServiceReport;

const ABOVE: &[cert_assistant::check::ProbeId] = &[Permission, Readers, Keys, Application, Certificates, Revocation];

/// The real service as it is asked, on a made-up computer.
fn scene(tree: &Tree, directory: &Path) -> Scene {
    let mut scene = tree.scene(ServiceReport::look);
    let socket = directory.join("pcscd.comm").display().to_string();
    scene.variables.insert("PCSCLITE_CSOCK_NAME".to_owned(), socket);
    scene
}

#[test]
fn a_stopped_service_is_the_one_problem_and_everything_above_waits_for_it() {
    with_private_socket(
        "service::a_stopped_service_is_the_one_problem_and_everything_above_waits_for_it",
        |directory| {
            let tree = Tree::new();
            let lines = look(scene(&tree, directory));
            blames(&lines, Service, Verdict::Problem, "service.missing", ABOVE);
            assert!(lines[&Service].remedy[0].words(true, true).contains("sudo apt install pcscd libccid"));
            assert_eq!(lines[&Service].repair, None);

            tree.write("/usr/sbin/pcscd", "");
            let lines = look(scene(&tree, directory));
            blames(&lines, Service, Verdict::Problem, "service.stopped", ABOVE);
            assert_eq!(lines[&Service].repair, Some(Repair::StartService), "without systemd the program itself");

            tree.write("/usr/lib/systemd/system/pcscd.socket", "[Socket]");
            std::fs::create_dir_all(tree.path("/run/systemd/system")).unwrap();
            std::fs::write(directory.join("pcscd.comm"), "").unwrap();
            let lines = look(scene(&tree, directory));
            blames(&lines, Service, Verdict::Problem, "service.stopped", ABOVE);
            assert_eq!(lines[&Service].repair, Some(Repair::StartService));
            detail(&lines[&Service], "service.left_socket");

            std::fs::create_dir_all(tree.path("/etc/systemd/system")).unwrap();
            symlink("/dev/null", tree.path("/etc/systemd/system/pcscd.socket")).unwrap();
            let lines = look(scene(&tree, directory));
            blames(&lines, Service, Verdict::Problem, "service.stopped", ABOVE);
            assert_eq!(lines[&Service].repair, None, "a start of a masked unit is refused");
            assert_eq!(lines[&Service].remedy[0].key, "service.unmask");

            tree.write("/.flatpak-info", "");
            blames(&look(scene(&tree, directory)), Service, Verdict::Problem, "service.sandbox", ABOVE);
        },
    );
}

/// Accepts clients for ever and lets `answer` speak with each.
fn fake_service(directory: &Path, answer: impl Fn(UnixStream) + Send + 'static) {
    let listener = UnixListener::bind(directory.join("pcscd.comm")).unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
}

#[test]
fn another_protocol_version_is_told_with_the_versions_of_both_sides() {
    with_private_socket("service::another_protocol_version_is_told_with_the_versions_of_both_sides", |directory| {
        const SERVICE_STOPPED: u32 = 0x8010_001E;
        // what the library of this machine says of itself
        let own = Arc::new(Mutex::new(None));
        let heard = Arc::clone(&own);
        fake_service(directory, move |mut client| {
            let mut message = [0; 20];
            if client.read_exact(&mut message).is_err() {
                return;
            }
            let [major, minor] = [8, 12].map(|at| i32::from_ne_bytes(message[at..at + 4].try_into().unwrap()));
            if major != 0 {
                *heard.lock().unwrap() = Some(format!("{major}:{minor}"));
            }
            let body = [4i32.to_ne_bytes(), 99i32.to_ne_bytes(), SERVICE_STOPPED.to_ne_bytes()].concat();
            let _ = client.write_all(&body);
            let _ = client.read(&mut [0]);
        });
        let tree = Tree::new();
        tree.write("/usr/lib/x86_64-linux-gnu/libpcsclite.so.1.0.0", "");
        tree.write("/usr/local/lib/libpcsclite.so.1", "");
        let lines = look(scene(&tree, directory));
        blames(&lines, Service, Verdict::Problem, "service.mismatch", ABOVE);
        let line = &lines[&Service];
        let own = own.lock().unwrap().clone().expect("the library said nothing");
        let words = line.words(false, true);
        assert!(words.contains("4:99") && words.contains(&own), "{words}");
        assert_eq!(line.details.iter().filter(|detail| detail.key == "service.library").count(), 2);
        assert!(line.remedy[0].words(false, true).contains("Flatpak"));
    });
}

#[test]
fn a_service_that_listens_and_says_nothing_holds_nobody_up() {
    with_private_socket("service::a_service_that_listens_and_says_nothing_holds_nobody_up", |directory| {
        let _listener = UnixListener::bind(directory.join("pcscd.comm")).unwrap();
        let lines = look(scene(&Tree::new(), directory));
        blames(&lines, Service, Verdict::Problem, "service.silent", ABOVE);
    });
}

#[test]
fn a_running_service_is_no_problem_and_what_starts_it_is_told() {
    with_private_service("service::a_running_service_is_no_problem_and_what_starts_it_is_told", 2, |_| {
        let tree = Tree::new();
        tree.write("/lib/systemd/system/pcscd.socket", "");
        std::fs::create_dir_all(tree.path("/run/systemd/system")).unwrap();
        let lines = look(tree.scene(ServiceReport::look));
        let line = &lines[&Service];
        assert_eq!((line.verdict, line.sentence.key), (Verdict::Ok, "service.running"));
        detail(line, "service.by_socket");
    });
}

#[test]
fn the_child_that_asks_for_the_version_gives_none_when_the_program_is_gone() {
    with_private_socket(
        "service::the_child_that_asks_for_the_version_gives_none_when_the_program_is_gone",
        |directory| {
            fake_service(directory, |mut client| {
                let mut message = [0; 20];
                if client.read_exact(&mut message).is_ok() {
                    let body = [4i32.to_ne_bytes(), 99i32.to_ne_bytes(), 0x8010_001E_u32.to_ne_bytes()].concat();
                    let _ = client.write_all(&body);
                    let _ = client.read(&mut [0]);
                }
            });
            let tree = Tree::new();
            let lines = look(Scene { program: program().with_extension("gone"), ..scene(&tree, directory) });
            blames(&lines, Service, Verdict::Problem, "service.mismatch", ABOVE);
            assert!(lines[&Service].words(false, true).contains('?'));
        },
    );
}
