//! AWS's binary event stream, as ConverseStream answers with it
//! (<https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html>): each frame has its length, the length of its
//! headers and a CRC-32 of both, then headers, payload, and a CRC-32 of all that came before.

use bytes::Bytes;

/// Headers' values are texts here.
const TEXT: u8 = 7;

/// One event of a name, e.g. `contentBlockDelta`.
pub(crate) fn event(name: &str, payload: &[u8]) -> Bytes {
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    frame(&headers, payload)
}

/// An error inside of the stream, e.g. `throttlingException`.
pub(crate) fn exception(name: &str, payload: &[u8]) -> Bytes {
    let headers =
        [(":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")];
    frame(&headers, payload)
}

fn frame(headers: &[(&str, &str)], payload: &[u8]) -> Bytes {
    let mut head = Vec::new();
    for (name, value) in headers {
        // Names and values are the ones above: far below what their lengths can say.
        head.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        head.extend(name.as_bytes());
        head.push(TEXT);
        head.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        head.extend(value.as_bytes());
    }
    // Prelude (8), its sum (4), the sum of all (4).
    let length = u32::try_from(head.len() + payload.len() + 16).unwrap_or(u32::MAX);
    let mut frame = Vec::new();
    frame.extend(length.to_be_bytes());
    frame.extend(u32::try_from(head.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend(crc32(&frame).to_be_bytes());
    frame.extend(head);
    frame.extend(payload);
    frame.extend(crc32(&frame).to_be_bytes());
    frame.into()
}

/// CRC-32 as in ISO 3309 and RFC 1952, bit by bit: frames are short.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            let shifted = crc >> 1;
            if crc & 1 == 1 { shifted ^ 0xedb8_8320 } else { shifted }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    #[test]
    fn an_empty_frame_is_that_of_awss_own_tests() {
        // "empty_message" of the AWS SDKs' test vectors.
        let wanted = [0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
        assert_eq!(frame(&[], b"").as_ref(), wanted);
    }
}
