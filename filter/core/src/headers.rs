//! A list of headers in one buffer, with one allocation for the text and one for the index.

use std::fmt;

/// Headers in their order; names in lower case, as HTTP/2 has them. Values are bytes: HTTP does not promise UTF-8.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    text: Vec<u8>,
    index: Vec<Entry>,
}

/// Where one header lies in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name_start: u32,
    pub name_len: u32,
    pub value_start: u32,
    pub value_len: u32,
}

impl Headers {
    /// Headers that lie in `text` where `index` says. An entry that points outside reads as empty.
    #[must_use]
    pub fn new(text: Vec<u8>, index: Vec<Entry>) -> Self {
        Self { text, index }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.index.iter().map(|entry| {
            (self.slice(entry.name_start, entry.name_len), self.slice(entry.value_start, entry.value_len))
        })
    }

    /// The first header of this name, if its value is text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let is_it = |entry: &&Entry| {
            entry.name_len as usize == name.len()
                && self.slice(entry.name_start, entry.name_len) == name.as_bytes()
        };
        let entry = self.index.iter().find(is_it)?;
        std::str::from_utf8(self.slice(entry.value_start, entry.value_len)).ok()
    }

    /// The names, in the order of the headers.
    pub(crate) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.index.iter().map(|entry| self.slice(entry.name_start, entry.name_len))
    }

    /// Takes out all headers of this name.
    pub(crate) fn remove(&mut self, name: &str) {
        let Self { text, index } = self;
        index.retain(|entry| {
            let start = entry.name_start as usize;
            text.get(start..start.saturating_add(entry.name_len as usize)) != Some(name.as_bytes())
        });
    }

    fn slice(&self, start: u32, len: u32) -> &[u8] {
        let start = start as usize;
        self.text.get(start..start.saturating_add(len as usize)).unwrap_or_default()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        let mut headers = Self::default();
        let mut push = |part: &str| {
            let start = headers.text.len() as u32;
            headers.text.extend_from_slice(part.as_bytes());
            (start, part.len() as u32)
        };
        let mut index = Vec::new();
        for (name, value) in pairs {
            let (name_start, name_len) = push(name);
            let (value_start, value_len) = push(value);
            index.push(Entry { name_start, name_len, value_start, value_len });
        }
        headers.index = index;
        headers
    }
}

/// Names only: values may be credentials.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned());
        f.debug_list().entries(names).finish()
    }
}
