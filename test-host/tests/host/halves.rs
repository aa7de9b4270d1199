//! Both halves of a filter in one VM: which callbacks come, and in which order. The same small modules run in the test
//! host and, where there is one, in Envoy.

use std::path::PathBuf;

use seawall_test_host::driver::{Driver, Observed};
use seawall_test_host::envoy::{EnvoyDriver, EnvoyOptions, Started as Launched};
use seawall_test_host::scenario::Loaded;
use seawall_test_host::sim::{Module, SimDriver, Started};

use crate::support::{scenario, text};

/// Logs each callback as a decision: half (`d`ownstream or `u`pstream), then `qh`, `qb` (the request's headers and body),
/// `sh`, `sb` (the answer's), `lo`g, `do`ne, `de`lete. What is done about it is `$act`'s to say.
const HALVES: &str = r#"
  (func (export "proxy_abi_version_0_2_1"))
  (data (i32.const 0) "seawall saw at=?.??")
  (data (i32.const 32) "seawall pass")
  (data (i32.const 48) "x-seawall-cluster")
  (data (i32.const 80) "primary")
  (data (i32.const 96) ":status")
  (data (i32.const 112) "307")
  (data (i32.const 128) "location")
  (data (i32.const 144) "http://again.test/v1/chat/completions")
  ;; `:method: POST`, `:path: /`, `:authority: a`, as they lie in memory
  (data (i32.const 192) "\03\00\00\00\07\00\00\00\04\00\00\00\05\00\00\00\01\00\00\00\0a\00\00\00\01\00\00\00:method\00POST\00:path\00/\00:authority\00a\00")
  (data (i32.const 280) "x-envoy-upstream-rq-timeout-ms")
  (data (i32.const 320) "x-envoy-upstream-rq-per-try-timeout-ms")
  (data (i32.const 360) "60")
  (data (i32.const 368) "content-length")
  (data (i32.const 384) "another body")
  (global $upstream (mut i32) (i32.const 0))
  ;; requests that came to the downstream half, and the context that a tick is about
  (global $requests (mut i32) (i32.const 0))
  (global $held (mut i32) (i32.const 0))
  (func $parent (param $context i32) (result i32) (i32.add (i32.const 8192) (i32.shl (local.get $context) (i32.const 2))))
  (func $is_upstream (param $context i32) (result i32)
    (i32.eq (i32.load (call $parent (local.get $context))) (global.get $upstream)))
  (func $say (param $context i32) (param $what i32)
    (i32.store8 (i32.const 15) (select (i32.const 117) (i32.const 100) (call $is_upstream (local.get $context))))
    (i32.store16 (i32.const 17) (local.get $what))
    (drop (call $log (i32.const 2) (i32.const 0) (i32.const 19))))
  (func $saw (param $context i32) (param $what i32) (param $end i32) (result i32)
    (call $say (local.get $context) (local.get $what))
    (call $act (local.get $context) (local.get $what) (local.get $end)))
  (func (export "proxy_on_context_create") (param $context i32) (param $root i32)
    (i32.store (call $parent (local.get $context)) (local.get $root)))
  (func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
    ;; `upstream half`
    (if (i32.eq (local.get $size) (i32.const 13)) (then (global.set $upstream (local.get $root))))
    (i32.const 1))
  (func (export "proxy_on_request_headers") (param $context i32) (param i32) (param $end i32) (result i32)
    (if (i32.eqz (call $is_upstream (local.get $context))) (then
      (global.set $requests (i32.add (global.get $requests) (i32.const 1)))
      (drop (call $set_header (i32.const 0) (i32.const 48) (i32.const 17) (i32.const 80) (i32.const 7)))))
    (call $saw (local.get $context) (i32.const 0x6871) (local.get $end)))
  (func (export "proxy_on_request_body") (param $context i32) (param i32) (param $end i32) (result i32)
    (call $saw (local.get $context) (i32.const 0x6271) (local.get $end)))
  (func (export "proxy_on_response_headers") (param $context i32) (param i32) (param $end i32) (result i32)
    (call $saw (local.get $context) (i32.const 0x6873) (local.get $end)))
  (func (export "proxy_on_response_body") (param $context i32) (param i32) (param $end i32) (result i32)
    (call $saw (local.get $context) (i32.const 0x6273) (local.get $end)))
  (func (export "proxy_on_log") (param $context i32)
    (call $say (local.get $context) (i32.const 0x6f6c))
    (drop (call $log (i32.const 2) (i32.const 32) (i32.const 12))))
  (func (export "proxy_on_done") (param $context i32) (result i32)
    (call $say (local.get $context) (i32.const 0x6f64))
    (i32.const 1))
  (func (export "proxy_on_delete") (param $context i32) (call $say (local.get $context) (i32.const 0x6564)))
"#;

/// The upstream half holds the first answer; once it is whole, a tick follows.
const HOLD: &str = r#"
  (func $act (param $context i32) (param $what i32) (param $end i32) (result i32)
    (if (i32.eqz (call $is_upstream (local.get $context))) (then (return (i32.const 0))))
    (if (i32.lt_u (i32.and (local.get $what) (i32.const 0xff)) (i32.const 0x73)) (then (return (i32.const 0))))
    (if (i32.gt_u (global.get $requests) (i32.const 1)) (then (return (i32.const 0))))
    (global.set $held (local.get $context))
    (if (local.get $end) (then (drop (call $tick_period (i32.const 20)))))
    (i32.const 1))"#;

/// As `$act` of [`HOLD`], with a timeout of 60 ms for each try.
const TIMEOUT_PER_TRY: &str = r#"
  (func $act (param $context i32) (param $what i32) (param $end i32) (result i32)
    (if (i32.eqz (call $is_upstream (local.get $context))) (then
      (if (i32.eq (local.get $what) (i32.const 0x6871)) (then
        (drop (call $set_header (i32.const 0) (i32.const 320) (i32.const 38) (i32.const 360) (i32.const 2)))))
      (return (i32.const 0))))
    (i32.eq (i32.and (local.get $what) (i32.const 0xff)) (i32.const 0x73)))"#;

const PASS: &str = "(func $act (param i32 i32 i32) (result i32) (i32.const 0))";

struct Case {
    what: &'static str,
    body: &'static [&'static str],
    scenario: &'static str,
    status: u16,
    complete: bool,
    trace: &'static str,
    /// What the answer's body holds.
    has: &'static str,
}

const SENT: &str = "d.qh u.qh d.qb u.qb d.qb u.qb";
const ENDED: &str = "d.lo pass d.do d.de";
const ROUND: &str = "d.qh u.qh d.qb u.qb u.sh ENDED u.do u.de ";

const CASES: &[Case] = &[
    Case {
        what: "The upstream half stands nearer to the provider, and ends before the downstream half sees the end.",
        body: &[PASS],
        scenario: "",
        status: 200,
        complete: true,
        trace: "SENT u.sh d.sh u.sb d.sb u.sb u.do u.de d.sb ENDED",
        has: "",
    },
    Case {
        what: "An answer that the upstream half holds and turns into a redirect sends the request through both again, its \
               body in one piece.",
        body: &[
            HOLD,
            r#"(func (export "proxy_on_tick") (param i32)
                 (drop (call $tick_period (i32.const 0)))
                 (drop (call $effective (global.get $held)))
                 (drop (call $set_header (i32.const 2) (i32.const 96) (i32.const 7) (i32.const 112) (i32.const 3)))
                 (drop (call $set_header (i32.const 2) (i32.const 128) (i32.const 8) (i32.const 144) (i32.const 37)))
                 (drop (call $continue (i32.const 1))))"#,
        ],
        scenario: "providers: { primary: [{ status: 503 }] }",
        status: 200,
        complete: true,
        trace: "SENT u.sh u.sb u.sb ENDED u.do u.de d.qh u.qh d.qb u.qb \
                u.sh d.sh u.sb d.sb u.sb u.do u.de d.sb ENDED",
        has: "",
    },
    Case {
        what: "A redirect to a place that is no whole URL goes to the client.",
        body: &[
            HOLD,
            r#"(func (export "proxy_on_tick") (param i32)
                 (drop (call $tick_period (i32.const 0)))
                 (drop (call $effective (global.get $held)))
                 (drop (call $set_header (i32.const 2) (i32.const 96) (i32.const 7) (i32.const 112) (i32.const 3)))
                 (drop (call $set_header (i32.const 2) (i32.const 128) (i32.const 8) (i32.const 161) (i32.const 20)))
                 (drop (call $continue (i32.const 1))))"#,
        ],
        scenario: "providers: { primary: [{ status: 503 }] }",
        status: 307,
        complete: true,
        trace: "SENT u.sh u.sb u.sb d.sh u.do u.de d.sb ENDED",
        has: "",
    },
    Case {
        what: "An answer that is cut while the upstream half holds it is Envoy's own answer at the downstream half.",
        body: &[HOLD],
        scenario: "providers: { primary: [{ fault: cut }] }",
        status: 502,
        complete: true,
        trace: "SENT u.sh u.sb u.do u.de d.sh d.sb ENDED",
        has: "",
    },
    Case {
        what: "What the upstream half answers passes the downstream half, and is no redirect.",
        body: &[
            HOLD,
            r#"(func (export "proxy_on_tick") (param i32)
                 (drop (call $tick_period (i32.const 0)))
                 (drop (call $effective (global.get $held)))
                 (drop (call $reply (i32.const 307) (i32.const 0) (i32.const 0) (i32.const 80) (i32.const 7) (i32.const 0) (i32.const 0) (i32.const -1))))"#,
        ],
        scenario: "",
        status: 307,
        complete: true,
        trace: "SENT u.sh u.sb u.sb u.do u.de d.sh d.sb ENDED",
        has: "",
    },
    Case {
        what: "A dispatched call has passed the upstream half before the host call returns.",
        body: &[r#"
          (func $act (param $context i32) (param $what i32) (param $end i32) (result i32)
            (if (call $is_upstream (local.get $context)) (then (return (i32.const 0))))
            (if (i32.ne (i32.and (local.get $what) (i32.const 0xff)) (i32.const 0x71)) (then (return (i32.const 0))))
            (if (i32.eq (local.get $what) (i32.const 0x6871)) (then
              (global.set $held (local.get $context))
              (drop (call $http_call (i32.const 80) (i32.const 7) (i32.const 192) (i32.const 62) (i32.const 80) (i32.const 7) (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 4096)))
              ;; `ca`: it has returned
              (call $say (local.get $context) (i32.const 0x6163))))
            (i32.const 1))
          (func (export "proxy_on_http_call_response") (param $root i32) (param i32 i32 i32 i32)
            ;; `an`
            (call $say (local.get $root) (i32.const 0x6e61))
            (drop (call $effective (global.get $held)))
            (drop (call $continue (i32.const 0))))"#],
        scenario: "",
        status: 200,
        complete: true,
        trace: "d.qh u.qh u.qb d.ca d.qb d.qb u.sh u.sb u.sb u.do u.de d.an \
                u.qh u.qb u.sh d.sh u.sb d.sb u.sb u.do u.de d.sb ENDED",
        has: "",
    },
    Case {
        what: "A held answer's headers and body can be changed from a tick.",
        body: &[
            HOLD,
            r#"(func (export "proxy_on_tick") (param i32)
                 (drop (call $tick_period (i32.const 0)))
                 (drop (call $effective (global.get $held)))
                 (drop (call $remove_header (i32.const 2) (i32.const 368) (i32.const 14)))
                 (drop (call $set_buffer (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 384) (i32.const 12)))
                 (drop (call $continue (i32.const 1))))"#,
        ],
        scenario: "providers: { primary: [{ status: 503 }] }",
        status: 503,
        complete: true,
        trace: "SENT u.sh u.sb u.sb d.sh u.do u.de d.sb ENDED",
        has: "another body",
    },
    Case {
        what: "Bytes can be put behind an answer's end by either half.",
        body: &[r#"
          (func $act (param $context i32) (param $what i32) (param $end i32) (result i32)
            (if (i32.and (local.get $end) (i32.eq (local.get $what) (i32.const 0x6273))) (then
              (drop (call $set_buffer (i32.const 1) (i32.const -1) (i32.const 0) (i32.const 384) (i32.const 7)))))
            (i32.const 0))"#],
        scenario: "steps: [{ request: { stream: true } }]",
        status: 200,
        complete: true,
        trace: "SENT u.sh d.sh CHUNKS u.sb u.do u.de d.sb ENDED",
        has: "[DONE]\n\nanotheranother",
    },
    Case {
        what: "An answer that the upstream half holds is none yet for the timeout of a try.",
        body: &[TIMEOUT_PER_TRY],
        scenario: "providers: { primary: [{ status: 503 }] }",
        status: 504,
        complete: true,
        trace: "SENT u.sh u.sb u.sb u.do u.de d.sh d.sb ENDED",
        has: "upstream request timeout",
    },
    Case {
        what: "An answer that the downstream half holds is one for the timeout of a try, and ends with the whole one, past \
               the filter.",
        body: &[r#"
          (func $act (param $context i32) (param $what i32) (param $end i32) (result i32)
            (if (call $is_upstream (local.get $context)) (then (return (i32.const 0))))
            (if (i32.eq (local.get $what) (i32.const 0x6871)) (then
              (drop (call $set_header (i32.const 0) (i32.const 320) (i32.const 38) (i32.const 360) (i32.const 1)))
              (drop (call $set_header (i32.const 0) (i32.const 280) (i32.const 30) (i32.const 360) (i32.const 2)))))
            (i32.eq (i32.and (local.get $what) (i32.const 0xff)) (i32.const 0x73)))"#],
        scenario: "providers: { primary: [{ first_token: 1s }] }\nsteps: [{ request: { stream: true } }]",
        status: 504,
        complete: true,
        trace: "SENT u.sh d.sh u.do u.de ENDED",
        has: "upstream request timeout",
    },
    Case {
        what: "Redirects without end reach the client after ten.",
        body: &[r#"
          (func $act (param $context i32) (param $what i32) (param $end i32) (result i32)
            (if (i32.and (call $is_upstream (local.get $context)) (i32.eq (local.get $what) (i32.const 0x6873))) (then
              (drop (call $set_header (i32.const 2) (i32.const 96) (i32.const 7) (i32.const 112) (i32.const 3)))
              (drop (call $set_header (i32.const 2) (i32.const 128) (i32.const 8) (i32.const 144) (i32.const 37)))))
            (i32.const 0))"#],
        scenario: "",
        status: 307,
        complete: true,
        trace: "SENT u.sh ENDED u.do u.de NINE d.qh u.qh d.qb u.qb u.sh d.sh u.sb d.sb u.sb u.do u.de d.sb ENDED",
        has: "",
    },
    Case {
        what: "When the client leaves, the downstream half ends first.",
        body: &[HOLD],
        scenario: "providers: { primary: [{ status: 503 }] }\nsteps: [{ request: { disconnect_after: 100ms } }]",
        status: 0,
        complete: false,
        trace: "SENT u.sh u.sb u.sb ENDED u.do u.de",
        has: "",
    },
];

fn loaded(case: &Case) -> Loaded {
    scenario(&format!("upstream_half: true\n{}", case.scenario))
}

fn source(case: &Case) -> String {
    text(&format!("{HALVES} {}", case.body.join("\n")))
}

fn judge(case: &Case, seen: &Observed) {
    assert_eq!((seen.status, seen.complete), (case.status, case.complete), "{}", case.what);
    let wanted = case.trace.replace("NINE", &ROUND.repeat(9)).replace("SENT", SENT).replace("ENDED", ENDED);
    // How a stream is cut into chunks is the network's to say.
    let chunks = seen.trace.iter().filter(|line| *line == "saw at=u.sb").count().saturating_sub(1);
    let wanted = wanted.replace("CHUNKS", &"u.sb d.sb ".repeat(chunks));
    let wanted = wanted.split_ascii_whitespace();
    let found = seen.trace.iter().map(|line| line.strip_prefix("saw at=").unwrap_or(line));
    let (wanted, found): (Vec<_>, Vec<_>) = (wanted.collect(), found.collect());
    assert_eq!(found, wanted, "{}", case.what);
    let body = String::from_utf8_lossy(&seen.body);
    assert!(body.contains(case.has), "{}: {body}", case.what);
}

fn send(driver: &mut dyn Driver, loaded: &Loaded) -> Observed {
    let request = loaded.scenario.steps.iter().find_map(|step| step.request.as_ref());
    driver.request(request.unwrap_or(&Default::default())).unwrap()
}

#[test]
fn both_halves_are_entered_in_their_order() {
    for case in CASES {
        let loaded = loaded(case);
        let module = Module::compile(source(case).as_bytes()).unwrap();
        match SimDriver::start(&module, &loaded.scenario).unwrap() {
            Started::Running(mut driver) => judge(case, &send(driver.as_mut(), &loaded)),
            Started::Refused { log } => panic!("{log:?}"),
        }
    }
}

#[test]
#[ignore = "needs an Envoy"]
fn envoy_enters_both_halves_in_the_same_order() {
    let envoy = PathBuf::from(std::env::var_os("SEAWALL_ENVOY").expect("SEAWALL_ENVOY: an Envoy binary"));
    let config = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../envoy/envoy.yaml"));
    let dir = tempfile::tempdir().unwrap();
    for case in CASES {
        let wasm = dir.path().join("halves.wasm");
        std::fs::write(&wasm, wat::parse_str(source(case)).unwrap()).unwrap();
        let options = EnvoyOptions { envoy: envoy.clone(), wasm, config: config.clone() };
        let loaded = loaded(case);
        match EnvoyDriver::start(&options, &loaded.scenario).unwrap() {
            Launched::Running(mut driver) => judge(case, &send(driver.as_mut(), &loaded)),
            Launched::Refused { log } => panic!("{log}"),
        }
    }
}
