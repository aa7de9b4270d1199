//! What a model, and a caller, are told of an answer that doesn't fit: where, and what is wrong. Nothing that the answer says but names of its
//! members, and bounded.

use super::Breach;

/// Bytes of what is told together, and of one pointer or message.
const MOST: usize = 2 * 1024;
const MOST_PART: usize = 256;

/// What the model is told before it answers again.
pub(crate) fn message(breaches: &[Breach]) -> String {
    let mut text = String::from("Your last answer did not fit what is asked: ");
    text.push_str(&listed(breaches));
    text.push_str(". Answer again, with nothing but what is asked.");
    text
}

/// The breaches in a row, each once. `choice 1: at /items/0/price: must be a number; …`
pub(crate) fn listed(breaches: &[Breach]) -> String {
    let mut told: Vec<String> = Vec::new();
    let (mut size, mut left) = (0, 0_u32);
    for breach in breaches {
        let text = one(breach);
        if told.contains(&text) {
            continue;
        }
        if size + text.len() > MOST {
            left += 1;
            continue;
        }
        size += text.len() + 2;
        told.push(text);
    }
    let mut text = told.join("; ");
    if left > 0 {
        text.push_str("; and ");
        text.push_str(&left.to_string());
        text.push_str(" more");
    }
    text
}

fn one(breach: &Breach) -> String {
    let mut text = String::new();
    if breach.choice > 0 {
        text.push_str("choice ");
        text.push_str(&breach.choice.to_string());
        text.push_str(": ");
    }
    if !breach.pointer.is_empty() {
        text.push_str("at ");
        push(&breach.pointer, &mut text);
        text.push_str(": ");
    }
    push(&breach.message, &mut text);
    text
}

/// Adds a text that is cut where it is too long, in one line.
fn push(part: &str, to: &mut String) {
    let cut = (0..=MOST_PART.min(part.len())).rev().find(|at| part.is_char_boundary(*at)).unwrap_or_default();
    let start = part.get(..cut).unwrap_or_default();
    to.extend(start.chars().map(|char| if char.is_control() { ' ' } else { char }));
    if cut < part.len() {
        to.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rule;
    use super::*;

    fn breach(choice: u32, pointer: &str, message: &str) -> Breach {
        Breach { rule: Rule::Schema, choice, pointer: pointer.into(), message: message.into() }
    }

    #[test]
    fn a_model_is_told_where_its_answer_does_not_fit() {
        let breaches = [breach(0, "/items/0/price", "must be a number"), breach(0, "", "lacks `name`")];
        assert_eq!(
            message(&breaches),
            "Your last answer did not fit what is asked: at /items/0/price: must be a number; lacks `name`. \
             Answer again, with nothing but what is asked."
        );
    }

    #[test]
    fn choices_after_the_first_are_told_apart_and_nothing_is_told_twice() {
        let breaches = [breach(0, "/a", "x"), breach(0, "/a", "x"), breach(1, "/a", "x")];
        assert_eq!(listed(&breaches), "at /a: x; choice 1: at /a: x");
        assert_eq!(listed(&[]), "");
    }

    #[test]
    fn what_is_told_is_bounded_and_has_no_line_ends() {
        let long: String = "/ä\n".repeat(10_000);
        let many: Vec<Breach> = (0..100).map(|choice| breach(choice, &long, &long)).collect();
        let text = message(&many);
        assert!(text.len() < 3 * 1024 && !text.contains('\n'), "{}", text.len());
        assert!(text.contains("; and 97 more"), "{text}");
    }
}
