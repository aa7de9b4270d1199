//! Envoy's log, read as it is written.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::trace;

/// What stands before a message of the filter; then come the plugin's names and a colon.
const FILTER_MARK: &str = "wasm log";

/// The lines so far. Clones see the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

impl Log {
    /// Reads `from` to its end, in a thread of its own.
    pub(super) fn follow(from: impl Read + Send + 'static) -> (Self, thread::JoinHandle<()>) {
        let log = Self::default();
        let writer = log.clone();
        let reader = thread::spawn(move || {
            for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
                writer.lock().push(String::from_utf8_lossy(&line).into_owned());
                writer.shared.more.notify_all();
            }
        });
        (log, reader)
    }

    pub(super) fn text(&self) -> String {
        self.lock().join("\n")
    }

    /// What has been written since `mark`.
    pub(super) fn text_since(&self, mark: usize) -> String {
        self.lock().get(mark..).unwrap_or_default().join("\n")
    }

    /// The number of lines so far.
    pub(super) fn mark(&self) -> usize {
        self.lock().len()
    }

    /// The filter's decisions since `mark`.
    pub(super) fn decisions(&self, mark: usize) -> Vec<String> {
        self.lock().iter().skip(mark).filter_map(|line| decision(line)).collect()
    }

    /// Waits for the lines that end so many requests, and says whether they came.
    pub(super) fn await_ends(&self, mark: usize, count: usize, longest: Duration) -> bool {
        let deadline = Instant::now() + longest;
        let mut lines = self.lock();
        let (mut read, mut found) = (mark, 0);
        loop {
            let ends = |line: &&String| decision(line).is_some_and(|decision| trace::ends_request(&decision));
            found += lines.iter().skip(read).filter(ends).count();
            if found >= count {
                return true;
            }
            read = lines.len();
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            lines = self
                .shared
                .more
                .wait_timeout(lines, left)
                .map_or_else(|error| error.into_inner().0, |woken| woken.0);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.shared.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The decision that a line of Envoy's log tells, if it tells one.
fn decision(line: &str) -> Option<String> {
    let (_, rest) = line.split_once(FILTER_MARK)?;
    let (_, message) = rest.split_once(": ")?;
    trace::decision(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTEMPT: &str = "[2026-01-01 00:00:00.000][7][info][wasm] [source/extensions/common/wasm/context.cc:1198] \
                           wasm log seawall seawall: seawall attempt n=1 target=primary outcome=success exchange=4";
    const ANSWER: &str = "[x] wasm log seawall seawall: seawall answer status=200 exchange=4";

    #[test]
    fn decisions_are_found_among_other_lines() {
        let text = format!(
            "[x][info][main] something else: a=b\n{ATTEMPT}\n[x] wasm log seawall: hello\n{ANSWER}\n"
        );
        let (log, reader) = Log::follow(std::io::Cursor::new(text));
        reader.join().unwrap();
        assert_eq!(log.decisions(0), ["attempt n=1 target=primary outcome=success", "answer status=200"]);
        assert_eq!(log.decisions(2), ["answer status=200"]);
        assert!(log.await_ends(0, 1, Duration::ZERO));
        assert!(!log.await_ends(log.mark(), 1, Duration::ZERO));
    }

    #[test]
    fn the_end_of_a_request_is_waited_for() {
        let (read, mut write) = std::io::pipe().unwrap();
        let (log, reader) = Log::follow(read);
        let writer = thread::spawn(move || {
            use std::io::Write;
            for line in [ATTEMPT, ANSWER] {
                writeln!(write, "{line}").unwrap();
            }
        });
        assert!(log.await_ends(0, 1, Duration::from_secs(30)));
        assert_eq!(log.decisions(0).len(), 2);
        writer.join().unwrap();
        reader.join().unwrap();
    }
}
