//! Whether an answer is as its case expects it.

use std::time::{Duration, Instant};

use seawall_schema::{Bounds, Schema, Scratch};

use super::answer::Answer;
use super::call::{Caller, Got};
use super::set::{Case, Expect, Price};

/// Characters of an answer that are shown where it isn't as expected.
const SHOWN: usize = 300;

/// One case, asked and judged.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    pub name: String,
    /// What isn't as expected; empty when all is.
    pub problems: Vec<String>,
    /// The beginning of an answer that isn't.
    pub excerpt: String,
    /// Until all of the answer was there, or it was certain that none comes.
    pub latency: Duration,
    /// Tokens of the prompt and the answer.
    pub usage: Option<(u64, u64)>,
    /// Dollars; `None` where it isn't known.
    pub cost: Option<f64>,
    pub target: Option<String>,
    pub attempts: Option<u32>,
}

impl Judged {
    /// Asks a case's question and judges the answer.
    #[must_use]
    pub fn of(case: &Case, caller: &Caller, price: Option<Price>) -> Self {
        let begun = Instant::now();
        match caller.call(case) {
            Ok(got) => Self::judge(case, got, price),
            Err(error) => Self {
                name: case.name.clone(),
                problems: vec![format!("{error:#}")],
                latency: begun.elapsed(),
                ..Self::default()
            },
        }
    }

    #[must_use]
    pub fn passed(&self) -> bool {
        self.problems.is_empty()
    }

    fn judge(case: &Case, got: Got, price: Option<Price>) -> Self {
        let answer = Answer::read(&got.body);
        // An error costs nothing, unless it says so.
        let usage = answer.usage.or((got.status >= 400).then_some((0, 0)));
        let cost = price.zip(usage).map(|(price, (input, output))| {
            (input as f64 * price.input + output as f64 * price.output) / 1e6
        });
        let mut problems = problems(&case.expect, &got, &answer, cost);
        if let Some(schema) = case.schema.as_ref().filter(|_| problems.is_empty()) {
            problems = misfits(schema, &answer.text);
        }
        let excerpt =
            if problems.is_empty() { String::new() } else { answer.text.chars().take(SHOWN).collect() };
        Self {
            name: case.name.clone(),
            problems,
            excerpt,
            latency: got.latency,
            usage: answer.usage,
            cost,
            target: got.target,
            attempts: got.attempts,
        }
    }
}

/// What of an answer's text doesn't fit.
fn misfits(schema: &Schema, text: &str) -> Vec<String> {
    match schema.check(text.trim(), &Bounds::default(), &mut Scratch::default()) {
        Ok(()) => Vec::new(),
        Err(fault) => fault.to_string().lines().map(|line| format!("its JSON doesn't fit: {line}")).collect(),
    }
}

fn problems(expect: &Expect, got: &Got, answer: &Answer, cost: Option<f64>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut say = |problem: String| problems.push(problem);
    let status = expect.status.unwrap_or(200);
    if got.status != status {
        let message = got.body.pointer("/error/message").and_then(|message| message.as_str());
        let said = message.map(|message| format!(": {message}")).unwrap_or_default();
        // What an error lacks of an answer needs no telling.
        return vec![format!("status {}, expected {status}{said}", got.status)];
    }
    if status < 300 && !answer.is_there {
        return vec!["it is no answer: the body has no message in it".to_owned()];
    }
    for text in expect.contains.iter().filter(|text| !answer.text.contains(text.as_str())) {
        say(format!("`{text}` isn't in it"));
    }
    for text in expect.lacks.iter().filter(|text| answer.text.contains(text.as_str())) {
        say(format!("`{text}` is in it"));
    }
    if let Some(finish) = expect.finish.as_ref().filter(|finish| answer.finish.as_ref() != Some(finish)) {
        say(format!(
            "it ended with `{}`, expected `{finish}`",
            answer.finish.as_deref().unwrap_or("nothing")
        ));
    }
    if let Some(tool) = expect.tool.as_ref().filter(|tool| !answer.tools.contains(tool)) {
        let called = if answer.tools.is_empty() { "no tool".to_owned() } else { answer.tools.join(", ") };
        say(format!("it calls {called}, expected `{tool}`"));
    }
    match (expect.max_tokens, answer.usage) {
        (Some(most), Some((_, output))) if output > most => {
            say(format!("{output} tokens, expected at most {most}"))
        }
        (Some(_), None) => say("it says nothing of its tokens".into()),
        _ => {}
    }
    if let Some(most) = expect.max_latency.filter(|most| got.latency > *most) {
        say(format!("took {} ms, expected at most {}", got.latency.as_millis(), most.as_millis()));
    }
    match (expect.max_cost, cost) {
        (Some(most), Some(cost)) if cost > most => say(format!("cost ${cost:.6}, expected at most ${most}")),
        (Some(_), None) => say("it says nothing of its tokens, so its cost isn't known".into()),
        _ => {}
    }
    problems
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(expect: Expect) -> Vec<String> {
        let body = json!({ "choices": [{ "finish_reason": "stop", "message": { "content": "Paris, of course." } }],
            "usage": { "prompt_tokens": 1_000, "completion_tokens": 100 } });
        let got =
            Got { status: 200, target: None, attempts: None, body, latency: Duration::from_millis(700) };
        let case = Case {
            name: "a".into(),
            path: "/chat/completions".into(),
            headers: Default::default(),
            request: json!({}),
            expect,
            schema: None,
        };
        Judged::judge(&case, got, Some(Price { input: 2.0, output: 8.0 })).problems
    }

    #[test]
    fn a_text_fits_its_schema_or_it_is_told_where_it_does_not() {
        let schema = Schema::compile(
            r#"{"required":["n"],"properties":{"n":{"type":"integer"}}}"#,
            &Default::default(),
        );
        let schema = schema.unwrap();
        assert_eq!(misfits(&schema, " {\"n\": 1}\n"), [] as [&str; 0]);
        assert!(misfits(&schema, r#"{"n": "one"}"#)[0].starts_with("its JSON doesn't fit: /n: "));
        assert!(misfits(&schema, "one")[0].starts_with("its JSON doesn't fit: it isn't JSON"));
    }

    #[test]
    fn a_body_without_a_message_is_no_answer() {
        let judged = |status, body, expect| {
            let (target, attempts, latency) = (None, None, Duration::from_millis(7));
            let answer = Answer::read(&body);
            let got = Got { status, target, attempts, body, latency };
            problems(&expect, &got, &answer, None)
        };
        let lacks = Expect { lacks: vec!["Rome".into()], ..Expect::default() };
        for body in [json!(null), json!({}), json!({ "choices": [] })] {
            let told = judged(200, body, lacks.clone());
            assert_eq!(told, ["it is no answer: the body has no message in it"]);
        }
        let refused = Expect { status: Some(400), ..lacks };
        assert_eq!(judged(400, json!({ "error": { "message": "no" } }), refused), [""; 0]);
    }

    #[test]
    fn each_expectation_can_fail_and_can_hold() {
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let ms = |ms| Some(Duration::from_millis(ms));
        for (expect, problem) in [
            (Expect { contains: list(&["Paris"]), ..Expect::default() }, None),
            (Expect { contains: list(&["Rome"]), ..Expect::default() }, Some("`Rome` isn't in it")),
            (Expect { lacks: list(&["Rome"]), ..Expect::default() }, None),
            (Expect { lacks: list(&["course"]), ..Expect::default() }, Some("`course` is in it")),
            (Expect { finish: Some("stop".into()), ..Expect::default() }, None),
            (Expect { finish: Some("length".into()), ..Expect::default() }, Some("it ended with `stop`")),
            (Expect { tool: Some("look".into()), ..Expect::default() }, Some("it calls no tool")),
            (Expect { max_tokens: Some(100), ..Expect::default() }, None),
            (Expect { max_tokens: Some(99), ..Expect::default() }, Some("100 tokens")),
            (Expect { max_latency: ms(700), ..Expect::default() }, None),
            (Expect { max_latency: ms(699), ..Expect::default() }, Some("took 700 ms")),
            (Expect { max_cost: Some(0.0028), ..Expect::default() }, None),
            (Expect { max_cost: Some(0.0027), ..Expect::default() }, Some("cost $0.002800")),
            (Expect { status: Some(400), ..Expect::default() }, Some("status 200, expected 400")),
        ] {
            let problems = judged(expect.clone());
            assert_eq!(problems.len(), usize::from(problem.is_some()), "{expect:?}: {problems:?}");
            assert!(problem.is_none_or(|start| problems[0].starts_with(start)), "{expect:?}: {problems:?}");
        }
    }
}
