//! What lies in a value that the scanner has skipped.

use std::ops::Range;

use super::scan::Scanner;

/// Where the values lie of these members of the object that begins here. Of two with one key the last counts, as for most who
/// read JSON.
pub(crate) fn places<const N: usize>(json: &[u8], at: usize, keys: [&[u8]; N]) -> [Option<Range<usize>>; N] {
    let mut scan = Scanner::new(json, at);
    let (mut found, mut is_first) = ([const { None }; N], true);
    if !scan.opens(b'{') {
        return found;
    }
    while let Ok(Some((key, value))) = scan.member(is_first) {
        is_first = false;
        let key = scan.key(key);
        if let Some((_, slot)) = keys.iter().zip(&mut found).find(|(wanted, _)| ***wanted == *key) {
            *slot = Some(value.range);
        }
    }
    found
}

/// Where `part`, which was found in `whole`, lies in it.
pub(super) fn place_in(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    whole.get(start..start + part.len()).map(|_| start..start + part.len())
}

/// The values of these members of an object.
pub(crate) fn members<'b, const N: usize>(object: &'b [u8], keys: [&[u8]; N]) -> [Option<&'b [u8]>; N] {
    places(object, 0, keys).map(|place| object.get(place?))
}

/// The elements of a list up to what can't be read; none of what is no list.
pub(crate) fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut scan = Scanner::new(list, 0);
    let mut more = scan.opens(b'[');
    let mut is_first = true;
    std::iter::from_fn(move || {
        more = more && scan.more(is_first, b']') == Ok(true);
        is_first = false;
        let value = more.then(|| scan.value().ok()).flatten();
        more = value.is_some();
        Some(scan.slice(value?.range))
    })
}
