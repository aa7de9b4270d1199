//! Durations as people write them: `250ms`, `1s`, `2m`. For use with `#[serde(with = "seawall_provider::duration")]`.
//!
//! | written | means |
//! |---|---|
//! | `500us` | 500 microseconds |
//! | `250ms` | 250 milliseconds |
//! | `30s` | 30 seconds |
//! | `2m` | 2 minutes |
//! | `1h` | 1 hour |
//!
//! A number without a unit is refused rather than guessed at.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserializer, Visitor};
use serde::ser::Serializer;

/// Units from the largest to the smallest, so that writing picks the first that loses nothing.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Reads one duration.
///
/// # Errors
/// Says what was expected instead.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
    let expected =
        || format!("`{text}` is not a duration; write a whole number and a unit, e.g. `250ms`, `1s` or `2m`");
    let number: u64 = number.parse().map_err(|_| expected())?;
    let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(expected)?;
    let nanos = number.checked_mul(*nanos).ok_or_else(|| format!("`{text}` is too long"))?;
    Ok(Duration::from_nanos(nanos))
}

/// Writes a duration such that [`parse`] reads the same one.
#[must_use]
pub fn format(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let unit = UNITS.iter().find(|(_, size)| nanos.is_multiple_of(u128::from(*size)));
    unit.map_or_else(|| format!("{nanos}ns"), |(name, size)| format!("{}{name}", nanos / u128::from(*size)))
}

/// For `#[serde(with)]`.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*duration))
}

/// For `#[serde(with)]`.
///
/// # Errors
/// When the text is no duration.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    deserializer.deserialize_str(Text)
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Duration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as `250ms`, `1s` or `2m`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
        parse(text).map_err(E::custom)
    }
}

/// The same for an `Option<Duration>`; add `#[serde(default)]` for a key that may be missing.
pub mod option {
    use std::fmt;
    use std::time::Duration;

    use serde::de::{self, Deserializer, Visitor};
    use serde::ser::Serializer;

    /// For `#[serde(with)]`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => serializer.serialize_some(&super::format(*duration)),
            None => serializer.serialize_none(),
        }
    }

    /// For `#[serde(with)]`.
    ///
    /// # Errors
    /// When there is a text and it is no duration.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        deserializer.deserialize_option(Maybe)
    }

    struct Maybe;

    impl<'de> Visitor<'de> for Maybe {
        type Value = Option<Duration>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("nothing, or a duration such as `250ms`")
        }

        fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            super::deserialize(deserializer).map(Some)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        let cases = [
            ("0s", Some(0)),
            ("500us", Some(500_000)),
            ("250ms", Some(250_000_000)),
            ("1s", Some(1_000_000_000)),
            ("2m", Some(120_000_000_000)),
            ("1h", Some(3_600_000_000_000)),
            ("", None),
            ("10", None),
            ("s", None),
            ("1.5s", None),
            ("-1s", None),
            ("1 s", None),
            ("1d", None),
            ("99999999999999999999s", None),
            ("9999999999999h", None),
            ("１s", None),
        ];
        for (text, nanos) in cases {
            assert_eq!(parse(text).ok(), nanos.map(Duration::from_nanos), "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (1_500_000, "1500us"),
            (90_000_000_000, "90s"),
            (7_200_000_000_000, "2h"),
        ];
        for (nanos, text) in cases {
            assert_eq!(format(Duration::from_nanos(nanos)), text);
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)));
        }
    }
}
