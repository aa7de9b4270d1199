//! What an answer must be like: whether what a model says fits the rules of its route, and what can be mended.
//!
//! | part | does |
//! |---|---|
//! | [`Content`] | what an answer says, whatever its dialect: texts, refusals and calls, choice by choice |
//! | [`Reading`], [`Collector`] | read a content, from an answer that is here in full or on its way; the former writes repaired ones |
//! | [`Asked`] | what the request asks of its answer: a format, tools; schemas are kept in a [`SchemaCache`] |
//! | [`Rules`] | what the route's `output` asks; finds the [`Breach`]es of a content, and repairs what it can |
//! | [`told`] | breaches in words, for the model and for the caller |
//!
//! Nothing here knows of attempts. What follows a breach (`invalid repair, retry 1, then fail_over`) is the exchange's to do.

mod asked;
mod content;
mod rules;
mod schemas;
pub(crate) mod told;

#[cfg(test)]
pub(crate) use self::asked::Tool;
pub(crate) use self::asked::{Asked, Wants};
pub(crate) use self::content::{Call, Choice, Collector, Content, Reading, settled, unescape};
pub(crate) use self::rules::{Breach, IS_BUILT_IN, Live, Rules};
pub use self::rules::{Broken, Rule};
pub(crate) use self::schemas::SchemaCache;
pub(crate) use seawall_schema::Scratch;
