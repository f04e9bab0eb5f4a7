//! Time marks for `bench.sh`: with `CERT_ASSISTANT_TIMELINE=FILE` each mark is one line
//! `<unix time in µs> <µs since program start> <name> <detail>`. Without the variable a mark costs one comparison.

use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

struct Timeline {
    start: Instant,
    file: Option<Mutex<File>>,
}

fn timeline() -> &'static Timeline {
    static TIMELINE: OnceLock<Timeline> = OnceLock::new();
    TIMELINE.get_or_init(|| Timeline {
        start: Instant::now(),
        file: std::env::var_os("CERT_ASSISTANT_TIMELINE")
            .and_then(|path| File::options().create(true).append(true).open(path).ok())
            .map(Mutex::new),
    })
}

/// Starts the clock; called first in `main`.
pub fn start() {
    timeline();
}

/// True when somebody listens.
#[must_use]
pub fn enabled() -> bool {
    timeline().file.is_some()
}

/// Writes a mark.
pub fn mark(name: &str, detail: impl std::fmt::Display) {
    let Timeline { start, file: Some(file) } = timeline() else { return };
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros());
    if let Ok(mut file) = file.lock() {
        // a bench that cannot be written must not disturb the program
        let _unwritten = writeln!(file, "{unix} {} {name} {detail}", start.elapsed().as_micros());
    }
}
