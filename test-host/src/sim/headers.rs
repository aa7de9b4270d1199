//! A header map with Envoy's manners: names in lower case, order kept, a name may come more than once.

/// Values are bytes, because a filter may set any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderMap {
    entries: Vec<(String, Vec<u8>)>,
}

impl HeaderMap {
    pub fn from_pairs<N: AsRef<str>, V: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut map = Self::default();
        for (name, value) in pairs {
            map.add(name.as_ref(), value.as_ref());
        }
        map
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The first value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self.entries.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice())
    }

    /// The first value of that name, if it is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    pub fn add(&mut self, name: &str, value: &[u8]) {
        self.entries.push((name.to_ascii_lowercase(), value.to_vec()));
    }

    /// One value in place of all of that name; where the first stood, or at the end.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        let Some(place) = self.entries.iter().position(|(known, _)| known.eq_ignore_ascii_case(name)) else {
            return self.add(name, value);
        };
        self.remove(name);
        let place = place.min(self.entries.len());
        self.entries.insert(place, (name.to_ascii_lowercase(), value.to_vec()));
    }

    pub fn remove(&mut self, name: &str) {
        self.entries.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The value of `:status`.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.text(":status").and_then(|status| status.parse().ok())
    }
}
