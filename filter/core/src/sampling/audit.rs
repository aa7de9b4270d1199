//! What goes to a sink: lines of JSON, some at a time.
//!
//! A batch is sent when it holds [`BATCH`] bytes, or [`LATEST`] after its first line; one at a time. What comes meanwhile waits, up
//! to [`MOST_WAITING`] bytes, and what is beyond is dropped. A batch that the sink doesn't take is dropped too, and nothing is sent
//! for a while, longer each time: a sink that is away costs one call a minute.

use std::time::Duration;

use super::{Delivered, redact, told};
use crate::config::Config;
use crate::output::Content;
use crate::time::{Timestamp, rfc3339};

const BATCH: usize = 64 * 1024;
const MOST_WAITING: usize = 1024 * 1024;
const LATEST: Duration = Duration::from_secs(1);
const SHORTEST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(60);

/// What waits for one sink.
#[derive(Debug, Default)]
pub(super) struct Sink {
    lines: Vec<u8>,
    /// The routes that the lines are of, in order, and where each ends.
    ends: Vec<(usize, usize)>,
    /// When the first of them came.
    since: Timestamp,
    is_busy: bool,
    /// Nothing is sent before.
    rests: Timestamp,
    rest: Duration,
}

/// Lines that go out together.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) body: Vec<u8>,
    /// The routes that they are of.
    pub(super) routes: Vec<usize>,
}

impl Sink {
    /// Whether there was room for this line of a route.
    pub(super) fn push(&mut self, now: Timestamp, route: usize, line: &str) -> bool {
        if self.lines.len() + line.len() + 1 > MOST_WAITING {
            return false;
        }
        if self.lines.is_empty() {
            self.since = now;
        }
        self.lines.extend_from_slice(line.as_bytes());
        self.lines.push(b'\n');
        self.ends.push((route, self.lines.len()));
        true
    }

    /// When the next batch is due.
    pub(super) fn due(&self) -> Option<Timestamp> {
        if self.is_busy || self.lines.is_empty() {
            return None;
        }
        let full = if self.lines.len() >= BATCH { self.since } else { self.since.after(LATEST) };
        Some(full.max(self.rests))
    }

    /// The batch that is due: [`BATCH`] bytes at most, or one line.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<Batch> {
        self.due().filter(|due| *due <= now)?;
        let fits = self.ends.iter().take_while(|(_, end)| *end <= BATCH).count().max(1);
        let later = self.ends.split_off(fits.min(self.ends.len()));
        let (routes, ends): (Vec<_>, Vec<_>) = std::mem::replace(&mut self.ends, later).into_iter().unzip();
        let end = ends.last().copied().unwrap_or_default();
        let rest = self.lines.split_off(end.min(self.lines.len()));
        let body = std::mem::replace(&mut self.lines, rest);
        self.ends.iter_mut().for_each(|(_, later)| *later -= end);
        (self.is_busy, self.since) = (true, now);
        Some(Batch { body, routes })
    }

    /// The routes of all lines that wait, which nobody gets.
    pub(super) fn close(&mut self) -> impl Iterator<Item = usize> + use<> {
        self.lines = Vec::new();
        std::mem::take(&mut self.ends).into_iter().map(|(route, _)| route)
    }

    /// A batch has been taken by the sink, or not.
    pub(super) fn ended(&mut self, now: Timestamp, is_taken: bool) {
        self.is_busy = false;
        if is_taken {
            (self.rest, self.rests) = (Duration::ZERO, now);
        } else {
            self.rest = (self.rest * 2).clamp(SHORTEST_REST, LONGEST_REST);
            self.rests = now.after(self.rest);
        }
    }
}

/// One line of an audit.
pub(super) fn line(config: &Config, delivered: &Delivered, content: &Content) -> String {
    let Delivered { route, target, model, at, question, .. } = delivered;
    let quoted = redact::quoted;
    let target = config.target(*target).map_or("", |target| &*target.name);
    let model = model.as_ref().map_or_else(|| "null".to_owned(), |model| quoted(model));
    let mut line = [
        r#"{"time":"#,
        &quoted(&rfc3339(*at)),
        r#","policy":"#,
        &quoted(&config.hash),
        r#","route":"#,
        &quoted(&told::route_name(config, *route)),
        r#","target":"#,
        &quoted(target),
        r#","model":"#,
        &model,
        r#","request":"#,
        &if question.is_empty() { "null".to_owned() } else { redact::json(question) },
        r#","answer":["#,
    ]
    .concat();
    for (number, choice) in content.choices.iter().enumerate() {
        let text = if choice.text.is_empty() { &choice.refusal } else { &choice.text };
        line.push_str(if number > 0 { r#",{"text":"# } else { r#"{"text":"# });
        line.push_str(&quoted(&redact::text(text)));
        line.push_str(r#","calls":["#);
        for (number, call) in choice.calls.iter().enumerate() {
            line.push_str(if number > 0 { r#",{"name":"# } else { r#"{"name":"# });
            line.push_str(&quoted(&redact::text(&call.name)));
            line.push_str(r#","arguments":"#);
            line.push_str(&match call.arguments.trim_ascii() {
                arguments if call.is_text => quoted(&redact::text(arguments)),
                "" => "{}".to_owned(),
                arguments => redact::json(arguments.as_bytes()),
            });
            line.push('}');
        }
        line.push_str("]}");
    }
    line.push_str("]}");
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(number: u64) -> Timestamp {
        Timestamp(number * 1_000_000_000)
    }

    #[test]
    fn lines_go_out_together_after_a_second_or_when_they_are_many() {
        let mut sink = Sink::default();
        assert!(sink.push(second(10), 0, "{}") && sink.push(second(10), 1, "[]"));
        assert!(sink.take(second(10)).is_none());
        let batch = sink.take(second(11)).unwrap();
        assert_eq!((batch.body.as_slice(), batch.routes), (&b"{}\n[]\n"[..], vec![0, 1]));
        assert!((0..3).all(|_| sink.push(second(12), 0, &"x".repeat(BATCH / 2))));
        assert!(sink.take(second(20)).is_none(), "one at a time");
        sink.ended(second(20), true);
        assert_eq!(sink.take(second(20)).unwrap().routes.len(), 1);
        sink.ended(second(20), true);
        assert_eq!(sink.take(second(20)).unwrap().routes.len(), 1);
    }

    #[test]
    fn a_sink_that_is_away_is_asked_once_a_minute() {
        let (mut sink, mut calls) = (Sink::default(), 0);
        for now in 0..3_600 {
            sink.push(second(now), 0, &"x".repeat(1_000));
            if sink.take(second(now)).is_some() {
                calls += 1;
                sink.ended(second(now), false);
            }
        }
        assert!((55..80).contains(&calls), "{calls}");
    }

    proptest! {
        #[test]
        fn what_waits_is_bounded_and_no_line_is_torn(
            steps in prop::collection::vec((0_usize..200_000, 0_u64..3, any::<bool>(), any::<bool>()), 1..200),
        ) {
            let (mut sink, mut now, mut taken, mut sent) = (Sink::default(), 0, 0, 0);
            for (length, later, ends, is_taken) in steps {
                now += later;
                taken += usize::from(sink.push(second(now), 0, &"x".repeat(length)));
                prop_assert!(sink.lines.len() <= MOST_WAITING);
                if let Some(batch) = sink.take(second(now)) {
                    prop_assert_eq!(batch.body.iter().filter(|byte| **byte == b'\n').count(), batch.routes.len());
                    prop_assert_eq!(batch.body.last(), Some(&b'\n'));
                    prop_assert!(batch.routes.len() == 1 || batch.body.len() <= BATCH);
                    sent += batch.routes.len();
                }
                if ends {
                    sink.ended(second(now), is_taken);
                }
            }
            prop_assert_eq!(sent + sink.ends.len(), taken);
        }
    }
}
