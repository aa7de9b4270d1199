//! The names of the tools that a request declares.
//!
//! | form | name |
//! |---|---|
//! | `{"type":"function","function":{"name":"search"}}`, `{"type":"custom","custom":{"name":"search"}}` | `search` |
//! | `{"type":"function","name":"search"}`, `{"name":"search"}` | `search` |
//! | `{"type":"web_search"}` | `web_search` |

use std::borrow::Cow;

use super::scan::text_of;
use super::walk::{elements, members};

/// So many tools have their names read. The APIs take 128.
const MOST: usize = 1024;

/// The names in the value of `tools`, in their order; of a tool without a name nothing. What is no list has none.
pub(super) fn names(list: &[u8]) -> Vec<Cow<'_, str>> {
    elements(list).take(MOST).filter_map(name).collect()
}

fn name(tool: &[u8]) -> Option<Cow<'_, str>> {
    let [own, function, custom, kind] = members(tool, [b"name", b"function", b"custom", b"type"]);
    let inner = |object: Option<_>| {
        let [name] = members(object?, [b"name"]);
        text_of(name?)
    };
    own.and_then(text_of).or_else(|| inner(function)).or_else(|| inner(custom)).or_else(|| text_of(kind?))
}
