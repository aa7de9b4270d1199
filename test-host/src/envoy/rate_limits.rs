//! The simulated rate limit service over real sockets, in real time.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use seawall_provider::{RateLimitPlan, RateLimitServer, RateLimits};
use tokio::time::sleep;

#[derive(Debug)]
pub(super) struct RateLimitService {
    limits: Arc<Mutex<RateLimits>>,
    server: RateLimitServer,
    told: Mutex<usize>,
}

impl RateLimitService {
    pub(super) async fn start(addr: SocketAddr, plan: RateLimitPlan) -> io::Result<Self> {
        let limits = Arc::new(Mutex::new(RateLimits::new(plan.clone())));
        let (of_server, start) = (Arc::clone(&limits), Instant::now());
        let server = RateLimitServer::new(addr, move |question| {
            let answer = lock(&of_server).answer(&question, start.elapsed());
            async move {
                let (after, said) = answer?;
                sleep(after).await;
                Some(said)
            }
        })?;
        let service = Self { limits, server, told: Mutex::new(0) };
        service.set_plan(plan).await?;
        Ok(service)
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    pub(super) fn is_refused(&self) -> bool {
        lock(&self.limits).is_refused()
    }

    pub(super) async fn set_plan(&self, plan: RateLimitPlan) -> io::Result<()> {
        lock(&self.limits).set_plan(plan);
        if self.is_refused() { self.server.close().await } else { self.server.open().await }
    }

    /// What it was asked since this was last called.
    pub(super) fn take_asked(&self) -> Vec<String> {
        let (limits, mut told) = (lock(&self.limits), lock(&self.told));
        let asked = limits.asked().get(*told..).unwrap_or_default().to_vec();
        *told = limits.asked().len();
        asked
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
