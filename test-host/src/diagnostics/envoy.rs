//! What is to be said of a configuration of Envoy that policies run in.

use seawall_policy::Policy;
use serde::Serialize;

use super::halves::Loss;
use super::{halves, layers, services, tls};

/// A finding of `seawall check --envoy-config`. All are warnings: Envoy runs with each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The configuration, as it was named.
    pub file: String,
    pub message: String,
    pub help: String,
}

/// What in the configuration `text`, named `file`, these policies lose or risk.
///
/// # Errors
/// When it is neither YAML nor JSON.
pub fn warnings<'p>(
    file: &str,
    text: &str,
    policies: impl Iterator<Item = &'p Policy>,
) -> anyhow::Result<Vec<Warning>> {
    let (places, halves, services) = (layers::retries(text)?, halves::read(text)?, services::read(text)?);
    let certificates = tls::read(text)?;
    let warning = |message: String, help: String| Warning { file: file.to_owned(), message, help };
    let losses = policies.flat_map(|policy| {
        [halves.losses(policy), services.losses(policy), certificates.losses(policy)].concat()
    });
    let mut found: Vec<Warning> = losses.map(|Loss { cause, lost }| warning(cause, lost)).collect();
    found.extend(places.into_iter().map(|place| {
        let help =
            "the filter retries within its budget and the deadline, Envoy around it without: remove it there";
        warning(format!("retries at two layers: {place}"), help.to_owned())
    }));
    Ok(found)
}
