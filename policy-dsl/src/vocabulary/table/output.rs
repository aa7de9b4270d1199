//! What an answer must be like: `output`.

use super::super::{Block, Leaf, Shape, Statement, Text};
use super::{PATTERN, count, text};
use crate::doc;
use Shape::{Fixed, List, OneOf, Seq, Word};

pub(super) static OUTPUT: Block = Block {
    word: "output",
    doc: doc("What an answer must be like, and what happens when it isn't."),
    statements: &[
        Statement::new(
            "schema",
            DOCUMENT,
            r#"schema file "answer.schema.json""#,
            "The JSON Schema that an answer must fit.",
        )
        .later(),
        Statement::new(
            "invalid",
            List(&ACTIONS, 5, "actions"),
            "invalid repair, retry 1, then fail_over",
            "What is done with an answer that doesn't fit, one after the other.",
        )
        .default("reject")
        .later(),
        Statement::new(
            "deny",
            PATTERN,
            "deny /(?i)as an ai language model/",
            "An answer in which this is found doesn't fit.",
        )
        .repeats()
        .later(),
        Statement::new(
            "require",
            PATTERN,
            r"require /\bSource: /",
            "An answer in which this isn't found doesn't fit.",
        )
        .repeats()
        .later(),
        super::sampling::JUDGE,
        super::sampling::DRIFT,
        super::sampling::AUDIT,
    ],
};

/// What is written in a file or in the policy itself.
pub(super) const DOCUMENT: Shape =
    OneOf("document", &[Seq(&[Word("file"), text(Text::File)]), Shape::Leaf(Leaf::Inline)]);

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
