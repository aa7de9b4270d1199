//! Retries at two layers: an Envoy that retries or hedges by itself, around a filter that does so too. Three attempts of the
//! one for each of three of the other make nine, and no budget knows of them.

use anyhow::Context;
use serde_json::Value;

/// What makes Envoy's router retry or hedge, in a route or a virtual host.
const POLICIES: [&str; 3] = ["retry_policy", "retry_policy_typed_config", "hedge_policy"];

/// Headers that make it do so for a single request.
const HEADERS: [&str; 3] = ["x-envoy-retry-on", "x-envoy-retry-grpc-on", "x-envoy-hedge-on-per-try-timeout"];

/// Where a configuration of Envoy (YAML or JSON, whole or a route configuration of its own) makes its router retry:
/// places such as `virtual_hosts[0].routes[1].route.retry_policy`.
///
/// # Errors
/// When `text` is neither YAML nor JSON.
pub fn retries(text: &str) -> anyhow::Result<Vec<String>> {
    let config: Value = serde_saphyr::from_str(text).context("the Envoy configuration is not YAML")?;
    let mut found = Vec::new();
    walk(&config, &mut String::new(), false, &mut found);
    Ok(found)
}

/// Outside of virtual hosts the same words stand for other clients of Envoy's: to rate limit services, to log sinks.
fn walk(value: &Value, path: &mut String, is_routing: bool, found: &mut Vec<String>) {
    let length = path.len();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
                let is_routing = is_routing || name == "virtual_hosts";
                let is_header = name == "key" && HEADERS.iter().any(|header| member == header);
                if is_routing && !member.is_null() && (POLICIES.contains(&name.as_str()) || is_header) {
                    found.push(path.clone());
                }
                walk(member, path, is_routing, found);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                walk(item, path, is_routing, found);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_retry_is_found_where_requests_are_routed_and_nowhere_else() {
        let text = "
            static_resources:
              listeners:
              - filter_chains:
                - filters:
                  - typed_config:
                      access_log: [{ grpc: { retry_policy: {} } }]
                      route_config:
                        virtual_hosts:
                        - name: all
                          retry_policy: { retry_on: 5xx }
                          request_headers_to_add: [{ header: { key: x-envoy-retry-on, value: reset } }]
                          routes:
                          - route: { cluster: a }
                          - route: { cluster: b, hedge_policy: { hedge_on_per_try_timeout: true } }
        ";
        let hosts = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0]";
        let mut found = retries(text).unwrap();
        found.sort();
        let places = ["request_headers_to_add[0].header.key", "retry_policy", "routes[1].route.hedge_policy"];
        assert_eq!(found, places.map(|place| format!("{hosts}.{place}")));
        assert_eq!(
            retries(r#"{"virtual_hosts":[{"routes":[{"route":{"retry_policy":null}}]}]}"#).unwrap(),
            [""; 0]
        );
    }

    #[test]
    fn no_shipped_configuration_retries_outside_of_the_filter() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../envoy");
        let files = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
        let configs: Vec<_> =
            files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
        assert!(!configs.is_empty());
        for path in configs {
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(retries(&text).unwrap(), [""; 0], "{}", path.display());
        }
    }
}
