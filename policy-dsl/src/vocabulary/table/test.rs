//! `test`: requests, what providers do, and what must come of it. `seawall test` runs them; the filter leaves them out.

use std::time::Duration;

use super::super::{Block, Leaf, Shape, Statement, Text};
use super::{HEADER, HOUR, MS, NOTHING, TARGET_NAME, count, duration, text};
use crate::doc;
use Shape::{Fixed, List, Maybe, OneOf, Seq, Word};

const TEST_SHAPE: Shape = Seq(&[Shape::Leaf(Leaf::Title), Shape::Block(&BODY)]);

pub(super) const TEST: Statement = Statement::new(
    "test",
    TEST_SHAPE,
    r#"test "a request is answered" { request { }  expect { status 200 } }"#,
    "What the policy must do, as `seawall test` proves it.",
)
.repeats();

static BODY: Block = Block {
    word: "test",
    doc: doc("What the policy must do, in the order in which it happens. Each test starts anew: breakers are closed, and nothing \
          has been counted. `seawall test` runs it; the filter takes no notice."),
    statements: &[
        Statement::new(
            "upstream",
            Seq(&[TARGET_NAME, Shape::Block(&UPSTREAM)]),
            "upstream backup { answer 429 3 times }",
            "From here on, the provider behind this target does this. Each target has a provider of its own, also those \
             that share a cluster.",
        )
        .absent("prompt, correct answers")
        .repeats(),
        Statement::new(
            "request",
            Shape::Block(&REQUEST),
            r#"request { model "gpt-4.1" }"#,
            "A request is made, and its answer waited for.",
        )
        .required()
        .repeats(),
        Statement::new("expect", Shape::Block(&EXPECT), "expect { status 200 }", "What came of the request above it.")
            .required()
            .repeats(),
        Statement::new("wait", duration(MS, HOUR), "wait 30s", "Time passes.").repeats(),
    ],
};

const TIMES: Shape = Maybe(&OneOf("number", &[Seq(&[count(1, 100_000), Fixed("times")]), Word("forever")]));
const ZERO_UP: Shape = duration(Duration::ZERO, HOUR);
/// What ends an exchange; 1xx would leave the caller waiting.
const STATUS: Shape = count(200, 599);
const HEADER_AND_VALUE: Shape = Seq(&[HEADER, text(Text::HeaderValue)]);

static UPSTREAM: Block = Block {
    word: "upstream",
    doc: doc("What a provider does, one line after the other: each holds for one request, unless it says for how many. \
          When all are through, answers are prompt and correct."),
    statements: &[
        Statement::new(
            "answer",
            Seq(&[
                STATUS,
                Maybe(&Seq(&[Fixed("after"), ZERO_UP])),
                Maybe(&Seq(&[Fixed("first_token"), ZERO_UP])),
                Maybe(&Seq(&[Fixed("between_tokens"), ZERO_UP])),
                Maybe(&Seq(&[Fixed("header"), List(&HEADER_AND_VALUE, 16, "headers")])),
                TIMES,
                Maybe(&Seq(&[Fixed("says"), OneOf("text", &[text(Text::Free), Shape::Leaf(Leaf::Inline)])])),
            ]),
            r#"answer 429 after 100ms header "retry-after" "2" 3 times"#,
            "An answer with this status, after so much time. In a stream, more time may pass before the first token, and \
             between any two. `says` is what the model says in a 200.",
        )
        .repeats(),
        Statement::new("reset", TIMES, "reset 2 times", "The connection breaks before an answer comes.").repeats(),
        Statement::new("cut", TIMES, "cut", "The connection breaks in the middle of a 200.").repeats(),
        Statement::new("malformed", TIMES, "malformed", "A 200 with JSON that stops in the middle.").repeats(),
        Statement::new("hang", TIMES, "hang forever", "No answer ever comes.").repeats(),
        Statement::new("refuse", NOTHING, "refuse", "Nobody listens: no connection can be made. Stands alone."),
    ],
};

static REQUEST: Block = Block {
    word: "request",
    doc: doc("A chat completion, unless it says otherwise."),
    statements: &[
        Statement::new(
            "method",
            text(Text::Method),
            r#"method "GET""#,
            "How it is made. A `GET` has no body, unless one is written.",
        )
        .default(r#""POST""#),
        Statement::new("path", text(Text::Path), r#"path "/v1/embeddings""#, "With its query, if need be.")
            .default(r#""/v1/chat/completions""#),
        Statement::new("header", HEADER_AND_VALUE, r#"header "x-tenant-id" "acme""#, "A header of it.")
            .absent("`content-type`, and no others")
            .repeats(),
        Statement::new("model", text(Text::Model), r#"model "gpt-4.1-mini""#, "The model it asks for.")
            .default(r#""gpt-4.1""#),
        Statement::new("stream", NOTHING, "stream", "Asks for a stream of events.").absent("one JSON answer"),
        Statement::new(
            "prompt",
            Shape::Leaf(Leaf::Size { max: 16 << 20 }),
            "prompt 64KiB",
            "How long the user's message is.",
        )
        .absent("a short one"),
        Statement::new(
            "body",
            Shape::Leaf(Leaf::Inline),
            "body <<JSON\n{}\nJSON",
            "The whole body, in place of a chat completion.",
        )
        .absent("made of the above"),
        Statement::new("times", count(1, 10_000), "times 20", "So many of it, one after the other.")
            .default("1"),
    ],
};

static EXPECT: Block = Block {
    word: "expect",
    doc: doc("What must have come of the request above; of each one, if there were several. What isn't named may be anything, \
          but an answer that breaks off is expected nowhere but with `cut`."),
    statements: &[
        Statement::new("status", STATUS, "status 200", "The status the caller got."),
        Statement::new(
            "target",
            TARGET_NAME,
            "target backup",
            "The target whose answer the caller got.",
        ),
        Statement::new(
            "attempts",
            Seq(&[count(0, 10), Maybe(&Seq(&[Fixed("at"), TARGET_NAME]))]),
            "attempts 2 at backup",
            "How many attempts were made, in all or at one target. One that found nobody listening counts too.",
        )
        .repeats(),
        Statement::new(
            "reason",
            OneOf("reason", REASONS),
            "reason failed_over",
            "Why the caller got this answer: what `x-seawall-reason` says.",
        ),
        Statement::new("passed", NOTHING, "passed", "No route took the request: it went through untouched."),
        Statement::new("cut", NOTHING, "cut", "The answer broke off before its end."),
        Statement::new(
            "header",
            Seq(&[HEADER, OneOf("value", &[Word("absent"), text(Text::HeaderValue)])]),
            r#"header "retry-after" "30""#,
            "A header of the answer has this value; or is `absent`.",
        )
        .repeats(),
        Statement::new(
            "output",
            OneOf("fate", &[Word("repaired"), Word("invalid"), Word("unchecked"), Word("absent")]),
            "output repaired",
            "What the route's `output` has made of the answer: what `x-seawall-output` begins with; or that it says nothing of it (`absent`).",
        ),
        Statement::new("body", text(Text::Free), r#"body "rate_limit""#, "The answer's body holds this.")
            .repeats(),
        Statement::new(
            "took",
            Seq(&[Fixed("at"), OneOf("bound", &[Word("least"), Word("most")]), ZERO_UP]),
            "took at most 5s",
            "How long the caller waited. Upper bounds hold in virtual time only: a real machine may be busy.",
        )
        .repeats(),
    ],
};

/// As the filter says them; a test of the filter compares.
const REASONS: &[Shape] = &[
    Word("ok"),
    Word("retried"),
    Word("failed_over"),
    Word("client_error"),
    Word("not_retried"),
    Word("attempts_spent"),
    Word("budget_spent"),
    Word("deadline_exceeded"),
    Word("retry_after_too_long"),
    Word("breaker_open"),
    Word("body_too_large"),
    Word("body_invalid"),
    Word("body_missing"),
    Word("no_capable_target"),
    Word("overloaded"),
    Word("limit_reached"),
    Word("conversation_spent"),
    Word("loop_detected"),
    Word("contract_exceeded"),
    Word("invalid_output"),
    Word("health"),
];
