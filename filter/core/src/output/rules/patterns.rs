//! What must not be in a text, and what must.

use std::borrow::Cow;
use std::cell::RefCell;
use std::iter;

use seawall_schema::regex::{Budget, Cache, Exhausted, Pattern, Search, Sieve, Sifted};

use super::{Found, Rule, Rules, answers, cut};
use crate::output::{Asked, Choice, unescape};

/// What all patterns of one rule may take for an answer, some 20 ms.
const BUDGET: u64 = 2_000_000;
/// Bytes of a pattern that are told.
const LONGEST_TOLD: usize = 200;

#[derive(Debug)]
pub(super) struct Patterns {
    list: Vec<Pattern>,
    /// Which of them a text need be searched for.
    sieve: Sieve,
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
        Ok(Self { sieve: Sieve::new(&list), list, caches: RefCell::default() })
    }

    /// What each may take for an answer.
    pub(super) fn budgets(&self) -> Vec<Budget> {
        vec![Budget(BUDGET / (self.list.len() as u64).max(1)); self.list.len()]
    }

    /// Reads on in a text: whether one of them is there, whatever follows.
    ///
    /// # Errors
    /// When the budget doesn't suffice for one of them.
    pub(super) fn read_on(
        &self,
        searches: &mut Vec<Search>,
        text: &str,
        budgets: &mut [Budget],
    ) -> Result<bool, Exhausted> {
        if searches.is_empty() {
            searches.extend(self.list.iter().map(Pattern::search));
        }
        let searches = searches.iter_mut().zip(budgets);
        self.with_caches(|caches| {
            for ((pattern, cache), (search, budget)) in self.list.iter().zip(caches).zip(searches) {
                if search.feed(pattern, text, cache, budget)? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    fn with_caches<T>(&self, then: impl FnOnce(&mut [Cache]) -> T) -> T {
        let mut none = Vec::new();
        let mut caches = self.caches.try_borrow_mut();
        let caches = caches.as_deref_mut().unwrap_or(&mut none);
        caches.resize_with(self.list.len(), Cache::default);
        then(caches)
    }

    /// Asks, for each pattern by its place, whether texts have it.
    fn each(&self, mut ask: impl FnMut(usize, &mut dyn FnMut(&str) -> Result<bool, Exhausted>)) {
        self.with_caches(|caches| {
            let budgets = self.budgets().into_iter();
            for (at, ((pattern, cache), mut budget)) in self.list.iter().zip(caches).zip(budgets).enumerate()
            {
                ask(at, &mut |text| pattern.is_match(text, cache, &mut budget));
            }
        });
    }
}

impl Rules {
    #[inline(never)] // See [profile.wasm].
    pub(super) fn check_patterns(&self, asked: &Asked, choices: &[Choice], found: &mut Found) {
        let told =
            |patterns: &[String], at: usize| cut(patterns.get(at).cloned().unwrap_or_default(), LONGEST_TOLD);
        let denies = !self.policy.deny.is_empty();
        let said: Vec<Vec<_>> = choices
            .iter()
            .filter(|_| denies)
            .map(|choice| {
                with_unescaped(said(choice)).map(|text| (self.deny.sieve.sift(&text), text)).collect()
            })
            .collect();
        self.deny.each(|at, has| {
            for (choice, said) in choices.iter().zip(&said) {
                // What is denied isn't told: whoever knows it knows the way around it.
                let message = || ["pattern ", &(at + 1).to_string(), " of `deny`"].concat();
                let may_have = |(sifted, _): &&(Sifted, _)| self.deny.sieve.may_match(at, *sifted);
                match any(said.iter().filter(may_have).map(|(_, text)| text), &mut *has) {
                    Ok(false) => {}
                    Ok(true) => {
                        let message = "must not have a match of ".to_owned() + &message();
                        found.add(Rule::Deny, choice, String::new(), message);
                    }
                    Err(Exhausted) => found.add(Rule::Size, choice, String::new(), unsearched(&message())),
                }
            }
        });
        let answering = || choices.iter().filter(|choice| answers(asked, choice));
        let said: Vec<_> = answering()
            .filter(|_| !self.policy.require.is_empty())
            .map(|choice| with_unescaped(iter::once(choice.text.as_str())).collect::<Vec<_>>())
            .collect();
        self.require.each(|at, has| {
            for (choice, said) in answering().zip(&said) {
                let pattern = || ["/", &told(&self.policy.require, at), "/"].concat();
                match any(said.iter(), &mut *has) {
                    Ok(true) => {}
                    Ok(false) => {
                        let message = "must have a match of ".to_owned() + &pattern();
                        found.add(Rule::Require, choice, String::new(), message);
                    }
                    Err(Exhausted) => found.add(Rule::Size, choice, String::new(), unsearched(&pattern())),
                }
            }
        });
    }
}

/// Whether one of these texts has it.
fn any<'t>(
    mut texts: impl Iterator<Item = &'t Cow<'t, str>>,
    has: &mut dyn FnMut(&str) -> Result<bool, Exhausted>,
) -> Result<bool, Exhausted> {
    texts.try_fold(false, |found, text| Ok(found || has(text)?))
}

/// These texts; where one is JSON with escapes, also what it says: `s\u0065cret` is no way around a pattern.
fn with_unescaped<'t>(texts: impl Iterator<Item = &'t str>) -> impl Iterator<Item = Cow<'t, str>> {
    let both = |text: &'t str| {
        let said = (is_written(text) && text.contains('\\')).then(|| {
            let mut said = String::with_capacity(text.len());
            unescape(text.as_bytes(), &mut said);
            said
        });
        [Some(Cow::Borrowed(text)), said.map(Cow::Owned)]
    };
    texts.flat_map(both).flatten()
}

/// Whether this is how something is written, as far as its beginning tells: JSON, in which an escape stands for another character.
pub(super) fn is_written(text: &str) -> bool {
    text.trim_ascii_start().starts_with(['{', '[', '"'])
}

fn unsearched(pattern: &str) -> String {
    "is too long to be searched for ".to_owned() + pattern
}

/// All that a choice says.
fn said(choice: &Choice) -> impl Iterator<Item = &str> {
    let texts = [choice.text.as_str(), choice.refusal.as_str()].into_iter();
    texts.chain(choice.calls.iter().map(|call| call.arguments.as_str()))
}
