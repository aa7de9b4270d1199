//! What an answer must be like: `output`.

use super::super::{Block, Leaf, Shape, Statement, Text};
use super::{AT_MOST, LABEL, PATTERN, count, text};
use crate::doc;
use Shape::{Fixed, List, OneOf, Seq, Word};

pub(super) static OUTPUT: Block = Block {
    word: "output",
    doc: doc(
        "What an answer must be like, and what happens when it isn't. Each choice of an answer (`n`) must be so. What the model \
         reasons before it answers is no part of it.",
    ),
    statements: &[
        Statement::new(
            "schema",
            OneOf("schema", &[FILE, INLINE, Seq(&[Word("from"), Fixed("request")])]),
            r#"schema file "answer.schema.json""#,
            "The JSON Schema that an answer must fit: of a draft from 4 to 2020-12, formats asserted, references only within it. An \
             answer that calls tools need not, nor one that is refused. `schema from request`: the schema of the request's format \
             holds too, and those of its tools for the arguments of calls, whatever the model. Both may stand.",
        )
        .repeats(),
        Statement::new(
            "invalid",
            List(&ACTIONS, 5, "actions"),
            "invalid repair, retry 1, then fail_over",
            "What is done with an answer that doesn't fit, one after the other: `repair` what can be without inventing anything; \
             `retry` at the same target, with what was wrong as one more message; `fail_over` to the next target; `reject` it, \
             which tells where it doesn't fit; or `pass` it on, marked. When all have failed it is rejected. Attempts, \
             deadline and cost bound them all.",
        )
        .default("reject"),
        Statement::new(
            "deny",
            PATTERN,
            "deny /(?i)as an ai language model/",
            "An answer in which this is found doesn't fit. `(?i)` at the beginning ignores case.",
        )
        .repeats(),
        Statement::new(
            "require",
            PATTERN,
            r"require /\bSource: /",
            "An answer in which this isn't found doesn't fit. `(?i)` at the beginning ignores case.",
        )
        .repeats(),
        Statement::new(
            "fields",
            List(&LABEL, 64, "fields"),
            r#"fields "title", "body", "tags""#,
            "The members that an answer may have, which must be an object in JSON or an array of them; not what is within these.",
        )
        .absent("any"),
        Statement::new(
            "length",
            Seq(&[OneOf("bound", &[Word(">="), Word("<=")]), Shape::Leaf(Leaf::Characters { max: 10_000_000 })]),
            "length <= 4k characters",
            "Least (`>=`) or most (`<=`) characters of an answer's text. Both may stand. `length >= 1 characters` finds empty \
             answers; one that calls tools isn't empty.",
        )
        .repeats()
        .absent("any length"),
        Statement::new(
            "language",
            OneOf(
                "language",
                &[
                    Seq(&[Word("of"), Fixed("request")]),
                    List(&Shape::Leaf(Leaf::Language), 16, "languages"),
                ],
            ),
            "language en, de",
            "The languages that an answer may be in, by their codes in ISO 639-1; or `of request`, that in which the user has asked \
             last. What is too short to tell, or code, fits.",
        )
        .absent("any language"),
        Statement::new(
            "finish",
            List(&OneOf("end", FINISH), 5, "ends"),
            "finish stop, tool_calls",
            "How an answer may end, whatever its dialect calls that: the model was done (`stop`), had written all that it may \
             (`length`: the answer is cut off), calls tools (`tool_calls`), declined or was stopped by a content filter \
             (`refused`), or anything else (`other`).",
        )
        .absent("anyhow"),
        Statement::new(
            "refusals",
            OneOf("action", &[Word("deny"), Word("pass")]),
            "refusals deny",
            "Whether an answer that is a refusal doesn't fit: one that says so by its dialect.",
        )
        .default("pass"),
        Statement::new(
            "tools",
            OneOf("tools", &[Word("declared"), Word("any")]),
            "tools declared",
            "Whether an answer may only call tools that its request declares, with arguments that are JSON.",
        )
        .default("any"),
        Statement::new(
            "repeats",
            Seq(&[AT_MOST, count(1, 1_000)]),
            "repeats <= 5",
            "Most times that a passage of an answer may follow itself: models fall into loops. One of less \
             than 16 bytes counts where it fills half a KiB, one of less than 8 or without a letter where it fills 2 KiB.",
        )
        .absent("any number"),
        Statement::new(
            "hopeless",
            OneOf("action", &[Word("end"), Word("pass")]),
            "hopeless end",
            "What is done with a stream that can't become valid any more, when some of it was delivered: it is ended with an \
             error, or goes on.",
        )
        .default("pass"),
        super::sampling::JUDGE,
        super::sampling::DRIFT,
        super::sampling::AUDIT,
    ],
};

/// What is written in a file or in the policy itself.
pub(super) const DOCUMENT: Shape = OneOf("document", &[FILE, INLINE]);
const FILE: Shape = Seq(&[Word("file"), text(Text::File)]);
const INLINE: Shape = Shape::Leaf(Leaf::Inline);

const FINISH: &[Shape] = &[Word("stop"), Word("length"), Word("tool_calls"), Word("refused"), Word("other")];

const ACTIONS: Shape = OneOf(
    "action",
    &[
        Seq(&[Fixed("then"), OneOf("action", ACTION)]),
        Word("repair"),
        Seq(&[Word("retry"), count(1, 5)]),
        Word("fail_over"),
        Word("reject"),
        Word("pass"),
    ],
);

const ACTION: &[Shape] =
    &[Word("repair"), Seq(&[Word("retry"), count(1, 5)]), Word("fail_over"), Word("reject"), Word("pass")];
