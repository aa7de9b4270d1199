//! Reads JSON that may be cut off anywhere, without a copy.
//!
//! An error body is looked at once, from the front, and only as far as it has arrived. So this says what it meets while it
//! goes instead of skipping whole values first. It is no validator: what isn't JSON leads to odd paths, never to a panic.
//! Time is linear, memory constant.

use crate::search::find_either;

/// Brackets that may be open at once; what is deeper isn't read.
const MOST_OPEN: u32 = 64;
/// Members on the way to a value that are told apart.
const LONGEST_PATH: usize = 6;

/// A name of a member, in the dialects' error bodies and at the top of their answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// One that means nothing here.
    Other,
    /// What only an answer has.
    Content,
    Code,
    Detail,
    Details,
    Error,
    ErrorType,
    Errors,
    Exception,
    InnerError,
    Message,
    Metadata,
    Object,
    Param,
    QuotaId,
    QuotaLimit,
    Reason,
    ResetDelay,
    Response,
    RetryDelay,
    Status,
    StatusCode,
    Type,
    Violations,
}

impl Key {
    fn of(name: &[u8]) -> Self {
        match name {
            b"choices" | b"candidates" | b"content" | b"output" | b"data" | b"delta" => Self::Content,
            b"code" => Self::Code,
            b"detail" => Self::Detail,
            b"details" => Self::Details,
            b"error" => Self::Error,
            b"error_type" => Self::ErrorType,
            b"errors" => Self::Errors,
            b"innererror" | b"inner_error" => Self::InnerError,
            b"message" | b"Message" => Self::Message,
            b"metadata" => Self::Metadata,
            b"object" => Self::Object,
            b"param" => Self::Param,
            b"quotaId" => Self::QuotaId,
            b"quota_limit" => Self::QuotaLimit,
            b"reason" => Self::Reason,
            b"quotaResetDelay" => Self::ResetDelay,
            b"response" => Self::Response,
            b"retryDelay" => Self::RetryDelay,
            b"status" => Self::Status,
            b"statusCode" | b"raw_status_code" | b"originalStatusCode" => Self::StatusCode,
            b"type" => Self::Type,
            b"__type" => Self::Exception,
            b"violations" => Self::Violations,
            _ => Self::Other,
        }
    }
}

/// A value that holds no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar<'b> {
    /// A string without its quotes, escapes left as they are.
    Text(&'b [u8]),
    /// A number, `true`, `false` or `null`.
    Plain(&'b [u8]),
}

/// Shows each scalar with the members that lead to it, as long as `visit` says to go on. Arrays leave no trace in the path: all of
/// their elements are where the array is.
pub(super) fn walk<'b>(bytes: &'b [u8], visit: &mut dyn FnMut(&[Key], Scalar<'b>) -> bool) {
    let mut path = [Key::Other; LONGEST_PATH];
    // One bit for each open bracket, the innermost lowest: 1 is an object.
    let (mut open, mut depth, mut objects) = (0u64, 0u32, 0usize);
    let mut is_key_next = false;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        let scalar = match byte {
            b'{' | b'[' if depth == MOST_OPEN => return,
            b'{' | b'[' => {
                is_key_next = byte == b'{';
                open = open << 1 | u64::from(is_key_next);
                depth += 1;
                objects += usize::from(is_key_next);
                continue;
            }
            b'}' | b']' => {
                objects = objects.saturating_sub((open & 1) as usize);
                open >>= 1;
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return;
                }
                is_key_next = false;
                continue;
            }
            b',' => {
                is_key_next = open & 1 == 1;
                continue;
            }
            b':' | b' ' | b'\n' | b'\r' | b'\t' => continue,
            // Not JSON at all: a page, or text.
            _ if depth == 0 => return,
            b'"' => {
                let start = at;
                at = string_end(bytes, start);
                let text = bytes.get(start..at).unwrap_or_default();
                at += 1;
                if is_key_next {
                    is_key_next = false;
                    if let Some(place) = path.get_mut(objects.wrapping_sub(1)) {
                        *place = Key::of(text);
                    }
                    continue;
                }
                Scalar::Text(text)
            }
            _ => {
                let rest = bytes.get(at..).unwrap_or_default();
                let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
                let len = rest.iter().position(is_end).unwrap_or(rest.len());
                let plain = bytes.get(at - 1..at + len).unwrap_or_default();
                at += len;
                Scalar::Plain(plain)
            }
        };
        if let Some(path) = path.get(..objects)
            && !visit(path, scalar)
        {
            return;
        }
    }
}

/// Where the string's closing quote is, or the end of what there is of it.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        match find_either::<b'"', b'\\'>(rest) {
            Some(found) if rest.get(found) == Some(&b'"') => return at + found,
            // An escape, whose second byte may be a quote.
            Some(found) => at += found + 2,
            None => return bytes.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        walk(text.as_bytes(), &mut |path, scalar| {
            let (Scalar::Text(value) | Scalar::Plain(value)) = scalar;
            seen.push(format!("{path:?} {}", String::from_utf8_lossy(value)));
            true
        });
        seen
    }

    #[test]
    fn every_scalar_is_shown_with_its_path() {
        let text =
            r#" {"error": {"code":429, "x":{"code":[1,{"message":"a"}]}, "message":"b\"c"}, "param":null} "#;
        let expected = [
            "[Error, Code] 429",
            "[Error, Other, Code] 1",
            "[Error, Other, Code, Message] a",
            r#"[Error, Message] b\"c"#,
            "[Param] null",
        ];
        assert_eq!(seen(text), expected);
    }

    #[test]
    fn an_array_around_it_changes_nothing() {
        assert_eq!(
            seen(r#"[{"error":{"code":1}},{"error":{"code":2}}]"#),
            ["[Error, Code] 1", "[Error, Code] 2"]
        );
    }

    #[test]
    fn what_is_cut_off_is_read_as_far_as_it_goes() {
        assert_eq!(
            seen(r#"{"error":{"code":"a","message":"so fa"#),
            ["[Error, Code] a", "[Error, Message] so fa"]
        );
        assert_eq!(seen(r#"{"error":{"message":"\"#), [r"[Error, Message] \"]);
        assert_eq!(seen(r#"{"error":{"code":42"#), ["[Error, Code] 42"]);
    }

    #[test]
    fn what_is_no_object_says_nothing() {
        for text in ["", "<html>{\"error\":1}", "\"error\"", "429", "}", "null", "upstream: {\"error\":1}"] {
            assert_eq!(seen(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn nothing_deep_is_read() {
        let deep = format!("{}1", r#"{"error":"#.repeat(100));
        assert_eq!(seen(&deep), [""; 0]);
        assert_eq!(seen(&format!("{}\"a\"", "[".repeat(100))), [""; 0]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked(bytes: Vec<u8>) {
            walk(&bytes, &mut |path, _| path.len() <= LONGEST_PATH);
        }

        #[test]
        fn any_brackets_are_walked(text in r#"[{}\[\]:,"\\a1 ]{0,200}"#) {
            let mut count = 0;
            walk(text.as_bytes(), &mut |_, _| { count += 1; true });
            prop_assert!(count <= text.len());
        }
    }
}
