//! Callers: one request after the other on each connection, answers and streams in turn. Now and then one leaves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::client::{Client, question};

/// Every so many requests of a connection, its caller leaves without waiting for the answer.
const LEAVES: u64 = 997;
/// Far above what the policy allows a request to take.
const LOST: Duration = Duration::from_secs(60);

/// What callers counted.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) sent: AtomicU64,
    /// Answers that came to their proper end, whatever they said.
    pub(super) answers: AtomicU64,
    /// Those of them that were errors.
    pub(super) errors: AtomicU64,
    /// Answers that broke off, which a caller notices.
    pub(super) broken: AtomicU64,
    /// A 200 that ends properly, and isn't whole.
    pub(super) halves: AtomicU64,
    /// Requests whose caller left.
    pub(super) left: AtomicU64,
    /// Requests without any answer.
    pub(super) lost: AtomicU64,
}

impl Counts {
    fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

pub(super) fn start(to: SocketAddr, connections: u32, end: Instant, counts: &Arc<Counts>) -> JoinSet<()> {
    let mut callers = JoinSet::new();
    for number in 0..connections {
        callers.spawn(caller(to, u64::from(number), end, Arc::clone(counts)));
    }
    callers
}

async fn caller(to: SocketAddr, number: u64, end: Instant, counts: Arc<Counts>) {
    let questions = [question(false), question(true)];
    let mut kept = None;
    let mut count = number * 61;
    while Instant::now() < end {
        count += 1;
        let Some(mut client) = connected(kept.take(), to).await else { continue };
        // One in four asks for a stream.
        let question = if count.is_multiple_of(4) { &questions[1] } else { &questions[0] };
        Counts::add(&counts.sent);
        if count.is_multiple_of(LEAVES) {
            // Enough for the request to have gone on to a provider, mostly.
            let _ = client.send(question).await;
            sleep(Duration::from_millis(1)).await;
            Counts::add(&counts.left);
            continue;
        }
        match timeout(LOST, client.ask(question)).await {
            Ok(Ok(got)) => {
                Counts::add(&counts.answers);
                if got.is_error() {
                    Counts::add(&counts.errors);
                } else if !got.is_whole() {
                    Counts::add(&counts.halves);
                }
                kept = Some(client);
            }
            Ok(Err(_)) => Counts::add(&counts.broken),
            Err(_) => Counts::add(&counts.lost),
        }
    }
}

async fn connected(kept: Option<Client>, to: SocketAddr) -> Option<Client> {
    match kept {
        Some(client) => Some(client),
        None => Client::connect(to).await.ok(),
    }
}
