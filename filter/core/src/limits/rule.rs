//! The limits of a policy, by what they count together.

use std::time::Duration;

use seawall_policy::policy::{Amount, Conversation, Limit, Money, Per, Scope, Target, Tokens};

use super::measure::{Budget, Measure, Sum};
use super::pace::Pace;
use super::usual::Baseline;
use crate::effect::Text;
use crate::hash::fnv1a;
use crate::time::nanos;

/// What a request uses: estimated when it is admitted, known when it is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) requests: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) micro_dollars: u64,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    Requests,
    Tokens(Tokens),
    Concurrent,
    Money,
}

impl Counts {
    pub(super) fn cost(self, of: &Use) -> u64 {
        match self {
            Self::Requests => of.requests,
            Self::Tokens(Tokens::All) => of.input_tokens.saturating_add(of.output_tokens),
            Self::Tokens(Tokens::Input) => of.input_tokens,
            Self::Tokens(Tokens::Output) => of.output_tokens,
            Self::Concurrent => 1,
            Self::Money => of.micro_dollars,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens(Tokens::All) => "tokens",
            Self::Tokens(Tokens::Input) => "input tokens",
            Self::Tokens(Tokens::Output) => "output tokens",
            Self::Concurrent => "concurrent requests",
            Self::Money => "micro-dollars",
        }
    }
}

/// One limit, worked out from the policy.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) name: Text,
    pub(crate) counts: Counts,
    pub(super) measure: Measure,
    /// How it says what it is: `90000 tokens/min`.
    pub(crate) words: Text,
    pub(super) wait: Option<Duration>,
    pub(super) queue: u64,
    pub(super) warn_bp: Option<u32>,
    pub(super) observes: bool,
    /// Whether what is usual lies behind it, in the same row.
    pub(super) has_baseline: bool,
    /// Which of the book's rate limit services counts it.
    pub(super) service: Option<usize>,
    /// Tells its balance from those of other limits in the same cell.
    pub(super) tag: u32,
}

fn period(per: Per) -> (Duration, &'static str) {
    let (seconds, word) = match per {
        Per::Second => (1, "/s"),
        Per::Minute => (60, "/min"),
        Per::Hour => (3_600, "/hour"),
        Per::Day => (86_400, "/day"),
    };
    (Duration::from_secs(seconds), word)
}

impl Rule {
    pub(super) fn new(limit: &Limit) -> Self {
        let rate = |amount: u64, per: Per| {
            let pace = Pace::new(amount, nanos(period(per).0), limit.burst_bp);
            Measure::Rate(pace.that_warns(limit.warn_bp.is_some()))
        };
        let (counts, measure, per) = match limit.amount {
            Amount::Tokens { kind, amount, per } => (Counts::Tokens(kind), rate(amount, per), period(per).1),
            Amount::Requests { amount, per } => (Counts::Requests, rate(amount, per), period(per).1),
            Amount::Concurrent(most) => (Counts::Concurrent, Measure::Concurrent(most), ""),
            Amount::Money { micro_dollars, per, window } => {
                let is_rolling = window == Money::Rolling;
                let budget = Budget { micro_dollars, period: nanos(period(per).0), is_rolling };
                (Counts::Money, Measure::Money(budget), period(per).1)
            }
        };
        let words = match counts {
            Counts::Money => [&dollars(measure.amount()), per].concat(),
            _ => [&measure.amount().to_string(), " ", counts.word(), per].concat(),
        };
        Self {
            name: limit.name.as_str().into(),
            counts,
            measure,
            words: words.into(),
            wait: limit.wait,
            queue: limit.queue.into(),
            warn_bp: limit.warn_bp,
            observes: limit.observe,
            has_baseline: false,
            service: None,
            tag: tag(&limit.name, measure.kind(), counts),
        }
    }

    /// What a target's provider grants: counted, and never a reason to refuse. Providers refill all the time and let all of it
    /// be used at once, as `stats::quota` says.
    pub(super) fn quota(target: &Target) -> impl Iterator<Item = Self> {
        target.quota.iter().enumerate().map(|(number, amount)| {
            Self::new(&Limit {
                name: number.to_string(),
                scope: Scope::Target,
                amount: *amount,
                burst_bp: 10_000,
                wait: None,
                queue: 0,
                warn_bp: None,
                anomaly: None,
                observe: true,
                service: None,
            })
        })
    }

    /// All there is to use in a period.
    pub(super) fn amount(&self) -> u64 {
        self.measure.amount()
    }

    /// In nanoseconds; zero where there is none.
    pub(super) fn period(&self) -> u64 {
        match self.measure {
            Measure::Rate(pace) => pace.period(),
            Measure::Money(budget) => budget.period,
            Measure::Concurrent(_) | Measure::Sum(_) | Measure::Baseline(_) => 0,
        }
    }
}

impl Rule {
    /// A limit's rule, and behind it what is usual, where it tells of anomalies. Less than a hundredth of what may be used in a window, or in
    /// a period where that is longer, is none: who uses next to nothing may use five times as much.
    pub(super) fn all(limit: &Limit) -> impl Iterator<Item = Self> {
        let own = Self::new(limit);
        let baseline = limit.anomaly.filter(|_| own.counts != Counts::Concurrent).map(|anomaly| {
            let window = nanos(anomaly.window);
            let most = own.amount().saturating_mul((window / own.period().max(1)).max(1));
            let (factor, least) = (anomaly.above_baseline_hundredths.into(), most.div_ceil(100));
            let measure = Measure::Baseline(Baseline { factor, least, window });
            let tag = tag(&limit.name, measure.kind(), own.counts);
            Self { measure, wait: None, warn_bp: None, observes: false, tag, ..own.clone() }
        });
        let own = Self { has_baseline: baseline.is_some(), ..own };
        [own].into_iter().chain(baseline)
    }
}

/// How long a conversation may be silent before it begins anew.
const SILENCE: Duration = Duration::from_secs(86_400);

impl Rule {
    /// What a conversation may come to.
    pub(super) fn of_conversation(talk: &Conversation) -> Vec<Self> {
        let rule = |amount, counts: Counts| {
            let measure = Measure::Sum(Sum { amount, silence: nanos(SILENCE) });
            let words = match counts {
                Counts::Money => dollars(amount),
                _ => [&amount.to_string(), " ", counts.word()].concat(),
            };
            Self {
                name: Text::Word(CONVERSATION),
                counts,
                measure,
                words: words.into(),
                wait: None,
                queue: 0,
                warn_bp: talk.warn_bp,
                observes: false,
                has_baseline: false,
                service: None,
                tag: tag(CONVERSATION, measure.kind(), counts),
            }
        };
        let money = talk.micro_dollars.map(|amount| rule(amount, Counts::Money));
        let requests = talk.requests.map(|amount| rule(amount.into(), Counts::Requests));
        money.into_iter().chain(requests).collect()
    }
}

/// What answers and refusals call it.
const CONVERSATION: &str = "conversation";

/// `$0.25`.
pub(crate) fn dollars(micro: u64) -> String {
    let mut text = ["$", &(micro / 1_000_000).to_string()].concat();
    let rest = micro % 1_000_000;
    if rest > 0 {
        let digits = (1_000_000 + rest).to_string();
        text.push('.');
        let digits = digits.get(1..).unwrap_or_default().trim_end_matches('0');
        text.push_str(digits);
        if digits.len() == 1 {
            text.push('0');
        }
    }
    text
}

/// What tells balances apart: a limit keeps what it knows when its amount changes, not when it comes to count
/// something else.
fn tag(name: &str, kind: u64, counts: Counts) -> u32 {
    fnv1a(name.bytes().chain(counts.word().bytes()).chain(kind.to_le_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_people_write_it() {
        for (micro, text) in
            [(50_000_000, "$50"), (250_000, "$0.25"), (1_500_000, "$1.50"), (1, "$0.000001"), (0, "$0")]
        {
            assert_eq!(dollars(micro), text);
        }
    }

    #[test]
    fn a_limit_is_the_same_when_its_amount_changes_and_another_when_it_counts_something_else() {
        let of = |body: &str| {
            let text = format!(
                "seawall 1\ntarget t {{ cluster \"t\"  provider openai }}\nlimit l per tenant {{ {body} }}\n\
                 route r {{ match path \"/\"  try t  limit l }}"
            );
            let policy = super::super::tests::policy(&text);
            Rule::new(&policy.limits[0])
        };
        let tokens = of("90k tokens/min");
        assert_eq!((&*tokens.words, tokens.measure.size()), ("90000 tokens/min", 37));
        assert_eq!(tokens.tag, of("50k tokens/min").tag);
        assert_eq!(tokens.tag, of("50k tokens/hour").tag);
        for other in ["90k requests/min", "90k input tokens/min", "90 concurrent", "$90/day"] {
            assert_ne!(tokens.tag, of(other).tag, "{other}");
        }
        assert_eq!(&*of("$0.50/day").words, "$0.50/day");
        assert_ne!(of("$90/day").tag, of("$90/day rolling").tag);
        assert_ne!(of("$90/day").tag, of("$90/hour").tag);
        assert_eq!(&*of("32 concurrent").words, "32 concurrent requests");
    }
}
