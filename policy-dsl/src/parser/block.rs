//! What stands between braces.

use super::{DEEPEST, Parser, Read, Stop};
use crate::ast::Block;
use crate::diagnostic::{Code, Diagnostic};
use crate::token::{Kind, Token};
use crate::vocabulary;

impl<'s> Parser<'s, '_> {
    /// From its `{`, which may stand on the next line, to its `}`. When the brace is missing, the statements may be there.
    pub(super) fn braces(&mut self, definition: &'static vocabulary::Block) -> Read<Block<'s>> {
        let line_end = self.at;
        self.skip_newlines();
        let mut open = self.peek();
        let mut opened = self.eat(Kind::Open);
        if !opened {
            self.at = line_end;
            let word = self.word();
            let top = std::ptr::eq(self.block, &raw const vocabulary::POLICY);
            let place = if top { "`{` after the name of the `" } else { "`{` after `" };
            self.unexpected(&[place, word, "`"].concat());
            // A word too many.
            if self.ahead(1).kind == Kind::Open && self.peek().kind != Kind::Newline {
                self.bump();
                open = self.bump();
                opened = true;
            } else if !top {
                return Err(Stop);
            }
        }
        let outer = (std::mem::replace(&mut self.block, definition), self.statement.take());
        self.around.push((outer.0, self.opener));
        self.depth += 1;
        let mut block = Block { definition, statements: Vec::new(), damaged: false, span: open.span };
        self.statements(&mut block, opened.then_some(open));
        self.depth -= 1;
        self.around.pop();
        (self.block, self.statement) = outer;
        block.span = self.since(open.span);
        Ok(block)
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
                Kind::Word if block.definition.statement(self.text(token)).is_some() => self.statement(block),
                _ if let Some(bare) = block.definition.bare().filter(|bare| self.starts(&bare.shape)) => {
                    self.read_statement(block, bare, token.span);
                    block.damaged |= block.statements.last().is_some_and(|read| read.wrong);
                }
                Kind::Word => {
                    self.statement(block);
                }
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

    pub(super) fn never_closed(&mut self, open: Token) {
        if self.behind_open_text() {
            return;
        }
        let found = Diagnostic::new(Code::UnbalancedBrace, open.span, "this `{` is never closed");
        self.sink.push(found.with_help("add a `}` behind the last statement of the block"));
    }

    /// From a `{` that means nothing to behind its `}`, if it has one.
    pub(super) fn skip_braces(&mut self) -> bool {
        let open = self.bump();
        let mut depth = 1_usize;
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Open => {
                    depth += 1;
                    if self.depth + depth == DEEPEST + 1 {
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
}
