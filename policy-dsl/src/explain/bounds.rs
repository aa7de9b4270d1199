//! The worst that can happen to a request: how long it can take, and what it can cost. Bounds, not guesses: nothing goes
//! beyond them, though most requests stay far below.

use std::time::Duration;

use super::document::Lines;
use super::sequence::longest_backoff;
use super::words::{count, span};
use crate::policy::{InputAction, Policy, Route, Target, TargetId, Trigger};
use crate::vocabulary::{duration_text, money_text, multiple_text};

/// Times its timeout that a stream may take which is tried again, as the whole of it is waited for.
const STREAM_FACTOR: u32 = 10;

/// What of a request is known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    pub(super) stream: Option<bool>,
    /// Most tokens of its answer, as the request says.
    pub(super) max_tokens: Option<u64>,
    /// Its own deadline.
    pub(super) deadline: Option<Duration>,
}

pub(super) fn lines(lines: &mut Lines, policy: &Policy, route: &Route, known: Known) {
    lines.say(0, "at worst", format!("{} in all", count(route.retry.attempts, "attempt")));
    let kinds: &[bool] = match known.stream {
        Some(true) => &[true],
        Some(false) => &[false],
        None => &[false, true],
    };
    for streams in kinds {
        duration(lines, policy, route, *streams, known);
    }
    tokens(lines, policy, route, known.max_tokens);
}

/// Waits before attempts at the same target: how many there can be, and how long they are together.
fn waits(route: &Route) -> (u32, Duration) {
    let targets = u32::try_from(route.targets().count()).unwrap_or(u32::MAX);
    let attempts = route.retry.attempts;
    // Each target has its attempt, unless breakers keep back all but one.
    let others = if route.breaker.is_some() { 1 } else { targets.min(attempts) };
    let number = attempts.saturating_sub(others);
    let backoff = (0..number)
        .map(|retry| longest_backoff(route.retry.backoff, retry))
        .fold(Duration::ZERO, Duration::saturating_add);
    (number, backoff)
}

fn duration(lines: &mut Lines, policy: &Policy, route: &Route, streams: bool, known: Known) {
    let (attempts, timeout) = (route.retry.attempts, route.timeout.total);
    let later = attempts.saturating_sub(1);
    let (mut sum, mut parts) = (timeout, Vec::new());
    if streams && later > 0 {
        let longer = timeout.saturating_mul(STREAM_FACTOR);
        sum = sum.saturating_add(longer.saturating_mul(later));
        let plural = if later == 1 { "later attempt" } else { "later attempts" };
        parts.push(format!("{} until the first attempt must have begun", duration_text(timeout)));
        parts.push(format!("{later} × {} for the {plural}", span(longer)));
    } else {
        sum = timeout.saturating_mul(attempts);
        let plural = if attempts == 1 { "attempt" } else { "attempts" };
        parts.push(format!("{attempts} × {} for the {plural}", duration_text(timeout)));
    }
    let (number, backoff) = waits(route);
    let has_status = route.retry.on.iter().any(|trigger| matches!(trigger, Trigger::Status(_)));
    if number > 0 {
        sum = sum.saturating_add(backoff);
        parts.push(format!("{} of backoff", span(backoff)));
        let asked = route.retry.honor_retry_after;
        if has_status && !asked.is_zero() {
            sum = sum.saturating_add(asked.saturating_mul(number));
            parts.push(format!("{number} × {} of `retry-after`", duration_text(asked)));
        }
    }
    // It waits for all of them together, and at the first attempt only.
    let queued = route.limits.iter().filter_map(|limit| policy.limits.get(limit.0)?.wait);
    if let Some(queued) = queued.max() {
        sum = sum.saturating_add(queued);
        parts.push(format!("{} in line for limits", span(queued)));
    }
    let (what, until) = if streams { ("a stream", " until it begins") } else { ("an answer", "") };
    let mut text = format!("{what} takes at most {}{until}: {}", span(sum), parts.join(", "));
    let header = route.deadline.as_ref().is_some_and(|deadline| deadline.header.is_some());
    let set = known.deadline.or_else(|| route.deadline.as_ref()?.default);
    if let Some(deadline) = set.filter(|deadline| *deadline < sum) {
        text += &format!("; the deadline ends it after {}", span(deadline));
        if header && known.deadline.is_none() {
            text += ", or when the caller's header says";
        }
    }
    lines.say(1, "time", text);
}

/// Most tokens of the prompt and the answer of one attempt at a target; `None` where nothing bounds them.
fn most_tokens(
    policy: &Policy,
    route: &Route,
    target: &Target,
    own: Option<u64>,
    degraded: Option<u32>,
) -> [Option<u64>; 2] {
    let least = |bounds: &[Option<u64>]| bounds.iter().flatten().copied().min();
    let input = match route.contract.input {
        // A longer one goes elsewhere.
        Some((most, InputAction::Use(other))) => {
            let other = policy.targets.get(other.0);
            if other.is_some_and(|other| other.name == target.name) { target.context } else { Some(most) }
        }
        Some((most, _)) => Some(most),
        None => None,
    };
    let output = least(&[route.contract.output, own, degraded.map(u64::from)]);
    [least(&[input, target.context]), least(&[output, target.context])]
}

fn tokens(lines: &mut Lines, policy: &Policy, route: &Route, own: Option<u64>) {
    let attempts = u64::from(route.retry.attempts);
    let mut most: [Option<u64>; 2] = [Some(0), Some(0)];
    let (mut dearest, mut unknown): (Option<(u64, String)>, Vec<String>) = (None, Vec::new());
    let planned =
        route.plan.iter().flat_map(|stage| stage.targets.iter().map(|id| (*id, stage.overrides.max_tokens)));
    let instead = match route.contract.input {
        Some((_, InputAction::Use(other))) => Some((other, None)),
        _ => None,
    };
    for (id, degraded) in planned.chain(instead) {
        let TargetId(index) = id;
        let Some(target) = policy.targets.get(index) else { continue };
        let bounds = most_tokens(policy, route, target, own, degraded);
        for (most, bound) in most.iter_mut().zip(bounds) {
            *most = most.zip(bound).map(|(most, bound)| most.max(bound));
        }
        let priced = bounds[0].zip(bounds[1]).zip(target.price);
        let cost = priced.map(|((input, output), price)| {
            cost(input, price.input).saturating_add(cost(output, price.output))
        });
        let cost = match (cost, route.contract.cost_micro_dollars) {
            (Some(cost), Some(most)) => Some(cost.min(most)),
            (cost, most) => cost.or(most),
        };
        match cost {
            Some(cost) if dearest.as_ref().is_none_or(|(most, _)| cost > *most) => {
                dearest = Some((cost, target.name.clone()));
            }
            Some(_) => {}
            None => unknown.push(format!("`{}`", target.name)),
        }
    }
    let words = |bound: Option<u64>, what: &str| match bound {
        Some(bound) => format!("{} for the {what}", multiple_text(bound)),
        None => format!("no bound for the {what}"),
    };
    let [input, output] = most;
    if input.is_some() || output.is_some() {
        let all =
            input.zip(output).map(|(input, output)| input.saturating_add(output).saturating_mul(attempts));
        let all = all.map(|all| format!(", {} with all attempts", multiple_text(all))).unwrap_or_default();
        let text = format!("in one attempt: {} and {}{all}", words(input, "prompt"), words(output, "answer"));
        lines.say(1, "tokens", text);
    }
    let Some((cost, name)) = dearest else { return };
    let all = money_text(cost.saturating_mul(attempts));
    let mut text =
        format!("{} for one attempt, at `{name}`, and {all} if all attempts are charged", money_text(cost));
    if !unknown.is_empty() {
        text = format!("{text}; nothing is known of {}", super::words::list(&unknown, "and"));
    }
    lines.say(1, "cost", text);
}

/// In micro-dollars, rounded up to a hundredth of a cent; `price` in micro-dollars per million tokens.
fn cost(tokens: u64, price: u64) -> u64 {
    let micro = (u128::from(tokens) * u128::from(price)).div_ceil(1_000_000).div_ceil(100) * 100;
    u64::try_from(micro).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the waits of every way to fail come to must lie within the bound that is told.
    #[test]
    fn no_sequence_of_attempts_waits_longer_than_is_told() {
        use crate::explain::sequence::{Failure, Sequence};
        for (attempts, targets) in
            (1..=10).flat_map(|attempts| (1..=6).map(move |targets| (attempts, targets)))
        {
            let names: Vec<String> = (0..targets).map(|number| format!("t{number}")).collect();
            let defined: String = names
                .iter()
                .map(|name| format!("target {name} {{ cluster \"c\"  provider openai }}\n"))
                .collect();
            let source = format!(
                "seawall 1\n{defined}retry r {{ attempts {attempts} }}\n\
                 route a {{ match path \"/\"  try {}\n retry r }}",
                names.join(", ")
            );
            let policy = crate::check(&source).policy.unwrap();
            let route = &policy.routes[0];
            let (number, backoff) = waits(route);
            let asked = Some(route.retry.honor_retry_after);
            for failure in [
                Failure::Status { status: 500, retry_after: None },
                Failure::Status { status: 429, retry_after: asked },
                Failure::Status { status: 408, retry_after: asked },
                Failure::Timeout,
                Failure::Reset,
            ] {
                let made = Sequence::of(&route.retry, targets, failure).attempts;
                let waited: Duration = made.iter().filter_map(|attempt| attempt.backoff).sum();
                let honored = made.iter().filter(|attempt| attempt.retry_after.is_some()).count();
                assert!(waited <= backoff && honored <= number as usize, "{attempts} {targets} {failure:?}");
            }
        }
    }

    #[test]
    fn cost_is_rounded_up() {
        assert_eq!(cost(32_000, 2_000_000), 64_000);
        assert_eq!(cost(1, 1), 100);
        assert_eq!(cost(0, 5), 0);
        assert_eq!(cost(u64::MAX, u64::MAX), u64::MAX);
    }
}
