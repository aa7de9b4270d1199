//! Where the embeddings of answers lie, and how far they have moved from where they used to.
//!
//! Each embedding counts by its direction. The first [`WARM`] of them make the *baseline*, their mean; from then on *recent* is
//! a moving average of about as many, and the drift is the cosine distance of the two. The *spread* is how far single answers
//! usually lie from the baseline. The baseline follows a thousandth of the way with each answer: what stays for long becomes
//! usual. A model whose embeddings have another dimension begins anew.
//!
//! The cell lies in shared data: a version, whether it is away, the dimension, the count, the spread and both means; at most
//! 32 KB, and written once for each sample.

use super::scores::take;
use crate::body::{elements, members};
use crate::store::{self, Store};

/// Answers that say what is usual.
pub(super) const WARM: u32 = 32;
/// Most numbers of an embedding.
pub(super) const MOST_DIMENSIONS: usize = 4_096;

const RECENT: f32 = 1.0 / 16.0;
const BASELINE: f32 = 1.0 / 1_024.0;
const SPREAD: f32 = 1.0 / 64.0;

const VERSION: u8 = 1;

/// What an embedding has shown, in ten-thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Course {
    /// `None` while it isn't known what is usual.
    pub(crate) distance: Option<u32>,
    pub(crate) spread: u32,
    pub(crate) is_away: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Cell {
    is_away: bool,
    count: u32,
    spread: f32,
    baseline: Vec<f32>,
    recent: Vec<f32>,
}

/// Takes in one embedding, and says what that comes to and whether it has changed whether it is away.
pub(super) fn record(store: &mut dyn Store, key: &str, embedding: &[f32], alert: u32) -> (Course, bool) {
    store::update(store, key, |bytes| {
        let mut cell =
            Cell::decode(bytes).filter(|cell| cell.recent.len() == embedding.len()).unwrap_or_default();
        let was_away = cell.is_away;
        cell.add(embedding, alert);
        let course = cell.course();
        (Some(cell.encode()), (course, course.is_away != was_away))
    })
}

/// What has moved has had its consequence: from now on only what comes tells whether it is still away.
pub(super) fn forget(store: &mut dyn Store, key: &str) {
    store::update(store, key, |bytes| {
        let cell = Cell::decode(bytes).map(|mut cell| {
            cell.recent.clone_from(&cell.baseline);
            Cell { is_away: false, ..cell }
        });
        (cell.map(|cell| cell.encode()), ())
    });
}

/// What is known.
pub(super) fn known(store: &mut dyn Store, key: &str) -> Course {
    let cell = store.get(key);
    Cell::decode(cell.as_ref().map(|(bytes, _)| bytes.as_slice())).unwrap_or_default().course()
}

impl Cell {
    fn add(&mut self, embedding: &[f32], alert: u32) {
        if self.count == 0 {
            (self.baseline, self.recent) = (embedding.to_vec(), embedding.to_vec());
            self.count = 1;
            return;
        }
        let away = distance(embedding, &self.baseline);
        if self.count < WARM {
            let part = 1.0 / (self.count as f32 + 1.0);
            approach(&mut self.baseline, embedding, part);
            self.recent.clone_from(&self.baseline);
            self.spread += (away - self.spread) * part;
        } else {
            approach(&mut self.baseline, embedding, BASELINE);
            approach(&mut self.recent, embedding, RECENT);
            self.spread += (away - self.spread) * SPREAD;
        }
        self.count = self.count.saturating_add(1);
        // What is about at the threshold isn't told time and again.
        let bound = if self.is_away { alert - alert / 5 } else { alert };
        self.is_away = self.course().distance.is_some_and(|distance| distance > bound);
    }

    fn course(&self) -> Course {
        let is_warm = self.count >= WARM;
        Course {
            distance: is_warm.then(|| parts(distance(&self.recent, &self.baseline))),
            spread: parts(self.spread),
            is_away: self.is_away,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(12 + self.recent.len() * 8);
        bytes.extend([VERSION, self.is_away.into()]);
        bytes.extend((self.recent.len() as u16).to_le_bytes());
        bytes.extend(self.count.to_le_bytes());
        bytes.extend(self.spread.to_le_bytes());
        self.baseline.iter().chain(&self.recent).for_each(|number| bytes.extend(number.to_le_bytes()));
        bytes
    }

    fn decode(bytes: Option<&[u8]>) -> Option<Self> {
        let (&[VERSION, is_away], mut rest) = bytes?.split_first_chunk()? else { return None };
        let length = usize::from(u16::from_le_bytes(take(&mut rest)?));
        let count = u32::from_le_bytes(take(&mut rest)?);
        let spread = f32::from_le_bytes(take(&mut rest)?);
        if length > MOST_DIMENSIONS || rest.len() != length * 8 {
            return None;
        }
        let mut numbers = rest.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number));
        let baseline = numbers.by_ref().take(length).collect();
        let cell = Self { is_away: is_away == 1, count, spread, baseline, recent: numbers.collect() };
        let is_sound = |numbers: &[f32]| numbers.iter().all(|number| number.is_finite());
        (is_sound(&cell.baseline) && is_sound(&cell.recent) && spread.is_finite()).then_some(cell)
    }
}

/// Goes this part of the way.
fn approach(mean: &mut [f32], embedding: &[f32], part: f32) {
    mean.iter_mut().zip(embedding).for_each(|(mean, number)| *mean += (number - *mean) * part);
}

/// One minus the cosine of the angle between them: 0 to 2.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    let (mut dot, mut aa, mut bb) = (0.0_f32, 0.0_f32, 0.0_f32);
    for (a, b) in a.iter().zip(b) {
        (dot, aa, bb) = (dot + a * b, aa + a * a, bb + b * b);
    }
    let norm = (aa * bb).sqrt();
    if norm > 0.0 { (1.0 - dot / norm).clamp(0.0, 2.0) } else { 0.0 }
}

/// In ten-thousandths.
fn parts(number: f32) -> u32 {
    (number * 10_000.0).round() as u32
}

/// The embedding in an answer of OpenAI's `POST /v1/embeddings`, as a direction: of length 1. `None` for one that isn't there or
/// can't be one.
pub(super) fn embedding(body: &[u8]) -> Option<Vec<f32>> {
    let [data] = members(body, [b"data"]);
    let [embedding] = members(elements(data?).next()?, [b"embedding"]);
    let mut numbers = Vec::new();
    for number in elements(embedding?) {
        let number: f32 = std::str::from_utf8(number).ok()?.parse().ok()?;
        if numbers.len() >= MOST_DIMENSIONS || !number.is_finite() {
            return None;
        }
        numbers.push(number);
    }
    let largest = numbers.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
    // By the largest first: squares of what is very large or small aren't.
    let length =
        numbers.iter().map(|number| (number / largest) * (number / largest)).sum::<f32>().sqrt() * largest;
    if !(length.is_finite() && length > 0.0) {
        return None;
    }
    numbers.iter_mut().for_each(|number| *number /= length);
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::MemoryStore;
    use crate::rng::{Rng, Seed};

    /// About in the direction of this axis, of eight.
    fn near(axis: usize, rng: &mut Rng) -> Vec<f32> {
        let noise = |rng: &mut Rng| rng.up_to(1_000) as f32 / 1_000.0 - 0.5;
        let mut vector: Vec<f32> = (0..8).map(|_| noise(rng)).collect();
        vector[axis] += 3.0;
        vector
    }

    #[test]
    fn the_same_kind_of_answers_stays_and_another_kind_is_away_once() {
        let (mut store, mut rng) = (MemoryStore::default(), Seed(1).derive(1));
        let mut told = Vec::new();
        for (axis, count) in [(0, 400), (1, 100), (0, 100)] {
            for number in 0..count {
                let (course, is_news) = record(&mut store, "d", &near(axis, &mut rng), 1_500);
                assert_eq!(
                    course.distance.is_none(),
                    axis == 0 && told.is_empty() && number + 1 < WARM && store_count(&mut store) < WARM
                );
                told.extend(is_news.then_some((axis, course.is_away)));
            }
        }
        assert_eq!(told, [(1, true), (0, false)]);
        let course = known(&mut store, "d");
        assert!(course.distance.unwrap() < 300, "{course:?}");
        assert!((50..3_000).contains(&course.spread), "{course:?}");
    }

    fn store_count(store: &mut MemoryStore) -> u32 {
        Cell::decode(store.get("d").as_ref().map(|(bytes, _)| bytes.as_slice())).unwrap().count
    }

    #[test]
    fn what_has_had_its_consequence_is_away_again_only_by_what_follows() {
        let (mut store, mut rng) = (MemoryStore::default(), Seed(1).derive(1));
        (0..WARM).for_each(|_| _ = record(&mut store, "d", &near(0, &mut rng), 1_500));
        (0..WARM).for_each(|_| _ = record(&mut store, "d", &near(1, &mut rng), 1_500));
        assert!(known(&mut store, "d").is_away);
        forget(&mut store, "d");
        let course = known(&mut store, "d");
        assert_eq!((course.is_away, course.distance), (false, Some(0)));
        (0..WARM).for_each(|_| assert!(!record(&mut store, "d", &near(0, &mut rng), 1_500).0.is_away));
        (0..WARM).for_each(|_| _ = record(&mut store, "d", &near(1, &mut rng), 1_500));
        assert!(known(&mut store, "d").is_away);
        forget(&mut store, "none");
        assert_eq!(store.get("none"), None);
    }

    #[test]
    fn another_dimension_begins_anew() {
        let mut store = MemoryStore::default();
        for _ in 0..WARM {
            record(&mut store, "d", &[1.0, 0.0], 100);
        }
        assert!(known(&mut store, "d").distance.is_some());
        assert_eq!(record(&mut store, "d", &[1.0, 0.0, 0.0], 100).0.distance, None);
    }

    #[test]
    fn an_embedding_is_read_or_refused() {
        let answer = |numbers: &str| {
            embedding(
                format!(r#"{{"object":"list","data":[{{"index":0,"embedding":[{numbers}]}}]}}"#).as_bytes(),
            )
        };
        assert_eq!(answer("3, 4"), Some(vec![0.6, 0.8]));
        assert_eq!(answer("1e38,0"), Some(vec![1.0, 0.0]));
        for wrong in ["", "0,0", "1,null", "1,\"2\"", "1e99", "NaN", "[1]"] {
            assert_eq!(answer(wrong), None, "{wrong}");
        }
        assert_eq!(
            answer(&vec!["1"; MOST_DIMENSIONS].join(",")).map(|numbers| numbers.len()),
            Some(MOST_DIMENSIONS)
        );
        assert_eq!(answer(&vec!["1"; MOST_DIMENSIONS + 1].join(",")), None);
        for wrong in ["", "{}", "[]", r#"{"data":[]}"#, r#"{"data":[{"embedding":"AAAA"}]}"#] {
            assert_eq!(embedding(wrong.as_bytes()), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_cell_comes_back_as_it_was_and_garbage_is_none(
            numbers in prop::collection::vec(-1.0_f32..1.0, 1..20), bytes in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let mut cell = Cell::default();
            (0..40).for_each(|_| cell.add(&numbers, 100));
            prop_assert_eq!(Cell::decode(Some(&cell.encode())), Some(cell));
            if let Some(cell) = Cell::decode(Some(&bytes)) {
                let _ = cell.course();
            }
        }
    }
}
