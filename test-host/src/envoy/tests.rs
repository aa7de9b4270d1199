//! What the shipped configuration does around the filter, on a real Envoy without it. They need the binary's path in
//! `SEAWALL_ENVOY`.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use seawall_provider::{Behaviour, Fault, Plan, Provider, Times};
use serde_json::{Value, json};

use super::client::{Got, send};
use super::{Launch, Process, Settings, Wanted};

const SHIPPED: &str = include_str!("../../../envoy/envoy.yaml");
const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const CHAT: &str = r#"{"model":"gpt-4.1","messages":[]}"#;

struct World {
    envoy: Process,
    primary: Provider,
    secondary: Provider,
}

impl World {
    async fn start() -> Self {
        let primary = Provider::start("primary", ANY_PORT, Plan::default()).await.unwrap();
        let secondary = Provider::start("secondary", ANY_PORT, Plan::default()).await.unwrap();
        let clusters =
            [&primary, &secondary].map(|provider| (provider.name().to_owned(), provider.addr())).into();
        let wanted = Wanted { unmatched: Some("secondary"), ..Wanted::bare(&clusters) };
        let mut config = wanted.apply(SHIPPED).unwrap();
        trust_callers(&mut config);
        match Process::start(&binary(), &config, &Settings::default()).await.unwrap() {
            Launch::Ready(envoy) => Self { envoy, primary, secondary },
            Launch::Ended { log } => panic!("{log}"),
        }
    }

    async fn chat(&self, headers: &[(&str, &str)]) -> Got {
        let mut request = Request::post("/v1/chat/completions");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(self.envoy.listener(), request.body(Full::new(Bytes::from(CHAT))).unwrap(), None).await.unwrap()
    }

    async fn primary_does(&self, behaviour: Behaviour) {
        let behaviour = Behaviour { times: Times::Forever, ..behaviour };
        self.primary.set_plan(Plan::Script(vec![behaviour])).await.unwrap();
    }
}

/// Envoy removes its own control headers from what it takes for outside traffic. Seen as inside, the test may set what
/// the filter would set, and what a mesh's own callers might.
fn trust_callers(config: &mut Value) {
    let manager = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
    let manager = config.pointer_mut(manager).unwrap();
    manager["use_remote_address"] = json!(true);
    manager["internal_address_config"] =
        json!({ "cidr_ranges": [{ "address_prefix": "127.0.0.0", "prefix_len": 8 }] });
}

fn binary() -> std::path::PathBuf {
    std::env::var_os("SEAWALL_ENVOY").expect("SEAWALL_ENVOY: the path of an Envoy binary").into()
}

const TO_PRIMARY: (&str, &str) = ("x-seawall-cluster", "primary");

#[tokio::test]
#[ignore = "needs an Envoy"]
async fn the_header_names_the_cluster_and_goes_no_further() {
    let world = World::start().await;
    assert_eq!(world.chat(&[TO_PRIMARY]).await.status, 200);
    assert_eq!((world.primary.count(), world.secondary.count()), (1, 0));
    assert!(!world.primary.log()[0].sent.headers.contains_key("x-seawall-cluster"));
    assert_eq!(world.chat(&[]).await.status, 200);
    assert_eq!((world.primary.count(), world.secondary.count()), (1, 1));
    assert_eq!(world.chat(&[("x-seawall-cluster", "nowhere")]).await.status, 503);
}

#[tokio::test]
#[ignore = "needs an Envoy"]
async fn callers_cannot_make_envoy_retry() {
    let world = World::start().await;
    world.primary_does(Behaviour { status: Some(503), ..Behaviour::default() }).await;
    let retries = [TO_PRIMARY, ("x-envoy-retry-on", "5xx"), ("x-envoy-max-retries", "3")];
    assert_eq!(world.chat(&retries).await.status, 503);
    assert_eq!(world.primary.count(), 1);
}

#[tokio::test]
#[ignore = "needs an Envoy"]
async fn an_attempt_ends_at_the_time_its_header_says() {
    let world = World::start().await;
    world.primary_does(Behaviour { fault: Some(Fault::Hang), ..Behaviour::default() }).await;
    let got = world.chat(&[TO_PRIMARY, ("x-envoy-upstream-rq-timeout-ms", "50")]).await;
    assert_eq!((got.status, world.primary.count()), (504, 1));
}

#[tokio::test]
#[ignore = "needs an Envoy"]
async fn faults_reach_envoy_as_what_they_are() {
    let world = World::start().await;
    let text = |got: &Got| String::from_utf8_lossy(&got.body).into_owned();

    world.primary_does(Behaviour { fault: Some(Fault::Reset), ..Behaviour::default() }).await;
    let got = world.chat(&[TO_PRIMARY]).await;
    assert_eq!((got.status, got.complete), (503, true));
    assert!(text(&got).contains("connection termination"), "{}", text(&got));

    world.primary_does(Behaviour { fault: Some(Fault::Cut), ..Behaviour::default() }).await;
    let got = world.chat(&[TO_PRIMARY]).await;
    assert_eq!((got.status, got.complete), (200, false));
    assert!(!got.body.is_empty());

    world.primary.set_plan(Plan::Refused).await.unwrap();
    let got = world.chat(&[TO_PRIMARY]).await;
    assert_eq!(got.status, 503);
    assert!(text(&got).contains("remote connection failure"), "{}", text(&got));

    world.primary.set_plan(Plan::default()).await.unwrap();
    assert_eq!(world.chat(&[TO_PRIMARY]).await.status, 200);
}

#[tokio::test]
#[ignore = "needs an Envoy"]
async fn statistics_are_read_by_name() {
    let world = World::start().await;
    world.chat(&[TO_PRIMARY]).await;
    let total = world.envoy.stat("cluster.primary.upstream_rq_total").await.unwrap();
    assert_eq!(total, Some(1));
    assert_eq!(world.envoy.stat("cluster.primary.no_such").await.unwrap(), None);
}

#[tokio::test]
#[ignore = "needs an Envoy"]
async fn an_envoy_that_refuses_its_configuration_hands_back_its_log() {
    let none = BTreeMap::new();
    let module = std::path::Path::new("/no/such/module.wasm");
    let wanted = Wanted { wasm: Some(module), ..Wanted::bare(&none) };
    let config = wanted.apply(SHIPPED).unwrap();
    match Process::start(&binary(), &config, &Settings::default()).await.unwrap() {
        Launch::Ended { log } => assert!(log.contains("/no/such/module.wasm"), "{log}"),
        Launch::Ready(_) => panic!("it runs"),
    }
}

/// With the module's path in `SEAWALL_WASM`: the demo's policy is part of what is validated.
#[test]
#[ignore = "needs an Envoy and the module"]
fn the_shipped_configuration_is_valid() {
    let module = std::env::var("SEAWALL_WASM").expect("SEAWALL_WASM: the path of the module");
    let config = SHIPPED.replace("target/wasm32-wasip1/wasm/seawall.wasm", &module);
    assert!(config.contains(&module));
    let validation = std::process::Command::new(binary())
        .args(["--mode", "validate", "--config-yaml", &config])
        .output()
        .unwrap();
    assert!(validation.status.success(), "{}", String::from_utf8_lossy(&validation.stderr));
}
