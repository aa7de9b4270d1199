//! Conditions: what they mean, what is said about wrong ones, and which of them are constant.

mod evaluation;
mod findings;
mod generate;
mod oracle;
mod properties;
mod support;
