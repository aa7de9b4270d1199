//! Tool calls that repeat: an agent that goes round in circles calls the same tool with the same arguments, or two or more
//! in turns, and learns nothing from the answers.
//!
//! A *row* is what a conversation ends with: up to [`LONGEST`] calls, the same again, and again. `A A A` is a row of one call
//! three times, `A B A B` one of two calls twice. It ends when anything else is called, when the user says something, or when
//! a call's result is another than the last time: who asks how far a job is until it is done goes round in no circle. A result
//! that nothing is known of, because it isn't sent along, is no other one. Calls made at once have no order; the same one among
//! them counts once, with the last of its results. Only the last calls matter, so the effort is one pass through the conversation, and a bounded number
//! of calls looked at closely; results are, where their calls are the same.

use std::cell::OnceCell;

use crate::body::{Call, Facts};

/// Most different calls in turns.
pub(crate) const LONGEST: usize = 8;

/// Most that is told of a tool's name.
const NAME: usize = 64;

/// Most tools that are told by name.
const NAMED: usize = 3;

/// Calls that repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) times: u32,
    /// How many calls are made in turns.
    length: usize,
    /// Their tools, the first of them.
    tools: Vec<String>,
}

/// A call, which stands for all of the same that were made at once.
struct Step<'b> {
    call: Call<'b>,
    hash: (u64, u64),
    result: OnceCell<Option<u64>>,
}

impl Step<'_> {
    fn result(&self) -> Option<u64> {
        *self.result.get_or_init(|| self.call.result())
    }

    fn is_again(&self, other: &Self) -> bool {
        self.hash == other.hash && self.result().zip(other.result()).is_none_or(|(one, other)| one == other)
    }
}

/// The calls in their order, each once of those that were made at once, which have one by their hashes.
fn steps<'b>(calls: impl IntoIterator<Item = Call<'b>>) -> Vec<Step<'b>> {
    let mut steps: Vec<Step<'b>> = Vec::new();
    for call in calls {
        let hash = call.hash();
        let before = steps.iter().rev().take_while(|step| step.call.round == call.round && step.hash >= hash);
        let place = steps.len() - before.count();
        let step = Step { call, hash, result: OnceCell::new() };
        match steps.get_mut(place).filter(|known| known.hash == hash && known.call.round == call.round) {
            Some(known) => *known = step,
            None => steps.insert(place, step),
        }
    }
    steps
}

/// The row that a conversation ends with; looks for up to one time more than `most`.
pub(crate) fn row(facts: &Facts, body: &[u8], most: u32) -> Option<Row> {
    let steps = steps(facts.last_calls(body, LONGEST * (most as usize + 1)));
    let mut best: Option<(u32, usize)> = None;
    for length in 1..=LONGEST {
        let again = steps.iter().rev().zip(steps.iter().rev().skip(length));
        let same = again.take_while(|(one, other)| one.is_again(other)).count();
        let times = (same / length) as u32 + 1;
        if steps.len() >= length && best.is_none_or(|(known, _)| times > known) {
            best = Some((times, length));
        }
    }
    let (times, length) = best?;
    let of_row = steps.iter().skip(steps.len().saturating_sub(length));
    Some(Row { times, length, tools: of_row.take(NAMED).map(|step| step.call.name(NAME)).collect() })
}

impl Row {
    /// What the agent is told.
    pub(crate) fn message(&self, most: u32) -> String {
        let mut names = String::new();
        for (n, tool) in self.tools.iter().enumerate() {
            for part in [if n > 0 { ", `" } else { "`" }, tool, "`"] {
                names += part;
            }
        }
        if self.length > self.tools.len() {
            names += " and others";
        }
        let what = if self.length == 1 {
            ["the tool ", &names, " has been called with the same arguments "]
        } else {
            ["the tools ", &names, " have been called in turns with the same arguments "]
        };
        let (times, most) = (self.times.to_string(), most.to_string());
        let parts = ["stop: ", &what.concat(), &times, " times in a row, and ", &most];
        [&parts.concat(), " is the most; answer with what is known, or do something else"].concat()
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
