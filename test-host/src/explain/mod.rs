//! Explanations of policies as files: the request that is asked about, and the formats of the answer. What is said comes
//! from [`seawall_policy::explain`].

pub mod html;
pub mod input;
pub mod json;
pub mod mermaid;
pub mod svg;
