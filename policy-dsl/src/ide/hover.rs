//! The reference, at the place where it is needed.

use super::Document;
use super::walk::Role;
use crate::span::Span;
use crate::token::Kind;
use crate::vocabulary::{Block, Presence, Statement, syntax, words_text};

/// Longer definitions are cut off where only their names stand.
const MOST_LINES: usize = 24;

/// What there is to say about a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// What it is about.
    pub span: Span,
    pub markdown: String,
}

impl Document<'_> {
    /// What stands at this place: of a statement its meaning, syntax, units, range and default, of a name its definition, in
    /// a condition the meaning of its names. `None` where there is nothing to say.
    #[must_use]
    pub fn hover(&self, offset: usize) -> Option<Hover> {
        let offset = self.clamp(offset);
        let at = self.token_at(offset)?;
        let token = self.token(at)?;
        if token.kind == Kind::Condition
            && let Some(found) = self.hover_in_condition(token, offset)
        {
            return Some(found);
        }
        if let Role::Name(kind) = self.role(at)
            && let Some(text) =
                self.defined(kind, self.text(at)).and_then(|at| self.definition_text(kind, at))
        {
            return Some(Hover { span: token.span, markdown: text });
        }
        if self.text(at) == "seawall" && self.node(at).is_none() {
            let markdown = "**`seawall 1`** – the version of the language, on the first line\n".into();
            return Some(Hover { span: token.span, markdown });
        }
        let node = self.node(at)?;
        let block = self.walk.regions.get(node.region)?.definition;
        Some(Hover { span: token.span, markdown: statement(node.definition, block) })
    }

    /// The token that defines this name.
    fn defined(&self, kind: &'static str, name: &str) -> Option<usize> {
        let named = |at: &usize| self.role(*at) == Role::Define(kind) && self.text(*at) == name;
        (0..self.lexed.tokens.len()).find(named)
    }

    /// The definition as it is written, by the token of its name.
    pub(super) fn definition_text(&self, kind: &'static str, at: usize) -> Option<String> {
        let text = self.span(self.node(at)?).text(self.source);
        let mut markdown = ["**", kind, " `", self.text(at), "`**\n\n```seawall\n"].concat();
        for line in text.lines().take(MOST_LINES) {
            markdown.extend([line, "\n"]);
        }
        if text.lines().count() > MOST_LINES {
            markdown.push_str("…\n");
        }
        markdown.push_str("```\n");
        Some(markdown)
    }
}

/// What the reference says about a statement.
pub(super) fn statement(definition: &Statement, block: &Block) -> String {
    let mut text = String::new();
    if definition.word.is_empty() {
        text.extend(["**the value of a `", block.word, "`**\n\n"]);
    } else if block.word == "policy" {
        text.extend(["**`", definition.word, "`**\n\n"]);
    } else {
        text.extend(["**`", definition.word, "`** in `", block.word, "`\n\n"]);
    }
    if !definition.doc.is_empty() {
        text.extend([definition.doc, "\n\n"]);
    }
    if definition.since.is_none() {
        text.push_str("**Not supported by this version.**\n\n");
    }
    if let Some(inner) = definition.block() {
        if inner.doc != definition.doc {
            text.extend([inner.doc, "\n\n"]);
        }
        let words = inner.words().collect::<Vec<_>>();
        if !words.is_empty() {
            text.extend(["Statements: ", &words_text(words.into_iter(), "and"), "\n\n"]);
        }
    } else {
        let value = syntax(&definition.shape);
        let word =
            if definition.word.is_empty() { String::new() } else { ["\"", definition.word, "\" "].concat() };
        text.extend(["```ebnf\n", [&word, &*value].concat().trim_end(), "\n```\n\n"]);
    }
    let mut line = |title: &str, value: &str| {
        if !value.is_empty() {
            text.extend(["- ", title, value, "\n"]);
        }
    };
    if definition.block().is_none() {
        line("unit: ", &definition.shape.unit_text());
        line("allowed: ", &definition.shape.range_text());
    }
    match definition.presence {
        Presence::Required => line("required", " "),
        Presence::Optional(meaning) => line("without it: ", meaning),
        Presence::Default(value) => line("default: ", &["`", value, "`"].concat()),
    }
    if definition.repeats {
        line("may stand more than once", " ");
    }
    line("since ", definition.since.unwrap_or(""));
    text.extend(["\n```seawall\n", definition.example, "\n```\n"]);
    text
}
