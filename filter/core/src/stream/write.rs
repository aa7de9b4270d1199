//! Makes the frames that are missing from a stream: an error in place of its end, or the end of one that is finished.
//!
//! | dialect | error | makes its SDKs raise |
//! |---|---|---|
//! | chat completions | `data: {"error":{…}}` | openai: any data with an `error` |
//! | Responses | `event: error`, the error both flat and as `error` | openai: the same; others read the flat form |
//! | Anthropic | `event: error` | anthropic: any such event |
//! | Gemini | `data: {"error":{…}}`, or the same as the array's last element | google-genai: any chunk with an `error` |
//! | Bedrock | a frame with `:message-type` `exception` | botocore and the AWS SDKs: any such frame |

use super::{Dialect, Framing, Verdict};

/// What happened, in fixed words: nothing of the answer is in it.
struct Words {
    code: &'static str,
    message: &'static str,
}

fn words(verdict: Verdict) -> Words {
    let (code, message) = match verdict {
        Verdict::Truncated | Verdict::Empty => {
            ("upstream_truncated", "the provider ended the answer before it was complete")
        }
        Verdict::Malformed => ("upstream_malformed", "the provider sent something that is not an event"),
        Verdict::Invalid => ("invalid_output", "the answer does not fit what its route asks of it"),
        Verdict::TimedOut => ("upstream_timeout", "the provider did not complete the answer in time"),
        _ => ("upstream_reset", "the provider broke the connection before the answer was complete"),
    };
    Words { code, message }
}

/// One error frame, to stand at the end of a stream whose events so far are whole. `after_events`: whether there are any.
/// Nothing where no frame can be added: one JSON document has no place for it.
pub(super) fn error(dialect: Dialect, framing: Framing, verdict: Verdict, after_events: bool) -> Vec<u8> {
    let Words { code, message } = words(verdict);
    let chat =
        ["{\"message\":\"", message, "\",\"type\":\"server_error\",\"param\":null,\"code\":\"", code, "\"}"]
            .concat();
    let status = if verdict == Verdict::TimedOut { "504" } else { "502" };
    let gemini =
        ["{\"error\":{\"code\":", status, ",\"message\":\"", message, "\",\"status\":\"UNAVAILABLE\"}}"];
    let parts: &[&str] = match (framing, dialect) {
        (Framing::Document, _) => &[],
        (Framing::EventStream, _) => return exception(&["{\"message\":\"", message, "\"}"].concat()),
        (Framing::Array, _) => &[if after_events { "," } else { "[" }, &gemini.concat(), "]"],
        (Framing::Sse, Dialect::Responses) => &[
            "event: error\ndata: {\"type\":\"error\",\"code\":\"",
            code,
            "\",\"message\":\"",
            message,
            "\",\"param\":null,\"error\":",
            &chat,
            "}\n\n",
        ],
        (Framing::Sse, Dialect::Anthropic) => &[
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"",
            if verdict == Verdict::TimedOut { "timeout_error" } else { "api_error" },
            "\",\"message\":\"",
            message,
            "\"}}\n\n",
        ],
        (Framing::Sse, Dialect::Gemini) => &["data: ", &gemini.concat(), "\n\n"],
        (Framing::Sse, Dialect::Chat | Dialect::Bedrock) => &["data: {\"error\":", &chat, "}\n\n"],
    };
    parts.concat().into_bytes()
}

/// The end marker of a finished stream that came without it. Nothing where the dialect has none, or none that could be made up.
pub(super) fn sentinel(dialect: Dialect, framing: Framing) -> &'static [u8] {
    match (framing, dialect) {
        (Framing::Sse, Dialect::Chat) => b"data: [DONE]\n\n",
        (Framing::Sse, Dialect::Anthropic) => b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        (Framing::Array, _) => b"]",
        _ => b"",
    }
}

/// Whether a client waits for the end marker. An array ends with the connection.
pub(super) fn has_marker(dialect: Dialect, framing: Framing) -> bool {
    framing == Framing::Sse && !sentinel(dialect, framing).is_empty()
}

/// What ends an event whose own end is missing.
pub(super) fn event_end(framing: Framing) -> &'static [u8] {
    if framing == Framing::Sse { b"\n\n" } else { b"" }
}

/// A frame of `application/vnd.amazon.eventstream` with an exception.
fn exception(payload: &str) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [
        (":exception-type", "modelStreamErrorException"),
        (":content-type", "application/json"),
        (":message-type", "exception"),
    ] {
        headers.push(name.len() as u8);
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&(value.len() as u16).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    frame(&headers, payload.as_bytes())
}

/// One with these headers, as they are written, and this payload.
pub(super) fn frame(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let total = 12 + headers.len() + payload.len() + 4;
    let mut frame = Vec::with_capacity(total);
    frame.extend_from_slice(&(total as u32).to_be_bytes());
    frame.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    frame.extend_from_slice(&crc32(&frame).to_be_bytes());
    frame.extend_from_slice(headers);
    frame.extend_from_slice(payload);
    frame.extend_from_slice(&crc32(&frame).to_be_bytes());
    frame
}

/// CRC-32 as in gzip (ISO 3309), four bits at a time: it runs in streams that have failed or are repaired.
fn crc32(bytes: &[u8]) -> u32 {
    // What each four bits that leave at the low end come to: the polynomial's bits, reversed (0xEDB88320), four steps on.
    #[rustfmt::skip]
    const TABLE: [u32; 16] = [
        0x0000_0000, 0x1DB7_1064, 0x3B6E_20C8, 0x26D9_30AC, 0x76DC_4190, 0x6B6B_51F4, 0x4DB2_6158, 0x5005_713C,
        0xEDB8_8320, 0xF00F_9344, 0xD6D6_A3E8, 0xCB61_B38C, 0x9B64_C2B0, 0x86D3_D2D4, 0xA00A_E278, 0xBDBD_F21C,
    ];
    let step = |crc: u32| crc >> 4 ^ TABLE.get((crc & 15) as usize).copied().unwrap_or_default();
    !bytes.iter().fold(!0, |crc, byte| step(step(crc ^ u32::from(*byte))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_everybody_else() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
