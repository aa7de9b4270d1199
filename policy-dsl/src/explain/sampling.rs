//! What is done with a share of the answers, in words.

use super::Explainer;
use super::document::Lines;
use super::plan::decimal;
use super::words::quoted;
use crate::policy::{Document, Output};
use crate::vocabulary::percent_text;

pub(super) fn sampling(lines: &mut Lines, explainer: &Explainer<'_>, output: &Output) {
    if let Some(judge) = &output.judge {
        let prompt = match &judge.prompt {
            Document::File(file) => format!("with the prompt in the file {}", quoted(file)),
            Document::Inline(_) => "with the prompt in the policy".into(),
        };
        let (share, by) = (percent_text(judge.share_bp), explainer.target_name(judge.by));
        lines.say(1, "judge", format!("{share} of the answers are scored by {by} after delivery, {prompt}"));
    }
    if let Some(drift) = output.drift {
        let (share, by) = (percent_text(drift.share_bp), explainer.target_name(drift.by));
        let far = decimal(drift.alert);
        lines.say(
            1,
            "drift",
            format!("{share} of the answers are embedded by {by}; warns when they move by {far}"),
        );
    }
}
