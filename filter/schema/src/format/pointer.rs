//! JSON pointers (RFC 6901), and relative ones (draft-bhutton-relative-json-pointer-00).

pub(super) fn is_pointer(text: &str) -> bool {
    (text.is_empty() || text.starts_with('/'))
        && text.split('~').skip(1).all(|part| part.starts_with(['0', '1']))
}

pub(super) fn is_relative_pointer(text: &str) -> bool {
    let rest = text.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let digits = text.len() - rest.len();
    let is_number = digits == 1 || (digits > 1 && !text.starts_with('0'));
    is_number && (rest == "#" || is_pointer(rest))
}
