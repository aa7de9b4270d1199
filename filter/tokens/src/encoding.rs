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

/// How far a count came.
pub(crate) struct Counted {
    pub(crate) tokens: u64,
    /// Bytes that were counted.
    pub(crate) end: usize,
    pub(crate) is_exact: bool,
    /// What it has cost, in bytes of ordinary text, each of about 10 ns in Wasm.
    pub(crate) work: usize,
}

impl Encoding {
    /// The vocabulary of a model, by its name, without a fine-tuned model's `ft:` or a provider's prefix (`openai/…`);
    /// `None` for a model of which it is not known, such as those of other makers.
    ///
    /// The names are those of tiktoken 0.14 (`tiktoken/model.py`).
    #[must_use]
    pub fn of_model(model: &str) -> Option<Self> {
        const OLDER: [&str; 7] = [
            "gpt-4-",
            "gpt-4:",
            "gpt-3",
            "text-embedding-ada-002",
            "text-embedding-3-",
            "davinci-002",
            "babbage-002",
        ];
        const NEWER: [&str; 10] = [
            "gpt-5",
            "gpt-4o",
            "gpt-4.1",
            "gpt-4.5",
            "chatgpt-4o",
            "gpt-oss",
            "codex-mini",
            "o1",
            "o3",
            "o4",
        ];
        let model = model.rsplit_once('/').map_or(model, |(_, name)| name);
        let model = model.strip_prefix("ft:").unwrap_or(model);
        if NEWER.iter().any(|name| model.starts_with(name)) {
            Some(Self::O200kBase)
        } else if model == "gpt-4" || OLDER.iter().any(|name| model.starts_with(name)) {
            Some(Self::Cl100kBase)
        } else {
            None
        }
    }

    /// Whether this vocabulary is built in: without it counts are rough.
    #[must_use]
    pub fn is_built_in(self) -> bool {
        match self {
            Self::O200kBase => cfg!(feature = "o200k"),
            Self::Cl100kBase => cfg!(feature = "cl100k"),
        }
    }

    /// Counts a text as one: special tokens in it are text, as in a message. Time grows with the text: see
    /// [`Counter`](crate::Counter) for a bound.
    #[must_use]
    pub fn count(self, text: &str) -> Count {
        let counted = self.count_up_to(text, usize::MAX);
        Count { tokens: counted.tokens, is_exact: counted.is_exact }
    }

    /// Counts until the end, or until it has done more than `limit` of work.
    #[inline]
    pub(crate) fn count_up_to(self, text: &str, limit: usize) -> Counted {
        match self {
            #[cfg(feature = "o200k")]
            Self::O200kBase => crate::bpe::count::<crate::bpe::O200k>(text, limit),
            #[cfg(feature = "cl100k")]
            Self::Cl100kBase => crate::bpe::count::<crate::bpe::Cl100k>(text, limit),
            #[cfg(not(all(feature = "o200k", feature = "cl100k")))]
            _ => Counted {
                tokens: rough(text),
                end: text.len(),
                is_exact: false,
                work: text.len().div_ceil(10).min(limit),
            },
        }
    }
}
