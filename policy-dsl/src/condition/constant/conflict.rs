//! What is known to hold, and whether one thing more can hold too.
//!
//! Atoms about the same text or the same number are looked at together: if the value must be one of a few, each is tried;
//! otherwise the bounds, beginnings and ends that were demanded are held against each other.

use super::super::eval::length;
use super::super::names::NumberName;
use super::super::program::{Atom, Find, Number, Order, Text};
use super::bounds::Bounds;

/// Atoms, and whether they hold.
#[derive(Clone, Default)]
pub(super) struct Facts<'t> {
    known: Vec<(&'t Atom, bool)>,
    /// The length of the longest list in them.
    widest: usize,
}

/// The text an atom speaks about, if nothing else of the request is in it.
fn text_of(atom: &Atom) -> Option<&Text> {
    match atom {
        Atom::Texts(_, text, Text::Constant(_))
        | Atom::Find(_, text, Text::Constant(_))
        | Atom::TextIn(text, _) => Some(text),
        Atom::Numbers(_, Number::Length(text), Number::Constant(_))
        | Atom::NumberIn(Number::Length(text), _) => Some(text),
        _ => None,
    }
}

/// The number an atom speaks about, if nothing else of the request is in it.
fn number_of(atom: &Atom) -> Option<&Number> {
    match atom {
        Atom::Numbers(_, number, Number::Constant(_)) | Atom::NumberIn(number, _) => Some(number),
        _ => None,
    }
}

/// The atom for one value of its text.
fn holds_for_text(atom: &Atom, value: &str) -> bool {
    match atom {
        Atom::Texts(order, _, Text::Constant(other)) => order.holds(value.cmp(other)),
        Atom::Find(find, _, Text::Constant(part)) => find.holds(value, part),
        Atom::TextIn(_, values) => values.binary_search_by(|one| (**one).cmp(value)).is_ok(),
        _ => holds_for_number(atom, length(value)),
    }
}

/// The atom for one value of its number.
fn holds_for_number(atom: &Atom, value: i64) -> bool {
    match atom {
        Atom::Numbers(order, _, Number::Constant(other)) => order.holds(value.cmp(other)),
        Atom::NumberIn(_, values) => values.binary_search(&value).is_ok(),
        _ => true,
    }
}

impl<'t> Facts<'t> {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// What learning this will cost: in the worst case each value of a list is tried with everything that is known.
    pub(super) fn cost(&mut self, atom: &Atom) -> usize {
        let values = match atom {
            Atom::TextIn(_, values) => values.len(),
            Atom::NumberIn(_, values) => values.len(),
            _ => 1,
        };
        self.widest = self.widest.max(values);
        (self.known.len() + 1) * (4 + self.widest)
    }

    /// Whether this can hold beside what is known. When it can't, nothing more should be asked.
    pub(super) fn learn(&mut self, atom: &'t Atom, wanted: bool) -> bool {
        if self.known.iter().any(|(other, held)| *other == atom && *held != wanted) {
            return false;
        }
        self.known.push((atom, wanted));
        itself(atom).is_none_or(|value| value == wanted)
            && self.text(atom).is_none_or(|text| self.text_possible(text))
            && self.number(atom).is_none_or(|number| self.number_possible(number))
    }

    /// The text to look at again because of an atom.
    fn text(&self, atom: &'t Atom) -> Option<&'t Text> {
        let Atom::HasHeader(name) = atom else { return text_of(atom) };
        let mut texts = self.known.iter().filter_map(|(other, _)| text_of(other));
        texts.find(|text| matches!(text, Text::Header(header) if header == name))
    }

    /// The number to look at again because of an atom.
    fn number(&self, atom: &'t Atom) -> Option<&'t Number> {
        let mut numbers = self.known.iter().filter_map(|(other, _)| number_of(other));
        match atom {
            Atom::HasTool(_) => numbers.find(|number| matches!(number, Number::Name(NumberName::Tools))),
            Atom::Find(_, text, _) => {
                numbers.find(|number| matches!(number, Number::Length(whole) if **whole == *text))
            }
            _ => number_of(atom),
        }
    }

    fn number_possible(&self, number: &Number) -> bool {
        let about = || self.known.iter().filter(move |(atom, _)| number_of(atom) == Some(number));
        let given = about().find_map(|(atom, wanted)| match atom {
            Atom::NumberIn(_, values) if *wanted => Some(&**values),
            Atom::Numbers(Order::Equal, _, Number::Constant(value)) if *wanted => {
                Some(std::slice::from_ref(value))
            }
            _ => None,
        });
        let (mut least, mut most) = number.range();
        match number {
            Number::Name(NumberName::Tools) => least = least.max(self.tools()),
            Number::Length(text) => least = least.max(self.least_length(text)),
            _ => {}
        }
        let fits = |value: i64| {
            (least..=most).contains(&value)
                && about().all(|(atom, wanted)| holds_for_number(atom, value) == *wanted)
        };
        if let Some(values) = given {
            return values.iter().any(|value| fits(*value));
        }
        let mut excluded = 0_i64;
        for (atom, wanted) in about() {
            match (atom, wanted) {
                (Atom::Numbers(Order::Less, _, Number::Constant(bound)), true) => {
                    most = most.min(bound.saturating_sub(1))
                }
                (Atom::Numbers(Order::Less, _, Number::Constant(bound)), false) => least = least.max(*bound),
                (Atom::Numbers(Order::Greater, _, Number::Constant(bound)), true) => {
                    least = least.max(bound.saturating_add(1))
                }
                (Atom::Numbers(Order::Greater, _, Number::Constant(bound)), false) => most = most.min(*bound),
                (Atom::NumberIn(_, values), _) => {
                    excluded = excluded.saturating_add(i64::try_from(values.len()).unwrap_or(0))
                }
                _ => excluded = excluded.saturating_add(1),
            }
        }
        // Of one value more than are excluded, one is left.
        let last = most.min(least.saturating_add(excluded));
        least <= most
            && (excluded == 0
                || (least..=last)
                    .any(|value| about().all(|(atom, wanted)| holds_for_number(atom, value) == *wanted)))
    }

    /// How many tools there must be, as so many are known by different names.
    fn tools(&self) -> i64 {
        let named =
            |(atom, wanted): &&(&Atom, bool)| *wanted && matches!(atom, Atom::HasTool(Text::Constant(_)));
        let mut names: Vec<&Atom> = self.known.iter().filter(named).map(|(atom, _)| *atom).collect();
        let mut count = 0;
        while let Some(name) = names.pop() {
            if !names.contains(&name) {
                count += 1;
            }
        }
        count
    }

    /// A text is at least as long as the longest part it is known to have.
    fn least_length(&self, text: &Text) -> i64 {
        let parts = self.known.iter().filter_map(|(atom, wanted)| match atom {
            Atom::Find(_, whole, Text::Constant(part)) if *wanted && whole == text => Some(length(part)),
            _ => None,
        });
        parts.max().unwrap_or(0)
    }

    fn text_possible(&self, text: &Text) -> bool {
        let about = || self.known.iter().filter(move |(atom, _)| text_of(atom) == Some(text));
        let fits = |value: &str| about().all(|(atom, wanted)| holds_for_text(atom, value) == *wanted);
        if self.is_absent(text) {
            return fits("");
        }
        for (atom, wanted) in about() {
            match atom {
                Atom::TextIn(_, values) if *wanted => return values.iter().any(|value| fits(value)),
                Atom::Texts(Order::Equal, _, Text::Constant(value)) if *wanted => return fits(value),
                _ => {}
            }
        }
        let mut bounds = Bounds::default();
        for (atom, wanted) in about() {
            bounds.add(atom, *wanted);
        }
        if !bounds.possible() {
            return false;
        }
        if let (Some(least), Some(most)) = (bounds.least, bounds.most)
            && least.0 == most.0
        {
            return least.1 && most.1 && fits(least.0);
        }
        // A part which the text has can't be one it hasn't.
        let denied = about().filter(|(_, wanted)| !*wanted);
        denied.into_iter().all(|(atom, _)| match atom {
            Atom::Find(Find::Start, _, Text::Constant(part)) => {
                !bounds.start.is_some_and(|start| start.starts_with(&**part))
            }
            Atom::Find(Find::End, _, Text::Constant(part)) => {
                !bounds.end.is_some_and(|end| end.ends_with(&**part))
            }
            Atom::Find(Find::Inside, _, Text::Constant(part)) => !about().any(|(atom, wanted)| {
                *wanted && matches!(atom, Atom::Find(_, _, Text::Constant(held)) if held.contains(&**part))
            }),
            _ => true,
        })
    }

    /// Whether it is a header that the request is known not to have; it then reads as empty.
    fn is_absent(&self, text: &Text) -> bool {
        let Text::Header(name) = text else { return false };
        let absent = |(atom, wanted): &(&Atom, bool)| {
            !*wanted && matches!(atom, Atom::HasHeader(other) if other == name)
        };
        self.known.iter().any(absent)
    }
}

/// The value of an atom that is the same for every request.
fn itself(atom: &Atom) -> Option<bool> {
    match atom {
        Atom::Numbers(order, a, b) if a == b => Some(*order == Order::Equal),
        Atom::Numbers(order, a, b) => ranges(*order, a.range(), b.range()),
        Atom::Texts(order, a, b) => {
            if a == b {
                return Some(*order == Order::Equal);
            }
            match (order, a.constant(), b.constant()) {
                (_, Some(a), Some(b)) => Some(order.holds(a.cmp(b))),
                // Nothing comes before the empty text.
                (Order::Less, _, Some("")) | (Order::Greater, Some(""), _) => Some(false),
                _ => None,
            }
        }
        Atom::Find(find, text, part) => match (text.constant(), part.constant()) {
            (Some(text), Some(part)) => Some(find.holds(text, part)),
            (_, Some("")) => Some(true),
            _ if text == part => Some(true),
            _ => None,
        },
        Atom::TextIn(text, values) => match text.constant() {
            Some(text) => Some(values.iter().any(|value| **value == *text)),
            None if values.is_empty() => Some(false),
            None => None,
        },
        Atom::NumberIn(_, values) if values.is_empty() => Some(false),
        _ => None,
    }
}

/// The outcome of a comparison if the ranges alone decide it.
fn ranges(order: Order, a: (i64, i64), b: (i64, i64)) -> Option<bool> {
    match order {
        Order::Equal if a.1 < b.0 || b.1 < a.0 => Some(false),
        Order::Equal if a.0 == a.1 && a == b => Some(true),
        Order::Less if a.1 < b.0 => Some(true),
        Order::Less if a.0 >= b.1 => Some(false),
        Order::Greater if a.0 > b.1 => Some(true),
        Order::Greater if a.1 <= b.0 => Some(false),
        _ => None,
    }
}
