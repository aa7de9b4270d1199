//! What the filter decides, a line a second, from its own metrics in Envoy's admin.

use std::collections::BTreeMap;
use std::time::Duration;

use super::World;

const WIDTH: usize = 34;

/// Prints what happened in each second in which something did, until Envoy is gone.
///
/// # Errors
/// When Envoy's admin does not answer any more.
pub async fn watch(world: &World) -> anyhow::Result<()> {
    let names: Vec<_> = world.providers.iter().map(|(provider, _)| provider.name()).collect();
    print!("\n{:>5}  {:WIDTH$}", "time", "answers to the client");
    for name in &names {
        print!("  {:WIDTH$}", format!("attempts at {name}"));
    }
    println!();
    let (mut clock, mut before) = (tokio::time::interval(Duration::from_secs(1)), Stats::default());
    for second in 0.. {
        clock.tick().await;
        let now = Stats(world.envoy.stats("wasmcustom.seawall.").await?);
        let answers = now.since(&before, "answers.");
        let attempts: Vec<_> =
            names.iter().map(|name| now.since(&before, &format!("attempts.{name}."))).collect();
        if !answers.is_empty() || attempts.iter().any(|attempts| !attempts.is_empty()) {
            print!("{:>2}:{:02}  {answers:WIDTH$}", second / 60, second % 60);
            for (name, attempts) in names.iter().zip(&attempts) {
                print!("  {:WIDTH$}", format!("{attempts} {}", now.breaker(name)).trim());
            }
            println!();
        }
        before = now;
    }
    Ok(())
}

#[derive(Default)]
struct Stats(BTreeMap<String, u64>);

impl Stats {
    /// The counters below a name that have grown: `2 success, 1 throttled`.
    fn since(&self, before: &Self, name: &str) -> String {
        let prefix = format!("wasmcustom.seawall.{name}");
        let grown = self.0.iter().filter_map(|(name, count)| {
            let word = name.strip_prefix(&prefix)?;
            let more = count - before.0.get(name).copied().unwrap_or_default().min(*count);
            (more > 0).then(|| format!("{more} {}", word.replace('_', " ")))
        });
        grown.collect::<Vec<_>>().join(", ")
    }

    fn breaker(&self, target: &str) -> &'static str {
        match self.0.get(&format!("wasmcustom.seawall.breaker.{target}.state")) {
            Some(1) => "[breaker half-open]",
            Some(2) => "[breaker open]",
            _ => "",
        }
    }
}
