//! What can be told without understanding the text.

use seawall_policy::policy::FinishWord;

use super::{Found, Rule, Rules};
use crate::output::Choice;
use crate::stream::Finish;

impl Rules {
    /// `answers` says whether the text is the answer.
    pub(super) fn check_plain(&self, choice: &Choice, answers: bool, found: &mut Found) {
        self.check_length(choice, answers, found);
        let policy = &self.policy;
        if let Some(finish) = choice.finish
            && !policy.finish.is_empty()
            && !policy.finish.contains(&word(finish))
        {
            found.add(Rule::Finish, choice, String::new(), ended(finish));
        }
        if policy.denies_refusals && (!choice.refusal.is_empty() || choice.finish == Some(Finish::Refused)) {
            found.add(Rule::Refusal, choice, String::new(), "must not be a refusal");
        }
    }

    fn check_length(&self, choice: &Choice, answers: bool, found: &mut Found) {
        let (least, most) = (self.policy.least_characters, self.policy.most_characters);
        if least.is_none() && most.is_none() {
            return;
        }
        let characters = choice.text.chars().count();
        if let Some(least) = least.filter(|least| answers && characters < *least as usize) {
            found.add(Rule::Length, choice, String::new(), format!("must have at least {least} characters"));
        }
        if let Some(most) = most.filter(|most| characters > *most as usize) {
            found.add(Rule::Length, choice, String::new(), format!("must have at most {most} characters"));
        }
    }
}

fn word(finish: Finish) -> FinishWord {
    match finish {
        Finish::Stop => FinishWord::Stop,
        Finish::Length => FinishWord::Length,
        Finish::ToolCalls => FinishWord::ToolCalls,
        Finish::Refused => FinishWord::Refused,
        Finish::Other => FinishWord::Other,
    }
}

fn ended(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "must not end by itself",
        Finish::Length => "must not be cut off at a limit of tokens",
        Finish::ToolCalls => "must not end with calls of tools",
        Finish::Refused => "must not end by being declined",
        Finish::Other => "must not end for an unusual reason",
    }
}
