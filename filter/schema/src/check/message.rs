//! What violations say, for people and for the model that is asked again.

use crate::number::Decimal;
use crate::program::{Check, Known, types};

/// Values of an enumeration that are told, and bytes of each.
const MOST_VALUES: usize = 8;
const LONGEST_VALUE: usize = 60;

pub(super) fn of(check: &Check) -> String {
    match check {
        Check::Type { mask, .. } => {
            let names: Vec<_> = types::NAMES
                .iter()
                .enumerate()
                .filter(|(bit, _)| mask >> bit & 1 == 1)
                .map(|(_, name)| *name)
                .collect();
            format!("must be {}", names.join(" or "))
        }
        Check::Enum(known) => enumeration(known),
        Check::Minimum(least) => bound("at least", least),
        Check::Maximum(most) => bound("at most", most),
        Check::ExclusiveMinimum(least) => bound("greater than", least),
        Check::ExclusiveMaximum(most) => bound("less than", most),
        Check::MultipleOf(divisor) => bound("a multiple of", divisor),
        Check::MinLength(least) => format!("must have at least {least} characters"),
        Check::MaxLength(most) => format!("must have at most {most} characters"),
        Check::Pattern(_) => "must match the pattern".to_owned(),
        Check::Format(format) => format!("must be of the format {}", format.name()),
        Check::Content { .. } => "must be encoded as the schema says".to_owned(),
        Check::MinItems(least) => format!("must have at least {least} items"),
        Check::MaxItems(most) => format!("must have at most {most} items"),
        Check::UniqueItems => "must not have the same item twice".to_owned(),
        Check::Contains { .. } => {
            "must contain items of the kind that the schema asks for, in the right number".to_owned()
        }
        Check::MinProperties(least) => format!("must have at least {least} members"),
        Check::MaxProperties(most) => format!("must have at most {most} members"),
        Check::AnyOf(_) => "must fit one of the alternatives".to_owned(),
        Check::Not(_) => "must not be what the schema excludes".to_owned(),
        _ => "doesn't fit".to_owned(),
    }
}

pub(super) fn one_of(count: usize) -> String {
    let why = if count == 0 { "none of the alternatives" } else { "more than one of the alternatives" };
    format!("fits {why}")
}

pub(super) fn missing(name: &str) -> String {
    format!("lacks `{}`", cut(name))
}

fn cut(text: &str) -> &str {
    let end = (0..=LONGEST_VALUE.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    end.and_then(|end| text.get(..end)).unwrap_or("")
}

fn bound(how: &str, number: &Decimal) -> String {
    format!("must be {how} {number}")
}

fn enumeration(known: &Known) -> String {
    let values = known.values.iter().take(MOST_VALUES).filter_map(|(_, at)| known.document.value(*at));
    let values: Vec<_> = values.map(|value| cut(&value.to_json()).to_owned()).collect();
    let more = if known.values.len() > MOST_VALUES { ", …" } else { "" };
    let one_of = if known.values.len() == 1 { "" } else { "one of " };
    format!("must be {one_of}{}{more}", values.join(", "))
}
