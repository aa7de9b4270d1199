//! What is done with a share of the answers after they were delivered: `judge` and `drift`.

use super::super::{Leaf, Shape, Statement};
use super::output::DOCUMENT;
use super::{TARGET_NAME, percent};
use Shape::{Fixed, Seq};

pub(super) const JUDGE: Statement = Statement::new(
    "judge",
    Seq(&[percent(0, 10_000), Fixed("by"), TARGET_NAME, Fixed("prompt"), DOCUMENT]),
    r#"judge 2% by backup prompt file "judge.txt""#,
    "Has so many answers scored from 0 to 1 by another target, after they were delivered.",
)
.later();

pub(super) const DRIFT: Statement = Statement::new(
    "drift",
    Seq(&[
        percent(0, 10_000),
        Fixed("by"),
        TARGET_NAME,
        Fixed("alert"),
        Shape::Leaf(Leaf::Share { max: 10_000 }),
    ]),
    "drift 1% by backup alert 0.15",
    "Compares the embeddings of so many answers, and tells when they move this far.",
)
.later();
