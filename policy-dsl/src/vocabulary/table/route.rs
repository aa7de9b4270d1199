//! `route`: which requests it takes, where they go, and what holds on the way.

use super::super::{Block, Leaf, Shape, Statement, Text};
use super::contract::CONTRACT;
use super::output::OUTPUT;
use super::{HEADER, HOUR, MS, NOTHING, PERCENTILE, TARGET_NAME, count, duration, factor, percent, text};
use crate::doc;
use Shape::{Fixed, List, Maybe, OneOf, Seq, Sign, Word};

const ROUTE_SHAPE: Shape = Seq(&[Shape::Leaf(Leaf::Define("route")), Shape::Block(&ROUTE_BODY)]);

pub(super) const ROUTE: Statement = Statement::new(
    "route",
    ROUTE_SHAPE,
    r#"route chat { match path "/v1/chat/*"  try backup }"#,
    "Which requests it takes, and where they go.",
)
.repeats();

const ANY_TIME: Shape = duration(MS, HOUR);

static ROUTE_BODY: Block = Block {
    word: "route",
    doc: doc("Which requests it takes, and where they go. The first route that matches wins."),
    statements: &[
        Statement::new(
            "match",
            Seq(&[Fixed("path"), Shape::Leaf(Leaf::PathMatch)]),
            r#"match path "/v1/chat/*""#,
            "Compared with the request's path without its query.",
        )
        .required(),
        Statement::new(
            "when",
            Shape::Leaf(Leaf::Condition),
            r#"when `model.startsWith("gpt-4")`"#,
            "A condition that the request must meet as well; one that doesn't goes on to the next route.",
        )
        .absent("every request with this path"),
        Statement::new("try", PLAN, "try openai_east, openai_west", "Targets, tried one after the other.")
            .required(),
        Statement::new("then", PLAN, "then backup", "Targets tried when those before have failed.")
            .absent("no more targets")
            .repeats(),
        Statement::new(
            "limit",
            List(&Shape::Leaf(Leaf::Name("limit")), 16, "limits"),
            "limit tpm, rpm",
            "The limits that hold here.",
        )
        .absent("no limit")
        .repeats(),
        Statement::new(
            "retry",
            Shape::Leaf(Leaf::Name("retry")),
            "retry standard",
            "The retry block that holds here.",
        )
        .absent("each target once, on the default failures"),
        Statement::new(
            "breaker",
            Shape::Leaf(Leaf::Name("breaker")),
            "breaker standard",
            "The breaker that guards each target of this route.",
        )
        .absent("no breaker"),
        Statement::new(
            "timeout",
            List(&TIMEOUT, 4, "timeouts"),
            "timeout 30s",
            "Longest time one attempt may take to answer; a stream must have begun by then and may take ten times as long. \
             One that falls silent is ended by `idle`, and without it only then; thinking may be silent, too. \
             One that adapts is a multiple of what answers of this target and size usually take, of streams their first token. \
             `per output token` adds this for each token of the request's `max_tokens`. What the deadline leaves is the most.",
        )
        .default("60s"),
        Statement::new(
            "deadline",
            OneOf(
                "deadline",
                &[
                    Seq(&[Word("header"), HEADER, Maybe(&Seq(&[Fixed("default"), ANY_TIME]))]),
                    ANY_TIME,
                ],
            ),
            r#"deadline header "x-request-deadline-ms" default 90s"#,
            "Longest time from a request's arrival to the end of its answer, with all attempts and waits: the caller's, from a \
             header in milliseconds, or else the default; or a fixed one. Timeouts that callers are known to send \
             (`x-request-deadline-ms`, `grpc-timeout`, `x-stainless-timeout`, and `x-envoy-expected-rq-timeout-ms` of those that \
             Envoy's `internal_address_config` names: it takes it away from all others) shorten it. What \
             is left goes on to the target as `x-request-deadline-ms`. Where it leaves an attempt less than its timeout and another \
             target may follow, silence may take half of what is left, or twice what 95 of 100 answers usually take if that is \
             longer; while that isn't known it may take all of it, and no other target is asked.",
        )
        .absent("what the attempts and waits add up to; no header of the caller counts"),
        Statement::new(
            "hedge",
            Seq(&[
                Fixed("after"),
                OneOf("delay", &[PERCENTILE, ANY_TIME]),
                Maybe(&Seq(&[Fixed("at most"), percent(1, 10_000)])),
            ]),
            "hedge after p95 at most 5%",
            "When an attempt takes this long, a second one is sent to the next target and the first answer wins; for at most \
             so many of the requests. A breaker's probe gets one only once it has failed by its silence.",
        )
        .absent("no hedging"),
        Statement::new(
            "stream",
            Seq(&[
                OneOf("mode", &[Word("live"), Word("until_commit"), Word("complete")]),
                Maybe(&Seq(&[Fixed("malformed"), OneOf("action", &[Word("end"), Word("skip")])])),
            ]),
            "stream until_commit malformed skip",
            "What may still be rescued: nothing once headers came, an error before the first token, or any failure. An event \
             that can't be read and comes after that ends the stream with an error, or is skipped.",
        )
        .default("live"),
        Statement::new(
            "contract",
            Shape::Block(&CONTRACT),
            "contract { failover cost <= 3x }",
            "What one request may use.",
        )
        .absent("no bounds"),
        Statement::new(
            "output",
            Shape::Block(&OUTPUT),
            "output { schema from request }",
            "What an answer must be like.",
        )
        .absent("any answer is good")
        .built(cfg!(feature = "output")),
        Statement::new(
            "cache",
            Seq(&[
                ANY_TIME,
                Maybe(&Seq(&[Fixed("stale"), duration(MS, super::DAYS)])),
                Maybe(&Seq(&[Fixed("vary"), List(&VARY, 8, "sources")])),
            ]),
            r#"cache 1h stale 24h vary header "accept-language", prompt_version"#,
            "Keeps answers for so long, for one tenant each; a stale one goes out when every target has failed.",
        )
        .absent("nothing is kept")
        .later(),
        Statement::new(
            "idempotency",
            Seq(&[Fixed("header"), HEADER, Fixed("for"), duration(MS, super::DAYS)]),
            r#"idempotency header "idempotency-key" for 24h"#,
            "A request with a key that was answered gets that answer again.",
        )
        .absent("every request is new")
        .later(),
        Statement::new(
            "shadow",
            Seq(&[TARGET_NAME, percent(1, 10_000)]),
            "shadow backup 5%",
            "Copies so many requests to another target and throws its answers away.",
        )
        .absent("nothing is copied")
        .repeats()
        .later(),
        Statement::new(
            "canary",
            Seq(&[
                TARGET_NAME,
                percent(1, 10_000),
                Maybe(&Seq(&[Fixed("sticky by"), OneOf("key", &[Word("tenant"), Word("conversation")])])),
            ]),
            "canary backup 5% sticky by tenant",
            "Sends so many requests to another target first.",
        )
        .absent("no canary")
        .later(),
        Statement::new(
            "trace",
            Seq(&[
                Fixed("sample"),
                percent(0, 10_000),
                Fixed("to"),
                OneOf("sink", &[Word("otel")]),
                Maybe(&Seq(&[Fixed("header prompt_version"), HEADER])),
            ]),
            r#"trace sample 1% to otel header prompt_version "x-prompt-version""#,
            "Records so many requests as traces.",
        )
        .absent("no traces")
        .later(),
        Statement::new(
            "pass",
            NOTHING,
            "pass",
            "Only in `route default`: the request goes through untouched.",
        ),
    ],
};

const PLAN: Shape = Seq(&[
    List(&TARGET_NAME, 100, "targets"),
    Maybe(&OneOf(
        "order",
        &[
            Seq(&[Word("weighted"), List(&count(0, 1_000), 100, "weights")]),
            Word("cheapest"),
            Word("fastest"),
            Word("least_loaded"),
        ],
    )),
    Maybe(&Shape::Block(&OVERRIDES)),
]);

static OVERRIDES: Block = Block {
    word: "overrides",
    doc: doc("Changes to the request for the targets it stands behind, in `try` or `then`."),
    statements: &[
        Statement::new(
            "max_tokens",
            count(1, 10_000_000),
            "max_tokens 512",
            "Lowers the request's own, sets it when absent.",
        ),
        Statement::new("model", text(Text::Model), r#"model "gpt-4.1-mini""#, "Replaces the target's model."),
        Statement::new(
            "temperature",
            Shape::Leaf(Leaf::Share { max: 20_000 }),
            "temperature 0.2",
            "Replaces the request's.",
        ),
        Statement::new(
            "header",
            Seq(&[HEADER, text(Text::HeaderValue)]),
            r#"header "x-degraded" "yes""#,
            "Sets a header.",
        )
        .repeats(),
        Statement::new("path", text(Text::Path), r#"path "/v1/chat""#, "Replaces the target's path."),
    ],
};

const TIMEOUT: Shape = OneOf(
    "timeout",
    &[
        Seq(&[factor(100, 100_000), PERCENTILE, Fixed("in"), ANY_TIME, Sign(".."), ANY_TIME]),
        Seq(&[Word("first_token"), ANY_TIME]),
        Seq(&[Word("idle"), ANY_TIME]),
        Seq(&[Word("per"), Fixed("output token"), ANY_TIME]),
        ANY_TIME,
    ],
);

const VARY: Shape = OneOf("source", &[Seq(&[Word("header"), HEADER]), Word("prompt_version")]);
