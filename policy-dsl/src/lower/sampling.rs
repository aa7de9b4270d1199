//! What is done with a share of the answers.

use super::{Lower, Settings, document};
use crate::ast::Value;
use crate::policy::{Drift, Judge};

impl Lower<'_, '_> {
    #[expect(clippy::option_option, reason = "absent and wrong are two things")]
    pub(super) fn judge(&self, settings: Settings<'_>) -> Option<Option<Judge>> {
        settings.maybe("judge", |values| {
            let [Value::BasisPoints(share_bp), by, prompt @ ..] = values else { return None };
            let (by, prompt) = (self.target_id(by)?, document(prompt)?);
            Some(Judge { share_bp: *share_bp, by, prompt })
        })
    }

    #[expect(clippy::option_option, reason = "absent and wrong are two things")]
    pub(super) fn drift(&self, settings: Settings<'_>) -> Option<Option<Drift>> {
        settings.maybe("drift", |values| match values {
            [Value::BasisPoints(share_bp), by, Value::BasisPoints(alert)] => {
                Some(Drift { share_bp: *share_bp, by: self.target_id(by)?, alert: *alert })
            }
            _ => None,
        })
    }
}
