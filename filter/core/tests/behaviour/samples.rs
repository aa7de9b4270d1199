//! Answers that are looked at after they were delivered: what is found of them opens breakers.

use seawall_core::{Answer, Effect, Event, ExchangeId, Half, Headers, Origin};
use serde_json::json;

use crate::outputs::{CHAT, brings, completion};
use crate::plans::{Did, Host};

fn policy(trip: &str, looks: &str) -> String {
    format!(
        "target a {{ cluster \"a\"  provider openai  model \"m\" }}\n\
         target b {{ cluster \"b\"  provider openai  model \"m\" }}\n\
         target other {{ cluster \"other\"  provider openai  model \"o\"  price $1 in, $1 out per 1M tokens }}\n\
         breaker worse {{ window 60s  trip quality < {trip}  open 60s }}\n\
         route r {{ match path \"/v1/chat/completions\"  try a  then b  breaker worse  output {{ {looks} }} }}"
    )
}

const JUDGE: &str = "judge 100% by other budget $100/day prompt <<END\nIs it right?\nEND\n";
const DRIFT: &str = "drift 100% by other budget $100/day alert 0.2";

/// Delivers an answer, of which a look says this; whether it was the first target's.
fn delivers(host: &mut Host, said: &str) -> bool {
    let asks = json!({"messages": [{"role": "user", "content": "how many?"}]}).to_string();
    let (did, _) = host.ask_at(CHAT, &asks);
    let is_first = matches!(did, Did::Sent { cluster, .. } if cluster == "a");
    brings(host, Half::Downstream, &completion("three"));
    for effect in host.wait(1) {
        let Effect::Dispatch { attempt, .. } = effect else { continue };
        let headers: Headers = [("content-type", "application/json")].into_iter().collect();
        let answer = Answer { status: 200, headers, body: said.into(), origin: Origin::Provider };
        host.handle_for(ExchangeId::NOBODY, Event::CallAnswer { attempt, answer });
    }
    is_first
}

fn embedding(numbers: [u32; 2]) -> String {
    json!({"data": [{"embedding": numbers}], "usage": {"prompt_tokens": 9, "total_tokens": 9}}).to_string()
}

#[test]
fn what_is_found_worse_than_it_usually_is_opens_a_breaker_that_knows_what_is_usual() {
    for (looks, good, bad) in
        [(JUDGE, completion("0.9"), completion("0.1")), (DRIFT, embedding([1, 0]), embedding([0, 1]))]
    {
        for (trip, at_least) in [("0.8x baseline", 5), ("80% of at least 10", 5)] {
            let mut host = Host::new(&policy(trip, looks));
            // An answer a second: what is usual is known after ten minutes.
            assert!((0..700).all(|_| delivers(&mut host, &good)));
            let opens = (0..400).position(|_| !delivers(&mut host, &bad));
            assert!(opens.is_some_and(|n| n >= at_least), "{trip} {looks}: {opens:?}");
        }
        // Without anything to compare with, they are as they are.
        let mut host = Host::new(&policy("0.8x baseline", looks));
        assert!((0..200).all(|n| delivers(&mut host, if n < 40 { &good } else { &bad })));
    }
}
