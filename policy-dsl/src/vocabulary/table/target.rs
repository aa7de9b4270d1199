//! `target` and `group`.

use super::super::{Block, Leaf, Shape, Statement, Text};
use super::{RATE, TARGET_NAME, money, text, tokens};
use crate::doc;
use Shape::{Fixed, List, OneOf, Seq, Word};

const TARGET_SHAPE: Shape = Seq(&[Shape::Leaf(Leaf::Define("target")), Shape::Block(&BODY)]);

pub(super) const TARGET: Statement = Statement::new(
    "target",
    TARGET_SHAPE,
    r#"target example { cluster "example"  provider openai }"#,
    "One place an attempt can be sent to.",
)
.repeats();

static BODY: Block = Block {
    word: "target",
    doc: doc("One place an attempt can be sent to: an Envoy cluster and how to speak to what is behind it."),
    statements: &[
        Statement::new(
            "like",
            TARGET_NAME,
            "like openai_east",
            "Takes over every statement of another target that isn't written here.",
        )
        .absent("nothing is taken over"),
        Statement::new(
            "cluster",
            text(Text::Cluster),
            r#"cluster "openai-east""#,
            "The Envoy cluster.",
        )
        .required(),
        Statement::new(
            "provider",
            PROVIDER,
            "provider openai",
            "The wire dialect that the target speaks: how its errors, limits, streams and counts of tokens are read, and how \
             errors of the filter's own are written. Nothing is translated, so the targets of a route speak one dialect. \
             Mistral, vLLM and most others speak `openai`.",
        )
        .required(),
        Statement::new("host", text(Text::Host), r#"host "api.openai.com""#, "Becomes `:authority`.")
            .absent("the caller's"),
        Statement::new("path", text(Text::Path), r#"path "/v1/chat/completions""#, "Becomes `:path`.")
            .absent("the caller's"),
        Statement::new(
            "auth",
            Shape::Leaf(Leaf::Auth),
            "auth bearer env.OPENAI_API_KEY",
            "Credentials, read from an environment variable of the proxy: `authorization: Bearer …`, or a header. The caller's own don't go to this target then.",
        )
        .absent("the caller's"),
        Statement::new(
            "model",
            text(Text::Model),
            r#"model "gpt-4.1""#,
            "Replaces the `model` of the request's body.",
        )
        .absent("the caller's"),
        Statement::new(
            "context",
            tokens(),
            "context 128k tokens",
            "The context window: input and output together. A request that doesn't fit isn't sent here.",
        )
        .absent("unknown, every request is sent"),
        Statement::new(
            "price",
            PRICE,
            "price $2 in, $0.50 cached, $8 out per 1M tokens",
            "What tokens cost here: of the prompt, of its cached part, of the answer.",
        )
        .absent("unknown, rules about cost can't hold here"),
        Statement::new(
            "quota",
            List(&RATE, 4, "rates"),
            "quota 2M tokens/min, 10k requests/min",
            "What the provider grants, over all routes and workers. When it is used up, the target is skipped before the \
             provider refuses, while another is left; so it is when the provider's own headers say that less is left. What \
             they say of a caller's own key, where the target has no `auth`, counts only if it is reset within 60s.",
        )
        .absent("what the provider's headers say"),
        Statement::new(
            "lacks",
            List(&CAPABILITY, 6, "capabilities"),
            "lacks vision, tools",
            "What it can't do: images in messages, tools, answers in JSON, streams, answers begun by the caller, the \
             request's `stream_options`, which Mistral and older servers refuse. A request that needs one of these isn't \
             sent here; and a stream is asked for its usage only where they are taken.",
        )
        .absent("nothing, every request is sent"),
    ],
};

const PROVIDER: Shape =
    OneOf("provider", &[Word("openai"), Word("azure"), Word("anthropic"), Word("gemini"), Word("bedrock")]);

const CAPABILITY: Shape = OneOf(
    "capability",
    &[Word("vision"), Word("tools"), Word("json"), Word("stream"), Word("prefill"), Word("stream_options")],
);

const PRICE: Shape = Seq(&[List(&ONE_PRICE, 3, "prices"), Fixed("per 1M tokens")]);
const ONE_PRICE: Shape =
    Seq(&[money(10_000), OneOf("kind of token", &[Word("in"), Word("cached"), Word("out")])]);

const GROUP_SHAPE: Shape = Seq(&[Shape::Leaf(Leaf::Define("group")), Shape::Block(&MEMBERS)]);

pub(super) const GROUP: Statement = Statement::new(
    "group",
    GROUP_SHAPE,
    "group azure_eastus { openai_east, openai_west }",
    "Targets that share something, such as the cap of a region.",
)
.repeats();

static MEMBERS: Block = Block {
    word: "group",
    doc: doc(
        "Targets that share something, such as the cap of a region. A `limit per group` holds for all of them together.",
    ),
    statements: &[Statement::new(
        "",
        List(&TARGET_NAME, 1_000, "targets"),
        "openai_east, openai_west",
        "Its members.",
    )
    .required()
    .repeats()],
};
