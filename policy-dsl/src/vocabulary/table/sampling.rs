//! What is looked at in some answers after they were delivered: `judge`, `drift`, `audit`.

use super::super::{Leaf, Shape, Statement, Text};
use super::output::DOCUMENT;
use super::{RATE, TARGET_NAME, percent, text};
use Shape::{Fixed, Maybe, Seq};

const SHARE: Shape = percent(0, 10_000);

/// What the calls may cost; [`DEFAULT_BUDGET`](crate::policy::DEFAULT_BUDGET) where nothing is said.
const BUDGET: Shape = Maybe(&Seq(&[Fixed("budget"), RATE]));

pub(super) const JUDGE: Statement = Statement::new(
    "judge",
    Seq(&[SHARE, Fixed("by"), TARGET_NAME, BUDGET, Fixed("prompt"), DOCUMENT]),
    r#"judge 2% by backup budget $5/day prompt file "judge.txt""#,
    "Has so many answers scored from 0 to 1 by another target, after they were delivered: never more than this share, never for \
     more than the `budget` ($1/day unless it says otherwise), and with nothing of the route's own limits and retries. The \
     prompt says what is good; question and answer are sent with it as data. The target needs a `model` and a `price`, and \
     its reply must be one number, or an object in JSON with that as its only member `score`, and nothing else. A score under \
     0.5 is a bad answer to a breaker that watches `quality`, which counts apart those that were looked at, in a window of five \
     minutes to two hours. What is usual of them is known once that has moved on twice with at least 20 each.",
);

pub(super) const DRIFT: Statement = Statement::new(
    "drift",
    Seq(&[SHARE, Fixed("by"), TARGET_NAME, BUDGET, Fixed("alert"), Shape::Leaf(Leaf::Share { max: 10_000 })]),
    "drift 1% by backup alert 0.15",
    "Has so many answers embedded by a target that is a model for embeddings (`openai` or `azure`, with a `model` and a `price`), and \
     tells when their middle has moved this far from where it used to be: a cosine distance, by target and model. The first 32 \
     answers say where that is. While it is exceeded they count as bad answers to a breaker that watches `quality`, together with those \
     that a judge has scored.",
);

pub(super) const AUDIT: Statement = Statement::new(
    "audit",
    Seq(&[SHARE, Fixed("to"), text(Text::Cluster), Maybe(&Seq(&[Fixed("path"), text(Text::Path)]))]),
    r#"audit 1% to "collector" path "/v1/audit""#,
    "Sends so many requests with their answers to an HTTP sink in this cluster, as lines of JSON, some at a time: without what looks \
     like an e-mail address, a telephone number, a card's or an account's number, or a key. What the sink doesn't take is lost \
     and counted.",
);
