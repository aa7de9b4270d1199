//! The downstream half: one stream of a client, callbacks in, events out.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::types::{Action, BufferType, MapType};
use seawall_core::{Event, ExchangeId, Half, Origin};

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
        // Callbacks of the downstream half do not nest, so the borrow cannot fail; if it did, the stream would go on.
        let Ok(mut plugin) = self.plugin.try_borrow_mut() else { return Action::Continue };
        if plugin.as_mut().is_some_and(run) { Action::Pause } else { Action::Continue }
    }

    fn request_end() -> Event {
        Event::RequestEnd { body: host::buffer(BufferType::RequestBody) }
    }

    pub(crate) fn on_request_headers(&self, end_of_stream: bool) -> Action {
        self.with(|plugin| {
            let headers = host::headers(MapType::Request);
            if let Some(id) = plugin.back(self.context, &headers) {
                self.id.set(id);
                return plugin.handle(id, Event::Rerouted { end_of_stream }, Place::Request);
            }
            plugin.handle(self.id.get(), Event::RequestHeaders { headers, end_of_stream }, Place::Request)
        })
    }

    pub(crate) fn on_request_body(&self, size: usize, end_of_stream: bool) -> Action {
        let id = self.id.get();
        self.with(|plugin| {
            if !plugin.knows(id) {
                return false;
            }
            if end_of_stream {
                return plugin.handle(id, Self::request_end(), Place::Request);
            }
            !plugin.minds_body(id, size)
                || plugin.handle(id, Event::RequestBody { buffered: size }, Place::Request)
        })
    }

    /// A body that is followed by trailers ends here and not in the body callback.
    pub(crate) fn on_request_trailers(&self) -> Action {
        self.handle_known(Place::Request, Self::request_end)
    }

    pub(crate) fn on_response_headers(&self, end_of_stream: bool) -> Action {
        self.with(|plugin| {
            let id = self.id.get();
            if !plugin.knows(id) {
                return false;
            }
            let (half, answer) = (Half::Downstream, answer::downstream());
            if answer.origin == Origin::Provider {
                plugin.provider_answers(id);
            }
            plugin.handle(id, Event::AnswerHeaders { half, answer, end_of_stream }, Place::Response)
        })
    }

    pub(crate) fn on_response_body(&self, size: usize, end_of_stream: bool) -> Action {
        self.with(|plugin| plugin.answer_goes_on(self.id.get(), Half::Downstream, size, end_of_stream))
    }

    /// The stream has ended, whatever way.
    pub(crate) fn on_delete(&self) {
        self.with(|plugin| {
            plugin.gone(self.context, self.id.get());
            false
        });
    }
}
