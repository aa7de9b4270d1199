//! What can run a scenario: the test host in virtual time, or a real Envoy.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use seawall_provider::{Plan, RateLimitPlan, Sent};

use crate::scenario::{Install, Request, Trap};

/// One running world: a filter with its policy, and providers.
pub trait Driver {
    /// Sends a request, or as many of it as are to run beside each other, and waits for the end of every answer.
    ///
    /// # Errors
    /// When the world itself fails (a trap, an Envoy that died), not when the answer is an error.
    fn crowd(&mut self, request: &Request) -> anyhow::Result<Vec<Observed>> {
        Ok(self.crowd_during(request, Meanwhile::default())?.observed)
    }

    /// The same, and something happens while they are under way.
    ///
    /// # Errors
    /// As for [`Driver::crowd`].
    fn crowd_during(&mut self, request: &Request, meanwhile: Meanwhile<'_>) -> anyhow::Result<Crowd>;

    /// Gives the filter another policy and waits until it is in force for all new requests; or until it is refused, and the
    /// one before stays: then the log says why.
    ///
    /// # Errors
    /// When neither happens.
    fn install(&mut self, policy: &str) -> anyhow::Result<Option<String>>;

    /// Sends one request and waits for the end of its answer.
    ///
    /// # Errors
    /// As for [`Driver::crowd`].
    fn request(&mut self, request: &Request) -> anyhow::Result<Observed> {
        self.crowd(request)?.pop().context("no request was made")
    }

    /// Lets time pass.
    ///
    /// # Errors
    /// As for [`Driver::crowd`].
    fn wait(&mut self, time: Duration) -> anyhow::Result<()>;

    /// From here on, `provider` does this.
    ///
    /// # Errors
    /// When there is no such provider.
    fn set_provider(&mut self, provider: &str, plan: Plan) -> anyhow::Result<()>;

    /// From here on, this rate limit service does this.
    ///
    /// # Errors
    /// When there is no such service.
    fn set_rate_limit_service(&mut self, service: &str, plan: RateLimitPlan) -> anyhow::Result<()>;

    /// Makes the next callback on a worker trap when it has taken so many steps, about one for each Wasm instruction.
    ///
    /// # Errors
    /// When nothing here can do that.
    fn trap(&mut self, worker: u32, steps: u64) -> anyhow::Result<()>;
}

/// What happens while requests are under way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meanwhile<'s> {
    pub install: Option<&'s Install>,
    pub trap: Option<Trap>,
}

/// What requests beside each other led to.
#[derive(Debug)]
pub struct Crowd {
    pub observed: Vec<Observed>,
    /// What became of the policy that was installed meanwhile, if one was; as in [`Driver::install`].
    pub installed: Option<Option<String>>,
}

/// What one request led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Whether the answer came to its proper end; `false` when the connection broke.
    pub complete: bool,
    /// Whether the client left before that, as it was told to.
    pub left: bool,
    /// The filter's decisions, as in [`crate::trace`]; of requests beside each other, those of all.
    pub trace: Vec<String>,
    /// Requests seen by each provider during this one, or during all that ran beside it.
    pub upstream: BTreeMap<String, u32>,
    /// From the request to the first byte of the answer's body.
    pub first_byte: Option<Duration>,
    /// What those requests said, in order.
    pub saw: BTreeMap<String, Vec<Sent>>,
    /// What each rate limit service was asked since the request before.
    pub asked: BTreeMap<String, Vec<String>>,
    pub elapsed: Duration,
}
