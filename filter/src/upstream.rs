//! The upstream half: one request to a provider. It meets the provider's answer before the router does.

use std::cell::{OnceCell, RefCell};
use std::rc::{Rc, Weak};

use crate::types::{Action, MapType};
use seawall_core::{Event, Half, Ticket};

use crate::plugin::{Place, Plugin};
use crate::{answer, halves, host};

pub(crate) struct Upstream {
    context: u32,
    /// Whose attempt this is, and the plugin that has made it; none for requests that it did not make.
    attempt: OnceCell<(Ticket, Weak<RefCell<Option<Plugin>>>)>,
}

impl Upstream {
    pub(crate) fn new(context: u32) -> Self {
        Self { context, attempt: OnceCell::new() }
    }

    fn with(&self, run: impl FnOnce(&mut Plugin, Ticket) -> bool) -> Action {
        let Some((attempt, plugin)) = self.attempt.get() else { return Action::Continue };
        let Some(plugin) = plugin.upgrade() else { return Action::Continue };
        let Ok(mut plugin) = plugin.try_borrow_mut() else { return Action::Continue };
        if plugin.as_mut().is_some_and(|plugin| run(plugin, *attempt)) {
            Action::Pause
        } else {
            Action::Continue
        }
    }

    pub(crate) fn on_request_headers(&self) -> Action {
        const MAP: MapType = MapType::Request;
        let Some(token) = host::header(MAP, halves::HEADER) else { return Action::Continue };
        let _ = host::remove_header(MAP, halves::HEADER);
        let token = String::from_utf8(token).unwrap_or_default();
        let Some((attempt, plugin)) = halves::find(&token) else { return Action::Continue };
        let _ = self.attempt.set((attempt, Rc::downgrade(&plugin)));
        self.with(|plugin, attempt| {
            plugin.upstream_begins(attempt, self.context);
            false
        })
    }

    pub(crate) fn on_response_headers(&self, end_of_stream: bool) -> Action {
        self.with(|plugin, Ticket { id, n, .. }| {
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

    pub(crate) fn on_response_body(&self, size: usize, end_of_stream: bool) -> Action {
        self.with(|plugin, Ticket { id, n, .. }| {
            plugin.answer_goes_on(id, Half::Upstream { attempt: n }, size, end_of_stream)
        })
    }

    pub(crate) fn on_delete(&self) {
        self.with(|plugin, attempt| {
            plugin.upstream_ended(attempt);
            false
        });
    }
}
