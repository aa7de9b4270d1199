//! Cells of the shared data: the balances of all limits that count by the same key, side by side, so that one read and one
//! write serve them all.
//!
//! ```text
//! version, number of limits, number of rows, 0
//! for each limit   tag (4), bytes of its balance (2)
//! for each row     key (8), epoch (4), a balance for each limit
//! ```
//!
//! Tenants can't have a cell each: their names come from outside, and a key of the shared data can't be deleted. They share a
//! table of [`SETS`] cells, found by a keyed hash of the name. A cell has [`WAYS`] rows for tenants of their own and one that is
//! common. A tenant that has no row takes one that is free, or that of a tenant of whom nothing is known any more that a fresh row
//! wouldn't say: debts paid, nothing spent in the window, nothing under way. Where there is none it shares the common row, with
//! all others who found none: that may admit too little, never too much. **Nobody who is in debt is ever forgotten.** When a
//! row becomes free later, what the common row knows goes along.
//!
//! **Conversations** lie in such tables too, one for each route that limits them. There are more of them, and most are over without
//! saying so. One that has no row where all are taken takes the place of the least, and has used nothing; what those before it in
//! that place have used is kept beside, so that the place isn't the least again (the Space-Saving algorithm of Metwally, Agrawal
//! and El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", 2005). So one that has lost its place
//! begins anew when it comes back, but all the others of its cell have seen as much use as it had by then: some thirty thousand
//! times what one may use, within a day, in one route. A row of which something is under way is left alone.
//!
//! So the table is as large with ten million tenants as with thirty thousand; what suffers when more than that are in debt at
//! once are those who come last. Two tenants whose hashes of 64 bits are equal are one.
//!
//! A policy that changes keeps what is known: balances are found by their tags, and limits that are new begin afresh.

use super::balance::Balance;
use super::held;
use super::rule::Rule;
use super::wire::{Reader, Writer};
use crate::time::Timestamp;

/// Cells of the table of tenants.
pub(super) const SETS: u64 = 4_096;
/// Tenants of one cell that are told apart.
pub(super) const WAYS: usize = 8;

/// The row of those who have none of their own.
pub(super) const COMMON: u64 = 0;
/// The key of the only row where a cell has one.
pub(super) const ONLY: u64 = 1;

const VERSION: u8 = 3;
const TAG: usize = 4 + 2;
const ROW: usize = 8 + 4;

/// How cells of one kind are laid out.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    head: Vec<u8>,
    row: usize,
    rows: usize,
}

/// A row, brought up to the present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) epoch: u32,
    pub(super) balances: Vec<Balance>,
}

impl Layout {
    /// `is_table`: whether it has rows for tenants, or only one.
    pub(super) fn new(rules: &[Rule], is_table: bool) -> Self {
        let rows = if is_table { 1 + WAYS } else { 1 };
        let mut head = vec![VERSION, rules.len() as u8, rows as u8, 0];
        for rule in rules {
            head.extend_from_slice(&rule.tag.to_le_bytes());
            head.extend_from_slice(&(rule.measure.size() as u16).to_le_bytes());
        }
        let row = rules.iter().fold(ROW, |sum, rule| sum + rule.measure.size());
        Self { head, row, rows }
    }

    pub(super) fn size(&self) -> usize {
        self.head.len() + self.rows * self.row
    }

    /// A cell's bytes in this layout: as they are, moved to where they belong, or fresh.
    pub(super) fn adopt(&self, bytes: Option<Vec<u8>>) -> Vec<u8> {
        match bytes {
            Some(bytes) if bytes.len() == self.size() && bytes.starts_with(&self.head) => bytes,
            found => {
                let mut fresh = self.head.clone();
                fresh.resize(self.size(), 0);
                if let Some(found) = found {
                    self.move_over(&found, &mut fresh);
                }
                fresh
            }
        }
    }

    /// Where each limit's balance lies in a row, by a cell's own head.
    fn places(head: &[u8]) -> impl Iterator<Item = (&[u8], usize, usize)> {
        let mut at = ROW;
        head.get(4..).unwrap_or_default().as_chunks::<TAG>().0.iter().map(move |entry| {
            let [.., low, high] = *entry;
            let (start, size) = (at, usize::from(u16::from_le_bytes([low, high])));
            at += size;
            (entry.as_slice(), start, size)
        })
    }

    /// Takes over what a cell of another layout knows of limits that are still there.
    fn move_over(&self, old: &[u8], new: &mut [u8]) -> Option<()> {
        let [VERSION, limits, rows, _, ..] = *old else { return None };
        if usize::from(rows) != self.rows {
            return None;
        }
        let (head, rest) = old.split_at_checked(4 + TAG * usize::from(limits))?;
        let old_row = Self::places(head).map(|(_, start, size)| start + size).last().unwrap_or(ROW);
        if rest.len() != self.rows * old_row {
            return None;
        }
        let moves: Vec<_> = Self::places(&self.head)
            .filter_map(|(entry, to, size)| {
                // One that warns, or no longer does, is the same but for its end.
                let is_it = |known: &[u8]| known.iter().zip(entry).take(4).all(|(one, other)| one == other);
                let (_, from, known) = Self::places(head).find(|(known, ..)| is_it(known))?;
                Some((from, to, size.min(known)))
            })
            .chain([(0, 0, ROW)])
            .collect();
        let new_rows = new.get_mut(self.head.len()..)?.chunks_exact_mut(self.row);
        for (old, new) in rest.chunks_exact(old_row).zip(new_rows) {
            for &(from, to, size) in &moves {
                new.get_mut(to..to + size)?.copy_from_slice(old.get(from..from + size)?);
            }
        }
        Some(())
    }

    fn bytes<'b>(&self, bytes: &'b [u8], index: usize) -> &'b [u8] {
        let start = self.head.len() + index * self.row;
        bytes.get(start..start + self.row).unwrap_or_default()
    }

    fn key(&self, bytes: &[u8], index: usize) -> u64 {
        Reader(self.bytes(bytes, index)).u64().unwrap_or_default()
    }

    /// The row with this key, or one that can be given to it; the common one where there is none.
    pub(super) fn find(&self, rules: &[Rule], bytes: &[u8], key: u64, now: Timestamp) -> Found {
        if key == COMMON || self.rows == 1 {
            return Found { index: 0, key, row: self.row(rules, bytes, 0, now) };
        }
        let mut free = None;
        for index in 1..self.rows {
            match self.key(bytes, index) {
                found if found == key => {
                    return Found { index, key, row: self.row(rules, bytes, index, now) };
                }
                COMMON => free = free.or(Some(index)),
                _ => {}
            }
        }
        let is_idle = |index: &usize| self.row(rules, bytes, *index, now).is_idle(now);
        let free = free.or_else(|| (1..self.rows).find(is_idle));
        let common = self.row(rules, bytes, 0, now);
        match free {
            Some(index) => {
                let heirs =
                    common.balances.iter().zip(rules).map(|(balance, rule)| balance.heir(rule.measure));
                Found { index, key, row: Row { epoch: common.epoch, balances: heirs.collect() } }
            }
            None => self.least(rules, bytes, key, now, &common).unwrap_or(Found {
                index: 0,
                key: COMMON,
                row: common,
            }),
        }
    }

    /// The row that has summed up the least, given to somebody else.
    fn least(&self, rules: &[Rule], bytes: &[u8], key: u64, now: Timestamp, common: &Row) -> Option<Found> {
        // By what is used most of: money and requests have nothing in common but what is the most of them.
        let share = |row: &Row| {
            let parts = row.balances.iter().zip(rules).map(|(balance, rule)| {
                Some(balance.sum()?.saturating_mul(10_000) / rule.measure.amount().max(1))
            });
            parts.collect::<Option<Vec<_>>>()?.into_iter().max()
        };
        let rows = (1..self.rows).map(|index| (index, self.row(rules, bytes, index, now)));
        let least = rows.filter_map(|(index, row)| Some((share(&row)?, index, row)));
        let (_, index, row) = least.min_by_key(|(share, ..)| *share)?;
        let known = row.balances.into_iter().zip(&common.balances).zip(rules);
        let balances = known.map(|((own, common), rule)| own.follow(&common.heir(rule.measure))).collect();
        Some(Found { index, key, row: Row { epoch: row.epoch, balances } })
    }

    fn row(&self, rules: &[Rule], bytes: &[u8], index: usize, now: Timestamp) -> Row {
        let mut reader = Reader(self.bytes(bytes, index).get(8..).unwrap_or_default());
        let (passed, epoch) = held::passed(reader.u32().unwrap_or_default(), now);
        let mut balances = Vec::with_capacity(rules.len());
        for rule in rules {
            let Some(mut balance) = Balance::read(rule.measure, &mut reader) else { break };
            balance.roll(rule.measure, now, passed);
            balances.push(balance);
        }
        Row { epoch, balances }
    }

    pub(super) fn put(&self, rules: &[Rule], bytes: &mut [u8], found: &Found) {
        let start = self.head.len() + found.index * self.row;
        let mut writer = Writer(bytes.get_mut(start..start + self.row).unwrap_or_default());
        writer.u64(found.key);
        writer.u32(found.row.epoch);
        for (balance, rule) in found.row.balances.iter().zip(rules) {
            balance.write(rule.measure, &mut writer);
        }
    }
}

impl Row {
    fn is_idle(&self, now: Timestamp) -> bool {
        self.balances.iter().all(|balance| balance.is_idle(now))
    }
}

/// Where a key's row lies, and what is in it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    index: usize,
    /// Its own, or [`COMMON`].
    pub(super) key: u64,
    pub(super) row: Row,
}
