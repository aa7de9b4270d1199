//! One stream of a client: callbacks in, events out.

use std::cell::RefCell;
use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType, MapType};
use seawall_core::{Event, ExchangeId};

use crate::host;
use crate::plugin::{Place, Plugin, router_answer};

pub(crate) struct Http {
    id: ExchangeId,
    /// `None` until the first policy has checked; then nothing is touched.
    plugin: Rc<RefCell<Option<Plugin>>>,
}

impl Http {
    pub(crate) fn new(id: u32, plugin: Rc<RefCell<Option<Plugin>>>) -> Self {
        Self { id: ExchangeId(id), plugin }
    }

    fn handle(&self, place: Place, event: impl FnOnce() -> Event) -> Action {
        self.with(|plugin| plugin.handle(self.id, event(), place))
    }

    /// As [`Http::handle`], for a stream that the engine has taken on.
    fn handle_known(&self, place: Place, event: impl FnOnce() -> Event) -> Action {
        self.with(|plugin| plugin.knows(self.id) && plugin.handle(self.id, event(), place))
    }

    fn with(&self, run: impl FnOnce(&mut Plugin) -> bool) -> Action {
        // No callback is entered while another runs, so the borrow cannot fail; if it did, the stream would go on.
        let Ok(mut plugin) = self.plugin.try_borrow_mut() else { return Action::Continue };
        if plugin.as_mut().is_some_and(run) { Action::Pause } else { Action::Continue }
    }

    fn request_end() -> Event {
        Event::RequestEnd { body: host::buffer(BufferType::HttpRequestBody) }
    }
}

impl Context for Http {
    fn on_http_call_response(&mut self, token: u32, headers: usize, _body: usize, _trailers: usize) {
        self.with(|plugin| {
            plugin.call_ended(token, headers);
            false
        });
    }
}

impl HttpContext for Http {
    fn on_http_request_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        self.handle(Place::Request, || {
            let headers = host::headers(MapType::HttpRequestHeaders);
            Event::RequestHeaders { headers, end_of_stream }
        })
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.handle_known(Place::Request, || {
            if end_of_stream { Self::request_end() } else { Event::RequestBody { buffered: size } }
        })
    }

    /// A body that is followed by trailers ends here and not in the body callback.
    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        self.handle_known(Place::Request, Self::request_end)
    }

    fn on_http_response_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        self.handle_known(Place::Response, || Event::RouterAnswer(router_answer()))
    }

    fn on_http_response_body(&mut self, _size: usize, _end_of_stream: bool) -> Action {
        self.with(|plugin| plugin.holds_response(self.id))
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        self.with(|plugin| plugin.holds_response(self.id))
    }

    /// The stream has ended, whatever way.
    fn on_log(&mut self) {
        self.with(|plugin| {
            plugin.gone(self.id);
            false
        });
    }
}
