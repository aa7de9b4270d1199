//! JSON as a text with names in it: `{"model":$model}`. It keeps recorded answers readable as such, and their members in
//! the order in which providers send them.

use std::fmt::Write as _;

/// What names in a template stand for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    /// Stands in a JSON string, or is one with its quotes around the name.
    Text(&'a str),
    Number(u64),
}

/// Puts values in place of `$name`s. A name that has no value stays as it is.
pub(crate) fn fill(template: &str, values: &[(&str, Value<'_>)]) -> String {
    let mut filled = String::with_capacity(template.len() + 64);
    let mut parts = template.split('$');
    filled.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let end = part.bytes().take_while(|byte| byte.is_ascii_lowercase() || *byte == b'_').count();
        let (name, rest) = part.split_at_checked(end).unwrap_or((part, ""));
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, Value::Text(text))) => escape(text, &mut filled),
            // Writing to a string can't fail.
            Some((_, Value::Number(number))) => write!(filled, "{number}").unwrap_or_default(),
            None => {
                filled.push('$');
                filled.push_str(name);
            }
        }
        filled.push_str(rest);
    }
    filled
}

/// As inside of a JSON string.
fn escape(text: &str, into: &mut String) {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    into.push_str(quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_and_texts_escaped() {
        let values = [("model", Value::Text("a\"b$n")), ("n", Value::Number(7)), ("max_n", Value::Number(9))];
        let cases = [
            ("", ""),
            ("no names", "no names"),
            (r#"{"model":"$model","n":$n,"m":$max_n}"#, r#"{"model":"a\"b$n","n":7,"m":9}"#),
            ("$unknown costs $5", "$unknown costs $5"),
            ("$n$n$", "77$"),
        ];
        for (template, wanted) in cases {
            assert_eq!(fill(template, &values), wanted, "{template}");
        }
    }
}
