//! What all workers of one Envoy have in common: shared data and metrics.

use std::collections::BTreeMap;

use super::abi::{MetricType, Status};

/// Shared data and metrics.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    data: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    last_cas: u32,
    metrics: Vec<Metric>,
}

#[derive(Debug)]
struct Metric {
    kind: MetricType,
    name: String,
    value: u64,
}

/// Envoy keeps the kind in the two lowest bits of an id.
const KIND_BITS: u32 = 2;

impl Shared {
    pub(crate) fn get(&self, key: &[u8]) -> Option<&(Vec<u8>, u32)> {
        self.data.get(key)
    }

    /// A `cas` of zero writes whatever is there.
    pub(crate) fn set(&mut self, key: &[u8], value: Vec<u8>, cas: u32) -> Result<(), Status> {
        if let Some((_, known)) = self.data.get(key)
            && cas != 0
            && cas != *known
        {
            return Err(Status::CasMismatch);
        }
        // Zero means "none" to a guest, so it is never given out.
        self.last_cas = self.last_cas.checked_add(1).unwrap_or(1);
        self.data.insert(key.to_vec(), (value, self.last_cas));
        Ok(())
    }

    /// The id of a metric; the same for the same kind and name.
    pub(crate) fn define(&mut self, kind: MetricType, name: String) -> u32 {
        let known = self.metrics.iter().position(|metric| metric.kind == kind && metric.name == name);
        let index = known.unwrap_or_else(|| {
            self.metrics.push(Metric { kind, name, value: 0 });
            self.metrics.len() - 1
        });
        (u32::try_from(index).unwrap_or(u32::MAX) << KIND_BITS) | kind as u32
    }

    pub(crate) fn increment(&mut self, id: u32, offset: i64) -> Result<(), Status> {
        let metric = self.metric(id)?;
        match metric.kind {
            // Envoy's counters take no zero either.
            MetricType::Counter if offset <= 0 => return Err(Status::BadArgument),
            MetricType::Counter | MetricType::Gauge => {
                metric.value = metric.value.saturating_add_signed(offset);
            }
            MetricType::Histogram => return Err(Status::BadArgument),
        }
        Ok(())
    }

    /// Adds to a counter, sets a gauge, and counts what a histogram was given.
    pub(crate) fn record(&mut self, id: u32, value: u64) -> Result<(), Status> {
        let metric = self.metric(id)?;
        metric.value = match metric.kind {
            MetricType::Counter => metric.value.saturating_add(value),
            MetricType::Gauge => value,
            MetricType::Histogram => metric.value.saturating_add(1),
        };
        Ok(())
    }

    pub(crate) fn value(&mut self, id: u32) -> Result<u64, Status> {
        let metric = self.metric(id)?;
        if metric.kind == MetricType::Histogram {
            return Err(Status::BadArgument);
        }
        Ok(metric.value)
    }

    /// Name and value of every metric, by name.
    pub(crate) fn metrics(&self) -> BTreeMap<String, u64> {
        self.metrics.iter().map(|metric| (metric.name.clone(), metric.value)).collect()
    }

    fn metric(&mut self, id: u32) -> Result<&mut Metric, Status> {
        self.metrics.get_mut((id >> KIND_BITS) as usize).ok_or(Status::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_needs_the_cas_of_the_last_one() {
        let mut shared = Shared::default();
        let cas = |shared: &Shared| shared.get(b"k").map(|(_, cas)| *cas);
        assert_eq!(cas(&shared), None);
        // There is nothing to mismatch in a key that was never written.
        assert_eq!(shared.set(b"k", b"1".to_vec(), 9), Ok(()));
        let first = cas(&shared).unwrap();
        assert_eq!(shared.set(b"k", b"2".to_vec(), first), Ok(()));
        assert_eq!(shared.set(b"k", b"3".to_vec(), first), Err(Status::CasMismatch));
        assert_eq!(shared.get(b"k").map(|(value, _)| value.as_slice()), Some(b"2".as_slice()));
        assert_eq!(shared.set(b"k", b"4".to_vec(), 0), Ok(()));
    }

    #[test]
    fn metrics_take_what_envoy_takes() {
        let mut shared = Shared::default();
        let counter = shared.define(MetricType::Counter, "c".to_owned());
        let gauge = shared.define(MetricType::Gauge, "g".to_owned());
        let histogram = shared.define(MetricType::Histogram, "h".to_owned());
        assert_eq!(shared.define(MetricType::Counter, "c".to_owned()), counter);
        assert_eq!(shared.increment(counter, 2), Ok(()));
        assert_eq!(shared.increment(counter, 0), Err(Status::BadArgument));
        assert_eq!(shared.record(counter, 3), Ok(()));
        assert_eq!(shared.value(counter), Ok(5));
        assert_eq!(shared.record(gauge, 3), Ok(()));
        assert_eq!(shared.increment(gauge, -1), Ok(()));
        assert_eq!(shared.value(gauge), Ok(2));
        assert_eq!(shared.increment(histogram, 1), Err(Status::BadArgument));
        assert_eq!(shared.value(histogram), Err(Status::BadArgument));
        assert_eq!(shared.value(99 << 2), Err(Status::NotFound));
    }
}
