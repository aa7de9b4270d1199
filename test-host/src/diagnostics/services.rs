//! Rate limit services that a policy names, and an Envoy that can't reach them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use seawall_policy::policy::Policy;
use serde_json::Value;

use super::clusters;
use super::halves::Loss;

/// Of a configuration of Envoy: its clusters, and whether they are spoken to in HTTP/2, as gRPC needs it.
#[derive(Debug, Default)]
pub struct Services(BTreeMap<String, bool>);

/// Reads a configuration of Envoy (YAML or JSON), whole or clusters of its own.
///
/// # Errors
/// When `text` is neither YAML nor JSON.
pub fn read(text: &str) -> anyhow::Result<Services> {
    let config: Value = serde_saphyr::from_str(text).context("the Envoy configuration is not YAML")?;
    let mut services = Services::default();
    clusters::each(&config, &mut |name, cluster| {
        services.0.insert(name.to_owned(), speaks_http2(cluster));
    });
    Ok(services)
}

impl Services {
    /// What of a policy is lost. Nothing is said where no cluster at all stands here.
    #[must_use]
    pub fn losses(&self, policy: &Policy) -> Vec<Loss> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let named: BTreeSet<&str> =
            policy.limits.iter().filter_map(|limit| limit.service.as_deref()).collect();
        let lost = "the rate limit service behind it can't be asked, and each proxy counts for itself";
        let cause = |cluster: &str| match self.0.get(cluster) {
            Some(true) => None,
            Some(false) => {
                Some(format!("cluster `{cluster}` has no `http2_protocol_options`, and gRPC needs HTTP/2"))
            }
            None => Some(format!("there is no cluster `{cluster}`")),
        };
        let causes = named.into_iter().filter_map(cause);
        causes.map(|cause| Loss { cause, lost: lost.to_owned() }).collect()
    }
}

/// Whether the options of HTTP/2 are among a cluster's; not those of what it is given for health checks and the like.
fn speaks_http2(cluster: &Value) -> bool {
    const OPTIONS: &str =
        "/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    const PLACES: [&str; 3] = [
        "/explicit_http_config/http2_protocol_options",
        "/auto_config/http2_protocol_options",
        "/use_downstream_protocol_config/http2_protocol_options",
    ];
    let options = cluster.pointer(OPTIONS).unwrap_or(&Value::Null);
    PLACES.iter().any(|place| options.pointer(place).is_some())
        || cluster.get("http2_protocol_options").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        seawall 1
        target a { cluster "a"  provider openai }
        limit rpm global { 5 requests/min  via rate_limit_service "ratelimit" }
        route r { match path "/r"  try a  limit rpm }
    "#;

    #[test]
    fn the_cluster_of_a_service_must_be_there_and_speak_http2() {
        let causes = |config: &str| {
            let policy = seawall_policy::check(POLICY).policy.unwrap();
            let losses = read(config).unwrap().losses(&policy);
            losses.into_iter().map(|loss| loss.cause).collect::<Vec<_>>()
        };
        let options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
        let http2 = format!(
            "typed_extension_protocol_options: {{ {options}: {{ explicit_http_config: {{ http2_protocol_options: {{}} }} }} }}"
        );
        assert_eq!(causes("routes: []"), [""; 0], "clusters stand elsewhere");
        assert_eq!(causes("clusters: [{ name: a }]"), ["there is no cluster `ratelimit`"]);
        assert_eq!(
            causes("static_resources: { clusters: [{ name: ratelimit, connect_timeout: 1s }] }"),
            ["cluster `ratelimit` has no `http2_protocol_options`, and gRPC needs HTTP/2"]
        );
        assert_eq!(causes(&format!("clusters: [{{ name: ratelimit, {http2} }}]")), [""; 0]);
        let of_type = "'@type': type.googleapis.com/envoy.config.cluster.v3.Cluster, name: ratelimit";
        assert_eq!(causes(&format!("resources: [{{ {of_type}, {http2} }}]")), [""; 0]);
    }
}
