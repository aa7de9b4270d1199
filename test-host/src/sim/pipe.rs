//! A request and its answer through one filter context: headers and body pass in both directions, and the filter may hold
//! them back or change them. Client streams pass such a pipe, and, where the upstream half is installed, so does every
//! request on its way from the router to a provider.
//!
//! A direction is in one of these states:
//!
//! | gate | headers | body |
//! |---|---|---|
//! | `Asking` | the filter is being asked, or nothing has come yet | |
//! | `Held` | held back | comes to the filter, which may hold it too |
//! | `Stopped` | held back | waits outside (a host without `allow_on_headers_stop_iteration`) |
//! | `Open` | have passed | comes to the filter, which may hold it |

use anyhow::{Context, bail};

use super::abi::Direction;
use super::state::{Half, HttpContext};
use super::vm::Verdict;
use super::world::{StreamId, World};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Gate {
    #[default]
    Asking,
    Held,
    Stopped,
    Open,
}

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Side {
    gate: Gate,
    pub(super) started: bool,
    /// Nothing passes any more: another answer has taken its place.
    pub(super) closed: bool,
    /// Whether the headers were all.
    headers_end: bool,
    body_held: bool,
    held_end: bool,
    /// The last callback about the body has stopped it. Until another lets it go by its return value, Envoy puts what comes
    /// into the buffer before it asks, also when a host call has let the body go meanwhile.
    buffers: bool,
    /// What waits outside while stopped, and whether that is the end.
    waiting: Option<(Vec<u8>, bool)>,
}

/// Where the filter context stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Between a client and the router.
    Downstream,
    /// Between the router and a provider.
    Upstream { exchange: u64 },
}

#[derive(Debug)]
pub(crate) struct Pipe {
    pub(super) place: Place,
    pub(super) request: Side,
    pub(super) response: Side,
}

impl Pipe {
    pub(super) fn new(place: Place) -> Self {
        Self { place, request: Side::default(), response: Side::default() }
    }

    /// One whose request the filter has seen already.
    pub(super) fn entered(place: Place, headers_end: bool) -> Self {
        let request = Side { started: true, headers_end, ..Side::default() };
        Self { place, request, response: Side::default() }
    }

    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }
}

impl World {
    pub(super) fn headers(&mut self, id: StreamId, direction: Direction, end: bool) -> anyhow::Result<()> {
        let Some(side) = self.open_side(id, direction) else { return Ok(()) };
        (side.started, side.headers_end) = (true, end);
        let half = self.half(id, direction)?;
        half.visible = true;
        let count = half.headers.len();
        let StreamId { machine, context } = id;
        let verdict = self.enter(
            machine,
            |vm| vm.on_headers(context, direction, count, end),
            |verdict| {
                format!("context={context} on_{direction}_headers count={count} end={end} -> {verdict}")
            },
        )?;
        let Some(verdict) = verdict else { return self.fail_stream(id) };
        self.settle(machine)?;
        self.headers_judged(id, direction, verdict)
    }

    pub(super) fn headers_judged(
        &mut self,
        id: StreamId,
        direction: Direction,
        verdict: Verdict,
    ) -> anyhow::Result<()> {
        let held = if self.body_while_paused { Gate::Held } else { Gate::Stopped };
        let Some(side) = self.open_side(id, direction) else { return Ok(()) };
        if verdict == Verdict::Pause {
            side.gate = held;
            return Ok(());
        }
        self.half(id, direction)?.visible = false;
        self.pass_headers(id, direction)
    }

    pub(super) fn data(
        &mut self,
        id: StreamId,
        direction: Direction,
        bytes: &[u8],
        end: bool,
    ) -> anyhow::Result<()> {
        if self.open_side(id, direction).is_some() {
            self.half(id, direction)?.received += bytes.len();
        }
        self.deliver(id, direction, bytes, end)
    }

    fn deliver(&mut self, id: StreamId, direction: Direction, bytes: &[u8], end: bool) -> anyhow::Result<()> {
        let Some(side) = self.open_side(id, direction) else { return Ok(()) };
        if side.gate == Gate::Stopped {
            let (waiting, waiting_end) = side.waiting.get_or_insert_default();
            waiting.extend(bytes);
            *waiting_end |= end;
            return Ok(());
        }
        side.held_end |= end;
        let is_fresh = !side.buffers;
        let half = self.half(id, direction)?;
        if is_fresh {
            half.body.clear();
        }
        half.body.extend(bytes);
        half.has_buffer = true;
        let size = half.body.len();
        let StreamId { machine, context } = id;
        let verdict = self.enter(
            machine,
            |vm| vm.on_body(context, direction, size, end),
            |verdict| format!("context={context} on_{direction}_body size={size} end={end} -> {verdict}"),
        )?;
        let Some(verdict) = verdict else { return self.fail_stream(id) };
        self.settle(machine)?;
        self.body_judged(id, direction, verdict, end)
    }

    pub(super) fn body_judged(
        &mut self,
        id: StreamId,
        direction: Direction,
        verdict: Verdict,
        end: bool,
    ) -> anyhow::Result<()> {
        let Some(side) = self.open_side(id, direction) else { return Ok(()) };
        if verdict == Verdict::Pause {
            (side.body_held, side.buffers) = (true, true);
            return Ok(());
        }
        let (was_held, has_buffered) =
            (std::mem::take(&mut side.body_held), std::mem::take(&mut side.buffers));
        let is_headers = side.gate == Gate::Held;
        let half = self.half(id, direction)?;
        half.has_buffer = false;
        if has_buffered && !was_held && !half.body.is_empty() {
            bail!(
                "a body was let go by a host call, and more of it by a return value: Envoy has put that into its buffer and \
                 leaves it there. Let it go by a host call too, and stop the body."
            );
        }
        if is_headers {
            self.pass_headers(id, direction)?;
        }
        self.pass_body(id, direction, end)
    }

    /// The filter lets go of what it holds.
    pub(super) fn resume(&mut self, id: StreamId, direction: Direction) -> anyhow::Result<()> {
        let Some(side) = self.open_side(id, direction) else { return Ok(()) };
        if side.gate == Gate::Asking {
            return Ok(());
        }
        let (held, end) = (std::mem::take(&mut side.body_held) || side.buffers, side.held_end);
        let waiting = side.waiting.take();
        if side.gate != Gate::Open {
            self.pass_headers(id, direction)?;
        }
        if held {
            self.pass_body(id, direction, end)?;
        }
        match waiting {
            Some((bytes, end)) => self.deliver(id, direction, &bytes, end),
            None => Ok(()),
        }
    }

    fn pass_headers(&mut self, id: StreamId, direction: Direction) -> anyhow::Result<()> {
        let Some(side) = self.open_side(id, direction) else { return Ok(()) };
        side.gate = Gate::Open;
        let end = side.headers_end;
        let Some(place) = self.place(id) else { return Ok(()) };
        let headers = self.half(id, direction)?.headers.clone();
        match (place, direction) {
            (Place::Downstream, Direction::Request) => self.route(id, headers, end),
            (Place::Downstream, Direction::Response) => self.client_headers(id, &headers, end),
            (Place::Upstream { exchange }, Direction::Request) => self.send_headers(exchange, headers, end),
            (Place::Upstream { exchange }, Direction::Response) => {
                self.router_headers(exchange, headers, end)
            }
        }
    }

    fn pass_body(&mut self, id: StreamId, direction: Direction, end: bool) -> anyhow::Result<()> {
        if self.open_side(id, direction).is_none() {
            return Ok(());
        }
        let body = std::mem::take(&mut self.half(id, direction)?.body);
        let Some(place) = self.place(id) else { return Ok(()) };
        match (place, direction) {
            (Place::Downstream, Direction::Request) => self.route_body(id, &body, end),
            (Place::Downstream, Direction::Response) => self.client_body(id, &body, end),
            (Place::Upstream { exchange }, Direction::Request) => self.send_body(exchange, &body, end),
            (Place::Upstream { exchange }, Direction::Response) => self.router_body(exchange, &body, end),
        }
    }

    pub(super) fn place(&self, id: StreamId) -> Option<Place> {
        self.pipes.get(&id).map(|pipe| pipe.place)
    }

    /// The direction, unless the stream has ended or something else was answered.
    fn open_side(&mut self, id: StreamId, direction: Direction) -> Option<&mut Side> {
        let side = self.pipes.get_mut(&id)?.side(direction);
        (!side.closed).then_some(side)
    }

    pub(super) fn half(&mut self, id: StreamId, direction: Direction) -> anyhow::Result<&mut Half> {
        Ok(self.http(id)?.half(direction))
    }

    pub(super) fn http(&mut self, id: StreamId) -> anyhow::Result<&mut HttpContext> {
        self.vm(id.machine)?.host().streams.get_mut(&id.context).context("a stream without its context")
    }

    pub(super) fn set_details(&mut self, id: StreamId, details: &str, flags: u64) -> anyhow::Result<()> {
        let http = self.http(id)?;
        (http.details, http.flags) = (details.to_owned(), flags);
        Ok(())
    }

    /// The context has seen all it will: its last callbacks. Only what a client sees is logged.
    pub(super) fn close_context(&mut self, id: StreamId, logs: bool) -> anyhow::Result<()> {
        let StreamId { machine, context } = id;
        if logs {
            self.http(id)?.logging = true;
            self.enter(machine, |vm| vm.on_log(context), |()| format!("context={context} on_log"))?;
            self.http(id)?.logging = false;
            self.settle(machine)?;
        }
        self.enter(machine, |vm| vm.on_done(context), |()| format!("context={context} on_done"))?;
        self.settle(machine)?;
        self.enter(machine, |vm| vm.on_delete(context), |()| format!("context={context} on_delete"))?;
        let ended = self.vm(machine)?.host().streams.remove(&context);
        self.settle(machine)?;
        ended.map_or(Ok(()), |stream| self.retire(machine, stream.root))
    }
}
