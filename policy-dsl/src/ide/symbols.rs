//! Names: what they name, where they are defined and where they are used.

use super::Document;
use super::walk::Role;
use crate::span::Span;
use crate::token::{Kind, unquoted};

/// A name in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol<'s> {
    /// What it names: `target`, `retry` …
    pub kind: &'static str,
    pub name: &'s str,
    pub place: Place,
    pub span: Span,
}

/// Whether a name is given or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Definition,
    Reference,
}

impl<'s> Document<'s> {
    /// The name at this place.
    #[must_use]
    pub fn symbol_at(&self, offset: usize) -> Option<Symbol<'s>> {
        let offset = self.clamp(offset);
        self.symbol(self.token_at(offset)?)
    }

    /// Where the name at this place is defined: its name there.
    #[must_use]
    pub fn definition(&self, offset: usize) -> Option<Span> {
        let symbol = self.symbol_at(offset)?;
        let same = |found: &Symbol<'_>| found.place == Place::Definition && is_same(found, &symbol);
        self.symbols().find(same).map(|found| found.span)
    }

    /// All places where the name at this place stands, its definition included.
    #[must_use]
    pub fn references(&self, offset: usize) -> Vec<Symbol<'s>> {
        let Some(symbol) = self.symbol_at(offset) else { return Vec::new() };
        self.symbols().filter(|found| is_same(found, &symbol)).collect()
    }

    pub(super) fn symbols(&self) -> impl Iterator<Item = Symbol<'s>> {
        (0..self.lexed.tokens.len()).filter_map(|at| self.symbol(at))
    }

    fn symbol(&self, at: usize) -> Option<Symbol<'s>> {
        let (kind, place) = match self.role(at) {
            Role::Define(kind) => (kind, Place::Definition),
            Role::Name(kind) => (kind, Place::Reference),
            _ => return None,
        };
        let token = self.token(at)?;
        let text = self.text(at);
        let name = if token.kind == Kind::Text { unquoted(text) } else { text };
        Some(Symbol { kind, name, place, span: token.span })
    }
}

fn is_same(a: &Symbol<'_>, b: &Symbol<'_>) -> bool {
    a.kind == b.kind && a.name == b.name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sink;
    use crate::parser::{Scope, parse};

    /// Names as the parser has them: kind and place, in the order of the text.
    fn parsed(source: &str) -> Vec<(&'static str, Span)> {
        let file = parse(source, Scope::WholeLanguage, &mut Sink::default());
        let mut found = Vec::new();
        for statement in &file.policy.statements {
            let kind = statement.definition.word;
            found.extend(statement.name().filter(|_| kind != "test").map(|name| (kind, name.span)));
            statement.each_reference(&mut |kind, name| found.push((kind, name.span)));
        }
        found.sort_by_key(|(_, span)| span.start);
        found
    }

    #[test]
    fn names_are_those_of_the_parser_whether_or_not_there_are_mistakes() {
        for (source, same) in [
            (include_str!("../../tests/reference.seawall"), true),
            (include_str!("../../tests/golden/misspelt.seawall"), false),
            (include_str!("../../tests/golden/missing_braces.seawall"), false),
            (include_str!("../../tests/golden/unterminated.seawall"), false),
            (include_str!("../../tests/golden/values.seawall"), false),
            (include_str!("../../tests/golden/warnings.seawall"), true),
        ] {
            let document = Document::new(source);
            let found: Vec<_> = document.symbols().map(|symbol| (symbol.kind, symbol.span)).collect();
            let parsed = parsed(source);
            assert!(!parsed.is_empty());
            for (kind, span) in &parsed {
                assert!(found.contains(&(*kind, *span)), "{kind} {} of {source}", span.text(source));
            }
            // Where there are mistakes, the parser may leave out more.
            assert!(!same || found == parsed, "{found:?} {parsed:?}");
        }
    }
}
