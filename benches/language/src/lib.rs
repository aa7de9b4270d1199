//! The policy language by itself as a Wasm module. `bench language` calls it from outside and takes the time, because a
//! module has no clock worth the name.
#![allow(unsafe_code, reason = "exports of a module, and an allocator that counts")]
#![cfg_attr(not(target_arch = "wasm32"), allow(missing_docs, reason = "this is a module and nothing else"))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are in use.
static LIVE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are those that are needed.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Room for so many bytes, which stay where they are.
#[unsafe(no_mangle)]
pub extern "C" fn room(bytes: usize) -> *mut u8 {
    Vec::leak(vec![0; bytes]).as_mut_ptr()
}

/// Bytes that are in use.
#[unsafe(no_mangle)]
pub extern "C" fn live() -> usize {
    LIVE.load(Ordering::Relaxed)
}

#[cfg(feature = "language")]
mod language {
    use std::cell::RefCell;
    use std::hint::black_box;

    use seawall_policy::condition::{Condition, Facts, FlagName, NumberName, TextName, compile};
    use seawall_policy::{Policy, Scope, check_as, render};

    thread_local! {
        static POLICY: RefCell<Option<Policy>> = const { RefCell::new(None) };
        static CONDITION: RefCell<Option<Condition>> = const { RefCell::new(None) };
    }

    /// # Safety
    /// `pointer` is that of a `room` of at least `bytes`.
    unsafe fn text<'t>(pointer: *const u8, bytes: usize) -> &'t str {
        // SAFETY: the caller's promise.
        std::str::from_utf8(unsafe { std::slice::from_raw_parts(pointer, bytes) }).unwrap_or("")
    }

    /// Checks and lowers, and keeps the policy; 1 when there is one. What is wrong is rendered, as in the filter.
    ///
    /// # Safety
    /// `pointer` is that of a `room` of at least `bytes`.
    #[unsafe(no_mangle)]
    pub(super) unsafe extern "C" fn check(pointer: *const u8, bytes: usize) -> u32 {
        // SAFETY: the caller's promise.
        let source = unsafe { text(pointer, bytes) };
        let checked = check_as(source, Scope::WholeLanguage);
        black_box(render("policy", source, &checked.diagnostics));
        let is_there = checked.policy.is_some();
        POLICY.set(checked.policy);
        is_there.into()
    }

    /// Lets the policy go.
    #[unsafe(no_mangle)]
    pub(super) extern "C" fn forget() {
        POLICY.take();
    }

    /// Reads a condition for `evaluate`; 1 when it can be read.
    ///
    /// # Safety
    /// `pointer` is that of a `room` of at least `bytes`.
    #[unsafe(no_mangle)]
    pub(super) unsafe extern "C" fn condition(pointer: *const u8, bytes: usize) -> u32 {
        // SAFETY: the caller's promise.
        let condition = compile(unsafe { text(pointer, bytes) }, 0, &mut |_| {});
        let is_there = condition.is_some();
        CONDITION.set(condition);
        is_there.into()
    }

    struct Request {
        model: String,
        turns: i64,
    }

    impl Facts for Request {
        fn text(&self, name: TextName) -> &str {
            match name {
                TextName::Model => &self.model,
                TextName::Tier => "free",
                _ => "",
            }
        }

        fn number(&self, name: NumberName) -> i64 {
            if name == NumberName::InputTokens { 9_000 } else { self.turns }
        }

        fn flag(&self, _: FlagName) -> bool {
            false
        }

        fn header(&self, _: &str) -> Option<&str> {
            None
        }

        fn has_tool(&self, _: &str) -> bool {
            false
        }
    }

    /// So many evaluations, each of another request; how many held.
    #[unsafe(no_mangle)]
    pub(super) extern "C" fn evaluate(times: u32) -> u32 {
        let mut request = Request { model: "gpt-4.1-mini".into(), turns: 0 };
        CONDITION.with_borrow(|condition| {
            let Some(condition) = condition else { return 0 };
            let mut held = 0;
            for turn in 0..times {
                request.turns = turn.into();
                held += u32::from(black_box(condition).holds(black_box(&request)));
            }
            held
        })
    }
}
