//! Makes a concrete configuration out of the shipped one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::scenario::ToMetadata;

/// The cluster of the shipped configuration that all others are made like.
const TEMPLATE: &str = "primary";
const FILTER: &str = "seawall";
const UPSTREAM_HALF: &str = "seawall-upstream";
/// Of a cluster: where its upstream filters are.
const PROTOCOL_OPTIONS: &str = "typed_extension_protocol_options";
const HTTP_OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const CLUSTERS: &str = "/static_resources/clusters";
const LISTENER: &str = "/static_resources/listeners/0";
const MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
const SOCKET: &str = "address/socket_address";

/// What is different from the shipped configuration.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The module, or `None` for an Envoy without the filter.
    pub wasm: Option<&'a Path>,
    /// The policy's text.
    pub policy: &'a str,
    /// Environment variables that the filter may read.
    pub env: &'a [&'a str],
    /// The clusters and where they lead; if there are none, those of the shipped configuration stay.
    pub clusters: &'a BTreeMap<String, SocketAddr>,
    /// Clusters of rate limit services: they speak HTTP/2, and have no part in what the filter does to requests.
    pub services: Option<&'a BTreeMap<String, SocketAddr>>,
    /// The cluster of what the filter lets pass.
    pub unmatched: Option<&'a str>,
    /// Headers that a filter in front of this one puts into metadata.
    pub metadata: &'a [ToMetadata],
    /// Whether bodies arrive while the filter holds the headers, as the shipped configuration has it.
    pub allow_on_headers_stop_iteration: bool,
    /// Whether the filter's upstream half stays, and with it the redirects that it needs.
    pub upstream_half: bool,
    /// Clusters that lack it nonetheless.
    pub lacks_upstream_half: Option<&'a BTreeSet<String>>,
    /// How many requests go to a cluster at once, where that isn't as many as the shipped configuration allows.
    pub max_requests: Option<&'a BTreeMap<String, u32>>,
    /// Ports of the listener and of admin; 0 takes any free one.
    pub listener_port: u16,
    pub admin_port: u16,
}

impl<'a> Wanted<'a> {
    /// No filter, these clusters, any free ports.
    #[must_use]
    pub fn bare(clusters: &'a BTreeMap<String, SocketAddr>) -> Self {
        Self {
            wasm: None,
            policy: "",
            env: &[],
            clusters,
            services: None,
            unmatched: None,
            metadata: &[],
            allow_on_headers_stop_iteration: true,
            upstream_half: true,
            lacks_upstream_half: None,
            max_requests: None,
            listener_port: 0,
            admin_port: 0,
        }
    }

    /// Envoy's configuration, made from the text of the shipped one.
    ///
    /// # Errors
    /// When `shipped` is not built as expected.
    pub fn apply(&self, shipped: &str) -> anyhow::Result<Value> {
        let mut config: Value =
            serde_saphyr::from_str(shipped).context("the Envoy configuration is not YAML")?;
        set(&mut config, &format!("/admin/{SOCKET}/port_value"), json!(self.admin_port))?;
        set(&mut config, &format!("{LISTENER}/{SOCKET}/port_value"), json!(self.listener_port))?;
        self.filter(list(&mut config, &format!("{MANAGER}/http_filters"))?)?;
        if !self.clusters.is_empty() {
            self.clusters(list(&mut config, CLUSTERS)?)?;
        }
        for cluster in list(&mut config, CLUSTERS)? {
            self.upstream_half(cluster)?;
            let limited = self.max_requests.zip(cluster["name"].as_str());
            if let Some(most) = limited.and_then(|(limited, name)| limited.get(name)).copied() {
                set(cluster, "/circuit_breakers/thresholds/0/max_requests", json!(most))?;
            }
        }
        if let Some(services) = self.services {
            let all = list(&mut config, CLUSTERS)?;
            let template = all.first().context("the Envoy configuration has no clusters")?.clone();
            for (name, to) in services {
                all.push(rate_limit_service(made_like(&template, name, *to)?));
            }
        }
        let routes = list(&mut config, &format!("{MANAGER}/route_config/virtual_hosts/0/routes"))?;
        if !self.has_upstream_half() {
            for route in routes.iter_mut() {
                remove(route, "/route", "internal_redirect_policy");
            }
        }
        if let Some(cluster) = self.unmatched {
            let last = routes.last_mut().context("the Envoy configuration has no routes")?;
            set(last, "/route/cluster", json!(cluster))?;
        }
        Ok(config)
    }

    fn filter(&self, filters: &mut Vec<Value>) -> anyhow::Result<()> {
        let Some(wasm) = self.wasm else {
            filters.retain(|filter| filter["name"] != FILTER);
            return Ok(());
        };
        let plugin = at(named(filters, FILTER)?, "/typed_config/config")?;
        self.machine(plugin, wasm)?;
        set(plugin, "/allow_on_headers_stop_iteration", json!(self.allow_on_headers_stop_iteration))?;
        set(plugin, "/configuration/value", json!(self.policy))?;
        if !self.metadata.is_empty() {
            filters.insert(0, header_to_metadata(self.metadata));
        }
        Ok(())
    }

    fn has_upstream_half(&self) -> bool {
        self.upstream_half && self.wasm.is_some()
    }

    fn upstream_half(&self, cluster: &mut Value) -> anyhow::Result<()> {
        let lacking = self.lacks_upstream_half.zip(cluster["name"].as_str());
        let is_lacking = lacking.is_some_and(|(lacking, name)| lacking.contains(name));
        let Some(wasm) = self.wasm.filter(|_| self.upstream_half && !is_lacking) else {
            remove(cluster, "", PROTOCOL_OPTIONS);
            return Ok(());
        };
        let filters = list(cluster, &format!("/{PROTOCOL_OPTIONS}/{HTTP_OPTIONS}/http_filters"))?;
        self.machine(at(named(filters, UPSTREAM_HALF)?, "/typed_config/config")?, wasm)
    }

    /// Both halves get the same, or they would not share a virtual machine.
    fn machine(&self, plugin: &mut Value, wasm: &Path) -> anyhow::Result<()> {
        let wasm = std::path::absolute(wasm)?;
        set(plugin, "/vm_config/code/local/filename", json!(wasm))?;
        set(plugin, "/vm_config/environment_variables/host_env_keys", json!(self.env))
    }

    fn clusters(&self, clusters: &mut Vec<Value>) -> anyhow::Result<()> {
        let template = named(clusters, TEMPLATE)?.clone();
        clusters.clear();
        for (name, to) in self.clusters {
            clusters.push(made_like(&template, name, *to)?);
        }
        Ok(())
    }
}

fn made_like(template: &Value, name: &str, to: SocketAddr) -> anyhow::Result<Value> {
    let mut cluster = template.clone();
    set(&mut cluster, "/name", json!(name))?;
    set(&mut cluster, "/load_assignment/cluster_name", json!(name))?;
    let address = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address";
    set(&mut cluster, address, json!({ "address": to.ip(), "port_value": to.port() }))?;
    Ok(cluster)
}

fn header_to_metadata(headers: &[ToMetadata]) -> Value {
    let rules: Vec<_> = headers
        .iter()
        .map(|ToMetadata { header, namespace, key, is_number }| {
            let kind = if *is_number { "NUMBER" } else { "STRING" };
            let put = json!({ "metadata_namespace": namespace, "key": key, "type": kind });
            json!({ "header": header, "on_header_present": put })
        })
        .collect();
    let config = "type.googleapis.com/envoy.extensions.filters.http.header_to_metadata.v3.Config";
    json!({
        "name": "envoy.filters.http.header_to_metadata",
        "typed_config": { "@type": config, "request_rules": rules },
    })
}

fn rate_limit_service(mut cluster: Value) -> Value {
    let options = json!({
        "@type": format!("type.googleapis.com/{HTTP_OPTIONS}"),
        "explicit_http_config": { "http2_protocol_options": {} },
    });
    if let Value::Object(fields) = &mut cluster {
        fields.insert(PROTOCOL_OPTIONS.to_owned(), json!({ HTTP_OPTIONS: options }));
    }
    cluster
}

/// Puts another policy into a configuration.
///
/// # Errors
/// When it isn't built as expected.
pub(super) fn set_policy(config: &mut Value, policy: &str) -> anyhow::Result<()> {
    let filter = named(list(config, &format!("{MANAGER}/http_filters"))?, FILTER)?;
    set(filter, "/typed_config/config/configuration/value", json!(policy))
}

/// Takes the listener out of a configuration: Envoy is to read it from this file, whenever another one is put in its place.
/// What goes into the file.
///
/// # Errors
/// When the configuration isn't built as expected.
pub(super) fn listener_apart(config: &mut Value, file: &Path) -> anyhow::Result<Value> {
    let mut listener = at(config, LISTENER)?.take();
    remove(config, "/static_resources", "listeners");
    let source = json!({ "path_config_source": { "path": file }, "resource_api_version": "V3" });
    if let Value::Object(fields) = config {
        fields.insert("dynamic_resources".to_owned(), json!({ "lds_config": source }));
        // Whoever asks for configuration has a name, also where a file is asked.
        fields.insert("node".to_owned(), json!({ "id": "scenario", "cluster": "scenario" }));
    }
    if let Value::Object(fields) = &mut listener {
        fields.insert("@type".to_owned(), json!("type.googleapis.com/envoy.config.listener.v3.Listener"));
    }
    Ok(json!({ "resources": [listener] }))
}

fn at<'a>(value: &'a mut Value, pointer: &str) -> anyhow::Result<&'a mut Value> {
    value.pointer_mut(pointer).with_context(|| format!("the Envoy configuration has no {pointer}"))
}

fn set(value: &mut Value, pointer: &str, new: Value) -> anyhow::Result<()> {
    *at(value, pointer)? = new;
    Ok(())
}

fn remove(value: &mut Value, pointer: &str, name: &str) {
    if let Some(Value::Object(fields)) = value.pointer_mut(pointer) {
        fields.remove(name);
    }
}

fn list<'a>(value: &'a mut Value, pointer: &str) -> anyhow::Result<&'a mut Vec<Value>> {
    at(value, pointer)?
        .as_array_mut()
        .with_context(|| format!("{pointer} of the Envoy configuration is not a list"))
}

fn named<'a>(list: &'a mut [Value], name: &str) -> anyhow::Result<&'a mut Value> {
    match list.iter_mut().find(|entry| entry.get("name").is_some_and(|found| found == name)) {
        Some(entry) => Ok(entry),
        None => bail!("the Envoy configuration names no `{name}` where it should"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../envoy/envoy.yaml");
    const DEMO: &str = include_str!("../../../envoy/demo.seawall");

    fn plugin(config: &Value) -> Option<&Value> {
        let filters = config.pointer(&format!("{MANAGER}/http_filters")).unwrap().as_array().unwrap();
        filters.iter().find(|filter| filter["name"] == FILTER).map(|filter| &filter["typed_config"]["config"])
    }

    #[test]
    fn the_shipped_configuration_holds_the_demo_policy() {
        let shipped: Value = serde_saphyr::from_str(SHIPPED).unwrap();
        let plugin = plugin(&shipped).unwrap();
        assert_eq!(plugin["configuration"]["value"], DEMO);
        assert_eq!(plugin["allow_on_headers_stop_iteration"], true);
        assert_eq!(plugin["failure_policy"], "FAIL_RELOAD");
    }

    #[test]
    fn what_is_wanted_is_in_the_configuration() {
        let clusters = BTreeMap::from([
            ("east".to_owned(), "127.0.0.1:4001".parse().unwrap()),
            ("west".to_owned(), "127.0.0.1:4002".parse().unwrap()),
        ]);
        let wanted = Wanted {
            wasm: Some(Path::new("/modules/seawall.wasm")),
            policy: "seawall 1\n",
            env: &["KEY"],
            unmatched: Some("west"),
            ..Wanted::bare(&clusters)
        };
        let config = wanted.apply(SHIPPED).unwrap();
        let plugin = plugin(&config).unwrap();
        assert_eq!(plugin["vm_config"]["code"]["local"]["filename"], "/modules/seawall.wasm");
        assert_eq!(plugin["vm_config"]["environment_variables"]["host_env_keys"], json!(["KEY"]));
        assert_eq!(plugin["configuration"]["value"], "seawall 1\n");
        let made = config.pointer(CLUSTERS).unwrap().as_array().unwrap();
        let names: Vec<_> = made.iter().map(|cluster| &cluster["name"]).collect();
        assert_eq!(names, ["east", "west"]);
        let port = "/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/port_value";
        assert_eq!(made[1].pointer(port), Some(&json!(4002)));
        assert!(made[1].get("circuit_breakers").is_some());
        let routes = config.pointer(&format!("{MANAGER}/route_config/virtual_hosts/0/routes")).unwrap();
        assert_eq!(routes[0]["route"]["cluster_header"], "x-seawall-cluster");
        assert_eq!(routes[1]["route"]["cluster"], "west");
    }

    #[test]
    fn a_listener_that_can_be_replaced_stands_in_a_file_of_its_own() {
        let none = BTreeMap::new();
        let mut config =
            Wanted { wasm: Some(Path::new("x.wasm")), ..Wanted::bare(&none) }.apply(SHIPPED).unwrap();
        set_policy(&mut config, "seawall 1\n").unwrap();
        assert_eq!(plugin(&config).unwrap()["configuration"]["value"], "seawall 1\n");
        let before = config.pointer(LISTENER).unwrap().clone();
        let listener = listener_apart(&mut config, Path::new("/tmp/listener.json")).unwrap();
        assert_eq!(listener["resources"][0]["filter_chains"], before["filter_chains"]);
        assert!(config.pointer("/static_resources/listeners").is_none());
        let file = "/dynamic_resources/lds_config/path_config_source/path";
        assert_eq!(config.pointer(file), Some(&json!("/tmp/listener.json")));
    }

    #[test]
    fn both_halves_share_a_virtual_machine_or_there_is_one_half() {
        let clusters = BTreeMap::from([("east".to_owned(), "127.0.0.1:4001".parse().unwrap())]);
        let wasm = Some(Path::new("/modules/seawall.wasm"));
        let wanted = |upstream_half| Wanted { wasm, env: &["KEY"], upstream_half, ..Wanted::bare(&clusters) };
        let route = format!("{MANAGER}/route_config/virtual_hosts/0/routes/0/route/internal_redirect_policy");
        let options = format!("{CLUSTERS}/0/{PROTOCOL_OPTIONS}");

        let both = wanted(true).apply(SHIPPED).unwrap();
        let upstream = format!("{options}/{HTTP_OPTIONS}/http_filters/0/typed_config/config");
        let upstream = both.pointer(&upstream).unwrap();
        assert_eq!(upstream["vm_config"], plugin(&both).unwrap()["vm_config"]);
        assert_eq!(upstream["configuration"]["value"], "upstream half");
        assert!(both.pointer(&route).is_some());

        let one = wanted(false).apply(SHIPPED).unwrap();
        assert!(one.pointer(&options).is_none() && one.pointer(&route).is_none());
    }

    #[test]
    fn an_envoy_without_the_filter_keeps_the_rest() {
        let none = BTreeMap::new();
        let wanted = Wanted::bare(&none);
        let config = wanted.apply(SHIPPED).unwrap();
        assert_eq!(plugin(&config), None);
        assert_eq!(config.pointer(CLUSTERS).unwrap().as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_configuration_that_is_built_otherwise_is_an_error_with_the_place() {
        let none = BTreeMap::new();
        let wanted = Wanted::bare(&none);
        let error = wanted.apply("static_resources: {}").unwrap_err().to_string();
        assert_eq!(error, "the Envoy configuration has no /admin/address/socket_address/port_value");
    }
}
