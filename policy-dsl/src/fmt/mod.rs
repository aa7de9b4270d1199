//! One layout for every policy. Works on the tokens and comments as they were written, and on the tree, which knows
//! where a statement ends. What was written is never trusted to have survived: the result is read again and compared.
//!
//! The way of a text: [`pieces`] (tokens and comments in order) → [`entries`] (what stands in each block, and which
//! comment belongs to what) → [`layout`] (lines, columns) → [`same`] (is it still the same policy).

mod columns;
mod entries;
mod layout;
mod lines;
mod pieces;
mod same;
mod text;

use crate::ast::File;
use crate::diagnostic::{Code, Diagnostic, Severity, Sink};
use crate::lexer::{self, Lexed};
use crate::parser::{self, Scope};
use crate::{MAX_SOURCE_BYTES, Span};

/// Lines are broken where they would be longer than this, in characters, if there is a place to break them.
pub(crate) const WIDTH: usize = 120;
/// Spaces that a block is indented by.
pub(crate) const INDENT: usize = 2;

/// Why a policy was not formatted. Its text must stay as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unformatted {
    /// It can't be read, for these reasons, at least one of which is an error.
    Invalid(Vec<Diagnostic>),
    /// A mistake in the formatter: its result would have been another policy.
    Unsound(&'static str),
}

/// Lays a policy out in the one style: two spaces of indentation, values and trailing comments aligned in their group, at
/// most one blank line, LF at the end of each line, no byte order mark. Keeps every comment. What it returns, it returns
/// unchanged when it is given that. Takes time proportional to the length of the source.
///
/// All that is needed is a text that can be read as a policy of the whole language; names may be unknown and
/// statements missing.
///
/// # Errors
/// [`Unformatted::Invalid`] when the source can't be read, or its formatted text would be over 1 MiB.
pub fn format(source: &str) -> Result<String, Unformatted> {
    let before = Read::new(source)?;
    let entries = entries::entries(source, &before.lexed, &before.file);
    let text = layout::layout(&entries);
    if text.len() > MAX_SOURCE_BYTES {
        let message = "the policy would be larger than 1 MiB once it is formatted";
        let found = Diagnostic::new(Code::SourceTooLarge, Span::default(), message);
        return Err(Unformatted::Invalid(vec![found]));
    }
    let Ok(after) = Read::new(&text) else {
        return Err(Unformatted::Unsound("the formatted policy can't be read"));
    };
    same::compare((source, &before), (&text, &after)).map_err(Unformatted::Unsound)?;
    Ok(text)
}

/// A source that could be read.
struct Read<'s> {
    lexed: Lexed,
    file: File<'s>,
}

impl<'s> Read<'s> {
    fn new(source: &'s str) -> Result<Self, Unformatted> {
        let mut sink = Sink::default();
        if source.len() > MAX_SOURCE_BYTES {
            let message = "the policy is larger than 1 MiB";
            sink.push(Diagnostic::new(Code::SourceTooLarge, Span::default(), message));
            return Err(Unformatted::Invalid(sink.finish()));
        }
        let file = parser::parse(source, Scope::WholeLanguage, &mut sink);
        if sink.has_errors() || file.abandoned {
            let mut found = sink.finish();
            found.retain(|found| found.severity == Severity::Error);
            return Err(Unformatted::Invalid(found));
        }
        // Once more for the comments, which the parser has no use for.
        Ok(Self { lexed: lexer::lex(source, &mut sink), file })
    }
}
