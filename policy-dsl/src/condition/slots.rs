//! What of the request a condition reads.

use super::names::{NAMES, NumberName, Slot, Stage, TextName};
use super::program::{Atom, Form, Number, Order, Test, Text};
use crate::span::Span;

/// Whether anything it reads is known only with the body.
pub(super) fn needs_body(test: &Test) -> bool {
    let body = |slot: Slot| NAMES.iter().any(|name| name.slot == slot && name.stage == Stage::Body);
    let mut needs = false;
    slots(test, &mut |slot, _| needs |= body(slot));
    needs
}

/// Calls `visit` for everything of the request that a test reads, and with the name of the header.
pub(super) fn slots<'t>(test: &'t Test, visit: &mut dyn FnMut(Slot, &'t str)) {
    match &test.form {
        Form::Constant(_) => {}
        Form::All(tests) | Form::Any(tests) => tests.iter().for_each(|test| slots(test, visit)),
        Form::Same(tests) => tests.iter().for_each(|test| slots(test, visit)),
        Form::If(tests) => tests.iter().for_each(|test| slots(test, visit)),
        Form::Leaf { atom, .. } => match &**atom {
            Atom::Flag(name) => visit(Slot::Flag(*name), ""),
            Atom::HasHeader(name) => visit(Slot::Headers, name),
            Atom::HasTool(name) => {
                visit(Slot::Tools, "");
                text_slots(name, visit);
            }
            Atom::Numbers(_, a, b) => {
                number_slots(a, visit);
                number_slots(b, visit);
            }
            Atom::Texts(_, a, b) | Atom::Find(_, a, b) => {
                text_slots(a, visit);
                text_slots(b, visit);
            }
            Atom::NumberIn(value, _) => number_slots(value, visit),
            Atom::TextIn(value, _) => text_slots(value, visit),
        },
    }
}

/// Calls `see` for every name that `tier` is compared with.
pub(super) fn tiers(test: &Test, see: &mut dyn FnMut(&str, Span)) {
    const TIER: Text = Text::Name(TextName::Tier);
    match &test.form {
        Form::Constant(_) => {}
        Form::All(tests) | Form::Any(tests) => tests.iter().for_each(|test| tiers(test, see)),
        Form::Same(tests) => tests.iter().for_each(|test| tiers(test, see)),
        Form::If(tests) => tests.iter().for_each(|test| tiers(test, see)),
        Form::Leaf { atom, .. } => match &**atom {
            Atom::Texts(Order::Equal, text, Text::Constant(name)) if *text == TIER => {
                see(name, test.place.span)
            }
            Atom::TextIn(text, names) if *text == TIER => {
                names.iter().for_each(|name| see(name, test.place.span));
            }
            _ => {}
        },
    }
}

fn number_slots<'t>(value: &'t Number, visit: &mut dyn FnMut(Slot, &'t str)) {
    match value {
        Number::Constant(_) => {}
        Number::Name(NumberName::Tools) => visit(Slot::Tools, ""),
        Number::Name(name) => visit(Slot::Number(*name), ""),
        Number::Length(text) => text_slots(text, visit),
        Number::Math(_, operands) => operands.iter().for_each(|operand| number_slots(operand, visit)),
        Number::If(parts) => {
            let (condition, yes, no) = &**parts;
            slots(condition, visit);
            number_slots(yes, visit);
            number_slots(no, visit);
        }
    }
}

fn text_slots<'t>(value: &'t Text, visit: &mut dyn FnMut(Slot, &'t str)) {
    match value {
        Text::Constant(_) => {}
        Text::Name(name) => visit(Slot::Text(*name), ""),
        Text::Header(name) => visit(Slot::Headers, name),
        Text::If(parts) => {
            let (condition, yes, no) = &**parts;
            slots(condition, visit);
            text_slots(yes, visit);
            text_slots(no, visit);
        }
    }
}
