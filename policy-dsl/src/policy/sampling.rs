//! What is looked at in some answers after they were delivered.

use super::{Document, Per, TargetId};

/// What a target may cost that scores or embeds answers, where the policy doesn't say.
pub const DEFAULT_BUDGET: Spending = Spending { micro_dollars: 1_000_000, per: Per::Day };

/// So much money in each period of the calendar, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spending {
    pub micro_dollars: u64,
    pub per: Per,
}

/// Has answers scored by another target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Judge {
    pub share_bp: u32,
    pub by: TargetId,
    pub budget: Spending,
    pub prompt: Document,
}

/// Watches where the embeddings of answers lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Drift {
    pub share_bp: u32,
    pub by: TargetId,
    pub budget: Spending,
    /// Cosine distance, in ten-thousandths.
    pub alert: u32,
}

/// Sends requests with their answers to a sink.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Audit {
    pub share_bp: u32,
    pub cluster: String,
    pub path: String,
}
