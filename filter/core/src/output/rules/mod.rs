//! The rules of a route's `output`, made ready.
//!
//! | part | finds |
//! |---|---|
//! | `json` | what isn't the JSON that schemas ask for, or has members that it must not have |
//! | `tools` | calls that can't be made |
//! | `patterns` | what must not be in a text, and what must |
//! | `plain` | texts of the wrong length, answers that end as they must not, refusals |
//! | `language` | texts in another language |
//! | `repeats` | passages that follow themselves again and again |
//! | `live` | what of these can be told before the end of an answer |
//!
//! What is asked of a text is only asked of a choice that answers: one that declines, or calls tools, has its say elsewhere. What costs much to
//! find out has a budget, which all choices share. A text for which it doesn't suffice doesn't fit a schema. What patterns can't be
//! searched for in, and JSON beyond the limits of what is read, breaks a rule of its own ([`Rule::Size`]): nobody knows whether it
//! fits, and who asks for rules asks for answers that do.

mod json;
mod language;
mod live;
mod patterns;
mod plain;
mod repeats;
#[cfg(test)]
mod tests;
mod tools;
mod words;

use seawall_policy::policy::{self, InvalidAction, Output};
use seawall_schema::{Changes, Schema, Scratch};

use self::json::{Text, Work};
use self::language::Languages;
pub(crate) use self::live::Live;
use self::patterns::Patterns;
pub use self::words::{Broken, Rule};
use super::{Asked, Choice, Content, Wants};
use crate::stream::Finish;

/// Whether this build has what rules need.
pub(crate) const IS_BUILT_IN: bool = cfg!(feature = "output");

/// Breaches that are told at most.
pub(crate) const MOST_BREACHES: usize = 16;
/// Longest pointer that is told. Names in it are the model's.
const LONGEST_POINTER: usize = 256;

/// One place where an answer doesn't fit. It tells nothing that the answer says but names of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) rule: Rule,
    /// The choice, and where in its JSON: a JSON pointer. That of what the third call gives its tool begins with `/calls/2/arguments`.
    pub(crate) choice: u32,
    pub(crate) pointer: String,
    /// For people and for the model: what is wrong, by the rule.
    pub(crate) message: String,
}

impl Breach {
    /// One of the first choice as a whole.
    pub(crate) fn of(rule: Rule, message: &str) -> Self {
        Self { rule, choice: 0, pointer: String::new(), message: message.to_owned() }
    }
}

/// The rules of one route.
#[derive(Debug)]
pub(crate) struct Rules {
    policy: Output,
    schema: Option<Schema>,
    /// Any JSON fits it.
    any: Schema,
    deny: Patterns,
    require: Patterns,
    /// Where one is asked for.
    languages: Option<Languages>,
}

/// What was found of an answer, so far.
#[derive(Debug, Default)]
struct Found {
    breaches: Vec<Breach>,
}

impl Found {
    fn is_full(&self) -> bool {
        self.breaches.len() >= MOST_BREACHES
    }

    fn add(&mut self, rule: Rule, choice: &Choice, pointer: String, message: impl Into<String>) {
        if !self.is_full() {
            let pointer = cut(pointer, LONGEST_POINTER);
            self.breaches.push(Breach { rule, choice: choice.number, pointer, message: message.into() });
        }
    }
}

impl Rules {
    /// Makes them ready.
    ///
    /// # Errors
    /// What of them can't be honoured.
    pub(crate) fn new(policy: &Output) -> Result<Self, String> {
        if !IS_BUILT_IN {
            return Err("this filter was built without what `output` needs (the feature `output`)".to_owned());
        }
        Ok(Self {
            schema: policy.schema.as_ref().map(json::compile).transpose()?,
            any: json::any()?,
            deny: Patterns::new("deny", &policy.deny)?,
            require: Patterns::new("require", &policy.require)?,
            languages: policy.language.is_some().then(Languages::new),
            policy: policy.clone(),
        })
    }

    /// The policy's words.
    pub(crate) fn policy(&self) -> &Output {
        &self.policy
    }

    /// Whether an action may be taken with what breaks them: what stands behind `reject` never is.
    pub(crate) fn may(&self, action: InvalidAction) -> bool {
        self.actions().any(|other| other == action)
    }

    /// The actions that may be taken with what breaks them, in order.
    pub(crate) fn actions(&self) -> impl Iterator<Item = InvalidAction> {
        self.policy.invalid.iter().copied().take_while(|action| *action != InvalidAction::Reject)
    }

    /// What of a request they look at.
    pub(crate) fn wants(&self) -> Wants {
        Wants::of(&self.policy)
    }

    /// Where a whole answer breaks them: nowhere if it fits.
    pub(crate) fn check(&self, asked: &Asked, content: &Content, scratch: &mut Scratch) -> Vec<Breach> {
        self.check_within(asked, content, &mut Work::new(content, scratch))
    }

    fn check_within(&self, asked: &Asked, content: &Content, work: &mut Work<'_>) -> Vec<Breach> {
        let mut found = Found::default();
        let choices = content.choices.as_slice();
        for choice in choices {
            if found.is_full() {
                break;
            }
            let (answers, text) = (answers(asked, choice), Text::new(&choice.text));
            self.check_plain((choice, &text), answers, &mut found);
            if answers {
                self.check_json(asked, (choice, &text), work, &mut found);
            }
            self.check_calls(asked, choice, work, &mut found);
        }
        self.check_language(asked, choices, &mut found);
        self.check_patterns(asked, choices, &mut found);
        found.breaches
    }

    #[inline(never)] // See [profile.wasm].
    fn check_language(&self, asked: &Asked, choices: &[Choice], found: &mut Found) {
        let Some(languages) = &self.languages else { return };
        let (expected, message) = match &self.policy.language {
            Some(policy::Languages::Listed(codes)) => (
                Languages::mask(codes.iter().map(String::as_str)),
                "must be in a language that is asked for: ".to_owned() + &codes.join(", "),
            ),
            _ => match languages.of(&asked.last_text) {
                Some(language) => (language, "must be in the language of the question".to_owned()),
                None => return,
            },
        };
        let is_other =
            |choice: &&Choice| answers(asked, choice) && languages.is_other(&choice.text, expected);
        for choice in choices.iter().filter(is_other) {
            found.add(Rule::Language, choice, String::new(), message.clone());
        }
    }

    /// The same answer with what can be repaired, if all rules hold for it then.
    pub(crate) fn repair(
        &self,
        asked: &Asked,
        content: &Content,
        scratch: &mut Scratch,
    ) -> Option<(Content, Changes)> {
        let (mut content, mut changes) = (content.clone(), None);
        let mut work = Work::new(&content, scratch);
        for choice in &mut content.choices {
            if answers(asked, choice) {
                self.repair_json(asked, choice, &mut work, &mut changes)?;
            }
            self.repair_calls(asked, choice, &mut work, &mut changes)?;
        }
        let changes = changes?;
        self.check_within(asked, &content, &mut work).is_empty().then_some((content, changes))
    }
}

/// Whether the text of a choice is the answer. It is not where the model declines, or hands over something else; nor beside calls of tools
/// that it was offered, where it says what it is about to do.
fn answers(asked: &Asked, choice: &Choice) -> bool {
    let is_blank = choice.text.trim().is_empty();
    let is_refused = !choice.refusal.is_empty() || choice.finish == Some(Finish::Refused);
    if is_blank && (is_refused || choice.has_more) {
        return false;
    }
    choice.calls.is_empty() || !asked.has_tools()
}

impl Asked {
    fn has_tools(&self) -> bool {
        self.may_call || !self.tools.is_empty() || self.has_more_tools
    }
}

/// The start of a text, in so many bytes.
fn cut(mut text: String, longest: usize) -> String {
    while text.len() > longest {
        let end = (0..=longest).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}
