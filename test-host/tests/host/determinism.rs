//! One seed, one run.
use crate::support::{journal, module, start};
use seawall_test_host::driver::Driver;
use seawall_test_host::scenario::Request;

/// Waits a random time, under 256 ms, before it lets the request go.
const RANDOM_WAIT: &str = r#"
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (drop (call $random (i32.const 4096) (i32.const 1)))
    (drop (call $tick_period (i32.add (i32.load8_u (i32.const 4096)) (i32.const 1))))
    (i32.const 1))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_tick") (param i32)
    (drop (call $tick_period (i32.const 0)))
    (drop (call $effective (i32.const 2)))
    (drop (call $continue (i32.const 0))))"#;

fn run(seed: u64, worker: u32) -> Vec<String> {
    let mut driver = start(&module(RANDOM_WAIT), &format!("workers: 2\nseed: {seed}"));
    driver.request(&Request { worker, ..Request::default() }).unwrap();
    journal(&driver)
}

#[test]
fn the_same_seed_gives_the_same_journal() {
    assert_eq!(run(7, 0), run(7, 0));
}

#[test]
fn another_seed_gives_other_waits() {
    assert_ne!(run(7, 0), run(8, 0));
}

#[test]
fn workers_do_not_draw_alike() {
    let wait = |worker| run(7, worker).into_iter().find(|line| line.contains("on_tick"));
    let time = |line: Option<String>| line.and_then(|line| line.split(' ').next().map(str::to_owned));
    assert_ne!(time(wait(0)), time(wait(1)));
}
