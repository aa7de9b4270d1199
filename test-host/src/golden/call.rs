//! One case's request over HTTP, once: whether it is retried is for what serves it to decide.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use super::set::{Case, Set};

/// Most of an answer's body that is read.
const MOST_BYTES: u64 = 16 << 20;

/// The newest version of Anthropic's API; its requests must say one.
const ANTHROPIC_VERSION: &str = "2023-06-01";

/// Sends requests to one place.
#[derive(Debug)]
pub struct Caller {
    agent: ureq::Agent,
    base: String,
    key: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    /// Which target answered, and in how many attempts, where Seawall says so.
    pub(super) target: Option<String>,
    pub(super) attempts: Option<u32>,
    pub(super) body: Value,
    /// Until all of it was there.
    pub(super) latency: Duration,
}

impl Caller {
    /// Sends to paths below this URL; a request may take so long.
    ///
    /// # Errors
    /// When the set's key isn't in the environment.
    pub fn new(base: &str, timeout: Duration, set: &Set) -> anyhow::Result<Self> {
        let key = match &set.key {
            Some(name) => {
                let key = std::env::var(name).ok().filter(|key| !key.is_empty());
                let Some(key) = key else { bail!("the environment has no {name}, which `key` names") };
                Some(key)
            }
            None => None,
        };
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .build();
        Ok(Self { agent: config.into(), base: base.trim_end_matches('/').to_owned(), key })
    }

    /// Sends a case's request and waits for its answer.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn call(&self, case: &Case) -> anyhow::Result<Got> {
        let mut request = self.agent.post(format!("{}{}", self.base, case.path));
        match &self.key {
            Some(key) if case.path.ends_with("/messages") => {
                request = request.header("x-api-key", key).header("anthropic-version", ANTHROPIC_VERSION);
            }
            Some(key) => request = request.header("authorization", format!("Bearer {key}")),
            None => {}
        }
        for (name, value) in &case.headers {
            request = request.header(name, value);
        }
        let begun = Instant::now();
        let mut response = request.send_json(&case.request).context("no answer")?;
        let body = response.body_mut().with_config().limit(MOST_BYTES).read_to_vec();
        let body = body.context("its answer broke off")?;
        let latency = begun.elapsed();
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        Ok(Got {
            status: response.status().as_u16(),
            target: header("x-seawall-target"),
            attempts: header("x-seawall-attempts").and_then(|attempts| attempts.parse().ok()),
            body: serde_json::from_slice(&body).unwrap_or_default(),
            latency,
        })
    }
}
