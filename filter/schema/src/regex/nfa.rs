//! The nondeterministic automaton.

use super::ast::Ast;
use super::class::{Class, WORD};
use super::symbols::Symbols;

/// Of all classes of one pattern. `\p{L}` has about 650.
const MOST_RANGES: usize = 20_000;

/// Nodes of one pattern, once its repetitions are written out.
const MOST_NODES: usize = 10_000;

#[derive(Clone, Copy, Debug)]
pub(super) enum Node {
    /// A character of the class, then on.
    One {
        class: u32,
        next: u32,
    },
    /// Either.
    Split(u32, u32),
    /// On if it is so here.
    Assert(Edge, u32),
    Match,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Edge {
    Start,
    End,
    Word(bool),
}

#[derive(Debug)]
pub(super) struct Nfa {
    nodes: Vec<Node>,
    pub(super) start: u32,
    /// A match begins where the text does.
    pub(super) is_at_start: bool,
    classes: Vec<Class>,
    /// The class `\w`, where the pattern has `\b`.
    word: Option<Class>,
    pub(super) symbols: Symbols,
    pub(super) run: Option<Run>,
}

/// What many patterns are: so many characters of one class and nothing else, `^[a-z]{1,40}$`. Only their number counts.
#[derive(Debug)]
pub(super) struct Run {
    /// By symbol.
    is_in: Vec<bool>,
    least: u32,
    most: Option<u32>,
}

impl Run {
    /// How many characters these are, if all are in the class.
    pub(super) fn count(&self, text: &str, symbols: &Symbols) -> Option<u32> {
        text.chars().try_fold(0_u32, |count, character| {
            let is_in = self.is_in.get(usize::from(symbols.get(character)));
            is_in.is_some_and(|is_in| *is_in).then(|| count.saturating_add(1))
        })
    }

    pub(super) fn is_enough(&self, count: u32) -> bool {
        count >= self.least && self.most.is_none_or(|most| count <= most)
    }
}

impl Nfa {
    /// `None` if it is too large.
    pub(super) fn of(ast: &Ast) -> Option<Self> {
        let mut builder = Builder { nodes: vec![Node::Match], classes: Vec::new(), has_word_edge: false };
        let run = as_run(ast);
        let start = match run {
            Some((class, ..)) => {
                builder.classes.push(class.clone());
                0
            }
            None => builder.put(ast, 0)?,
        };
        let word = builder.has_word_edge.then(|| Class::of(WORD));
        let with_word: Vec<Class> = builder.classes.iter().cloned().chain(word.clone()).collect();
        if with_word.iter().map(|class| class.ranges().len()).sum::<usize>() > MOST_RANGES {
            return None;
        }
        let symbols = Symbols::of(&with_word)?;
        let run = run.map(|(class, least, most)| {
            let is_in = |symbol| class.contains(symbols.sample(symbol));
            Run { is_in: (0..symbols.len() as u16).map(is_in).collect(), least, most }
        });
        let (nodes, classes) = (builder.nodes, builder.classes);
        Some(Self { nodes, start, is_at_start: ast.is_at_start(), classes, word, symbols, run })
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Bytes that it takes, about.
    pub(super) fn size(&self) -> usize {
        let classes = self.classes.iter().chain(&self.word);
        let ranges: usize = classes.map(|class| class.ranges().len()).sum();
        size_of::<Self>() + size_of_val(&*self.nodes) + ranges * size_of::<(u32, u32)>() + self.symbols.size()
    }

    pub(super) fn node(&self, at: u32) -> Option<Node> {
        self.nodes.get(at as usize).copied()
    }

    pub(super) fn is_in(&self, class: u32, symbol: u16) -> bool {
        self.classes.get(class as usize).is_some_and(|class| class.contains(self.symbols.sample(symbol)))
    }

    pub(super) fn is_word(&self, symbol: u16) -> bool {
        self.word.as_ref().is_some_and(|word| word.contains(self.symbols.sample(symbol)))
    }
}

/// What is repeated and how often, if that is all there is.
fn as_run(ast: &Ast) -> Option<(&Class, u32, Option<u32>)> {
    let Ast::Sequence(parts) = ast else { return None };
    let [Ast::Start, what, Ast::End] = &**parts else { return None };
    match what {
        Ast::One(class) => Some((class, 1, Some(1))),
        Ast::Repeat { what, least, most } => match &**what {
            Ast::One(class) => Some((class, *least, *most)),
            _ => None,
        },
        _ => None,
    }
}

struct Builder {
    nodes: Vec<Node>,
    classes: Vec<Class>,
    has_word_edge: bool,
}

impl Builder {
    fn add(&mut self, node: Node) -> Option<u32> {
        if self.nodes.len() >= MOST_NODES {
            return None;
        }
        self.nodes.push(node);
        u32::try_from(self.nodes.len() - 1).ok()
    }

    /// What leads through this to `next`; from the end to the beginning, so that every node knows the next when it is made.
    fn put(&mut self, ast: &Ast, next: u32) -> Option<u32> {
        match ast {
            Ast::Empty => Some(next),
            Ast::One(class) => {
                let known = self.classes.iter().position(|other| other == class).unwrap_or_else(|| {
                    self.classes.push(class.clone());
                    self.classes.len() - 1
                });
                self.add(Node::One { class: u32::try_from(known).ok()?, next })
            }
            Ast::Start => self.add(Node::Assert(Edge::Start, next)),
            Ast::End => self.add(Node::Assert(Edge::End, next)),
            Ast::WordEdge(is_edge) => {
                self.has_word_edge = true;
                self.add(Node::Assert(Edge::Word(*is_edge), next))
            }
            Ast::Sequence(parts) => parts.iter().rev().try_fold(next, |next, part| self.put(part, next)),
            Ast::Choice(choices) => {
                let (last, others) = choices.split_last()?;
                let last = self.put(last, next)?;
                others.iter().rev().try_fold(last, |other, choice| {
                    let this = self.put(choice, next)?;
                    self.add(Node::Split(this, other))
                })
            }
            Ast::Repeat { what, least, most } => {
                let mut at = next;
                match most {
                    None => {
                        let split = self.add(Node::Split(0, next))?;
                        let body = self.put(what, split)?;
                        if let Some(node) = self.nodes.get_mut(split as usize) {
                            *node = Node::Split(body, next);
                        }
                        at = split;
                    }
                    Some(most) => {
                        for _ in *least..*most {
                            let body = self.put(what, at)?;
                            // What is empty needs no nodes: repeated, it is still empty.
                            if body == at {
                                break;
                            }
                            at = self.add(Node::Split(body, next))?;
                        }
                    }
                }
                for _ in 0..*least {
                    let body = self.put(what, at)?;
                    if body == at {
                        break;
                    }
                    at = body;
                }
                Some(at)
            }
        }
    }
}
