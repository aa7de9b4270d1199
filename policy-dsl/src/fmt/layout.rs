//! From entries to lines. Every choice depends only on what its result says again, so that formatting twice changes
//! nothing: which blocks were on one line, where lists were broken, where blank lines stood.

use super::columns::{self, Cell, Row};
use super::entries::{Body, Content, Entry, Statement};
use super::lines::Lines;
use super::text::{Word, chunks, inline_lines, join, width};
use super::{INDENT, WIDTH};
use crate::token::Kind;

/// Spaces between the longest word of a group and the values.
const GAP: usize = 2;

pub(super) fn layout(file: &Body<'_>) -> String {
    let mut layout = Layout { lines: Lines::default() };
    layout.body(&file.entries, Place { indent: 0, top: true, widest: 0 });
    layout.lines.finish()
}

/// Where statements stand.
#[derive(Clone, Copy)]
struct Place {
    indent: usize,
    /// Outside of any block. There a statement is a heading, and its value isn't aligned with that of others.
    top: bool,
    /// The width of the widest word in the block.
    widest: usize,
}

struct Layout<'s> {
    lines: Lines<'s>,
}

impl<'s> Layout<'s> {
    fn body(&mut self, entries: &[Entry<'s>], mut place: Place) {
        place.widest = widest(entries.iter());
        let blanks = blanks(entries, place);
        // Entries that have columns in common.
        let mut group = Vec::new();
        for (entry, blank) in entries.iter().zip(blanks) {
            if blank {
                self.group(&mut group, place);
                self.lines.blank();
            }
            match &entry.what {
                Content::Statement(statement) if is_multi_line(statement, place) => {
                    self.group(&mut group, place);
                    self.multi_line(statement, place);
                }
                _ => group.push(entry),
            }
        }
        self.group(&mut group, place);
    }

    /// A statement with a block of several lines.
    fn multi_line(&mut self, statement: &Statement<'s>, place: Place) {
        let Some(block) = &statement.block else { return };
        let lead = join(statement.key().0) + " ";
        self.lines.next_group();
        self.statement(statement, place.indent, &lead, "{", block.comment);
        self.lines.next_group();
        self.body(&block.entries, Place { indent: place.indent + INDENT, top: false, widest: 0 });
        self.lines.next_group();
        self.lines.push(place.indent, "}", statement.comment);
        self.lines.next_group();
    }

    fn group(&mut self, entries: &mut Vec<&Entry<'s>>, place: Place) {
        let column = widest(entries.iter().copied()) + GAP;
        self.lines.next_group();
        let mut at = 0;
        while let Some(entry) = entries.get(at) {
            match &entry.what {
                Content::Comment(comment) => self.lines.push(place.indent, comment, None),
                Content::Statement(statement) => {
                    let rest = entries.get(at..).unwrap_or(&[]);
                    let length = table_length(rest, statement, place);
                    if length > 1 {
                        self.table(rest.get(..length).unwrap_or(rest), place, column);
                        at += length;
                        continue;
                    }
                    let lead = lead(statement, place, column);
                    let block = statement.block.as_ref().and_then(|block| block.flat.as_deref());
                    self.statement(statement, place.indent, &lead, block.unwrap_or(""), statement.comment);
                }
            }
            at += 1;
        }
        entries.clear();
    }

    /// `lead` is the word with the spaces behind it, `tail` what stands behind all values, such as `{`.
    fn statement(
        &mut self,
        statement: &Statement<'s>,
        indent: usize,
        lead: &str,
        tail: &str,
        comment: Option<&'s str>,
    ) {
        let column = indent + width(lead);
        let mut lead = Some(lead);
        for (number, line) in statement.head.iter().enumerate() {
            if line.blank {
                self.lines.blank();
            }
            if line.words.is_empty() {
                self.lines.push(column, line.comment.unwrap_or(""), None);
                continue;
            }
            let is_last = number + 1 == statement.head.len();
            let words = if number == 0 { statement.key().1 } else { &line.words };
            let mut chunks = chunks(words);
            match chunks.last_mut() {
                Some(chunk) if is_last && !tail.is_empty() => chunk.extend([" ", tail]),
                None if is_last => chunks.push(tail.into()),
                _ => {}
            }
            let mut rows = fill(&chunks, WIDTH.saturating_sub(column)).into_iter().peekable();
            while let Some(row) = rows.next() {
                let comment = if is_last { comment } else { line.comment };
                let comment = comment.filter(|_| rows.peek().is_none());
                match lead.take() {
                    Some(lead) => self.lines.push(indent, &[lead, &row].concat(), comment),
                    None => self.lines.push(column, &row, comment),
                }
            }
        }
        let last = statement.head.last().and_then(|line| line.words.last());
        if let Some(Word { kind: Kind::Inline, text }) = last {
            inline_lines(text, indent).into_iter().for_each(|line| self.lines.verbatim(line));
        }
    }

    /// One-line blocks of one kind, and the comments between them.
    fn table(&mut self, entries: &[&Entry<'s>], place: Place, column: usize) {
        let rows: Vec<Row> = statements(entries.iter().copied())
            .map(|statement| {
                let (name, rest) = statement.key().1.split_at_checked(1).unwrap_or((&[], &[]));
                let head = [join(name), join(rest)];
                Row { lead: lead(statement, place, column), head, cells: cells(statement) }
            })
            .collect();
        let mut rows = columns::align(&rows, place.indent).into_iter();
        for entry in entries {
            match &entry.what {
                Content::Comment(comment) => self.lines.push(place.indent, comment, None),
                Content::Statement(statement) => {
                    self.lines.push(place.indent, &rows.next().unwrap_or_default(), statement.comment);
                }
            }
        }
    }
}

/// The statement's word and the spaces behind it.
fn lead(statement: &Statement<'_>, place: Place, column: usize) -> String {
    let mut key = join(statement.key().0);
    if !key.is_empty() {
        let space = if place.top { 1 } else { column.saturating_sub(width(&key)).max(1) };
        key.extend(std::iter::repeat_n(' ', space));
    }
    key
}

fn statements<'e, 's: 'e>(
    entries: impl Iterator<Item = &'e Entry<'s>>,
) -> impl Iterator<Item = &'e Statement<'s>> {
    entries.filter_map(|entry| match &entry.what {
        Content::Statement(statement) => Some(statement),
        Content::Comment(_) => None,
    })
}

/// The width of the widest word that has a value behind it.
fn widest<'e, 's: 'e>(entries: impl Iterator<Item = &'e Entry<'s>>) -> usize {
    let keys = statements(entries).filter(|statement| statement.has_value());
    keys.map(|statement| width(&join(statement.key().0))).max().unwrap_or(0)
}

/// Above which entries a blank line stands: where one was written, and between blocks of several lines at the top.
fn blanks(entries: &[Entry<'_>], place: Place) -> Vec<bool> {
    let mut blanks: Vec<bool> = entries.iter().map(|entry| entry.blank).collect();
    // Below the last such block, if there was no blank line since.
    let mut below = None;
    for (number, entry) in entries.iter().enumerate().filter(|_| place.top) {
        if entry.blank {
            below = None;
        }
        if let Content::Statement(statement) = &entry.what {
            let multi_line = is_multi_line(statement, place);
            if let Some(blank) = below.and_then(|below| blanks.get_mut(below)).filter(|_| multi_line) {
                *blank = true;
            }
            below = multi_line.then_some(number + 1);
        }
    }
    blanks
}

/// Whether its block needs lines of its own. An empty one never does.
fn is_multi_line(statement: &Statement<'_>, place: Place) -> bool {
    let Some(block) = &statement.block else { return false };
    block.flat.is_none() || !block.entries.is_empty() && !ends_on_line(statement, place)
}

/// Whether there is room for its one-line block behind the last line of its head. That can't depend on the columns of its
/// group, as those depend on this: so it is judged by the widest word of the whole block.
fn ends_on_line(statement: &Statement<'_>, place: Place) -> bool {
    let Some(flat) = statement.block.as_ref().and_then(|block| block.flat.as_ref()) else { return false };
    let lead = place.indent + width(&lead(statement, place, place.widest + GAP));
    let words = match &statement.head[..] {
        [_] => statement.key().1,
        lines => lines.last().map_or(&[][..], |line| &line.words),
    };
    let head = if words.is_empty() { 0 } else { width(&join(words)) + 1 };
    lead + head + width(flat) <= WIDTH
}

/// How many entries from the first on make a table: blocks of one kind on one line each, and comments between them.
fn table_length(entries: &[&Entry<'_>], first: &Statement<'_>, place: Place) -> usize {
    let mut length = 0;
    for (number, entry) in entries.iter().enumerate() {
        let Content::Statement(statement) = &entry.what else { continue };
        let one_line = statement.head.len() == 1 && ends_on_line(statement, place);
        if !one_line || statement.word() != first.word() {
            break;
        }
        length = number + 1;
    }
    length
}

fn cells(statement: &Statement<'_>) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::new();
    let entries = statement.block.iter().flat_map(|block| &block.entries);
    for inner in statements(entries) {
        let same = cells.iter().filter(|cell| cell.id.0 == inner.word()).count();
        cells.push(Cell { id: (inner.word(), same), text: inner.flat().unwrap_or_default() });
    }
    cells
}

/// As many in a line as fit in the width.
fn fill(chunks: &[String], most: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    let mut taken = 0;
    for chunk in chunks {
        let length = width(chunk);
        match rows.last_mut() {
            Some(row) if taken + 1 + length <= most => {
                row.extend([" ", chunk]);
                taken += 1 + length;
            }
            _ => {
                rows.push(chunk.clone());
                taken = length;
            }
        }
    }
    rows
}
