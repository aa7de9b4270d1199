use super::{Document, Limits, Unreadable, parse};

/// The start of a JSON text, of which more may be to come. It is never valid; it can only be told that nothing makes it so any more
/// ([`Schema::rules_out`](crate::Schema::rules_out)).
#[derive(Debug)]
pub struct Start<'t> {
    pub(crate) document: Document<'t>,
}

impl<'t> Start<'t> {
    /// Reads what is there.
    ///
    /// # Errors
    /// When it can't become JSON any more that is within these limits.
    pub fn read(text: &'t str, limits: Limits) -> Result<Self, Unreadable> {
        parse::read_as(text.into(), limits, true).map(|document| Self { document })
    }

    /// As [`Document::outer_names`], of members whose values are there.
    pub fn outer_names(&self) -> impl Iterator<Item = (Option<usize>, &str)> {
        self.document.outer_names()
    }
}
