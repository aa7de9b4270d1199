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
/// ```
/// let text = seawall_policy::format("seawall 1;route default{pass}// all");
/// assert_eq!(text.as_deref(), Ok("seawall 1\nroute default { pass }  // all\n"));
/// ```
///
/// All that is needed is a text that can be read: names may be unknown, statements missing, values out of their range.
///
/// # Errors
/// [`Unformatted::Invalid`] when the source can't be read, or its formatted text would be over 1 MiB.
pub fn format(source: &str) -> Result<String, Unformatted> {
    let before = Read::new(source)?;
    // What was read in spite of an error is trusted only as far as it comes out the same again.
    let unsound = |why| match &before.errors[..] {
        [] => Unformatted::Unsound(why),
        errors => Unformatted::Invalid(errors.to_vec()),
    };
    let body = entries::entries(source, &before.lexed, &before.file);
    let body = body.ok_or_else(|| unsound("there is a word outside of any statement"))?;
    let text = layout::layout(&body);
    if text.len() > MAX_SOURCE_BYTES {
        return Err(too_large("the policy would be larger than 1 MiB once it is formatted"));
    }
    let after = Read::new(&text).map_err(|_| unsound("the formatted policy can't be read"))?;
    same::compare((source, &before), (&text, &after)).map_err(unsound)?;
    Ok(text)
}

/// A source that could be read.
struct Read<'s> {
    lexed: Lexed,
    file: File<'s>,
    /// Those that leave no doubt about where a statement ends.
    errors: Vec<Diagnostic>,
}

impl<'s> Read<'s> {
    fn new(source: &'s str) -> Result<Self, Unformatted> {
        if source.len() > MAX_SOURCE_BYTES {
            return Err(too_large("the policy is larger than 1 MiB"));
        }
        let mut sink = Sink::default();
        let file = parser::parse(source, Scope::WholeLanguage, &mut sink);
        let mut errors = sink.finish();
        errors.retain(|found| found.severity == Severity::Error);
        if file.abandoned || errors.iter().any(|found| found.code.is_syntax()) {
            return Err(Unformatted::Invalid(errors));
        }
        // Once more for the comments, which the parser has no use for. Findings are those from above.
        Ok(Self { lexed: lexer::lex(source, &mut Sink::default()), file, errors })
    }
}

fn too_large(message: &str) -> Unformatted {
    Unformatted::Invalid(vec![Diagnostic::new(Code::SourceTooLarge, Span::default(), message)])
}
