//! What limits have counted, held against what providers say and what came of their answers.

use std::time::Duration;

use seawall_core::Timestamp;
use serde_json::Value;

use super::spending::{
    CALLS, Line, MINE, PRICES, Plan, QUEUE, SPEND, Sent, Spree, TARGET_RATE, TENANT_RATE, TENANTS, THERE,
    WORDS, body,
};
use crate::world::{Attempt, Fate, Request};

/// Most tokens that the prompt, and the content, of an answer are taken for of which nobody has said what was used.
const UNSAID: (u64, u64) = (100, 60);

/// So long a settlement may wait to be written: with a worker that dies it is lost.
const UNWRITTEN: Duration = Duration::from_millis(50);

/// At least so much, and at most.
#[derive(Clone, Copy, Debug, Default)]
struct Between(u64, u64);

impl std::iter::Sum for Between {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self(sum.0 + one.0, sum.1 + one.1))
    }
}

/// Output tokens, and micro-dollars, that an attempt of this request is to be charged with. What was under way when its worker
/// died is charged to nobody.
fn charge(request: &Request, attempt: &Attempt) -> (Between, Between) {
    let (tokens, money) = of_answer(attempt);
    let is_lost = request.is_trapped && attempt.outcome.is_none();
    if is_lost { (Between(0, tokens.1), Between(0, money.1)) } else { (tokens, money) }
}

/// The same, by what has come of its answer.
fn of_answer(attempt: &Attempt) -> (Between, Between) {
    let (_, input_price, output_price) =
        PRICES.into_iter().find(|(name, ..)| *name == attempt.target).unwrap();
    let cost = |(input, output): (u64, u64)| input * input_price + output * output_price;
    let is_success =
        matches!(attempt.fate, Fate::Status(200) | Fate::Slow(_) | Fate::Spent(..) | Fate::Lie(_));
    match attempt.usage.filter(|_| attempt.is_usage_seen) {
        Some(used) if attempt.is_whole => (Between(used.1, used.1), Between(cost(used), cost(used))),
        _ if !is_success => Default::default(),
        // Perhaps all that tells it, but not all of the answer. Each event of a stream is a token at least, and so is a prompt of
        // which something came.
        seen => {
            let most = seen.map_or(UNSAID, |(input, output)| (input.max(UNSAID.0), output.max(UNSAID.1)));
            let least = attempt.contents_seen;
            (Between(least, most.1), Between(cost((least.min(1), least)), cost(most)))
        }
    }
}

/// Every request is charged what its providers say was used, at the prices of the targets that it went to, and once: also with
/// retries, failovers, hedges, clients that leave, and configurations that change. One that was refused is charged nothing.
pub(super) fn every_request_is_charged_what_it_used(spree: &mut Spree) {
    let asked: Vec<_> =
        spree.sent.iter().enumerate().map(|(n, sent)| (n.to_string(), sent.id, sent.tenant)).collect();
    for (talk, id, tenant) in asked {
        let told = told_of(spree, &talk, tenant);
        assert_eq!(told, told_of(spree, &talk, tenant), "a refusal has changed what it tells of");
        let request = &spree.world.requests[&id];
        assert!(
            request.attempts.iter().all(|attempt| attempt.usage.is_some()),
            "nobody asks for it: {request:?}"
        );
        let Between(least, most) = request.attempts.iter().map(|attempt| charge(request, attempt).1).sum();
        assert!((least..=most).contains(&told), "{told} micro-dollars, not {least} to {most}: {request:?}");
    }
}

/// What a conversation has used, as it is told when it is over.
fn told_of(spree: &mut Spree, talk: &str, tenant: usize) -> u64 {
    let headers = [("x-tenant", TENANTS[tenant]), ("x-talk", talk)];
    let body = body("gpt-4.1", false, Some(2_000_000_000));
    let id = spree.world.send_to(0, "/v1/chat/completions", &headers, body);
    let got = spree.world.got(id);
    let said: Value = serde_json::from_str(&got.body).unwrap();
    let message = said["error"]["message"].as_str().unwrap();
    let used = message.split_once("has used $").and_then(|(_, rest)| rest.split_once(" of ")).unwrap().0;
    let (whole, part) = used.split_once('.').unwrap_or((used, ""));
    whole.parse::<u64>().unwrap() * 1_000_000 + format!("{part:0<6}").parse::<u64>().unwrap()
}

/// Tenants' limits hold what their requests have used, and nothing else: nothing is reserved any more.
pub(super) fn tenants_are_charged_what_they_used(spree: &mut Spree) {
    for (tenant, name) in TENANTS.into_iter().enumerate() {
        let of = |spree: &Spree, what: fn(&Request, &Spree) -> Between| -> Between {
            let own = spree.sent.iter().filter(|sent| sent.tenant == tenant);
            own.map(|sent| what(&spree.world.requests[&sent.id], spree)).sum()
        };
        let Between(least, most) = of(spree, money);
        if most >= SPEND {
            continue;
        }
        let has_room = |spree: &mut Spree, micro: u64| {
            let headers = [("x-tenant", name)];
            let id = spree.world.send_to(1, "/spend", &headers, body("gpt-4.1", false, Some(micro)));
            spree.world.run_for(Duration::from_secs(1));
            match spree.world.got(id).status {
                400 => true,
                429 => false,
                other => panic!("{other}"),
            }
        };
        assert!(has_room(spree, SPEND - most), "{name}: more than {most} micro-dollars");
        assert!(!has_room(spree, SPEND - least + 1), "{name}: less than {least} micro-dollars");

        let Between(least, most) = of(spree, words);
        let headers = [("x-tenant", name)];
        let id = spree.world.send_to(0, "/words", &headers, body("gpt-4.1", false, Some(2 * WORDS)));
        spree.world.run_for(Duration::from_secs(1));
        let left: u64 = spree.world.got(id).headers["x-ratelimit-remaining-tokens"].parse().unwrap();
        // Some of it is paid back.
        let begun = spree.world.requests.values().map(|request| request.arrived).min().unwrap();
        let paid = (spree.world.now.since(begun).as_secs() + 1) * WORDS / 86_400 + 1;
        let used = (WORDS * 10).saturating_sub(left);
        let least = least.min(WORDS * 10).saturating_sub(paid);
        assert!((least..=most + 1).contains(&used), "{name}: {used} tokens, not {least} to {most}");
    }
}

/// What is charged for each attempt.
fn money(request: &Request, spree: &Spree) -> Between {
    let charge = |attempt: &Attempt| {
        let Between(least, most) = charge(request, attempt).1;
        Between(if may_be_unwritten(attempt.ended, spree) { 0 } else { least }, most)
    };
    request.attempts.iter().map(charge).sum()
}

/// What is charged at the end of a request.
fn words(request: &Request, spree: &Spree) -> Between {
    let Between(least, most) = request.attempts.iter().map(|attempt| charge(request, attempt).0).sum();
    let ends = request.attempts.iter().map(|attempt| attempt.ended).max().unwrap_or_default();
    let done = request.answers.first().and_then(|got| got.done).unwrap_or_default();
    let may_miss = request.is_trapped || may_be_unwritten(ends.max(done), spree);
    Between(if may_miss { 0 } else { least }, most)
}

/// Whether a settlement of this moment, or of one that nobody saw, may have been lost with its worker.
fn may_be_unwritten(settled: Timestamp, spree: &Spree) -> bool {
    let is_soon = |trap: &Timestamp| *trap >= settled && trap.since(settled) <= UNWRITTEN;
    spree.traps.iter().any(|trap| is_soon(trap) || settled == Timestamp(u64::MAX))
}

/// All places are free: so many at once get through, and no more.
pub(super) fn every_place_is_given_back(plan: &Plan, spree: &mut Spree) {
    plan.hang();
    let mut all = |path: &str, tenant: &str, places: usize| {
        let headers = [("x-tenant", tenant)];
        let mut send = |_| spree.world.send_to(0, path, &headers, body("gpt-4.1", false, Some(1)));
        let sent: Vec<_> = (0..places + 2).map(&mut send).collect();
        let admitted = sent.iter().filter(|id| !spree.world.requests[id].attempts.is_empty()).count();
        assert_eq!(admitted, places, "{path} of {tenant}");
        spree.world.run_for(Duration::from_secs(5));
    };
    all("/calls", "t0", CALLS);
    TENANTS.iter().for_each(|tenant| all("/mine", tenant, MINE));
    PRICES.iter().for_each(|(target, ..)| all(&["/at_", target].concat(), "t0", THERE));
}

/// Over any window no tenant, and no target, gets more than its rate and its burst.
pub(super) fn no_window_sees_more_than_a_rate(spree: &Spree) {
    let requests = || spree.sent.iter().map(|sent| (sent, &spree.world.requests[&sent.id]));
    for (tenant, name) in TENANTS.iter().enumerate() {
        let used = |(sent, request): (&Sent, &Request)| {
            let used = request.attempts.iter().map(|attempt| charge(request, attempt).0.0).sum::<u64>();
            // What retries use beyond it is charged when it is known.
            Some((request.attempts.first()?.begun, used.min(sent.most?)))
        };
        let own = requests().filter(|(sent, _)| sent.tenant == tenant);
        holds(name, own.filter_map(used).collect(), TENANT_RATE);
    }
    for (target, ..) in PRICES {
        let mut charges = Vec::new();
        for (_, request) in requests() {
            let here = request.attempts.iter().filter(|attempt| attempt.target == target);
            charges.extend(here.map(|attempt| (attempt.begun, charge(request, attempt).0.0)));
        }
        holds(target, charges, TARGET_RATE);
    }
}

fn holds(who: &str, mut charges: Vec<(Timestamp, u64)>, (rate, burst): (u64, u64)) {
    charges.sort_unstable();
    for (first, (from, _)) in charges.iter().enumerate() {
        let mut sum = 0;
        for (to, used) in &charges[first..] {
            sum += used;
            let most = burst + to.0.saturating_sub(from.0) * rate / 1_000_000_000;
            assert!(sum <= most + 1, "{who}: {sum} tokens from {from:?} to {to:?}, not {most}");
        }
    }
}

/// No more are under way than there are places, of all, of a tenant and at a target; and no more wait than there are seats.
pub(super) fn nobody_is_one_too_many(plan: &Plan, spree: &Spree) {
    let requests = || spree.sent.iter().map(|sent| (sent.tenant, &spree.world.requests[&sent.id]));
    let under_way = |(_, request): &(usize, &Request)| {
        Some((request.attempts.first()?.begun, request.answers.first()?.done?))
    };
    at_most(CALLS, "requests", requests().filter_map(|one| under_way(&one)).collect());
    for (tenant, name) in TENANTS.into_iter().enumerate() {
        let own = requests().filter(|(of, _)| *of == tenant);
        at_most(MINE, name, own.filter_map(|one| under_way(&one)).collect());
    }
    for (target, ..) in PRICES {
        let attempts = requests().flat_map(|(_, request)| &request.attempts);
        let here =
            attempts.filter(|attempt| attempt.target == target && attempt.ended != Timestamp(u64::MAX));
        at_most(THERE, target, here.map(|attempt| (attempt.begun, attempt.ended)).collect());
    }
    let waited = |(_, request): (usize, &Request)| {
        let begun = request.attempts.first().map(|attempt| attempt.begun);
        let until = begun.or_else(|| request.answers.first()?.done)?;
        (until > request.complete).then_some((request.complete, until))
    };
    match plan.narrow {
        Some(Line::OfAll) => at_most(QUEUE, "who wait", requests().filter_map(waited).collect()),
        Some(Line::OfTenants | Line::OfTokens) => {
            for tenant in 0..TENANTS.len() {
                let own = requests().filter(|(of, _)| *of == tenant);
                at_most(QUEUE, "who wait", own.filter_map(waited).collect());
            }
        }
        _ => assert_eq!(requests().filter_map(waited).count(), 0, "nobody lets wait"),
    }
}

fn at_most(most: usize, what: &str, all: Vec<(Timestamp, Timestamp)>) {
    for (begun, _) in &all {
        let at_once: Vec<_> = all.iter().filter(|(from, to)| from <= begun && begun < to).collect();
        assert!(at_once.len() <= most, "{what}, {} and not {most} at once: {at_once:?}", at_once.len());
    }
}
