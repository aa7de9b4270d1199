//! How many tokens requests bring, and how long answers are: counted, and learned from what providers report.
//!
//! | what | how | cell |
//! |---|---|---|
//! | a request to a model whose vocabulary is built in | counted with it | – |
//! | to any other | a base count, corrected by what its target has reported before | `seawall/tokens/in/TARGET/CLUSTER/X` |
//! | an answer whose request sets no bound | the 90th percentile of the route's answers | `seawall/tokens/out/ROUTE/X` |
//!
//! What is learned is written down together with other answers' lessons: see `learned`. `X` is one of 16: models of one target or route share a cell where their names' hashes end alike, so that callers who make up
//! names make up no cells.

mod learned;

use seawall_policy::policy::Provider;
use seawall_tokens::{
    Budget, Calibration, Counter, Dialect, Encoding, Kind, Memo, Message, Outputs, Request, Tally,
};

pub(crate) use self::learned::Of;
use self::learned::{Learned, Subject};
use crate::path::bare;
use crate::rng::Rng;
use crate::store::Store;
use crate::time::Timestamp;

/// Messages whose counts one worker remembers, in 56 bytes each.
const REMEMBERED: usize = 4_096;

/// Share of answers, in percent, that are no longer than what is reserved for them.
const PERCENTILE: u32 = 90;

/// Bytes that are looked at of a body that can't be read; the rest is taken to be like them.
const MOST_ODD: usize = 1 << 20;

/// Bytes of a body that are taken for one token where nothing is counted, or nothing can be.
pub(crate) use seawall_policy::policy::fit::BYTES_PER_TOKEN;

/// One worker's counts.
pub(crate) struct Counting {
    key: [u64; 2],
    /// Made when first something is counted.
    memo: Option<Memo>,
    calibrations: Learned<Calibration>,
    outputs: Learned<Outputs>,
}

impl Subject for Calibration {
    /// A base count, and what was reported for it.
    type Lesson = (Tally, u64);

    fn read(cell: &[u8]) -> Self {
        Self::read(cell)
    }

    fn write(&self) -> Vec<u8> {
        self.write()
    }

    fn learn(&mut self, (base, reported): &Self::Lesson) {
        self.learn(base, *reported);
    }
}

impl Subject for Outputs {
    /// An answer's tokens.
    type Lesson = u64;

    fn read(cell: &[u8]) -> Self {
        Self::read(cell)
    }

    fn write(&self) -> Vec<u8> {
        self.write()
    }

    fn learn(&mut self, tokens: &u64) {
        self.learn(*tokens);
    }
}

impl Counting {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        Self {
            key: [rng.up_to(u64::MAX), rng.up_to(u64::MAX)],
            memo: None,
            calibrations: Learned::new("seawall/tokens/in/"),
            outputs: Learned::new("seawall/tokens/out/"),
        }
    }

    /// What a body brings, by this vocabulary; taken by its length where it can't be read. What that costs is taken off the budget.
    pub(crate) fn count(
        &mut self,
        (dialect, encoding): (Dialect, Encoding),
        model: &str,
        (body, budget): (&[u8], &mut Budget),
    ) -> Tally {
        let memo = self.memo.get_or_insert_with(|| Memo::new(REMEMBERED, self.key));
        let mut request = Request { dialect, model, encoding, budget: *budget };
        let tally = request.spend(body, memo);
        *budget = request.budget;
        tally.unwrap_or_else(|_| by_length(encoding, body, budget))
    }

    /// The same, and each message of the list, up to `most`.
    pub(crate) fn count_each(
        &mut self,
        (dialect, encoding): (Dialect, Encoding),
        model: &str,
        (body, budget): (&[u8], &mut Budget),
        most: usize,
    ) -> (Tally, Vec<Message>) {
        let memo = self.memo.get_or_insert_with(|| Memo::new(REMEMBERED, self.key));
        let mut request = Request { dialect, model, encoding, budget: *budget };
        let mut messages = Vec::new();
        let tally = request.count_each(body, memo, (&mut messages, most));
        *budget = request.budget;
        match tally {
            Ok(tally) => (tally, messages),
            Err(_) => (by_length(encoding, body, budget), Vec::new()),
        }
    }

    /// What this base count comes to for a model of a target.
    pub(crate) fn calibrated(
        &mut self,
        (store, now): (&mut dyn Store, Timestamp),
        target: Of<'_>,
        base: &Tally,
    ) -> u64 {
        let known = self.calibrations.known(store, target, now);
        known.map_or_else(|| base.total(), |known| known.estimate(base).tokens)
    }

    /// What a target has reported for a model before, if anything.
    pub(crate) fn calibration(
        &mut self,
        (store, now): (&mut dyn Store, Timestamp),
        target: Of<'_>,
    ) -> Option<Calibration> {
        self.calibrations.known(store, target, now).copied()
    }

    /// Takes in what a target has reported for a base count.
    pub(crate) fn calibrate(
        &mut self,
        (store, now): (&mut dyn Store, Timestamp),
        target: Of<'_>,
        base: Tally,
        reported: u64,
    ) {
        self.calibrations.learn(store, target, now, (base, reported));
    }

    /// How long an answer of this model may well be, by those of the route before; `None` before the first.
    pub(crate) fn likely_output(
        &mut self,
        (store, now): (&mut dyn Store, Timestamp),
        route: Of<'_>,
    ) -> Option<u64> {
        self.outputs.known(store, route, now)?.quantile(PERCENTILE)
    }

    /// Takes in how long an answer was.
    pub(crate) fn learn_output(
        &mut self,
        (store, now): (&mut dyn Store, Timestamp),
        route: Of<'_>,
        tokens: u64,
    ) {
        self.outputs.learn(store, route, now, tokens);
    }

    /// Writes down all that was learned and not been written yet: no more comes.
    pub(crate) fn close(&mut self, store: &mut dyn Store, now: Timestamp) {
        self.calibrations.close(store, now);
        self.outputs.close(store, now);
    }
}

/// What can't be read as a request. Servers may all the same: JSON has dialects of its own.
fn by_length(encoding: Encoding, body: &[u8], budget: &mut Budget) -> Tally {
    let start = body.get(..MOST_ODD).unwrap_or(body);
    let mut counter = Counter::new(encoding, *budget);
    let counted = counter.count(&String::from_utf8_lossy(start));
    *budget = counter.left();
    let counted = counted.saturating_mul(body.len() as u64) / (start.len() as u64).max(1);
    let mut tally = Tally::default();
    tally.add(Kind::Prose, counted.max(body.len() as u64 / BYTES_PER_TOKEN));
    tally.doubt();
    tally
}

/// The vocabulary that requests to a model are counted with, and whether that is its own, and here.
pub(crate) fn encoding(model: &str) -> (Encoding, bool) {
    let own = Encoding::of_model(model);
    let base = if Encoding::O200kBase.is_built_in() { Encoding::O200kBase } else { Encoding::Cl100kBase };
    (own.filter(|own| own.is_built_in()).unwrap_or(base), own.is_some_and(Encoding::is_built_in))
}

/// The dialect of a request by its provider and path.
pub(crate) fn dialect(provider: Provider, path: &str) -> Dialect {
    let path = &*bare(path);
    match provider {
        Provider::OpenAi | Provider::Azure => match path.rsplit('/').next() {
            Some("responses") => Dialect::Responses,
            Some("embeddings") => Dialect::Embeddings,
            Some("completions") if !path.ends_with("/chat/completions") => Dialect::Completions,
            _ if path.contains("/responses/") => Dialect::Responses,
            _ => Dialect::Chat,
        },
        Provider::Anthropic => Dialect::Anthropic,
        Provider::Gemini => Dialect::Gemini,
        // What Bedrock passes on unread is Anthropic's where it is anything that is known, but for Amazon's own models.
        Provider::Bedrock if path.contains("/invoke") && !path.contains("amazon.nova") => Dialect::Anthropic,
        Provider::Bedrock => Dialect::Bedrock,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use crate::rng::Seed;

    #[test]
    fn the_path_tells_what_is_asked() {
        let table = [
            (Provider::OpenAi, "/v1/chat/completions", Dialect::Chat),
            (Provider::OpenAi, "/v1/completions?x=/responses", Dialect::Completions),
            (Provider::Azure, "/openai/v1/responses?api-version=1", Dialect::Responses),
            (Provider::Azure, "/openai/deployments/e/embeddings?api-version=1", Dialect::Embeddings),
            (Provider::OpenAi, "/v1/completion%73/", Dialect::Completions),
            (Provider::OpenAi, "/", Dialect::Chat),
            (Provider::Anthropic, "/v1/messages", Dialect::Anthropic),
            (Provider::Gemini, "/v1beta/models/m:generateContent", Dialect::Gemini),
            (Provider::Bedrock, "/model/m/converse-stream", Dialect::Bedrock),
            (Provider::Bedrock, "/model/m/invoke", Dialect::Anthropic),
            (Provider::Bedrock, "/model/amazon.nova-lite-v1%3A0/invoke", Dialect::Bedrock),
        ];
        for (provider, path, expected) in table {
            assert_eq!(dialect(provider, path), expected, "{path}");
        }
    }

    #[test]
    fn a_body_that_cannot_be_read_counts_by_its_length() {
        let mut counting = counting();
        let body = (&[b'x'; 400][..], &mut Budget::default());
        let tally = counting.count((Dialect::Chat, Encoding::O200kBase), "m", body);
        assert_eq!((tally.total(), tally.is_estimate), (100, true));
    }

    #[test]
    fn what_only_lax_servers_read_counts_as_many_tokens_as_it_has() {
        let numbers = "7 1 9 3 ".repeat(50_000);
        let count = |body: &[u8]| {
            let body = (body, &mut Budget::default());
            counting().count((Dialect::Chat, Encoding::O200kBase), "m", body).total()
        };
        let proper = count(format!(r#"{{"messages":[{{"content":"{numbers}"}}]}}"#).as_bytes());
        let lax = format!(r#"{{"temperature":-Infinity,"messages":[{{"content":"{numbers}"}}]}}"#);
        let odd =
            [br#"{"messages":[{"content":""#.as_slice(), b"\xff", numbers.as_bytes(), b"\"}]}"].concat();
        for body in [lax.as_bytes(), &odd] {
            let counted = count(body);
            assert!(counted * 10 >= proper * 9, "{counted}, not {proper}");
        }
    }

    fn of(number: usize, model: &str) -> Of<'_> {
        Of { number, name: &["n"], model }
    }

    fn counting() -> Counting {
        Counting::new(&mut Seed(1).derive(0))
    }

    #[test]
    fn what_a_target_reports_corrects_what_is_counted_for_it_and_for_no_other() {
        let (mut store, mut counting, now) = (MemoryStore::default(), counting(), Timestamp(0));
        let mut base = Tally::default();
        base.add(Kind::Prose, 1_000);
        assert_eq!(counting.calibrated((&mut store, now), of(0, "claude"), &base), 1_000);
        for _ in 0..50 {
            counting.calibrate((&mut store, now), of(0, "claude"), base, 1_200);
        }
        let learned = counting.calibrated((&mut store, now), of(0, "claude"), &base);
        assert!((1_140..=1_260).contains(&learned), "{learned}");
        assert_eq!(counting.calibrated((&mut store, now), of(1, "claude"), &base), 1_000);
    }

    #[test]
    fn answers_teach_how_long_the_next_may_be() {
        let (mut store, mut counting, now) = (MemoryStore::default(), counting(), Timestamp(0));
        assert_eq!(counting.likely_output((&mut store, now), of(0, "m")), None);
        (0..20).for_each(|_| counting.learn_output((&mut store, now), of(0, "m"), 300));
        let likely = counting.likely_output((&mut store, now), of(0, "m")).unwrap();
        assert!((300..=360).contains(&likely), "{likely}");
        assert_eq!(counting.likely_output((&mut store, now), of(1, "m")), None);
    }
}
