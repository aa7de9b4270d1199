//! The provider over real sockets.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Mutex;

use crate::listening::{Listening, hold};
use crate::log::Seen;
use crate::plan::Plan;
use crate::service::{Service, Watch};
use crate::state::ScriptState;
use crate::wire::{Doom, Wire};

/// A running provider; clones are handles to the same one. It needs a Tokio runtime, and ends with its last handle.
#[derive(Clone)]
pub struct Provider {
    inner: Arc<Inner>,
}

struct Inner {
    service: Arc<Service>,
    addr: SocketAddr,
    port: Mutex<Port>,
}

/// The port is the provider's own all the time, whether or not connections to it are refused.
enum Port {
    Closed(Option<TcpSocket>),
    Open(Listening),
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("name", &self.name())
            .field("addr", &self.addr())
            .finish_non_exhaustive()
    }
}

impl Provider {
    /// Starts a provider. Port 0 means any free one.
    ///
    /// # Errors
    /// When the port can't be had.
    pub async fn start(name: impl Into<String>, addr: SocketAddr, plan: Plan) -> io::Result<Self> {
        Self::start_watched(name, addr, plan, |_| ()).await
    }

    /// The same, with a function that is told of each request. It runs between reading and answering: be brief.
    ///
    /// # Errors
    /// When the port can't be had.
    pub async fn start_watched(
        name: impl Into<String>,
        addr: SocketAddr,
        plan: Plan,
        watch: impl Fn(&Seen) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let socket = hold(addr)?;
        let addr = socket.local_addr()?;
        let watch: Watch = Box::new(watch);
        let service = Arc::new(Service::new(name.into(), ScriptState::new(Plan::Refused), watch));
        let port = Mutex::new(Port::Closed(Some(socket)));
        let provider = Self { inner: Arc::new(Inner { service, addr, port }) };
        provider.set_plan(plan).await?;
        Ok(provider)
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.service.name
    }

    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.inner.addr
    }

    /// Holds for every request that comes after this returned. [`Plan::Refused`] closes the established connections too:
    /// a proxy's pool would otherwise go on using them.
    ///
    /// # Errors
    /// When the port can't be opened again.
    pub async fn set_plan(&self, plan: Plan) -> io::Result<()> {
        let mut port = self.inner.port.lock().await;
        let service = &self.inner.service;
        if plan == Plan::Refused {
            *service.script() = ScriptState::new(plan);
            if let Port::Open(listening) = std::mem::replace(&mut *port, Port::Closed(None)) {
                listening.close().await;
            }
            *port = Port::Closed(Some(hold(self.inner.addr)?));
            return Ok(());
        }
        *service.script() = ScriptState::new(plan);
        if let Port::Closed(socket) = &mut *port {
            let socket = socket.take().map_or_else(|| hold(self.inner.addr), Ok)?;
            let service = Arc::clone(service);
            *port =
                Port::Open(Listening::start(socket, move |stream| connection(Arc::clone(&service), stream))?);
        }
        Ok(())
    }

    /// Whether connections are refused now.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.inner.service.script().is_refused()
    }

    /// The newest requests (up to 10,000) since the start or [`Provider::clear_log`], in order.
    #[must_use]
    pub fn log(&self) -> Vec<Seen> {
        self.inner.service.log.all()
    }

    pub fn clear_log(&self) {
        self.inner.service.log.clear();
    }

    /// All requests since the start.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.inner.service.log.count()
    }

    /// Closes the port and all connections, and waits until they are.
    pub async fn shutdown(&self) {
        let mut port = self.inner.port.lock().await;
        *self.inner.service.script() = ScriptState::new(Plan::Refused);
        if let Port::Open(listening) = std::mem::replace(&mut *port, Port::Closed(None)) {
            listening.close().await;
        }
    }
}

async fn connection(service: Arc<Service>, stream: TcpStream) {
    let doom = Doom::default();
    let wire = TokioIo::new(Wire::new(stream, doom.clone()));
    let served = service_fn(move |request| {
        let (service, doom) = (Arc::clone(&service), doom.clone());
        async move { service.serve(request, doom).await }
    });
    // The error is a fault that was asked for, or a client that went away.
    let _ = http1::Builder::new()
        .auto_date_header(false)
        .header_read_timeout(None)
        .serve_connection(wire, served)
        .await;
}
