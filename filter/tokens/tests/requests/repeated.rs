//! A conversation that grows: what was counted is not counted again.

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

#[test]
fn estimates_are_not_remembered() {
    let mut memo = Memo::new(1_024, [3, 4]);
    let body = conversation(50);
    assert!(request(100).count(&body, &mut memo).unwrap().is_estimate);
    let exact = request(1_000_000).count(&body, &mut Memo::new(4, [5, 6])).unwrap();
    assert_eq!(request(1_000_000).count(&body, &mut memo).unwrap(), exact);
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
