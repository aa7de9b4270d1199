//! The host calls, with Envoy's answers. Statuses: 0 ok, 1 not found, 2 bad argument, 6 invalid memory access, 8 CAS
//! mismatch, 12 unimplemented. A fixture traps where an answer is another, and a trap is an error here.
use std::time::Duration;

use crate::support::{assert_has, journal, module, request, scenario, start};
use seawall_test_host::driver::Driver;
use seawall_test_host::scenario::Request;
use seawall_test_host::sim::{SimDriver, Started};

#[test]
fn header_maps_are_read_and_changed() {
    let body = r#"
      (data (i32.const 0) ":pathabsentx-newonetwo")
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (call $is (call $get_header (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 4096) (i32.const 4100)) (i32.const 0))
        (call $is (i32.load (i32.const 4100)) (i32.const 20))
        (call $is (call $get_header (i32.const 0) (i32.const 5) (i32.const 6) (i32.const 4096) (i32.const 4100)) (i32.const 1))
        (call $is (call $add_header (i32.const 0) (i32.const 11) (i32.const 5) (i32.const 16) (i32.const 3)) (i32.const 0))
        (call $is (call $add_header (i32.const 0) (i32.const 11) (i32.const 5) (i32.const 16) (i32.const 3)) (i32.const 0))
        (call $is (call $set_header (i32.const 0) (i32.const 11) (i32.const 5) (i32.const 19) (i32.const 3)) (i32.const 0))
        (call $is (call $get_header (i32.const 0) (i32.const 11) (i32.const 5) (i32.const 4096) (i32.const 4100)) (i32.const 0))
        ;; "tw", as two bytes
        (call $is (i32.load16_u (i32.load (i32.const 4096))) (i32.const 0x7774))
        (call $is (call $remove_header (i32.const 0) (i32.const 11) (i32.const 5)) (i32.const 0))
        (call $is (call $get_header (i32.const 0) (i32.const 11) (i32.const 5) (i32.const 4096) (i32.const 4100)) (i32.const 1))
        ;; no such map; an answer that is not there yet
        (call $is (call $get_header (i32.const 99) (i32.const 0) (i32.const 5) (i32.const 4096) (i32.const 4100)) (i32.const 2))
        (call $is (call $get_header (i32.const 2) (i32.const 0) (i32.const 5) (i32.const 4096) (i32.const 4100)) (i32.const 2))
        (i32.const 0))
      (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
        ;; Envoy has taken the request's headers out of sight: an error for one, nothing for all.
        (call $is (call $get_header (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 4096) (i32.const 4100)) (i32.const 2))
        (call $is (call $get_pairs (i32.const 0) (i32.const 4096) (i32.const 4100)) (i32.const 0))
        (call $is (i32.load (i32.const 4100)) (i32.const 0))
        (call $is (call $add_header (i32.const 2) (i32.const 11) (i32.const 5) (i32.const 16) (i32.const 3)) (i32.const 0))
        (i32.const 0))
      (func (export "proxy_on_log") (param i32)
        (call $is (call $get_header (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 4096) (i32.const 4100)) (i32.const 0)))"#;
    let (seen, _) = request(body, "");
    let seen = seen.unwrap();
    assert_eq!(seen.status, 200);
    assert!(seen.headers.contains(&("x-new".to_owned(), "one".to_owned())));
}

#[test]
fn a_held_body_grows_until_it_is_let_go() {
    let body = r#"
      (data (i32.const 0) "content-length")
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (call $is (call $remove_header (i32.const 0) (i32.const 0) (i32.const 14)) (i32.const 0))
        (i32.const 1))
      (func (export "proxy_on_request_body") (param $context i32) (param $size i32) (param $end i32) (result i32)
        (call $is (call $buffer_status (i32.const 0) (i32.const 4096) (i32.const 4100)) (i32.const 0))
        (call $is (i32.load (i32.const 4096)) (local.get $size))
        (if (i32.eqz (local.get $end)) (then (return (i32.const 1))))
        (call $is (local.get $size) (i32.const 4))
        ;; before, behind, in the middle (not possible), and in place of all
        (call $is (call $set_buffer (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 3)) (i32.const 0))
        (call $is (call $set_buffer (i32.const 0) (i32.const 7) (i32.const 0) (i32.const 0) (i32.const 3)) (i32.const 0))
        (call $is (call $set_buffer (i32.const 0) (i32.const 3) (i32.const 2) (i32.const 0) (i32.const 3)) (i32.const 2))
        (call $is (call $get_buffer (i32.const 0) (i32.const 0) (i32.const 999) (i32.const 4096) (i32.const 4100)) (i32.const 0))
        (call $is (i32.load (i32.const 4100)) (i32.const 10))
        (call $is (call $set_buffer (i32.const 0) (i32.const 0) (i32.const 999) (i32.const 0) (i32.const 14)) (i32.const 0))
        ;; the plugin's configuration is read-only, and there is no call whose answer could be read
        (call $is (call $set_buffer (i32.const 7) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)) (i32.const 2))
        (call $is (call $get_buffer (i32.const 4) (i32.const 0) (i32.const 9) (i32.const 4096) (i32.const 4100)) (i32.const 1))
        (i32.const 0))"#;
    let mut driver = start(&module(body), "");
    let request = Request { path: "/echo".to_owned(), body: Some("four".to_owned()), ..Request::default() };
    let seen = driver.request(&request).unwrap();
    assert!(String::from_utf8_lossy(&seen.body).contains("\"body_bytes\":14"), "{seen:?}");
}

/// Stops the first chunk of an answer, and others by this rule; ticks write a line, if they can, and let everything go.
fn ticking(others: &str) -> String {
    format!(
        r#"
      (data (i32.const 0) ": tick\0a")
      (global $seen (mut i32) (i32.const 0))
      (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
        (drop (call $tick_period (i32.const 30)))
        (i32.const 1))
      (func (export "proxy_on_response_body") (param $context i32) (param $size i32) (param $end i32) (result i32)
        (if (local.get $end) (then (return (i32.const 0))))
        (global.set $seen (i32.add (global.get $seen) (i32.const 1)))
        (if (i32.eq (global.get $seen) (i32.const 1)) (then (return (i32.const 1))))
        {others})
      (func (export "proxy_on_tick") (param i32)
        (drop (call $effective (i32.const 2)))
        (drop (call $set_buffer (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 7)))
        (drop (call $continue (i32.const 1))))"#
    )
}

const PACED: &str = "providers: { primary: [{ between_tokens: 100ms, times: forever }] }";

#[test]
fn a_body_that_was_stopped_can_be_written_to_between_two_chunks() {
    let mut driver = start(&module(&ticking("(drop (call $continue (i32.const 1))) (i32.const 1)")), PACED);
    let seen = driver.request(&Request { stream: true, ..Request::default() }).unwrap();
    let body = String::from_utf8(seen.body).unwrap();
    assert!(body.contains("\n: tick\n: tick\n: tick\ndata:") && body.contains("[DONE]"), "{body}");
}

#[test]
fn a_body_let_go_by_a_host_call_must_be_let_go_so_again() {
    let mut driver = start(&module(&ticking("(i32.const 0)")), PACED);
    let error = driver.request(&Request { stream: true, ..Request::default() }).unwrap_err();
    assert!(error.to_string().contains("leaves it there"), "{error}");
}

#[test]
fn a_body_that_outgrows_its_content_length_is_an_error() {
    let body = r#"
      (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
        (drop (call $set_buffer (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 3)))
        (i32.const 0))"#;
    let error = request(body, "").0.unwrap_err().to_string();
    assert!(error.contains("content-length"), "{error}");
}

#[test]
fn without_the_setting_the_body_waits_for_the_headers() {
    let body = r#"
      (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
        (drop (call $tick_period (i32.const 50)))
        (i32.const 1))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))
      (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 0))
      (func (export "proxy_on_tick") (param i32)
        (drop (call $effective (i32.const 2)))
        (drop (call $continue (i32.const 0))))"#;
    let (seen, journal) = request(body, "allow_on_headers_stop_iteration: false");
    assert_eq!(seen.unwrap().status, 200);
    let at = |text: &str| journal.iter().position(|line| line.contains(text)).expect(text);
    assert!(at("on_tick") < at("on_request_body"), "{}", journal.join("\n"));
    assert_has(&journal, "t=50ms filter   context=2 on_request_body size=");
}

#[test]
fn shared_data_is_common_to_all_workers_and_guarded_by_cas() {
    let body = r#"
      (data (i32.const 0) "keyonetwo")
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (local $cas i32)
        (if (i32.eq (call $get_shared (i32.const 0) (i32.const 3) (i32.const 4096) (i32.const 4100) (i32.const 4104)) (i32.const 1))
          (then
            (call $is (call $set_shared (i32.const 0) (i32.const 3) (i32.const 3) (i32.const 3) (i32.const 0)) (i32.const 0))
            (return (i32.const 0))))
        ;; "on"
        (call $is (i32.load16_u (i32.load (i32.const 4096))) (i32.const 0x6e6f))
        (local.set $cas (i32.load (i32.const 4104)))
        (call $is (call $set_shared (i32.const 0) (i32.const 3) (i32.const 6) (i32.const 3) (local.get $cas)) (i32.const 0))
        (call $is (call $set_shared (i32.const 0) (i32.const 3) (i32.const 6) (i32.const 3) (local.get $cas)) (i32.const 8))
        (i32.const 0))"#;
    let mut driver = start(&module(body), "workers: 2");
    driver.request(&Request::default()).unwrap();
    driver.request(&Request { worker: 1, ..Request::default() }).unwrap();
}

#[test]
fn ticks_come_at_their_period_until_it_is_set_to_zero() {
    let body = r#"
      (global $left (mut i32) (i32.const 3))
      (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
        (drop (call $tick_period (i32.const 10)))
        (i32.const 1))
      (func (export "proxy_on_tick") (param i32)
        (global.set $left (i32.sub (global.get $left) (i32.const 1)))
        (if (i32.eqz (global.get $left)) (then (drop (call $tick_period (i32.const 0))))))"#;
    let mut driver = start(&module(body), "");
    driver.wait(Duration::from_secs(1)).unwrap();
    let ticks: Vec<_> = journal(&driver).into_iter().filter(|line| line.contains("on_tick")).collect();
    let wanted = [10, 20, 30].map(|ms| format!("t={ms}ms filter   worker=0 on_tick"));
    assert_eq!(ticks, wanted);
}

#[test]
fn a_local_reply_goes_through_the_filter_and_past_it_when_an_answer_is_held() {
    let body = r#"
      (data (i32.const 0) "own")
      (global $replies (mut i32) (i32.const 0))
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (drop (call $reply (i32.const 418) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const -1)))
        (i32.const 0))
      (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
        ;; Once: the second reply does not come this way.
        (call $is (global.get $replies) (i32.const 0))
        (global.set $replies (i32.const 1))
        (i32.const 1))
      (func (export "proxy_on_response_body") (param $context i32) (param $size i32) (param $end i32) (result i32)
        (call $is (local.get $size) (i32.const 3))
        (call $is (local.get $end) (i32.const 1))
        (drop (call $reply (i32.const 451) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const -1)))
        (i32.const 1))"#;
    let (seen, journal) = request(body, "");
    let seen = seen.unwrap();
    assert_eq!((seen.status, seen.body.as_slice()), (451, b"ow".as_slice()));
    assert!(seen.headers.contains(&("content-length".to_owned(), "2".to_owned())));
    assert_eq!(seen.upstream["primary"], 0);
    assert_has(&journal, "local reply 418 through the filter");
    assert_has(&journal, "local reply 451 past the filter");
    let end: Vec<_> = ["on_log", "on_done", "on_delete"]
        .map(|name| journal.iter().position(|line| line.contains(name)).expect(name))
        .into();
    assert!(end.is_sorted(), "{}", journal.join("\n"));
}

#[test]
fn a_dispatched_call_ends_at_the_root_context() {
    // The pairs `:method: POST`, `:path: /`, `:authority: a`, as they lie in memory.
    let body = r#"
      (data (i32.const 0) "primarynowhere")
      (data (i32.const 32) "\03\00\00\00\07\00\00\00\04\00\00\00\05\00\00\00\01\00\00\00\0a\00\00\00\01\00\00\00:method\00POST\00:path\00/\00:authority\00a\00")
      (data (i32.const 128) ":status")
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (call $is (call $http_call (i32.const 7) (i32.const 7) (i32.const 32) (i32.const 62) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 100) (i32.const 4096)) (i32.const 2))
        ;; no :path and no :authority
        (call $is (call $http_call (i32.const 0) (i32.const 7) (i32.const 32) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 100) (i32.const 4096)) (i32.const 2))
        (call $is (call $http_call (i32.const 0) (i32.const 7) (i32.const 32) (i32.const 62) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 100) (i32.const 4096)) (i32.const 0))
        (call $is (i32.load (i32.const 4096)) (i32.const 1))
        (i32.const 1))
      (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 1))
      (func (export "proxy_on_http_call_response") (param $root i32) (param $token i32) (param $headers i32) (param $body i32) (param $trailers i32)
        (call $is (local.get $root) (i32.const 1))
        (call $is (local.get $token) (i32.const 1))
        (drop (call $get_header (i32.const 6) (i32.const 128) (i32.const 7) (i32.const 4096) (i32.const 4100)))
        (drop (call $log (i32.const 2) (i32.load (i32.const 4096)) (i32.load (i32.const 4100))))
        (call $is (call $effective (i32.const 77)) (i32.const 2))
        (call $is (call $effective (i32.const 2)) (i32.const 0))
        (drop (call $reply (i32.const 200) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1))))"#;
    for (plan, told) in [
        ("refused", ["info: 503", "status=503 body=98"]),
        ("[{ fault: reset }]", ["info: 503", "status=503 body=95"]),
        (
            "[{ fault: hang }]",
            ["info: 504", "t=100ms filter   worker=0 on_http_call_response token=1 status=504 body=24"],
        ),
        ("[{ status: 429 }]", ["info: 429", "status=429 body="]),
        // Cut after its headers: then there are none at all.
        ("[{ fault: cut }]", ["info: ", "status=none body=0"]),
    ] {
        let (seen, journal) = request(body, &format!("providers: {{ primary: {plan} }}"));
        assert_eq!(seen.unwrap().status, 200, "{plan}");
        for text in told {
            assert_has(&journal, text);
        }
    }
}

#[test]
fn memory_that_is_not_the_guests_is_refused() {
    let body = r#"
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
        (call $is (call $log (i32.const 2) (i32.const 0x7fffffff) (i32.const 10)) (i32.const 6))
        (call $is (call $log (i32.const 2) (i32.const 0xfffffff0) (i32.const 0x20)) (i32.const 6))
        (call $is (call $log (i32.const 99) (i32.const 0) (i32.const 1)) (i32.const 2))
        (call $is (call $get_shared (i32.const 0xffffffff) (i32.const 1) (i32.const 0) (i32.const 4) (i32.const 8)) (i32.const 6))
        (i32.const 0))"#;
    assert_eq!(request(body, "").0.unwrap().status, 200);
}

#[test]
fn a_trap_is_an_error_that_names_the_callback() {
    let body = r#"
      (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) unreachable)"#;
    let (seen, journal) = request(body, "");
    let error = format!("{:#}", seen.unwrap_err());
    assert!(
        error.contains("trapped in `proxy_on_response_headers`") && error.contains("unreachable"),
        "{error}"
    );
    assert_has(&journal, "trapped");
}

#[test]
fn an_endless_callback_is_stopped() {
    let body = r#"
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (loop $again (br $again)) (i32.const 0))"#;
    let error = format!("{:#}", request(body, "").0.unwrap_err());
    assert!(error.contains("fuel"), "{error}");
}

#[test]
fn a_filter_that_never_answers_is_an_error() {
    let body = r#"
      (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))
      (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 1))"#;
    let error = request(body, "").0.unwrap_err().to_string();
    assert!(error.contains("no answer"), "{error}");
}

#[test]
fn a_host_call_that_is_missing_is_named_when_it_is_called() {
    const IMPORT: &str = r#"(import "env" "proxy_from_the_future" (func $future (result i32)))"#;
    let text = |body: &str| {
        let text = format!(
            "(module {IMPORT} (memory (export \"memory\") 1)
               (func (export \"proxy_on_request_headers\") (param i32 i32 i32) (result i32) {body}))"
        );
        seawall_test_host::sim::Module::compile(text.as_bytes()).unwrap()
    };
    let run = |body: &str| start(&text(body), "").request(&Request::default());
    assert_eq!(run("(i32.const 0)").unwrap().status, 200);
    let error = format!("{:#}", run("(call $future)").unwrap_err());
    assert!(error.contains("proxy_from_the_future"), "{error}");
}

#[test]
fn a_filter_may_refuse_its_configuration() {
    let body = r#"
      (data (i32.const 0) "no good")
      (func (export "proxy_on_configure") (param $root i32) (param $size i32) (result i32)
        (call $is (local.get $size) (i32.const 7))
        (drop (call $log (i32.const 4) (i32.const 0) (i32.const 7)))
        (i32.const 0))"#;
    match SimDriver::start(&module(body), &scenario("").scenario).unwrap() {
        Started::Refused { log } => assert_eq!(log, ["error: no good"]),
        Started::Running(_) => panic!("it was not refused"),
    }
}
