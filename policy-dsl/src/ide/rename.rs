//! Another name for a thing, everywhere at once.

use super::Document;
use crate::diagnostic::{Edit, Fix, Sink, apply};
use crate::lexer::lex;
use crate::parser::LONGEST_NAME;
use crate::token::{Kind, quote};

/// Why a name can't be changed like this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// One line, lowercase, without a full stop.
    pub message: String,
}

fn refusal(parts: &[&str]) -> Refusal {
    Refusal { message: parts.concat() }
}

impl Document<'_> {
    /// What to change so that the name at this place becomes another, at its definition and wherever it is used.
    ///
    /// # Errors
    /// When there is no name here, or the new one isn't valid, is taken, or would make the text mean something else.
    pub fn rename(&self, offset: usize, new_name: &str) -> Result<Vec<Edit>, Refusal> {
        let symbol = self.symbol_at(offset).ok_or_else(|| refusal(&["there is no name here"]))?;
        let kind = symbol.kind;
        if kind == "route" && (symbol.name == "default" || new_name == "default") {
            return Err(refusal(&["`default` is a word of the language: the route for what no other takes"]));
        }
        check(new_name)?;
        if new_name == symbol.name {
            return Ok(Vec::new());
        }
        if self.symbols().any(|other| other.kind == kind && other.name == new_name) {
            return Err(refusal(&["a `", kind, "` named ", &quote(new_name), " exists already"]));
        }
        let places = self.references(offset);
        let edits: Vec<Edit> =
            places.iter().map(|place| Edit { span: place.span, replacement: new_name.to_string() }).collect();
        // Whatever the name is, the text must mean the same as before but for the name.
        let fix = Fix { title: String::new(), edits };
        let renamed = apply(self.source, &[&fix]).text;
        let renamed = Document::new(&renamed);
        let roles = |document: &Document<'_>| -> Vec<_> {
            document.walk.parts.iter().map(|part| (part.role, part.node)).collect()
        };
        if roles(&renamed) != roles(self) {
            return Err(refusal(&[
                "with the name ",
                &quote(new_name),
                " the policy would be read differently",
            ]));
        }
        Ok(fix.edits)
    }
}

/// Whether it can be a name at all.
fn check(name: &str) -> Result<(), Refusal> {
    let mut sink = Sink::default();
    let tokens = lex(name, &mut sink).tokens;
    let one =
        matches!(tokens.as_slice(), [word, _] if word.kind == Kind::Word && word.span.text(name) == name);
    if sink.has_errors() || !one {
        let rule = "a name is a letter or `_`, then letters, digits, `_` or `-`";
        return Err(refusal(&[&quote(name), " is no name: ", rule]));
    }
    if name.len() > LONGEST_NAME {
        return Err(refusal(&["the name is longer than 64 characters"]));
    }
    Ok(())
}
