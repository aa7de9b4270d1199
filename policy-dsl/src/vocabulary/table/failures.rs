//! What happens when a provider fails: `breaker` and `retry`.

use std::time::Duration;

use super::super::{Block, Leaf, Shape, Statement};
use super::{HOUR, MS, PERCENTILE, SECOND, count, duration, factor, money, percent};
use crate::doc;
use Shape::{Fixed, List, Maybe, OneOf, Seq, Sign, Word};

const BREAKER_SHAPE: Shape = Seq(&[Shape::Leaf(Leaf::Define("breaker")), Shape::Block(&BREAKER_BODY)]);

pub(super) const BREAKER: Statement = Statement::new(
    "breaker",
    BREAKER_SHAPE,
    "breaker strict { trip errors > 20% of at least 10 }",
    "When to stop sending to a target, and how to begin again.",
)
.repeats();

static BREAKER_BODY: Block = Block {
    word: "breaker",
    doc: doc("Stops sending to a target that fails, and lets it back in step by step. Each model of a target is guarded on its own; all workers of the proxy share what they know. An answer that is throttled and says when the provider takes more (429 with `retry-after` and its like) opens it until then and counts no error; a used-up quota opens it for ten minutes, or until the provider says. To a target without `auth` each caller's own key goes, and what that key alone has used up closes it to nobody else: there a throttled answer counts only where the wait it tells is 60s at most, and a used-up quota doesn't."),
    statements: &[
        Statement::new(
            "window",
            duration(SECOND, HOUR),
            "window 2m",
            "Attempts are counted over this sliding window. What answers take is compared over half to all of it, a minute at \
             most, and over some minutes where there are few.",
        )
        .default("60s"),
        Statement::new(
            "trip",
            TRIP,
            "trip errors > 20% of at least 10",
            "When it opens: the share of errors in the window is above the percentage, once there were so many attempts; so many errors came without an answer in between; a percentile of the time that answers took, or their first token, or each token after it, is above so many times what it was in the hours before; the share of good answers is below the percentage, once there were so many, or below so many times what it was in the hours before; one attempt cost more than the amount. Any of them opens it. An error is whatever the target is to blame for, and more than three times the silence that 95 of 100 answers usually take where a hedge, the caller or the deadline has ended it; an answer is good unless it is invalid, refused, empty or cut off by its length, where its caller has not asked for fewer than 16 tokens. The cost is the usage that the provider tells at the target's `price`; without either it is unknown.",
        )
        .default("errors > 50% of at least 20")
        .repeats(),
        Statement::new(
            "open",
            duration(Duration::from_millis(100), HOUR),
            "open 60s",
            "How long nothing is sent before the first probe. Doubles with each recovery that fails, up to four times.",
        )
        .default("10s"),
        Statement::new(
            "recover",
            List(&STAGE, 5, "stages"),
            "recover 1, 5, 10",
            "Probes admitted in each stage of recovery; all of a stage must succeed. A stream has succeeded once content of it goes on to its caller, so the next probes don't wait for its end; with `stream complete` that is its end. What goes wrong with it later is an error all the same: it opens a breaker that still recovers, and counts in the window of one that has closed. Requests of more than 8k tokens are no probes while smaller ones come and another target takes the large ones.",
        )
        .default("1, 5, 10"),
        Statement::new(
            "force",
            OneOf("state", &[Word("open"), Word("closed")]),
            "force open",
            "Holds the breaker in this state, whatever happens.",
        )
        .absent("it decides for itself"),
    ],
};

const STAGE: Shape = count(1, 1_000);

const TRIP: Shape = OneOf(
    "signal",
    &[
        Seq(&[Word("errors"), Sign(">"), percent(0, 9_900), Fixed("of at least"), count(1, 100_000)]),
        Seq(&[count(1, 1_000), Fixed("errors in a row")]),
        Seq(&[Word("latency"), PERCENTILE, Sign(">"), factor(101, 100_000), Fixed("baseline")]),
        Seq(&[Word("first_token"), PERCENTILE, Sign(">"), factor(101, 100_000), Fixed("baseline")]),
        Seq(&[Word("per_token"), PERCENTILE, Sign(">"), factor(101, 100_000), Fixed("baseline")]),
        Seq(&[Word("quality"), Sign("<"), QUALITY]),
        Seq(&[Word("cost"), Sign(">"), money(10_000), Fixed("per request")]),
    ],
);

const QUALITY: Shape = OneOf(
    "bound",
    &[
        Seq(&[percent(1, 10_000), Fixed("of at least"), count(1, 100_000)]),
        Seq(&[factor(1, 99), Fixed("baseline")]),
    ],
);

const RETRY_SHAPE: Shape = Seq(&[Shape::Leaf(Leaf::Define("retry")), Shape::Block(&RETRY_BODY)]);

pub(super) const RETRY: Statement = Statement::new(
    "retry",
    RETRY_SHAPE,
    "retry patient { attempts 5 }",
    "When another attempt follows, and how long to wait before it.",
)
.repeats();

static RETRY_BODY: Block = Block {
    word: "retry",
    doc: doc("After which failures another attempt follows, how many in all, and how long to wait in between."),
    statements: &[
        Statement::new(
            "on",
            List(&Shape::Leaf(Leaf::Trigger), 16, "failures"),
            "on 429, 503, timeout",
            "The failures after which another attempt may follow: at the same target after a wait, at another at once. A \
             silent target (`timeout`) isn't asked again. A 5xx that has no word here counts as `500` and `502`, and 524 as `504`; \
             only after 501, 505 and 511, which the same request would bring again, no attempt follows. An answer that is no JSON, ends too early or has nothing in it is one of \
             `invalid_output`, and of `reset`. Without being listed an exhausted quota goes to another target, and a \
             prompt too long for the model to one with a larger context. What the content filter refuses and a model that isn't \
             there go to another one only with `content_policy` and `model_not_found`: by default the caller is told.",
        )
        .default("408, 429, 500, 502, 503, 504, 529, timeout, connect, reset"),
        Statement::new(
            "attempts",
            count(1, 10),
            "attempts 4",
            "Most attempts one request may cost, over all its targets.",
        )
        .default("3"),
        Statement::new(
            "backoff",
            Seq(&[JITTER, duration(MS, HOUR), Sign(".."), duration(MS, HOUR)]),
            "backoff full_jitter 200ms .. 10s",
            "The wait before a retry: the first duration, doubled with each retry, up to the second; of which `full_jitter` \
             takes a random part, `equal_jitter` a half and a random part of the other, and `no_jitter` all. \
             `decorrelated_jitter` is random between the first duration and three times the wait before. It comes on top of \
             what the provider asks for.",
        )
        .default("full_jitter 500ms .. 8s"),
        Statement::new(
            "honor",
            Seq(&[Fixed("retry_after up to"), duration(Duration::ZERO, HOUR)]),
            "honor retry_after up to 30s",
            "The longest `retry-after` that is waited out; a longer one ends the attempts at that target.",
        )
        .default("retry_after up to 60s"),
        Statement::new(
            "budget",
            Seq(&[
                percent(0, 10_000),
                Fixed("of requests"),
                Maybe(&Seq(&[
                    Sign(","),
                    Fixed("at least"),
                    Shape::Leaf(Leaf::PerSecond { max: 10_000 }),
                ])),
                Maybe(&Seq(&[
                    Fixed("else"),
                    OneOf("action", &[Word("fail"), Word("next_target")]),
                ])),
            ]),
            "budget 10% of requests, at least 3/s",
            "Most retries of all the route's requests together, over a sliding window of ten seconds common to all workers: \
             this share of the requests, or so many each second if that is more. When it is spent, a failure goes to the next \
             target or, with `else fail`, to the caller; then it pays for attempts at other targets too. Callers' own retries use \
             the share up.",
        )
        .absent("only `attempts` bounds them"),
    ],
};

const JITTER: Shape = OneOf(
    "backoff",
    &[Word("full_jitter"), Word("equal_jitter"), Word("decorrelated_jitter"), Word("no_jitter")],
);
