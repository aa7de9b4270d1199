//! What is watched of a conversation, which an agent sends along whole with each of its requests.
//!
//! | part | |
//! |---|---|
//! | `rows` | tool calls that repeat, alone or in turns |

mod rows;

pub(crate) use self::rows::row;
use crate::body::Facts;

/// Most times that are looked for where nothing says how many are too many.
const MOST: u32 = 20;

impl Facts {
    /// How often the tool calls that the conversation ends with come in a row, up to about twenty times; 0 where none is made.
    #[must_use]
    pub fn repeats(&self, body: &[u8]) -> u32 {
        row(self, body, MOST).map_or(0, |row| row.times)
    }
}
