//! Callers: one request after the other on each connection, answers in one piece and streams held in every way, some with little
//! time. Now and then one leaves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::client::{Client, Got, Heard, question_with};

/// Every so many requests of a connection, its caller leaves without waiting for the answer.
const LEAVES: u64 = 97;
/// Every so many, it has less time than a slow provider takes.
const HURRIES: u64 = 17;
const HURRY: &str = "x-request-deadline-ms: 250\r\n";
/// Far above what the policy allows a request to take.
const LOST: Duration = Duration::from_secs(60);

/// The routes of the policy, by the header that chooses them, and whether each is asked for a stream.
pub(super) const KINDS: [(&str, bool); 5] =
    [("", false), (COMPLETE, false), ("", true), ("live", true), (COMPLETE, true)];
pub(super) const COMPLETE: &str = "complete";

/// What callers counted.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) kinds: [Kind; KINDS.len()],
    /// Attempts that answers told of.
    pub(super) told: AtomicU64,
    /// Requests of which nobody told how many attempts they took: their caller left, or Envoy answered by itself.
    pub(super) untold: AtomicU64,
    /// Requests that were sent again, as the connection they were on had been closed.
    pub(super) again: AtomicU64,
}

/// Of one kind of request.
#[derive(Debug, Default)]
pub(super) struct Kind {
    pub(super) sent: AtomicU64,
    /// Answers to the question, to their last word, as the rules of their route have them.
    pub(super) whole: AtomicU64,
    /// One error, as SDKs read it; at the end of a stream, also where the connection ends with it.
    pub(super) errors: AtomicU64,
    /// Streams that broke off without a word, which a caller notices.
    pub(super) broken: AtomicU64,
    /// Answers that end properly, and are neither whole nor an error.
    pub(super) halves: AtomicU64,
    /// Requests whose caller left.
    pub(super) left: AtomicU64,
    /// Requests without any answer.
    pub(super) lost: AtomicU64,
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

impl Counts {
    /// The sum over all kinds.
    pub(super) fn all(&self, of: fn(&Kind) -> &AtomicU64) -> u64 {
        self.kinds.iter().map(|kind| of(kind).load(Ordering::Relaxed)).sum()
    }

    fn count(&self, (kind, route): (&Kind, &str), heard: &Heard) {
        let (Heard::Answer(got) | Heard::Broken(got)) = heard else {
            add(&self.untold, 1);
            return add(&kind.lost, 1);
        };
        match got.header("x-seawall-attempts").and_then(|told| told.parse().ok()) {
            Some(told) => add(&self.told, told),
            None => add(&self.untold, 1),
        }
        // The rules of that route refuse an answer that is cut off.
        let is_whole = if route == COMPLETE {
            got.is_whole() && !got.is_cut_off()
        } else {
            got.is_whole() || got.is_cut_off()
        };
        let came_to = match heard {
            _ if got.is_clean_error() => &kind.errors,
            Heard::Broken(_) => &kind.broken,
            _ if is_whole => &kind.whole,
            _ => {
                show(got);
                &kind.halves
            }
        };
        add(came_to, 1);
    }
}

/// What nobody should get.
fn show(got: &Got) {
    let end = got.body.get(got.body.len().saturating_sub(200)..).unwrap_or_default();
    eprintln!("neither whole nor an error: {} … {}", got.status, String::from_utf8_lossy(end).escape_debug());
}

pub(super) fn start(to: SocketAddr, connections: u32, end: Instant, counts: &Arc<Counts>) -> JoinSet<()> {
    let mut callers = JoinSet::new();
    for number in 0..connections {
        callers.spawn(caller(to, u64::from(number), end, Arc::clone(counts)));
    }
    callers
}

async fn caller(to: SocketAddr, number: u64, end: Instant, counts: Arc<Counts>) {
    let mut kept = None;
    let mut count = number * 61;
    let mut kinds = counts.kinds.iter().zip(KINDS).cycle().skip(number as usize);
    while Instant::now() < end {
        count += 1;
        let was_kept = kept.is_some();
        let Some(mut client) = connected(kept.take(), to).await else { continue };
        let Some((kind, (route, streams))) = kinds.next() else { return };
        let hurry = if count.is_multiple_of(HURRIES) { HURRY } else { "" };
        let question = question_with(streams, &format!("x-soak: {route}\r\n{hurry}"));
        add(&kind.sent, 1);
        if count.is_multiple_of(LEAVES) {
            // Enough for the request to have gone on to a provider, mostly; or for its answer to have begun.
            let _ = client.send(&question).await;
            sleep(Duration::from_millis(if count.is_multiple_of(2) { 1 } else { 30 })).await;
            add(&kind.left, 1);
            add(&counts.untold, 1);
            continue;
        }
        let mut heard = timeout(LOST, client.hear(&question)).await;
        // A server may close a connection that is kept while the next request is on its way: then it is sent again (RFC 9112,
        // 9.3.1). Had it arrived all the same, the counts of both ends would tell.
        if was_kept && matches!(heard, Ok(Heard::Nothing)) {
            let Some(new) = connected(None, to).await else { continue };
            client = new;
            add(&counts.again, 1);
            heard = timeout(LOST, client.hear(&question)).await;
        }
        let heard = heard.unwrap_or(Heard::Nothing);
        counts.count((kind, route), &heard);
        if matches!(&heard, Heard::Answer(got) if !got.closes()) {
            kept = Some(client);
        }
    }
}

async fn connected(kept: Option<Client>, to: SocketAddr) -> Option<Client> {
    match kept {
        Some(client) => Some(client),
        None => Client::connect(to).await.ok(),
    }
}
