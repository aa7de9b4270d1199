//! What can run a scenario: the test host in virtual time, or a real Envoy.

use std::collections::BTreeMap;
use std::time::Duration;

use seawall_provider::Plan;

use crate::scenario::Request;

/// One running world: a filter with its policy, and providers.
pub trait Driver {
    /// Sends a request and waits for the end of its answer.
    ///
    /// # Errors
    /// When the world itself fails (a trap, an Envoy that died), not when the answer is an error.
    fn request(&mut self, request: &Request) -> anyhow::Result<Observed>;

    /// Lets time pass.
    ///
    /// # Errors
    /// As for [`Driver::request`].
    fn wait(&mut self, time: Duration) -> anyhow::Result<()>;

    /// From here on, `provider` does this.
    ///
    /// # Errors
    /// When there is no such provider.
    fn set_provider(&mut self, provider: &str, plan: Plan) -> anyhow::Result<()>;
}

/// What one request led to.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the answer came to its proper end; `false` when the connection broke.
    pub complete: bool,
    /// The filter's decisions, as in [`crate::trace`].
    pub trace: Vec<String>,
    /// Requests seen by each provider during this one.
    pub upstream: BTreeMap<String, u32>,
    pub elapsed: Duration,
}
