use proptest::prelude::*;
use seawall_tokens::{Budget, Dialect, Encoding, Memo, Request};
use serde_json::{Value, json};

use super::*;

const DIALECTS: [Dialect; 5] =
    [Dialect::Chat, Dialect::Responses, Dialect::Anthropic, Dialect::Gemini, Dialect::Bedrock];

fn list(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Responses => "input",
        Dialect::Gemini => "contents",
        _ => "messages",
    }
}

fn counted(dialect: Dialect, body: &[u8]) -> (Tally, Vec<Message>) {
    let mut request =
        Request { dialect, model: "gpt-4.1", encoding: Encoding::O200kBase, budget: Budget(usize::MAX / 8) };
    let mut messages = Vec::new();
    let tally = request.count_each(body, &mut Memo::new(64, [1, 2]), (&mut messages, usize::MAX)).unwrap();
    (tally, messages)
}

fn trimmed(dialect: Dialect, body: &[u8], most: u64) -> Result<Trimmed, Tally> {
    let (tally, messages) = counted(dialect, body);
    trim(body, &messages, &tally, |tally| tally.total() <= most)
}

/// Something said in a conversation: `u` by the user, `m` by the model, `i` by the application, `c` a call of a tool, `d` two calls at
/// once, `r` the results of the call before, `w` such results with words of the user's beside them.
fn said(dialect: Dialect, number: usize, what: char) -> Vec<Value> {
    let (text, id, more) = (format!("text {number}"), format!("call-{number}"), format!("more-{number}"));
    let (last, also) =
        (format!("call-{}", number.saturating_sub(1)), format!("more-{}", number.saturating_sub(1)));
    match (dialect, what) {
        (Dialect::Chat, 'i') => vec![json!({"role": "system", "content": text})],
        (Dialect::Responses, 'i') => vec![json!({"role": "developer", "content": text})],
        // Elsewhere they aren't messages.
        (_, 'i') => vec![],
        (Dialect::Chat | Dialect::Responses, 'u') => vec![json!({"role": "user", "content": text})],
        (Dialect::Anthropic, 'u') => {
            vec![json!({"role": "user", "content": [{"type": "text", "text": text}]})]
        }
        (Dialect::Gemini, 'u') => vec![json!({"role": "user", "parts": [{"text": text}]})],
        (_, 'u') => vec![json!({"role": "user", "content": [{"text": text}]})],
        (Dialect::Responses, 'm') => {
            vec![
                json!({"type": "reasoning", "id": more, "summary": []}),
                json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}),
            ]
        }
        (Dialect::Gemini, 'm') => vec![json!({"role": "model", "parts": [{"text": text}]})],
        (Dialect::Bedrock, 'm') => vec![json!({"role": "assistant", "content": [{"text": text}]})],
        (_, 'm') => vec![json!({"role": "assistant", "content": text})],
        (Dialect::Chat, 'c' | 'd') => {
            let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}});
            let calls = if what == 'c' { vec![call(&id)] } else { vec![call(&id), call(&more)] };
            vec![json!({"role": "assistant", "content": null, "tool_calls": calls})]
        }
        (Dialect::Responses, 'c' | 'd') => {
            let call = |id: &str| json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": id, "name": "f", "arguments": "{}"});
            let mut items =
                vec![json!({"type": "reasoning", "id": format!("rs_{id}"), "summary": []}), call(&id)];
            items.extend((what == 'd').then(|| call(&more)));
            items
        }
        (Dialect::Anthropic, 'c' | 'd') => {
            let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "f", "input": {}});
            let mut blocks = vec![json!({"type": "text", "text": text}), call(&id)];
            blocks.extend((what == 'd').then(|| call(&more)));
            vec![json!({"role": "assistant", "content": blocks})]
        }
        (Dialect::Gemini, 'c' | 'd') => {
            let call = || json!({"functionCall": {"name": "f", "args": {}}});
            let parts = if what == 'c' { vec![call()] } else { vec![call(), call()] };
            vec![json!({"role": "model", "parts": parts})]
        }
        (_, 'c' | 'd') => {
            let call = |id: &str| json!({"toolUse": {"toolUseId": id, "name": "f", "input": {}}});
            let blocks = if what == 'c' { vec![call(&id)] } else { vec![call(&id), call(&more)] };
            vec![json!({"role": "assistant", "content": blocks})]
        }
        (Dialect::Chat, _) => {
            let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": text});
            if what == 's' { vec![result(&last), result(&also)] } else { vec![result(&last)] }
        }
        (Dialect::Responses, _) => {
            let result = |id: &str| json!({"type": "function_call_output", "call_id": id, "output": text});
            if what == 's' { vec![result(&last), result(&also)] } else { vec![result(&last)] }
        }
        (Dialect::Anthropic, _) => {
            let result = |id: &str| json!({"type": "tool_result", "tool_use_id": id, "content": text});
            let mut blocks = vec![result(&last)];
            blocks.extend((what == 's').then(|| result(&also)));
            blocks.extend((what == 'w').then(|| json!({"type": "text", "text": "and do this"})));
            vec![json!({"role": "user", "content": blocks})]
        }
        (Dialect::Gemini, _) => {
            let result = || json!({"functionResponse": {"name": "f", "response": {"text": text}}});
            let mut parts = vec![result()];
            parts.extend((what == 's').then(result));
            parts.extend((what == 'w').then(|| json!({"text": "and do this"})));
            vec![json!({"role": "user", "parts": parts})]
        }
        (_, _) => {
            let result = |id: &str| json!({"toolResult": {"toolUseId": id, "content": [{"text": text}]}});
            let mut blocks = vec![result(&last)];
            blocks.extend((what == 's').then(|| result(&also)));
            blocks.extend((what == 'w').then(|| json!({"text": "and do this"})));
            vec![json!({"role": "user", "content": blocks})]
        }
    }
}

/// A conversation, and for each of its messages the number of the letter that it comes from.
fn conversation(dialect: Dialect, letters: &str) -> (Vec<u8>, Vec<usize>) {
    let mut of = Vec::new();
    let mut messages = Vec::new();
    for (number, what) in letters.chars().enumerate() {
        for message in said(dialect, number, what) {
            of.push(number);
            messages.push(message);
        }
    }
    // Written with blanks, as some clients do.
    let text =
        serde_json::to_string_pretty(&json!({"model": "gpt-4.1", list(dialect): messages, "top_p": 1}))
            .unwrap();
    (text.into_bytes(), of)
}

/// Which letters are left.
fn left(dialect: Dialect, letters: &str, body: &[u8]) -> String {
    numbers_left(dialect, letters, body)
        .into_iter()
        .filter_map(|number| letters.chars().nth(number))
        .collect()
}

/// Their numbers.
fn numbers_left(dialect: Dialect, letters: &str, body: &[u8]) -> Vec<usize> {
    let (whole, of) = conversation(dialect, letters);
    let read = |body: &[u8]| -> Vec<Value> {
        let mut json: Value = serde_json::from_slice(body).expect("JSON");
        assert_eq!((&json["model"], &json["top_p"]), (&"gpt-4.1".into(), &1.into()));
        serde_json::from_value(json[list(dialect)].take()).expect("a list")
    };
    let (all, kept) = (read(&whole), read(body));
    let mut numbers = Vec::new();
    let mut rest = kept.iter().peekable();
    for (message, number) in all.iter().zip(of) {
        if rest.next_if(|kept| *kept == message).is_some() && numbers.last() != Some(&number) {
            numbers.push(number);
        }
    }
    assert_eq!(rest.next(), None, "what is left is what was there, in its order");
    numbers
}

/// What is left when as much is left out as may be.
fn least(dialect: Dialect, letters: &str) -> String {
    let (body, _) = conversation(dialect, letters);
    let Err(least) = trimmed(dialect, &body, 0) else { panic!("nothing fits into 0") };
    match trimmed(dialect, &body, least.total()) {
        Ok(trimmed) => left(dialect, letters, &trimmed.body),
        Err(_) => letters.to_owned(),
    }
}

#[test]
fn what_must_stay_stays() {
    for (letters, expected) in [
        ("iumum", "ium"),
        ("iumumu", "iu"),
        ("iumimu", "iiu"),
        // Rounds of an agent.
        ("iucrcrcr", "iucr"),
        ("umucrcrm", "um"),
        ("iudsdscr", "iucr"),
        ("iucrcwcrcr", "iucwcr"),
        // Nothing may go.
        ("iu", "iu"),
        ("ium", "ium"),
        ("icr", "icr"),
        ("uu", "uu"),
        // A greeting before the user's first word.
        ("imum", "ium"),
        ("umuu", "uu"),
    ] {
        for dialect in DIALECTS {
            let has_system = matches!(dialect, Dialect::Chat | Dialect::Responses);
            // Words beside results have no place in these.
            if has_system && letters.contains('w') {
                continue;
            }
            let expected: String = expected.chars().filter(|what| has_system || *what != 'i').collect();
            let letters: String = letters.chars().filter(|what| has_system || *what != 'i').collect();
            assert_eq!(least(dialect, &letters), expected, "{dialect:?} {letters}");
        }
    }
}

#[test]
fn no_more_is_left_out_than_is_needed() {
    let letters = "iumumum";
    let (body, _) = conversation(Dialect::Chat, letters);
    let (all, messages) = counted(Dialect::Chat, &body);
    let turn = messages[1].tally.total() + messages[2].tally.total();
    for (over, expected) in [(1, "iumum"), (turn, "iumum"), (turn + 1, "ium"), (2 * turn, "ium")] {
        let trimmed = trimmed(Dialect::Chat, &body, all.total() - over).unwrap();
        assert_eq!(left(Dialect::Chat, letters, &trimmed.body), expected);
        assert_eq!(trimmed.messages, (letters.len() - expected.len()) as u32);
        assert_eq!(trimmed.tally.total(), counted(Dialect::Chat, &trimmed.body).0.total());
    }
    assert!(trimmed(Dialect::Chat, &body, all.total() - 2 * turn - 1).is_err());
}

#[test]
fn results_whose_calls_are_with_the_provider_stay() {
    let body = serde_json::to_vec(&json!({"previous_response_id": "resp_1", "input": [
        {"type": "function_call_output", "call_id": "there", "output": "x"},
        {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]}));
    let body = body.unwrap();
    let Err(least) = trimmed(Dialect::Responses, &body, 0) else { panic!() };
    let trimmed = trimmed(Dialect::Responses, &body, least.total()).unwrap();
    let json: Value = serde_json::from_slice(&trimmed.body).unwrap();
    assert_eq!(json["input"][0]["call_id"], "there");
    assert_eq!((json["input"].as_array().unwrap().len(), &json["input"][1]["content"]), (2, &"c".into()));
}

#[test]
fn a_result_that_comes_late_keeps_all_between_it_and_its_call() {
    let body = serde_json::to_vec(&json!({"input": [
        {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
        {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
        {"role": "user", "content": "d"},
        {"type": "function_call_output", "call_id": "1", "output": "x"},
    ]}));
    let body = body.unwrap();
    let Err(least) = trimmed(Dialect::Responses, &body, 0) else { panic!() };
    let trimmed = trimmed(Dialect::Responses, &body, least.total()).unwrap();
    assert_eq!(trimmed.messages, 2, "{}", String::from_utf8_lossy(&trimmed.body));
}

#[test]
fn a_very_long_list_is_left_alone() {
    let message = Message { place: 0..0, tally: Tally::default() };
    assert!(trim(b"{}", &vec![message; MOST_MESSAGES + 1], &Tally::default(), |_| true).is_err());
}

/// Conversations as agents and people hold them.
fn letters() -> impl Strategy<Value = String> {
    let round = prop_oneof![Just("cr"), Just("ds"), Just("cw"), Just("icr")];
    let turn =
        (prop_oneof![Just("u"), Just("uu"), Just("iu")], prop::collection::vec(round, 0..5), any::<bool>());
    let turns = prop::collection::vec(turn, 1..6);
    (any::<bool>(), turns).prop_map(|(has_system, turns)| {
        let mut letters = if has_system { "i".to_owned() } else { String::new() };
        let count = turns.len();
        for (number, (user, rounds, has_end)) in turns.into_iter().enumerate() {
            letters += user;
            letters.extend(rounds);
            if has_end || number + 1 < count {
                letters.push('m');
            }
        }
        letters
    })
}

/// Whether a provider takes this: it begins with the user, and every result follows its call, every call has its results.
fn is_taken(left: &str) -> bool {
    let spoken: String = left.chars().filter(|what| *what != 'i').collect();
    let follows = |pair: (char, char)| match pair {
        ('c', next) => matches!(next, 'r' | 'w'),
        ('d', next) => next == 's',
        (_, next) => !matches!(next, 'r' | 's' | 'w'),
    };
    spoken.starts_with('u') && spoken.chars().zip(spoken.chars().skip(1)).all(follows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_left_is_a_conversation_that_fits(
        dialect in prop::sample::select(&DIALECTS[..]),
        letters in letters(),
        share in 0_u64..100,
    ) {
        let has_system = matches!(dialect, Dialect::Chat | Dialect::Responses);
        let letters: String = letters
            .chars()
            .filter(|what| has_system || *what != 'i')
            .map(|what| if has_system && what == 'w' { 'r' } else { what })
            .collect();
        prop_assert!(is_taken(&letters));
        let (body, _) = conversation(dialect, &letters);
        let (all, _) = counted(dialect, &body);
        let most = all.total() * share / 100;
        match trimmed(dialect, &body, most) {
            Ok(trimmed) => {
                let left = left(dialect, &letters, &trimmed.body);
                let (now, _) = counted(dialect, &trimmed.body);
                prop_assert!(now.total() <= most && now.total() == trimmed.tally.total());
                prop_assert!(is_taken(&left), "{} of {}", left, letters);
                let count = |of: &str, what| of.chars().filter(|one| *one == what).count();
                prop_assert_eq!(count(&left, 'i'), count(&letters, 'i'));
                let numbers = numbers_left(dialect, &letters, &trimmed.body);
                let last_words = letters.rfind(['u', 'w']);
                prop_assert!(last_words.is_some_and(|last| numbers.contains(&last)), "{} of {}", left, letters);
                prop_assert_eq!(numbers.last(), Some(&(letters.len() - 1)));
            }
            Err(least) => prop_assert!(least.total() > most),
        }
    }

    #[test]
    fn no_list_of_messages_is_too_strange(
        texts in prop::collection::vec(
            prop::sample::select(vec![
                r#"{}"#, "7", "null", r#""text""#, "[]", r#"{"role":"user"}"#, r#"{"role":7}"#, r#"{"role":"tool"}"#,
                r#"{"role":"tool","tool_call_id":"a"}"#, r#"{"role":"assistant","tool_calls":[{"id":"a"},7]}"#,
                r#"{"type":"function_call_output","call_id":"b"}"#, r#"{"type":"function_call","call_id":"b"}"#,
                r#"{"role":"user","content":[{"type":"tool_result","tool_use_id":"a"},[]]}"#, r#"{"role":"system"}"#,
            ]),
            0..20,
        ),
    ) {
        let body = format!(r#"{{"messages":[{}]}}"#, texts.join(" , "));
        if let Ok(trimmed) = trimmed(Dialect::Chat, body.as_bytes(), 12) {
            let json: Value = serde_json::from_slice(&trimmed.body).unwrap();
            prop_assert_eq!(json["messages"].as_array().unwrap().len() + trimmed.messages as usize, texts.len());
        }
    }
}
