//! What is counted.

use seawall_policy::policy::{LimitId, TargetId};

use super::{
    ContractEvent, HedgeEvent, LimitEvent, Outcome, OutputEvent, Reason, SampleEvent, SampleKind, Tokens,
};
use crate::output::Rule;

/// Something to count. Names: `seawall.attempts.<target>.<outcome>`, `seawall.hedges.<target>.<event>`, `seawall.answers.<reason>`,
/// `seawall.limits.<limit>.<event>`, `seawall.conversations.<route>.<event>`, `seawall.tokens.<target>.<what>`,
/// `seawall.contracts.<route>.<event>`, `seawall.outputs.<target>.<event>`, `seawall.broken.<target>.<rule>`,
/// `seawall.samples.<route>.<what>.<event>` (counters), `seawall.contracts.<route>.slow`,
/// `seawall.quality.<target>.share`, `seawall.quality.<target>.usual`, `seawall.scores.<route>.<target>.mean`, `seawall.drift.<route>.<target>.distance` and `seawall.breaker.<target>.state` (gauges). Routes go by their number in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    Attempt(TargetId, Outcome),
    /// By the target that the hedge goes to.
    Hedge(TargetId, HedgeEvent),
    Answer(Reason),
    Limit(LimitId, LimitEvent),
    /// What conversations of a route may come to; by the number of the route.
    Conversation(usize, LimitEvent),
    /// So many more.
    Tokens(TargetId, Tokens, u64),
    Contract(usize, ContractEvent),
    /// What becomes of a target's answers that don't fit.
    Output(TargetId, OutputEvent),
    /// An answer of a target broke this rule of its route's `output`, as it came.
    Broken(TargetId, Rule),
    /// The share of a target's answers that was good of late, in ten-thousandths.
    Quality(TargetId, u64),
    /// What that share usually is.
    UsualQuality(TargetId, u64),
    /// Whether the requests of a route take longer than its contract says: 1, or 0.
    Slow(usize, u64),
    /// The gauge's new value comes with it.
    Breaker(TargetId, u64),
    /// What becomes of samples of a route's answers.
    Sample(usize, SampleKind, SampleEvent),
    /// The mean score of a route's answers from a target, in ten-thousandths.
    Score(usize, TargetId, u64),
    /// How far a route's answers from a target have moved, in ten-thousandths.
    Drift(usize, TargetId, u64),
}
