//! Every token with its role: which statement it belongs to, and what it is there. Where the parser would rather say less
//! than something wrong, this goes on as well as it can, because a text that is being written is full of mistakes.
//!
//! It begins and ends blocks and statements where the parser does, so that an editor shows what a check will say.

use super::steps::{Expected, Place, Terminal};
use crate::parser::has_brace;
use crate::suggest::nearest;
use crate::token::{Kind, Token};
use crate::vocabulary::{Block, Leaf, POLICY, Statement};

/// What a token is where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Role {
    /// Punctuation, or something that can't stand here.
    #[default]
    None,
    /// The word of a statement.
    Word,
    /// A word that is part of a statement, be it a value or not.
    Keyword,
    Value(Leaf),
    Define(&'static str),
    Name(&'static str),
    Variable,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part {
    pub(super) role: Role,
    /// The statement it belongs to, by its place among the nodes.
    pub(super) node: Option<usize>,
}

/// A statement. Tokens and other nodes are named by their place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) definition: &'static Statement,
    /// The block it stands in.
    pub(super) region: usize,
    pub(super) first: usize,
    pub(super) last: usize,
    /// The token that names it, or says what it is called.
    pub(super) name: Option<usize>,
}

/// What stands between two braces; the first is the whole file.
#[derive(Debug)]
pub(super) struct Region {
    pub(super) definition: &'static Block,
    /// The statement that it ends.
    pub(super) node: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Walk {
    pub(super) parts: Vec<Part>,
    pub(super) nodes: Vec<Node>,
    pub(super) regions: Vec<Region>,
}

/// A statement that is being read.
#[derive(Debug)]
pub(super) struct Current {
    /// `None` when it isn't known.
    pub(super) node: Option<usize>,
    /// Nothing can come next once something couldn't be made sense of.
    pub(super) place: Place,
    /// How many tokens of its value have been read.
    pub(super) passed: usize,
    /// It goes on, though lines have ended.
    holds: bool,
}

impl Current {
    fn new(node: Option<usize>, place: Place) -> Self {
        Self { node, place, passed: 0, holds: false }
    }
}

pub(super) struct Walker<'s, 't> {
    source: &'s str,
    tokens: &'t [Token],
    walk: Walk,
    /// The open blocks, the innermost last.
    open: Vec<usize>,
    current: Option<Current>,
    /// Open braces that mean nothing.
    skipped: usize,
}

impl<'s, 't> Walker<'s, 't> {
    pub(super) fn new(source: &'s str, tokens: &'t [Token]) -> Self {
        let walk = Walk {
            parts: vec![Part::default(); tokens.len()],
            nodes: Vec::new(),
            regions: vec![Region { definition: &POLICY, node: None }],
        };
        Self { source, tokens, walk, open: vec![0], current: None, skipped: 0 }
    }

    /// Reads all tokens.
    pub(super) fn finish(mut self) -> Walk {
        self.read(self.tokens.len());
        while !self.is_top() {
            self.lose(self.tokens.len());
        }
        self.walk
    }

    /// Reads so many tokens from the start. To be called once.
    pub(super) fn read(&mut self, count: usize) {
        for at in 0..count.min(self.tokens.len()) {
            self.token(at);
        }
    }

    /// The innermost block and its place.
    pub(super) fn region(&self) -> (usize, &'static Block) {
        let index = self.open.last().copied().unwrap_or(0);
        (index, self.walk.regions.get(index).map_or(&POLICY, |region| region.definition))
    }

    /// `None` between statements.
    pub(super) fn current(&self) -> Option<&Current> {
        self.current.as_ref()
    }

    pub(super) fn is_skipping(&self) -> bool {
        self.skipped > 0
    }

    pub(super) fn is_top(&self) -> bool {
        self.open.len() == 1
    }

    pub(super) fn definition(&self, node: usize) -> Option<&'static Statement> {
        self.walk.nodes.get(node).map(|node| node.definition)
    }

    fn kind(&self, at: usize) -> Kind {
        self.tokens.get(at).map_or(Kind::End, |token| token.kind)
    }

    fn text(&self, at: usize) -> &'s str {
        self.tokens.get(at).map_or("", |token| token.span.text(self.source))
    }

    fn before(&self, at: usize) -> Kind {
        at.checked_sub(1).map_or(Kind::Newline, |before| self.kind(before))
    }

    fn mark(&mut self, at: usize, role: Role, node: Option<usize>) {
        if let Some(part) = self.walk.parts.get_mut(at) {
            *part = Part { role, node };
        }
        if let Some(node) = node.and_then(|node| self.walk.nodes.get_mut(node)) {
            node.last = at;
            if matches!(role, Role::Define(_) | Role::Value(Leaf::Title)) {
                node.name = node.name.or(Some(at));
            }
        }
    }

    fn token(&mut self, at: usize) {
        let kind = self.kind(at);
        if self.skipped > 0 {
            match kind {
                Kind::Open => self.skipped += 1,
                Kind::Close => self.skipped -= 1,
                _ if self.opens_block(at, None) => self.skipped = 0,
                _ => {}
            }
            if self.skipped > 0 || kind == Kind::Close {
                return;
            }
        }
        match self.current.take() {
            Some(current) => self.within(current, at, kind),
            None => self.between(at, kind),
        }
    }

    fn within(&mut self, mut current: Current, at: usize, kind: Kind) {
        let node = current.node;
        if kind == Kind::Newline {
            // A comma and a `{` hold a statement together over the end of a line.
            let mut behind = (at..self.tokens.len()).map(|next| self.kind(next));
            let opens = |found: &Expected| matches!(found.terminal, Terminal::Open(_));
            current.holds |= self.before(at) == Kind::Comma
                || (current.place.expected(false).0.iter().any(opens)
                    && behind.find(|kind| *kind != Kind::Newline) == Some(Kind::Open));
            self.current = Some(current).filter(|current| current.holds);
            return;
        }
        if kind == Kind::End {
            return;
        }
        current.holds = false;
        let text = self.text(at);
        let mut terminal = current.place.advance(kind, text, false);
        if terminal.is_none() && !(kind == Kind::Word && self.ends_statement(at)) {
            terminal = current.place.advance(kind, text, true);
        }
        if let Some(terminal) = terminal {
            current.passed += 1;
            let role = match terminal {
                Terminal::Open(block) => return self.enter(block, node, at),
                Terminal::Fixed(_) | Terminal::Choice(_) | Terminal::Counted(_) => Role::Keyword,
                Terminal::Sign(_) => Role::None,
                Terminal::Leaf(Leaf::Define(kind)) => Role::Define(kind),
                Terminal::Leaf(Leaf::Name(kind)) => Role::Name(kind),
                Terminal::Leaf(leaf) => Role::Value(leaf),
                Terminal::Variable => Role::Variable,
            };
            self.mark(at, role, node);
            self.current = Some(current);
            return;
        }
        match kind {
            Kind::Semicolon => {}
            Kind::Close => self.leave(at),
            Kind::Open => match node.and_then(|node| self.definition(node)).and_then(Statement::block) {
                Some(block) => self.enter(block, node, at),
                None => self.skipped = 1,
            },
            Kind::Word if self.ends_statement(at) => self.between(at, kind),
            _ => {
                self.mark(at, Role::None, node);
                self.current = Some(Current { place: Place::default(), ..current });
            }
        }
    }

    /// Whether this word begins the next statement of a block that is written in one line.
    fn ends_statement(&self, at: usize) -> bool {
        let continues =
            at.checked_sub(1).is_some_and(|last| self.kind(last) == Kind::Comma || self.text(last) == "per");
        !self.is_top() && !continues && self.region().1.statement(self.text(at)).is_some()
    }

    fn between(&mut self, at: usize, kind: Kind) {
        match kind {
            Kind::Newline | Kind::Semicolon | Kind::End => return,
            Kind::Close => return self.leave(at),
            Kind::Open => {
                self.skipped = 1;
                return;
            }
            _ => {}
        }
        while !self.is_top() && self.opens_block(at, Some(self.region().1)) {
            self.lose(at);
        }
        let (region, block) = self.region();
        let text = self.text(at);
        let known = block.statement(text).filter(|_| kind == Kind::Word);
        if known.is_none()
            && let Some(bare) = block.bare()
        {
            let mut place = Place::start(&bare.shape);
            if place.advance(kind, text, false).is_some() {
                let node = self.add(bare, region, at);
                return self.within(Current::new(Some(node), Place::start(&bare.shape)), at, kind);
            }
        }
        let meant = || nearest(text, block.words()).and_then(|meant| block.statement(meant));
        let definition = known.or_else(|| if kind == Kind::Word { meant() } else { None });
        let Some(definition) = definition else {
            self.current = Some(Current::new(None, Place::default()));
            return;
        };
        let node = self.add(definition, region, at);
        self.mark(at, if known.is_some() { Role::Word } else { Role::None }, Some(node));
        self.current = Some(Current::new(Some(node), Place::start(&definition.shape)));
    }

    fn add(&mut self, definition: &'static Statement, region: usize, first: usize) -> usize {
        self.walk.nodes.push(Node { definition, region, first, last: first, name: None });
        self.walk.nodes.len() - 1
    }

    fn enter(&mut self, definition: &'static Block, node: Option<usize>, at: usize) {
        self.mark(at, Role::None, node);
        self.walk.regions.push(Region { definition, node });
        self.open.push(self.walk.regions.len() - 1);
    }

    /// Ends a block that was never closed, before this token.
    fn lose(&mut self, at: usize) {
        let (region, _) = self.region();
        let node = self.walk.regions.get(region).and_then(|region| region.node);
        if let Some(node) = node.and_then(|node| self.walk.nodes.get_mut(node)) {
            let written = |at: &usize| {
                !matches!(self.tokens.get(*at).map(|token| token.kind), Some(Kind::Newline | Kind::End))
            };
            node.last = (node.last..at).rev().find(written).unwrap_or(node.last);
        }
        self.open.pop();
    }

    fn leave(&mut self, at: usize) {
        if !self.is_top() {
            let (region, _) = self.region();
            let node = self.walk.regions.get(region).and_then(|region| region.node);
            self.mark(at, Role::None, node);
            self.open.pop();
        }
    }

    fn opens_block(&self, at: usize, inside: Option<&Block>) -> bool {
        opens_block(self.source, self.tokens, at, inside)
    }
}

/// Whether a line starts at this token that opens a new block, so that the one before must have lost its brace. Some words
/// are a block at the top level and a statement inside of one, such as `retry`: then the line's `{` decides.
fn opens_block(source: &str, tokens: &[Token], at: usize, inside: Option<&Block>) -> bool {
    let text = |token: &Token| token.span.text(source);
    let starts_line = at
        .checked_sub(1)
        .and_then(|before| tokens.get(before))
        .is_some_and(|token| token.kind == Kind::Newline);
    let Some(word) = tokens.get(at).filter(|word| word.kind == Kind::Word && starts_line) else {
        return false;
    };
    if POLICY.statement(text(word)).is_none() {
        return false;
    }
    if inside.is_some_and(|block| block.statement(text(word)).is_none()) {
        return true;
    }
    has_brace(source, tokens, at, inside)
}
