//! What must not be in a text, and what must.

use std::cell::RefCell;

use seawall_schema::regex::{Budget, Cache, Pattern, Search};

use super::{Found, Rule, Rules, answers, cut};
use crate::output::{Asked, Choice};

/// What all patterns of one rule may take for an answer, some 20 ms.
const BUDGET: u64 = 2_000_000;
/// Bytes of a pattern that are told.
const LONGEST_TOLD: usize = 200;

#[derive(Debug)]
pub(super) struct Patterns {
    list: Vec<Pattern>,
    /// What was found out about them, so that it need not be again.
    caches: RefCell<Vec<Cache>>,
}

impl Patterns {
    /// # Errors
    /// The first that can't be searched for.
    pub(super) fn new(rule: &str, patterns: &[String]) -> Result<Self, String> {
        let compile = |pattern: &String| {
            match pattern.strip_prefix("(?i)") {
                Some(pattern) => Pattern::ignoring_case(pattern),
                None => Pattern::new(pattern),
            }
            .map_err(|error| format!("`{rule}`: {error}"))
        };
        let list = patterns.iter().map(compile).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { list, caches: RefCell::default() })
    }

    /// What each may take for an answer.
    pub(super) fn budgets(&self) -> Vec<Budget> {
        vec![Budget(BUDGET / (self.list.len() as u64).max(1)); self.list.len()]
    }

    /// Reads on in a text: whether one of them is there, whatever follows. One whose budget is used up isn't searched for any more.
    pub(super) fn read_on(&self, searches: &mut Vec<Search>, text: &str, budgets: &mut [Budget]) -> bool {
        if searches.is_empty() {
            searches.extend(self.list.iter().map(Pattern::search));
        }
        let searches = searches.iter_mut().zip(budgets);
        self.with_caches(|caches| {
            self.list.iter().zip(caches).zip(searches).any(|((pattern, cache), (search, budget))| {
                search.feed(pattern, text, cache, budget).unwrap_or_else(|_| {
                    *budget = Budget(0);
                    false
                })
            })
        })
    }

    fn with_caches<T>(&self, then: impl FnOnce(&mut [Cache]) -> T) -> T {
        let mut none = Vec::new();
        let mut caches = self.caches.try_borrow_mut();
        let caches = caches.as_deref_mut().unwrap_or(&mut none);
        caches.resize_with(self.list.len(), Cache::default);
        then(caches)
    }

    /// Asks, for each pattern by its place, whether texts have it. `is_there` is what is said of one for which the
    /// budget doesn't suffice.
    fn each(&self, is_there: bool, mut ask: impl FnMut(usize, &mut dyn FnMut(&str) -> bool)) {
        self.with_caches(|caches| {
            let budgets = self.budgets().into_iter();
            for (at, ((pattern, cache), mut budget)) in self.list.iter().zip(caches).zip(budgets).enumerate()
            {
                ask(at, &mut |text| pattern.is_match(text, cache, &mut budget).unwrap_or(is_there));
            }
        });
    }
}

impl Rules {
    #[inline(never)] // See [profile.wasm].
    pub(super) fn check_patterns(&self, asked: &Asked, choices: &[Choice], found: &mut Found) {
        let told =
            |patterns: &[String], at: usize| cut(patterns.get(at).cloned().unwrap_or_default(), LONGEST_TOLD);
        self.deny.each(false, |at, has| {
            for choice in choices.iter().filter(|choice| said(choice).any(&mut *has)) {
                // What is denied isn't told: whoever knows it knows the way around it.
                let message =
                    "must not have a match of pattern ".to_owned() + &(at + 1).to_string() + " of `deny`";
                found.add(Rule::Deny, choice, String::new(), message);
            }
        });
        self.require.each(true, |at, has| {
            for choice in choices.iter().filter(|choice| answers(asked, choice) && !has(&choice.text)) {
                let message = format!("must have a match of /{}/", told(&self.policy.require, at));
                found.add(Rule::Require, choice, String::new(), message);
            }
        });
    }
}

/// All that a choice says.
fn said(choice: &Choice) -> impl Iterator<Item = &str> {
    let texts = [choice.text.as_str(), choice.refusal.as_str()].into_iter();
    texts.chain(choice.calls.iter().map(|call| call.arguments.as_str()))
}
