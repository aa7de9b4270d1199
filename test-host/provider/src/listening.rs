//! An open port and the connections made to it, which end together.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// Connections that wait to be accepted: more than any load bench opens at once.
const BACKLOG: u32 = 4096;

/// After a failed accept, mostly for want of file descriptors, which only come back as connections end.
const AFTER_FAILURE: Duration = Duration::from_millis(10);

/// Dropped, it closes the port and ends the connections some time soon; [`Listening::close`] waits for that.
#[derive(Debug)]
pub(crate) struct Listening {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Takes a port without listening on it: connections are refused, and nobody else can have it.
pub(crate) fn hold(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // The port must be free to take again while old connections are still in TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

impl Listening {
    /// Serves each connection in a task of its own.
    pub(crate) fn start<S, F>(socket: TcpSocket, serve: S) -> io::Result<Self>
    where
        S: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = socket.listen(BACKLOG)?;
        let (stop, stopped) = oneshot::channel();
        Ok(Self { stop, task: tokio::spawn(accept(listener, stopped, serve)) })
    }

    /// When this returns, connections are refused and the established ones are closed.
    pub(crate) async fn close(self) {
        drop(self.stop);
        // An error means that the runtime is ending, and the task with it.
        let _ = self.task.await;
    }
}

async fn accept<S, F>(listener: TcpListener, mut stopped: oneshot::Receiver<()>, serve: S)
where
    S: Fn(TcpStream) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => accepted,
            // Without this, ended connections would be kept until the port closes.
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                // A stream's small chunks must not wait for each other.
                let _ = stream.set_nodelay(true);
                connections.spawn(serve(stream));
            }
            Err(_) => sleep(AFTER_FAILURE).await,
        }
    }
    drop(listener);
    connections.shutdown().await;
}
