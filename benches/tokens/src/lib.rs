//! Counting tokens as a Wasm module. `bench tokens` calls it from outside and takes the time, because a module has no clock
//! worth the name.
#![allow(unsafe_code, reason = "exports of a module")]
#![cfg_attr(not(target_arch = "wasm32"), allow(missing_docs, reason = "this is a module and nothing else"))]

/// Room for so many bytes, which stay where they are.
#[unsafe(no_mangle)]
pub extern "C" fn room(bytes: usize) -> *mut u8 {
    Vec::leak(vec![0; bytes]).as_mut_ptr()
}

/// # Safety
/// `pointer` is that of a `room` of at least `bytes`.
unsafe fn bytes_at<'t>(pointer: *const u8, bytes: usize) -> &'t [u8] {
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(pointer, bytes) }
}

/// How many tokens the text is: of `cl100k_base` if `older`, else of `o200k_base`.
///
/// # Safety
/// `pointer` is that of a `room` of at least `bytes`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn count(pointer: *const u8, bytes: usize, older: u32) -> u64 {
    // SAFETY: the caller's promise.
    let text = std::str::from_utf8(unsafe { bytes_at(pointer, bytes) }).unwrap_or("");
    #[cfg(feature = "reference")]
    return {
        let reference = if older == 1 {
            tiktoken_rs::cl100k_base_singleton()
        } else {
            tiktoken_rs::o200k_base_singleton()
        };
        reference.count_ordinary(text) as u64
    };
    #[cfg(not(feature = "reference"))]
    {
        use seawall_tokens::Encoding;
        let encoding = if older == 1 { Encoding::Cl100kBase } else { Encoding::O200kBase };
        encoding.count(text).tokens
    }
}

#[cfg(not(feature = "reference"))]
mod requests {
    use std::cell::RefCell;

    use seawall_tokens::{Budget, Dialect, Encoding, Memo, Request};

    use super::bytes_at;

    thread_local! {
        static MEMO: RefCell<Memo> = RefCell::new(Memo::new(4_096, [1, 2]));
    }

    /// Forgets all counts.
    #[unsafe(no_mangle)]
    pub(super) extern "C" fn forget() {
        MEMO.set(Memo::new(4_096, [1, 2]));
    }

    /// How many tokens a request for chat completions is, within this budget.
    ///
    /// # Safety
    /// `pointer` is that of a `room` of at least `bytes`.
    #[unsafe(no_mangle)]
    pub(super) unsafe extern "C" fn request(pointer: *const u8, bytes: usize, budget: usize) -> u64 {
        // SAFETY: the caller's promise.
        let body = unsafe { bytes_at(pointer, bytes) };
        let budget = Budget(budget);
        let request =
            Request { dialect: Dialect::Chat, model: "gpt-4o", encoding: Encoding::O200kBase, budget };
        MEMO.with_borrow_mut(|memo| request.count(body, memo).map_or(0, |tally| tally.total()))
    }
}
