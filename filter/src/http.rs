//! The downstream half: one stream of a client, callbacks in, events out.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, BufferType, MapType};
use seawall_core::{Event, ExchangeId, Half};

use crate::plugin::{Place, Plugin};
use crate::{answer, host};

pub(crate) struct Http {
    context: u32,
    /// The context's own number, unless the stream is one that is back on its way through the filter.
    id: Cell<ExchangeId>,
    /// `None` until the first policy has checked; then nothing is touched.
    plugin: Rc<RefCell<Option<Plugin>>>,
}

impl Http {
    pub(crate) fn new(context: u32, plugin: Rc<RefCell<Option<Plugin>>>) -> Self {
        Self { context, id: Cell::new(ExchangeId(context)), plugin }
    }

    /// Tells the engine, if it has taken this stream on.
    fn handle_known(&self, place: Place, event: impl FnOnce() -> Event) -> Action {
        self.with(|plugin| plugin.knows(self.id.get()) && plugin.handle(self.id.get(), event(), place))
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
        self.with(|plugin| {
            let headers = host::headers(MapType::HttpRequestHeaders);
            if let Some(id) = plugin.back(self.context, &headers) {
                self.id.set(id);
                return plugin.handle(id, Event::Rerouted { end_of_stream }, Place::Request);
            }
            plugin.handle(self.id.get(), Event::RequestHeaders { headers, end_of_stream }, Place::Request)
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

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        self.handle_known(Place::Response, || {
            let (half, answer) = (Half::Downstream, answer::downstream());
            Event::AnswerHeaders { half, answer, end_of_stream }
        })
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.with(|plugin| plugin.answer_goes_on(self.id.get(), Half::Downstream, size, end_of_stream))
    }

    /// An answer that is followed by trailers ends here and not in the body callback.
    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        self.with(|plugin| plugin.answer_goes_on(self.id.get(), Half::Downstream, 0, true))
    }

    /// The stream has ended, whatever way.
    fn on_log(&mut self) {
        self.with(|plugin| {
            plugin.gone(self.context, self.id.get());
            false
        });
    }
}
