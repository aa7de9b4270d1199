//! The names of the tools that a request declares.
//!
//! | form | name |
//! |---|---|
//! | `{"type":"function","function":{"name":"search"}}`, `{"type":"custom","custom":{"name":"search"}}` | `search` |
//! | `{"type":"function","name":"search"}`, `{"name":"search"}` | `search` |
//! | `{"type":"web_search"}` | `web_search` |

use std::borrow::Cow;

use super::scan::{Scanner, text_of};

/// So many tools have their names read. The APIs take 128.
const MOST: usize = 1024;

/// The names in the value of `tools`, in their order; of a tool without a name nothing. What is no list has none.
pub(super) fn names(list: &[u8]) -> Vec<Cow<'_, str>> {
    let mut scan = Scanner::new(list, 0);
    let mut found = Vec::new();
    let (mut read, mut is_list) = (0, scan.opens(b'['));
    while is_list && read < MOST && scan.more(read == 0, b']') == Ok(true) {
        let start = scan.at();
        match scan.value() {
            Ok(value) => found.extend(name(list.get(start..value.range.end).unwrap_or_default())),
            Err(_) => is_list = false,
        }
        read += 1;
    }
    found
}

fn name(tool: &[u8]) -> Option<Cow<'_, str>> {
    let [own, function, custom, kind] = members(tool, [b"name", b"function", b"custom", b"type"]);
    let inner = |object: Option<_>| {
        let [name] = members(object?, [b"name"]);
        text_of(name?)
    };
    own.and_then(text_of).or_else(|| inner(function)).or_else(|| inner(custom)).or_else(|| text_of(kind?))
}

/// The values of these members of an object. Of two with one key the last counts, as for most who read JSON.
fn members<'b, const N: usize>(object: &'b [u8], keys: [&[u8]; N]) -> [Option<&'b [u8]>; N] {
    let mut scan = Scanner::new(object, 0);
    let (mut found, mut is_first) = ([None; N], true);
    if !scan.opens(b'{') {
        return found;
    }
    while let Ok(Some((key, value))) = scan.member(is_first) {
        is_first = false;
        let key = scan.key(key);
        if let Some((_, slot)) = keys.iter().zip(&mut found).find(|(wanted, _)| ***wanted == *key) {
            *slot = Some(scan.slice(value.range));
        }
    }
    found
}
