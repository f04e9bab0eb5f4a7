//! Scenes, and what the probes say of them.

use ca_client::Profiles;
use cert_assistant::check::{Line, Probe, ProbeId, Scene, Verdict, probes, run};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A probe that takes longer than this has failed its test.
const WATCHDOG: Duration = Duration::from_secs(30);

/// A made-up computer.
pub struct World {
    pub root: TempDir,
    pub scene: Scene,
}

impl World {
    pub fn new() -> Self {
        let root = TempDir::new().unwrap();
        let scene = Scene::bare(root.path());
        Self { root, scene }
    }

    /// A file below the root, with its folders.
    pub fn file(&self, path: &str, content: &str) {
        let path = self.scene.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn variable(&mut self, name: &str, value: &str) {
        self.scene.variables.insert(name.to_owned(), value.to_owned());
    }

    /// A CA with a service at this address; `root` (PEM) vouches for it.
    pub fn service(&mut self, address: &str, root: Option<&Path>) {
        let roots = root.map_or_else(String::new, |root| format!("roots = ['{}']", root.display()));
        let text = format!(
            "[[ca]]\nid = \"own\"\nname = {{ zh = \"Own\", en = \"Own\" }}\nissuers = [\"Own CA\"]\nhot_line = \"1\"\n\
             order_api = \"{address}\"\n{roots}\n"
        );
        let file = self.root.path().join("ca-profiles.toml");
        std::fs::write(&file, text).unwrap();
        let (profiles, fault) = Profiles::load(Some(&file));
        assert_eq!(fault, None);
        self.scene.profiles = profiles;
    }

    /// Looks with the probes of these layers.
    pub fn look(self, ids: &[ProbeId]) -> (Vec<Line>, TempDir) {
        let wanted: Vec<Arc<dyn Probe>> = probes().into_iter().filter(|probe| ids.contains(&probe.id())).collect();
        assert_eq!(wanted.len(), ids.len());
        let mut lines = Vec::new();
        run(&wanted, &Arc::new(self.scene), WATCHDOG, &mut |line| lines.push(line));
        lines.sort_by_key(|line| line.probe);
        (lines, self.root)
    }

    /// Looks with one probe.
    pub fn line(self, id: ProbeId) -> Line {
        self.look(&[id]).0.remove(0)
    }

    /// Looks at clock, network and CA; the one that is the problem, if any.
    pub fn online(self) -> Online {
        let lines = self.look(&[ProbeId::Clock, ProbeId::Network, ProbeId::CaService]).0;
        let [clock, network, ca] = lines.try_into().unwrap();
        Online { clock, network, ca }
    }
}

/// The three probes that need the network.
#[derive(Debug)]
pub struct Online {
    pub clock: Line,
    pub network: Line,
    pub ca: Line,
}

impl Online {
    /// The key of the sentence of the only problem; every other layer is good or waits for a broken one.
    pub fn problem(&self) -> &'static str {
        let lines = [&self.clock, &self.network, &self.ca];
        let problems: Vec<_> = lines.iter().filter(|line| line.verdict == Verdict::Problem).collect();
        assert_eq!(problems.len(), 1, "{self:#?}");
        for line in lines {
            let waits = line.verdict == Verdict::NotApplicable && line.because.is_some();
            assert!(waits || matches!(line.verdict, Verdict::Ok | Verdict::Problem), "{self:#?}");
            for chinese in [true, false] {
                complete(line, chinese);
            }
        }
        assert!(!problems[0].remedy.is_empty(), "{self:#?}");
        problems[0].sentence.key
    }
}

/// Every sentence has its words and values.
pub fn complete(line: &Line, chinese: bool) {
    let words = line.details.iter().chain(&line.remedy).map(|statement| statement.words(chinese, true));
    for text in words.chain([line.words(chinese, true)]) {
        assert!(text.contains(' ') || !text.is_ascii(), "no words for {text}");
        assert!(!text.contains(['{', '}']), "{text}");
    }
}

/// The value of a sentence.
pub fn value<'a>(line: &'a Line, name: &str) -> &'a str {
    &line.sentence.values.iter().find(|(of, _)| *of == name).unwrap().1.text
}

/// The keys of the details.
pub fn details(line: &Line) -> Vec<&'static str> {
    line.details.iter().map(|detail| detail.key).collect()
}
