use proptest::prelude::*;
use seawall_schema::{Bounds, Fault, Options, Schema, Scratch, Unreadable};

use super::values::document;

proptest! {
    /// But for a number that is all of the text: what is left of it may be a number too.
    #[test]
    fn a_document_that_breaks_off_is_never_valid(document in document()) {
        prop_assume!(!document.is_number());
        let schema = Schema::compile("true", &Options::default()).unwrap();
        let text = document.to_string();
        let check = |text: &str| schema.check(text, &Bounds::default(), &mut Scratch::default());
        prop_assert_eq!(check(&text), Ok(()));
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let part = text.get(..end).unwrap();
            prop_assert_eq!(check(part), Err(Fault::Unreadable(Unreadable::Truncated)), "{}", part);
        }
    }

    #[test]
    fn any_text_is_json_here_if_it_is_to_serde(text in r#"[\[\]{}",:0-9eE.+\-a-c\\u \ntrufalsn]{0,24}"#) {
        let schema = Schema::compile("true", &Options::default()).unwrap();
        let ours = schema.check(&text, &Bounds::default(), &mut Scratch::default());
        let names_twice = matches!(ours, Err(Fault::Unreadable(Unreadable::NameTwice { .. })));
        // serde_json refuses numbers that a float can't hold.
        let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
        prop_assert_eq!(ours.is_ok() || names_twice, theirs, "{:?}", ours);
    }
}
