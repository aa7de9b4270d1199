//! What is said where a condition can't be read on.

use super::super::lexer::{Kind, Token};
use super::super::names::FUNCTIONS;
use super::Parser;

impl Parser<'_, '_, '_, '_> {
    pub(super) fn unexpected(&mut self, token: Token, wanted: &str) {
        // The token has been stepped over, unless it is the end.
        let before = if token.kind == Kind::End { 1 } else { 2 };
        let before = self.at.checked_sub(before).and_then(|at| self.tokens.get(at));
        let Some(before) = before else {
            let (message, help) = if token.kind == Kind::End {
                (
                    ["the condition is empty", ""],
                    "compare something, such as `model == \"gpt-4\"`, or leave `when` out",
                )
            } else {
                (
                    ["the condition can't begin with ", &*self.report.quote(token.span)],
                    "begin with a name, such as `model`",
                )
            };
            return self.error(token.span, &message, "", &[help]);
        };
        let after = self.report.quote(before.span);
        if token.kind == Kind::End {
            let label = [wanted, " is missing behind it"].concat();
            return self.error(before.span, &["the condition ends with ", &after], &label, &[]);
        }
        let help: &[&str] = match token.kind {
            Kind::Times => &["`*` stands for nothing here; use `startsWith`, `endsWith` or `contains`"],
            Kind::Dot => &["text stands in quotes: `\"…\"`"],
            _ => &[],
        };
        let found = self.report.quote(token.span);
        self.error(token.span, &["expected ", wanted, " after ", &after, ", not ", &found], "", help);
    }

    /// Something stands where the expression could have ended.
    pub(super) fn left_over(&mut self, token: Token) {
        let found = self.report.quote(token.span);
        let word = self.word(token);
        match token.kind {
            Kind::Close | Kind::CloseList => {
                self.error(token.span, &["this ", &found, " closes nothing"], "", &["remove it"]);
            }
            Kind::Word if FUNCTIONS.iter().any(|known| known.name == word) => {
                let help = ["a function is called with a dot and parentheses: `model.", word, "(\"…\")`"];
                self.error(token.span, &[&found, " isn't an operator"], "", &help);
            }
            Kind::Comma => {
                let help =
                    "join comparisons with `&&` or `||`; values stand in a list: `model in [\"a\", \"b\"]`";
                self.error(token.span, &["a comma stands outside of a list"], "", &[help]);
            }
            _ => {
                let help = "join comparisons with `&&` or `||`; text stands in quotes";
                self.error(token.span, &["expected an operator before ", &found], "", &[help]);
            }
        }
    }
}
