//! What the JSON of one event, or of one whole answer, has said.

use super::Finish;
use super::paths::Node;

/// What was said of each count.
pub(super) type Counts = [Option<u64>; 9];

#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Text or calls; reasoning; a refusal. Those of a part count once it is known to be no thought.
    pub(super) has_answer: bool,
    pub(super) has_reasoning: bool,
    pub(super) has_refusal: bool,
    pub(super) has_error: bool,
    /// The dialect's last event.
    pub(super) is_terminal: bool,
    pub(super) finish: Option<Finish>,
    /// A bit for each choice that was named, and for each that has finished.
    pub(super) choices: u64,
    pub(super) finished: u64,
    pub(super) counts: Counts,
    pub(super) has_counts: bool,
    /// Whether there is a list of choices, with whatever in it.
    pub(super) has_list: bool,
    /// How long the texts of its content are, as they are written; and themselves, where somebody counts their tokens.
    pub(super) text_bytes: usize,
    pub(super) texts: Option<Vec<u8>>,
    choice: u32,
    choice_finished: bool,
    part_has_text: bool,
    part_is_thought: bool,
    /// Responses tell by its type what an event's delta is.
    delta_is: Delta,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Delta {
    #[default]
    Text,
    Reasoning,
    Refusal,
}

/// Bytes of one event's texts that are kept.
const MOST_TEXT: usize = 64 * 1024;

impl Seen {
    /// Ready for the next event.
    pub(super) fn reset(&mut self) {
        let mut texts = self.texts.take();
        texts.iter_mut().for_each(Vec::clear);
        *self = Self { texts, ..Self::default() };
    }

    /// More of a text of the answer's own.
    pub(super) fn said(&mut self, bytes: &[u8]) {
        self.text_bytes = self.text_bytes.saturating_add(bytes.len());
        if let Some(texts) = &mut self.texts {
            let room = MOST_TEXT.saturating_sub(texts.len()).min(bytes.len());
            texts.extend_from_slice(bytes.get(..room).unwrap_or_default());
        }
    }

    pub(super) fn opens(&mut self, node: Node, is_array: bool) {
        match node {
            Node::Call if !is_array => self.has_answer = true,
            Node::Reasoning if !is_array => self.has_reasoning = true,
            Node::Error => self.has_error = true,
            Node::Choices => self.has_list = true,
            _ => {}
        }
    }

    pub(super) fn closes(&mut self, node: Node) {
        match node {
            Node::Part => self.part_ends(),
            Node::Choice => self.choice_ends(),
            _ => {}
        }
    }

    /// A text, as it is written. One that is too long to matter is empty here, though not `is_empty`.
    pub(super) fn text(&mut self, node: Node, text: &[u8], is_empty: bool) {
        match node {
            Node::Type => self.event(text),
            Node::Object => self.has_error |= text == b"error",
            Node::PartType => self.part(text),
            Node::Finish => self.finishes(text),
            Node::BlockReason => self.is_blocked(text),
            _ if is_empty => {}
            Node::Text | Node::Parts | Node::Part => self.part_has_text = true,
            Node::Reasoning => self.has_reasoning = true,
            Node::Refusal => self.has_refusal = true,
            Node::Call => self.has_answer = true,
            Node::Error => self.has_error = true,
            _ => {}
        }
    }

    pub(super) fn flag(&mut self, node: Node) {
        self.part_is_thought |= node == Node::Thought;
    }

    pub(super) fn number(&mut self, node: Node, text: &[u8]) {
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
        let number = digits.fold(0u64, |sum, digit| {
            sum.saturating_mul(10).saturating_add(u64::from(digit.wrapping_sub(b'0')))
        });
        match node {
            Node::Index => self.choice = u32::try_from(number).unwrap_or(u32::MAX),
            Node::Count(count) => {
                self.has_counts = true;
                if let Some(slot) = self.counts.get_mut(count as usize) {
                    *slot = Some(number);
                }
            }
            _ => {}
        }
    }

    /// Whether what was used is all that was said. Of the choices there are none then, however that is written.
    pub(super) fn is_usage_alone(&self) -> bool {
        let has_content = self.has_answer || self.has_reasoning || self.has_refusal;
        let is_end = self.is_terminal || self.finish.is_some() || self.has_error;
        self.has_counts && self.choices == 0 && !has_content && !is_end
    }

    /// The JSON has ended.
    pub(super) fn ends(&mut self) {
        if self.part_has_text {
            match self.delta_is {
                Delta::Text => self.part_ends(),
                Delta::Reasoning => self.has_reasoning = true,
                Delta::Refusal => self.has_refusal = true,
            }
        }
        if self.choice_finished {
            self.choice_ends();
        }
    }

    fn part_ends(&mut self) {
        if self.part_has_text && self.part_is_thought {
            self.has_reasoning = true;
        } else if self.part_has_text {
            self.has_answer = true;
        }
        (self.part_has_text, self.part_is_thought) = (false, false);
    }

    fn choice_ends(&mut self) {
        let bit = 1 << self.choice.min(63);
        self.choices |= bit;
        if self.choice_finished {
            self.finished |= bit;
        }
        (self.choice, self.choice_finished) = (0, false);
    }

    fn event(&mut self, kind: &[u8]) {
        match kind {
            b"message_stop" | b"response.completed" | b"response.incomplete" => self.is_terminal = true,
            b"error" | b"response.failed" => self.has_error = true,
            _ if kind.starts_with(b"response.reasoning") => self.delta_is = Delta::Reasoning,
            _ if kind.starts_with(b"response.refusal") => self.delta_is = Delta::Refusal,
            _ => {}
        }
    }

    /// What has begun by being named, with nothing in it yet.
    fn part(&mut self, kind: &[u8]) {
        let ends = |ends: &[&[u8]]| ends.iter().any(|end| kind.ends_with(end));
        if ends(&[b"tool_use", b"_call", b"_tool_result", b"_approval_request"]) {
            self.has_answer = true;
        } else if kind == b"redacted_thinking" {
            self.has_reasoning = true;
        }
    }

    /// A reason for an answer that isn't there: Gemini's, of which there are more each year, or that of Responses.
    fn is_blocked(&mut self, reason: &[u8]) {
        let is_length = Finish::of(reason) == Some(Finish::Length);
        self.finishes(if is_length { reason } else { b"SAFETY" });
    }

    fn finishes(&mut self, reason: &[u8]) {
        // vLLM and OpenRouter end a choice like this when the engine behind them failed.
        self.has_error |= reason == b"error";
        if let Some(finish) = Finish::of(reason) {
            self.finish = Some(finish);
            self.choice_finished = true;
        }
    }
}
