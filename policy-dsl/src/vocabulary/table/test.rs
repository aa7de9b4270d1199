//! `test`: requests, what providers do, and what must come of it. `seawall test` runs them; the filter leaves them out.

use std::time::Duration;

use super::super::{Block, Leaf, Shape, Statement, Text};
use super::{HEADER, HOUR, MS, NOTHING, TARGET_NAME, count, duration, text};
use Shape::{Fixed, Maybe, OneOf, Seq, Word};

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
    doc: "What the policy must do, in the order in which it happens. `seawall test` runs it; the filter takes no notice.",
    statements: &[
        Statement::new(
            "upstream",
            Seq(&[TARGET_NAME, Shape::Block(&UPSTREAM)]),
            "upstream backup { answer 429 3 times }",
            "From here on, the provider behind this target answers like this.",
        )
        .absent("prompt, correct answers")
        .repeats(),
        Statement::new(
            "request",
            Shape::Block(&REQUEST),
            r#"request { model "gpt-4.1" }"#,
            "A request is made.",
        )
        .required()
        .repeats(),
        Statement::new(
            "expect",
            Shape::Block(&EXPECT),
            "expect { status 200 }",
            "What came of the request above it.",
        )
        .repeats(),
        Statement::new("wait", duration(MS, HOUR), "wait 30s", "Time passes.").repeats(),
    ],
};

const TIMES: Shape = Maybe(&OneOf("number", &[Seq(&[count(1, 100_000), Fixed("times")]), Word("forever")]));
const ZERO_UP: Shape = duration(Duration::ZERO, HOUR);

static UPSTREAM: Block = Block {
    word: "upstream",
    doc: "What a provider does, request by request. When the list is through, answers are prompt and correct.",
    statements: &[
        Statement::new(
            "answer",
            Seq(&[
                count(100, 599),
                Maybe(&Seq(&[Fixed("after"), ZERO_UP])),
                Maybe(&Seq(&[Fixed("first_token"), ZERO_UP])),
                Maybe(&Seq(&[Fixed("header"), HEADER, text(Text::HeaderValue)])),
                TIMES,
            ]),
            r#"answer 429 after 100ms header "retry-after" "2" 3 times"#,
            "An answer with this status, after so much time.",
        )
        .repeats(),
        Statement::new("reset", TIMES, "reset 2 times", "The connection breaks before an answer comes.")
            .repeats(),
        Statement::new("cut", TIMES, "cut", "The connection breaks in the middle of the answer.").repeats(),
        Statement::new("malformed", TIMES, "malformed", "A 200 with JSON that stops in the middle.")
            .repeats(),
        Statement::new("hang", TIMES, "hang forever", "No answer ever comes.").repeats(),
        Statement::new(
            "refuse",
            NOTHING,
            "refuse",
            "Nobody listens: no connection can be made. Stands alone.",
        )
        .repeats(),
    ],
};

static REQUEST: Block = Block {
    word: "request",
    doc: "A chat completion, unless it says otherwise.",
    statements: &[
        Statement::new("method", text(Text::Method), r#"method "GET""#, "").default(r#""POST""#),
        Statement::new("path", text(Text::Free), r#"path "/v1/embeddings""#, "With its query, if need be.")
            .default(r#""/v1/chat/completions""#),
        Statement::new(
            "header",
            Seq(&[HEADER, text(Text::HeaderValue)]),
            r#"header "x-tenant-id" "acme""#,
            "",
        )
        .absent("those of an SDK")
        .repeats(),
        Statement::new("model", text(Text::Model), r#"model "gpt-4.1-mini""#, "").default(r#""gpt-4.1""#),
        Statement::new("stream", NOTHING, "stream", "Asks for a stream of events.").absent("one JSON answer"),
        Statement::new(
            "body",
            Shape::Leaf(Leaf::Inline),
            "body <<JSON\n{}\nJSON",
            "The whole body, in place of a chat completion.",
        ),
        Statement::new("times", count(1, 10_000), "times 20", "So many, one after the other.").default("1"),
    ],
};

static EXPECT: Block = Block {
    word: "expect",
    doc: "What must have come of the request above; of each one, if there were several. What isn't named may be anything.",
    statements: &[
        Statement::new("status", count(100, 599), "status 200", "The status the caller got."),
        Statement::new("target", TARGET_NAME, "target backup", "The target whose answer the caller got."),
        Statement::new(
            "attempts",
            Seq(&[count(0, 10), Maybe(&Seq(&[Fixed("at"), TARGET_NAME]))]),
            "attempts 2 at backup",
            "How many attempts were made, in all or at one target.",
        )
        .repeats(),
        Statement::new(
            "header",
            Seq(&[HEADER, text(Text::HeaderValue)]),
            r#"header "retry-after" "30""#,
            "A header of the answer.",
        )
        .repeats(),
        Statement::new("body", text(Text::Free), r#"body "rate_limit""#, "The answer's body holds this.")
            .repeats(),
        Statement::new(
            "took",
            Seq(&[Fixed("at"), OneOf("bound", &[Word("least"), Word("most")]), ZERO_UP]),
            "took at most 5s",
            "How long the caller waited.",
        )
        .repeats(),
    ],
};
