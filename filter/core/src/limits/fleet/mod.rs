//! Limits that a rate limit service counts, for all proxies of a fleet: `via rate_limit_service "cluster"`.
//!
//! The service is asked when all other limits have admitted a request, so that nothing is counted there of what is refused here, and
//! the request is held meanwhile. Each limit is asked about by itself: engines disagree on what several descriptors with
//! different hits mean.
//!
//! | the service | |
//! |---|---|
//! | says OK | the request goes on |
//! | says OVER_LIMIT | the limit is closed here, for what is as large and for as long as the service says: then it refuses, or lets wait, like any other |
//! | says nothing in [`TIMEOUT`], or nothing of use | this proxy's own count decides about that request, which asks this service no more |
//! | does so [`FAULTS`] times in a row | it is *away*: this proxy's own count decides about all, and after [`REST`] one request asks again, which is enough to find it back or still away |
//!
//! When a closed limit opens, those who have waited for that don't all ask at once: one does, and two more for each that is granted,
//! until so many have been that the limit is taken for open.
//!
//! This proxy counts along all the time, so that its own count knows what has been used through it when it takes over.
//!
//! **Reserve and settle.** The protocol can't give anything back. So what a request reserved and didn't use is kept as a *credit*
//! here: the next request of the same key asks for so much less. What it used beyond its reservation is charged when it is known; where
//! the service refuses that, engines don't agree whether they have counted it: it is *owed*, and asked for together with the next
//! request, until the service's own window is over, or a period of its limit. A credit is forgotten after a period, too. Neither
//! lasts longer because more is added to it. No question asks for more than the limit's amount: what is owed beyond that
//! is asked for later. Everything is forgotten when the worker ends. Hence, but for what is owed,
//!
//! ```text
//! used <= counted by the service <= used + reserved by requests under way + credits
//! ```

mod account;
mod message;
mod name;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use self::account::Account;
use self::message::{Override, Said};
pub(in crate::limits) use self::name::{of_key, of_name};
use super::admit::Spot;
use super::balance::Verdict;
use super::rule::Rule;
use crate::effect::Text;
use crate::event::ExchangeId;
use crate::telemetry::ServiceFault;
use crate::time::Timestamp;

/// How long a service may take to answer.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(100);

/// So much longer the host may take to say that it hasn't.
pub(crate) const LATE: Duration = Duration::from_millis(50);

/// How long a service that is away isn't asked.
const REST: Duration = Duration::from_secs(1);

/// So many answers in a row that are of no use, and the service is away. One that has been lost says nothing of the next.
const FAULTS: u32 = 3;

/// When to come back where a service doesn't say, and the least time that it is taken at its word.
const SOON: Duration = Duration::from_secs(1);
const LEAST: Duration = Duration::from_millis(1);

/// Keys of which a worker keeps credits, debts and refusals.
const MOST_ACCOUNTS: usize = 4_096;

/// Where they are that many, a new one takes the place of one of so many: of that which is over first.
const NEIGHBOURS: usize = 16;

/// Questions that a worker waits for an answer to. The host answers each; should it not, the oldest are forgotten.
const MOST_QUESTIONS: usize = 16_384;

/// gRPC's statuses, <https://grpc.github.io/grpc/core/md_doc_statuscodes.html>.
const DEADLINE_EXCEEDED: u32 = 4;
const UNAVAILABLE: u32 = 14;

/// Something to ask a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) number: u32,
    pub(crate) cluster: Text,
    pub(crate) message: Vec<u8>,
}

/// What has been heard of a service.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// Who waits for this, and what was granted.
    pub(crate) by: Option<(ExchangeId, Option<Spot>)>,
    /// The service is away now, for this reason; or back.
    pub(crate) change: Option<(Text, Option<ServiceFault>)>,
}

/// What a request takes of one limit, in its service's count.
#[derive(Debug)]
pub(super) struct Charge {
    pub(super) spot: Spot,
    cost: u64,
    descriptor: Rc<[u8]>,
    stand: Stand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    /// Not asked for yet.
    New,
    Asked,
    Granted,
}

impl Charge {
    pub(super) fn new(spot: Spot, cost: u64) -> Self {
        Self { spot, cost, descriptor: Rc::from([]), stand: Stand::New }
    }

    pub(super) fn is_new(&self) -> bool {
        self.stand == Stand::New
    }

    pub(super) fn grant(&mut self) {
        self.stand = Stand::Granted;
    }
}

/// Who a question is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// This request waits for the answer.
    Held(ExchangeId),
    /// For a request that doesn't.
    Passing,
    /// One that has gone: what is granted is a credit.
    Gone,
}

#[derive(Debug)]
struct Asked {
    by: For,
    spot: Spot,
    service: usize,
    /// What the request takes; zero for what one has used beyond its reservation.
    cost: u64,
    /// That, and what is owed, less the credit.
    hits: u64,
    /// When what was owed, or the credit, is forgotten; `None`: there was neither.
    until: Option<Timestamp>,
    descriptor: Rc<[u8]>,
    period: u64,
}

/// This worker's dealings with rate limit services.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    /// Services that are away, and when they are asked again.
    away: BTreeMap<usize, Timestamp>,
    /// Answers in a row that were of no use, of services that are there.
    faults: BTreeMap<usize, u32>,
    /// Requests under way that have had such an answer, from this service.
    unheard: BTreeSet<(ExchangeId, usize)>,
    accounts: BTreeMap<Spot, Account>,
    asked: BTreeMap<u32, Asked>,
    last: u32,
    /// What is to be asked now.
    questions: Vec<Question>,
}

impl Fleet {
    /// Whether the service decides: it is there, or it is time to find out. It doesn't about a request that it has said nothing
    /// of use to.
    pub(super) fn decides(&self, service: usize, now: Timestamp, by: Option<ExchangeId>) -> bool {
        let is_there = self.away.get(&service).is_none_or(|at| *at <= now);
        is_there && by.is_none_or(|by| !self.unheard.contains(&(by, service)))
    }

    /// A request is over.
    pub(super) fn forget(&mut self, id: ExchangeId) {
        if !self.unheard.is_empty() {
            self.unheard.retain(|(by, _)| *by != id);
        }
    }

    /// The limit that a question is about.
    pub(super) fn spot(&self, number: u32) -> Option<Spot> {
        self.asked.get(&number).map(|asked| asked.spot)
    }

    /// What is known of a service's limit without asking. `lets_wait`: who doesn't pass stands in line.
    pub(super) fn check(&self, spot: Spot, now: Timestamp, cost: u64, lets_wait: bool) -> Verdict {
        let Some(account) = self.accounts.get(&spot) else { return Verdict::Fits };
        let due = u64::try_from(signed(cost).saturating_add(account.owed(now))).unwrap_or_default();
        match account.closed.filter(|(least, until)| due >= *least && *until > now) {
            // What a credit pays for isn't asked for.
            Some((_, until)) if due > 0 => Verdict::After(until.since(now)),
            _ if due > 0 && lets_wait && !account.lets_ask(now) => Verdict::WhenReleased,
            _ => Verdict::Fits,
        }
    }

    fn account(&mut self, spot: Spot) -> &mut Account {
        if !self.accounts.contains_key(&spot) && self.accounts.len() >= MOST_ACCOUNTS {
            let others = self.accounts.range(spot..).chain(self.accounts.range(..spot)).take(NEIGHBOURS);
            if let Some(first) = others.min_by_key(|(_, account)| account.end()).map(|(other, _)| *other) {
                self.accounts.remove(&first);
            }
        }
        self.accounts.entry(spot).or_default()
    }

    fn owe(&mut self, spot: Spot, now: Timestamp, until: Timestamp, more: i64) {
        if more != 0 {
            self.account(spot).add(now, more, until);
        }
    }

    /// Takes what is owed at a key, or the credit, into account: what remains is to be asked for, and until when what was taken
    /// counts. No more than the limit's amount is asked for at once, or nothing would be granted at all.
    fn hits(&mut self, (spot, rule): (Spot, &Rule), now: Timestamp, cost: u64) -> (u64, Option<Timestamp>) {
        let Some(account) = self.accounts.get_mut(&spot).filter(|account| account.owed(now) != 0) else {
            return (cost, None);
        };
        let due = signed(cost).saturating_add(account.owed);
        let hits = u64::try_from(due).unwrap_or_default().min(rule.amount().max(cost));
        account.owed = due.saturating_sub(signed(hits));
        (hits, Some(account.until))
    }

    /// Asks for a charge, unless a credit pays for it; whether it has to be waited for.
    pub(super) fn ask(
        &mut self,
        now: Timestamp,
        charge: &mut Charge,
        (rule, cluster): (&Rule, &Text),
        entries: &[(&str, &str)],
        by: For,
    ) -> bool {
        let Some(service) = rule.service else { return false };
        charge.descriptor = message::descriptor(entries, overridden(rule)).into();
        // Where it is away this one finds out, and whoever comes next doesn't wait for it.
        if let Some(at) = self.away.get_mut(&service) {
            *at = now.after(TIMEOUT.saturating_add(REST));
        }
        let (hits, until) = self.hits((charge.spot, rule), now, charge.cost);
        // Of what isn't waited for nobody knows in time whether it was granted: it is taken at its estimate.
        charge.stand = Stand::Asked;
        if hits == 0 {
            charge.stand = Stand::Granted;
            return false;
        }
        let asked = Asked {
            by,
            spot: charge.spot,
            service,
            cost: charge.cost,
            hits,
            until,
            descriptor: charge.descriptor.clone(),
            period: rule.period(),
        };
        if let Some(account) = self.accounts.get_mut(&charge.spot) {
            account.asked(now);
        }
        self.put(asked, cluster);
        by != For::Passing
    }

    fn put(&mut self, asked: Asked, cluster: &Text) {
        if self.asked.len() >= MOST_QUESTIONS {
            self.asked.pop_first();
        }
        self.last = self.last.wrapping_add(1);
        let hits = u32::try_from(asked.hits).unwrap_or(u32::MAX);
        let message = message::request(&asked.descriptor, hits);
        self.questions.push(Question { number: self.last, cluster: cluster.clone(), message });
        self.asked.insert(self.last, asked);
    }

    /// What a request reserved of a limit turns out to be so much.
    pub(super) fn settle(
        &mut self,
        now: Timestamp,
        charge: Charge,
        (rule, cluster): (&Rule, &Text),
        used: u64,
    ) {
        let (Stand::Granted, Some(service)) = (charge.stand, rule.service) else { return };
        let until = now.after(Duration::from_nanos(rule.period()));
        if used <= charge.cost {
            return self.owe(charge.spot, now, until, -signed(charge.cost - used));
        }
        self.owe(charge.spot, now, until, signed(used - charge.cost));
        if !self.decides(service, now, None) {
            return;
        }
        let (hits, until) = self.hits((charge.spot, rule), now, 0);
        if hits == 0 {
            return;
        }
        let Charge { spot, descriptor, .. } = charge;
        let period = rule.period();
        self.put(
            Asked { by: For::Passing, spot, service, cost: 0, hits, until, descriptor, period },
            cluster,
        );
    }

    /// A service has answered a question, with a message or one of gRPC's statuses.
    pub(super) fn answered(
        &mut self,
        now: Timestamp,
        clusters: &[Text],
        number: u32,
        answer: Result<&[u8], u32>,
    ) -> Heard {
        let Some(asked) = self.asked.remove(&number) else { return Heard::default() };
        let said = match answer.map(message::read) {
            Ok(Some(Said::Unknown) | None) => Err(ServiceFault::Unclear),
            Ok(Some(said)) => Ok(said),
            Err(DEADLINE_EXCEEDED) => Err(ServiceFault::Timeout),
            Err(UNAVAILABLE) => Err(ServiceFault::Unavailable),
            Err(_) => Err(ServiceFault::Unclear),
        };
        let Asked { by, spot, service, cost, .. } = asked;
        let change = match said {
            Err(fault) => {
                if let For::Held(id) = by {
                    self.unheard.insert((id, service));
                }
                self.is_away(now, service).then_some(Some(fault))
            }
            Ok(_) => {
                self.faults.remove(&service);
                self.away.remove(&service).map(|_| None)
            }
        };
        let is_granted = said == Ok(Said::Ok);
        if let Some(account) = self.accounts.get_mut(&spot).filter(|_| cost > 0) {
            account.heard(now, is_granted);
        }
        if is_granted && by == For::Gone {
            self.owe(spot, now, now.after(Duration::from_nanos(asked.period)), -signed(cost));
        }
        if let Ok(Said::Over(reset)) = said {
            let until = now.after(reset.unwrap_or(SOON).max(LEAST));
            if cost > 0 {
                self.account(spot).close(asked.hits, until);
            }
        }
        if !is_granted {
            self.take_back(now, &asked, said.ok());
        }
        let by = if let For::Held(id) = by { Some((id, is_granted.then_some(spot))) } else { None };
        let change = change.zip(clusters.get(service)).map(|(fault, cluster)| (cluster.clone(), fault));
        Heard { by, change }
    }

    /// What a question that wasn't granted asked for beyond its own request is owed still, or still a credit; for no longer than
    /// before, nor than the service's own window.
    fn take_back(&mut self, now: Timestamp, asked: &Asked, said: Option<Said>) {
        let Some(mut until) = asked.until else { return };
        let more = signed(asked.hits).saturating_sub(signed(asked.cost));
        if let Some(Said::Over(Some(reset))) = said
            && more > 0
        {
            until = until.min(now.after(reset));
        }
        self.owe(asked.spot, now, until, more);
    }

    /// Notes that a service has said nothing of use; whether it is away for that, and wasn't before.
    fn is_away(&mut self, now: Timestamp, service: usize) -> bool {
        if let Some(at) = self.away.get_mut(&service) {
            *at = now.after(REST);
            return false;
        }
        let faults = self.faults.entry(service).or_default();
        *faults = faults.saturating_add(1);
        let is_away = *faults >= FAULTS;
        if is_away {
            self.faults.remove(&service);
            self.away.insert(service, now.after(REST));
        }
        is_away
    }

    /// A request waits no more: it has gone, or the host has said nothing in time, which is an answer of no use.
    pub(super) fn give_up(
        &mut self,
        now: Timestamp,
        clusters: &[Text],
        id: ExchangeId,
        is_silent: bool,
    ) -> Vec<Text> {
        let mut away = Vec::new();
        for asked in self.asked.values_mut().filter(|asked| asked.by == For::Held(id)) {
            asked.by = For::Gone;
            if is_silent {
                away.push(asked.service);
                self.unheard.insert((id, asked.service));
            }
        }
        let news: Vec<_> = away.into_iter().filter(|service| self.is_away(now, *service)).collect();
        news.into_iter().filter_map(|service| clusters.get(service).cloned()).collect()
    }

    pub(super) fn take_questions(&mut self) -> Vec<Question> {
        std::mem::take(&mut self.questions)
    }

    /// What is owed to all services, less the credits.
    #[cfg(test)]
    pub(super) fn owed(&self) -> i64 {
        self.accounts.values().map(|account| account.owed).sum()
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The policy's amount, where the protocol can say it.
fn overridden(rule: &Rule) -> Option<Override> {
    let unit = match rule.period() / 1_000_000_000 {
        1 => 1,
        60 => 2,
        3_600 => 3,
        86_400 => 4,
        _ => return None,
    };
    Some(Override { per_unit: u32::try_from(rule.amount()).ok()?, unit })
}
