//! Answers as providers send them: read whole, read on their way, and written with other texts.

mod documents;
mod hostile;
mod properties;
mod streams;

use seawall_policy::policy::{Malformed, StreamMode};

use super::*;
use crate::stream::tests::{read_event, read_to_end};
use crate::stream::{Framing, Gate, Limits, Report, Rules, Verdict, Watch};
use crate::time::Timestamp;

/// A choice that says this.
fn says(text: &str, finish: Finish) -> Choice {
    Choice { text: text.into(), finish: Some(finish), ..Choice::default() }
}

fn call(name: &str, arguments: &str) -> Call {
    Call { name: name.into(), arguments: arguments.into(), is_text: false }
}

fn calls(calls: &[(&str, &str)], finish: Finish) -> Choice {
    let calls = calls.iter().map(|(name, arguments)| call(name, arguments)).collect();
    Choice { calls, finish: Some(finish), ..Choice::default() }
}

fn watched(dialect: Dialect, framing: Framing, body: &[u8]) -> (Option<Verdict>, Report) {
    let rules = Rules {
        mode: StreamMode::Complete,
        malformed: Malformed::End,
        limits: Limits::default(),
        hides_usage: false,
        keeps: false,
    };
    let mut gate = Gate::new(Watch::new(dialect, framing), rules, Timestamp(0), Timestamp(0));
    gate.push_last(Timestamp(1), body);
    (gate.verdict(), gate.report().clone())
}

/// What an answer says that comes in these chunks.
fn collected<'a>(dialect: Dialect, framing: Framing, chunks: impl IntoIterator<Item = &'a [u8]>) -> Content {
    let mut watch = Watch::new(dialect, framing).collecting();
    let mut is_broken = false;
    for chunk in chunks {
        let mut at = 0;
        while at < chunk.len() && !is_broken {
            match read_event(&mut watch, &chunk[at..]) {
                Some(used) => at += used,
                None => is_broken = true,
            }
        }
    }
    if !is_broken {
        read_to_end(&mut watch);
    }
    watch.collected().unwrap().content().clone()
}

/// Reads byte by byte, and sees that nothing is taken back.
fn assert_only_grows(dialect: Dialect, framing: Framing, body: &[u8]) {
    let mut watch = Watch::new(dialect, framing).collecting();
    let mut last = Content::default();
    for byte in body.chunks(1) {
        read_event(&mut watch, byte).unwrap();
        let now = watch.collected().unwrap().content();
        if *now != last {
            assert_grows(&last, now);
            last = now.clone();
        }
    }
    read_to_end(&mut watch);
    assert_grows(&last, watch.collected().unwrap().content());
}

fn assert_grows(before: &Content, after: &Content) {
    for choice in &before.choices {
        let later = after.choices.iter().find(|later| later.number == choice.number).unwrap();
        assert!(later.text.starts_with(&choice.text) && later.refusal.starts_with(&choice.refusal));
        for (call, later) in choice.calls.iter().zip(&later.calls) {
            assert!(later.name.starts_with(&call.name) && later.arguments.starts_with(&call.arguments));
        }
        assert!(later.calls.len() >= choice.calls.len());
    }
}

/// The same with other texts and arguments, of which some are longer than they were and some have to be escaped.
fn other(content: &Content) -> Content {
    let mut other = content.clone();
    for choice in &mut other.choices {
        if !choice.text.is_empty() {
            choice.text = format!("\"{}\"\n\u{1F30A} \u{7}{}", choice.number, choice.text.len());
        }
        for call in &mut choice.calls {
            call.arguments = format!("{{\"other\":\n [{}, \"\\n\u{E4}\"]}}", call.arguments.len());
        }
    }
    other
}

/// Reads an answer in every way and writes it anew.
#[track_caller]
fn check(dialect: Dialect, framing: Framing, body: &[u8], choices: &[Choice]) {
    let shown = String::from_utf8_lossy(body);
    let reading = Reading::of(dialect, framing, body).expect("it can be read");
    assert_eq!(reading.content().choices, choices, "{shown}");
    for split in 0..=body.len() {
        let (head, tail) = body.split_at(split);
        assert_eq!(
            collected(dialect, framing, [head, tail]),
            *reading.content(),
            "split at {split}: {shown}"
        );
    }
    assert_eq!(collected(dialect, framing, body.chunks(1)), *reading.content(), "byte by byte: {shown}");
    assert_only_grows(dialect, framing, body);
    assert_eq!(reading.rewritten(body, reading.content()).as_deref(), Some(body), "unchanged: {shown}");

    let mut other = other(reading.content());
    // A text of several blocks can't be written: all but one would be empty.
    let is_in_blocks = matches!(dialect, Dialect::Anthropic | Dialect::Bedrock);
    if is_in_blocks && reading.rewritten(body, &other).is_none() {
        let texts = other.choices.iter_mut().zip(&reading.content().choices);
        texts.for_each(|(other, was)| other.text.clone_from(&was.text));
    }
    let written = reading.rewritten(body, &other).unwrap_or_else(|| panic!("it can be rewritten: {shown}"));
    let again = Reading::of(dialect, framing, &written).expect("what was written can be read");
    let written = String::from_utf8_lossy(&written);
    // In place of an object it stands on one line.
    let on_one_line = |content: &Content| {
        let mut content = content.clone();
        let calls = content.choices.iter_mut().flat_map(|choice| &mut choice.calls);
        calls.for_each(|call| call.arguments = call.arguments.replace('\n', " "));
        content
    };
    assert_eq!(on_one_line(again.content()), on_one_line(&other), "{written}");
    let (verdict, report) = watched(dialect, framing, written.as_bytes());
    let (was, told) = watched(dialect, framing, body);
    if framing != Framing::EventStream {
        assert_eq!((verdict, report.finish, report.usage), (was, told.finish, told.usage), "{written}");
        assert_eq!(report.malformed, 0, "{written}");
    }
}
