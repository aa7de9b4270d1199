//! The upstream half: one request to a provider. It meets the provider's answer before the router does.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, MapType};
use seawall_core::{Event, Half};

use crate::plugin::{Place, Plugin};
use crate::token::{self, Attempt};
use crate::{answer, halves, host};

pub(crate) struct Upstream {
    context: u32,
    /// Whose attempt this is, and the plugin that has made it; none for requests that it did not make.
    attempt: Option<(Attempt, Weak<RefCell<Option<Plugin>>>)>,
}

impl Upstream {
    pub(crate) fn new(context: u32) -> Self {
        Self { context, attempt: None }
    }

    fn with(&self, run: impl FnOnce(&mut Plugin, Attempt) -> bool) -> Action {
        let Some((attempt, plugin)) = &self.attempt else { return Action::Continue };
        let Some(plugin) = plugin.upgrade() else { return Action::Continue };
        let Ok(mut plugin) = plugin.try_borrow_mut() else { return Action::Continue };
        if plugin.as_mut().is_some_and(|plugin| run(plugin, *attempt)) {
            Action::Pause
        } else {
            Action::Continue
        }
    }
}

impl Context for Upstream {}

impl HttpContext for Upstream {
    fn on_http_request_headers(&mut self, _count: usize, _end_of_stream: bool) -> Action {
        const MAP: MapType = MapType::HttpRequestHeaders;
        let Some(token) = host::header(MAP, token::HEADER) else { return Action::Continue };
        let _ = host::remove_header(MAP, token::HEADER);
        let token = String::from_utf8(token).unwrap_or_default();
        self.attempt = halves::find(&token).map(|(attempt, plugin)| (attempt, Rc::downgrade(&plugin)));
        self.with(|plugin, attempt| {
            plugin.upstream_begins(attempt, self.context);
            false
        })
    }

    fn on_http_response_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        self.with(|plugin, Attempt { id, n, .. }| {
            let half = Half::Upstream { attempt: n };
            let answer = answer::upstream();
            plugin.knows(id)
                && plugin.handle(
                    id,
                    Event::AnswerHeaders { half, answer, end_of_stream },
                    Place::Upstream { attempt: n },
                )
        })
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.with(|plugin, Attempt { id, n, .. }| {
            plugin.answer_goes_on(id, Half::Upstream { attempt: n }, size, end_of_stream)
        })
    }

    /// An answer that is followed by trailers ends here and not in the body callback.
    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        self.with(|plugin, Attempt { id, n, .. }| {
            plugin.answer_goes_on(id, Half::Upstream { attempt: n }, 0, true)
        })
    }

    fn on_log(&mut self) {
        self.with(|plugin, attempt| {
            plugin.upstream_ended(attempt);
            false
        });
    }
}
