//! What a conversation may come to, over several workers.

use proptest::prelude::*;
use seawall_policy::policy::TargetId;

use super::*;
use crate::limits::book::Book;
use crate::limits::cell::{SETS, WAYS};

const HOUR: u64 = 3_600 * SECOND;
const START: u64 = 1_700_000_000 * SECOND;
const ATTEMPT: Stage = Stage::Attempt(TargetId(0));

struct Talks {
    policy: Policy,
    book: Book,
    store: MemoryStore,
    workers: Vec<Limits>,
    news: Vec<News>,
}

impl Talks {
    fn new(contract: &str, workers: u64) -> Self {
        let policy = policy(&format!(
            "seawall 1\n\
             target a {{ cluster \"a\"  provider openai  price $1 in, $1 out per 1M tokens }}\n\
             route r {{ match path \"/\"  try a  contract {{ conversation <= {contract} by header \"x-c\" warn 80% }} }}"
        ));
        let book = Book::new(&policy);
        let workers = (1..=workers).map(Limits::new).collect();
        Self { policy, book, store: MemoryStore::default(), workers, news: Vec::new() }
    }

    fn ask(
        &mut self,
        worker: usize,
        at: u64,
        talk: u64,
        (stage, of): (Stage, Use),
    ) -> Result<Ticket, Refusal> {
        let who = Who { tenant: 7, tier: None, route: 0, conversation: Some(talk) };
        let ask = Ask {
            policy: &self.policy,
            book: &self.book,
            limits: &[],
            who,
            stage,
            estimate: of,
            since: None,
            id: ExchangeId(0),
        };
        self.workers[worker].admit(&mut self.store, Timestamp(at), &ask, &mut self.news)
    }

    fn pay(&mut self, at: u64, talk: u64, micro_dollars: u64) -> Result<Ticket, Refusal> {
        self.ask(0, at, talk, (ATTEMPT, money(micro_dollars)))
    }

    fn settle(&mut self, worker: usize, at: u64, ticket: Ticket, used: Use) {
        self.workers[worker].settle(&mut self.store, Timestamp(at), &self.book, ticket, used);
    }

    fn spend(&mut self, at: u64, talk: u64, micro_dollars: u64) {
        let ticket = self.pay(at, talk, micro_dollars).unwrap();
        self.settle(0, at, ticket, money(micro_dollars));
    }
}

#[test]
fn an_amount_that_is_left_out_of_a_policy_keeps_no_row_from_new_conversations() {
    let mut talks = Talks::new("$5, 3 requests", 1);
    let of_cell = |n: u64| 5 + n * SETS;
    for n in 0..WAYS as u64 {
        let request = talks.ask(0, START, of_cell(n), (FIRST, tokens(1))).unwrap();
        talks.settle(0, START, request, tokens(1));
        talks.spend(START, of_cell(n), 1_000_000);
    }
    let mut next = Talks { store: talks.store, ..Talks::new("$5", 1) };
    for n in 100..104 {
        next.spend(START + 60 * SECOND, of_cell(n), 3_000_000);
    }
}

#[test]
fn a_conversation_that_has_used_what_it_may_is_over_and_no_other_one_is() {
    let mut talks = Talks::new("$5, 3 requests", 1);
    talks.spend(START, 1, 4_000_000);
    let refusal = talks.pay(START, 1, 1_000_001).unwrap_err();
    assert_eq!((refusal.wait, refusal.cost), (None, 1_000_001));
    assert_eq!(talks.book.conversation(refusal.spot), Some(0));
    let used = talks.workers[0].used(&mut talks.store, Timestamp(START), &talks.book, refusal.spot);
    let rule = talks.book.rule(refusal.spot).unwrap();
    assert_eq!(
        super::super::why_stop(rule, &refusal, used),
        "stop: this conversation has used $4 of $5, and this request may cost $1.000001; nothing more is answered in it"
    );
    talks.spend(START, 2, 5_000_000);
    for n in 0..4 {
        let asked = talks.ask(0, START, 1, (FIRST, tokens(9)));
        assert_eq!(asked.is_ok(), n < 3);
        if let Ok(ticket) = asked {
            talks.settle(0, START, ticket, tokens(9));
        }
    }
    let refusal = talks.ask(0, START, 1, (FIRST, tokens(9))).unwrap_err();
    let rule = talks.book.rule(refusal.spot).unwrap();
    let said = super::super::why_stop(rule, &refusal, 3);
    assert_eq!(
        said,
        "stop: this conversation has used 3 requests of 3 requests; nothing more is answered in it"
    );
}

#[test]
fn while_others_of_it_are_under_way_nobody_knows_what_is_left() {
    let mut talks = Talks::new("$5", 1);
    let ticket = talks.pay(START, 1, 3_000_000).unwrap();
    assert!(talks.pay(START, 1, 3_000_000).unwrap_err().wait.is_some());
    talks.settle(0, START, ticket, money(1));
    talks.spend(START, 1, 3_000_000);
}

#[test]
fn after_a_day_of_silence_it_begins_anew_and_not_before() {
    let mut talks = Talks::new("$5", 1);
    talks.spend(START, 1, 5_000_000);
    assert!(talks.pay(START + 24 * HOUR - 1, 1, 1).is_err());
    talks.spend(START + 24 * HOUR, 1, 5_000_000);
    assert!(talks.pay(START + 47 * HOUR, 1, 1).is_err());
}

#[test]
fn what_is_nearly_used_up_is_told_once_and_then_with_each_answer() {
    let mut talks = Talks::new("$5", 1);
    for _ in 0..10 {
        talks.spend(START, 1, 500_000);
    }
    let told: Vec<_> = talks
        .news
        .iter()
        .map(|news| if let News::Warns(_, used, is_new) = news { (*used, *is_new) } else { (0, false) })
        .collect();
    assert_eq!(told, [(8_000, true), (9_000, false), (10_000, false)]);
}

#[test]
fn more_conversations_than_there_are_rows_use_no_more_memory_and_who_has_spent_much_is_not_forgiven() {
    let mut talks = Talks::new("$5", 1);
    let same_cell = |n: u64| n * super::super::cell::SETS;
    talks.spend(START, same_cell(1), 4_900_000);
    for n in 2..5_000 {
        talks.spend(START + n, same_cell(n), 100);
    }
    assert_eq!(talks.store.keys().count(), 1);
    assert!(talks.pay(START + SECOND, same_cell(1), 200_000).is_err());
}

#[test]
fn a_new_conversation_has_used_nothing_however_many_there_were_before() {
    let mut talks = Talks::new("$5, 40 requests", 1);
    let same_cell = |n: u64| n * super::super::cell::SETS;
    for n in 0..2_000 {
        for _ in 0..5 {
            talks.spend(START + n * SECOND, same_cell(n), 1_000_000);
            let asked = talks.ask(0, START + n * SECOND, same_cell(n), (FIRST, tokens(9))).unwrap();
            talks.settle(0, START + n * SECOND, asked, tokens(9));
        }
        assert!(talks.pay(START + n * SECOND, same_cell(n), 1).is_err(), "{n} has used what it may");
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Begin {
        talk: u64,
        estimate: u64,
    },
    /// The oldest ends, having used so many hundredths of its estimate.
    End {
        hundredths: u64,
    },
    Wait {
        seconds: u64,
    },
}

fn act() -> impl Strategy<Value = (usize, Act)> {
    let act = prop_oneof![
        4 => (1..4_u64, 1..3_000_000_u64).prop_map(|(talk, estimate)| Act::Begin { talk, estimate }),
        3 => (0..150_u64).prop_map(|hundredths| Act::End { hundredths }),
        1 => (1..12_u64).prop_map(|seconds| Act::Wait { seconds }),
    ];
    (0..3_usize, act)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// What it has used, and what is under way, is never more than it may; but for what answers used beyond their estimates.
    #[test]
    fn a_conversation_never_spends_more_than_it_may(acts in prop::collection::vec(act(), 1..120), rows in 1..3_u64) {
        const MOST: u64 = 5_000_000;
        let mut talks = Talks::new("$5", 3);
        let mut running: Vec<Vec<(u64, u64, Ticket)>> = vec![Vec::new(), Vec::new(), Vec::new()];
        let (mut spent, mut beyond, mut held) = ([0_u64; 4], [0_u64; 4], [0_u64; 4]);
        let mut now = START;
        for (worker, act) in acts {
            match act {
                Act::Begin { talk, estimate } => {
                    // Some in one cell, some in cells of their own.
                    let id = talk * if rows == 1 { 1 } else { super::super::cell::SETS };
                    if let Ok(ticket) = talks.ask(worker, now, id, (ATTEMPT, money(estimate))) {
                        running[worker].push((talk, estimate, ticket));
                        held[talk as usize] += estimate;
                        let sum = spent[talk as usize] + held[talk as usize];
                        prop_assert!(sum <= MOST + beyond[talk as usize], "{} of {}", sum, talk);
                    }
                }
                Act::End { hundredths } if !running[worker].is_empty() => {
                    let (talk, estimate, ticket) = running[worker].remove(0);
                    let used = estimate * hundredths / 100;
                    talks.settle(worker, now, ticket, money(used));
                    held[talk as usize] -= estimate;
                    spent[talk as usize] += used;
                    beyond[talk as usize] += used.saturating_sub(estimate);
                }
                Act::End { .. } => {}
                Act::Wait { seconds } => {
                    now += seconds * SECOND;
                    for worker in &mut talks.workers {
                        worker.handle_timeout(&mut talks.store, Timestamp(now), &talks.book);
                    }
                }
            }
        }
    }
}
