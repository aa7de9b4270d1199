//! Dates and times (RFC 3339), durations (its appendix A).

/// So many digits, as a number, and what follows.
fn number(text: &str, digits: usize) -> Option<(u32, &str)> {
    let (head, rest) = text.split_at_checked(digits)?;
    head.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    Some((head.parse().ok()?, rest))
}

pub(super) fn is_date(text: &str) -> bool {
    let date = || {
        let (year, rest) = number(text, 4)?;
        let (month, rest) = number(rest.strip_prefix('-')?, 2)?;
        let (day, rest) = number(rest.strip_prefix('-')?, 2)?;
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            _ => return None,
        };
        Some(rest.is_empty() && (1..=days).contains(&day))
    };
    date().unwrap_or(false)
}

pub(super) fn is_time(text: &str) -> bool {
    let time = || {
        let (hour, rest) = number(text, 2)?;
        let (minute, rest) = number(rest.strip_prefix(':')?, 2)?;
        let (second, mut rest) = number(rest.strip_prefix(':')?, 2)?;
        if let Some(fraction) = rest.strip_prefix('.') {
            rest = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if rest.len() == fraction.len() {
                return None;
            }
        }
        let offset = match rest.as_bytes().first()? {
            b'Z' | b'z' if rest.len() == 1 => 0,
            sign @ (b'+' | b'-') => {
                let (hours, rest) = number(rest.get(1..)?, 2)?;
                let (minutes, rest) = number(rest.strip_prefix(':')?, 2)?;
                if !rest.is_empty() || hours > 23 || minutes > 59 {
                    return None;
                }
                let offset = (hours * 60 + minutes).cast_signed();
                if *sign == b'+' { offset } else { -offset }
            }
            _ => return None,
        };
        // A leap second is the last one of a day in UTC.
        let in_utc = ((hour * 60 + minute).cast_signed() - offset).rem_euclid(24 * 60);
        Some(hour < 24 && minute < 60 && (second < 60 || (second == 60 && in_utc == 24 * 60 - 1)))
    };
    time().unwrap_or(false)
}

pub(super) fn is_date_time(text: &str) -> bool {
    let parts =
        text.split_at_checked(10).and_then(|(date, rest)| Some((date, rest.strip_prefix(['T', 't'])?)));
    parts.is_some_and(|(date, time)| is_date(date) && is_time(time))
}

pub(super) fn is_duration(text: &str) -> bool {
    let Some(text) = text.strip_prefix('P') else { return false };
    if let Some(weeks) = text.strip_suffix('W') {
        return !weeks.is_empty() && weeks.bytes().all(|byte| byte.is_ascii_digit());
    }
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let is_some = !date.is_empty() || time.is_some();
    is_some && follows(date, "YMD") && time.is_none_or(|time| !time.is_empty() && follows(time, "HMS"))
}

/// Numbers with units in this order, none left out between two that are there.
fn follows(mut text: &str, units: &str) -> bool {
    let mut next = None;
    while !text.is_empty() {
        let rest = text.trim_start_matches(|digit: char| digit.is_ascii_digit());
        let unit = rest.chars().next().and_then(|unit| units.find(unit));
        let Some(unit) = unit.filter(|unit| rest.len() < text.len() && next.is_none_or(|next| next == *unit))
        else {
            return false;
        };
        next = Some(unit + 1);
        text = rest.get(1..).unwrap_or("");
    }
    true
}
