//! What breakers, limits, contracts, outputs and samples do, and tell of themselves.

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    Closed,
    HalfOpen,
    Open,
}

impl BreakerState {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }

    /// The value of the gauge: 0 closed, 1 half-open, 2 open.
    #[must_use]
    pub fn gauge(self) -> u64 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }
}

/// What a limit does to a request, or tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitEvent {
    Refused,
    /// It lets it wait in line.
    Waits,
    /// It only observes, or it would have refused.
    WouldRefuse,
    /// So much of it is in use as the policy warns of.
    Warns,
    /// Much more of it is used than is usual.
    Anomaly,
    /// Its rate limit service is away, and this proxy's own count has admitted a request.
    Local,
}

impl LimitEvent {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Waits => "waits",
            Self::WouldRefuse => "would_refuse",
            Self::Warns => "warns",
            Self::Anomaly => "anomaly",
            Self::Local => "local",
        }
    }
}

/// Why a rate limit service counts as away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceFault {
    /// It took too long.
    Timeout,
    /// It can't be reached.
    Unavailable,
    /// It answers with an error, that it doesn't know, or with something else.
    Unclear,
}

impl ServiceFault {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Unclear => "unclear",
        }
    }
}

/// What is counted of the tokens of attempts' prompts at a target. How far estimates are off, on the average, is `off` over `reported`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tokens {
    /// Prompts counted as the model itself counts them.
    Exact,
    /// Prompts whose tokens were estimated.
    Estimate,
    /// Tokens that the provider has reported for estimated prompts.
    Reported,
    /// Tokens that those estimates were too high or too low by.
    Off,
}

impl Tokens {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Estimate => "estimate",
            Self::Reported => "reported",
            Self::Off => "off",
        }
    }
}

/// What a route's contract does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContractEvent {
    Refused,
    /// Its oldest turns are left out.
    Trimmed,
    /// It goes to the target for longer prompts.
    Larger,
}

impl ContractEvent {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Trimmed => "trimmed",
            Self::Larger => "larger",
        }
    }
}

/// What becomes of hedges. The others lose, or fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HedgeEvent {
    /// One is sent.
    Sent,
    /// Its answer is the client's.
    Won,
}

impl HedgeEvent {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Won => "won",
        }
    }
}

/// What becomes of an answer that doesn't fit its route's `output`, or that can't be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutputEvent {
    /// It was made to fit.
    Repaired,
    /// The same target is asked again, with what was wrong.
    Retried,
    /// Another target is asked.
    FailedOver,
    /// The caller gets an error in its place.
    Rejected,
    /// It is delivered, and marked.
    Passed,
    /// It had gone to the caller when its fault was found; it was a stream.
    Found,
    /// The same, and it was ended there.
    Ended,
    /// It can't be read, or is too long to be held: it is delivered, and marked.
    Unchecked,
}

impl OutputEvent {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Repaired => "repaired",
            Self::Retried => "retried",
            Self::FailedOver => "failed_over",
            Self::Rejected => "rejected",
            Self::Passed => "passed",
            Self::Found => "found",
            Self::Ended => "ended",
            Self::Unchecked => "unchecked",
        }
    }
}

/// What is done with answers that were drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SampleKind {
    Judge,
    Drift,
    Audit,
}

impl SampleKind {
    pub const ALL: [Self; 3] = [Self::Judge, Self::Drift, Self::Audit];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Judge => "judge",
            Self::Drift => "drift",
            Self::Audit => "audit",
        }
    }
}

/// What becomes of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SampleEvent {
    /// The answer was drawn, and delivered.
    Sampled,
    /// It has a score, or its embedding is known.
    Scored,
    /// The sink has taken it.
    Sent,
    /// What the judge or the model for embeddings has said can't be read.
    Unparsable,
    /// It was asked and hasn't answered, or with an error; or the sink hasn't taken it.
    Failed,
    /// There was no room for it, or nothing in it to look at.
    Dropped,
    /// The budget doesn't allow the call, or its price isn't known.
    OverBudget,
}

impl SampleEvent {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sampled => "sampled",
            Self::Scored => "scored",
            Self::Sent => "sent",
            Self::Unparsable => "unparsable",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
            Self::OverBudget => "over_budget",
        }
    }
}
