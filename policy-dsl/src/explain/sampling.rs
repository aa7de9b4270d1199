//! What is looked at in some answers after they were delivered, in words.

use super::Explainer;
use super::document::Lines;
use super::plan::decimal;
use super::words::{code, quoted};
use crate::policy::{Document, Output, Per, Spending};
use crate::vocabulary::{money_text, percent_text};

pub(super) fn sampling(lines: &mut Lines, explainer: &Explainer<'_>, output: &Output) {
    if let Some(judge) = &output.judge {
        let prompt = match &judge.prompt {
            Document::File(file) => ["the prompt in the file ", &quoted(file)].concat(),
            Document::Inline(_) => "the prompt in the policy".to_owned(),
        };
        let (share, by) = (percent_text(judge.share_bp), explainer.target_name(judge.by));
        let budget = spending(judge.budget);
        let text =
            [&share, " of the answers are scored by ", &by, " after delivery, with ", &prompt, "; ", &budget];
        lines.say(1, "judge", text.concat());
    }
    if let Some(drift) = output.drift {
        let (share, by) = (percent_text(drift.share_bp), explainer.target_name(drift.by));
        let (far, budget) = (decimal(drift.alert), spending(drift.budget));
        let text = [
            &share,
            " of the answers are embedded by ",
            &by,
            "; warns when they move by ",
            &far,
            "; ",
            &budget,
        ];
        lines.say(1, "drift", text.concat());
    }
    if let Some(audit) = &output.audit {
        let (share, cluster, path) = (percent_text(audit.share_bp), code(&audit.cluster), code(&audit.path));
        let text = [
            &share,
            " of the requests go with their answers, redacted, to ",
            &path,
            " at the cluster ",
            &cluster,
        ];
        lines.say(1, "audit", text.concat());
    }
}

fn spending(budget: Spending) -> String {
    let per = match budget.per {
        Per::Second => "second",
        Per::Minute => "minute",
        Per::Hour => "hour",
        Per::Day => "day",
    };
    ["for at most ", &money_text(budget.micro_dollars), " a ", per].concat()
}
