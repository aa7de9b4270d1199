//! The callbacks of the proxy-wasm ABI 0.2.1, and the contexts they are about.
//!
//! They may nest: a call dispatched from a callback can reach its connection at once, and then the host makes the upstream
//! half's context and hands it the request before that callback has returned. The dispatcher of the SDK holds its tables
//! borrowed during a callback, so it would panic there, and a panic takes the worker's VM and its streams along. Here a
//! context is looked up and let go before it is called.

#![expect(unsafe_code, reason = "the ABI is made of C functions and memory handed over to the host")]

use std::cell::RefCell;
use std::rc::Rc;

use seawall_core::IdMap;

use crate::http::Http;
use crate::root::Root;
use crate::types::{Action, LogLevel};
use crate::upstream::Upstream;
use crate::{halves, host};

/// What the host calls a context.
#[derive(Clone)]
enum Context {
    Root(Rc<Root>),
    Downstream(Rc<Http>),
    Upstream(Rc<Upstream>),
}

thread_local! {
    static CONTEXTS: RefCell<IdMap<u32, Context>> = RefCell::default();
}

fn find(id: u32) -> Option<Context> {
    CONTEXTS.with_borrow(|contexts| contexts.get(&id).cloned())
}

fn root(id: u32) -> Option<Rc<Root>> {
    if let Some(Context::Root(root)) = find(id) { Some(root) } else { None }
}

#[cfg(target_os = "wasi")]
unsafe extern "C" {
    fn __wasm_call_ctors();
}

#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    // SAFETY: the linker's own function; the host calls this one once, before any other.
    #[cfg(target_os = "wasi")]
    unsafe {
        __wasm_call_ctors();
    }
    // What a panic says would be lost with the VM.
    std::panic::set_hook(Box::new(|panic| host::log(LogLevel::Critical, &panic.to_string())));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// Memory that the host writes to and hands over; see `host::take`.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    Box::into_raw(Box::<[u8]>::new_uninit_slice(size)).cast()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(id: u32, parent: u32) {
    let context = match root(parent) {
        None => Context::Root(Rc::new(Root::new(id))),
        Some(root) if root.is_upstream() => Context::Upstream(Rc::new(Upstream::new(id))),
        Some(root) => Context::Downstream(Rc::new(Http::new(id, root.plugin()))),
    };
    CONTEXTS.with_borrow_mut(|contexts| contexts.insert(id, context));
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_vm_start(_id: u32, _size: usize) -> u32 {
    1
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(id: u32, _size: usize) -> u32 {
    root(id).is_some_and(|root| root.on_configure()).into()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(id: u32) {
    if let Some(root) = root(id) {
        root.on_tick();
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(id: u32, _count: usize, end_of_stream: u32) -> Action {
    match find(id) {
        Some(Context::Downstream(http)) => http.on_request_headers(end_of_stream != 0),
        Some(Context::Upstream(upstream)) => upstream.on_request_headers(),
        Some(Context::Root(_)) | None => Action::Continue,
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(id: u32, size: usize, end_of_stream: u32) -> Action {
    match find(id) {
        Some(Context::Downstream(http)) => http.on_request_body(size, end_of_stream != 0),
        _ => Action::Continue,
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(id: u32, _count: usize) -> Action {
    match find(id) {
        Some(Context::Downstream(http)) => http.on_request_trailers(),
        _ => Action::Continue,
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(id: u32, _count: usize, end_of_stream: u32) -> Action {
    match find(id) {
        Some(Context::Downstream(http)) => http.on_response_headers(end_of_stream != 0),
        Some(Context::Upstream(upstream)) => upstream.on_response_headers(end_of_stream != 0),
        Some(Context::Root(_)) | None => Action::Continue,
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_body(id: u32, size: usize, end_of_stream: u32) -> Action {
    match find(id) {
        Some(Context::Downstream(http)) => http.on_response_body(size, end_of_stream != 0),
        Some(Context::Upstream(upstream)) => upstream.on_response_body(size, end_of_stream != 0),
        Some(Context::Root(_)) | None => Action::Continue,
    }
}

/// An answer that is followed by trailers ends here and not in the body's callback.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_trailers(id: u32, _count: usize) -> Action {
    proxy_on_response_body(id, 0, 1)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_http_call_response(
    _id: u32,
    token: u32,
    headers: usize,
    _body: usize,
    _trailers: usize,
) {
    halves::call_ended(token, headers);
}

/// The answer of a gRPC call of one message: nothing else is told of it then.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_grpc_receive(_id: u32, token: u32, _size: usize) {
    halves::service_answered(token, None);
}

/// A gRPC call has failed.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_grpc_close(_id: u32, token: u32, status: u32) {
    halves::service_answered(token, Some(status));
}

/// The last that is told of a context, and the only thing told of the end of one of the upstream half. Each of the ABI's other
/// two callbacks for the end would cost its crossing for every request.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(id: u32) {
    match find(id) {
        Some(Context::Downstream(http)) => http.on_delete(),
        Some(Context::Upstream(upstream)) => upstream.on_delete(),
        Some(Context::Root(root)) => root.on_delete(),
        None => {}
    }
    CONTEXTS.with_borrow_mut(|contexts| contexts.remove(&id));
}
