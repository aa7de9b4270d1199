use proptest::prelude::*;

use super::*;
use crate::stream::tests::recorded::all;

fn any_framing() -> impl Strategy<Value = (Dialect, Framing)> {
    let dialects = [Dialect::Chat, Dialect::Responses, Dialect::Anthropic, Dialect::Gemini, Dialect::Bedrock];
    let framings = [Framing::Sse, Framing::EventStream, Framing::Array, Framing::Document];
    (0..5usize, 0..4usize).prop_map(move |(dialect, framing)| (dialects[dialect], framings[framing]))
}

/// A whole stream with some of its bytes changed, lost or doubled.
fn mangled() -> impl Strategy<Value = (Dialect, Framing, Vec<u8>)> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), 0..3u8, any::<u8>()), 0..6);
    (0..7usize, changes).prop_map(|(which, changes)| {
        let (dialect, framing, mut bytes) = all().swap_remove(which);
        for (place, what, byte) in changes {
            let place = place.index(bytes.len());
            match what {
                0 => bytes[place] = byte,
                1 => bytes.truncate(place.max(1)),
                _ => bytes.insert(place, byte),
            }
        }
        (dialect, framing, bytes)
    })
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic((dialect, framing) in any_framing(), body in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(reading) = Reading::of(dialect, framing, &body) {
            prop_assert_eq!(reading.rewritten(&body, reading.content()), Some(body));
        }
    }

    #[test]
    fn no_json_makes_it_panic((dialect, framing) in any_framing(),
                              body in "(\\{\"|\":|,\"|\\[|\\]|\\}|\"|text|content|delta|choices|type|index|0|output|name|input|args|parts|candidates){0,60}") {
        if let Ok(reading) = Reading::of(dialect, framing, body.as_bytes()) {
            let _ = reading.rewritten(body.as_bytes(), &other(reading.content()));
        }
    }

    #[test]
    fn a_mangled_stream_is_read_alike_whole_and_on_its_way((dialect, framing, body) in mangled(), length in 1..90usize) {
        let reading = Reading::of(dialect, framing, &body).unwrap();
        prop_assert_eq!(&collected(dialect, framing, body.chunks(length)), reading.content());
        let same = reading.rewritten(&body, reading.content());
        prop_assert_eq!(same.as_deref(), Some(&body[..]));
        let new = other(reading.content());
        if let Some(written) = reading.rewritten(&body, &new) {
            let again = Reading::of(dialect, framing, &written).unwrap();
            prop_assert_eq!(again.content(), &new);
        }
    }

    #[test]
    fn any_text_reads_back_as_it_was_written(which in 0..7usize, text: String) {
        let (dialect, framing, body) = all().swap_remove(which);
        let reading = Reading::of(dialect, framing, &body).unwrap();
        let mut new = reading.content().clone();
        new.choices[0].text = text;
        let written = reading.rewritten(&body, &new).unwrap();
        let again = Reading::of(dialect, framing, &written).unwrap();
        prop_assert_eq!(again.content(), &new);
        prop_assert_eq!(watched(dialect, framing, &written).1.usage, watched(dialect, framing, &body).1.usage);
    }

    #[test]
    fn texts_are_unescaped_as_everybody_does_it(text: String, all: bool) {
        let mut written = serde_json::to_string(&text).unwrap();
        if all {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
            written = format!("\"{}\"", units.collect::<String>());
        }
        let mut read = String::new();
        json::unescape(&written.as_bytes()[1..written.len() - 1], &mut read);
        prop_assert_eq!(read, text);
    }
}
