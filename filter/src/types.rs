//! The numbers of the proxy-wasm ABI 0.2.1 that are used here.

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum LogLevel {
    Debug = 1,
    Info = 2,
    Warn = 3,
    Critical = 5,
}

/// Headers of one message.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum MapType {
    Request = 0,
    Response = 2,
    CallResponse = 6,
}

#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum BufferType {
    RequestBody = 0,
    ResponseBody = 1,
    CallBody = 4,
    GrpcMessage = 5,
    PluginConfiguration = 7,
}

#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum MetricType {
    Counter = 0,
    Gauge = 1,
}

#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum StreamType {
    Request = 0,
    Response = 1,
}

/// What a callback about headers, a body or trailers answers.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Action {
    Continue = 0,
    Pause = 1,
}
