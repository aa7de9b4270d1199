//! One-line blocks of one kind below each other become a table: names, braces and, if there is room, statements stand
//! in columns.

use std::collections::BTreeMap;

use super::WIDTH;
use super::text::width;

/// A statement with a one-line block.
#[derive(Debug)]
pub(super) struct Row {
    /// Its word, and the spaces behind it.
    pub(super) lead: String,
    /// Its name, and what stands between that and the brace.
    pub(super) head: [String; 2],
    pub(super) cells: Vec<Cell>,
}

#[derive(Debug)]
pub(super) struct Cell {
    /// The statement's word, and how many with this word stand before it in the block.
    pub(super) id: (&'static str, usize),
    pub(super) text: String,
}

/// Spaces between statements on one line.
const GAP: usize = 2;
/// With wider holes a row falls apart, so that columns help nobody.
const WIDEST_HOLE: usize = 24;

/// The rows as lines. Of the ways to align them the first is taken that fits and leaves no wide holes: by statement, by
/// brace, not at all.
pub(super) fn align(rows: &[Row], indent: usize) -> Vec<String> {
    let heads = [0, 1].map(|column| widest(rows.iter().filter_map(|row| row.head.get(column))));
    let by_statement = levels(rows).map(|levels| {
        let starts = starts(rows, &levels);
        let start = |cell: &Cell| levels.get(&cell.id).and_then(|level| starts.get(*level)).copied();
        rows.iter().map(|row| line(row, heads, &|cell| start(cell).unwrap_or(0))).collect::<Vec<_>>()
    });
    let by_brace = Some(rows.iter().map(|row| line(row, heads, &|_| 0)).collect());
    let fits = |lines: &Vec<String>| {
        let hole = " ".repeat(WIDEST_HOLE + 1);
        lines.iter().all(|line| indent + width(line) <= WIDTH && !line.trim_start().contains(&hole))
    };
    let aligned = by_statement.filter(fits).or(by_brace.filter(fits));
    aligned.unwrap_or_else(|| rows.iter().map(|row| line(row, [0, 0], &|_| 0)).collect())
}

fn widest<'t>(texts: impl Iterator<Item = &'t String>) -> usize {
    texts.map(|text| width(text)).max().unwrap_or(0)
}

/// `start` is where a cell begins behind the brace, or further to the right if there is no room.
fn line(row: &Row, heads: [usize; 2], start: &dyn Fn(&Cell) -> usize) -> String {
    let mut line = row.lead.clone();
    for (text, column) in row.head.iter().zip(heads) {
        if !text.is_empty() || column > 0 {
            line.push_str(text);
            pad(&mut line, column.saturating_sub(width(text)) + 1);
        }
    }
    let mut block = String::new();
    for (number, cell) in row.cells.iter().enumerate() {
        let least = if number == 0 { 0 } else { GAP };
        let space = start(cell).saturating_sub(width(&block)).max(least);
        pad(&mut block, space);
        block.push_str(&cell.text);
    }
    let close = if block.is_empty() { "}" } else { " }" };
    [&line, "{ ", &block, close].concat()
}

fn pad(text: &mut String, spaces: usize) {
    text.extend(std::iter::repeat_n(' ', spaces));
}

/// In which column each statement stands: as far to the left as the order in every row allows, so that statements which
/// never occur together can share one. `None` when rows have them in different orders.
fn levels(rows: &[Row]) -> Option<BTreeMap<(&'static str, usize), usize>> {
    let mut levels = BTreeMap::new();
    for cell in rows.iter().flat_map(|row| &row.cells) {
        levels.insert(cell.id, 0);
    }
    // The words of a block are few, and so are the rounds.
    for _ in 0..=levels.len() {
        let mut settled = true;
        for row in rows {
            let mut least = 0;
            for cell in &row.cells {
                let level = levels.entry(cell.id).or_insert(0);
                settled &= *level >= least;
                *level = least.max(*level);
                least = *level + 1;
            }
        }
        if settled {
            return Some(levels);
        }
    }
    None
}

/// Where each column begins.
fn starts(rows: &[Row], levels: &BTreeMap<(&'static str, usize), usize>) -> Vec<usize> {
    let mut widths = vec![0; levels.values().max().map_or(0, |most| most + 1)];
    for cell in rows.iter().flat_map(|row| &row.cells) {
        if let Some(widest) = levels.get(&cell.id).and_then(|level| widths.get_mut(*level)) {
            *widest = width(&cell.text).max(*widest);
        }
    }
    let starts = widths.iter().scan(0, |next, width| {
        let start = *next;
        *next += width + GAP;
        Some(start)
    });
    starts.collect()
}
