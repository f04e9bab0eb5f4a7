//! The CA's service: it answers, and as one of order API v1.

use super::reach::{self, Reached};
use crate::check::{Line, Probe, ProbeId, Scene, Statement, Verdict};
use ca_client::CaError;

pub(super) struct CaService;

impl Probe for CaService {
    fn id(&self) -> ProbeId {
        ProbeId::CaService
    }

    fn run(&self, scene: &Scene) -> Line {
        let ways: Vec<&Reached> = reach::all(scene).iter().filter(|way| !way.page).collect();
        let Some(first) = ways.first() else {
            let key = if reach::all(scene).is_empty() { "ca.nothing" } else { "ca.pages" };
            return Line::new(self.id(), Verdict::NotApplicable, Statement::new(key));
        };
        let failed = ways.iter().find_map(|way| match &way.answer {
            Some(Ok(greeting)) => Some((way, greeting.info.as_ref().err()?)),
            Some(Err(error)) => Some((way, error)),
            None => None,
        });
        let line = match failed {
            Some((way, error)) => failure(way, error),
            // the way to it ends too early
            None if ways.iter().any(|way| way.answer.is_none()) => Line::waits_for(self.id(), ProbeId::Network),
            None => Line::new(self.id(), Verdict::Ok, Statement::new("ca.ok").with("host", &first.host)),
        };
        ways.iter().filter_map(|way| detail(way)).fold(line, Line::detail)
    }
}

fn failure(way: &Reached, error: &CaError) -> Line {
    let say = |key, what: &str| Statement::new(key).with("host", &way.host).with("what", what);
    let (sentence, todo) = match error {
        CaError::Problem(problem) => (say("ca.refused", problem.code.as_str()), "ca.todo_later"),
        CaError::Network { detail, .. } => (say("ca.silent", detail), "ca.todo_later"),
        CaError::Answer(what) => (say("ca.strange", what), "ca.todo_address"),
        CaError::NotHere => (say("ca.strange", "-"), "ca.todo_address"),
    };
    Line::new(ProbeId::CaService, Verdict::Problem, sentence).remedy(Statement::new(todo))
}

fn detail(way: &Reached) -> Option<Statement> {
    let info = way.answer.as_ref()?.as_ref().ok()?.info.as_ref().ok()?;
    let detail = Statement::new("ca.version").with("host", &way.host).with("name", &info.name);
    Some(detail.with("version", &info.version).with("api", order_api::path::VERSION))
}
