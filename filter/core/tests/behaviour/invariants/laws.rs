//! The promises, each checked of a world in which nothing is under way any more.

use std::time::Duration;

use seawall_core::BreakerState;

use super::schedule::{ATTEMPTS, BUDGET, CALLS, HEDGES, HONORED, LARGEST, RECOVER, TARGET_RATE, Terms};
use crate::world::{Attempt, Complaint, End, Fate, From, Lie, Request, Sense, World, text};

pub(super) fn all(world: &World, terms: &Terms) {
    for (id, request) in &world.requests {
        has_one_answer(*id, request);
        nothing_passes_for_more_than_it_is(*id, request, terms);
        is_in_time(request);
        attempts_have_a_reason(request);
        the_first_failure_is_told(request);
        an_error_is_whole(request);
    }
    probes_are_few(world);
    extra_attempts_are_paid_for(world, terms);
}

/// Every request gets exactly one answer, or its client is gone.
fn has_one_answer(id: u32, request: &Request) {
    let is_answered = matches!(request.answers.as_slice(), [got] if got.end.is_some());
    assert!(is_answered || request.is_gone, "exchange {id} was lost: {request:?}");
    let passed = request.answers.iter().any(|got| got.from == From::Nobody);
    assert!(!passed || request.attempts.is_empty(), "{request:?}");
}

/// A success that looks complete is all of what one provider said, and nothing else.
fn nothing_passes_for_more_than_it_is(id: u32, request: &Request, terms: &Terms) {
    let Some(got) = request.answers.first().filter(|got| got.status == 200) else { return };
    let texts: Vec<_> = (1..=request.attempts.len()).map(|n| text(&Request::mark(id, n))).collect();
    let sense = got.sense();
    match &sense {
        Sense::Whole(said) => {
            let from = texts.iter().position(|text| text == said);
            let from = from.unwrap_or_else(|| panic!("half an answer passes for a whole one: {request:?}"));
            assert_eq!(got.headers["x-seawall-target"], request.attempts[from].target, "{request:?}");
        }
        Sense::Error(said) | Sense::Broken(said) => {
            assert!(texts.iter().any(|text| text.starts_with(said)), "what nobody has said: {request:?}");
        }
    }
    let is_whole = matches!(sense, Sense::Whole(_));
    assert!(request.streams || request.is_gone || is_whole, "in one piece, and not judged: {request:?}");
    if request.streams && !request.is_gone {
        match terms.modes[request.policy] {
            "complete" => assert!(is_whole, "not held until its end: {request:?}"),
            "until_commit" => {
                assert!(is_whole || sense != Sense::Error(String::new()), "not held: {request:?}");
            }
            _ => {}
        }
    }
}

/// The answer's end is there before the deadline, or the request was complete too late.
fn is_in_time(request: &Request) {
    let Some(got) = request.answers.first().filter(|got| got.from != From::Nobody) else { return };
    if !request.is_gone {
        let by = request.by.max(request.complete);
        assert!(got.done.is_some_and(|done| done <= by), "too late: {request:?}");
    }
    assert!(request.attempts.iter().all(|attempt| attempt.begun <= request.by), "{request:?}");
}

/// Within it the headers of every sound answer come, and its first words.
const PATIENCE: Duration = Duration::from_millis(850);

/// An attempt follows one that failed, of which another may come out better; or it is a hedge.
fn attempts_have_a_reason(request: &Request) {
    assert!(request.attempts.len() <= ATTEMPTS[request.policy], "{request:?}");
    for (n, next) in request.attempts.iter().enumerate() {
        let known = |other: &&Attempt| other.outcome.is_some() && other.ended <= next.begun;
        let before = request.attempts[..n].iter().filter(known);
        // With what was wrong before, which another target isn't.
        let is_asked_again = |again: &Attempt| {
            let is_it = |other: &&Attempt| other.target == again.target && other.ended <= again.begun;
            let mut earlier = request.attempts.iter().filter(is_it);
            earlier.any(|other| other.outcome == Some("invalid_output"))
        };
        for failed in before.clone() {
            let is_lost = matches!(failed.outcome, Some("reset" | "timeout"));
            let is_at_fault = !is_lost
                && !is_shut_out(failed)
                && matches!(
                    failed.fate,
                    // No policy routes around content policies.
                    Fate::Says(
                        Complaint::ContentPolicy
                            | Complaint::Status(400 | 401 | 403 | 404)
                            | Complaint::Long(400)
                            | Complaint::Unfinished(400 | 413)
                            | Complaint::Cut(400 | 413),
                        _,
                    ) | Fate::Status(400 | 401 | 403 | 404 | 413 | 422)
                );
            let is_too_long = !is_lost && matches!(failed.fate, Fate::Says(Complaint::ContextLength, _));
            let is_larger = next.target == LARGEST && failed.target != LARGEST;
            let may_follow = !is_at_fault && (!is_too_long || is_larger);
            assert!(may_follow || is_asked_again(failed), "{request:?}");
            // A deadline may leave it less than what it takes until its first words.
            let is_hurried = failed.ended.since(failed.begun) < PATIENCE && has_used_its_time(failed);
            assert!(is_hurried || !failed.fate.is_sound(request.streams), "{request:?}");
        }
        let Some(last) = before.clone().max_by_key(|other| other.ended) else {
            assert!(n == 0 || next.is_hedge, "{request:?}");
            continue;
        };
        let is_unlisted = last.outcome == Some("server_error")
            && matches!(last.fate, Fate::Status(501) | Fate::Says(Complaint::Status(501), _));
        let is_beside = |other: &Attempt| {
            other.begun < last.ended && last.begun < other.ended && !std::ptr::eq(other, last)
        };
        let may_follow = is_asked_again(last) || before.clone().any(is_beside);
        assert!(!is_unlisted || may_follow, "{request:?}");
        // Whatever failed last, with a hedge in between.
        for earlier in before.filter(|earlier| earlier.target == next.target) {
            may_be_asked_again(earlier, next, request);
        }
    }
}

/// The proxy's timeout is at most so much longer than the filter's own.
const ROUTER_LATE: Duration = Duration::from_millis(20);

/// Whether it was cut off when its time was over, whatever would have come. Silence has half of it where another may follow.
fn has_used_its_time(attempt: &Attempt) -> bool {
    let lasted = attempt.ended.since(attempt.begun);
    attempt.outcome == Some("timeout") && lasted * 2 + ROUTER_LATE >= attempt.timeout
}

/// A hedge whose target doesn't let the proxy in, or doesn't have what it asks for, says nothing of the request.
fn is_shut_out(attempt: &Attempt) -> bool {
    let is_refused = matches!(
        attempt.fate,
        Fate::Status(401 | 403 | 404) | Fate::Says(Complaint::Status(401 | 403 | 404), _)
    );
    attempt.is_hedge && is_refused
}

/// After this a target may be asked again, then.
fn may_be_asked_again(earlier: &Attempt, next: &Attempt, request: &Request) {
    let wait = match earlier.fate {
        Fate::Throttle(seconds) => Duration::from_secs(seconds),
        Fate::Says(Complaint::Throttled(millis), _) => Duration::from_millis(millis),
        _ => Duration::ZERO,
    };
    assert!(wait <= Duration::from_secs(HONORED) && next.begun.since(earlier.ended) >= wait, "{request:?}");
    let is_over = matches!(earlier.fate, Fate::Says(Complaint::QuotaExhausted, _));
    assert!(!is_over, "its quota is used up: {request:?}");
    let is_silent = matches!(earlier.fate, Fate::Hang | Fate::Lie(Lie::Stall(_)));
    assert!(!is_silent || earlier.outcome != Some("timeout"), "a silent target is asked again: {request:?}");
}

/// A whole answer that the rules of its route refuse.
fn breaks_rules(attempt: &Attempt) -> bool {
    attempt.fate == Fate::Lie(Lie::CutOff) && attempt.outcome == Some("invalid_output")
}

/// Of several failures the first one is told, unless that said nothing and a later one does, or one is rejected.
fn the_first_failure_is_told(request: &Request) {
    let Some(got) = request.answers.first().filter(|got| got.status >= 400 && got.from != From::Host) else {
        return;
    };
    let reason = got.headers.get("x-seawall-reason").map(String::as_str);
    // What is rejected is told as that, whatever failed before.
    let is_other = matches!(reason, Some("deadline_exceeded" | "invalid_output"));
    let mut failed: Vec<_> = request.attempts.iter().filter(|attempt| attempt.outcome.is_some()).collect();
    failed.sort_by_key(|attempt| attempt.ended);
    if failed.iter().any(|attempt| !is_shut_out(attempt)) {
        failed.retain(|attempt| !is_shut_out(attempt));
    }
    let Some(first) = failed.first().filter(|_| !is_other) else { return };
    let is_silent = |attempt: &&&Attempt| {
        let silent = ["timeout", "refused", "reset", "truncated", "invalid_output"];
        attempt.outcome.is_some_and(|outcome| silent.contains(&outcome))
    };
    let tells = |attempt: &&&Attempt| {
        let telling = ["throttled", "overloaded", "server_error", "quota_exhausted"];
        attempt.outcome.is_some_and(|outcome| telling.contains(&outcome))
    };
    let kept = if is_silent(&first) { failed.iter().find(tells).unwrap_or(first) } else { first };
    let same = failed.iter().filter(|attempt| attempt.outcome == kept.outcome);
    let mut statuses = same.flat_map(|attempt| match (attempt.fate, attempt.outcome) {
        (Fate::Says(complaint, _), _) if has_used_its_time(attempt) => vec![complaint.status(), 504],
        // Its words may be late, where its status came just before the deadline.
        (Fate::Status(status @ (408 | 524)), _) => vec![status, 504],
        (Fate::Status(status), _) if status >= 400 => vec![status],
        (Fate::Throttle(_), _) => vec![429],
        // What is dispatched is lost with its connection. What comes to a halt is told with the proxy's own words.
        (Fate::Says(Complaint::Cut(_), _), Some("reset")) => vec![502],
        (Fate::Says(Complaint::Unfinished(408 | 524), _), _) => vec![504],
        (Fate::Says(complaint, _), _) => vec![complaint.status()],
        (_, Some("timeout")) => vec![504],
        (_, Some("refused")) => vec![503],
        _ => vec![500, 502],
    });
    assert!(statuses.any(|status| status == got.status), "{:?} is masked: {request:?}", kept.outcome);
}

/// An error that ends in good order is all of one.
fn an_error_is_whole(request: &Request) {
    let Some(got) = request.answers.first() else { return };
    if got.status >= 400 && got.end == Some(End::Orderly) && got.from != From::Host && !request.is_gone {
        let is_whole = serde_json::from_str::<serde_json::Value>(&got.body).is_ok();
        assert!(is_whole, "half an error: {request:?}");
    }
}

/// No more probes at once than the stage of the recovery has, over all workers. One whose stream has begun at its client is none any
/// more, and good enough for the next stage.
fn probes_are_few(world: &World) {
    let attempts = world.requests.values().flat_map(|request| &request.attempts);
    let probes: Vec<_> =
        attempts.filter(|attempt| attempt.probe.is_some() || attempt.shared.is_some()).collect();
    for probe in probes.iter().filter(|attempt| attempt.probe.is_some()) {
        let same = probes.iter().filter(|other| other.probe == probe.probe);
        let has_place =
            |other: &Attempt, then| other.ended > then && other.heard.is_none_or(|heard| heard > then);
        let at_once =
            same.clone().filter(|other| other.begun <= probe.begun && has_place(other, probe.begun));
        // One that finds fault with the request is well.
        let well =
            ["success", "client_error", "too_large", "model_not_found", "context_length", "content_policy"];
        let is_well = |other: &Attempt| {
            // So is one whose answer is whole and breaks rules.
            other.outcome.is_some_and(|outcome| well.contains(&outcome)) || breaks_rules(other)
        };
        let is_common = probe.probe.as_ref().is_some_and(|((_, model), _)| model.is_empty());
        let may_be_same = |other: &&&Attempt| {
            let is_one = is_common && other.target == probe.target && other.shared == probe.shared;
            is_one || other.probe == probe.probe
        };
        let mut others = probes.iter().filter(may_be_same);
        let has_succeeded =
            others.any(|other| !has_place(other, probe.begun) && (is_well(other) || other.heard.is_some()));
        let most = if has_succeeded { RECOVER[1] } else { RECOVER[0] };
        let at_once: Vec<_> = at_once.collect();
        assert!(at_once.len() <= most, "more probes than {most}: {at_once:?}");
    }
}

/// Retries of all requests together stay within the budget, and hedges within their share.
fn extra_attempts_are_paid_for(world: &World, terms: &Terms) {
    let requests = || world.requests.values().filter(|request| !request.attempts.is_empty());
    let own = world.requests.values().filter(|request| !request.is_callers_retry).count() as u64;
    let extra: Vec<_> = requests().flat_map(|request| extra(request, terms.fails_fast)).collect();
    let second = |attempt: &&Attempt| attempt.begun.0 / 1_000_000_000;
    let begun = requests().map(|request| request.arrived.0 / 1_000_000_000).min().unwrap_or_default();
    // A floor may be used up at the end of one second and again at the start of the next; and workers that make the cell
    // at the same time may lose a count each.
    let seconds = extra.iter().map(second).max().unwrap_or(begun) - begun + 1;
    let (paid, (share, floor)) = (extra.len() as u64, BUDGET);
    let most = own * share / 100 + floor * seconds + (terms.workers - 1);
    assert!(paid <= most, "{paid} of {own} in {seconds} s");

    let hedges = requests().flat_map(|request| &request.attempts).filter(|attempt| attempt.is_hedge).count();
    let all = world.requests.len() as u64;
    assert!(hedges as u64 <= all * HEDGES / 100 + (terms.workers - 1), "{hedges} hedges of {all}");
}

/// The attempts that the budget pays for: those at the same target again, or all but the first and hedges.
fn extra(request: &Request, all: bool) -> impl Iterator<Item = &Attempt> {
    let own = request.attempts.iter().filter(|attempt| !attempt.is_hedge);
    let before = own.clone();
    own.skip(1)
        .zip(before)
        .filter(move |(next, last)| all || next.target == last.target)
        .map(|(next, _)| next)
}

/// No target gets more than its rate and its burst in any window, whether attempts are first ones, retries, failovers or
/// hedges; and no more requests are under way at once than may be.
pub(super) fn limits_hold(world: &World) {
    for (id, request) in &world.requests {
        has_one_answer(*id, request);
        is_in_time(request);
    }
    let attempts = || world.requests.values().flat_map(|request| &request.attempts);
    let (rate, burst) = TARGET_RATE;
    for target in ["a", "b", "c"] {
        let mut begun: Vec<_> =
            attempts().filter(|attempt| attempt.target == target).map(|attempt| attempt.begun).collect();
        begun.sort_unstable();
        for (first, from) in begun.iter().enumerate() {
            for (last, to) in begun.iter().enumerate().skip(first) {
                let most = burst + to.0.saturating_sub(from.0) * rate / 1_000_000_000;
                let count = (last - first + 1) as u64;
                assert!(count <= most + 1, "{count} at {target} from {from:?} to {to:?}");
            }
        }
    }
    let under_way: Vec<_> = world
        .requests
        .values()
        .filter_map(|request| Some((request.attempts.first()?.begun, request.answers.first()?.done?)))
        .collect();
    for (begun, _) in &under_way {
        let at_once = under_way.iter().filter(|(from, to)| from <= begun && begun < to).count();
        assert!(at_once <= CALLS, "{at_once} at once");
    }
}

/// No permit was lost: once the providers are well, every breaker closes again within a few probes.
pub(super) fn every_breaker_has_closed(world: &World) {
    let is_closed = |state: &BreakerState| *state == BreakerState::Closed;
    assert!(world.breakers.values().all(is_closed), "{:?}", world.breakers);
}

/// Nothing of what is over counts as under way, at whichever target and in whichever worker: new requests are shared out
/// evenly.
pub(super) fn nothing_counts_as_under_way(targets: &[String], terms: &Terms) {
    let at = |name: &str| targets.iter().filter(|target| *target == name).count();
    let is_even = at("a") == at("b") && at("c") == 0;
    assert!(is_even || !terms.balances(), "{targets:?}");
}

/// What attempts come to is told to the breaker of their target.
pub(super) fn the_breaker_is_open(world: &World) {
    let breaker = world.breakers.get(&("a".to_owned(), "gpt-4.1".to_owned()));
    assert_eq!(breaker, Some(&BreakerState::Open), "{:?}", world.breakers);
}
