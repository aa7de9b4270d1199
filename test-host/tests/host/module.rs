//! What scenarios can't say about the real module. Its path comes from `SEAWALL_WASM`.

use std::path::Path;
use std::time::Duration;

use seawall_test_host::driver::Driver;
use seawall_test_host::scenario::{Request, parse};
use seawall_test_host::sim::{Module, Received, SimDriver, Started};

fn start(scenario: &str) -> SimDriver {
    let path = std::env::var_os("SEAWALL_WASM")
        .expect("SEAWALL_WASM is not set; `cargo xtask test` builds the module and sets it");
    let scenario = parse(Path::new("test.yaml"), scenario).unwrap().scenario;
    match SimDriver::start(&Module::load(Path::new(&path)).unwrap(), &scenario).unwrap() {
        Started::Running(driver) => *driver,
        Started::Refused { log } => panic!("{}", log.join("\n")),
    }
}

fn text(received: &Received, name: &str) -> Option<String> {
    received.headers.text(name).map(str::to_owned)
}

#[test]
#[ignore = "needs the module"]
fn every_attempt_reaches_its_provider_as_the_policy_says() {
    let mut driver = start(
        r#"
about: The first attempt goes through the router, the second is dispatched; both must be alike.
policy: |
  seawall 1
  target primary {
    cluster "primary"  provider openai  host "primary.test"  path "/v2/chat/completions"
    auth bearer env.PRIMARY_KEY  model "gpt-4.1-mini"
  }
  retry quick { attempts 2  backoff full_jitter 5ms .. 20ms }
  route chat { match path "/v1/chat/completions"  try primary  retry quick  timeout 300ms }
env: { PRIMARY_KEY: not-a-secret }
providers: { primary: [{ status: 500 }] }
steps: [{ request: {} }]
"#,
    );
    let forged = [("authorization", "Bearer caller"), ("x-seawall-target", "forged"), ("x-mine", "kept")];
    let headers = forged.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    driver.request(&Request { headers, ..Request::default() }).unwrap();
    let received = driver.received("primary");
    assert_eq!(received.len(), 2);
    for (n, received) in received.iter().enumerate() {
        let seen = |name| text(received, name);
        assert_eq!(seen(":method").as_deref(), Some("POST"), "{n}");
        assert_eq!(seen(":path").as_deref(), Some("/v2/chat/completions"), "{n}");
        assert_eq!(seen(":authority").as_deref(), Some("primary.test"), "{n}");
        assert_eq!(seen("authorization").as_deref(), Some("Bearer not-a-secret"), "{n}");
        assert_eq!(seen("content-type").as_deref(), Some("application/json"), "{n}");
        assert_eq!(seen("x-mine").as_deref(), Some("kept"), "{n}");
        let own: Vec<_> =
            received.headers.iter().filter(|(name, _)| name.starts_with("x-seawall-")).collect();
        assert!(own.is_empty(), "{n}: {own:?}");
        let body = String::from_utf8_lossy(&received.body);
        assert!(body.contains(r#""model":"gpt-4.1-mini""#), "{n}: {body}");
    }
    assert_eq!(received[0].body, received[1].body);
}

#[test]
#[ignore = "needs the module"]
fn another_seed_gives_other_waits() {
    let waits = |seed: u64| {
        let mut driver = start(&format!(
            r#"
about: Three random waits.
seed: {seed}
policy: |
  seawall 1
  target primary {{ cluster "primary" provider openai }}
  retry slow {{ attempts 4  backoff full_jitter 10s .. 60s }}
  route chat {{ match path "/v1/chat/completions"  try primary  retry slow  timeout 300ms }}
providers: {{ primary: [{{ status: 500, times: 3 }}] }}
steps: [{{ request: {{}} }}]
"#
        ));
        driver.request(&Request::default()).unwrap().elapsed
    };
    assert_eq!(waits(1), waits(1));
    assert_ne!(waits(1), waits(2));
}

#[test]
#[ignore = "needs the module"]
fn a_worker_with_nothing_to_wait_for_is_left_alone() {
    let mut driver = start(
        r#"
about: A request and then none.
policy: |
  seawall 1
  target primary { cluster "primary" provider openai }
  breaker b { trip errors > 50% of at least 10  open 5s }
  limit rpm global { 100 requests/min }
  route chat { match path "/v1/chat/completions"  try primary  breaker b  limit rpm  timeout 300ms }
providers: { primary: [] }
steps: [{ request: {} }]
"#,
    );
    driver.request(&Request::default()).unwrap();
    // What is handed over in one go with what follows has been by then.
    driver.wait(Duration::from_secs(10)).unwrap();
    let ticks =
        |driver: &SimDriver| driver.journal().iter().filter(|entry| entry.text.contains("on_tick")).count();
    let before = ticks(&driver);
    assert!(before > 0);
    driver.wait(Duration::from_secs(600)).unwrap();
    assert_eq!(ticks(&driver), before);
}

#[test]
#[ignore = "needs the module"]
fn what_a_replaced_policy_has_counted_is_not_lost_with_it() {
    let mut driver = start(
        r#"
about: A request, and another policy before anything of it was handed over.
policy: |
  seawall 1
  target primary { cluster "primary" provider openai }
  route chat {
    match path "/v1/chat/completions"  try primary
    output { audit 100% to "sink" path "/v1/audit" }
  }
providers: { primary: [], sink: [] }
steps: [{ request: {} }]
"#,
    );
    driver.request(&Request::default()).unwrap();
    assert_eq!(driver.metrics().get("seawall.answers.ok"), Some(&0), "{:?}", driver.metrics());
    let next = "seawall 1\ntarget primary { cluster \"primary\" provider openai }\n\
                route chat { match path \"/v1/chat/completions\"  try primary }\n";
    assert_eq!(driver.install(next).unwrap(), None);
    let metrics = driver.metrics();
    assert_eq!(metrics.get("seawall.answers.ok"), Some(&1), "{metrics:?}");
    assert_eq!(metrics.get("seawall.samples.chat.audit.dropped"), Some(&1), "{metrics:?}");
}

#[test]
#[ignore = "needs the module"]
fn hedges_are_counted_by_their_target() {
    let mut driver = start(
        r#"
about: A hedge that wins, one that loses, and an attempt that needs none.
policy: |
  seawall 1
  target primary   { cluster "primary"   provider openai }
  target secondary { cluster "secondary" provider openai }
  route chat { match path "/v1/chat/completions"  try primary, secondary  timeout 5s  hedge after 300ms at most 100% }
providers:
  primary: [{ latency: 2s }, { latency: 500ms }]
  secondary: [{}, { latency: 700ms }]
steps: [{ request: {} }]
"#,
    );
    for _ in 0..3 {
        driver.request(&Request::default()).unwrap();
    }
    driver.wait(Duration::from_secs(1)).unwrap();
    let metrics = driver.metrics();
    assert_eq!(metrics.get("seawall.hedges.secondary.sent"), Some(&2), "{metrics:?}");
    assert_eq!(metrics.get("seawall.hedges.secondary.won"), Some(&1), "{metrics:?}");
    assert_eq!(metrics.get("seawall.hedges.primary.sent"), None, "{metrics:?}");
}
