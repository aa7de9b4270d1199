//! What stands in each block, and which comment belongs to what.

use super::WIDTH;
use super::pieces::{Piece, What, pieces};
use super::text::{Word, join};
use crate::ast;
use crate::lexer::Lexed;
use crate::token::Kind;
use crate::vocabulary::Statement as Definition;

/// What stands between two braces, or in the file.
#[derive(Debug)]
pub(super) struct Body<'s> {
    /// The comment behind the opening brace.
    pub(super) comment: Option<&'s str>,
    pub(super) entries: Vec<Entry<'s>>,
    /// On one line with its braces, when it was written so, nothing in it needs lines, and it isn't too long.
    pub(super) flat: Option<String>,
}

#[derive(Debug)]
pub(super) struct Entry<'s> {
    /// Whether a blank line stands above.
    pub(super) blank: bool,
    pub(super) what: Content<'s>,
}

#[derive(Debug)]
pub(super) enum Content<'s> {
    /// One on a line of its own.
    Comment(&'s str),
    Statement(Statement<'s>),
}

#[derive(Debug)]
pub(super) struct Statement<'s> {
    /// `None` for `seawall 1`.
    pub(super) definition: Option<&'static Definition>,
    /// All before its block, in the lines it was written in.
    pub(super) head: Vec<HeadLine<'s>>,
    pub(super) block: Option<Body<'s>>,
    /// The comment behind all of it.
    pub(super) comment: Option<&'s str>,
}

/// A line of a statement: a list can go on in the next line behind a comma.
#[derive(Debug, Default)]
pub(super) struct HeadLine<'s> {
    pub(super) blank: bool,
    /// None for a comment on a line of its own.
    pub(super) words: Vec<Word<'s>>,
    pub(super) comment: Option<&'s str>,
}

/// `None` when a token belongs to no statement, which only happens behind an error.
pub(super) fn entries<'s>(source: &'s str, lexed: &Lexed, file: &ast::File<'_>) -> Option<Body<'s>> {
    let mut reader = Reader { source, pieces: pieces(lexed), at: 0, lost: false };
    let mut body = Body { comment: None, entries: Vec::new(), flat: None };
    // `seawall 1` is no statement of the tree.
    reader.comments(&mut body, reader.first_token(), false);
    let blank = reader.peek().is_some_and(|piece| piece.after_blank() && !body.entries.is_empty());
    let words =
        [reader.bump(), reader.bump()].into_iter().flatten().filter_map(|piece| reader.word(piece)).collect();
    let head = vec![HeadLine { blank: false, words, comment: None }];
    let version = Statement { definition: None, head, block: None, comment: None };
    body.entries.push(Entry { blank, what: Content::Statement(version) });
    reader.body(&mut body, &file.policy.statements, u32::MAX, false);
    (!reader.lost).then_some(body)
}

struct Reader<'s> {
    source: &'s str,
    pieces: Vec<Piece>,
    at: usize,
    lost: bool,
}

impl<'s> Reader<'s> {
    fn peek(&self) -> Option<Piece> {
        self.pieces.get(self.at).copied()
    }

    fn bump(&mut self) -> Option<Piece> {
        let piece = self.peek();
        self.at += 1;
        piece
    }

    /// The next piece that starts before `end`.
    fn next_before(&mut self, end: u32) -> Option<Piece> {
        let piece = self.peek().filter(|piece| piece.span.start < end)?;
        self.at += 1;
        Some(piece)
    }

    fn first_token(&self) -> u32 {
        let token = self.pieces.iter().find(|piece| piece.what != What::Comment);
        token.map_or(u32::MAX, |token| token.span.start)
    }

    fn word(&self, piece: Piece) -> Option<Word<'s>> {
        let What::Token(kind) = piece.what else { return None };
        Some(Word::new(self.source, kind, piece.span))
    }

    fn comment(&self, piece: Piece) -> &'s str {
        piece.span.text(self.source).trim_end()
    }

    /// Up to `end`, the place of the closing brace or behind the file.
    fn body(&mut self, body: &mut Body<'s>, statements: &[ast::Statement<'_>], end: u32, braces: bool) {
        for statement in statements {
            self.comments(body, statement.span.start, braces);
            let blank = self.peek().is_some_and(Piece::after_blank) && !body.entries.is_empty();
            let what = Content::Statement(self.statement(statement));
            body.entries.push(Entry { blank, what });
        }
        self.comments(body, end, braces);
    }

    /// Those up to `end`. One on the line of a statement or of the opening brace belongs to that.
    fn comments(&mut self, body: &mut Body<'s>, end: u32, braces: bool) {
        while let Some(piece) = self.next_before(end) {
            if piece.what != What::Comment {
                self.lost = true;
                return;
            }
            let text = self.comment(piece);
            let place = match body.entries.last_mut() {
                _ if piece.starts_line() => None,
                Some(Entry { what: Content::Statement(statement), .. }) => Some(&mut statement.comment),
                None if braces => Some(&mut body.comment),
                _ => None,
            };
            match place {
                Some(place @ None) => *place = Some(text),
                _ => {
                    let blank = piece.after_blank() && !body.entries.is_empty();
                    body.entries.push(Entry { blank, what: Content::Comment(text) });
                }
            }
        }
    }

    fn statement(&mut self, statement: &ast::Statement<'_>) -> Statement<'s> {
        let block = statement.block();
        let mut head = self.head(block.map_or(statement.span.end, |block| block.span.start));
        let block = block.map(|block| {
            let mut body = Body { comment: None, entries: Vec::new(), flat: None };
            // Comments between the head and the brace go behind the brace, which stands in the line of the head.
            take_pending(&mut head, &mut body);
            self.block(body, block)
        });
        Statement { definition: Some(statement.definition), head, block, comment: None }
    }

    fn head(&mut self, end: u32) -> Vec<HeadLine<'s>> {
        let mut lines = vec![HeadLine::default()];
        let mut first = true;
        while let Some(piece) = self.next_before(end) {
            if piece.starts_line() && !first {
                lines.push(HeadLine { blank: piece.after_blank(), ..HeadLine::default() });
            }
            first = false;
            let Some(line) = lines.last_mut() else { continue };
            match piece.what {
                What::Comment => line.comment = Some(self.comment(piece)),
                What::Token(kind) => line.words.push(Word::new(self.source, kind, piece.span)),
            }
        }
        lines
    }

    fn block(&mut self, mut body: Body<'s>, block: &ast::Block<'_>) -> Body<'s> {
        let close = block.span.end.saturating_sub(1);
        // The opening brace, whose own line doesn't matter.
        self.bump();
        let start = self.at;
        self.body(&mut body, &block.statements, close, true);
        self.bump();
        let inside = self.pieces.get(start..self.at).unwrap_or(&[]);
        let needs_lines = |piece: &Piece| {
            piece.starts_line() || matches!(piece.what, What::Comment | What::Token(Kind::Inline))
        };
        let comments = body.comment.is_some() || body.entries.iter().any(Entry::is_comment);
        if !comments && (body.entries.is_empty() || !inside.iter().any(needs_lines)) {
            body.flat = flat(&body);
        }
        body
    }
}

/// Takes comments that stand behind the last token of the head.
fn take_pending<'s>(head: &mut Vec<HeadLine<'s>>, body: &mut Body<'s>) {
    let last = head.iter().rposition(|line| !line.words.is_empty()).unwrap_or(0);
    body.comment = head.get_mut(last).and_then(|line| line.comment.take());
    for line in head.drain((last + 1).min(head.len())..) {
        let Some(text) = line.comment else { continue };
        let blank = line.blank && !body.entries.is_empty();
        body.entries.push(Entry { blank, what: Content::Comment(text) });
    }
}

/// `{ … }`, unless it is too long for any line. A statement without a word can only be told from the one before by a
/// line end.
fn flat(body: &Body<'_>) -> Option<String> {
    let mut text = String::from("{ ");
    for (number, entry) in body.entries.iter().enumerate() {
        let Content::Statement(statement) = &entry.what else { return None };
        let bare = statement.definition.is_none_or(|definition| definition.word.is_empty());
        if number > 0 {
            if bare {
                return None;
            }
            text.push_str("  ");
        }
        text.push_str(&statement.flat()?);
        if text.len() > WIDTH * 4 {
            return None;
        }
    }
    text.push_str(if body.entries.is_empty() { "}" } else { " }" });
    Some(text)
}

impl<'s> Statement<'s> {
    /// On one line, when it can be.
    pub(super) fn flat(&self) -> Option<String> {
        let [HeadLine { words, comment: None, .. }] = &self.head[..] else { return None };
        let mut text = join(words);
        if let Some(block) = &self.block {
            text.push(' ');
            text.push_str(block.flat.as_ref()?);
        }
        Some(text)
    }

    pub(super) fn word(&self) -> &'static str {
        self.definition.map_or("", |definition| definition.word)
    }

    /// What values are aligned behind: its word, in comparisons all up to the sign. And the rest of its first line.
    pub(super) fn key(&self) -> (&[Word<'s>], &[Word<'s>]) {
        let words = self.head.first().map_or(&[][..], |line| &line.words[..]);
        let sign = words.iter().position(|word| word.kind == Kind::LessEqual);
        let bare = self.definition.is_some_and(|definition| definition.word.is_empty());
        let at = if bare { 0 } else { sign.unwrap_or(1) };
        words.split_at_checked(at).unwrap_or((words, &[]))
    }

    /// Whether something stands behind its key.
    pub(super) fn has_value(&self) -> bool {
        !self.key().1.is_empty() || self.block.is_some()
    }
}

impl Entry<'_> {
    fn is_comment(&self) -> bool {
        matches!(self.what, Content::Comment(_))
    }
}
