//! A VM that dies, and the one that follows it. What happens to its streams was seen on Envoy 1.40 with
//! `failure_policy: FAIL_RELOAD`.

use seawall_test_host::driver::Driver;
use seawall_test_host::scenario::Request;
use std::time::Duration;

use crate::support::{assert_has, journal, module, start};

/// Traps at an answer of 500; counts its requests in shared data, and says in a header how many there were.
const FRAGILE: &str = r#"
  (data (i32.const 0) ":status")
  (data (i32.const 16) "count")
  (data (i32.const 32) "x-count")
  (data (i32.const 48) "0")
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (i32.eqz (call $get_shared (i32.const 16) (i32.const 5) (i32.const 4096) (i32.const 4100) (i32.const 4104)))
      (then (i32.store8 (i32.const 48) (i32.load8_u (i32.load (i32.const 4096))))))
    (i32.store8 (i32.const 48) (i32.add (i32.load8_u (i32.const 48)) (i32.const 1)))
    (drop (call $set_shared (i32.const 16) (i32.const 5) (i32.const 48) (i32.const 1) (i32.const 0)))
    (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $get_header (i32.const 2) (i32.const 0) (i32.const 7) (i32.const 4096) (i32.const 4100)))
    ;; "5"
    (if (i32.eq (i32.load8_u (i32.load (i32.const 4096))) (i32.const 0x35)) (then unreachable))
    (drop (call $add_header (i32.const 2) (i32.const 32) (i32.const 7) (i32.const 48) (i32.const 1)))
    (i32.const 0))"#;

#[test]
fn a_dead_vm_is_followed_by_another_which_finds_the_shared_data() {
    let mut driver = start(&module(FRAGILE), "may_trap: true\nproviders: { primary: [{ status: 500 }] }");
    let status = |driver: &mut dyn Driver| driver.request(&Request::default()).unwrap();
    assert_eq!(status(&mut driver).status, 503);
    // For a second there is none.
    assert_eq!(status(&mut driver).status, 503);
    driver.wait(Duration::from_secs(1)).unwrap();
    let seen = status(&mut driver);
    assert_eq!(seen.status, 200);
    assert!(seen.headers.contains(&("x-count".to_owned(), "2".to_owned())), "{:?}", seen.headers);
    assert_has(&journal(&driver), "trapped in `proxy_on_response_headers`");
}

#[test]
fn streams_of_a_dead_vm_end_at_their_next_callback() {
    let plan = "[{ latency: 300ms }, { between_tokens: 300ms }, { status: 500, latency: 100ms }]";
    let mut driver = start(&module(FRAGILE), &format!("may_trap: true\nproviders: {{ primary: {plan} }}"));
    let crowd =
        Request { stream: true, concurrent: 3, apart: Duration::from_millis(10), ..Request::default() };
    let seen = driver.crowd(&crowd).unwrap();
    let ends: Vec<_> =
        seen.iter().map(|seen| (seen.status, seen.complete, seen.elapsed.as_millis())).collect();
    // The first had no answer yet; of the second the client has seen the headers.
    assert_eq!(ends, [(503, true, 302), (200, false, 302), (503, true, 102)]);
}

#[test]
fn a_step_can_make_any_callback_trap_midway() {
    let mut driver = start(&module(FRAGILE), "may_trap: true\nworkers: 2");
    driver.trap(0, 0).unwrap();
    let on = |worker| Request { worker, ..Request::default() };
    assert_eq!(driver.request(&on(1)).unwrap().status, 200);
    assert_eq!(driver.request(&on(0)).unwrap().status, 503);
    assert_eq!(driver.request(&on(1)).unwrap().status, 200);
    driver.wait(Duration::from_secs(1)).unwrap();
    assert_eq!(driver.request(&on(0)).unwrap().status, 200);
}
