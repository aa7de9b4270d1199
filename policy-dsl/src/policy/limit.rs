//! Who calls, and how much they may use.

use std::time::Duration;

use super::GroupId;

/// Where a caller's name can come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TenantSource {
    /// A claim of the JWT that Envoy verified.
    Jwt { claim: String },
    /// A header; trusted when the policy says that callers can't set it.
    Header { name: String, trusted: bool },
    /// The subject alternative name of the client's certificate.
    San,
    /// A hash of the API key the caller sends.
    ApiKey,
}

/// Callers that are treated alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tier {
    pub name: String,
    /// In order, no tenant in two tiers.
    pub tenants: Vec<String>,
    /// Takes everybody whom no tier names; at most one tier of a policy.
    pub is_default: bool,
    /// The higher goes first.
    pub priority: u32,
    /// Share among tiers of one priority.
    pub weight: u32,
}

/// How much may be used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    pub name: String,
    pub scope: Scope,
    pub amount: Amount,
    /// Of the amount, in basis points.
    pub burst_bp: u32,
    /// Longest wait in line; `None` refuses at once.
    pub wait: Option<Duration>,
    /// Longest line.
    pub queue: u32,
    /// Tells when so much is used, in basis points.
    pub warn_bp: Option<u32>,
    /// Tells when much more is used than is usual.
    pub anomaly: Option<Anomaly>,
    /// Counts, but refuses nothing.
    pub observe: bool,
    /// Cluster of a rate limit service that holds the count.
    pub service: Option<String>,
}

/// When more is used than is usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Anomaly {
    /// More than so many hundredths of what is usual.
    pub above_baseline_hundredths: u32,
    /// In which time that is used.
    pub window: Duration,
}

/// Whose use is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    Global,
    Tenant,
    Tier,
    Route,
    Target,
    Group(GroupId),
}

/// An amount of something, mostly per time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Amount {
    Tokens {
        kind: Tokens,
        amount: u64,
        per: Per,
    },
    Requests {
        amount: u64,
        per: Per,
    },
    /// At the same time.
    Concurrent(u64),
    Money {
        micro_dollars: u64,
        per: Per,
        window: Money,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tokens {
    All,
    Input,
    Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Per {
    Second,
    Minute,
    Hour,
    Day,
}

/// When money starts counting anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Money {
    /// With the second, minute, hour or day, UTC.
    Calendar,
    /// At any time the last such period counts.
    Rolling,
}
