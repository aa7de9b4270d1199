//! What editors ask about a policy that is being written: what stands at a place, what may stand there, where a name is
//! defined and used. Everything is answered from the vocabulary, so that it can't say something else than a check does.
//!
//! Places are byte offsets; one behind the end counts as the end, and one within a character as its start.
//!
//! ```
//! use seawall_policy::{Scope, ide::Document};
//!
//! let source = "seawall 1\nretry r { attempts 3 }\nroute chat { retry ";
//! let found = Document::new(source).complete(source.len(), Scope::Supported);
//! assert_eq!(found.items[0].label, "r");
//! ```

mod complete;
mod expression;
mod hover;
mod outline;
mod proposal;
mod rename;
mod steps;
mod symbols;
mod walk;

pub use hover::Hover;
pub use outline::Outline;
pub use proposal::{Completion, CompletionKind, Completions};
pub use rename::Refusal;
pub use symbols::{Place, Symbol};

use crate::diagnostic::Sink;
use crate::lexer::{Lexed, lex};
use crate::span::Span;
use crate::token::{Kind, Token};
use walk::{Node, Role, Walk, Walker};

/// A policy as it stands in an editor, with all its mistakes. Reading it takes time proportional to its length; keep to
/// [`MAX_SOURCE_BYTES`](crate::MAX_SOURCE_BYTES).
#[derive(Debug)]
pub struct Document<'s> {
    source: &'s str,
    lexed: Lexed,
    walk: Walk,
}

impl<'s> Document<'s> {
    /// Reads it. Never fails.
    #[must_use]
    pub fn new(source: &'s str) -> Self {
        let lexed = lex(source, &mut Sink::default());
        let walk = Walker::new(source, &lexed.tokens).finish();
        Self { source, lexed, walk }
    }

    /// The offset, moved to where a character starts.
    fn clamp(&self, offset: usize) -> u32 {
        let mut offset = offset.min(self.source.len());
        while !self.source.is_char_boundary(offset) {
            offset -= 1;
        }
        u32::try_from(offset).unwrap_or(u32::MAX)
    }

    fn token(&self, at: usize) -> Option<Token> {
        self.lexed.tokens.get(at).copied()
    }

    fn text(&self, at: usize) -> &'s str {
        self.token(at).map_or("", |token| token.span.text(self.source))
    }

    fn role(&self, at: usize) -> Role {
        self.walk.parts.get(at).map_or(Role::None, |part| part.role)
    }

    /// The statement that the token belongs to.
    fn node(&self, at: usize) -> Option<&Node> {
        self.walk.nodes.get(self.walk.parts.get(at)?.node?)
    }

    /// All of a statement.
    fn span(&self, node: &Node) -> Span {
        let first = self.token(node.first).map_or(Span::default(), |token| token.span);
        self.token(node.last).map_or(first, |last| first.to(last.span))
    }

    /// The token at the offset: the one that begins there, or the one that reaches or ends there.
    fn token_at(&self, offset: u32) -> Option<usize> {
        let tokens = &self.lexed.tokens;
        let behind = tokens.partition_point(|token| token.span.start <= offset);
        let at = behind.checked_sub(1)?;
        let written = |at: &usize| {
            self.token(*at).is_some_and(|token| {
                !matches!(token.kind, Kind::Newline | Kind::End) && offset <= token.span.end
            })
        };
        // Right behind a word its end is meant, and not the comma that follows.
        let word = |at: &usize| self.token(*at).is_some_and(|token| token.kind == Kind::Word);
        let earlier = at.checked_sub(1).filter(|earlier| written(earlier) && word(earlier) && !word(&at));
        earlier.or(Some(at).filter(written))
    }

    /// Whether the offset lies in a comment.
    fn in_comment(&self, offset: u32) -> bool {
        self.lexed.comments.iter().any(|comment| comment.start < offset && offset <= comment.end)
    }

    /// The definitions of this kind: their names, the first of each.
    fn definitions(&self, kind: &'static str) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for (at, part) in self.walk.parts.iter().enumerate() {
            if part.role == Role::Define(kind) && seen.insert(self.text(at)) {
                found.push(at);
            }
        }
        found
    }
}
