//! The callbacks that a module exports. One it lacks is not called; Envoy does the same.

use anyhow::Context;
use wasmtime::{Extern, Instance, Store, TypedFunc, WasmParams, WasmResults};

use super::state::HostState;
use super::vm::flat;

pub(super) type OnHeaders = TypedFunc<(u32, u32, u32), u32>;
pub(super) type OnCallResponse = TypedFunc<(u32, u32, u32, u32, u32), ()>;

pub(super) struct Exports {
    pub(super) context_create: Option<TypedFunc<(u32, u32), ()>>,
    pub(super) vm_start: Option<TypedFunc<(u32, u32), u32>>,
    pub(super) configure: Option<TypedFunc<(u32, u32), u32>>,
    pub(super) tick: Option<TypedFunc<u32, ()>>,
    pub(super) request_headers: Option<OnHeaders>,
    pub(super) request_body: Option<OnHeaders>,
    pub(super) response_headers: Option<OnHeaders>,
    pub(super) response_body: Option<OnHeaders>,
    pub(super) http_call_response: Option<OnCallResponse>,
    pub(super) grpc_receive: Option<TypedFunc<(u32, u32, u32), ()>>,
    pub(super) grpc_close: Option<TypedFunc<(u32, u32, u32), ()>>,
    pub(super) done: Option<TypedFunc<u32, u32>>,
    pub(super) log: Option<TypedFunc<u32, ()>>,
    pub(super) delete: Option<TypedFunc<u32, ()>>,
}

impl Exports {
    pub(super) fn find(store: &mut Store<HostState>, instance: &Instance) -> anyhow::Result<Self> {
        Ok(Self {
            context_create: export(store, instance, "proxy_on_context_create")?,
            vm_start: export(store, instance, "proxy_on_vm_start")?,
            configure: export(store, instance, "proxy_on_configure")?,
            tick: export(store, instance, "proxy_on_tick")?,
            request_headers: export(store, instance, "proxy_on_request_headers")?,
            request_body: export(store, instance, "proxy_on_request_body")?,
            response_headers: export(store, instance, "proxy_on_response_headers")?,
            response_body: export(store, instance, "proxy_on_response_body")?,
            http_call_response: export(store, instance, "proxy_on_http_call_response")?,
            grpc_receive: export(store, instance, "proxy_on_grpc_receive")?,
            grpc_close: export(store, instance, "proxy_on_grpc_close")?,
            done: export(store, instance, "proxy_on_done")?,
            log: export(store, instance, "proxy_on_log")?,
            delete: export(store, instance, "proxy_on_delete")?,
        })
    }
}

pub(super) fn export<P: WasmParams, R: WasmResults>(
    store: &mut Store<HostState>,
    instance: &Instance,
    name: &str,
) -> anyhow::Result<Option<TypedFunc<P, R>>> {
    let Some(Extern::Func(function)) = instance.get_export(&mut *store, name) else { return Ok(None) };
    let typed = function.typed(&*store).map_err(flat);
    typed.map(Some).with_context(|| format!("the module exports `{name}` with another signature"))
}
