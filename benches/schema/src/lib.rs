//! JSON Schema as a Wasm module. `bench schema` calls it from outside and takes the time, because a module has no clock worth
//! the name. Without the feature `schema` it is what the module's size is compared with.
#![allow(unsafe_code, reason = "exports of a module")]
#![cfg_attr(not(target_arch = "wasm32"), allow(missing_docs, reason = "this is a module and nothing else"))]

/// Room for so many bytes, which stay where they are.
#[unsafe(no_mangle)]
pub extern "C" fn room(bytes: usize) -> *mut u8 {
    Vec::leak(vec![0; bytes]).as_mut_ptr()
}

#[cfg(feature = "schema")]
mod schema {
    use std::cell::RefCell;

    use seawall_schema::{Bounds, Document, Options, Schema, Scratch};

    thread_local! {
        static SCHEMA: RefCell<Option<(Schema, Scratch)>> = const { RefCell::new(None) };
    }

    /// # Safety
    /// `pointer` is that of a `room` of at least `bytes`.
    unsafe fn text_at<'t>(pointer: *const u8, bytes: usize) -> &'t str {
        // SAFETY: the caller's promise.
        std::str::from_utf8(unsafe { std::slice::from_raw_parts(pointer, bytes) }).unwrap_or("")
    }

    /// Whether the text is a schema, which from now on is checked with; formats are asserted.
    ///
    /// # Safety
    /// `pointer` is that of a `room` of at least `bytes`.
    #[unsafe(no_mangle)]
    pub(super) unsafe extern "C" fn compile(pointer: *const u8, bytes: usize) -> u32 {
        // SAFETY: the caller's promise.
        let text = unsafe { text_at(pointer, bytes) };
        let schema = Schema::compile(text, &Options { assert_formats: true, ..Options::default() }).ok();
        SCHEMA.set(schema.map(|schema| (schema, Scratch::default())));
        SCHEMA.with_borrow(|schema| u32::from(schema.is_some()))
    }

    /// Whether the text is JSON; what `check` does before all else.
    ///
    /// # Safety
    /// `pointer` is that of a `room` of at least `bytes`.
    #[unsafe(no_mangle)]
    pub(super) unsafe extern "C" fn read(pointer: *const u8, bytes: usize) -> u32 {
        // SAFETY: the caller's promise.
        let text = unsafe { text_at(pointer, bytes) };
        u32::from(Document::read(text, Bounds::default().document).is_ok())
    }

    /// Whether the text fits the schema.
    ///
    /// # Safety
    /// `pointer` is that of a `room` of at least `bytes`.
    #[unsafe(no_mangle)]
    pub(super) unsafe extern "C" fn check(pointer: *const u8, bytes: usize) -> u32 {
        // SAFETY: the caller's promise.
        let text = unsafe { text_at(pointer, bytes) };
        SCHEMA.with_borrow_mut(|schema| {
            let Some((schema, scratch)) = schema else { return 0 };
            u32::from(schema.check(text, &Bounds::default(), scratch).is_ok())
        })
    }
}
