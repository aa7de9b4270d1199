//! The shapes that values of statements have, as data.

use std::time::Duration;

use super::Block;

/// What stands behind a statement's word. All bounds are inclusive.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// These words must stand here; they carry no meaning of their own: `of at least`.
    Fixed(&'static str),
    /// A sign, such as `>` or `..`.
    Sign(&'static str),
    /// A word that is a value.
    Word(&'static str),
    Leaf(Leaf),
    /// One after the other.
    Seq(&'static [Shape]),
    /// One of these, told apart by their first token. The name is what messages call it.
    OneOf(&'static str, &'static [Shape]),
    /// May be left out.
    Maybe(&'static Shape),
    /// At least one and at most so many, with commas in between, no two the same. The name is what messages call them.
    List(&'static Shape, usize, &'static str),
    /// `{ … }`
    Block(&'static Block),
}

/// A value that is written as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// The name that a block gets.
    Define(&'static str),
    /// The name of a block of this kind.
    Name(&'static str),
    /// What a test is called.
    Title,
    Count {
        min: u32,
        max: u32,
    },
    Duration(Durations),
    /// In basis points (1% = 100).
    Percent {
        min: u32,
        max: u32,
    },
    /// A multiple such as `3x`, in hundredths.
    Factor {
        min: u32,
        max: u32,
    },
    /// A number with a point, such as `0.15`, in ten-thousandths.
    Share {
        max: u32,
    },
    /// Counts of tokens such as `128k tokens`.
    Tokens {
        max: u64,
    },
    /// Counts of characters such as `4k characters`.
    Characters {
        max: u32,
    },
    /// In micro-dollars.
    Money {
        max: u64,
    },
    /// In bytes.
    Size {
        max: u64,
    },
    /// `90k tokens/min`, `500 requests/min`, `32 concurrent` or `$50/day`.
    Rate,
    /// `3/s`
    PerSecond {
        max: u32,
    },
    Percentile,
    Text(Text),
    /// The path of a `match`; a `*` may end it.
    PathMatch,
    /// `bearer env.NAME` or `header "name" env.NAME`.
    Auth,
    /// A status or a kind of failure after which a retry can help.
    Trigger,
    /// The code of a language that people speak: `en`.
    Language,
    /// CEL between backticks.
    Condition,
    /// A regular expression between slashes.
    Pattern,
    /// Text written in place: `<<JSON` to a line `JSON`.
    Inline,
}

/// What a string is used for, as that decides what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    Cluster,
    Host,
    /// An address, or all that begin alike: `10.0.0.0/8`.
    Network,
    Path,
    Model,
    /// A header's name.
    Header,
    /// A header's value.
    HeaderValue,
    /// Whatever people call something: a tenant, a claim, a test.
    Label,
    /// A file beside the policy, which `seawall bundle` puts in its place.
    File,
    Method,
    Free,
}

/// From `min` to `max`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durations {
    pub min: Duration,
    pub max: Duration,
}

impl Shape {
    /// The block that stands at its end.
    #[must_use]
    pub fn block(&self) -> Option<&'static Block> {
        match self {
            Shape::Block(block) => Some(block),
            Shape::Seq(parts) => parts.last().and_then(Shape::block),
            Shape::Maybe(inner) => inner.block(),
            _ => None,
        }
    }

    /// Its leaves in order, also those of alternatives.
    pub fn each_leaf(&self, see: &mut dyn FnMut(Leaf)) {
        match self {
            Shape::Leaf(leaf) => see(*leaf),
            Shape::Seq(parts) | Shape::OneOf(_, parts) => {
                for part in *parts {
                    part.each_leaf(see);
                }
            }
            Shape::Maybe(inner) | Shape::List(inner, ..) => inner.each_leaf(see),
            Shape::Fixed(_) | Shape::Sign(_) | Shape::Word(_) | Shape::Block(_) => {}
        }
    }
}
