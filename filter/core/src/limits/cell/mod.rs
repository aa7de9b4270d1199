//! Cells of the shared data: the balances of all limits that count by the same key, side by side, so that one read and one
//! write serve them all.
//!
//! ```text
//! version, number of rows, number of limits (2)
//! for each limit   tag (4), bytes of its balance (2)
//! for each row     key (8); for each limit   epoch (4), when it will know nothing (4), a balance
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
//! A policy that changes keeps what is known, and policies side by side what the others know: see `form`. Limits of two policies that
//! have the same name, count the same and count it by the same are one, whose amount each of them has its own word on. Limits that
//! are new begin afresh. A row is somebody else's only when nobody's balances in it know anything; of conversations, when nothing of
//! theirs is under way.

mod form;

use self::form::TIMES;
pub(super) use self::form::{Cell, Layout};
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

/// A row, brought up to the present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) epoch: u32,
    pub(super) balances: Vec<Balance>,
}

impl Layout {
    /// `is_table`: whether it has rows for tenants, or only one.
    pub(super) fn new(rules: &[Rule], is_table: bool) -> Self {
        Self::with_rows(rules, if is_table { 1 + WAYS } else { 1 })
    }
}

impl Cell<'_> {
    /// The row with this key, or one that can be given to it; the common one where there is none.
    pub(super) fn find(&self, rules: &[Rule], key: u64, now: Timestamp) -> Found {
        let rows = self.form.rows;
        if key == COMMON || rows == 1 {
            return Found { index: 0, key, row: self.read(rules, 0, now) };
        }
        let mut free = None;
        for index in 1..rows {
            match self.key(index) {
                found if found == key => {
                    return Found { index, key, row: self.read_own(rules, index, now) };
                }
                COMMON => free = free.or(Some(index)),
                _ => {}
            }
        }
        let is_idle = |index: &usize| self.is_mine(*index, now) && self.read(rules, *index, now).is_idle(now);
        let free = free.or_else(|| (1..rows).find(is_idle));
        let common = self.read(rules, 0, now);
        match free {
            Some(index) => {
                let heirs =
                    common.balances.iter().zip(rules).map(|(balance, rule)| balance.heir(rule.measure));
                Found { index, key, row: Row { epoch: common.epoch, balances: heirs.collect() } }
            }
            None => {
                self.least(rules, key, now, &common).unwrap_or(Found { index: 0, key: COMMON, row: common })
            }
        }
    }

    /// Whether other policies know nothing of who has this row.
    fn is_mine(&self, index: usize, now: Timestamp) -> bool {
        self.form.others.iter().all(|at| self.is_over(index, *at, now))
    }

    /// Whether other policies hold nothing there any more, whatever they have summed up.
    fn is_left(&self, index: usize, now: Timestamp) -> bool {
        let is_old = |at: usize| self.epoch(index, at).saturating_add(2) <= held::epoch(now);
        self.form.others.iter().all(|at| is_old(*at) || self.is_over(index, *at, now))
    }

    /// The row that has summed up the least, given to somebody else.
    fn least(&self, rules: &[Rule], key: u64, now: Timestamp, common: &Row) -> Option<Found> {
        // By what is used most of: money and requests have nothing in common but what is the most of them.
        let share = |row: &Row| {
            let parts = row.balances.iter().zip(rules).map(|(balance, rule)| {
                Some(balance.sum()?.saturating_mul(10_000) / rule.measure.amount().max(1))
            });
            parts.collect::<Option<Vec<_>>>()?.into_iter().max()
        };
        let rows = (1..self.form.rows).filter(|index| self.is_left(*index, now));
        let rows = rows.map(|index| (index, self.read(rules, index, now)));
        let least = rows.filter_map(|(index, row)| Some((share(&row)?, index, row)));
        let (_, index, row) = least.min_by_key(|(share, ..)| *share)?;
        let known = row.balances.into_iter().zip(&common.balances).zip(rules);
        let balances = known.map(|((own, common), rule)| own.follow(&common.heir(rule.measure))).collect();
        Some(Found { index, key, row: Row { epoch: row.epoch, balances } })
    }

    /// The row of somebody who has one. What was never written of it, as when another policy gave the row away, is what
    /// whoever takes a row begins with.
    fn read_own(&self, rules: &[Rule], index: usize, now: Timestamp) -> Row {
        let mut row = self.read(rules, index, now);
        let is_new = |at: &usize| self.is_new(index, *at);
        if self.form.own.iter().any(is_new) {
            let common = self.read(rules, 0, now);
            let parts = row.balances.iter_mut().zip(&common.balances).zip(rules).zip(&self.form.own);
            for (((balance, common), rule), _) in parts.filter(|(_, at)| is_new(at)) {
                *balance = common.heir(rule.measure);
            }
        }
        row
    }

    fn read(&self, rules: &[Rule], index: usize, now: Timestamp) -> Row {
        let epochs = self.form.own.iter().map(|at| held::passed(self.epoch(index, *at), now).1);
        let epoch = epochs.max().unwrap_or_else(|| held::epoch(now));
        let bytes = self.row(index);
        let mut balances = Vec::with_capacity(rules.len());
        for (rule, at) in rules.iter().zip(&self.form.own) {
            let mut reader = Reader(bytes.get(at + TIMES..).unwrap_or_default());
            let Some(mut balance) = Balance::read(rule.measure, &mut reader) else { break };
            let (mut passed, own) = held::passed(self.epoch(index, *at), now);
            passed.epochs = passed.epochs.saturating_add(epoch.saturating_sub(own));
            balance.roll(rule.measure, now, passed);
            balances.push(balance);
        }
        Row { epoch, balances }
    }

    pub(super) fn put(&mut self, rules: &[Rule], found: &Found) {
        let is_taken = self.key(found.index) != found.key;
        let (form, row) = self.row_to_write(found.index);
        if is_taken {
            // What others knew of who had it before is nothing that they know of this one.
            row.fill(0);
        }
        Writer(row).u64(found.key);
        for ((balance, rule), at) in found.row.balances.iter().zip(rules).zip(&form.own) {
            let mut writer = Writer(row.get_mut(*at..).unwrap_or_default());
            writer.u32(found.row.epoch);
            writer.u32(form::second(balance.over_at(rule.measure, found.row.epoch)));
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
