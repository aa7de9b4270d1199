//! Points in time: HTTP dates and RFC 3339, in whole seconds since 1970, rounded up.

/// An HTTP date (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, or one of the obsolete forms that a recipient must accept,
/// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
pub(super) fn http(text: &str) -> Option<u64> {
    let mut words = text.split([' ', '-', ',']).filter(|word| !word.is_empty()).skip(1);
    let mut next = || words.next();
    let first = next()?;
    let (day, month, year, time) = if first.as_bytes().first()?.is_ascii_digit() {
        let (month, year, time) = (next()?, next()?, next()?);
        next().filter(|zone| *zone == "GMT")?;
        (first, month, year, time)
    } else {
        let (day, time, year) = (next()?, next()?, next()?);
        (day, first, year, time)
    };
    if words.next().is_some() {
        return None;
    }
    let year = match year.len() {
        4 => decimal(year)?,
        // More than 50 years ahead would mean the past; a date that long past doesn't matter, so 2000 it is.
        2 => 2000 + decimal(year)?,
        _ => return None,
    };
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = 1 + MONTHS.iter().position(|known| *known == month)? as u64;
    Some(days(year, month, decimal(day)?)? * DAY + clock(time)?)
}

/// `2025-08-21T12:41:00Z`, with a fraction or an offset where there is one (RFC 3339, 5.6).
pub(super) fn rfc3339(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut parts = date.splitn(3, '-').map(decimal);
    let day = days(parts.next()??, parts.next()??, parts.next()??)? * DAY;
    let (time, offset) = time.split_at_checked(time.find(['Z', 'z', '+', '-'])?)?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let part = u64::from(fraction.bytes().any(|byte| byte != b'0'));
    let local = day + clock(time)? + part;
    if matches!(offset, "Z" | "z") {
        return Some(local);
    }
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let offset_seconds = decimal(hours)? * 3600 + decimal(minutes)? * 60;
    if offset_seconds >= DAY {
        return None;
    }
    // East of Greenwich it is later.
    if offset.starts_with('+') { local.checked_sub(offset_seconds) } else { Some(local + offset_seconds) }
}

const DAY: u64 = 24 * 60 * 60;

/// `08:49:37` in seconds; 60 is a leap second.
fn clock(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, ':').map(decimal);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

/// Days since 1970 ("days_from_civil", chrono-Compatible Low-Level Date Algorithms, H. Hinnant): the year is taken to begin in
/// March, so that the leap day is its last.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = year - u64::from(month <= 2);
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).checked_sub(719_468)
}

/// A few digits and nothing else.
fn decimal(text: &str) -> Option<u64> {
    let is_number = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}
