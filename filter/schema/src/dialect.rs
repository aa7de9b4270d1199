//! The drafts of JSON Schema, and where in a schema other schemas stand.

/// A draft of JSON Schema, in the order of their publication.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Dialect {
    Draft4,
    Draft6,
    Draft7,
    Draft2019,
    #[default]
    Draft2020,
}

use Dialect::{Draft4, Draft6, Draft7, Draft2019, Draft2020};

impl Dialect {
    /// By the value of `$schema`.
    pub(crate) fn of(uri: &str) -> Option<Self> {
        let uri = uri.strip_suffix('#').unwrap_or(uri);
        let rest = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://"))?;
        Some(match rest {
            "json-schema.org/draft-04/schema" => Draft4,
            "json-schema.org/draft-06/schema" => Draft6,
            "json-schema.org/draft-07/schema" => Draft7,
            "json-schema.org/draft/2019-09/schema" => Draft2019,
            "json-schema.org/draft/2020-12/schema" => Draft2020,
            _ => return None,
        })
    }

    /// The keyword that gives a schema its URI.
    pub(crate) fn id(self) -> &'static str {
        if self == Draft4 { "id" } else { "$id" }
    }

    /// `$ref` makes all keywords beside it void.
    pub(crate) fn ref_is_alone(self) -> bool {
        self <= Draft7
    }
}

/// What schemas a keyword holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Holds {
    One,
    List,
    /// One or a list.
    Either,
    Map,
}

/// The keywords that hold schemas, from the first to the last draft that has them so.
const HOLDERS: [(&str, Holds, Dialect, Dialect); 23] = [
    ("$defs", Holds::Map, Draft2019, Draft2020),
    ("additionalItems", Holds::One, Draft4, Draft2019),
    ("additionalProperties", Holds::One, Draft4, Draft2020),
    ("allOf", Holds::List, Draft4, Draft2020),
    ("anyOf", Holds::List, Draft4, Draft2020),
    ("contains", Holds::One, Draft6, Draft2020),
    ("contentSchema", Holds::One, Draft2019, Draft2020),
    ("definitions", Holds::Map, Draft4, Draft2020),
    ("dependencies", Holds::Map, Draft4, Draft2020),
    ("dependentSchemas", Holds::Map, Draft2019, Draft2020),
    ("else", Holds::One, Draft7, Draft2020),
    ("if", Holds::One, Draft7, Draft2020),
    ("items", Holds::Either, Draft4, Draft2019),
    ("items", Holds::One, Draft2020, Draft2020),
    ("not", Holds::One, Draft4, Draft2020),
    ("oneOf", Holds::List, Draft4, Draft2020),
    ("patternProperties", Holds::Map, Draft4, Draft2020),
    ("prefixItems", Holds::List, Draft2020, Draft2020),
    ("properties", Holds::Map, Draft4, Draft2020),
    ("propertyNames", Holds::One, Draft6, Draft2020),
    ("then", Holds::One, Draft7, Draft2020),
    ("unevaluatedItems", Holds::One, Draft2019, Draft2020),
    ("unevaluatedProperties", Holds::One, Draft2019, Draft2020),
];

/// What schemas this keyword holds in this draft, if any.
pub(crate) fn holds(keyword: &str, dialect: Dialect) -> Option<Holds> {
    HOLDERS
        .iter()
        .find(|(known, _, first, last)| *known == keyword && (*first..=*last).contains(&dialect))
        .map(|(_, holds, ..)| *holds)
}
