//! The tests that stand in a policy, as scenarios: the same hosts run and judge them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use seawall_policy::policy_test::{self, TestCase};
use seawall_policy::policy_test::{
    Answer, Behaviour as Does, Request as Asked, Step as Said, Tests, Upstream, What,
};
use seawall_policy::{Diagnostic, LineIndex, Span};
use seawall_provider::{Behaviour, Fault, Plan, Times};

use crate::bundle::{bundle, directory};
use crate::scenario::{Loaded, Placed, Request, Scenario, Step, UpstreamHalf};

/// Stands in for every credential. Providers of tests ask for none.
const CREDENTIAL: &str = "a-test-credential";

/// Where requests go that no route takes.
const ELSEWHERE: &str = "elsewhere";

/// What a policy's file holds for `seawall test`.
#[derive(Debug)]
pub enum Found {
    /// In the order of the file; there may be none.
    Tests(Vec<Loaded>),
    /// The policy has errors, or holds what this version can't carry out: the findings, ready to print.
    Refused(String),
}

/// Reads the tests of a policy, and the files that it names, which lie beside `path`.
#[must_use]
pub fn parse(path: &Path, source: &str) -> Found {
    let refused = |found: &[Diagnostic]| {
        Found::Refused(seawall_policy::render(&path.display().to_string(), source, found))
    };
    let read = policy_test::read(source);
    let Some(mut tests) = read.tests else { return refused(&read.diagnostics) };
    let directory = directory(path);
    match bundle(&tests.policy, directory) {
        Ok(bundled) => tests.policy = bundled.text,
        // Each at its place in what was read.
        Err(found) => return refused(&bundle(source, directory).err().unwrap_or(found)),
    }
    let world = World { source, lines: LineIndex::new(source), tests: &tests };
    let loaded = |case: &TestCase| Loaded {
        path: path.to_owned(),
        title: Some(case.name.clone()),
        scenario: world.scenario(case),
    };
    Found::Tests(tests.cases.iter().map(loaded).collect())
}

struct World<'w> {
    source: &'w str,
    lines: LineIndex,
    tests: &'w Tests,
}

impl World<'_> {
    fn scenario(&self, case: &TestCase) -> Scenario {
        let Tests { policy, clusters, variables, .. } = self.tests;
        let mut elsewhere = ELSEWHERE.to_owned();
        while clusters.iter().any(|(_, cluster)| *cluster == elsewhere) {
            elsewhere.push('-');
        }
        let mut providers: BTreeMap<String, Plan> =
            clusters.iter().map(|(_, cluster)| (cluster.clone(), Plan::default())).collect();
        providers.insert(elsewhere.clone(), Plan::default());
        Scenario {
            about: String::new(),
            policy: policy.clone(),
            env: variables.iter().map(|name| (name.clone(), CREDENTIAL.to_owned())).collect(),
            workers: 1,
            seed: 0,
            providers,
            rate_limit_services: BTreeMap::new(),
            unmatched: Some(elsewhere),
            metadata: Vec::new(),
            allow_on_headers_stop_iteration: true,
            upstream_half: UpstreamHalf::Installed,
            lacks_upstream_half: BTreeSet::new(),
            max_requests: BTreeMap::new(),
            may_trap: false,
            traps_at_bytes: None,
            refused: None,
            steps: case.steps.iter().map(|said| self.step(said)).collect(),
        }
    }

    fn step(&self, said: &Said) -> Step {
        let mut step = Step::default();
        match said {
            Said::Wait(time) => step.wait = Some(*time),
            Said::Upstream { target, upstream } => {
                let known = self.tests.clusters.iter().find(|(name, _)| name == target);
                let plan = plan(upstream);
                step.providers =
                    Some(known.map(|(_, cluster)| (cluster.clone(), plan)).into_iter().collect());
            }
            Said::Request(asked) => {
                step.request = Some(request(asked));
                let placed = asked.expected.iter().map(|expected| {
                    let (line, column) = self.place(expected.span);
                    Placed { line, column, wanted: expected.wanted.clone() }
                });
                step.expect.of_policy = placed.collect();
            }
        }
        step
    }

    fn place(&self, span: Span) -> (u64, u64) {
        let place = self.lines.position(self.source, span.start);
        (place.line as u64, place.column as u64)
    }
}

fn plan(upstream: &Upstream) -> Plan {
    match upstream {
        Upstream::Refuses => Plan::Refused,
        Upstream::Does(list) => Plan::Script(list.iter().map(behaviour).collect()),
    }
}

fn behaviour(does: &Does) -> Behaviour {
    let times = does.times.map_or(Times::Forever, Times::Count);
    let fault = |fault| Behaviour { times, fault: Some(fault), ..Behaviour::default() };
    match &does.what {
        What::Answer(Answer { status, after, first_token, between_tokens, headers, says }) => Behaviour {
            times,
            status: Some(*status),
            headers: headers.iter().cloned().collect(),
            latency: *after,
            first_token: *first_token,
            between_tokens: *between_tokens,
            text: says.clone(),
            ..Behaviour::default()
        },
        What::Reset => fault(Fault::Reset),
        What::Cut => fault(Fault::Cut),
        What::Malformed => fault(Fault::Malformed),
        What::Hang => fault(Fault::Hang),
    }
}

fn request(asked: &Asked) -> Request {
    let bodiless = asked.method == "GET" || asked.method == "HEAD";
    Request {
        method: asked.method.clone(),
        path: asked.path.clone(),
        headers: asked.headers.iter().cloned().collect(),
        model: asked.model.clone(),
        stream: asked.stream,
        prompt_bytes: asked.prompt_bytes.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        body: asked.body.clone().or_else(|| bodiless.then(String::new)),
        times: asked.times,
        ..Request::default()
    }
}
