//! Blocks and the frame of their statements, and where to go on after a mistake.

use super::{DEEPEST, Parser, Stop};
use crate::ast::{Block, File, Name, Statement, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::nearest;
use crate::token::{Kind, Token, quote, unquoted};
use crate::vocabulary::{self, BLOCKS};

/// The version of the language that this crate reads.
const VERSION: &str = "1";
/// Names appear in response headers and in metrics.
const LONGEST_NAME: usize = 64;

impl<'s> Parser<'s, '_> {
    pub(super) fn file(&mut self) -> File<'s> {
        let mut file = File::default();
        self.skip_newlines();
        if self.peek().kind == Kind::End {
            let found = Diagnostic::new(Code::EmptyPolicy, self.peek().span, "the policy is empty");
            self.sink.push(
                found.with_help("the least a policy holds is `seawall 1` and `route default { pass }`"),
            );
            file.abandoned = true;
            return file;
        }
        if self.version().is_err() {
            file.abandoned = true;
            return file;
        }
        loop {
            let token = self.peek();
            match token.kind {
                Kind::End => return file,
                Kind::Newline | Kind::Semicolon => {
                    self.bump();
                }
                Kind::Word if self.text(token) == "seawall" => self.late_version(),
                Kind::Word => self.block(&mut file),
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
        if !self.eat_word("seawall") {
            self.missing_version(word, "a policy starts with the version of its language");
            return Ok(());
        }
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
                Err(Stop::NotSupported)
            }
            _ => {
                self.missing_version(word, "`seawall` needs the version of the language");
                self.skip();
                Ok(())
            }
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

    fn block(&mut self, file: &mut File<'s>) {
        let word = self.bump();
        let Some(definition) = vocabulary::block(self.text(word)).or_else(|| self.unknown_block(word)) else {
            self.skip();
            return;
        };
        if !definition.supported {
            let name = self.peek();
            if name.kind == Kind::Word {
                file.unsupported.push(Name { text: self.text(name), span: name.span });
            }
            self.not_supported(word.span, &quote(definition.word));
            self.skip();
            return;
        }
        let name = self.block_name(definition);
        let mut block =
            Block { definition, word: word.span, name, statements: Vec::new(), damaged: name.is_none() };
        let line_end = self.at;
        self.skip_newlines();
        let open = self.peek();
        let opened = self.eat(Kind::Open);
        if !opened {
            self.at = line_end;
            let expected = ["`{` after the name of the `", definition.word, "`"].concat();
            self.unexpected(&expected);
        }
        self.block = Some(definition);
        self.statements(&mut block, opened.then_some(open));
        self.block = None;
        file.blocks.push(block);
    }

    /// A misspelt block is read as what was meant, so that its contents are checked and its name is known.
    fn unknown_block(&mut self, word: Token) -> Option<&'static vocabulary::Block> {
        let text = self.text(word);
        let meant = self.suggest(text, BLOCKS.iter().map(|block| block.word));
        let found = Diagnostic::new(Code::UnknownBlock, word.span, ["unknown block ", &quote(text)].concat());
        let home = BLOCKS.iter().find(|block| block.statement(text).is_some());
        self.sink.push(match (meant, home) {
            (_, Some(home)) => {
                let article = ["`", text, "` is a statement of `", home.word, "`"].concat();
                found.with_help([&article, "; is a brace closed too early?"].concat())
            }
            (Some(meant), None) => found.with_help(did_you_mean(meant)),
            (None, None) => {
                let known = BLOCKS.iter().filter(|block| block.supported).map(|block| block.word);
                found.with_help(["a policy is made of ", &vocabulary::words_text(known, "and")].concat())
            }
        });
        meant.filter(|_| home.is_none()).and_then(vocabulary::block)
    }

    fn block_name(&mut self, definition: &vocabulary::Block) -> Option<Name<'s>> {
        let token = self.peek();
        let text = self.text(token);
        let invalid = match token.kind {
            Kind::Word if text.len() <= LONGEST_NAME => None,
            Kind::Word => Some(("the name is longer than 64 characters".to_string(), None)),
            Kind::Number => Some((["the name ", &quote(text), " starts with a digit"].concat(), None)),
            Kind::Text => {
                let bare = unquoted(text);
                let message = ["the name of a `", definition.word, "` is written without quotes"].concat();
                Some((message, Some(["write ", &quote(bare)].concat())))
            }
            _ => {
                self.unexpected(&["the name of the `", definition.word, "`"].concat());
                return None;
            }
        };
        self.bump();
        if let Some((message, help)) = invalid {
            let help =
                help.unwrap_or_else(|| "a name is a letter or `_`, then letters, digits, `_` or `-`".into());
            self.sink.push(Diagnostic::new(Code::InvalidName, token.span, message).with_help(help));
        }
        let text = if token.kind == Kind::Text { unquoted(text) } else { text };
        Some(Name { text, span: token.span })
    }

    /// Up to the closing brace, or to where it must have been forgotten. `open` is `None` when there was no brace,
    /// which has been reported; then a missing partner isn't.
    fn statements(&mut self, block: &mut Block<'s>, open: Option<Token>) {
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Newline | Kind::Semicolon => {
                    self.bump();
                }
                Kind::Close => {
                    self.bump();
                    return;
                }
                _ if token.kind == Kind::End || self.opens_block(Some(block.definition)) => {
                    block.damaged |= self.behind_open_text();
                    if let Some(open) = open {
                        self.never_closed(open);
                    }
                    return;
                }
                Kind::Word => self.statement(block),
                Kind::Open => {
                    self.unexpected("a statement");
                    self.skip();
                    block.damaged = true;
                }
                _ => {
                    self.unexpected("a statement");
                    self.bump();
                    self.skip();
                    block.damaged = true;
                }
            }
        }
    }

    fn never_closed(&mut self, open: Token) {
        if self.behind_open_text() {
            return;
        }
        let found = Diagnostic::new(Code::UnbalancedBrace, open.span, "this `{` is never closed");
        self.sink.push(found.with_help("add a `}` behind the last statement of the block"));
    }

    fn statement(&mut self, block: &mut Block<'s>) {
        let word = self.bump();
        let known = block.definition.statement(self.text(word));
        let Some(definition) = known.or_else(|| self.unknown_statement(block.definition, word)) else {
            self.skip();
            return;
        };
        let value = match self.value(definition) {
            Ok(value) => {
                if self.end_of_statement(definition.word) {
                    value
                } else {
                    Value::Hole
                }
            }
            Err(stop) => {
                self.skip();
                if matches!(stop, Stop::Wrong) { Value::Hole } else { Value::NotSupported }
            }
        };
        block.statements.push(Statement { definition, word: word.span, value });
    }

    pub(super) fn refuse_statement(&mut self, definition: &vocabulary::Statement) -> Stop {
        let span = self.previous().map_or_else(Default::default, |word| word.span);
        self.not_supported(span, &quote(definition.word))
    }

    fn unknown_statement(
        &mut self,
        block: &'static vocabulary::Block,
        word: Token,
    ) -> Option<&'static vocabulary::Statement> {
        let text = self.text(word);
        let message = ["`", block.word, "` has no statement ", &quote(text)].concat();
        let found = Diagnostic::new(Code::UnknownStatement, word.span, message);
        let meant = self.suggest(text, block.statements.iter().map(|statement| statement.word));
        let home = BLOCKS.iter().find(|other| other.statement(text).is_some());
        self.sink.push(match (home, meant) {
            (Some(home), _) => {
                found.with_help(["`", text, "` belongs in a `", home.word, "` block"].concat())
            }
            (None, Some(meant)) => found.with_help(did_you_mean(meant)),
            (None, None) => {
                let known =
                    block.statements.iter().filter(|known| known.value != vocabulary::Value::NotSupported);
                let known = vocabulary::words_text(known.map(|known| known.word), "and");
                found.with_help(["it has ", &known].concat())
            }
        });
        meant.filter(|_| home.is_none()).and_then(|meant| block.statement(meant))
    }

    /// The known word that was meant. Not searched for when the finding won't be shown anyway.
    pub(super) fn suggest<'c>(&self, word: &str, known: impl Iterator<Item = &'c str>) -> Option<&'c str> {
        if self.sink.is_full() { None } else { nearest(word, known) }
    }

    /// Whether a statement may end here: at a line's end, `;`, `}` or the next known word.
    pub(super) fn at_end(&self) -> bool {
        let token = self.peek();
        match token.kind {
            Kind::Newline | Kind::Semicolon | Kind::Close | Kind::End => true,
            Kind::Word => self.block.is_some_and(|block| block.statement(self.text(token)).is_some()),
            _ => false,
        }
    }

    /// Whether a misspelt or misplaced statement stands here, which is then read as one instead of as an error of the
    /// one before.
    pub(super) fn at_wrong_statement(&self) -> bool {
        let token = self.peek();
        let Some(block) = self.block.filter(|_| token.kind == Kind::Word) else { return false };
        let text = self.text(token);
        BLOCKS.iter().any(|other| other.statement(text).is_some())
            || self.suggest(text, block.statements.iter().map(|known| known.word)).is_some()
    }

    /// Reports and skips what stands behind a complete statement.
    fn end_of_statement(&mut self, word: &str) -> bool {
        if self.at_end() || self.at_wrong_statement() {
            return true;
        }
        self.unexpected(&["the end of the statement after `", word, "`"].concat());
        self.skip();
        false
    }

    /// To the end of the statement, over any block within it.
    fn skip(&mut self) {
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Open => {
                    if !self.skip_braces(usize::from(self.block.is_some())) {
                        return;
                    }
                }
                // `per output token`, `a, b`: what stands there isn't a statement, even if it is a known word.
                Kind::Word if self.previous().is_some_and(|last| self.continues(last)) => {
                    self.bump();
                }
                _ if self.at_end() => return,
                _ => {
                    self.bump();
                }
            }
        }
    }

    fn continues(&self, last: Token) -> bool {
        last.kind == Kind::Comma || (last.kind == Kind::Word && self.text(last) == "per")
    }

    /// From a `{` to behind its `}`, if it has one; `outer` is how many braces are open around it.
    fn skip_braces(&mut self, outer: usize) -> bool {
        let open = self.bump();
        let mut depth = 1_usize;
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Open => {
                    depth += 1;
                    if outer + depth == DEEPEST + 1 {
                        let found =
                            Diagnostic::new(Code::NestingTooDeep, token.span, "blocks are nested too deep");
                        self.sink.push(found.with_help("at most 32 blocks may stand in each other"));
                    }
                }
                Kind::Close => {
                    depth -= 1;
                    if depth == 0 {
                        self.bump();
                        return true;
                    }
                }
                _ if token.kind == Kind::End || self.opens_block(None) => {
                    self.never_closed(open);
                    return false;
                }
                _ => {}
            }
            self.bump();
        }
    }

    /// Whether a line starts here that opens a new block, so that the one before must have lost its brace. Some words
    /// are a block at the top level and a statement inside of one, such as `retry`: then the line's `{` decides.
    fn opens_block(&self, inside: Option<&vocabulary::Block>) -> bool {
        let word = self.peek();
        let starts_line = self.previous().is_some_and(|token| token.kind == Kind::Newline);
        if word.kind != Kind::Word || !starts_line || vocabulary::block(self.text(word)).is_none() {
            return false;
        }
        if inside.is_some_and(|block| block.statement(self.text(word)).is_none()) {
            return true;
        }
        let line = self.tokens.iter().skip(self.at).take_while(|token| token.kind != Kind::Newline);
        line.into_iter().any(|token| token.kind == Kind::Open)
    }

    /// A string without its closing quote swallows the brace behind it. That has been reported.
    fn behind_open_text(&self) -> bool {
        let mut before =
            self.tokens.iter().take(self.at).rev().skip_while(|token| token.kind == Kind::Newline);
        before.next().is_some_and(|token| token.kind == Kind::OpenText)
    }
}

pub(crate) fn did_you_mean(word: &str) -> String {
    ["did you mean `", word, "`?"].concat()
}
