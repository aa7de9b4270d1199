//! The whole file: its first line, then definitions.

use super::{Parser, Stop};
use crate::ast::{Block, File};
use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;
use crate::token::{Kind, Token, quote};

/// The version of the language that this crate reads.
const VERSION: &str = "1";

impl<'s> Parser<'s, '_> {
    pub(super) fn file(mut self) -> File<'s> {
        let span = Span::new(0, self.source.len());
        let policy = Block { definition: self.block, statements: Vec::new(), damaged: false, span };
        let mut file = File { policy, abandoned: true };
        self.skip_newlines();
        if self.peek().kind == Kind::End {
            let found = Diagnostic::new(Code::EmptyPolicy, self.peek().span, "the policy is empty");
            self.sink.push(
                found.with_help("the least a policy holds is `seawall 1` and `route default { pass }`"),
            );
            return file;
        }
        if self.version().is_ok() {
            file.abandoned = false;
            self.definitions(&mut file.policy);
        }
        file
    }

    fn definitions(&mut self, policy: &mut Block<'s>) {
        loop {
            let token = self.peek();
            match token.kind {
                Kind::End => return,
                Kind::Newline | Kind::Semicolon => {
                    self.bump();
                }
                Kind::Word if self.text(token) == "seawall" => self.late_version(),
                Kind::Word => {
                    self.indent = self.indentation();
                    self.statement(policy);
                }
                Kind::Close => {
                    self.bump();
                    let found = Diagnostic::new(Code::UnbalancedBrace, token.span, "this `}` closes nothing");
                    self.sink.push(found.with_help("remove it, or look for a `}` too many above"));
                }
                _ => {
                    self.unexpected("a block such as `target` or `route`");
                    self.skip();
                }
            }
        }
    }

    /// `seawall 1`. An error means that the file is of another version and says nothing that could be judged.
    fn version(&mut self) -> Result<(), Stop> {
        let word = self.peek();
        if !self.is_word("seawall") {
            if let Some(other) = self.other_language(word) {
                self.sink.retract(Span::new(0, self.source.len()));
                let message = "a policy starts with the version of its language";
                let found = Diagnostic::new(Code::MissingVersion, word.span, message);
                let help = "a policy is written in Seawall's own language; it starts with `seawall 1`";
                self.sink.push(found.with_label(["this looks like ", other].concat()).with_help(help));
                return Err(Stop);
            }
            self.missing_version(word, "a policy starts with the version of its language");
            if self.text(word) == "version" {
                self.skip();
            }
            return Ok(());
        }
        self.bump();
        let number = self.peek();
        match number.kind {
            Kind::Number if self.text(number) == VERSION => {
                self.bump();
                self.end_of_statement("seawall 1");
                Ok(())
            }
            Kind::Number => {
                let message =
                    ["version ", &quote(self.text(number)), " of the language is not supported"].concat();
                let found = Diagnostic::new(Code::UnsupportedVersion, number.span, message);
                self.sink.push(found.with_help("this version of Seawall reads `seawall 1`"));
                Err(Stop)
            }
            _ => {
                self.missing_version(word, "`seawall` needs the version of the language");
                self.skip();
                Ok(())
            }
        }
    }

    /// Files of other languages begin in ways that no policy does. Nothing in them is worth a finding.
    fn other_language(&self, first: Token) -> Option<&'static str> {
        let behind = self.source.get(first.span.end as usize..).unwrap_or("");
        match first.kind {
            Kind::Open => Some("JSON"),
            Kind::Word if behind.starts_with(':') => Some("YAML"),
            _ => None,
        }
    }

    fn late_version(&mut self) {
        let word = self.bump();
        self.report(
            Code::DuplicateStatement,
            word.span,
            "`seawall` can only stand once, on the first line".into(),
        );
        self.skip();
    }

    fn missing_version(&mut self, at: Token, message: &str) {
        let found = Diagnostic::new(Code::MissingVersion, at.span, message);
        self.sink.push(found.with_help("write `seawall 1` on the first line"));
    }
}
