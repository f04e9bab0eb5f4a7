//! Ports, browsers, fonts, desktop and the program itself.

use crate::world::{World, complete, details, value};
use cert_assistant::check::outside::Ports;
use cert_assistant::check::{Line, Probe, ProbeId, Repair, Scene, Verdict};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};

/// Listens in another process until the end of its input.
const LISTENER: &str = "import socket, sys\n\
    s = socket.socket()\n\
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n\
    s.bind(('127.0.0.1', int(sys.argv[1])))\n\
    s.listen()\n\
    print(s.getsockname()[1], flush=True)\n\
    sys.stdin.read()\n";

/// Another program that holds a port.
struct Holder {
    child: Child,
    port: u16,
}

impl Holder {
    fn start(port: u16) -> Self {
        let mut child = Command::new("python3")
            .args(["-c", LISTENER, &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { child, port: line.trim().parse().unwrap() }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

fn ports(scene: &Scene, ports: Vec<u16>) -> Line {
    let line = Ports::new(ports).run(scene);
    complete(&line, true);
    complete(&line, false);
    line
}

#[test]
fn a_port_that_another_program_holds_is_told_with_its_name_and_number() {
    let scene = Scene::bare("/");
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let line = ports(&scene, vec![free]);
    assert_eq!((line.verdict, line.sentence.key), (Verdict::Ok, "ports.free"));
    // the port pages ask for, unless somebody on this computer has it
    let usual =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 21061)).map_or(0, |listener| listener.local_addr().unwrap().port());
    let holder = Holder::start(usual);
    let line = ports(&scene, vec![free, holder.port]);
    assert_eq!((line.verdict, line.sentence.key), (Verdict::Notice, "ports.taken"));
    assert_eq!(value(&line, "port"), holder.port.to_string());
    assert_eq!(value(&line, "pid"), holder.child.id().to_string());
    assert!(value(&line, "program").starts_with("python3"), "{line:?}");
    assert!(details(&line).contains(&"ports.no_bridge"));
    let port = holder.port;
    drop(holder);
    assert_eq!(ports(&scene, vec![port]).verdict, Verdict::Ok);
}

#[test]
fn a_holder_that_may_not_be_looked_at_is_told_as_one_of_another_user() {
    let world = World::new();
    let table = "  sl  local_address rem_address st\n   0: 0100007F:523B 00000000:0000 0A 00000000:00000000 \
                 00:00000000 00000000  1000        0 4711 1\n";
    world.file("/proc/net/tcp", table);
    let line = ports(&world.scene, vec![21051, 21061]);
    assert_eq!((line.verdict, line.sentence.key), (Verdict::Notice, "ports.taken_hidden"));
    assert_eq!(value(&line, "port"), "21051");
}

#[test]
fn browsers_are_found_in_the_menu_and_in_the_path_and_the_usual_one_is_named() {
    let line = World::new().line(ProbeId::Browsers);
    assert_eq!((line.verdict, line.sentence.key), (Verdict::Notice, "browsers.none"));
    let mut world = World::new();
    let entry =
        "[Desktop Entry]\nName=Firefox ESR\nExec=/usr/lib/firefox-esr/firefox-esr %u\nCategories=Network;WebBrowser;\n";
    world.file("/usr/share/applications/firefox-esr.desktop", entry);
    world.file("/usr/share/applications/mail.desktop", "[Desktop Entry]\nName=Mail\nExec=mail\nCategories=Email;\n");
    world.file("/opt/bin/microsoft-edge", "");
    world.file("/opt/bin/firefox-esr", "");
    world
        .file("/home/x/.config/mimeapps.list", "[Default Applications]\nx-scheme-handler/https=firefox-esr.desktop;\n");
    world.variable("HOME", "/home/x");
    world.variable("PATH", "/opt/bin:/bin:relative");
    let line = world.line(ProbeId::Browsers);
    assert_eq!(line.verdict, Verdict::Ok);
    assert_eq!(value(&line, "names"), "Firefox ESR, Microsoft Edge", "each once");
    let usual = line.details.iter().find(|detail| detail.key == "browsers.usual").unwrap();
    assert!(usual.words(false, false).contains("Firefox ESR"));
    assert!(details(&line).contains(&"browsers.no_bridge"), "what is not looked at is said");
    complete(&line, true);
}

#[test]
fn a_system_without_chinese_font_is_told_how_to_get_one() {
    let world = World::new();
    world.file("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "");
    world.file("/usr/share/fonts/wqy-readme.txt", "");
    let line = world.line(ProbeId::Fonts);
    assert_eq!((line.verdict, line.sentence.key), (Verdict::Notice, "fonts.none"));
    assert!(line.remedy[0].words(false, false).contains("apt install"));
    complete(&line, true);
    for file in ["/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "/home/x/.fonts/simsun.ttc"] {
        let mut world = World::new();
        world.variable("HOME", "/home/x");
        world.file(file, "");
        assert_eq!(world.line(ProbeId::Fonts).verdict, Verdict::Ok, "{file}");
    }
}

#[test]
fn display_locale_and_remote_session_are_told() {
    let desktop = |variables: &[(&str, &str)]| {
        let mut world = World::new();
        variables.iter().for_each(|(name, value)| world.variable(name, value));
        let line = world.line(ProbeId::Desktop);
        complete(&line, true);
        line
    };
    assert_eq!(desktop(&[]).sentence.key, "desktop.no_display");
    assert_eq!(desktop(&[("DISPLAY", ":0")]).sentence.key, "desktop.not_utf8", "the locale C");
    let good = [("DISPLAY", ":0"), ("LANG", "zh_CN.UTF-8"), ("XDG_CURRENT_DESKTOP", "UKUI")];
    let line = desktop(&good);
    assert_eq!((line.verdict, value(&line, "display"), value(&line, "desktop")), (Verdict::Ok, "X11", "UKUI"));
    let mut other = good.to_vec();
    other.extend([("LC_ALL", "zh_CN.GBK"), ("WAYLAND_DISPLAY", "wayland-0"), ("SSH_CONNECTION", "a b")]);
    let line = desktop(&other);
    assert_eq!(line.sentence.key, "desktop.not_utf8", "the first variable rules");
    assert!(details(&line).contains(&"desktop.remote"));
}

#[test]
fn several_programs_and_sandboxes_are_told_and_the_path_is_the_persons() {
    let mut world = World::new();
    world.file("/usr/bin/cert-assistant", "");
    world.file("/home/zhangsan/bin/cert-assistant", "");
    world.variable("PATH", "/usr/bin:/home/zhangsan/bin:/usr/bin");
    world.scene.program = world.scene.path("/usr/bin/cert-assistant");
    let line = world.line(ProbeId::Program);
    assert_eq!((line.verdict, line.sentence.key, value(&line, "count")), (Verdict::Notice, "program.several", "2"));
    assert!(line.details.iter().all(|detail| !detail.words(false, false).contains("zhangsan")));
    complete(&line, true);

    let mut world = World::new();
    world.file("/usr/bin/cert-assistant", "");
    world.variable("PATH", "/usr/bin:/bin");
    std::os::unix::fs::symlink("usr/bin", world.scene.path("/bin")).unwrap();
    assert_eq!(world.line(ProbeId::Program).verdict, Verdict::Ok, "one file under two names");

    let world = World::new();
    world.file("/.flatpak-info", "");
    assert_eq!(world.line(ProbeId::Program).sentence.key, "program.flatpak");
    let world = World::new();
    world.file("/run/.containerenv", "");
    assert!(details(&world.line(ProbeId::Program)).contains(&"program.container"));
}

#[test]
fn a_start_with_the_desktop_that_is_off_is_offered() {
    let world = World::new();
    assert_eq!(world.line(ProbeId::Program).repair, None, "no home, nothing to offer");
    let mut world = World::new();
    world.variable("HOME", "/home/x");
    let line = world.line(ProbeId::Program);
    assert_eq!((line.verdict, line.repair), (Verdict::Ok, Some(Repair::AddAutostart)));
}
