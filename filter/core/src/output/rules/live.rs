//! Answers on their way: what can't become valid any more, whatever follows.
//!
//! Each text is read on from where it was read before. Patterns, repetitions and lengths need each byte once. JSON is read from its beginning, but only
//! where it has grown by half, so that all readings together take a few times as long as one.

use seawall_schema::regex::{Budget, Exhausted, Search};
use seawall_schema::{Scratch, Start, Unreadable};

use super::json::{Work, is_field};
use super::patterns::{Patterns, is_written};
use super::repeats::{Repeats, is_json};
use super::{Rule, Rules, answers};
use crate::output::{Asked, Choice, Content, settled, unescape};

/// Bytes of one text that are looked at in one callback. What is left is looked at in the next.
const BYTES: usize = 32 * 1024;
/// Bytes before JSON is first read.
const FIRST_READING: usize = 32;

/// What was seen of one answer.
#[derive(Debug, Default)]
pub(crate) struct Live {
    choices: Vec<Seen>,
    scratch: Scratch,
    /// What each pattern may still take.
    budgets: Vec<Budget>,
}

#[derive(Debug, Default)]
struct Seen {
    number: u32,
    text: Text,
    refusal: Text,
    calls: Vec<Text>,
    characters: usize,
    /// Bytes that were counted.
    counted: usize,
    repeats: Repeats,
}

#[derive(Debug, Default)]
struct Text {
    searched: Searched,
    /// Of JSON that has escapes: what it says, searched beside how it is written.
    unescaped: Option<Searched>,
    /// Bytes at which the JSON is read again.
    next_reading: usize,
}

/// How far a text was searched.
#[derive(Clone, Debug, Default)]
struct Searched {
    bytes: usize,
    searches: Vec<Search>,
}

impl Live {
    /// The rule that this content breaks for good. Its texts are as at the last call, or longer; the tools that it calls are read.
    pub(crate) fn look(&mut self, rules: &Rules, asked: &Asked, content: &Content) -> Option<Rule> {
        if self.budgets.is_empty() {
            self.budgets = rules.deny.budgets();
        }
        let mut work = Work::new(content, &mut self.scratch);
        for (at, choice) in content.choices.iter().enumerate() {
            // By their numbers: one with a lower number may come later.
            if self.choices.get(at).is_none_or(|seen| seen.number != choice.number) {
                self.choices
                    .insert(at.min(self.choices.len()), Seen { number: choice.number, ..Seen::default() });
            }
            let Some(seen) = self.choices.get_mut(at) else { continue };
            seen.calls.resize_with(choice.calls.len(), Text::default);
            let broken = seen
                .plain(rules, choice)
                .or_else(|| seen.denied(rules, choice, &mut self.budgets))
                .or_else(|| seen.json(rules, asked, choice, &mut work))
                .or_else(|| seen.calls(rules, asked, choice, &mut work));
            if broken.is_some() {
                return broken;
            }
        }
        None
    }
}

impl Seen {
    fn plain(&mut self, rules: &Rules, choice: &Choice) -> Option<Rule> {
        if let Some(most) = rules.policy.most_characters {
            let new = choice.text.get(self.counted..).unwrap_or("");
            self.characters += new.chars().count();
            self.counted += new.len();
            if self.characters > most as usize {
                return Some(Rule::Length);
            }
        }
        if let Some(most) = rules.policy.repeats
            && !is_json(&choice.text)
            && self.repeats.look(&choice.text, most, BYTES)
        {
            return Some(Rule::Repetition);
        }
        rules.ended(choice).next().map(|(rule, _)| rule)
    }

    fn denied(&mut self, rules: &Rules, choice: &Choice, budgets: &mut [Budget]) -> Option<Rule> {
        let calls = self.calls.iter_mut().zip(choice.calls.iter().map(|call| &call.arguments));
        let texts =
            [(&mut self.text, &choice.text), (&mut self.refusal, &choice.refusal)].into_iter().chain(calls);
        for (seen, text) in texts {
            match seen.has_denied(&rules.deny, text, budgets) {
                Ok(false) => {}
                Ok(true) => return Some(Rule::Deny),
                Err(Exhausted) => return Some(Rule::Size),
            }
        }
        None
    }

    fn json(&mut self, rules: &Rules, asked: &Asked, choice: &Choice, work: &mut Work<'_>) -> Option<Rule> {
        let is_blank = choice.text.trim_ascii_start().is_empty();
        // A call that follows would make it no answer.
        if is_blank || asked.has_tools() || !answers(asked, choice) {
            return None;
        }
        let (schemas, fields) = (rules.schemas(asked), &rules.policy.fields);
        if schemas.is_empty() && fields.is_empty() {
            return None;
        }
        let (rule, begins) =
            if schemas.is_empty() { (Rule::Fields, "{[") } else { (Rule::Schema, "{[\"-0123456789tfn") };
        let Ok(start) = self.text.read(&choice.text, begins, work)? else { return Some(rule) };
        if schemas.iter().any(|schema| work.rules_out(schema, &start)) {
            return Some(Rule::Schema);
        }
        start.outer_names().any(|(_, name)| !is_field(fields, name)).then_some(Rule::Fields)
    }

    fn calls(&mut self, rules: &Rules, asked: &Asked, choice: &Choice, work: &mut Work<'_>) -> Option<Rule> {
        if !rules.minds_calls() {
            return None;
        }
        for (seen, call) in self.calls.iter_mut().zip(&choice.calls) {
            if call.is_text || !call.has_begun() {
                continue;
            }
            let tool = asked.tools.iter().find(|tool| tool.name == call.name);
            if rules.policy.tools_declared && tool.is_none() && !asked.has_more_tools {
                return Some(Rule::Tools);
            }
            let schema = tool.and_then(|tool| tool.schema.as_deref());
            if schema.is_none() && !rules.policy.tools_declared {
                continue;
            }
            let is_broken = match seen.read(&call.arguments, "{", work) {
                Some(Ok(start)) => schema.is_some_and(|schema| work.rules_out(schema, &start)),
                Some(Err(_)) => true,
                None => false,
            };
            if is_broken {
                return Some(rules.rule_of_calls());
            }
        }
        None
    }
}

impl Text {
    /// Searches on, in no more bytes than one callback may take.
    fn has_denied(&mut self, deny: &Patterns, text: &str, budgets: &mut [Budget]) -> Result<bool, Exhausted> {
        let new = text.get(self.searched.bytes..).unwrap_or("");
        let mut new = new.get(..new.floor_char_boundary(BYTES)).unwrap_or("");
        if new.is_empty() || budgets.is_empty() {
            return Ok(false);
        }
        // Up to its first escape it says what is written.
        if self.unescaped.is_none()
            && let Some((plain, escaped)) = new.find('\\').and_then(|first| new.split_at_checked(first))
            && is_written(text)
        {
            if self.searched.has(deny, plain, plain.len(), budgets)? {
                return Ok(true);
            }
            self.unescaped = Some(self.searched.clone());
            new = escaped;
        }
        if self.searched.has(deny, new, new.len(), budgets)? {
            return Ok(true);
        }
        let Some(unescaped) = &mut self.unescaped else { return Ok(false) };
        let new = text.as_bytes().get(unescaped.bytes..self.searched.bytes).unwrap_or_default();
        // An escape that isn't here in full waits for the rest of it: a few bytes.
        let new = new.get(..settled(new)).unwrap_or_default();
        let mut said = String::with_capacity(new.len());
        unescape(new, &mut said);
        unescaped.has(deny, &said, new.len(), budgets)
    }

    /// What is there of the JSON, if it is worth to read it now. Its first character is looked at as soon as it comes.
    fn read<'t>(
        &mut self,
        text: &'t str,
        begins: &str,
        work: &Work<'_>,
    ) -> Option<Result<Start<'t>, Unreadable>> {
        if self.next_reading == 0 {
            let first = text.trim_start().chars().next()?;
            if !begins.contains(first) {
                return Some(Err(Unreadable::Malformed { at: 0 }));
            }
            self.next_reading = FIRST_READING;
        }
        if text.len() < self.next_reading {
            return None;
        }
        self.next_reading = text.len() + (text.len() / 2).max(FIRST_READING);
        // What is too large is told at the end.
        Some(Start::read(text, work.limits)).filter(|read| !matches!(read, Err(Unreadable::TooLarge)))
    }
}

impl Searched {
    /// Searches on in what so many bytes say.
    fn has(
        &mut self,
        deny: &Patterns,
        said: &str,
        bytes: usize,
        budgets: &mut [Budget],
    ) -> Result<bool, Exhausted> {
        self.bytes += bytes;
        deny.read_on(&mut self.searches, said, budgets)
    }
}
