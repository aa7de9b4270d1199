//! What may stand at a place of a statement. The parser reads a shape with one token of look-ahead and stops at the first
//! mistake; here the same shapes are followed through all their alternatives at once, so that it can be said at any token
//! what could come next.

use crate::token::Kind;
use crate::vocabulary::{
    Block, LANGUAGES, Leaf, PERCENTILES, PERIODS, SIZE_UNITS, Shape, TIME_UNITS, TRIGGERS, Text,
};

/// One thing that can come next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Terminal {
    /// The first of these words; the others behind it.
    Fixed(&'static str),
    Sign(&'static str),
    /// A word that is a value.
    Choice(&'static str),
    /// What a rate counts.
    Counted(&'static str),
    Leaf(Leaf),
    /// The name of an environment variable.
    Variable,
    Open(&'static Block),
}

#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) terminal: Terminal,
    next: Thread,
}

/// A place within a statement: all the ways in which what was read so far can be understood.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    threads: Vec<Thread>,
}

/// One way of reading, by what it has yet to read; the next is the last.
#[derive(Clone, Debug)]
struct Thread {
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Shape(&'static Shape),
    Words(&'static str),
    /// A list behind one of its items.
    Items(&'static Shape),
    Number(Leaf),
    /// `tokens/min`
    Counted,
    Period,
    /// `env.NAME`
    Variable,
    VariableName,
}

/// What a rate counts, and whether it does so by a period.
pub(super) const COUNTED: &[(&str, bool)] = &[
    ("tokens", true),
    ("input tokens", true),
    ("output tokens", true),
    ("requests", true),
    ("concurrent", false),
];

const SLASH: Step = Step::Shape(&Shape::Sign("/"));
const HEADER: Step = Step::Shape(&Shape::Leaf(Leaf::Text(Text::Header)));

impl Place {
    pub(super) fn start(shape: &'static Shape) -> Self {
        Self { threads: vec![Thread { steps: vec![Step::Shape(shape)] }] }
    }

    /// What can come next, and whether the statement may end here.
    pub(super) fn expected(&self, lenient: bool) -> (Vec<Expected>, bool) {
        let mut expansion = Expansion { expected: Vec::new(), finished: false, lenient };
        for thread in &self.threads {
            expansion.thread(thread.clone());
        }
        (expansion.expected, expansion.finished)
    }

    /// Passes a token and tells what it is here; `None` when it can't stand here. With `lenient`, a list may go on without
    /// a comma.
    pub(super) fn advance(&mut self, kind: Kind, text: &str, lenient: bool) -> Option<Terminal> {
        let (expected, _) = self.expected(lenient);
        let fits = |wanted: Fit| move |found: &Expected| found.terminal.fit(kind, text) == wanted;
        let fit = if expected.iter().any(fits(Fit::Exact)) { Fit::Exact } else { Fit::Loose };
        let found: Vec<Expected> = expected.into_iter().filter(fits(fit)).collect();
        let terminal = found.first()?.terminal;
        self.threads = found.into_iter().map(|found| found.next).collect();
        Some(terminal)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    No,
    /// Read as this by the parser, which then finds fault with its unit.
    Loose,
    Exact,
}

impl Terminal {
    fn fit(self, kind: Kind, text: &str) -> Fit {
        let exact = |fits: bool| if fits { Fit::Exact } else { Fit::No };
        match self {
            Terminal::Fixed(words) | Terminal::Counted(words) => {
                exact(kind == Kind::Word && words.split(' ').next() == Some(text))
            }
            Terminal::Sign(word) | Terminal::Choice(word) => exact(kind != Kind::Newline && word == text),
            Terminal::Variable => exact(matches!(kind, Kind::Word | Kind::Number)),
            Terminal::Open(_) => exact(kind == Kind::Open),
            Terminal::Leaf(leaf) if !leaf.takes(kind) => Fit::No,
            Terminal::Leaf(leaf) if has_unit(leaf, kind, text) => Fit::Exact,
            Terminal::Leaf(_) => Fit::Loose,
        }
    }
}

/// Whether the unit, or the word, is one of those that this value knows.
fn has_unit(leaf: Leaf, kind: Kind, text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    match leaf {
        Leaf::Factor { .. } => unit == "x",
        Leaf::Percent { .. } => unit == "%",
        Leaf::Count { .. } | Leaf::Share { .. } | Leaf::PerSecond { .. } | Leaf::Money { .. } => {
            unit.is_empty()
        }
        Leaf::Tokens { .. } | Leaf::Characters { .. } | Leaf::Rate => matches!(unit, "" | "k" | "M"),
        Leaf::Duration(_) => TIME_UNITS.iter().any(|(known, _)| *known == unit),
        Leaf::Size { .. } => SIZE_UNITS.iter().any(|(known, _)| *known == unit),
        Leaf::Percentile => PERCENTILES.iter().any(|(known, _)| *known == text),
        Leaf::Language => LANGUAGES.iter().any(|(known, _)| *known == text),
        Leaf::Trigger => kind == Kind::Number || TRIGGERS.iter().any(|(known, _)| *known == text),
        _ => true,
    }
}

struct Expansion {
    expected: Vec<Expected>,
    finished: bool,
    lenient: bool,
}

impl Expansion {
    fn add(&mut self, terminal: Terminal, next: Thread) {
        self.expected.push(Expected { terminal, next });
    }

    /// With these steps to come first, given from the last to the first.
    fn with(&mut self, thread: &Thread, steps: &[Step]) {
        let mut thread = thread.clone();
        thread.steps.extend_from_slice(steps);
        self.thread(thread);
    }

    /// Recursion follows the shapes, which are data of this crate and not deep.
    fn thread(&mut self, mut thread: Thread) {
        let Some(step) = thread.steps.pop() else {
            self.finished = true;
            return;
        };
        match step {
            Step::Shape(shape) => self.shape(shape, thread),
            Step::Words(words) => {
                if let Some((_, rest)) = words.split_once(' ') {
                    thread.steps.push(Step::Words(rest));
                }
                self.add(Terminal::Fixed(words), thread);
            }
            Step::Items(item) => {
                if self.lenient {
                    self.with(&thread, &[Step::Items(item), Step::Shape(item)]);
                }
                let mut more = thread.clone();
                more.steps.extend([Step::Items(item), Step::Shape(item)]);
                self.add(Terminal::Sign(","), more);
                self.thread(thread);
            }
            Step::Number(leaf) => self.add(Terminal::Leaf(leaf), thread),
            Step::Counted => {
                for (words, by_period) in COUNTED {
                    let mut next = thread.clone();
                    if *by_period {
                        next.steps.extend([Step::Period, SLASH]);
                    }
                    if let Some((_, rest)) = words.split_once(' ') {
                        next.steps.push(Step::Words(rest));
                    }
                    self.add(Terminal::Counted(words), next);
                }
            }
            Step::Period => {
                for (period, _) in PERIODS {
                    self.add(Terminal::Fixed(period), thread.clone());
                }
            }
            Step::Variable => {
                thread.steps.extend([Step::VariableName, Step::Shape(&Shape::Sign("."))]);
                self.add(Terminal::Fixed("env"), thread);
            }
            Step::VariableName => self.add(Terminal::Variable, thread),
        }
    }

    fn shape(&mut self, shape: &'static Shape, mut thread: Thread) {
        match shape {
            Shape::Fixed(words) => self.with(&thread, &[Step::Words(words)]),
            Shape::Sign(sign) => self.add(Terminal::Sign(sign), thread),
            Shape::Word(word) => self.add(Terminal::Choice(word), thread),
            Shape::Leaf(leaf) => self.leaf(*leaf, thread),
            Shape::Seq(parts) => {
                thread.steps.extend(parts.iter().rev().map(Step::Shape));
                self.thread(thread);
            }
            Shape::OneOf(_, alternatives) => {
                for alternative in *alternatives {
                    self.with(&thread, &[Step::Shape(alternative)]);
                }
            }
            Shape::Maybe(inner) => {
                self.with(&thread, &[Step::Shape(inner)]);
                self.thread(thread);
            }
            Shape::List(item, ..) => self.with(&thread, &[Step::Items(item), Step::Shape(item)]),
            Shape::Block(block) => self.add(Terminal::Open(block), thread),
        }
    }

    /// Values of several tokens, one token at a time.
    fn leaf(&mut self, leaf: Leaf, mut thread: Thread) {
        match leaf {
            Leaf::Tokens { .. } => thread.steps.push(Step::Words("tokens")),
            Leaf::Characters { .. } => thread.steps.push(Step::Words("characters")),
            Leaf::PerSecond { .. } => thread.steps.extend([Step::Words("s"), SLASH]),
            Leaf::Money { .. } => {
                thread.steps.push(Step::Number(leaf));
                return self.add(Terminal::Sign("$"), thread);
            }
            Leaf::Rate => {
                let mut money = thread.clone();
                money.steps.extend([Step::Period, SLASH, Step::Number(Leaf::Money { max: 0 })]);
                self.add(Terminal::Sign("$"), money);
                thread.steps.push(Step::Counted);
            }
            Leaf::Auth => {
                let mut header = thread.clone();
                header.steps.extend([Step::Variable, HEADER]);
                thread.steps.push(Step::Variable);
                self.add(Terminal::Choice("bearer"), thread);
                return self.add(Terminal::Choice("header"), header);
            }
            _ => {}
        }
        self.add(Terminal::Leaf(leaf), thread);
    }
}
