//! The automaton made deterministic, as far as the texts that come need it, in a cache of bounded size.

use std::collections::BTreeMap;

use super::nfa::{Edge, Nfa, Node};
use super::{Budget, Exhausted, Pattern};
use crate::sort::sort;

/// States that nothing leads out of.
const NEVER: u32 = 0;
const FOUND: u32 = 1;
const UNKNOWN: u32 = u32::MAX;
/// Of transitions and of nodes in all states, before all is forgotten.
const MOST_ENTRIES: usize = 32 * 1024;

/// What is left of the characters before: the first entry of a state's key.
const AT_START: u32 = 1;
const AFTER_WORD: u32 = 2;

/// What is known of one pattern's automaton: up to about 400 KB, mostly a few.
#[derive(Debug, Default)]
pub struct Cache {
    /// Keys by state: flags, then the nodes where a match may stand, ascending.
    keys: Vec<Box<[u32]>>,
    by_key: BTreeMap<Box<[u32]>, u32>,
    /// The next state, by state and symbol.
    table: Vec<u32>,
    /// Whether a text that ends here has a match.
    ends: Vec<Option<bool>>,
    entries: usize,
    /// Where every text begins, once one has.
    start: Option<u32>,
    /// How often all was forgotten.
    generation: u64,
    visit: Visit,
}

/// What is used anew for each visit.
#[derive(Debug, Default)]
struct Visit {
    round: u32,
    rounds: Vec<u32>,
    open: Vec<u32>,
    next: Vec<u32>,
}

/// Where a visit stands: what is on both sides.
#[derive(Clone, Copy)]
struct Here {
    is_start: bool,
    is_end: bool,
    is_word_edge: bool,
}

impl Here {
    fn holds(self, edge: Edge) -> bool {
        match edge {
            Edge::Start => self.is_start,
            Edge::End => self.is_end,
            Edge::Word(is_edge) => self.is_word_edge == is_edge,
        }
    }
}

impl Visit {
    /// All nodes that are reached without a character, of which those that take one are handed over. True if a match is among them. Without
    /// `here`, only those that are reached whatever is on both sides.
    fn reach(
        &mut self,
        nfa: &Nfa,
        from: &[u32],
        here: Option<Here>,
        mut take: impl FnMut(&mut Vec<u32>, u32, u32),
    ) -> (bool, usize) {
        self.round = self.round.wrapping_add(1);
        if self.round == 0 || self.rounds.len() != nfa.len() {
            self.rounds = vec![0; nfa.len()];
            self.round = 1;
        }
        self.next.clear();
        self.open.clear();
        self.open.extend_from_slice(from);
        let mut visited = 0;
        while let Some(at) = self.open.pop() {
            let Some(round) = self.rounds.get_mut(at as usize) else { continue };
            if *round == self.round {
                continue;
            }
            *round = self.round;
            visited += 1;
            match nfa.node(at) {
                Some(Node::Match) => return (true, visited),
                Some(Node::Split(a, b)) => self.open.extend([b, a]),
                Some(Node::Assert(edge, next)) if here.is_some_and(|here| here.holds(edge)) => {
                    self.open.push(next);
                }
                Some(Node::One { class, next }) => take(&mut self.next, class, next),
                Some(Node::Assert(..)) | None => {}
            }
        }
        (false, visited)
    }
}

impl Cache {
    fn forget(&mut self) {
        self.keys.clear();
        self.by_key.clear();
        self.table.clear();
        self.ends.clear();
        self.entries = 0;
        self.start = None;
        self.generation += 1;
    }

    fn intern(&mut self, nfa: &Nfa, key: &[u32]) -> u32 {
        if let Some(known) = self.by_key.get(key) {
            return *known;
        }
        if self.entries > MOST_ENTRIES {
            self.forget();
        }
        if self.keys.is_empty() {
            for state in [NEVER, FOUND] {
                self.keys.push(Box::default());
                self.ends.push(Some(state == FOUND));
                self.table.extend(std::iter::repeat_n(state, nfa.symbols.len()));
            }
        }
        let state = u32::try_from(self.keys.len()).unwrap_or(NEVER);
        self.keys.push(key.into());
        self.by_key.insert(key.into(), state);
        self.ends.push(None);
        self.table.extend(std::iter::repeat_n(UNKNOWN, nfa.symbols.len()));
        self.entries += nfa.symbols.len() + 2 * key.len() + 16;
        state
    }

    /// The state that follows, which isn't known yet.
    #[inline(never)]
    fn next(&mut self, nfa: &Nfa, state: u32, symbol: u16, budget: &mut Budget) -> Result<u32, Exhausted> {
        let slot = state as usize * nfa.symbols.len() + usize::from(symbol);
        let Some((&flags, nodes)) = self.keys.get(state as usize).and_then(|key| key.split_first()) else {
            return Ok(NEVER);
        };
        let is_word = nfa.is_word(symbol);
        let here = Here {
            is_start: flags & AT_START != 0,
            is_end: false,
            is_word_edge: is_word != (flags & AFTER_WORD != 0),
        };
        let (found, visited) = self.visit.reach(nfa, nodes, Some(here), |next, class, to| {
            if nfa.is_in(class, symbol) {
                next.push(to);
            }
        });
        budget.spend(visited + nodes.len() + 16)?;
        let mut key = std::mem::take(&mut self.visit.next);
        // A match that ends here is known here: whoever reads a text as it comes doesn't wait for more of it.
        let (is_found, visited) =
            if found { (true, 0) } else { self.visit.reach(nfa, &key, None, |_, _, _| {}) };
        budget.spend(visited)?;
        let next = if is_found {
            self.visit.next = key;
            FOUND
        } else {
            if !nfa.is_at_start {
                key.push(nfa.start);
            }
            sort(&mut key, u32::cmp);
            key.dedup();
            let is_never = key.is_empty();
            key.insert(0, if is_word { AFTER_WORD } else { 0 });
            let before = self.generation;
            let next = if is_never { NEVER } else { self.intern(nfa, &key) };
            self.visit.next = key;
            if self.generation != before {
                // The state that led here is forgotten.
                return Ok(next);
            }
            next
        };
        if let Some(slot) = self.table.get_mut(slot) {
            *slot = next;
        }
        Ok(next)
    }

    /// What the text itself costs is paid for.
    fn run(&mut self, nfa: &Nfa, mut state: u32, text: &str, budget: &mut Budget) -> Result<u32, Exhausted> {
        let symbols = nfa.symbols.len();
        for character in text.chars() {
            if state <= FOUND {
                break;
            }
            let symbol = nfa.symbols.get(character);
            let known =
                self.table.get((state as usize).wrapping_mul(symbols).wrapping_add(usize::from(symbol)));
            state = match known {
                Some(&known) if known != UNKNOWN => known,
                _ => self.next(nfa, state, symbol, budget)?,
            };
        }
        Ok(state)
    }

    fn ends(&mut self, nfa: &Nfa, state: u32, budget: &mut Budget) -> Result<bool, Exhausted> {
        if let Some(Some(known)) = self.ends.get(state as usize) {
            return Ok(*known);
        }
        let Some((&flags, nodes)) = self.keys.get(state as usize).and_then(|key| key.split_first()) else {
            return Ok(false);
        };
        let here =
            Here { is_start: flags & AT_START != 0, is_end: true, is_word_edge: flags & AFTER_WORD != 0 };
        let (found, visited) = self.visit.reach(nfa, nodes, Some(here), |_, _, _| {});
        budget.spend(visited)?;
        if let Some(end) = self.ends.get_mut(state as usize) {
            *end = Some(found);
        }
        Ok(found)
    }
}

pub(super) fn is_match(
    nfa: &Nfa,
    text: &str,
    cache: &mut Cache,
    budget: &mut Budget,
) -> Result<bool, Exhausted> {
    let start = cache.start.unwrap_or_else(|| cache.intern(nfa, &[AT_START, nfa.start]));
    cache.start = Some(start);
    budget.spend(units(0, text))?;
    let state = cache.run(nfa, start, text, budget)?;
    cache.ends(nfa, state, budget)
}

/// What it costs to read this on after so many bytes: as much in many parts as in one.
fn units(read: usize, text: &str) -> usize {
    (read.saturating_add(text.len()) / 16).saturating_sub(read / 16) + usize::from(read == 0)
}

/// A search in a text that comes in parts. It may go on in another cache than it began in.
#[derive(Clone, Debug)]
pub struct Search {
    at: At,
    /// Bytes that were read.
    read: usize,
}

#[derive(Clone, Debug)]
enum At {
    Known(bool),
    /// Of a pattern that counts, the number so far.
    Count(u32),
    Key(Box<[u32]>),
}

impl Pattern {
    /// Begins a search.
    #[must_use]
    pub fn search(&self) -> Search {
        let at = match self.nfa.run {
            Some(_) => At::Count(0),
            None => At::Key([AT_START, self.nfa.start].into()),
        };
        Search { at, read: 0 }
    }
}

impl Search {
    /// Reads on. True as soon as there is a match, whatever follows.
    ///
    /// # Errors
    /// When the budget doesn't suffice. The search then stands where it stood before.
    pub fn feed(
        &mut self,
        pattern: &Pattern,
        text: &str,
        cache: &mut Cache,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        let units = units(self.read, text);
        let key = match &self.at {
            At::Known(known) => return Ok(*known),
            At::Count(count) => {
                budget.spend(units)?;
                self.read += text.len();
                let more = pattern.nfa.run.as_ref().and_then(|run| run.count(text, &pattern.nfa.symbols));
                self.at = more.map_or(At::Known(false), |more| At::Count(count.saturating_add(more)));
                return Ok(false);
            }
            At::Key(key) => key,
        };
        let state = cache.intern(&pattern.nfa, key);
        budget.spend(units)?;
        let state = cache.run(&pattern.nfa, state, text, budget)?;
        self.read += text.len();
        self.at = match (state, cache.keys.get(state as usize)) {
            (NEVER | FOUND, _) | (_, None) => At::Known(state == FOUND),
            (_, Some(key)) => At::Key(key.clone()),
        };
        Ok(state == FOUND)
    }

    /// Whether the text, now that it ends, has a match.
    ///
    /// # Errors
    /// When the budget doesn't suffice.
    pub fn finish(
        &self,
        pattern: &Pattern,
        cache: &mut Cache,
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        match &self.at {
            At::Known(known) => Ok(*known),
            At::Count(count) => Ok(pattern.nfa.run.as_ref().is_some_and(|run| run.is_enough(*count))),
            At::Key(key) => {
                let state = cache.intern(&pattern.nfa, key);
                cache.ends(&pattern.nfa, state, budget)
            }
        }
    }
}
