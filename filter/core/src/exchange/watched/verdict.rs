//! What a watched answer comes to: its outcome, and what stands for it if it has failed.

use crate::answer;
use crate::classify::{Judgement, judge_event};
use crate::event::{Answer, Origin};
use crate::exchange::answers::Reading;
use crate::exchange::outcome::{Ended, Extent};
use crate::exchange::{After, Attempt, Exchange};
use crate::headers::Headers;
use crate::output::Broken;
use crate::stream::{Dialect, ErrorEvent, Finish, Flow, Framing, Gate, Report, Usage, Verdict};
use crate::telemetry::Outcome;
use crate::time::Timestamp;
use crate::turn::Turn;

/// What was seen of an answer that was watched.
#[derive(Clone, Copy)]
pub(in crate::exchange) struct Sighted {
    pub(in crate::exchange) first_token: Option<Timestamp>,
    pub(in crate::exchange) usage: Option<Usage>,
    pub(in crate::exchange) verdict: Verdict,
    /// About how many tokens its content is.
    pub(in crate::exchange) content_tokens: u64,
    pub(in crate::exchange) spoken: (Dialect, Framing),
    /// The model stopped at a limit of tokens.
    pub(in crate::exchange) is_cut_off: bool,
    /// The rules of its route that it broke, and whether it was made to fit.
    pub(in crate::exchange) broken: Broken,
    pub(in crate::exchange) is_repaired: bool,
}

impl Sighted {
    pub(super) fn of(gate: &Gate, verdict: Verdict) -> Self {
        let report = gate.report();
        Self {
            first_token: gate.first_token(),
            usage: report.usage,
            verdict,
            content_tokens: report.content_tokens,
            spoken: gate.spoken(),
            is_cut_off: report.finish == Some(Finish::Length),
            broken: Broken::default(),
            is_repaired: false,
        }
    }

    /// Whether an answer that is there is of little use: refused, cut off by its length, or breaking rules for good.
    pub(in crate::exchange) fn is_bad(self) -> bool {
        self.verdict != Verdict::Complete || self.is_cut_off || !(self.broken.is_empty() || self.is_repaired)
    }
}

/// A dispatched attempt's answer that claims to be a success and is none.
pub(in crate::exchange) struct Useless {
    pub(in crate::exchange) answer: Answer,
    pub(in crate::exchange) judgement: Judgement,
    /// The usage it tells, and about how many tokens it came to: they are paid for.
    pub(in crate::exchange) spent: (Option<Usage>, u64),
}

impl Exchange {
    /// Nothing of it has gone on, and another attempt may follow.
    pub(super) fn watched_fails(&mut self, turn: &mut Turn<'_>, index: usize, verdict: Verdict) -> After {
        let Some(attempt) = self.in_flight.get(index) else { return After::Wait };
        let Reading::Watched(watched) = &attempt.reading else { return After::Wait };
        let (half, report) = (watched.half, watched.gate.report().clone());
        let (judgement, answer) = self.failed(turn, attempt, verdict, report);
        self.attempt_failed(
            turn,
            index,
            Ended { answer, judgement, held: Some(half), extent: Extent::Whole, invalid: None },
        )
    }

    /// Reads an answer that a dispatched attempt has brought as a whole: what the client gets of it, or what it failed of.
    pub(in crate::exchange) fn read_whole(
        &self,
        turn: &Turn<'_>,
        attempt: &Attempt,
        answer: &mut Answer,
    ) -> Result<Option<Sighted>, Box<Useless>> {
        let Some(mut gate) = self.gate(turn, attempt, (answer, &answer.body), None) else {
            return Ok(None);
        };
        match gate.push_last(turn.now, &answer.body) {
            Flow::Fail(verdict) => {
                let report = gate.report();
                let spent = (report.usage, report.content_tokens);
                let (judgement, answer) = self.failed(turn, attempt, verdict, report.clone());
                return Err(Box::new(Useless { answer, judgement, spent }));
            }
            Flow::Replace(body) | Flow::End(body) => answer.body = body,
            Flow::Pass | Flow::Hold | Flow::Break => {}
        }
        Ok(gate.verdict().map(|verdict| Sighted::of(&gate, verdict)))
    }

    pub(super) fn judged(
        &self,
        turn: &Turn<'_>,
        attempt: &Attempt,
        verdict: Verdict,
        report: &Report,
    ) -> Judgement {
        let outcome = match verdict {
            Verdict::Complete => Outcome::Success,
            Verdict::Refused => Outcome::ContentPolicy,
            Verdict::Empty | Verdict::Truncated => Outcome::Truncated,
            Verdict::Malformed | Verdict::Invalid => Outcome::InvalidOutput,
            Verdict::Cut => Outcome::Reset,
            Verdict::TimedOut => Outcome::Timeout,
            Verdict::Error => {
                let judged = report.error.as_ref().and_then(|error| self.judged_error(turn, attempt, error));
                return judged.unwrap_or_else(|| Judgement::plain(Outcome::ServerError));
            }
        };
        Judgement::plain(outcome)
    }

    fn judged_error(&self, turn: &Turn<'_>, attempt: &Attempt, error: &ErrorEvent) -> Option<Judgement> {
        let provider = turn.config.provider(self.route, attempt.position);
        judge_event(provider, Some(&error.name), &error.data, turn.now)
    }

    /// What a failed stream came to, and what it has said, as an answer in one piece: an error within a 200, which its caller is
    /// told with the status that it stands for.
    fn failed(
        &self,
        turn: &Turn<'_>,
        attempt: &Attempt,
        verdict: Verdict,
        report: Report,
    ) -> (Judgement, Answer) {
        let judgement = self.judged(turn, attempt, verdict, &report);
        let Some(error) = report.error.filter(|_| verdict == Verdict::Error) else {
            let (status, headers) = (answer::status(judgement.outcome), Headers::default());
            let origin = if verdict == Verdict::TimedOut { Origin::Timeout } else { Origin::Reset };
            return (judgement, Answer { status, headers, body: Vec::new(), origin });
        };
        let headers: Headers = [("content-type", "application/json")].into_iter().collect();
        // A choice that ends in an error says nothing of it, and is no error by its form.
        let is_told = self.judged_error(turn, attempt, &error).is_some();
        let body = if is_told { error.data } else { Vec::new() };
        (judgement, Answer { status: 200, headers, body, origin: Origin::Provider })
    }
}
