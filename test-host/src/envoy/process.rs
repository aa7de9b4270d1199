//! An Envoy of our own: started, found, asked, ended.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::time::sleep;

use super::client::get;
use super::config;
use super::log::Log;

/// V8 compiles the module once for each worker; on a busy machine that alone takes seconds.
const LONGEST_START: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

/// From Envoy's own word that a listener is replaced until every worker has heard it: a turn of its loop.
const TOLD: Duration = Duration::from_millis(50);
const LISTENERS: &str = "listener_manager";

/// How an Envoy runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Threads that serve, each with a VM of its own.
    pub workers: u32,
    /// Added to the environment it inherits.
    pub env: BTreeMap<String, String>,
    /// Least level of the filter's messages that it writes: `debug` shows every decision.
    pub filter_log: &'static str,
    /// Whether its listener, and the filter with it, can be replaced while it runs.
    pub is_replaceable: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { workers: 1, env: BTreeMap::new(), filter_log: "warning", is_replaceable: false }
    }
}

/// What became of a start.
#[derive(Debug)]
pub enum Launch {
    Ready(Process),
    /// It ended by itself, and said why in its log.
    Ended {
        log: String,
    },
}

/// A running Envoy, which ends when this is dropped. A caller that is killed leaves it behind, so catch what can be caught.
#[derive(Debug)]
pub struct Process {
    child: Child,
    reader: Option<JoinHandle<()>>,
    log: Log,
    dir: Dir,
    admin: SocketAddr,
    listener: SocketAddr,
}

impl Process {
    /// Starts `envoy` with a configuration and waits until it serves.
    ///
    /// # Errors
    /// When it can't be started, or is not ready in a minute.
    pub async fn start(envoy: &Path, config: &Value, settings: &Settings) -> anyhow::Result<Launch> {
        let dir = Dir::create()?;
        let mut config = config.clone();
        if settings.is_replaceable {
            let listener = config::listener_apart(&mut config, &dir.listener())?;
            fs::write(dir.listener(), serde_json::to_vec_pretty(&listener)?)?;
        }
        fs::write(dir.config(), serde_json::to_vec_pretty(&config)?)?;
        let mut child = Command::new(envoy)
            .arg("--config-path")
            .arg(dir.config())
            .arg("--admin-address-path")
            .arg(dir.admin())
            // Hot restart is what makes Envoys on one machine get into each other's way.
            .arg("--disable-hot-restart")
            .args(["--concurrency", &settings.workers.to_string()])
            .args([
                "--log-level",
                "warning",
                "--component-log-level",
                &format!("wasm:{}", settings.filter_log),
            ])
            .envs(&settings.env)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("can't start {}", envoy.display()))?;
        let stderr = child.stderr.take().context("Envoy has no stderr")?;
        let (log, reader) = Log::follow(stderr);
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let process = Self { child, reader: Some(reader), log, dir, admin: nowhere, listener: nowhere };
        process.until_ready().await
    }

    async fn until_ready(mut self) -> anyhow::Result<Launch> {
        let deadline = Instant::now() + LONGEST_START;
        while Instant::now() < deadline {
            if self.child.try_wait()?.is_some() {
                self.finish_log();
                return Ok(Launch::Ended { log: self.log.text() });
            }
            if let Some((admin, listener)) = self.find().await {
                (self.admin, self.listener) = (admin, listener);
                return Ok(Launch::Ready(self));
            }
            sleep(POLL).await;
        }
        bail!("Envoy is not ready after {LONGEST_START:?}:\n{}", self.log.text())
    }

    /// Its addresses, once it is live.
    async fn find(&self) -> Option<(SocketAddr, SocketAddr)> {
        let admin = fs::read_to_string(self.dir.admin()).ok()?.trim().parse().ok()?;
        if !get(admin, "/ready").await.ok()?.body.starts_with(b"LIVE") {
            return None;
        }
        let listeners: Value =
            serde_json::from_slice(&get(admin, "/listeners?format=json").await.ok()?.body).ok()?;
        let socket = listeners.pointer("/listener_statuses/0/local_address/socket_address")?;
        let port = u16::try_from(socket.get("port_value")?.as_u64()?).ok()?;
        Some((admin, SocketAddr::new(socket.get("address")?.as_str()?.parse().ok()?, port)))
    }

    /// Puts the listener of this configuration into the place of the one that runs, for all new connections; `false` when
    /// Envoy refuses it, and the one before stays.
    ///
    /// # Errors
    /// When it does neither in a minute, or can't be asked.
    pub(super) async fn replace_listener(&self, config: &Value) -> anyhow::Result<bool> {
        let before = self.stats(LISTENERS).await?;
        let listener = config::listener_apart(&mut config.clone(), &self.dir.listener())?;
        // Envoy looks when another file is moved to that place: it never sees half of one.
        let draft = self.dir.listener().with_extension("draft");
        fs::write(&draft, serde_json::to_vec_pretty(&listener)?)?;
        fs::rename(&draft, self.dir.listener())?;
        let deadline = Instant::now() + LONGEST_START;
        while Instant::now() < deadline {
            let now = self.stats(LISTENERS).await?;
            let grew = |name: &str| {
                let name = format!("{LISTENERS}.{name}");
                now.get(&name).unwrap_or(&0) > before.get(&name).unwrap_or(&0)
            };
            if grew("lds.update_rejected") {
                return Ok(false);
            }
            let warms =
                now.get(&format!("{LISTENERS}.total_listeners_warming")).is_some_and(|count| *count > 0);
            if grew("lds.update_success") && grew("listener_in_place_updated") && !warms {
                // The workers are told, each in its own loop.
                sleep(TOLD).await;
                return Ok(true);
            }
            sleep(POLL).await;
        }
        bail!("Envoy neither takes nor refuses its listener after {LONGEST_START:?}:\n{}", self.log.text())
    }

    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    #[must_use]
    pub fn listener(&self) -> SocketAddr {
        self.listener
    }

    /// All it has logged so far.
    #[must_use]
    pub fn log_text(&self) -> String {
        self.log.text()
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    /// The process's id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A counter or gauge by its full name, or `None` when there is none (yet).
    ///
    /// # Errors
    /// When admin does not answer.
    pub async fn stat(&self, name: &str) -> anyhow::Result<Option<u64>> {
        Ok(self.stats(name).await?.remove(name))
    }

    /// The counters and gauges whose names hold this text.
    ///
    /// # Errors
    /// When admin does not answer.
    pub async fn stats(&self, part: &str) -> anyhow::Result<BTreeMap<String, u64>> {
        let got = get(self.admin, &format!("/stats?filter={part}")).await?;
        let text = String::from_utf8_lossy(&got.body).into_owned();
        let stats = text.lines().filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Ok(stats.collect())
    }

    /// Waits until the log is read to its end; only for a process that has ended.
    fn finish_log(&mut self) {
        if let Some(reader) = self.reader.take() {
            // It panics nowhere, and if it did, the log would only be shorter.
            let _ = reader.join();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.finish_log();
    }
}

/// A directory for one process, deleted with it.
#[derive(Debug)]
struct Dir(PathBuf);

impl Dir {
    fn create() -> anyhow::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("seawall-envoy-{}-{number}", std::process::id()));
        fs::create_dir(&dir).with_context(|| format!("can't create {}", dir.display()))?;
        Ok(Self(dir))
    }

    fn config(&self) -> PathBuf {
        self.0.join("envoy.json")
    }

    /// Its listener, where that can be replaced.
    fn listener(&self) -> PathBuf {
        self.0.join("listener.json")
    }

    /// Where Envoy writes which address admin has.
    fn admin(&self) -> PathBuf {
        self.0.join("admin-address")
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        // A leftover in the temporary directory does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}
