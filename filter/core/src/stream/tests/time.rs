use super::recorded::*;
use super::*;

fn limited_rules(mode: StreamMode) -> Rules {
    let limits = Limits {
        first_token: Some(Duration::from_secs(10)),
        idle: Some(Duration::from_secs(20)),
        total: None,
    };
    Rules { limits, ..rules(mode) }
}

fn limited(mode: StreamMode) -> Gate {
    gate(Dialect::Chat, Framing::Sse, limited_rules(mode))
}

#[test]
fn a_slow_first_token_fails_over_as_long_as_nothing_is_committed() {
    for mode in [StreamMode::UntilCommit, StreamMode::Complete] {
        let mut gate = limited(mode);
        gate.push(at(9), chat(&[], ": ping\n\n").as_bytes());
        assert_eq!(gate.deadline(), Some(at(10)));
        assert_eq!(gate.lapse(at(9)), Flow::Hold);
        assert_eq!(gate.lapse(at(10)), Flow::Fail(Verdict::TimedOut));
        assert_eq!((gate.deadline(), gate.verdict()), (None, Some(Verdict::TimedOut)));
    }
    let mut gate = limited(StreamMode::Live);
    gate.push(at(9), chat(&[], "").as_bytes());
    let Flow::End(frame) = gate.lapse(at(10)) else { panic!("too late to fail over") };
    assert!(String::from_utf8(frame).unwrap().contains("upstream_timeout"));
}

#[test]
fn silence_is_measured_from_byte_to_byte_and_pings_break_it() {
    for mode in MODES {
        let mut gate = limited(mode);
        gate.push(at(5), chat(&["Hello"], "").as_bytes());
        assert_eq!(gate.deadline(), Some(at(25)));
        gate.push(at(24), b": ping\n\n");
        assert_eq!(gate.deadline(), Some(at(44)));
        let flow = gate.lapse(at(44));
        if mode == StreamMode::Complete {
            assert_eq!(flow, Flow::Fail(Verdict::TimedOut));
        } else {
            assert!(matches!(flow, Flow::End(_)));
        }
        assert_eq!(gate.verdict(), Some(Verdict::TimedOut));
    }
}

#[test]
fn a_finished_stream_that_keeps_its_end_marker_back_is_completed_promptly() {
    let text = chat(&["Hello"], "") + &finish() + CHAT_USAGE;
    for mode in MODES {
        let mut gate = limited(mode);
        let mut host = Host::new();
        let flow = gate.push(at(5), text.as_bytes());
        host.apply(flow, text.as_bytes());
        assert_eq!(gate.deadline(), Some(at(5).after(crate::stream::gate::GRACE)));
        assert_eq!(gate.lapse(at(5)), Flow::Hold);
        let Flow::End(rest) = gate.lapse(at(6)) else { panic!("it is complete") };
        assert_eq!([host.out.unwrap(), rest].concat(), (text.clone() + DONE).into_bytes());
        assert_eq!((gate.verdict(), gate.deadline()), (Some(Verdict::Complete), None));
        assert_eq!(gate.report().usage.unwrap().input, 19);
    }
}

#[test]
fn of_several_choices_none_is_left_out_that_has_not_begun() {
    let of = |index: usize, text: &str| text.replace("\"index\":0", &format!("\"index\":{index}"));
    let whole = chat(&["Hello"], "") + &finish();
    for mode in MODES {
        let watch = Watch::new(Dialect::Chat, Framing::Sse).asking(2);
        let mut gate = Gate::new(watch, limited_rules(mode), at(0), at(0));
        gate.push(at(5), whole.as_bytes());
        assert_eq!(gate.deadline(), Some(at(25)), "the other may still begin");
        gate.push(at(6), of(1, &whole).as_bytes());
        assert_eq!(gate.deadline(), Some(at(6).after(crate::stream::gate::GRACE)));
        assert!(matches!(gate.lapse(at(7)), Flow::End(_)));
        assert_eq!(gate.verdict(), Some(Verdict::Complete));
    }
    for (asked, verdict) in [(1, Verdict::Complete), (2, Verdict::Truncated)] {
        let watch = Watch::new(Dialect::Chat, Framing::Sse).asking(asked);
        let mut gate = Gate::new(watch, limited_rules(StreamMode::Live), at(0), at(0));
        gate.push_last(at(5), whole.as_bytes());
        assert_eq!(gate.verdict(), Some(verdict));
    }
}

#[test]
fn what_comes_after_an_end_that_was_written_is_dropped() {
    let mut gate = limited(StreamMode::Live);
    let text = chat(&["Hello"], "") + &finish();
    assert_eq!(gate.push(at(5), text.as_bytes()), Flow::Pass, "nothing waits for the end marker");
    assert_eq!(gate.lapse(at(6)), Flow::End(DONE.into()));
    assert_eq!(gate.push(at(7), DONE.as_bytes()), Flow::Replace(Vec::new()));
    assert_eq!(gate.end(at(7), true), Flow::Replace(Vec::new()));
    assert_eq!((gate.verdict(), gate.is_over()), (Some(Verdict::Complete), true));
}

#[test]
fn an_end_marker_that_comes_in_time_changes_nothing() {
    let (text, mut host) = (chat(&["Hello"], "") + &finish(), Host::new());
    let mut gate = limited(StreamMode::Live);
    for part in [&*text, CHAT_USAGE, DONE] {
        let flow = gate.push(at(5), part.as_bytes());
        host.apply(flow, part.as_bytes());
    }
    assert_eq!(host.out.unwrap(), (text + CHAT_USAGE + DONE).into_bytes());
    assert_eq!(gate.deadline(), None);
}

#[test]
fn where_there_is_no_end_marker_silence_after_the_finish_is_no_failure() {
    let limits = Limits { first_token: None, idle: Some(Duration::from_secs(2)), total: None };
    for (mode, rest) in [(StreamMode::Live, ""), (StreamMode::Complete, GEMINI)] {
        let mut gate = gate(Dialect::Gemini, Framing::Sse, Rules { limits, ..rules(mode) });
        gate.push(at(5), GEMINI.as_bytes());
        assert_eq!(gate.deadline(), Some(at(7)));
        assert_eq!(gate.lapse(at(7)), Flow::End(rest.into()));
        assert_eq!(gate.verdict(), Some(Verdict::Complete));
    }
}

#[test]
fn a_finished_stream_that_is_left_open_is_over_promptly_in_every_dialect() {
    use crate::stream::gate::{GRACE, LONG_GRACE};
    let before = |marker: &[u8], whole: Vec<u8>| {
        let end = whole.windows(marker.len()).rposition(|part| part == marker).unwrap();
        whole.get(..end).unwrap().to_vec()
    };
    for (dialect, framing, whole) in all() {
        // Without what ends it; Responses say only there why they stopped.
        let (came, grace) = match (dialect, framing) {
            (Dialect::Chat, _) => (before(b"data: [DONE]", whole.clone()), GRACE),
            (Dialect::Anthropic, _) => (before(b"event: message_stop", whole.clone()), GRACE),
            (Dialect::Gemini, Framing::Array) => (before(b"]", whole.clone()), LONG_GRACE),
            (Dialect::Gemini, _) => (whole.clone(), LONG_GRACE),
            _ => continue,
        };
        for mode in MODES {
            let mut gate = gate(dialect, framing, rules(mode));
            let mut host = Host::new();
            let flow = gate.push(at(5), &came);
            host.apply(flow, &came);
            let over = at(5).after(grace);
            assert_eq!(gate.deadline(), Some(over), "{dialect:?} {framing:?} {mode:?}");
            assert_eq!(gate.lapse(at(5)), Flow::Hold);
            let Flow::End(rest) = gate.lapse(over) else { panic!("it is complete") };
            assert_eq!((gate.verdict(), gate.deadline()), (Some(Verdict::Complete), None));
            let out = [host.out.unwrap(), rest].concat();
            assert!(out.starts_with(came.trim_ascii_end()), "{dialect:?} {framing:?} {mode:?}");
        }
    }
    // What Bedrock used comes in one more event, which may be late.
    let whole = bedrock();
    let stopped = event_frame("messageStop", r#"{"p":"abcdefghijk","stopReason":"end_turn"}"#);
    let end = whole.windows(stopped.len()).position(|part| part == stopped).unwrap() + stopped.len();
    let (came, usage) = whole.split_at(end);
    for mode in MODES {
        let mut gate = gate(Dialect::Bedrock, Framing::EventStream, rules(mode));
        gate.push(at(5), came);
        assert_eq!(gate.deadline(), Some(at(5).after(LONG_GRACE)));
        gate.push(at(7), usage);
        assert_eq!((gate.deadline(), gate.verdict()), (None, Some(Verdict::Complete)));
        let mut gate = self::gate(Dialect::Bedrock, Framing::EventStream, rules(mode));
        gate.push(at(5), came);
        assert!(matches!(gate.lapse(at(10)), Flow::End(_)));
        assert_eq!(gate.verdict(), Some(Verdict::Complete));
    }
}

#[test]
fn a_reason_with_every_event_says_nothing_of_the_end() {
    let event = r#"data: {"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]}"#;
    let event = format!("{event}\n\n");
    for mode in MODES {
        let mut gate = gate(Dialect::Gemini, Framing::Sse, rules(mode));
        gate.push(at(1), event.as_bytes());
        assert!(gate.deadline().is_some());
        gate.push(at(2), event.as_bytes());
        assert_eq!(gate.deadline(), None, "more may come");
        gate.push_last(at(60), event.as_bytes());
        assert_eq!(gate.verdict(), Some(Verdict::Complete));
    }
}

#[test]
fn a_silent_document_breaks_when_its_start_has_gone_on() {
    let limits = Limits { first_token: None, idle: Some(Duration::from_secs(20)), total: None };
    let mut gate = gate(Dialect::Chat, Framing::Document, Rules { limits, ..rules(StreamMode::Live) });
    assert_eq!(gate.push(at(1), b"{\"choices\":"), Flow::Pass);
    assert_eq!(gate.lapse(at(21)), Flow::Break);
}

#[test]
fn an_answer_that_takes_too_long_is_given_up_however_busy_it_is() {
    let limits = Limits { total: Some(Duration::from_secs(30)), ..Limits::default() };
    let mut gate = gate(Dialect::Chat, Framing::Sse, Rules { limits, ..rules(StreamMode::Complete) });
    for second in 0..30 {
        gate.push(at(second), chunk(r#"{"content":"x"}"#, "null").as_bytes());
    }
    assert_eq!(gate.deadline(), Some(at(30)));
    assert_eq!(gate.lapse(at(30)), Flow::Fail(Verdict::TimedOut));
}

#[test]
fn an_answer_that_is_finished_when_its_time_is_over_is_whole() {
    let limits = Limits { total: Some(Duration::from_secs(30)), ..Limits::default() };
    let told = chat(&["Hello"], "") + &finish();
    let table = [(Dialect::Chat, told.clone(), told + DONE), (Dialect::Gemini, GEMINI.into(), GEMINI.into())];
    for (dialect, came, whole) in table {
        let mut gate = gate(dialect, Framing::Sse, Rules { limits, ..rules(StreamMode::Complete) });
        gate.push(Timestamp(at(30).0 - 1), came.as_bytes());
        assert_eq!(gate.lapse(at(30)), Flow::End(whole.into()));
        assert_eq!(gate.verdict(), Some(Verdict::Complete));
    }
}

#[test]
fn the_last_bytes_may_come_with_the_end() {
    let text = chat(&["Hello"], "") + &finish();
    for mode in MODES {
        let mut gate = limited(mode);
        let marked = text.clone() + DONE;
        assert_eq!(gate.push_last(at(1), text.as_bytes()), Flow::Replace(marked.clone().into()));
        let mut gate = limited(mode);
        assert_eq!(gate.push_last(at(1), marked.as_bytes()), Flow::Pass);
    }
}
