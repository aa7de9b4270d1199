//! The control port.

use std::io::ErrorKind;
use std::net::SocketAddr;

use seawall_provider::{Control, Plan, Provider};
use serde_json::{Value, json};

use crate::client::{CHAT, Got, chat, send};

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

struct World {
    provider: Provider,
    control: Control,
}

impl World {
    async fn start() -> Self {
        let provider = Provider::start("primary", ANY_PORT, Plan::default()).await.unwrap();
        let control = Control::start(provider.clone(), ANY_PORT).await.unwrap();
        Self { provider, control }
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> Got {
        send(self.control.addr(), method, path, &[], body).await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(self.ask("GET", path, "").await.body()).unwrap()
    }
}

#[tokio::test]
async fn a_plan_can_be_changed_while_the_provider_runs() {
    let world = World::start().await;
    assert_eq!(world.ask("PUT", "/plan", r#"[{"status":503,"times":"forever"}]"#).await.status(), 204);
    assert_eq!(chat(world.provider.addr(), CHAT).await.unwrap().status(), 503);
    assert_eq!(world.ask("PUT", "/plan", r#""refused""#).await.status(), 204);
    let refused = chat(world.provider.addr(), CHAT).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(world.json("/healthz").await, json!({"name": "primary", "count": 1, "refused": true}));
    assert_eq!(world.ask("PUT", "/plan", "[]").await.status(), 204);
    assert_eq!(chat(world.provider.addr(), CHAT).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_bad_plan_changes_nothing_and_says_why() {
    let world = World::start().await;
    for (plan, reason) in [("[{\"stauts\":500}]", "stauts"), ("", "EOF"), ("\"down\"", "`refused`")] {
        let got = world.ask("PUT", "/plan", plan).await;
        assert_eq!(got.status(), 400, "{plan}");
        let body: Value = serde_json::from_str(got.body()).unwrap();
        assert!(body["error"].as_str().unwrap().contains(reason), "{body}");
    }
    assert_eq!(chat(world.provider.addr(), CHAT).await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_log_can_be_read_and_emptied() {
    let world = World::start().await;
    chat(world.provider.addr(), CHAT).await.unwrap();
    let log = world.json("/log").await;
    assert_eq!(log[0]["model"], "gpt-4.1");
    assert_eq!(log[0]["authorization"], true);
    assert_eq!(log[0]["did"], json!({"status": 200, "fault": null}));
    assert_eq!(world.ask("DELETE", "/log", "").await.status(), 204);
    assert_eq!(world.json("/log").await, json!([]));
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let world = World::start().await;
    let got = world.ask("GET", "/nothing", "").await;
    assert_eq!(got.status(), 404);
    assert!(got.body().contains("/plan"));
}
