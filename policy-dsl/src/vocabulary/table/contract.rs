//! What a request may use: `contract`.

use std::time::Duration;

use super::super::{Block, Leaf, Shape, Statement};
use super::{AT_MOST, HEADER, LABEL, PERCENTILE, TARGET_NAME};
use super::{count, duration, factor, money, percent, tokens};
use crate::doc;
use Shape::{Fixed, List, Maybe, OneOf, Seq, Word};

pub(super) static CONTRACT: Block = Block {
    word: "contract",
    doc: doc(
        "What one request may use. What doesn't fit is refused before it costs anything, with the number that was counted.",
    ),
    statements: &[
        Statement::new(
            "input",
            Seq(&[
                AT_MOST,
                tokens(),
                Maybe(&Seq(&[
                    Fixed("else"),
                    OneOf(
                        "action",
                        &[
                            Word("reject"),
                            Seq(&[Word("trim"), Fixed("oldest")]),
                            Seq(&[Word("use"), TARGET_NAME]),
                        ],
                    ),
                ])),
            ]),
            "input <= 32k tokens else reject",
            "Most tokens of the prompt, as the first target's model counts them. A longer one is refused (`reject`); or its oldest \
             turns are left out (`trim oldest`), but for instructions, the last that the user says and the last round, and no \
             call of a tool without its result, which the answer's header `x-seawall-trimmed` tells; or another target takes \
             it in place of the plan (`use`). What can't be read as a prompt counts by its length; uploads and requests that \
             only count tokens are let through. Where anything depends on what requests bring or ask for (`input`, `output`, `cost`, `turns`, \
             `loops`, limits of tokens or money), a compressed body is refused with 415, and a batch with 400.",
        ),
        Statement::new(
            "output",
            Seq(&[AT_MOST, tokens()]),
            "output <= 2k tokens",
            "Most tokens of the answer: lowers `max_tokens`, or what the dialect calls it, and sets it when absent. Of several choices \
             (`n`) each may have as many. A body that is no JSON goes unchanged. What Anthropic's models \
             may think (`thinking.budget_tokens`) is lowered with it, down to 1,024; a smaller bound is refused there.",
        ),
        Statement::new(
            "cost",
            Seq(&[AT_MOST, money(10_000)]),
            "cost <= $0.25",
            "Most that one attempt may cost, all its choices (`n`) together, by the price of its target. The answer's bound is lowered to what the prompt leaves, or \
             set: a model that can't write as much may refuse that, so say `output` as well. A target where the prompt \
             leaves too little for an answer isn't tried, and where all are such the request is refused. Of a body that is no JSON only \
             the prompt counts, by its length.",
        ),
        Statement::new(
            "turns",
            Seq(&[AT_MOST, count(1, 10_000)]),
            "turns <= 20",
            "Most messages of a request, instructions and results of tools among them. More are refused. In a body that is no JSON they aren't \
             counted.",
        ),
        Statement::new(
            "body",
            Seq(&[AT_MOST, Shape::Leaf(Leaf::Size { max: 64 << 20 })]),
            "body <= 4MiB",
            "Longest request body. No route takes more than 10MiB.",
        ),
        Statement::new(
            "conversation",
            Seq(&[
                AT_MOST,
                List(&SHARE_OF_CONVERSATION, 2, "amounts"),
                Fixed("by"),
                OneOf("source", &[Seq(&[Word("header"), HEADER]), Seq(&[Word("metadata"), LABEL, LABEL])]),
                Maybe(&Seq(&[Fixed("warn"), percent(1, 10_000)])),
            ]),
            r#"conversation <= $5, 40 requests by header "x-conversation-id""#,
            "Most that all requests of a conversation in this route may cost, and most that there may be. A conversation is what has \
             the same value of this header, or under this namespace and key of Envoy's dynamic metadata (a text, or a whole number), and comes from the same \
             tenant; a request without it belongs to none. One that was silent for a day begins anew. What is beyond is refused, \
             and not to be retried.",
        ),
        Statement::new(
            "loops",
            Seq(&[AT_MOST, count(1, 20)]),
            "loops <= 3",
            "Most times that an agent may repeat tool calls: the same tool with the same arguments, however they are written, or up to \
             eight calls in turns. Read from the conversation that a request brings along; a message of the user's ends the row, and so \
             does a call with another result than the last time: who asks until something is done learns something. Calls made at \
             once count once. A request with more is refused and not to be retried.",
        ),
        Statement::new(
            "latency",
            // What is shorter or longer isn't told apart where it is counted.
            Seq(&[PERCENTILE, AT_MOST, duration(Duration::from_millis(8), Duration::from_secs(480))]),
            "latency p95 <= 8s",
            "Tells when requests take longer from their arrival to the end of their answer, of a stream to its first content: in \
             the log, as a metric, and on the health page. Refuses nothing.",
        ),
        Statement::new(
            "failover",
            Seq(&[Fixed("cost"), AT_MOST, factor(100, 100_000)]),
            "failover cost <= 3x",
            "How much dearer than the first target another may be, by what this request is expected to cost there (an answer of \
             512 tokens, unless it may have fewer) and by what it costs with as long an answer as the request or the plan allows. \
             Those that are dearer by either aren't tried. Where nothing bounds the answer, a longer one may cost more.",
        ),
    ],
};

const SHARE_OF_CONVERSATION: Shape =
    OneOf("amount", &[Seq(&[count(1, 1_000_000), Fixed("requests")]), money(1_000_000)]);
