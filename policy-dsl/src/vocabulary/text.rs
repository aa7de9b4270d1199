//! Values as a policy writes them, for messages, the reference and the formatter.

use std::time::Duration;

use super::{Durations, MULTIPLES, SIZE_UNITS, TIME_UNITS, Text};

/// In the largest unit that divides it: `90s`, `1h`, `500ms`.
#[must_use]
pub fn duration_text(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let fits =
        |(_, size): &&(&str, u64)| nanos >= u128::from(*size) && nanos.is_multiple_of(u128::from(*size));
    match TIME_UNITS.iter().rev().find(fits) {
        Some((unit, size)) => [&(nanos / u128::from(*size)).to_string(), *unit].concat(),
        None => "0s".into(),
    }
}

/// `2000` is `20%`, `50` is `0.5%`.
#[must_use]
pub fn percent_text(basis_points: u32) -> String {
    decimal(u64::from(basis_points), 2, 0) + "%"
}

/// `300` is `3x`, `150` is `1.5x`.
pub(crate) fn factor_text(hundredths: u32) -> String {
    decimal(u64::from(hundredths), 2, 0) + "x"
}

/// `250_000` is `$0.25`, `2_000_000` is `$2`.
#[must_use]
pub fn money_text(micro_dollars: u64) -> String {
    let least = if micro_dollars.is_multiple_of(1_000_000) { 0 } else { 2 };
    ["$", &decimal(micro_dollars, 6, least)].concat()
}

/// `128_000` is `128k tokens`.
#[must_use]
pub fn tokens_text(tokens: u64) -> String {
    multiple_text(tokens) + " tokens"
}

/// `4_000` is `4k characters`.
pub(crate) fn characters_text(characters: u32) -> String {
    multiple_text(characters.into()) + " characters"
}

/// `90_000` is `90k`.
pub(crate) fn multiple_text(number: u64) -> String {
    unit_text(number, MULTIPLES)
}

pub(crate) fn size_text(bytes: u64) -> String {
    unit_text(bytes, SIZE_UNITS)
}

fn unit_text(number: u64, units: &[(&str, u64)]) -> String {
    match units.iter().rev().find(|(_, size)| number >= *size && number.is_multiple_of(*size)) {
        Some((unit, size)) => [&(number / size).to_string(), *unit].concat(),
        None => number.to_string(),
    }
}

/// The number with its point so many digits from the right, without the zeros behind it, but with at least `least`.
fn decimal(number: u64, digits: u32, least: usize) -> String {
    let one = 10_u64.pow(digits);
    let mut fraction = (one + number % one).to_string().split_off(1);
    while fraction.len() > least && fraction.ends_with('0') {
        fraction.pop();
    }
    let whole = (number / one).to_string();
    if fraction.is_empty() { whole } else { [&whole, ".", &fraction].concat() }
}

impl Durations {
    pub(crate) fn holds(self, duration: Duration) -> bool {
        (self.min..=self.max).contains(&duration)
    }

    /// `1ms to 1h`.
    #[must_use]
    pub fn text(self) -> String {
        [&duration_text(self.min), " to ", &duration_text(self.max)].concat()
    }
}

impl Text {
    /// What the string may hold, in words.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Text::Cluster => "visible ASCII, no spaces",
            Text::Host => "host name or address, and a port if need be; no `https://`",
            Text::Network => "an address, or a network such as `10.0.0.0/8`",
            Text::Path => "starts with `/`; visible ASCII, no spaces, `*` or `#`",
            Text::Model | Text::Label => "anything but control characters",
            Text::Header => "a header's name in lower case",
            Text::HeaderValue => "visible ASCII and spaces",
            Text::File => "a file beside the policy",
            Text::Method => "an HTTP method in capitals",
            Text::Free => "",
        }
    }
}

/// `1 to 10`.
pub(crate) fn range(min: u32, max: u32) -> String {
    [&min.to_string(), " to ", &max.to_string()].concat()
}

pub(crate) fn time_units_text() -> String {
    words_text(TIME_UNITS.iter().map(|(unit, _)| *unit), "or")
}

/// Each in backticks: "`a`, `b` or `c`".
pub(crate) fn words_text<'w>(words: impl Iterator<Item = &'w str>, conjunction: &str) -> String {
    let mut words = words.peekable();
    let mut text = String::new();
    while let Some(word) = words.next() {
        if !text.is_empty() && words.peek().is_none() {
            text.extend([" ", conjunction, " "]);
        } else if !text.is_empty() {
            text.push_str(", ");
        }
        text.extend(["`", word, "`"]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_print_as_they_are_written() {
        for (nanos, text) in [
            (0, "0s"),
            (1, "1ns"),
            (90_000_000_000, "90s"),
            (3_600_000_000_000, "1h"),
            (500_000_000, "500ms"),
        ] {
            assert_eq!(duration_text(Duration::from_nanos(nanos)), text);
        }
        for (points, text) in
            [(0, "0%"), (2000, "20%"), (50, "0.5%"), (125, "1.25%"), (105, "1.05%"), (9999, "99.99%")]
        {
            assert_eq!(percent_text(points), text);
        }
        for (micro, text) in [
            (2_000_000, "$2"),
            (250_000, "$0.25"),
            (500_000, "$0.50"),
            (1, "$0.000001"),
            (0, "$0"),
            (12_345_000, "$12.345"),
        ] {
            assert_eq!(money_text(micro), text);
        }
        for (tokens, text) in
            [(128_000, "128k tokens"), (1_000_000, "1M tokens"), (1_500, "1500 tokens"), (512, "512 tokens")]
        {
            assert_eq!(tokens_text(tokens), text);
        }
        assert_eq!((factor_text(300), factor_text(150)), ("3x".into(), "1.5x".into()));
        assert_eq!((size_text(4 << 20), size_text(100)), ("4MiB".into(), "100B".into()));
    }
}
