use proptest::prelude::*;

use super::recorded::*;
use super::*;

fn any_rules() -> impl Strategy<Value = Rules> {
    (0..3usize, any::<bool>(), any::<bool>()).prop_map(|(mode, skips, hides_usage)| {
        let malformed = if skips { Malformed::Skip } else { Malformed::End };
        Rules { malformed, hides_usage, ..rules(MODES[mode]) }
    })
}

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

/// The same stream in chunks of these lengths, over and over.
fn chunks<'a>(bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let (mut rest, mut chunks, mut lengths) = (bytes, Vec::new(), lengths.iter().cycle());
    while !rest.is_empty() {
        let (head, tail) = rest.split_at((*lengths.next().unwrap()).min(rest.len()));
        chunks.push(head);
        rest = tail;
    }
    chunks
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic((dialect, framing) in any_framing(), rules in any_rules(), orderly: bool,
                              chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..10)) {
        let total: usize = chunks.iter().map(Vec::len).sum();
        let mut gate = gate(dialect, framing, rules);
        for chunk in &chunks {
            gate.push(at(1), chunk);
            prop_assert!(gate.held_bytes() <= total);
        }
        gate.end(at(1), orderly);
        prop_assert!(gate.verdict().is_some());
    }

    #[test]
    fn no_mangled_stream_depends_on_where_it_is_split((dialect, framing, bytes) in mangled(), rules in any_rules(),
                                                      orderly: bool, lengths in prop::collection::vec(1..80usize, 1..9)) {
        let gate = || gate(dialect, framing, rules);
        let whole = send(gate(), [&bytes[..]], orderly);
        let split = send(gate(), chunks(&bytes, &lengths), orderly);
        prop_assert_eq!(whole, split);
    }

    #[test]
    fn a_stream_that_was_not_whole_never_ends_like_one((dialect, framing, bytes) in mangled(), rules in any_rules(), orderly: bool) {
        let came = send(gate(dialect, framing, rules), [&bytes[..]], orderly);
        prop_assert!(came.verdict.is_some());
        let Some(out) = came.out else { return Ok(()) };
        let again = send(gate(dialect, framing, rules), [&out[..]], true);
        let is_whole = |verdict| matches!(verdict, Some(Verdict::Complete | Verdict::Refused | Verdict::Empty));
        if !is_whole(came.verdict) {
            prop_assert!(!is_whole(again.verdict), "{:?} became {:?}", came.verdict, again.verdict);
        }
    }

    #[test]
    fn what_is_no_json_is_no_event(text in "[\\[\\]{}:,\" atfnrlse\\\\]{1,24}") {
        let is_json = serde_json::from_str::<serde_json::Value>(&text)
            .is_ok_and(|value| value.is_object() || value.is_array());
        let event = format!("data:.{text}\n\n").replace('.', " ");
        let came = send(gate(Dialect::Chat, Framing::Sse, rules(StreamMode::Live)), [event.as_bytes()], true);
        prop_assert_eq!(came.report.malformed, u32::from(!is_json), "{}", text);
    }

    #[test]
    fn json_is_read_as_everybody_reads_it(value in json()) {
        let text = serde_json::to_string_pretty(&value).unwrap().replace('\n', "\ndata: ");
        let came = send(gate(Dialect::Chat, Framing::Sse, rules(StreamMode::Live)), [format!("data: {text}\n\n").as_bytes()], true);
        prop_assert_eq!(came.report.malformed, 0);
        let half: String = text.chars().take(text.chars().count() / 2).collect();
        let came = send(gate(Dialect::Chat, Framing::Sse, rules(StreamMode::Live)), [format!("data: {half}\n\n").as_bytes()], true);
        prop_assert_eq!(came.report.malformed, 1);
    }
}

/// An object with whatever in it.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    let value = leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[a-z]{0,9}", inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[f-z]{0,9}", value, 1..5)
        .prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
}
