//! Small modules, written as text, for what the host itself must do.

use std::path::Path;

use seawall_test_host::driver::{Driver, Observed};
use seawall_test_host::scenario::{Loaded, Request, parse};
use seawall_test_host::sim::{Module, SimDriver, Started};

/// Memory, an allocator that never frees, the host calls by short names, and `$is`, which traps unless two numbers are
/// equal. Texts lie below 4096, results of host calls at 4096 and above.
const PRELUDE: &str = r#"
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $tick_period (param i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $get_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value" (func $add_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value" (func $set_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_remove_header_map_value" (func $remove_header (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_pairs" (func $get_pairs (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $get_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_buffer_bytes" (func $set_buffer (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_status" (func $buffer_status (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_shared_data" (func $get_shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data" (func $set_shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_http_call"
    (func $http_call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $effective (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 4)
  (global $heap (mut i32) (i32.const 65536))
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (local.get $size))))
  (func $is (param $seen i32) (param $wanted i32)
    (if (i32.ne (local.get $seen) (local.get $wanted)) (then unreachable)))
"#;

pub(crate) fn text(body: &str) -> String {
    format!("(module {PRELUDE} {body})")
}

pub(crate) fn module(body: &str) -> Module {
    Module::compile(text(body).as_bytes()).expect("the fixture compiles")
}

/// A scenario with one healthy provider, `primary`, and what else is said.
pub(crate) fn scenario(rest: &str) -> Loaded {
    let providers = if rest.contains("providers:") { "" } else { "providers: { primary: [] }\n" };
    let steps = if rest.contains("steps:") { "" } else { "steps: [{ wait: 0s }]\n" };
    let text = format!("about: a test\npolicy: fixture\n{providers}{steps}{rest}\n");
    parse(Path::new("test.yaml"), &text).expect("the scenario parses")
}

pub(crate) fn start(module: &Module, rest: &str) -> SimDriver {
    match SimDriver::start(module, &scenario(rest).scenario).expect("the module starts") {
        Started::Running(driver) => *driver,
        Started::Refused { log } => panic!("refused: {log:?}"),
    }
}

/// One chat completion through a module with this body.
pub(crate) fn request(body: &str, rest: &str) -> (anyhow::Result<Observed>, Vec<String>) {
    let mut driver = start(&module(body), rest);
    let seen = driver.request(&Request::default());
    (seen, journal(&driver))
}

pub(crate) fn journal(driver: &SimDriver) -> Vec<String> {
    driver.journal().iter().map(ToString::to_string).collect()
}

#[track_caller]
pub(crate) fn assert_has(journal: &[String], text: &str) {
    assert!(journal.iter().any(|line| line.contains(text)), "no `{text}` in:\n{}", journal.join("\n"));
}
