//! What an image costs: its size, read from the first bytes of its data, and the makers' rules.

mod header;
mod rule;

pub(crate) use self::header::decoded;
pub use self::rule::{Detail, Rule};

/// Width and height in pixels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

impl Size {
    /// Of an image of which only an address is given, or whose data can't be read.
    pub const UNKNOWN: Self = Self { width: 1_024, height: 1_024 };

    /// From a `data:` URL, or from base64 alone; `None` for another address, and for data that is no PNG, JPEG, GIF or WebP.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        Self::of_data(&decoded(base64_of(url)?.as_bytes()))
    }

    /// From the first bytes of the data.
    #[must_use]
    pub fn of_data(data: &[u8]) -> Option<Self> {
        let size = header::size(data)?;
        (size.width > 0 && size.height > 0).then_some(size)
    }
}

/// What stands in base64 in a `data:` URL, or alone; `None` for another address.
pub(crate) fn base64_of(url: &str) -> Option<&str> {
    match url.strip_prefix("data:") {
        Some(data) => {
            let head = data.as_bytes().get(..data.len().min(256)).unwrap_or_default();
            let comma = head.iter().position(|byte| *byte == b',');
            comma.map_or(Some(data), |comma| data.get(comma + 1..))
        }
        None if url.contains("://") => None,
        None => Some(url),
    }
}
