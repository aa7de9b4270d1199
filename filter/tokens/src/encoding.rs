//! What texts are counted with.

#[cfg(not(all(feature = "o200k", feature = "cl100k")))]
use crate::rough::rough;

/// Longest piece that is encoded as one, in bytes. A longer one (a run of so many letters, of blanks, of signs) is cut.
pub const LONGEST_PIECE: usize = 4_096;

/// How many tokens a text is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Count {
    pub tokens: u64,
    /// Whether it is what the reference counts; otherwise near it.
    pub is_exact: bool,
}

/// A vocabulary that texts are counted with. Without the feature of its name its counts are rough.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Encoding {
    /// Of gpt-4o, gpt-4.1, gpt-5, the models named o1 and later, and gpt-oss. Feature `o200k`.
    O200kBase,
    /// Of gpt-4, gpt-3.5-turbo and the embeddings. Feature `cl100k`.
    Cl100kBase,
}

impl Encoding {
    /// Counts a text as one: special tokens in it are text, as in a message.
    #[must_use]
    pub fn count(self, text: &str) -> Count {
        match self {
            #[cfg(feature = "o200k")]
            Self::O200kBase => crate::bpe::count::<crate::bpe::O200k>(text),
            #[cfg(feature = "cl100k")]
            Self::Cl100kBase => crate::bpe::count::<crate::bpe::Cl100k>(text),
            #[cfg(not(all(feature = "o200k", feature = "cl100k")))]
            _ => Count { tokens: rough(text), is_exact: false },
        }
    }
}
