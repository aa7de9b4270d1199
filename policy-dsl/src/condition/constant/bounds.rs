//! What is demanded of one text by several atoms.

use super::super::program::{Atom, Find, Order, Text};

/// What a text must begin and end with, and what it must lie between; with a bound, whether it may be the text itself.
#[derive(Default)]
pub(super) struct Bounds<'t> {
    pub(super) start: Option<&'t str>,
    pub(super) end: Option<&'t str>,
    pub(super) least: Option<(&'t str, bool)>,
    pub(super) most: Option<(&'t str, bool)>,
    broken: bool,
}

impl<'t> Bounds<'t> {
    pub(super) fn add(&mut self, atom: &'t Atom, wanted: bool) {
        match (atom, wanted) {
            (Atom::Find(Find::Start, _, Text::Constant(part)), true) => {
                let known = self.start.unwrap_or("");
                self.broken |= !known.starts_with(&**part) && !part.starts_with(known);
                self.start = Some(if part.len() > known.len() { part } else { known });
                // The first text with a beginning is the beginning itself.
                self.at_least(part, true);
            }
            (Atom::Find(Find::End, _, Text::Constant(part)), true) => {
                let known = self.end.unwrap_or("");
                self.broken |= !known.ends_with(&**part) && !part.ends_with(known);
                self.end = Some(if part.len() > known.len() { part } else { known });
            }
            (Atom::Texts(Order::Less, _, Text::Constant(bound)), true) => self.at_most(bound, false),
            (Atom::Texts(Order::Less, _, Text::Constant(bound)), false) => self.at_least(bound, true),
            (Atom::Texts(Order::Greater, _, Text::Constant(bound)), true) => self.at_least(bound, false),
            (Atom::Texts(Order::Greater, _, Text::Constant(bound)), false) => self.at_most(bound, true),
            _ => {}
        }
    }

    fn at_least(&mut self, bound: &'t str, itself: bool) {
        self.least = Some(match self.least {
            Some(known) if known.0 > bound || (known.0 == bound && !known.1) => known,
            _ => (bound, itself),
        });
    }

    fn at_most(&mut self, bound: &'t str, itself: bool) {
        self.most = Some(match self.most {
            Some(known) if known.0 < bound || (known.0 == bound && !known.1) => known,
            _ => (bound, itself),
        });
    }

    pub(super) fn possible(&self) -> bool {
        let least = self.least.unwrap_or(("", true));
        // Behind all texts with this beginning.
        let beyond = self.start.is_some_and(|start| least.0 > start && !least.0.starts_with(start));
        let crossed =
            self.most.is_some_and(|most| least.0 > most.0 || (least.0 == most.0 && !(least.1 && most.1)));
        !self.broken && !beyond && !crossed
    }
}
