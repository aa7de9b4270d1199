//! Limits that a rate limit service counts.

use std::time::Duration;

use proptest::prelude::*;
use seawall_policy::policy::TargetId;

use super::{FIRST, One, SECOND, money, tokens};
use crate::effect::Text;
use crate::event::ExchangeId;
use crate::limits::admit::{News, Ticket};
use crate::limits::book::Stage;
use crate::limits::fleet::Heard;
use crate::limits::rule::Use;
use crate::limits::wait::Answer;
use crate::telemetry::ServiceFault;
use crate::time::Timestamp;

const NOW: u64 = 1_700_000_000 * SECOND;
const OK: Result<&[u8], u32> = Ok(b"\x08\x01");
const UNKNOWN: Result<&[u8], u32> = Ok(b"\x08\x00");
/// OVER_LIMIT, for two seconds.
const OVER: Result<&[u8], u32> = Ok(b"\x08\x02\x12\x06\x08\x02\x22\x02\x08\x02");
const TIMEOUT: Result<&[u8], u32> = Err(4);

/// Questions, and how many hits they ask for.
type Asked = Vec<(u32, u64)>;

impl One {
    /// The numbers and hits of what is to be asked.
    fn questions(&mut self) -> Asked {
        let hits = |message: &[u8]| {
            // The domain, and a descriptor of less than 128 bytes.
            let descriptor = usize::from(message[10]);
            let bytes = message[12 + descriptor..].iter().enumerate();
            bytes.fold(0, |sum, (n, byte)| sum | u64::from(byte & 0x7f) << (7 * n))
        };
        self.limits.take_questions().iter().map(|asked| (asked.number, hits(&asked.message))).collect()
    }

    fn put(&mut self, nanos: u64, ticket: &mut Ticket, stage: Stage, by: u32) -> (usize, Asked) {
        let ask = self.fixture.ask(7, stage, Use::default());
        let waits = self.limits.ask_services(Timestamp(nanos), &ask, (ticket, "acme"), Some(ExchangeId(by)));
        (waits, self.questions())
    }

    fn hear(&mut self, nanos: u64, number: u32, answer: Result<&[u8], u32>) -> Heard {
        self.limits.service_answered(Timestamp(nanos), &self.fixture.book, number, answer)
    }

    /// Admits, and lets the service grant it.
    fn granted(&mut self, nanos: u64, of: Use) -> (Ticket, u64) {
        let mut ticket = self.admit(nanos, of).unwrap();
        let (waits, asked) = self.put(nanos, &mut ticket, FIRST, 1);
        assert_eq!(waits, asked.len());
        for (number, _) in &asked {
            let heard = self.hear(nanos, *number, OK);
            let (id, spot) = heard.by.unwrap();
            assert_eq!(id, ExchangeId(1));
            ticket.grant(spot.unwrap());
        }
        (ticket, asked.iter().map(|(_, hits)| hits).sum())
    }
}

impl One {
    /// So many requests of nothing, each of which gets this answer. What is news of the last.
    fn faults(
        &mut self,
        nanos: u64,
        times: u32,
        answer: Result<&[u8], u32>,
    ) -> Option<(Text, Option<ServiceFault>)> {
        let mut change = None;
        for id in 0..times {
            let mut ticket = self.admit(nanos, tokens(1)).unwrap();
            let (_, asked) = self.put(nanos, &mut ticket, FIRST, 1_000 + id);
            assert_eq!(asked.len(), 1, "it is still asked");
            change = self.hear(nanos, asked[0].0, answer).change;
            self.settle(nanos, ticket, Use::default());
        }
        change
    }
}

const TPM: &str =
    "limit tpm per tenant { 600 input tokens/min  burst 100%  via rate_limit_service \"fleet\" }\n";

#[test]
fn the_service_is_told_the_limit_whose_use_it_is_and_the_policys_amount() {
    let mut one = One::new(TPM);
    let mut ticket = one.admit(NOW, tokens(90)).unwrap();
    assert!(ticket.asks_services());
    let ask = one.fixture.ask(7, FIRST, Use::default());
    let by = Some(ExchangeId(3));
    assert_eq!(one.limits.ask_services(Timestamp(NOW), &ask, (&mut ticket, "acme"), by), 1);
    let questions = one.limits.take_questions();
    let expected: &[u8] = b"\x0a\x07seawall\x12\x25\x0a\x0c\x0a\x05limit\x12\x03tpm\x0a\x0e\x0a\x06tenant\x12\x04acme\x12\x05\x08\xd8\x04\x10\x02\x18\x5a";
    assert_eq!((&*questions[0].cluster, questions[0].message.as_slice()), ("fleet", expected));
    assert!(!ticket.asks_services(), "once");
    one.settle(NOW, ticket, Use::default());
}

#[test]
fn the_service_decides_and_not_the_local_count() {
    let mut one = One::new(TPM);
    let tickets: Vec<_> = (0..10).map(|_| one.granted(NOW, tokens(500))).collect();
    assert!(
        tickets.iter().all(|(_, hits)| *hits == 500),
        "ten times what the local count would admit at once"
    );
    for (ticket, _) in tickets {
        one.settle(NOW, ticket, tokens(500));
    }
    assert_eq!(one.questions(), [], "all was reserved");
}

#[test]
fn what_the_service_refuses_is_not_asked_for_again_until_it_may_fit() {
    let mut one = One::new(TPM);
    let mut ticket = one.admit(NOW, tokens(50)).unwrap();
    let (_, asked) = one.put(NOW, &mut ticket, FIRST, 1);
    let heard = one.hear(NOW, asked[0].0, OVER);
    assert_eq!(heard, Heard { by: Some((ExchangeId(1), None)), change: None });
    one.settle(NOW, ticket, Use::default());
    let refusal = one.admit(NOW, tokens(50)).unwrap_err();
    assert_eq!((refusal.wait, refusal.is_exact), (Some(Duration::from_secs(2)), true));
    assert!(one.admit(NOW + SECOND, tokens(60)).is_err());
    let (ticket, hits) = one.granted(NOW + SECOND, tokens(49));
    assert_eq!(hits, 49, "what is smaller may fit");
    one.settle(NOW, ticket, tokens(49));
    assert!(one.admit(NOW + 2 * SECOND, tokens(50)).is_ok());
}

#[test]
fn what_a_request_did_not_use_the_next_need_not_ask_for_within_a_period() {
    let mut one = One::new(TPM);
    let (first, _) = one.granted(NOW, tokens(100));
    one.settle(NOW, first, tokens(30));
    let (second, hits) = one.granted(NOW + SECOND, tokens(50));
    assert_eq!(hits, 0, "70 are left of the first reservation");
    let (third, hits) = one.granted(NOW + SECOND, tokens(50));
    assert_eq!(hits, 30);
    one.settle(NOW + SECOND, second, tokens(50));
    one.settle(NOW + SECOND, third, Use::default());
    let (fourth, hits) = one.granted(NOW + 62 * SECOND, tokens(10));
    assert_eq!(hits, 10, "it is forgotten");
    one.settle(NOW + 62 * SECOND, fourth, tokens(10));
}

#[test]
fn what_is_used_beyond_a_reservation_is_charged_and_owed_where_that_is_refused() {
    let mut one = One::new(TPM);
    let (ticket, _) = one.granted(NOW, tokens(10));
    one.settle(NOW, ticket, tokens(25));
    let asked = one.questions();
    assert_eq!(asked.iter().map(|(_, hits)| *hits).collect::<Vec<_>>(), [15]);
    assert_eq!(one.hear(NOW, asked[0].0, OVER), Heard::default(), "nobody waits for it");
    let (ticket, hits) = one.granted(NOW + SECOND, tokens(10));
    assert_eq!(hits, 25);
    one.settle(NOW + SECOND, ticket, tokens(10));
    assert_eq!(one.questions(), []);
}

#[test]
fn a_service_that_is_away_leaves_the_decision_here_and_is_asked_again_later_by_one() {
    let mut one = One::new(TPM);
    assert_eq!(one.faults(NOW, 3, TIMEOUT), Some(("fleet".into(), Some(ServiceFault::Timeout))));

    let mut ticket = one.admit(NOW, tokens(500)).unwrap();
    assert!(matches!(one.news[..], [News::Local(_)]) && !ticket.asks_services());
    assert_eq!(one.put(NOW, &mut ticket, FIRST, 1), (0, Vec::new()));
    assert!(one.admit(NOW, tokens(500)).is_err(), "by the local count");
    one.settle(NOW, ticket, tokens(500));
    assert_eq!(one.questions(), [], "what was not reserved there is not settled there");

    // After a second one request finds out, and others don't wait for that.
    let then = NOW + SECOND;
    let mut probe = one.admit(then, tokens(500)).unwrap();
    let (waits, asked) = one.put(then, &mut probe, FIRST, 2);
    assert_eq!((waits, asked.len()), (1, 1));
    assert!(one.admit(then, tokens(500)).is_err());
    let heard = one.hear(then, asked[0].0, UNKNOWN);
    assert_eq!(heard, Heard { by: Some((ExchangeId(2), None)), change: None }, "it is away still");
    one.settle(then, probe, Use::default());

    let then = NOW + 2 * SECOND;
    let mut probe = one.admit(then, tokens(500)).unwrap();
    let (_, asked) = one.put(then, &mut probe, FIRST, 3);
    assert_eq!(one.hear(then, asked[0].0, OK).change, Some(("fleet".into(), None)), "it is back");
    assert!(one.admit(then, tokens(500)).unwrap().asks_services());
}

#[test]
fn one_bad_answer_concerns_one_request_and_is_forgotten_with_the_next_good_one() {
    let mut one = One::new(TPM);
    for _ in 0..10 {
        assert_eq!(one.faults(NOW, 2, TIMEOUT), None);
        let (ticket, hits) = one.granted(NOW, tokens(1));
        assert_eq!(hits, 1, "it is asked as before");
        one.settle(NOW, ticket, tokens(1));
    }
    // Who has had it isn't asked for again, until it is over.
    let mut ticket = one.admit(NOW, tokens(5)).unwrap();
    let (_, asked) = one.put(NOW, &mut ticket, FIRST, 0);
    assert_eq!(one.hear(NOW, asked[0].0, UNKNOWN), Heard { by: Some((ExchangeId(0), None)), change: None });
    one.settle(NOW, ticket, Use::default());
    one.news.clear();
    let again = one.admit(NOW, tokens(5)).unwrap();
    assert!(!again.asks_services() && matches!(one.news[..], [News::Local(_)]));
    one.settle(NOW, again, tokens(5));
    one.limits.forget(ExchangeId(0));
    assert!(one.admit(NOW, tokens(5)).unwrap().asks_services());
}

/// How many of so many who wait are asked for at once, from the moment that their limit opens until all have passed, where the
/// service answers each round.
fn rounds(waiting: u32) -> Vec<usize> {
    let mut one = One::new(
        "limit rpm global { 1000 requests/min  burst 100%  queue 1000  wait up to 60s  via rate_limit_service \"a\" }",
    );
    let (mut ticket, then) = (one.admit(NOW, tokens(1)).unwrap(), NOW + 2 * SECOND);
    let (_, asked) = one.put(NOW, &mut ticket, FIRST, 0);
    one.hear(NOW, asked[0].0, OVER);
    one.settle(NOW, ticket, Use::default());
    let ask = |one: &mut One, at: u64, id: u32| {
        let ask = one.fixture.ask(7, FIRST, tokens(1));
        one.limits.ask(&mut one.store, Timestamp(at), (ExchangeId(id), None), &ask, &mut one.news)
    };
    let mut left: Vec<u32> = (1..=waiting).collect();
    for id in &left {
        assert!(matches!(ask(&mut one, NOW + SECOND, *id), Answer::Waits { .. }));
    }
    let mut rounds = Vec::new();
    while !left.is_empty() {
        let mut asked = Vec::new();
        left.retain(|id| {
            let Answer::Admitted(mut ticket) = ask(&mut one, then, *id) else { return true };
            asked.extend(one.put(then, &mut ticket, FIRST, *id).1);
            one.settle(then, ticket, Use::default());
            false
        });
        rounds.push(asked.len());
        for (number, _) in asked {
            one.hear(then, number, OK);
        }
        assert!(rounds.len() < 100, "{rounds:?}");
    }
    rounds
}

#[test]
fn those_who_have_waited_do_not_all_ask_at_once_when_their_limit_opens() {
    assert_eq!(rounds(1), [1]);
    assert_eq!(rounds(20), [1, 2, 4, 8, 5]);
    assert_eq!(rounds(200), [1, 2, 4, 8, 16, 32, 137], "after so many it is open");
}

#[test]
fn a_question_that_is_never_answered_keeps_nobody_waiting() {
    let mut one =
        One::new("limit rpm global { 9 requests/min  wait up to 60s  via rate_limit_service \"a\" }");
    let mut refused = one.admit(NOW, tokens(1)).unwrap();
    let (_, asked) = one.put(NOW, &mut refused, FIRST, 0);
    one.hear(NOW, asked[0].0, OVER);
    one.settle(NOW, refused, Use::default());
    let then = NOW + 2 * SECOND;
    let mut first = one.admit(then, tokens(1)).unwrap();
    assert_eq!(one.put(then, &mut first, FIRST, 1).1.len(), 1);
    assert!(one.admit(then + SECOND / 10, tokens(1)).is_err(), "one is enough to find out");
    assert!(one.admit(then + SECOND / 5, tokens(1)).is_ok());
}

#[test]
fn what_is_granted_to_a_request_that_has_gone_is_a_credit_and_silence_is_a_fault() {
    let mut one = One::new(TPM);
    let mut ticket = one.admit(NOW, tokens(40)).unwrap();
    let (_, asked) = one.put(NOW, &mut ticket, FIRST, 1);
    let gone = one.limits.give_up_asking(Timestamp(NOW), &one.fixture.book, ExchangeId(1), false);
    assert!(gone.is_empty());
    one.settle(NOW, ticket, Use::default());
    assert_eq!(one.hear(NOW, asked[0].0, OK), Heard::default());
    let (ticket, hits) = one.granted(NOW, tokens(50));
    assert_eq!(hits, 10);
    one.settle(NOW, ticket, tokens(50));

    for (id, expected) in [(5, None), (6, None), (7, Some("fleet".into()))] {
        let mut ticket = one.admit(NOW, tokens(40)).unwrap();
        one.put(NOW, &mut ticket, FIRST, id);
        let away = one.limits.give_up_asking(Timestamp(NOW), &one.fixture.book, ExchangeId(id), true);
        assert_eq!(away, expected.into_iter().collect::<Vec<Text>>());
        one.settle(NOW, ticket, Use::default());
    }
    assert!(!one.admit(NOW, tokens(1)).unwrap().asks_services());
}

#[test]
fn money_is_asked_for_in_micro_dollars_at_each_attempt() {
    let mut one = One::new("limit spend per target { $2/day  via rate_limit_service \"fleet\" }\n");
    let stage = Stage::Attempt(TargetId(1));
    let mut ticket = one.try_at(NOW, 7, stage, money(500)).unwrap();
    let (_, asked) = one.put(NOW, &mut ticket, stage, 1);
    assert_eq!(asked.iter().map(|(_, hits)| *hits).collect::<Vec<_>>(), [500]);
}

#[test]
fn several_limits_are_asked_about_each_by_itself_and_local_ones_first() {
    let mut one = One::new(
        "limit own global { 1 requests/min  burst 100% }\n\
         limit rpm global { 100 requests/min  via rate_limit_service \"a\" }\n\
         limit tpm global { 600 input tokens/min  via rate_limit_service \"b\" }\n",
    );
    let (ticket, hits) = one.granted(NOW, tokens(20));
    assert_eq!(hits, 1 + 20);
    assert!(one.admit(NOW, tokens(20)).is_err(), "`own` refuses, and nothing is asked");
    assert_eq!(one.questions(), []);
    one.settle(NOW, ticket, tokens(20));
}

#[test]
fn a_limit_that_only_observes_refuses_nothing_of_what_its_service_does() {
    let mut one =
        One::new("limit tpm global { 600 input tokens/min  observe  via rate_limit_service \"a\" }\n");
    let mut ticket = one.admit(NOW, tokens(20)).unwrap();
    let (_, asked) = one.put(NOW, &mut ticket, FIRST, 1);
    one.hear(NOW, asked[0].0, OVER);
    one.settle(NOW, ticket, Use::default());
    let ticket = one.admit(NOW, tokens(20)).unwrap();
    assert!(!ticket.asks_services() && matches!(one.news[..], [News::WouldRefuse(_)]));
    one.settle(NOW, ticket, tokens(20));
}

#[test]
fn who_waits_for_a_fleets_limit_waits_as_long_as_the_service_says_and_no_longer_than_it_may() {
    let mut one =
        One::new("limit tpm global { 600 input tokens/min  wait up to 3s  via rate_limit_service \"a\" }\n");
    let refuse = |one: &mut One, at: u64, id: u32| {
        let mut ask = one.fixture.ask(7, FIRST, tokens(20));
        ask.since = Some(Timestamp(NOW));
        let who = (ExchangeId(id), None);
        let answer = one.limits.ask(&mut one.store, Timestamp(at), who, &ask, &mut one.news);
        let Answer::Admitted(mut ticket) = answer else { return answer };
        let (_, asked) = one.put(at, &mut ticket, FIRST, id);
        one.hear(at, asked[0].0, OVER);
        one.settle(at, ticket, Use::default());
        let mut ask = one.fixture.ask(7, FIRST, tokens(20));
        ask.since = Some(Timestamp(NOW));
        one.limits.ask(&mut one.store, Timestamp(at), who, &ask, &mut one.news)
    };
    assert!(matches!(refuse(&mut one, NOW, 1), Answer::Waits { .. }));
    let answer = refuse(&mut one, NOW + 2 * SECOND, 1);
    let Answer::Refused(refusal) = answer else { panic!("{answer:?}") };
    assert_eq!(
        refusal.wait,
        Some(Duration::from_secs(2)),
        "it would have to wait until four seconds are over"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A service that counts nothing it refuses, several proxies, answers that come late or never, requests that use less or
    /// more than they reserve, or are gone.
    #[test]
    fn what_is_used_is_counted_by_the_service_or_owed(
        requests in prop::collection::vec((0_usize..3, 1_u64..100, 0_u64..150, 0_u8..10), 1..60),
    ) {
        let mut proxies: Vec<One> = (0..3).map(|_| One::new(TPM)).collect();
        let (mut counted, mut used) = (0_i64, 0_i64);
        let most = 2_000;
        for (proxy, estimate, actual, fate) in requests {
            let one = &mut proxies[proxy];
            let Ok(mut ticket) = one.admit(NOW, tokens(estimate)) else { continue };
            let (_, asked) = one.put(NOW, &mut ticket, FIRST, 1);
            let mut is_granted = true;
            for (number, hits) in asked {
                let fits = counted + hits as i64 <= most;
                if fate == 0 {
                    // Its client leaves while the service is asked.
                    one.limits.give_up_asking(Timestamp(NOW), &one.fixture.book, ExchangeId(1), false);
                    is_granted = false;
                }
                if fits {
                    counted += hits as i64;
                }
                let heard = one.hear(NOW, number, if fits { OK } else { OVER });
                match heard.by {
                    Some((_, Some(spot))) => ticket.grant(spot),
                    _ => is_granted = false,
                }
            }
            let actual = if is_granted { actual } else { 0 };
            used += actual as i64;
            one.settle(NOW, ticket, tokens(actual));
            for (number, hits) in one.questions() {
                let fits = counted + hits as i64 <= most;
                if fits {
                    counted += hits as i64;
                }
                one.hear(NOW, number, if fits { OK } else { OVER });
            }
            prop_assert!(counted <= most);
        }
        let owed: i64 = proxies.iter().map(|one| one.limits.owed_to_services()).sum();
        prop_assert_eq!(used, counted + owed);
    }
}

/// When the first request of 100 tokens passes after a debt of 1,500, with a service that counts 600 in each minute, of which 500
/// are used, and counts nothing of what it refuses; how it says that.
fn first_after_a_debt(over: impl Fn(u64) -> Vec<u8>) -> Option<u64> {
    let mut one = One::new(TPM);
    let (ticket, mut counted) = one.granted(NOW, tokens(500));
    one.settle(NOW, ticket, tokens(2_000));
    let asked = one.questions();
    assert_eq!(asked[0].1, 600, "never more than the limit's amount");
    one.hear(NOW, asked[0].0, Ok(&over(60)));
    for second in 1..600_u64 {
        if second % 60 == 0 {
            counted = 0;
        }
        let now = NOW + second * SECOND;
        let Ok(mut ticket) = one.admit(now, tokens(100)) else { continue };
        let (_, asked) = one.put(now, &mut ticket, FIRST, 1);
        for (number, hits) in asked {
            if counted + hits <= 600 {
                return Some(second);
            }
            one.hear(now, number, Ok(&over(60 - second % 60)));
        }
        one.settle(now, ticket, Use::default());
    }
    None
}

#[test]
fn a_debt_is_forgotten_after_a_period_whether_or_not_its_service_tells_its_window() {
    assert_eq!(first_after_a_debt(|_| vec![8, 2]), Some(60));
    assert_eq!(first_after_a_debt(|left| vec![8, 2, 18, 6, 8, 2, 34, 2, 8, left as u8]), Some(60));
}

#[test]
fn what_is_refused_is_known_with_as_many_keys_as_a_worker_keeps() {
    let mut one = One::new(TPM);
    for tenant in 0..4_096_u64 {
        let ask = one.fixture.ask(1_000 + tenant, FIRST, tokens(50));
        let mut news = Vec::new();
        let mut ticket = one.limits.admit(&mut one.store, Timestamp(NOW), &ask, &mut news).unwrap();
        one.limits.ask_services(Timestamp(NOW), &ask, (&mut ticket, "x"), Some(ExchangeId(1)));
        for (number, _) in one.questions() {
            let heard = one.hear(NOW, number, OK);
            ticket.grant(heard.by.unwrap().1.unwrap());
        }
        one.settle(NOW, ticket, tokens(10));
    }
    let mut times = 0;
    while let Ok(mut ticket) = one.admit(NOW, tokens(50)) {
        let (_, asked) = one.put(NOW, &mut ticket, FIRST, 1);
        one.hear(NOW, asked[0].0, OVER);
        one.settle(NOW, ticket, Use::default());
        times += 1;
        assert!(times < 100, "asked again and again");
    }
}

#[test]
fn a_credit_is_forgotten_after_a_period_though_traffic_goes_on() {
    let mut one = One::new(TPM);
    let all: Vec<_> = (0..5).map(|_| one.granted(NOW, tokens(100)).0).collect();
    for ticket in all {
        one.settle(NOW, ticket, tokens(0));
    }
    let mut asked = 0;
    for n in 1..40_u64 {
        let now = NOW + n * 30 * SECOND;
        let (ticket, hits) = one.granted(now, tokens(100));
        asked += hits;
        one.settle(now, ticket, tokens(10));
    }
    assert!(asked > 0, "twenty minutes on a credit of the first");
}

#[test]
fn a_credit_pays_though_the_service_has_refused() {
    let mut one = One::new(TPM);
    let (ticket, _) = one.granted(NOW, tokens(500));
    let mut refused = one.admit(NOW, tokens(200)).unwrap();
    let (_, asked) = one.put(NOW, &mut refused, FIRST, 1);
    one.hear(NOW, asked[0].0, Ok(b"\x08\x02\x12\x06\x08\x02\x22\x02\x08\x3c"));
    one.settle(NOW, refused, Use::default());
    one.settle(NOW, ticket, tokens(10));
    assert_eq!(one.limits.owed_to_services(), -490);
    assert!(one.admit(NOW + SECOND, tokens(200)).is_ok(), "490 are paid for and nobody may use them");
}
