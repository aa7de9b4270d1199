//! A rate limit service for tests: the engine is the crate `limitador`, which counts in Redis; here is only what puts the protocol
//! before it, as its own server does.
//!
//! ```text
//! seawall-limitador ADDRESS REDIS-URL LIMIT=MOST/SECONDS[/KEY]…
//! ```
//!
//! Counts each of these limits, by this key of its descriptors, and prints `ready` when it is.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use limitador::AsyncRateLimiter;
use limitador::limit::{Limit, Namespace};
use limitador::storage::redis::AsyncRedisStorage;
use seawall_provider::{Question, RateLimitServer, Said};

const DOMAIN: &str = "seawall";

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address: SocketAddr = arguments.next().context("say where to listen")?.parse()?;
    let redis = arguments.next().context("say where Redis is: redis://127.0.0.1:6379")?;
    let storage = AsyncRedisStorage::new(&redis).await?;
    let limiter = AsyncRateLimiter::new_with_storage(Box::new(storage));
    for limit in arguments {
        limiter.add_limit(parse(&limit)?);
    }
    let limiter = Arc::new(limiter);
    let answer = move |question: Question| {
        let limiter = Arc::clone(&limiter);
        async move { check(&limiter, question).await.inspect_err(|error| eprintln!("{error:#}")).ok() }
    };
    let server = RateLimitServer::new(address, answer)?;
    server.open().await?;
    println!("ready");
    tokio::signal::ctrl_c().await?;
    Ok(())
}

/// `tpm=1000/60/tenant`: so much in so many seconds, for each tenant.
fn parse(text: &str) -> Result<Limit> {
    let wrong = || format!("`{text}` is not LIMIT=MOST/SECONDS[/KEY]");
    let (name, rest) = text.split_once('=').with_context(wrong)?;
    let parts: Vec<&str> = rest.split('/').collect();
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    ensure!(is_name && matches!(parts.len(), 2 | 3), wrong());
    let condition = format!("limit == '{name}'");
    Ok(Limit::new(DOMAIN, parts[0].parse()?, parts[1].parse()?, [condition], parts[2..].iter().copied()))
}

async fn check(limiter: &AsyncRateLimiter, question: Question) -> Result<Said> {
    let entries: HashMap<String, String> = question.entries.into_iter().collect();
    let domain = Namespace::from(question.domain);
    let hits = question.hits.into();
    let found = limiter.check_rate_limited_and_update(&domain, &entries, hits, true).await?;
    let reset = found.counters.iter().filter_map(limitador::counter::Counter::expires_in).max();
    Ok(if found.limited { Said::Over(reset) } else { Said::Ok })
}
