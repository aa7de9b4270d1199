//! What may stand at a place. The tokens before it are read as far as they go, and then the shapes tell what comes next.

use std::collections::BTreeSet;

use super::Document;
use super::hover;
use super::proposal::{Completion, CompletionKind, Completions, snippet};
use super::steps::{COUNTED, Expected, Terminal};
use super::walk::{Current, Role, Walker};
use crate::parser::Scope;
use crate::span::Span;
use crate::token::{Kind, Token};
use crate::vocabulary::{
    Block, LANGUAGES, Leaf, MULTIPLES, PERCENTILES, PERIODS, Presence, SIZE_UNITS, STATUSES, Statement,
    TIME_UNITS, TRIGGERS,
};

impl Document<'_> {
    /// What may be written at this place: all that fits, to be filtered by what has been typed. With [`Scope::Supported`]
    /// nothing that a check would refuse as not supported.
    #[must_use]
    pub fn complete(&self, offset: usize, scope: Scope) -> Completions {
        let offset = self.clamp(offset);
        let nothing = Completions::none(Span { start: offset, end: offset });
        if self.in_comment(offset) {
            return nothing;
        }
        let tokens = &self.lexed.tokens;
        let is_before = |token: &Token| match token.kind {
            Kind::End => false,
            kind if is_typed(kind) => token.span.end < offset,
            _ => token.span.end <= offset,
        };
        let before = tokens.partition_point(is_before);
        let touched = tokens.get(before).filter(|token| token.span.start < offset);
        let mut typing = Typing { document: self, scope, at: before, token: None, found: nothing };
        match touched {
            Some(token) if is_typed(token.kind) => {
                typing.token = Some(*token);
                typing.found.replace = token.span;
            }
            Some(token) if token.kind == Kind::Condition => {
                return self.complete_in_condition(*token, offset, scope);
            }
            Some(_) => return typing.found,
            // A condition that was never closed ends where the line does.
            None => {
                let last = before.checked_sub(1).and_then(|last| tokens.get(last));
                if let Some(open) = last.filter(|last| last.span.end == offset && self.is_open(**last)) {
                    if open.kind == Kind::Condition {
                        return self.complete_in_condition(*open, offset, scope);
                    }
                    return typing.found;
                }
            }
        }
        typing.propose();
        typing.found
    }

    /// Whether the closing delimiter is missing.
    fn is_open(&self, token: Token) -> bool {
        let text = token.span.text(self.source);
        match token.kind {
            Kind::OpenText => true,
            Kind::Condition => text.len() < 2 || !text.ends_with('`'),
            Kind::Pattern => text.len() < 2 || !text.ends_with('/'),
            _ => false,
        }
    }
}

/// Whether the token may still be in the writing when the cursor stands at its end.
fn is_typed(kind: Kind) -> bool {
    matches!(kind, Kind::Word | Kind::Number)
}

struct Typing<'d, 's> {
    document: &'d Document<'s>,
    scope: Scope,
    /// The token that is typed, or the next one.
    at: usize,
    token: Option<Token>,
    found: Completions,
}

impl Typing<'_, '_> {
    fn propose(&mut self) {
        let mut walker = Walker::new(self.document.source, &self.document.lexed.tokens);
        walker.read(self.at);
        if walker.is_skipping() {
            return;
        }
        let (region, block) = walker.region();
        let Some(current) = walker.current() else {
            return self.statements(region, block, walker.is_top());
        };
        let definition = current.node.and_then(|node| walker.definition(node));
        let (expected, finished) = current.place.expected(false);
        for expected in &expected {
            self.terminal(expected, current);
        }
        if let Some(definition) = definition.filter(|_| current.passed == 0 && !self.is_number()) {
            self.whole_value(definition);
        }
        if finished && !walker.is_top() && !self.is_number() {
            self.statements(region, block, false);
        }
    }

    fn is_number(&self) -> bool {
        self.token.is_some_and(|token| token.kind == Kind::Number)
    }

    fn is_offered(&self, statement: &Statement) -> bool {
        self.scope == Scope::WholeLanguage || statement.since.is_some()
    }

    fn add(&mut self, kind: CompletionKind, label: impl Into<String>, detail: &str) {
        self.found.push(Completion { detail: detail.into(), ..Completion::new(kind, label) });
    }

    /// The statements that the block may still hold.
    fn statements(&mut self, region: usize, block: &'static Block, is_top: bool) {
        let nodes = &self.document.walk.nodes;
        let typed = self.token.map(|_| self.at);
        let used = |statement: &Statement| {
            let same =
                |node: &&super::walk::Node| node.region == region && node.definition.word == statement.word;
            nodes.iter().filter(same).any(|node| Some(node.first) != typed)
        };
        let offered: Vec<&'static Statement> =
            block.statements.iter().filter(|statement| statement.repeats || !used(statement)).collect();
        let versioned = (0..self.document.lexed.tokens.len()).any(|at| {
            Some(at) != typed && self.document.text(at) == "seawall" && self.document.node(at).is_none()
        });
        if is_top && !versioned {
            return self.add(CompletionKind::Statement, "seawall 1", "the version of the language");
        }
        for statement in offered.into_iter().filter(|statement| !statement.word.is_empty()) {
            if !self.is_offered(statement) || self.is_number() {
                continue;
            }
            let required = if statement.presence == Presence::Required { "required" } else { "" };
            self.found.push(Completion {
                detail: if is_top { String::new() } else { required.to_string() },
                doc: hover::statement(statement, block),
                snippet: snippet(statement),
                ..Completion::new(
                    if is_top { CompletionKind::Definition } else { CompletionKind::Statement },
                    statement.word,
                )
            });
        }
        if let Some(bare) = block.bare().filter(|bare| self.is_offered(bare)) {
            let place = super::steps::Place::start(&bare.shape);
            for expected in place.expected(false).0 {
                if let Terminal::Leaf(leaf) = expected.terminal {
                    self.leaf(leaf, None);
                }
            }
        }
    }

    fn terminal(&mut self, expected: &Expected, current: &Current) {
        use CompletionKind::{Keyword, Unit, Value};
        match expected.terminal {
            _ if self.is_number() && !matches!(expected.terminal, Terminal::Leaf(_)) => {}
            Terminal::Fixed("env") => self.add(Keyword, "env.", "an environment variable of the proxy"),
            Terminal::Fixed(words) => self.add(Keyword, words, ""),
            Terminal::Sign("," | "/" | ".") => {}
            Terminal::Sign(sign) => self.add(Keyword, sign, ""),
            Terminal::Choice(word) => self.add(Value, word, ""),
            Terminal::Counted(words) => {
                for text in counted(words) {
                    self.add(Unit, text, "");
                }
            }
            Terminal::Leaf(leaf) => self.leaf(leaf, current.node),
            Terminal::Variable => {
                for at in 0..self.document.lexed.tokens.len() {
                    if at != self.at && self.document.role(at) == Role::Variable {
                        self.add(Value, self.document.text(at), "");
                    }
                }
            }
            Terminal::Open(_) => self.add(Keyword, "{", ""),
        }
    }

    /// The default, or what the reference gives as an example.
    fn whole_value(&mut self, definition: &'static Statement) {
        if !self.is_offered(definition) || definition.block().is_some() {
            return;
        }
        if let Presence::Default(text) = definition.presence {
            match self.found.items.iter_mut().find(|item| item.label == text) {
                Some(item) => item.detail = "default".into(),
                None => self.add(CompletionKind::Example, text, "default"),
            }
            return;
        }
        let mut speaks_of_others = false;
        definition
            .shape
            .each_leaf(&mut |leaf| speaks_of_others |= matches!(leaf, Leaf::Name(_) | Leaf::Inline));
        let value = definition.example.strip_prefix(definition.word).unwrap_or("").trim_start();
        let is_known = self.found.items.iter().any(|item| item.label == value);
        if !speaks_of_others && !value.is_empty() && !is_known {
            self.add(CompletionKind::Example, value, "example");
        }
    }

    fn leaf(&mut self, leaf: Leaf, node: Option<usize>) {
        use CompletionKind::Value;
        if self.is_number() {
            return self.units(leaf);
        }
        match leaf {
            Leaf::Name(kind) => self.names(kind, node),
            Leaf::Define("route") => self.add(Value, "default", "what no other route takes"),
            Leaf::Percentile => PERCENTILES.iter().for_each(|(word, _)| self.add(Value, *word, "")),
            Leaf::Language => LANGUAGES.iter().for_each(|(code, name)| self.add(Value, *code, name)),
            Leaf::Trigger => {
                let words = TRIGGERS.iter().map(|(word, _)| *word);
                let words: Vec<String> =
                    STATUSES.iter().map(u16::to_string).chain(words.map(String::from)).collect();
                words.into_iter().for_each(|word| self.add(Value, word, ""));
            }
            _ => {}
        }
    }

    /// Names of this kind that the statement doesn't hold yet.
    fn names(&mut self, kind: &'static str, node: Option<usize>) {
        let document = self.document;
        let holder = node.and_then(|node| document.walk.nodes.get(node));
        let around = holder.and_then(|node| document.walk.regions.get(node.region)?.node);
        let own = around.and_then(|node| document.walk.nodes.get(node)?.name);
        let named = holder.map_or(self.at..self.at, |node| node.first..self.at);
        let named = named.filter(|at| document.role(*at) == Role::Name(kind));
        let taken: BTreeSet<&str> = named.map(|at| document.text(at)).collect();
        let others = document.definitions(kind).into_iter().filter(|at| Some(*at) != own);
        for at in others.filter(|at| !taken.contains(document.text(*at))) {
            self.found.items.push(Completion {
                detail: kind.into(),
                doc: document.definition_text(kind, at).unwrap_or_default(),
                ..Completion::new(CompletionKind::Name, document.text(at))
            });
        }
    }

    /// The number that is being typed, with each unit that fits.
    fn units(&mut self, leaf: Leaf) {
        let text = self.token.map_or("", |token| token.span.text(self.document.source));
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = text.get(digits.len()..).unwrap_or("");
        let multiple = MULTIPLES.iter().map(|(multiple, _)| *multiple).find(|multiple| *multiple == unit);
        let counted_number = [digits, multiple.unwrap_or("")].concat();
        let mut add = |unit: &str| self.add(CompletionKind::Unit, [digits, unit].concat(), "");
        match leaf {
            Leaf::Duration(_) => TIME_UNITS.iter().rev().for_each(|(unit, _)| add(unit)),
            Leaf::Size { .. } => SIZE_UNITS.iter().rev().for_each(|(unit, _)| add(unit)),
            Leaf::Percent { .. } => add("%"),
            Leaf::Factor { .. } => add("x"),
            Leaf::PerSecond { .. } => add("/s"),
            Leaf::Tokens { .. } | Leaf::Characters { .. } => {
                let unit = if matches!(leaf, Leaf::Tokens { .. }) { " tokens" } else { " characters" };
                let multiples = MULTIPLES.iter().map(|(multiple, _)| *multiple);
                let numbers: Vec<String> = match multiple {
                    Some(_) => vec![counted_number],
                    None => [""]
                        .into_iter()
                        .chain(multiples)
                        .map(|multiple| [digits, multiple].concat())
                        .collect(),
                };
                for number in numbers {
                    self.add(CompletionKind::Unit, number + unit, "");
                }
            }
            Leaf::Rate => {
                for text in COUNTED.iter().flat_map(|(words, _)| counted(words)) {
                    self.add(CompletionKind::Unit, [&counted_number, " ", &text].concat(), "");
                }
            }
            _ => {}
        }
    }
}

/// `tokens/min`, `tokens/hour` …
fn counted(words: &str) -> Vec<String> {
    if COUNTED.iter().any(|(counted, by_period)| *counted == words && *by_period) {
        PERIODS.iter().map(|(period, _)| [words, "/", period].concat()).collect()
    } else {
        vec![words.to_string()]
    }
}
