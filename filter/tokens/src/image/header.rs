//! Where formats say how large an image is.

use super::Size;

/// Most bytes of base64 that are looked at. A JPEG's size comes after its metadata, which may hold a small picture.
const MOST: usize = 64 * 1_024;

/// The bytes that base64 stands for (RFC 4648), up to what is none.
pub(crate) fn decoded(base64: &[u8]) -> Vec<u8> {
    let base64 = base64.get(..base64.len().min(MOST)).unwrap_or_default();
    let mut data = Vec::with_capacity(base64.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for character in base64 {
        let six = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            data.push((bits >> held) as u8);
        }
    }
    data
}

pub(super) fn size(data: &[u8]) -> Option<Size> {
    match data {
        [0x89, b'P', b'N', b'G', ..] => Some(Size { width: big(data, 16, 4)?, height: big(data, 20, 4)? }),
        [b'G', b'I', b'F', b'8', ..] => {
            Some(Size { width: little(data, 6, 2)?, height: little(data, 8, 2)? })
        }
        [b'R', b'I', b'F', b'F', ..] if data.get(8..12) == Some(b"WEBP") => webp(data),
        [0xFF, 0xD8, ..] => jpeg(data),
        _ => None,
    }
}

/// Frame header, segment by segment (ITU-T T.81, annex B).
fn jpeg(data: &[u8]) -> Option<Size> {
    let mut at = 2;
    loop {
        // Bytes of 0xFF may fill the place before a marker.
        let mark = data.get(at..)?.iter().position(|byte| *byte != 0xFF)? + at;
        if mark == at {
            return None;
        }
        match data.get(mark)? {
            // Frames, but for the tables DHT, JPG, DAC, which have numbers between theirs.
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                return Some(Size { height: big(data, mark + 4, 2)?, width: big(data, mark + 6, 2)? });
            }
            // Markers without a segment.
            0x01 | 0xD0..=0xD8 => at = mark + 1,
            _ => at = mark + 1 + (big(data, mark + 1, 2)?.max(2) as usize),
        }
    }
}

/// RFC 9649.
fn webp(data: &[u8]) -> Option<Size> {
    match data.get(12..16)? {
        b"VP8 " => Some(Size { width: little(data, 26, 2)? & 0x3FFF, height: little(data, 28, 2)? & 0x3FFF }),
        b"VP8L" => {
            let bits = little(data, 21, 4)?;
            Some(Size { width: (bits & 0x3FFF) + 1, height: (bits >> 14 & 0x3FFF) + 1 })
        }
        b"VP8X" => Some(Size { width: little(data, 24, 3)? + 1, height: little(data, 27, 3)? + 1 }),
        _ => None,
    }
}

fn big(data: &[u8], at: usize, bytes: usize) -> Option<u32> {
    Some(data.get(at..at + bytes)?.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

fn little(data: &[u8], at: usize, bytes: usize) -> Option<u32> {
    Some(data.get(at..at + bytes)?.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_read_from_data_of_each_format() {
        let rows: [(&str, &[u8]); 7] = [
            ("PNG", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x06\0\0\0"),
            ("GIF", b"GIF89a\x80\x02\xe0\x01\xf7\0\0"),
            ("JPEG", b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xff\xc0\0\x11\x08\x01\xe0\x02\x80\x03\x01"),
            ("progressive JPEG", b"\xff\xd8\xff\xc4\0\x03\0\xff\xc2\0\x11\x08\x01\xe0\x02\x80\x03\x01"),
            ("lossy WebP", b"RIFF\x24\0\0\0WEBPVP8 \x18\0\0\0\x30\x01\0\x9d\x01\x2a\x80\x02\xe0\x01"),
            ("lossless WebP", b"RIFF\x24\0\0\0WEBPVP8L\x18\0\0\0\x2f\x7f\xc2\x77\0"),
            ("extended WebP", b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\x7f\x02\0\xdf\x01\0"),
        ];
        for (format, data) in rows {
            assert_eq!(Size::of_data(data), Some(Size { width: 640, height: 480 }), "{format}");
        }
    }

    #[test]
    fn sizes_are_read_from_addresses_that_hold_data() {
        let pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        let one = Some(Size { width: 1, height: 1 });
        assert_eq!(Size::of_url(&format!("data:image/png;base64,{pixel}")), one);
        assert_eq!(Size::of_url(pixel), one);
        for other in [
            "https://example.com/cat.png",
            "data:image/png;base64,",
            "data:",
            "",
            "data:image/png;base64,AAAA",
            "é,é",
        ] {
            assert_eq!(Size::of_url(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_data_is_too_much(mut data: Vec<u8>, format in 0_usize..5, url: String) {
            let heads: [&[u8]; 5] = [b"", b"\xff\xd8\xff", b"\x89PNG", b"RIFF0000WEBPVP8", b"GIF8"];
            data.splice(0..0, heads[format].iter().copied());
            let _ = Size::of_data(&data);
            let _ = Size::of_url(&url);
        }
    }
}
