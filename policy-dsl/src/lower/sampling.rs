//! `judge`, `drift` and `audit`.

use super::{Lower, Settings, document};
use crate::ast::Value;
use crate::policy::{Amount, Audit, DEFAULT_BUDGET, Drift, Judge, Spending};

/// Where an audit goes at its sink, if the policy doesn't say.
const AUDIT_PATH: &str = "/v1/audit";

impl Lower<'_, '_> {
    #[expect(clippy::option_option, reason = "absent and wrong are two things")]
    pub(super) fn judge(&self, settings: Settings<'_>) -> Option<Option<Judge>> {
        settings.maybe("judge", |values| {
            let [Value::BasisPoints(share_bp), by, budget, prompt @ ..] = values else { return None };
            let (by, budget) = (self.target_id(by)?, spending(budget)?);
            Some(Judge { share_bp: *share_bp, by, budget, prompt: document(prompt)? })
        })
    }

    #[expect(clippy::option_option, reason = "absent and wrong are two things")]
    pub(super) fn drift(&self, settings: Settings<'_>) -> Option<Option<Drift>> {
        settings.maybe("drift", |values| match values {
            [Value::BasisPoints(share_bp), by, budget, Value::BasisPoints(alert)] => {
                let (by, budget) = (self.target_id(by)?, spending(budget)?);
                Some(Drift { share_bp: *share_bp, by, budget, alert: *alert })
            }
            _ => None,
        })
    }
}

#[expect(clippy::option_option, reason = "absent and wrong are two things")]
pub(super) fn audit(settings: Settings<'_>) -> Option<Option<Audit>> {
    settings.maybe("audit", |values| {
        let [Value::BasisPoints(share_bp), Value::Text(cluster), path] = values else { return None };
        let path = if let Value::Text(path) = path { path } else { AUDIT_PATH };
        Some(Audit { share_bp: *share_bp, cluster: cluster.clone(), path: path.to_owned() })
    })
}

fn spending(value: &Value<'_>) -> Option<Spending> {
    match *value {
        Value::Absent => Some(DEFAULT_BUDGET),
        Value::Amount(Amount::Money { micro_dollars, per, .. }) => Some(Spending { micro_dollars, per }),
        _ => None,
    }
}
