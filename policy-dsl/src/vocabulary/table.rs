//! The table itself, one file for each part of a policy. Order is the order of the reference.

use std::time::Duration;

use super::Block;
use super::shape::{Durations, Leaf, Shape, Text};
use crate::doc;
use crate::policy::Trigger;

mod contract;
mod failures;
mod health;
mod limits;
mod output;
mod route;
mod sampling;
mod target;
mod test;

/// Statuses after which the same request may succeed later or elsewhere.
pub const STATUSES: &[u16] = &[408, 429, 500, 502, 503, 504, 529];
/// Failures without a status of their own.
pub const TRIGGERS: &[(&str, Trigger)] = &[
    ("timeout", Trigger::Timeout),
    ("connect", Trigger::Connect),
    ("reset", Trigger::Reset),
    ("invalid_output", Trigger::InvalidOutput),
    ("content_policy", Trigger::ContentPolicy),
    ("model_not_found", Trigger::ModelNotFound),
];

/// Languages that answers can be told to be in, by their codes in [ISO 639-1](https://www.loc.gov/standards/iso639-2/php/code_list.php).
pub const LANGUAGES: &[(&str, &str)] = &[
    ("ar", "Arabic"),
    ("bg", "Bulgarian"),
    ("bn", "Bengali"),
    ("cs", "Czech"),
    ("da", "Danish"),
    ("de", "German"),
    ("el", "Greek"),
    ("en", "English"),
    ("es", "Spanish"),
    ("fa", "Persian"),
    ("fi", "Finnish"),
    ("fr", "French"),
    ("he", "Hebrew"),
    ("hi", "Hindi"),
    ("hu", "Hungarian"),
    ("id", "Indonesian"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ko", "Korean"),
    ("nl", "Dutch"),
    ("no", "Norwegian"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("ro", "Romanian"),
    ("ru", "Russian"),
    ("sv", "Swedish"),
    ("th", "Thai"),
    ("tr", "Turkish"),
    ("uk", "Ukrainian"),
    ("vi", "Vietnamese"),
    ("zh", "Chinese"),
];

/// Everything a policy can define.
pub static POLICY: Block = Block {
    word: "policy",
    doc: doc("What a policy is made of, behind its first line."),
    statements: &[
        target::TARGET,
        target::GROUP,
        limits::TENANT,
        limits::TIER,
        limits::LIMIT,
        failures::BREAKER,
        failures::RETRY,
        route::ROUTE,
        health::HEALTH,
        test::TEST,
    ],
};

const NOTHING: Shape = Shape::Seq(&[]);
const TARGET_NAME: Shape = Shape::Leaf(Leaf::Name("target"));
const HEADER: Shape = Shape::Leaf(Leaf::Text(Text::Header));
const LABEL: Shape = Shape::Leaf(Leaf::Text(Text::Label));
const PERCENTILE: Shape = Shape::Leaf(Leaf::Percentile);
const PATTERN: Shape = Shape::Leaf(Leaf::Pattern);
const AT_MOST: Shape = Shape::Sign("<=");
const RATE: Shape = Shape::Leaf(Leaf::Rate);

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
/// A month.
const DAYS: Duration = Duration::from_secs(30 * 86_400);

const fn duration(min: Duration, max: Duration) -> Shape {
    Shape::Leaf(Leaf::Duration(Durations { min, max }))
}

const fn count(min: u32, max: u32) -> Shape {
    Shape::Leaf(Leaf::Count { min, max })
}

/// In basis points.
const fn percent(min: u32, max: u32) -> Shape {
    Shape::Leaf(Leaf::Percent { min, max })
}

/// In hundredths.
const fn factor(min: u32, max: u32) -> Shape {
    Shape::Leaf(Leaf::Factor { min, max })
}

const fn tokens() -> Shape {
    Shape::Leaf(Leaf::Tokens { max: 100_000_000 })
}

/// Up to so many dollars.
const fn money(max: u64) -> Shape {
    Shape::Leaf(Leaf::Money { max: max * 1_000_000 })
}

const fn text(kind: Text) -> Shape {
    Shape::Leaf(Leaf::Text(kind))
}
