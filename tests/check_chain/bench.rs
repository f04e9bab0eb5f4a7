//! Scenes, and what is expected of all lines together.

use cert_assistant::app::{Engine, EngineContext, Event, Site};
use cert_assistant::check::{LIMIT, Line, ProbeId, Scene, Verdict, chain, run};
use certificate::{Certificate, TrustStore};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use testkit::reader::authority;
use token::{PcscSource, ServiceReport, ServiceState};

pub type Lines = BTreeMap<ProbeId, Line>;

/// The program under test, which runs itself as a child.
pub fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_cert-assistant").into()
}

/// Roots of the keys made for tests.
pub fn trust() -> TrustStore {
    let mut store = TrustStore::default();
    for der in [authority().root(), authority().operation()] {
        store.add(Certificate::parse(der).unwrap());
    }
    store
}

/// Looks at all layers of a scene.
pub fn look(scene: Scene) -> Lines {
    let mut lines = Lines::new();
    run(&chain::probes(), &Arc::new(scene), LIMIT, &mut |line| {
        lines.insert(line.probe, line);
    });
    assert_eq!(lines.len(), chain::probes().len(), "one line a probe");
    lines
}

/// The program's threads over the real service.
pub struct RealDesk {
    engine: Engine,
    _events: Receiver<Event>,
}

impl RealDesk {
    pub fn start() -> Self {
        let site = Site { program: program(), ..Site::default() };
        let (engine, events) = Engine::start(EngineContext {
            source: Arc::new(PcscSource::new()),
            trust: Arc::new(trust),
            wake: Arc::new(|| ()),
            online: None,
            site,
        });
        Self { engine, _events: events }
    }

    /// What the program would look at.
    pub fn scene(&self) -> Scene {
        self.engine.scene()
    }

    /// Looks at all layers, with the files below `root`.
    pub fn look(&self, root: &Path) -> Lines {
        look(Scene { root: root.to_owned(), ..self.engine.scene() })
    }
}

/// A made-up computer.
pub struct Tree(tempfile::TempDir);

impl Tree {
    pub fn new() -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        for folder in ["proc", "etc"] {
            fs::create_dir(tree.root().join(folder)).unwrap();
        }
        tree
    }

    pub fn root(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, absolute: &str) -> PathBuf {
        self.root().join(absolute.trim_start_matches('/'))
    }

    pub fn write(&self, absolute: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(absolute);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A device on its USB bus with an interface of this class.
    pub fn usb(&self, place: &str, id: &str, class: &str) -> PathBuf {
        let (vendor, product) = id.split_once(':').unwrap();
        let device = place.rsplit(['-', '.']).next().unwrap();
        for (file, text) in [
            ("idVendor", &*vendor.to_lowercase()),
            ("idProduct", &product.to_lowercase()),
            ("busnum", "1"),
            ("devnum", device),
            ("product", "Token"),
        ] {
            self.write(&format!("/sys/bus/usb/devices/{place}/{file}"), format!("{text}\n"));
        }
        self.write(&format!("/sys/bus/usb/devices/{place}:1.0/bInterfaceClass"), format!("{class}\n"));
        self.write(&format!("/dev/bus/usb/001/00{device}"), "")
    }

    /// A USB bus without a key: the root of the bus only.
    pub fn empty_bus(&self) {
        self.write("/sys/bus/usb/devices/usb1/idVendor", "1d6b\n");
        self.write("/sys/bus/usb/devices/usb1/idProduct", "0002\n");
        self.write("/sys/bus/usb/devices/1-0:1.0/bInterfaceClass", "09\n");
    }

    /// A scene of this computer with this state of the service and no key.
    pub fn scene(&self, service: impl Fn() -> ServiceReport + Send + Sync + 'static) -> Scene {
        Scene { ask_service: Box::new(service), program: program(), ..Scene::bare(self.root()) }
    }
}

/// A service that runs without any reader.
pub fn no_readers() -> ServiceReport {
    ServiceState::Running { readers: 0 }.into()
}

/// This layer, and no other, is to blame; those above it wait for it.
#[track_caller]
pub fn blames(lines: &Lines, layer: ProbeId, verdict: Verdict, key: &str, waiting: &[ProbeId]) {
    let line = &lines[&layer];
    assert_eq!((line.verdict, line.sentence.key), (verdict, key), "{}", words(lines));
    for other in lines.values().filter(|line| line.probe != layer) {
        assert_ne!(other.verdict, Verdict::Problem, "{}", words(lines));
    }
    for waiting in waiting {
        assert_eq!(lines[waiting].because, Some(layer), "{waiting:?}\n{}", words(lines));
        assert_eq!(lines[waiting].verdict, Verdict::NotApplicable);
    }
    for line in lines.values() {
        let shown = [line.words(true, true), line.words(false, false)].join("\n");
        let more = line.details.iter().chain(&line.remedy).map(|more| more.words(false, true));
        for text in more.chain([shown]) {
            assert!(!text.contains('{') && !text.contains("%{"), "a value is missing: {text}");
        }
    }
}

/// Everything that was found, to be read by people.
pub fn words(lines: &Lines) -> String {
    let mut text = String::new();
    for line in lines.values() {
        text += &format!("{} {:?} {}\n", line.probe.as_str(), line.verdict, line.words(false, true));
        for detail in line.details.iter().chain(&line.remedy) {
            text += &format!("    {}\n", detail.words(false, true));
        }
    }
    text
}

/// A detail with this key.
#[track_caller]
pub fn detail(line: &Line, key: &str) -> String {
    let found = line.details.iter().find(|detail| detail.key == key);
    found.unwrap_or_else(|| panic!("no {key}: {line:?}")).words(false, true)
}
