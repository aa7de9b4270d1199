//! Clusters that speak TLS with whoever answers: Envoy verifies nothing of a certificate unless it is told to, and a target's
//! credentials go to anybody in between.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use seawall_policy::policy::Policy;
use serde_json::Value;

use super::clusters;
use super::halves::Loss;

/// Of a configuration of Envoy: its clusters, and what of their providers' certificates is not verified.
#[derive(Debug, Default)]
pub struct Certificates(BTreeMap<String, Option<Unverified>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unverified {
    /// Who has signed it.
    Chain,
    /// Whose it is.
    Name,
}

/// Reads a configuration of Envoy (YAML or JSON), whole or clusters of its own.
///
/// # Errors
/// When `text` is neither YAML nor JSON.
pub fn read(text: &str) -> anyhow::Result<Certificates> {
    let config: Value = serde_saphyr::from_str(text).context("the Envoy configuration is not YAML")?;
    let mut certificates = Certificates::default();
    clusters::each(&config, &mut |name, cluster| {
        certificates.0.insert(name.to_owned(), unverified(cluster));
    });
    Ok(certificates)
}

impl Certificates {
    /// What of a policy is at risk: targets with credentials of their own. Nothing is said of clusters that stand elsewhere.
    #[must_use]
    pub fn losses(&self, policy: &Policy) -> Vec<Loss> {
        let with_credentials = policy.targets.iter().filter(|target| target.auth.is_some());
        let named: BTreeSet<&str> = with_credentials.map(|target| &*target.cluster).collect();
        let loss = |cluster: &str| {
            let (what, remedy) = match (*self.0.get(cluster)?)? {
                Unverified::Chain => ("any certificate", "a `validation_context` with `trusted_ca`"),
                Unverified::Name => {
                    ("a certificate of whatever name", "`match_typed_subject_alt_names` with the provider's")
                }
            };
            Some(Loss {
                cause: format!("cluster `{cluster}` speaks TLS and takes {what}"),
                lost: format!(
                    "whoever gets in between reads the credentials of its targets: it needs {remedy}, as in envoy.yaml"
                ),
            })
        };
        named.into_iter().filter_map(loss).collect()
    }
}

/// The worst of its ways to speak TLS, of which it may have several (`transport_socket_matches`).
fn unverified(cluster: &Value) -> Option<Unverified> {
    let sans = "/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions\
                /upstream_http_protocol_options/auto_san_validation";
    let by_host = cluster.pointer(sans).is_some_and(|on| *on == true);
    let mut found = Vec::new();
    contexts(cluster, &mut found);
    let (mut chain, mut name) = (false, false);
    for context in found {
        let validation = Validation::of(context);
        chain |= !validation.is_pinned && !validation.has_ca;
        name |= !validation.is_pinned && !validation.has_name && !by_host;
    }
    if chain { Some(Unverified::Chain) } else { name.then_some(Unverified::Name) }
}

fn contexts<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(members) => {
            let kind = members.get("@type").and_then(Value::as_str).unwrap_or_default();
            if kind.ends_with(".UpstreamTlsContext") {
                found.push(value);
            }
            members.values().for_each(|member| contexts(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| contexts(item, found)),
        _ => {}
    }
}

/// What of a certificate an `UpstreamTlsContext` has verified.
struct Validation {
    has_ca: bool,
    has_name: bool,
    /// This very certificate, or key, and no other.
    is_pinned: bool,
}

impl Validation {
    fn of(context: &Value) -> Self {
        let common = context.get("common_tls_context").unwrap_or(&Value::Null);
        let places = ["/validation_context", "/combined_validation_context/default_validation_context"];
        // What a secret of its own says isn't known here.
        let is_told_elsewhere = ["/validation_context_sds_secret_config", "/combined_validation_context"]
            .iter()
            .any(|place| common.pointer(place).is_some());
        let has = |names: &[&str]| {
            let contexts = places.iter().filter_map(|place| common.pointer(place));
            contexts.into_iter().any(|one| names.iter().any(|name| one.get(name).is_some_and(is_given)))
        };
        let by_sni = context.get("auto_sni_san_validation").is_some_and(|on| *on == true);
        Self {
            has_ca: is_told_elsewhere
                || has(&["trusted_ca", "ca_certificate_provider_instance", "system_root_certs"])
                || has(&["custom_validator_config"]),
            has_name: is_told_elsewhere
                || by_sni
                || has(&[
                    "match_typed_subject_alt_names",
                    "match_subject_alt_names",
                    "custom_validator_config",
                ]),
            is_pinned: has(&["verify_certificate_spki", "verify_certificate_hash"]),
        }
    }
}

fn is_given(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        seawall 1
        target a { cluster "a"  provider openai  host "a.test"  auth bearer env.KEY }
        target b { cluster "b"  provider openai  host "b.test" }
        route r { match path "/r"  try a  then b }
    "#;

    fn causes(config: &str) -> Vec<String> {
        let policy = seawall_policy::check(POLICY).policy.unwrap();
        read(config).unwrap().losses(&policy).into_iter().map(|loss| loss.cause).collect()
    }

    fn cluster(name: &str, tls: &str) -> String {
        let kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
        let socket = format!("{{ name: tls, typed_config: {{ '@type': {kind}, sni: a.test, {tls} }} }}");
        format!("clusters: [{{ name: {name}, transport_socket: {socket} }}]")
    }

    #[test]
    fn a_target_with_credentials_needs_a_certificate_that_is_verified() {
        let (any, other) = (
            ["cluster `a` speaks TLS and takes any certificate"],
            ["cluster `a` speaks TLS and takes a certificate of whatever name"],
        );
        let context =
            |text: &str| cluster("a", &format!("common_tls_context: {{ validation_context: {{ {text} }} }}"));
        let ca = "trusted_ca: { filename: /ca.crt }";
        let name = "match_typed_subject_alt_names: [{ san_type: DNS, matcher: { exact: a.test } }]";
        assert_eq!(causes(&cluster("a", "")), any);
        assert_eq!(causes(&cluster("a", "common_tls_context: { alpn_protocols: [h2] }")), any);
        assert_eq!(causes(&context(name)), any);
        assert_eq!(causes(&context(ca)), other);
        assert_eq!(causes(&context(&format!("{ca}, match_typed_subject_alt_names: []"))), other);
        assert_eq!(causes(&context(&format!("{ca}, {name}"))), [""; 0]);
        assert_eq!(causes(&context("verify_certificate_spki: [x]")), [""; 0]);
        let by_sni = format!(
            "auto_sni_san_validation: true, common_tls_context: {{ validation_context: {{ {ca} }} }}"
        );
        assert_eq!(causes(&cluster("a", &by_sni)), [""; 0]);
        let secret = "common_tls_context: { validation_context_sds_secret_config: { name: ca } }";
        assert_eq!(causes(&cluster("a", secret)), [""; 0]);
        assert_eq!(causes(&cluster("b", "")), [""; 0], "it has no credentials of its own");
        assert_eq!(causes("clusters: [{ name: a }]"), [""; 0], "a mesh may encrypt by itself");
    }

    #[test]
    fn the_template_for_a_real_provider_verifies_its_certificate() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../envoy/envoy.yaml");
        let shipped = std::fs::read_to_string(path).unwrap();
        let lines = shipped.lines().skip_while(|line| *line != "    # - name: openai");
        let text: String = lines.map(|line| line.replacen("    # ", "  ", 1) + "\n").collect();
        let text = text.replace("*upstream_half", "{}");
        let config: Value = serde_saphyr::from_str(&format!("clusters:\n{text}")).unwrap();
        let mut contexts_found = Vec::new();
        contexts(&config, &mut contexts_found);
        assert_eq!(contexts_found.len(), 1);
        clusters::each(&config, &mut |name, cluster| {
            assert_eq!((name, unverified(cluster)), ("openai", None));
        });
    }
}
