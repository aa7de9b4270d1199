//! Within a condition: the word at a place, and the names and functions it may be.

use super::proposal::{Completion, CompletionKind, Completions};
use super::{Document, Hover};
use crate::condition::{FUNCTIONS, NAMES, Name};
use crate::parser::Scope;
use crate::span::Span;
use crate::token::Token;

impl Document<'_> {
    /// What the name or function at this place is.
    pub(super) fn hover_in_condition(&self, condition: Token, offset: u32) -> Option<Hover> {
        let word = self.word(condition, offset)?;
        let text = word.text(self.source);
        if let Some(name) = NAMES.iter().find(|name| name.name == text) {
            return Some(Hover { span: word, markdown: described(name) });
        }
        // `model.startsWith`: the part that is pointed at.
        let to = (offset.saturating_sub(word.start)) as usize;
        let start = text.get(..to)?.rfind('.').map_or(0, |dot| dot + 1);
        let part = text.get(start..)?.split('.').next()?;
        let start = word.start as usize + start;
        let span = Span::new(start, start + part.len());
        if let Some(name) = NAMES.iter().find(|name| name.name == part) {
            return Some(Hover { span, markdown: described(name) });
        }
        let function = FUNCTIONS.iter().find(|function| function.name == part)?;
        let markdown =
            ["**`", function.name, "`** – ", function.doc, "\n\n```cel\n", function.usage, "\n```\n"]
                .concat();
        Some(Hover { span, markdown })
    }

    /// Names, and behind a value the functions that it has.
    pub(super) fn complete_in_condition(&self, condition: Token, offset: u32, scope: Scope) -> Completions {
        let here = Span { start: offset, end: offset };
        let Some(word) = self.word(condition, offset) else { return Completions::none(here) };
        let text = Span { start: word.start, end: offset }.text(self.source);
        let mut found = Completions::none(word);
        let named = |name: &&Name| scope == Scope::WholeLanguage || name.supported;
        let dot = text.rfind('.');
        let names = NAMES.iter().filter(named);
        if let Some(dot) = dot.filter(|dot| {
            !NAMES.iter().any(|name| text.get(..=*dot).is_some_and(|head| name.name.starts_with(head)))
        }) {
            found.replace.start = Span::new(word.start as usize + dot + 1, 0).start;
            found.items.extend(FUNCTIONS.iter().map(|function| Completion {
                detail: function.doc.into(),
                doc: ["```cel\n", function.usage, "\n```"].concat(),
                ..Completion::new(CompletionKind::Function, function.name)
            }));
            return found;
        }
        found.items.extend(names.map(|name| Completion {
            detail: name.ty().as_str().into(),
            doc: name.doc.into(),
            ..Completion::new(CompletionKind::Variable, name.name)
        }));
        found
    }

    /// The word with its dots around this place, perhaps empty; `None` in a string.
    fn word(&self, condition: Token, offset: u32) -> Option<Span> {
        let inside = Span { start: condition.span.start.saturating_add(1), end: condition.span.end };
        let text = inside.text(self.source);
        let at = offset.checked_sub(inside.start)? as usize;
        let (before, behind) = text.split_at_checked(at)?;
        let mut open: Option<char> = None;
        let mut shielded = false;
        for c in before.chars() {
            match open {
                Some(_) if shielded => shielded = false,
                Some(_) if c == '\\' => shielded = true,
                Some(quote) if c == quote => open = None,
                None if c == '"' || c == '\'' => open = Some(c),
                _ => {}
            }
        }
        let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let start = before.trim_end_matches(in_word).len();
        let end = at + behind.find(|c| !in_word(c)).unwrap_or(behind.len());
        let base = inside.start as usize;
        if open.is_some() { None } else { Some(Span::new(base + start, base + end)) }
    }
}

fn described(name: &Name) -> String {
    let later = if name.supported { "" } else { "\n\nNot supported by this version." };
    ["**`", name.name, "`**: ", name.ty().as_str(), "\n\n", name.doc, later, "\n"].concat()
}
