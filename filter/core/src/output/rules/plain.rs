//! What can be told without understanding the text.

use seawall_policy::policy::FinishWord;

use super::json::Text;
use super::repeats::repeats;
use super::{Found, Rule, Rules};
use crate::output::Choice;
use crate::stream::Finish;

impl Rules {
    /// `answers` says whether the text is the answer.
    #[inline(never)] // See [profile.wasm].
    pub(super) fn check_plain(&self, (choice, text): (&Choice, &Text<'_>), answers: bool, found: &mut Found) {
        self.check_length(choice, answers, found);
        for (rule, message) in self.ended(choice) {
            found.add(rule, choice, String::new(), message);
        }
        if let Some(most) = self.policy.repeats
            && repeats(text, most)
        {
            let message = format!("must not have a passage that follows itself more than {most} times");
            found.add(Rule::Repetition, choice, String::new(), message);
        }
    }

    /// What is wrong with how a choice has ended, as far as that is known.
    pub(super) fn ended(&self, choice: &Choice) -> impl Iterator<Item = (Rule, &'static str)> {
        // Gemini, Responses and forced tools end with calls as they do without.
        let finish = match choice.finish {
            Some(Finish::Stop) if !choice.calls.is_empty() => Some(Finish::ToolCalls),
            other => other,
        };
        let policy = &self.policy;
        let other =
            finish.filter(|finish| !policy.finish.is_empty() && !policy.finish.contains(&word(*finish)));
        let is_refused = !choice.refusal.is_empty() || finish == Some(Finish::Refused);
        let refusal = (policy.denies_refusals && is_refused).then_some("must not be a refusal");
        let ends = other.map(|finish| (Rule::Finish, ended(finish)));
        ends.into_iter().chain(refusal.map(|message| (Rule::Refusal, message)))
    }

    fn check_length(&self, choice: &Choice, answers: bool, found: &mut Found) {
        let (least, most) = (self.policy.least_characters, self.policy.most_characters);
        if least.is_none() && most.is_none() {
            return;
        }
        let (characters, told) = (choice.text.chars().count(), choice.text.trim().chars().count());
        if let Some(least) = least.filter(|least| answers && told < *least as usize) {
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
