//! What is answered, before it takes the form of one API or another.

use serde::{Deserialize, Serialize};

use crate::asked::Asked;
use crate::dialect::Dialect;
use crate::script::Behaviour;

/// Why an answer ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It is complete.
    #[default]
    Stop,
    /// The limit of tokens is reached.
    Length,
    /// The provider's filter holds the rest back.
    ContentFilter,
    /// The model declines.
    Refusal,
}

/// The contents of an answer.
#[derive(Debug)]
pub(crate) struct Said<'a> {
    /// Another one for each body.
    pub(crate) id: String,
    pub(crate) model: &'a str,
    pub(crate) text: String,
    pub(crate) finish: Finish,
    pub(crate) usage: Usage,
    pub(crate) include_usage: bool,
    pub(crate) dialect: Dialect,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) prompt: u64,
    pub(crate) completion: u64,
}

impl<'a> Said<'a> {
    pub(crate) fn new(provider: &str, behaviour: &Behaviour, dialect: Dialect, asked: &'a Asked<'a>) -> Self {
        let text = text(provider, behaviour);
        // No tokenizer here: the usual rule of thumb for the question (four bytes a token), a word a token for the answer.
        let prompt = (asked.body.len() as u64).div_ceil(4);
        let usage = Usage { prompt, completion: words(&text).count() as u64 };
        Self {
            id: format!("{:016x}", digest(asked.body)),
            model: asked.model().unwrap_or("unknown"),
            text,
            finish: behaviour.finish,
            usage,
            include_usage: asked.include_usage(),
            dialect,
        }
    }

    /// The pieces in which it is streamed.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        words(&self.text)
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split_inclusive(' ').filter(|word| !word.is_empty())
}

fn text(provider: &str, behaviour: &Behaviour) -> String {
    let usual = || match behaviour.finish {
        Finish::Refusal => "I'm sorry, I can't help with that.".to_owned(),
        _ => format!("This is a simulated answer from {provider}."),
    };
    let text = behaviour.text.clone().unwrap_or_else(usual);
    match behaviour.tokens {
        None => text,
        Some(tokens) => {
            // Each word ends in a space, so that the next one begins another token.
            let text = text + " ";
            words(&text).cycle().take(tokens as usize).collect()
        }
    }
}

/// FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>) over words of eight bytes rather than single ones: a body of
/// 200 KB must not take the benches' provider longer than its proxy. It names answers; it protects nothing.
fn digest(body: &[u8]) -> u64 {
    let (words, rest) = body.as_chunks::<8>();
    let mut tail = [0; 8];
    tail.iter_mut().zip(rest).for_each(|(tail, byte)| *tail = *byte);
    let all = words.iter().chain([&tail]).map(|word| u64::from_le_bytes(*word));
    let hash =
        all.fold(0xcbf2_9ce4_8422_2325, |hash: u64, word| (hash ^ word).wrapping_mul(0x0100_0000_01b3));
    hash ^ (hash >> 32) ^ body.len() as u64
}
