//! `check`: the lines as they are done, else one JSON object; a page besides when it is wanted.

use super::{Exit, Terminal, say};
use crate::app::check::{LIMIT, Line, Verdict, report};
use crate::app::{Command, Content, Engine, Event, Fault, FaultCode};
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// The check ends by itself within its limit and this, unless a part of the program stopped.
const GRACE: Duration = Duration::from_secs(20);

/// What is asked for.
pub(super) struct Wanted {
    /// One JSON object instead of lines.
    pub json: bool,
    /// A page to this file.
    pub html: Option<PathBuf>,
    /// With what belongs to the person.
    pub private: bool,
}

/// Looks at everything.
pub(super) fn run(
    wanted: Wanted,
    engine: &Engine,
    events: &Receiver<Event>,
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Fault> {
    let options = report::Options { chinese: terminal.chinese, private: wanted.private, now: terminal.now };
    engine.send(Command::CheckEnvironment);
    let end = Instant::now() + LIMIT + GRACE;
    let mut lines: Vec<Line> = Vec::new();
    loop {
        match next(events, end)? {
            Event::CheckLine(line) => {
                if !wanted.json {
                    say(terminal.out, report::line(&line, &options).trim_end());
                }
                lines.push(*line);
            }
            Event::CheckEnded(_) => break,
            _ => {}
        }
    }
    if wanted.json {
        say(terminal.out, &format!("{:#}", report::json(&lines, &options)));
    }
    if let Some(path) = wanted.html {
        engine.send(Command::Save { content: Content::Text(report::html(&lines, &options)), path });
        loop {
            if let Event::Saved(result) = next(events, end + GRACE)? {
                result?;
                break;
            }
        }
    }
    let wrong = lines.iter().any(|line| line.verdict == Verdict::Problem);
    Ok(if wrong { Exit::Problems } else { Exit::Done })
}

fn next(events: &Receiver<Event>, end: Instant) -> Result<Event, Fault> {
    let left = end.saturating_duration_since(Instant::now());
    events.recv_timeout(left).map_err(|_| Fault::new(FaultCode::InternalStopped))
}
