//! How many tokens a whole request is: its texts, and what the makers put around them.
//!
//! | what | how | source |
//! |---|---|---|
//! | a message | 3, its role, its texts; 1 more for a name | OpenAI cookbook, "How to count tokens with tiktoken" |
//! | the reply | 3 for what it begins with | the same |
//! | a call of a function in a message | 3, name and arguments | observed: hmarr/openai-chat-tokens, whose cases come from the API |
//! | a message of the role `function` | 2 less | the same |
//! | tools | rendered as TypeScript (`tools`), 9 more; with a system message 4 less, which gets a line end | the same |
//! | `tool_choice` | none: 1; a name: 4 and the name | the same |
//! | images | the makers' rules (`image`) | their documents |
//! | a schema to be answered with, other makers' tools, what of a tool is no function of plain properties | as JSON; an estimate | – |
//! | texts in documents | as texts | Anthropic "Citations", Bedrock `DocumentSource` |
//! | other files (PDFs, base64) | by their bytes (`file`); an estimate | Anthropic "PDF support", Google "Document understanding", OpenAI "File inputs" |
//! | audio, and what is stored at the provider: files, former turns, prompts, cached content | 0; an estimate | – |
//!
//! Other makers frame messages by rules of their own; what differs is learned ([`Calibration`](crate::Calibration)).

mod root;
mod tools;
mod walk;

use std::fmt;
use std::ops::Range;

use serde::Deserializer as _;

use self::root::{Each, Root};
use crate::image::Rule;
use crate::kind::Tally;
use crate::{Budget, Counter, Encoding, Memo};

/// Whose API a request is made to, and which.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Dialect {
    /// Chat completions of OpenAI and what is made like them.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Legacy completions: `prompt`.
    Completions,
    Embeddings,
    /// Anthropic's Messages.
    Anthropic,
    Gemini,
    /// Bedrock's Converse.
    Bedrock,
}

/// The body can't be counted: it is no JSON object, or has its prompt under no name that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("the request's body is no JSON object with a prompt")
    }
}

impl std::error::Error for Unreadable {}

/// One message of a request's list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Where it lies in the body.
    pub place: Range<usize>,
    /// What it adds to the request's count.
    pub tally: Tally,
}

/// Bytes whose reading costs as much as counting one.
const BYTES_READ: usize = 10;

/// How a request is counted.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    pub dialect: Dialect,
    /// Decides what an image costs.
    pub model: &'r str,
    pub encoding: Encoding,
    pub budget: Budget,
}

impl Request<'_> {
    /// Counts a request's body. Messages and tools that `memo` knows are not counted again.
    ///
    /// Nothing is built of the body but the tools' schemas. Reading it and looking for what is known takes about 1 ns a byte, and
    /// half of that where it begins as another one did; part of that is taken off the budget, of which a quarter is always left.
    ///
    /// # Errors
    /// [`Unreadable`] if the body is no JSON object with a prompt.
    pub fn count(&self, body: &[u8], memo: &mut Memo) -> Result<Tally, Unreadable> {
        Ok(self.read(body, memo, None)?.0)
    }

    /// The same, and takes what that cost off the budget, for what else is to be counted in the same time.
    ///
    /// # Errors
    /// [`Unreadable`] if the body is no JSON object with a prompt.
    pub fn spend(&mut self, body: &[u8], memo: &mut Memo) -> Result<Tally, Unreadable> {
        let (tally, left) = self.read(body, memo, None)?;
        self.budget = left;
        Ok(tally)
    }

    /// The same, and adds the messages that stand in a list to `messages`, in their order, until there are `most`.
    ///
    /// # Errors
    /// [`Unreadable`] if the body is no JSON object with a prompt.
    pub fn count_each(
        &mut self,
        body: &[u8],
        memo: &mut Memo,
        (messages, most): (&mut Vec<Message>, usize),
    ) -> Result<Tally, Unreadable> {
        let (tally, left) = self.read(body, memo, Some((messages, most)))?;
        self.budget = left;
        Ok(tally)
    }

    fn read(
        &self,
        body: &[u8],
        memo: &mut Memo,
        messages: Option<(&mut Vec<Message>, usize)>,
    ) -> Result<(Tally, Budget), Unreadable> {
        let reading = (body.len() / BYTES_READ).min(self.budget.0 / 4 * 3);
        let counter = Counter::new(self.encoding, Budget(self.budget.0 - reading));
        let counter = counter.ahead_of(body.len(), memo.draw());
        let start = body.as_ptr() as usize;
        let each = messages.map(|(messages, most)| Each { messages, most });
        let mut root = Root::new(self.dialect, Rule::of_model(self.model), (counter, memo), start, each);
        if let Some(rest) = root.resume(body) {
            return read(&rest, root);
        }
        read(body, root)
    }
}

fn read(body: &[u8], root: Root<'_>) -> Result<(Tally, Budget), Unreadable> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let counted = reader.deserialize_map(root).map_err(|_| Unreadable)?;
    reader.end().map_err(|_| Unreadable)?;
    Ok(counted)
}
