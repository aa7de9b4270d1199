//! What a policy loses in an Envoy that has the filter's upstream half at some clusters only, or doesn't follow its redirects.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use seawall_policy::policy::{Policy, Route, StreamMode};
use serde_json::Value;

/// What a configuration of Envoy says about the upstream half.
#[derive(Debug, Default)]
pub struct Halves {
    /// Its clusters, and whether they have it.
    clusters: BTreeMap<String, bool>,
    /// The routes that requests of the filter's take, and whether they follow the redirects with which that half has a
    /// request routed again.
    routes: Vec<(String, bool)>,
}

/// Something that the policy asks for and this Envoy can't do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    pub cause: String,
    pub lost: String,
}

/// Reads a configuration of Envoy (YAML or JSON), whole or clusters or routes of its own.
///
/// # Errors
/// When `text` is neither YAML nor JSON.
pub fn read(text: &str) -> anyhow::Result<Halves> {
    let config: Value = serde_saphyr::from_str(text).context("the Envoy configuration is not YAML")?;
    let mut halves = Halves::default();
    halves.walk(&config, &mut String::new());
    Ok(halves)
}

impl Halves {
    /// What of a policy is lost. Nothing is said of clusters that stand elsewhere.
    #[must_use]
    pub fn losses(&self, policy: &Policy) -> Vec<Loss> {
        let mut losses = Vec::new();
        for route in &policy.routes {
            let Some(lost) = without_upstream_half(route) else { continue };
            let lacking =
                clusters(policy, route).into_iter().filter(|name| self.clusters.get(*name) == Some(&false));
            losses.extend(lacking.map(|cluster| Loss {
                cause: format!("cluster `{cluster}` lacks the filter's upstream half"),
                lost: lost.clone(),
            }));
        }
        let used: BTreeSet<&str> = policy.routes.iter().flat_map(|route| clusters(policy, route)).collect();
        if used.iter().any(|name| self.clusters.get(*name) == Some(&true)) {
            let deaf = self.routes.iter().filter(|(_, follows)| !follows);
            losses.extend(deaf.map(|(place, _)| Loss {
                cause: format!("{place} has no `internal_redirect_policy` for 307"),
                lost: "the upstream half can't have a request routed again: later attempts are sent by the filter itself, and \
                       arrive as a whole"
                    .to_owned(),
            }));
        }
        losses
    }

    fn walk(&mut self, value: &Value, path: &mut String) {
        let length = path.len();
        match value {
            Value::Object(members) => {
                let kind = members.get("@type").and_then(Value::as_str).unwrap_or_default();
                if path.contains("clusters[") && !path.contains("].") || kind.ends_with(".Cluster") {
                    self.cluster(value);
                }
                if let Some(action) =
                    members.get("route").filter(|action| action["cluster_header"] == "x-seawall-cluster")
                {
                    self.routes.push((path.clone(), follows(action)));
                }
                for (name, member) in members {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                    self.walk(member, path);
                    path.truncate(length);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    path.push_str(&format!("[{index}]"));
                    self.walk(item, path);
                    path.truncate(length);
                }
            }
            _ => {}
        }
    }

    fn cluster(&mut self, cluster: &Value) {
        if let Some(name) = cluster["name"].as_str() {
            self.clusters.insert(name.to_owned(), names_upstream_half(cluster));
        }
    }
}

/// What a route loses at a cluster that has no upstream half, if that is anything.
fn without_upstream_half(route: &Route) -> Option<String> {
    let is_held = route.stream != StreamMode::Live;
    let holds = if is_held { "streams and answers in one piece" } else { "answers in one piece" };
    let broken = format!(
        "route `{}` holds {holds} back: without that half one whose connection breaks meanwhile can't be rescued, and Envoy \
         answers in its own words, or as its `local_reply_config` says",
        route.name
    );
    match route.retry.attempts {
        1 => is_held.then_some(broken),
        _ => Some(broken + "; later attempts at streams arrive as a whole"),
    }
}

fn clusters<'p>(policy: &'p Policy, route: &Route) -> BTreeSet<&'p str> {
    let targets = route.targets().filter_map(|id| policy.targets.get(id.0));
    targets.map(|target| &*target.cluster).collect()
}

fn follows(action: &Value) -> bool {
    let codes = action.pointer("/internal_redirect_policy/redirect_response_codes").and_then(Value::as_array);
    codes.is_some_and(|codes| codes.iter().any(|code| code == 307))
}

fn names_upstream_half(value: &Value) -> bool {
    match value {
        // All that the half is configured with; a policy never looks like this.
        Value::String(text) => text.trim() == "upstream half",
        Value::Array(items) => items.iter().any(names_upstream_half),
        Value::Object(members) => members.values().any(names_upstream_half),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        seawall 1
        target a { cluster "a"  provider openai }
        target b { cluster "b"  provider openai }
        route held { match path "/held"  try a  then b  stream complete }
        route live { match path "/live"  try c  stream live  retry never }
        retry never { attempts 1 }
        target c { cluster "c"  provider openai }
    "#;

    fn causes(config: &str) -> Vec<String> {
        let policy = seawall_policy::check(POLICY).policy.unwrap();
        read(config).unwrap().losses(&policy).into_iter().map(|loss| loss.cause).collect()
    }

    #[test]
    fn each_cluster_that_a_route_holds_streams_of_must_have_the_half() {
        let half =
            "typed_extension_protocol_options: { x: { http_filters: [{ configuration: upstream half }] } }";
        let lacks = |name: &str| format!("cluster `{name}` lacks the filter's upstream half");
        let both =
            format!("static_resources: {{ clusters: [{{ name: a, {half} }}, {{ name: b, {half} }}] }}");
        assert_eq!(causes(&both), [""; 0]);
        let one = format!(
            "static_resources: {{ clusters: [{{ name: a, {half} }}, {{ name: b }}, {{ name: c }}] }}"
        );
        assert_eq!(causes(&one), [lacks("b")]);
        assert_eq!(
            causes("static_resources: { clusters: [{ name: a }, { name: b }] }"),
            [lacks("a"), lacks("b")]
        );
        let dynamic =
            "resources: [{ '@type': type.googleapis.com/envoy.config.cluster.v3.Cluster, name: b }]";
        assert_eq!(causes(dynamic), [lacks("b")]);
    }

    #[test]
    fn what_a_route_loses_depends_on_what_it_holds_and_whether_it_retries() {
        let lost = |stream: &str, attempts: u32| {
            let text = format!(
                "seawall 1\ntarget a {{ cluster \"a\"  provider openai }}\nretry r {{ attempts {attempts} }}\n\
                 route r {{ match path \"/\"  try a  retry r  stream {stream} }}"
            );
            let policy = seawall_policy::check(&text).policy.unwrap();
            let losses = read("clusters: [{ name: a }]").unwrap().losses(&policy);
            losses.into_iter().next().map(|loss| loss.lost)
        };
        assert_eq!(lost("live", 1), None);
        let live = lost("live", 2).unwrap();
        assert!(live.starts_with("route `r` holds answers in one piece back: "), "{live}");
        assert!(live.ends_with("; later attempts at streams arrive as a whole"), "{live}");
        let held = lost("complete", 1).unwrap();
        assert!(held.starts_with("route `r` holds streams and answers in one piece back: "), "{held}");
        assert!(held.ends_with("or as its `local_reply_config` says"), "{held}");
    }

    #[test]
    fn a_route_must_follow_the_redirects_of_the_half() {
        let config = |redirects: &str| {
            format!(
                "clusters: [{{ name: a, configuration: upstream half }}]\n\
                 virtual_hosts: [{{ routes: [\n\
                 {{ route: {{ cluster_header: x-seawall-cluster, {redirects} }} }},\n\
                 {{ route: {{ cluster: a }} }}] }}]"
            )
        };
        let deaf = ["virtual_hosts[0].routes[0] has no `internal_redirect_policy` for 307"];
        assert_eq!(causes(&config("timeout: 0s")), deaf);
        assert_eq!(causes(&config("internal_redirect_policy: { max_internal_redirects: 2 }")), deaf);
        assert_eq!(
            causes(&config("internal_redirect_policy: { redirect_response_codes: [302, 307] }")),
            [""; 0]
        );
    }

    #[test]
    fn the_shipped_configuration_loses_nothing() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../envoy/envoy.yaml");
        let halves = read(&std::fs::read_to_string(path).unwrap()).unwrap();
        assert!(halves.clusters.values().all(|has| *has) && halves.clusters.len() == 2, "{halves:?}");
        assert!(matches!(&halves.routes[..], [(_, true)]), "{halves:?}");
    }
}
