//! A conversation that grows: what was counted is not counted again.

use proptest::prelude::*;
use seawall_tokens::{Budget, Dialect, Encoding, Memo, Request};
use serde_json::json;

fn conversation(turns: usize) -> Vec<u8> {
    let messages: Vec<_> = (0..turns)
        .map(|turn| json!({ "role": if turn % 2 == 0 { "user" } else { "assistant" }, "content": format!("Turn {turn}. {}", "Words follow words. ".repeat(50)) }))
        .collect();
    json!({ "messages": messages }).to_string().into_bytes()
}

fn request(budget: usize) -> Request<'static> {
    Request { dialect: Dialect::Chat, model: "gpt-4o", encoding: Encoding::O200kBase, budget: Budget(budget) }
}

/// The budget holds a few turns, not the conversation.
#[test]
fn a_turn_costs_what_its_new_messages_cost() {
    let mut memo = Memo::new(1_024, [3, 4]);
    for turns in 1..100 {
        let body = conversation(turns);
        let tally = request(8_000).count(&body, &mut memo).unwrap();
        let expected = request(usize::MAX).count(&body, &mut Memo::new(4, [5, 6])).unwrap();
        assert_eq!(tally, expected, "after {turns} turns");
        assert!(!tally.is_estimate);
    }
    assert!(request(8_000).count(&conversation(100), &mut Memo::new(1_024, [3, 4])).unwrap().is_estimate);
}

/// The budget holds a few messages, and the reading of all of them. What nobody can count exactly costs nothing either when it comes again: members and parts that aren't known, pictures and
/// files, and tools of which only the provider knows how they are rendered.
#[test]
fn what_is_an_estimate_whatever_the_budget_is_remembered_too() {
    let words = "Words follow words. ".repeat(50);
    let odd = [
        json!({ "x_note": [words] }),
        json!({ "content": [{ "type": "text", "text": words }, { "type": "input_audio" }, { "type": "x", "said": [words] }] }),
        json!({ "content": [{ "type": "text", "text": words }, { "type": "image_url", "image_url": { "url": "https://a.test" } }] }),
        json!({ "content": [{ "type": "text", "text": words }, { "type": "document", "source": { "type": "base64", "data": "JVBERi0xLjc=" } }] }),
    ];
    for (dialect, odd) in [Dialect::Chat, Dialect::Anthropic]
        .into_iter()
        .flat_map(|dialect| odd.iter().map(move |odd| (dialect, odd)))
    {
        let mut memo = Memo::new(1_024, [3, 4]);
        for turns in 1..60 {
            let messages: Vec<_> = (0..turns)
                .map(|turn| {
                    let mut message = odd.clone();
                    message["role"] = if turn % 2 == 0 { "user" } else { "assistant" }.into();
                    message["id"] = turn.into();
                    message
                })
                .collect();
            let tools = if dialect == Dialect::Chat {
                vec![]
            } else {
                vec![json!({ "name": "f", "description": words })]
            };
            let body = json!({ "messages": messages, "tools": tools }).to_string().into_bytes();
            let request = |budget| Request { dialect, ..request(budget) };
            let expected = request(usize::MAX).count(&body, &mut Memo::new(4, [5, 6])).unwrap();
            assert_eq!(
                request(16_000).count(&body, &mut memo).unwrap(),
                expected,
                "after {turns} turns of {odd}"
            );
            assert!(expected.is_estimate);
        }
    }
}

#[test]
fn estimates_for_want_of_budget_last_until_there_is_more() {
    let mut memo = Memo::new(1_024, [3, 4]);
    let body = conversation(50);
    for budget in [100, 20_000] {
        assert!(request(budget).count(&body, &mut memo).unwrap().is_estimate);
    }
    let exact = request(1_000_000).count(&body, &mut Memo::new(4, [5, 6])).unwrap();
    assert_eq!(request(1_000_000).count(&body, &mut memo).unwrap(), exact);
}

/// A chat with a document that no budget holds, in front of it or behind what is counted first.
#[test]
fn a_document_is_sampled_once() {
    let (english, chinese) =
        ("Call me Ishmael. Some years ago, never mind. ", "在一个遥远的小村庄里，住着一位木匠。");
    for (document, is_first) in [
        (english.repeat(3_000), true),
        (english.repeat(9_000), true),
        (chinese.repeat(600), true),
        (english.repeat(3_000), false),
    ] {
        let (mut memo, mut before) = (Memo::new(1_024, [3, 4]), None);
        let mut messages = vec![json!({ "role": "user", "content": document })];
        if !is_first {
            messages.insert(0, json!({ "role": "user", "content": english.repeat(900) }));
        }
        for turn in 0..50 {
            let body = json!({ "messages": messages }).to_string().into_bytes();
            let tally = request(Budget::default().0).count(&body, &mut memo).unwrap();
            assert!(tally.is_estimate);
            let words = format!("Turn {turn}. {}", "Words follow words. ".repeat(turn));
            let added = Encoding::O200kBase.count(&words).tokens + 4;
            // What stands before it is known when it comes again: then there is more budget for the document, once.
            if let Some(expected) = before.filter(|_| is_first || turn > 2) {
                assert_eq!(tally.total(), expected, "turn {turn}");
            }
            before = Some(tally.total() + added);
            messages.push(json!({ "role": "user", "content": words }));
        }
        // And the budget is there for what is new.
        let new = english.repeat(400);
        messages.push(json!({ "role": "user", "content": new }));
        let body = json!({ "messages": messages }).to_string().into_bytes();
        let tally = request(Budget::default().0).count(&body, &mut memo).unwrap();
        assert_eq!(
            Some(tally.total()),
            before.map(|before| before + Encoding::O200kBase.count(&new).tokens + 4)
        );
    }
}

#[test]
fn another_encoding_or_model_has_counts_of_its_own() {
    let mut memo = Memo::new(1_024, [3, 4]);
    let body = json!({ "messages": [{ "role": "user", "content": [
        { "type": "text", "text": "在一个遥远的小村庄里" }, { "type": "image_url", "image_url": { "url": "https://example.com", "detail": "low" } },
    ] }] }).to_string();
    let mut total = |model, encoding| {
        let request = Request { dialect: Dialect::Chat, model, encoding, budget: Budget::default() };
        request.count(body.as_bytes(), &mut memo).unwrap().total()
    };
    let newer = total("gpt-4o", Encoding::O200kBase);
    assert_ne!(newer, total("gpt-4o", Encoding::Cl100kBase));
    assert_ne!(newer, total("gpt-4o-mini", Encoding::O200kBase));
    assert_eq!(newer, total("gpt-4o", Encoding::O200kBase));
}

/// A part of a body's list of messages, or of what may stand there instead.
fn part() -> impl Strategy<Value = String> {
    let message = (0..6_u8, 0..1_500_usize).prop_map(|(kind, length)| {
        let text = "Words follow words. ".repeat(length / 20);
        match kind {
            2 if length % 3 == 0 => json!({ "role": "user", "content": "", "note": text, "id": [length] }),
            2 if length % 3 == 1 => json!({ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "https://a.test" } }, { "type": "text", "text": text }] }),
            0 => json!({ "role": "system", "content": text }),
            1 => json!({ "role": "user", "content": [{ "type": "text", "text": text }, { "type": "input_audio" }] }),
            2 => json!({ "role": "assistant", "content": "x".repeat(length) }),
            _ => json!({ "role": "user", "content": format!("{length}: \"{text}\"\n") }),
        }
        .to_string()
    });
    prop_oneof![20 => message, 1 => Just("7".into()), 1 => Just(" ".into()), 1 => Just("] , \"tools\": [".into())]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    /// Bodies that begin like one another, and go on in other ways; some of them are no JSON.
    #[test]
    fn what_is_known_of_a_beginning_changes_no_count(
        head in prop::sample::select(vec!["", "\"tools\": [{\"type\":\"function\",\"function\":{\"name\":\"f\"}}], "]),
        list in prop::sample::select(vec!["messages", "contents", "input"]),
        parts in prop::collection::vec(part(), 1..12),
        bodies in prop::collection::vec((0..12_usize, part(), 0..5_usize, 0..4_usize), 1..10),
    ) {
        let dialect = if list == "input" { Dialect::Responses } else { Dialect::Chat };
        for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
            let mut memo = Memo::new(1_024, [3, 4]);
            let request = Request { dialect, model: "gpt-4o", encoding, budget: Budget(1_000_000) };
            for (kept, new, comma, end) in &bodies {
                let mut all: Vec<_> = parts.iter().take(*kept).map(String::as_str).collect();
                all.push(new);
                let comma = [",", ", ", " ,\n", ",", ",,"][*comma];
                let end = ["]}", "], \"tool_choice\": \"none\"}", ",]}", "} ]"][*end];
                let body = format!("{{{head}\"{list}\": [{}{end}", all.join(comma));
                let known = request.count(body.as_bytes(), &mut memo);
                let expected = request.count(body.as_bytes(), &mut Memo::new(4, [5, 6]));
                prop_assert_eq!(known, expected, "{}", body);
            }
        }
    }
}
