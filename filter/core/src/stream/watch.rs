//! Reads the bytes of one answer and knows what they have said so far.

use seawall_tokens::{Budget, Counter, Encoding};

use super::event::{Event, Kind};
use super::frames::{Broken, Frames};
use super::paths::Count;
use super::seen::{Counts, Seen};
use super::sse::Sse;
use super::{Dialect, Finish, Framing, Report, Usage, Verdict, write};
use crate::body::text_of;
use crate::counting::BYTES_PER_TOKEN;
use crate::operation::Operation;
use crate::output::Collector;

/// What was read of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// All of them, and no event ended.
    More,
    /// To the end of an event.
    Event(Kind),
    /// Something from which no way leads to the next event.
    Broken,
}

/// One answer, watched.
#[derive(Debug)]
pub struct Watch {
    dialect: Dialect,
    framing: Framing,
    cutter: Cutter,
    event: Event,
    /// What its content's tokens are counted with, where that is built in.
    encoding: Option<Encoding>,
    /// Blanks at the end of what was counted: with the word that follows they are one token.
    blanks: usize,
    content_bytes: u64,
    report: Report,
    counts: Counts,
    /// Text, a call or a refusal, not only reasoning.
    has_answer: bool,
    has_refusal: bool,
    has_list: bool,
    is_terminal: bool,
    choices: u64,
    finished: u64,
    /// A choice that had said why it stopped went on.
    finishes_often: bool,
    /// How many choices there must be.
    asked: u32,
    /// What an answer that says nothing is.
    silence: Silence,
    /// What it says, where somebody asks.
    collector: Option<Box<Collector>>,
}

/// What it means that nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Silence {
    /// There is no answer, where it is clear that there should be one.
    Empty,
    /// Maybe that its model writes its answers otherwise.
    Foreign,
    /// In one piece it may be what was asked for: embeddings, or a job that is worked on later.
    #[default]
    Open,
}

/// What cuts the bytes into events.
#[derive(Debug)]
enum Cutter {
    Sse(Sse),
    Frames(Frames),
    Array,
    Document,
}

impl Watch {
    pub fn new(dialect: Dialect, framing: Framing) -> Self {
        Self {
            dialect,
            framing,
            cutter: match framing {
                Framing::Sse => Cutter::Sse(Sse::new()),
                Framing::EventStream => Cutter::Frames(Frames::default()),
                Framing::Array => Cutter::Array,
                Framing::Document => Cutter::Document,
            },
            event: Event::new(),
            encoding: None,
            blanks: 0,
            content_bytes: 0,
            report: Report::default(),
            counts: Counts::default(),
            has_answer: false,
            has_refusal: false,
            has_list: false,
            is_terminal: false,
            choices: 0,
            finished: 0,
            finishes_often: false,
            asked: 1,
            silence: Silence::default(),
            collector: None,
        }
    }

    /// The same, with the tokens of its content counted as this vocabulary has them, if that is built in.
    #[must_use]
    pub fn counting(mut self, encoding: Encoding) -> Self {
        if encoding.is_built_in() {
            self.encoding = Some(encoding);
            self.event.seen.texts = Some(Vec::new());
        }
        self
    }

    /// The same of a request for so many choices. Where no marker tells the end, those that begin are all there are.
    #[must_use]
    pub fn asking(mut self, choices: u64) -> Self {
        if write::has_marker(self.dialect, self.framing) {
            self.asked = u32::try_from(choices).unwrap_or(u32::MAX);
        }
        self
    }

    /// The same of an answer to such a request.
    #[must_use]
    pub(crate) fn to(mut self, operation: Operation) -> Self {
        self.silence = match operation {
            Operation::Completions | Operation::Messages | Operation::Generate => Silence::Empty,
            Operation::Invoke | Operation::InvokeStream => Silence::Foreign,
            _ => Silence::Open,
        };
        self
    }

    /// Whether nothing of it is known here, as its model has a dialect of its own.
    pub(super) fn is_foreign(&self) -> bool {
        let Report { finish, error, has_content, .. } = &self.report;
        self.silence == Silence::Foreign
            && finish.is_none()
            && error.is_none()
            && !has_content
            && self.choices == 0
    }

    /// The same, with what it says.
    #[must_use]
    pub(crate) fn collecting(mut self) -> Self {
        self.collector = Some(Box::new(Collector::new(self.dialect, self.framing)));
        self
    }

    /// What it has said so far, where somebody asked.
    pub(crate) fn collected(&self) -> Option<&Collector> {
        self.collector.as_deref()
    }

    pub(crate) fn collector(&mut self) -> Option<&mut Collector> {
        self.collector.as_deref_mut()
    }

    pub fn report(&self) -> &Report {
        &self.report
    }

    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// The dialect's last event was seen.
    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// An answer in one piece can't be read: it is none.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self.cutter, Cutter::Document) && self.event.is_broken()
    }

    /// Every choice has said why it stopped, so that nothing of the answer is missing.
    pub(super) fn is_finished(&self) -> bool {
        self.choices != 0 && self.choices & !self.finished == 0 && self.finished.count_ones() >= self.asked
    }

    /// Whether that says little of when the answer ends: some providers send a reason with every event.
    pub(super) fn finishes_often(&self) -> bool {
        self.finishes_often
    }

    /// Reads to the end of the next event; how much that is.
    pub(super) fn next(&mut self, bytes: &[u8]) -> (usize, Step) {
        let (used, is_end) = match &mut self.cutter {
            Cutter::Sse(sse) => sse.read(bytes, &mut self.event),
            Cutter::Frames(frames) => match frames.read(bytes, &mut self.event) {
                Ok(read) => read,
                Err(Broken) => {
                    self.report.malformed += 1;
                    return (bytes.len(), Step::Broken);
                }
            },
            Cutter::Array => self.event.elements(bytes),
            Cutter::Document => {
                self.event.begin_document();
                self.event.data(bytes);
                (bytes.len(), false)
            }
        };
        let is_array = matches!(self.cutter, Cutter::Array);
        if is_array && self.event.is_broken() {
            self.report.malformed += 1;
            return (bytes.len(), Step::Broken);
        }
        let kind = is_end.then(|| self.event_ends());
        if let Some(collector) = &mut self.collector {
            let read = bytes.get(..used).unwrap_or_default();
            match kind {
                Some(kind) => collector.push_last(read, kind == Kind::Read),
                None => collector.push(read),
            }
        }
        (used, kind.map_or(Step::More, Step::Event))
    }

    /// The answer has ended. What is left of it, if it is an event: one whose end is missing but that is whole otherwise.
    pub(super) fn finish(&mut self) -> Option<Kind> {
        match &mut self.cutter {
            Cutter::Sse(sse) => sse.finish(&mut self.event),
            Cutter::Document if self.event.is_whole() => {}
            _ => return None,
        }
        let kind = self.event.is_whole().then(|| self.event_ends())?;
        if let Some(collector) = &mut self.collector {
            collector.push_last(&[], kind == Kind::Read);
        }
        Some(kind)
    }

    fn event_ends(&mut self) -> Kind {
        let is_element = matches!(self.cutter, Cutter::Array);
        let kind = if is_element { self.event.end_element() } else { self.event.end() };
        let seen = &self.event.seen;
        let kind = if kind == Kind::Read && seen.is_usage_alone() { Kind::Usage } else { kind };
        if kind == Kind::Malformed {
            self.report.malformed += 1;
        } else {
            if seen.has_error && self.report.error.is_none() {
                self.report.error = Some(self.event.error());
            }
            let has_content = seen.has_answer || seen.has_reasoning || seen.has_refusal;
            self.report.has_content |= has_content;
            if has_content {
                self.report.content_events += 1;
                self.content_bytes = self.content_bytes.saturating_add(seen.text_bytes as u64);
                let counted = self.encoding.map(|encoding| tokens(encoding, seen, &mut self.blanks).max(1));
                self.report.content_tokens = match counted {
                    Some(tokens) => self.report.content_tokens.saturating_add(tokens),
                    None => (self.content_bytes / BYTES_PER_TOKEN).max(self.report.content_events.into()),
                };
            }
            self.report.finish = seen.finish.or(self.report.finish);
            self.has_answer |= seen.has_answer;
            self.has_refusal |= seen.has_refusal;
            self.has_list |= seen.has_list;
            self.is_terminal |= seen.is_terminal;
            self.choices |= seen.choices;
            self.finishes_often |= has_content && self.finished & seen.choices != 0;
            self.finished |= seen.finished;
            if has_content {
                // Some providers send a reason with every event: a choice that goes on has not finished.
                self.finished &= seen.finished | !seen.choices;
            }
            if seen.has_counts {
                self.counts.iter_mut().zip(&seen.counts).for_each(|(known, later)| *known = later.or(*known));
                self.report.usage = Some(self.usage());
            }
        }
        if is_element {
            self.event.next_element();
        } else {
            self.event.reset();
        }
        kind
    }

    /// As it is billed, whatever the dialect leaves out of its sums.
    fn usage(&self) -> Usage {
        let of = |count: Count| self.counts.get(count as usize).copied().flatten().unwrap_or(0);
        let sum = |parts: &[Count]| parts.iter().fold(0u64, |sum, part| sum.saturating_add(of(*part)));
        let disjoint = matches!(self.dialect, Dialect::Anthropic | Dialect::Bedrock);
        let input = if disjoint {
            sum(&[Count::Input, Count::CacheRead, Count::CacheWrite])
        } else {
            sum(&[Count::Input, Count::ToolInput])
        };
        // Some that speak OpenAI's dialect count what a model thought in the total only.
        let output = sum(&[Count::Output, Count::Thoughts]);
        let beside = if self.dialect == Dialect::Chat { of(Count::Total).saturating_sub(input) } else { 0 };
        let thought = beside.saturating_sub(output);
        Usage {
            input,
            cached: of(if disjoint { Count::CacheRead } else { Count::Cached }),
            output: output.saturating_add(thought),
            reasoning: sum(&[Count::Reasoning, Count::Thoughts]).max(thought),
        }
    }

    /// What a whole answer comes to.
    pub(super) fn whole(&self) -> Verdict {
        let is_answer = match self.silence {
            Silence::Foreign if self.is_foreign() => false,
            Silence::Empty if self.has_list || self.report.usage.is_some() => true,
            _ => self.framing != Framing::Document || self.report.finish.is_some(),
        };
        if self.report.error.is_some() {
            Verdict::Error
        } else if self.has_refusal || self.report.finish == Some(Finish::Refused) {
            Verdict::Refused
        } else if is_answer && !self.has_answer && self.report.finish != Some(Finish::Length) {
            Verdict::Empty
        } else {
            Verdict::Complete
        }
    }
}

/// How many tokens an event's texts are, behind so many blanks and without those that they end in.
fn tokens(encoding: Encoding, seen: &Seen, blanks: &mut usize) -> u64 {
    let Some(texts) = seen.texts.as_ref().filter(|texts| !texts.is_empty()) else { return 0 };
    let rest = seen.text_bytes.saturating_sub(texts.len()) as u64 / BYTES_PER_TOKEN;
    let before = BLANKS.get(..*blanks).unwrap_or_default();
    let written = [b"\"", before, texts, b"\""].concat();
    // Cut within a character or an escape.
    let Some(text) = text_of(&written) else { return seen.text_bytes as u64 / BYTES_PER_TOKEN };
    let counted = text.trim_end_matches(' ');
    *blanks = (text.len() - counted.len()).min(BLANKS.len());
    Counter::new(encoding, Budget::default()).count(counted).saturating_add(rest)
}

/// No token of note has more.
const BLANKS: &[u8] = &[b' '; 16];
