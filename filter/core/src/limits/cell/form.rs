//! How a cell is laid out. Its own head says it, so that policies that differ count in it side by side.
//!
//! Two listeners of a proxy may have a policy each, and when a policy is replaced streams of the one before still end. Each
//! finds its own balances by their tags, and leaves those of others as they are: what a balance needs to be understood at another
//! time lies beside it. Who misses some of its own lays the cell out anew, once, with its own in front. Of those of others
//! it leaves out what knows nothing any more and hasn't been written for a day; at most [`MOST`] stay: first what knows something, and of
//! both the latest written.

use std::borrow::Cow;
use std::cmp::Reverse;

use super::super::held;
use super::super::rule::Rule;
use super::super::wire::Reader;
use crate::time::Timestamp;

const VERSION: u8 = 4;
const HEAD: usize = 4;
const ENTRY: usize = 4 + 2;
const KEY: usize = 8;
/// What lies before each balance.
pub(super) const TIMES: usize = 4 + 4;

/// Most balances of other policies that are kept in a row.
const MOST: usize = 16;

/// Nothing is known for longer, in seconds: a day, and what is under way.
const LONGEST: u64 = 86_400 + 60;

/// What knows nothing any more is kept for so many epochs, a day: it may be that of somebody who comes back.
const OLD: u32 = (86_400 / held::EPOCH.as_secs()) as u32;

/// Where the balances of one limit lie in each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Column {
    tag: u32,
    size: usize,
    at: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Form {
    /// Bytes before the first row.
    head: usize,
    /// Bytes of a row.
    row: usize,
    pub(super) rows: usize,
    /// Where this policy's balances lie in a row, with their times, by its rules.
    pub(super) own: Vec<usize>,
    /// Those of others.
    pub(super) others: Vec<usize>,
}

/// How a policy lays out cells of one kind that nobody else has written.
#[derive(Clone, Debug)]
pub(in crate::limits) struct Layout {
    head: Vec<u8>,
    columns: Vec<Column>,
    form: Form,
}

/// A cell as it was read, or a fresh one.
#[derive(Debug)]
pub(in crate::limits) struct Cell<'l> {
    bytes: Vec<u8>,
    pub(super) form: Cow<'l, Form>,
}

impl Layout {
    /// `rows` of each cell.
    pub(super) fn with_rows(rules: &[Rule], rows: usize) -> Self {
        let columns = place(rules.iter().map(|rule| (rule.tag, rule.measure.size())));
        let form = Form::new(&columns, rows, columns.iter().map(|column| column.at).collect());
        Self { head: head(&columns, rows), columns, form }
    }

    pub(in crate::limits) fn open(&self, bytes: Option<Vec<u8>>, now: Timestamp) -> Cell<'_> {
        match bytes {
            Some(bytes) if bytes.len() == self.form.size() && bytes.starts_with(&self.head) => {
                Cell { bytes, form: Cow::Borrowed(&self.form) }
            }
            found => found.and_then(|bytes| self.join(bytes, now)).unwrap_or_else(|| {
                let mut bytes = self.head.clone();
                bytes.resize(self.form.size(), 0);
                Cell { bytes, form: Cow::Borrowed(&self.form) }
            }),
        }
    }

    /// A cell that others have written: as it is, if all of this policy's limits have their place there.
    fn join(&self, bytes: Vec<u8>, now: Timestamp) -> Option<Cell<'_>> {
        let rows = self.form.rows;
        let known = columns(&bytes, rows)?;
        let of = |own: &Column| known.iter().find(|known| known.tag == own.tag);
        let own: Option<Vec<_>> = self
            .columns
            .iter()
            .map(|own| of(own).filter(|known| known.size >= own.size).map(|known| known.at))
            .collect();
        let form = Form::new(&known, rows, own.unwrap_or_default());
        if form.own.len() == self.columns.len() {
            return Some(Cell { bytes, form: Cow::Owned(form) });
        }
        let old = Cell { bytes, form: Cow::Owned(form) };
        let is_own = |known: &Column| self.columns.iter().any(|own| own.tag == known.tag);
        let age = |column: &Column| {
            let is_over = (0..rows).all(|index| old.is_over(index, column.at, now));
            (is_over, Reverse(old.last_written(column.at)))
        };
        let mut others: Vec<_> = known
            .iter()
            .filter(|known| !is_own(known))
            .map(|column| (age(column), *column))
            .filter(|((is_over, Reverse(epoch)), _)| !is_over || epoch.saturating_add(OLD) > held::epoch(now))
            .collect();
        others.sort_by_key(|(age, _)| *age);
        // One that warns, or no longer does, is the same but for its end.
        let own = self
            .columns
            .iter()
            .map(|own| (own.tag, of(own).map_or(own.size, |known| known.size.max(own.size))));
        let all = place(own.chain(others.iter().take(MOST).map(|(_, column)| (column.tag, column.size))));
        let own = all.iter().take(self.columns.len()).map(|column| column.at).collect();
        let form = Form::new(&all, rows, own);
        let mut fresh = head(&all, rows);
        fresh.resize(form.size(), 0);
        let mut cell = Cell { bytes: fresh, form: Cow::Owned(form) };
        for index in 0..rows {
            let from = old.row(index);
            let (_, to) = cell.row_to_write(index);
            copy(from, 0, to, 0, KEY);
            for column in &all {
                match of(column) {
                    Some(known) => {
                        copy(from, known.at, to, column.at, TIMES + known.size.min(column.size));
                    }
                    // New to whom the row is of, and not to who took it.
                    None => copy(&second(Timestamp(0)).to_le_bytes(), 0, to, column.at + 4, 4),
                }
            }
        }
        Some(cell)
    }
}

impl Form {
    fn new(columns: &[Column], rows: usize, own: Vec<usize>) -> Self {
        let row = columns.last().map_or(KEY, |last| last.at.saturating_add(TIMES + last.size));
        let others = columns.iter().map(|column| column.at).filter(|at| !own.contains(at)).collect();
        Self { head: HEAD + ENTRY * columns.len(), row, rows, own, others }
    }

    fn size(&self) -> usize {
        self.head + self.rows * self.row
    }
}

impl Cell<'_> {
    pub(in crate::limits) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(in crate::limits) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(super) fn row(&self, index: usize) -> &[u8] {
        let start = self.form.head + index * self.form.row;
        self.bytes.get(start..start + self.form.row).unwrap_or_default()
    }

    pub(super) fn row_to_write(&mut self, index: usize) -> (&Form, &mut [u8]) {
        let Self { bytes, form } = self;
        let start = form.head + index * form.row;
        (form, bytes.get_mut(start..start + form.row).unwrap_or_default())
    }

    pub(super) fn key(&self, index: usize) -> u64 {
        Reader(self.row(index)).u64().unwrap_or_default()
    }

    /// The epoch in which the balance at `at` was written, and the second from which on it knows nothing; zero where it never was.
    fn times(&self, index: usize, at: usize) -> (u32, u32) {
        let mut times = Reader(self.row(index).get(at..).unwrap_or_default());
        (times.u32().unwrap_or_default(), times.u32().unwrap_or_default())
    }

    pub(super) fn is_new(&self, index: usize, at: usize) -> bool {
        self.times(index, at).1 == 0
    }

    pub(super) fn epoch(&self, index: usize, at: usize) -> u32 {
        self.times(index, at).0
    }

    /// Whether the balance at `at` knows nothing any more, whatever it counts. What a clock that was far ahead has written is nothing.
    pub(super) fn is_over(&self, index: usize, at: usize, now: Timestamp) -> bool {
        let (epoch, over) = self.times(index, at);
        let (over, now_second) = (u64::from(over), now.0 / SECOND);
        over <= now_second || (held::passed(epoch, now).0.is_back && over > now_second + LONGEST)
    }

    fn last_written(&self, at: usize) -> u32 {
        (0..self.form.rows).map(|index| self.epoch(index, at)).max().unwrap_or_default()
    }
}

const SECOND: u64 = 1_000_000_000;

/// The second that begins then or next; the first at the earliest.
pub(super) fn second(time: Timestamp) -> u32 {
    u32::try_from(time.0.div_ceil(SECOND)).unwrap_or(u32::MAX).max(1)
}

fn place(sizes: impl Iterator<Item = (u32, usize)>) -> Vec<Column> {
    let mut at = KEY;
    let place = |(tag, size)| {
        let column = Column { tag, size, at };
        at = at.saturating_add(TIMES + size);
        column
    };
    sizes.map(place).collect()
}

fn head(columns: &[Column], rows: usize) -> Vec<u8> {
    let [low, high] = (columns.len() as u16).to_le_bytes();
    let mut head = vec![VERSION, rows as u8, low, high];
    for column in columns {
        head.extend_from_slice(&column.tag.to_le_bytes());
        head.extend_from_slice(&(column.size as u16).to_le_bytes());
    }
    head
}

/// What a cell's own head says, if it is one of so many rows.
fn columns(bytes: &[u8], rows: usize) -> Option<Vec<Column>> {
    let ([VERSION, own_rows, low, high], rest) = bytes.split_first_chunk()? else { return None };
    if usize::from(*own_rows) != rows {
        return None;
    }
    let (entries, rest) = rest.split_at_checked(ENTRY * usize::from(u16::from_le_bytes([*low, *high])))?;
    let entries = entries.as_chunks::<ENTRY>().0.iter().map(|&[a, b, c, d, low, high]| {
        (u32::from_le_bytes([a, b, c, d]), usize::from(u16::from_le_bytes([low, high])))
    });
    let columns = place(entries);
    let row = Form::new(&columns, rows, Vec::new()).row;
    (rest.len() == rows.saturating_mul(row)).then_some(columns)
}

fn copy(from: &[u8], at: usize, to: &mut [u8], start: usize, size: usize) {
    if let (Some(from), Some(to)) = (from.get(at..at + size), to.get_mut(start..start + size)) {
        to.copy_from_slice(from);
    }
}
