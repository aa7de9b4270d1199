//! Reads what decisions need out of a chat completion request, in one pass that copies nothing.
//!
//! This is a scanner, not a validator: it finds the members of the top-level object and where they lie, and skips
//! everything below by matching brackets and string ends. What is wrong deeper down is the provider's to refuse. Time is
//! linear, memory constant, and nesting bounded by [`MAX_DEPTH`] without recursion.

use std::fmt;
use std::ops::Range;

/// Deepest nesting that is read. Tool schemas reach about 20.
pub const MAX_DEPTH: u32 = 128;

/// What a request body says, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Where the value of `model` lies, quotes included.
    pub model: Option<Range<usize>>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// `max_completion_tokens`, or its older name `max_tokens`.
    pub max_tokens: Option<u64>,
    /// Number of messages.
    pub messages: u32,
    /// The place after the opening brace, and whether members follow.
    first_member: usize,
    is_empty: bool,
}

/// Why a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// Not a JSON object.
    NotAnObject,
    /// Not JSON from this byte on.
    Syntax { at: usize },
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A member that decides something is there twice; which one counts is anyone's guess.
    Duplicate { member: &'static str },
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("the request body must be a JSON object"),
            Self::Syntax { at } => write!(f, "the request body is not valid JSON at byte {at}"),
            Self::TooDeep => write!(f, "the request body is nested deeper than {MAX_DEPTH} levels"),
            Self::Duplicate { member } => write!(f, "the request body has more than one `{member}`"),
        }
    }
}

/// Reads a request body.
///
/// # Errors
/// [`BodyError`] says why nothing can be decided about it.
pub fn read(body: &[u8]) -> Result<Facts, BodyError> {
    let mut scan = Scanner { bytes: body, at: 0 };
    if scan.token() != Some(b'{') {
        return Err(BodyError::NotAnObject);
    }
    scan.at += 1;
    let mut facts = Facts { first_member: scan.at, ..Facts::default() };
    if scan.token() == Some(b'}') {
        facts.is_empty = true;
        scan.at += 1;
    } else {
        members(&mut scan, &mut facts)?;
    }
    match scan.token() {
        None => Ok(facts),
        Some(_) => Err(scan.error()),
    }
}

fn members(scan: &mut Scanner<'_>, facts: &mut Facts) -> Result<(), BodyError> {
    let mut seen = Seen::default();
    loop {
        if scan.token() != Some(b'"') {
            return Err(scan.error());
        }
        let key = scan.string()?;
        if scan.token() != Some(b':') {
            return Err(scan.error());
        }
        scan.at += 1;
        scan.token();
        let value = scan.value()?;
        if let Some(member) = Member::of(scan.slice(key)) {
            seen.once(member)?;
            let text = scan.slice(value.range.clone());
            match member {
                Member::Model => facts.model = Some(value.range),
                Member::Stream => facts.stream = text == b"true",
                Member::MaxTokens if facts.max_tokens.is_some() => {}
                Member::MaxTokens | Member::MaxCompletionTokens => facts.max_tokens = number(text),
                Member::Messages => facts.messages = value.elements,
            }
        }
        match scan.token() {
            Some(b',') => scan.at += 1,
            Some(b'}') => {
                scan.at += 1;
                return Ok(());
            }
            _ => return Err(scan.error()),
        }
    }
}

/// The body with another model; `model` is a JSON string, quotes included.
#[must_use]
pub(crate) fn with_model(body: &[u8], facts: &Facts, model: &str) -> Vec<u8> {
    let mut changed = Vec::with_capacity(body.len() + model.len() + 16);
    let (head, tail) = match &facts.model {
        Some(range) => (body.get(..range.start), body.get(range.end..)),
        None => (body.get(..facts.first_member), body.get(facts.first_member..)),
    };
    changed.extend_from_slice(head.unwrap_or_default());
    if facts.model.is_none() {
        changed.extend_from_slice(b"\"model\":");
    }
    changed.extend_from_slice(model.as_bytes());
    if facts.model.is_none() && !facts.is_empty {
        changed.push(b',');
    }
    changed.extend_from_slice(tail.unwrap_or_default());
    changed
}

/// The members that decide something.
#[derive(Clone, Copy)]
enum Member {
    Model,
    Stream,
    MaxTokens,
    MaxCompletionTokens,
    Messages,
}

impl Member {
    fn of(key: &[u8]) -> Option<Self> {
        // `{"mod\u0065l": …}` names the model too. Rare enough to pay for a copy.
        let unescaped = key.contains(&b'\\').then(|| [b"\"", key, b"\""].concat());
        let unescaped = unescaped.and_then(|quoted| serde_json::from_slice::<String>(&quoted).ok());
        match unescaped.as_ref().map_or(key, |text| text.as_bytes()) {
            b"model" => Some(Self::Model),
            b"stream" => Some(Self::Stream),
            b"max_tokens" => Some(Self::MaxTokens),
            b"max_completion_tokens" => Some(Self::MaxCompletionTokens),
            b"messages" => Some(Self::Messages),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Stream => "stream",
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
            Self::Messages => "messages",
        }
    }
}

/// The members met so far, a bit each.
#[derive(Default)]
struct Seen(u8);

impl Seen {
    fn once(&mut self, member: Member) -> Result<(), BodyError> {
        let bit = 1 << member as u8;
        if self.0 & bit != 0 {
            return Err(BodyError::Duplicate { member: member.name() });
        }
        self.0 |= bit;
        Ok(())
    }
}

fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Where the first quote or backslash is. Eight bytes at a time, and inlined: most strings of a prompt's JSON, and what lies
/// between two escapes, are so short that calling a general search costs more than the search. ("Determine if a word has
/// a byte equal to n", Bit Twiddling Hacks, S. E. Anderson: exact for the lowest such byte, which is the one we take.)
#[inline]
fn find_string_byte(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            return Some(number * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let found = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    Some(words.len() * 8 + found)
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

struct Value {
    range: Range<usize>,
    /// Elements, if it is an array.
    elements: u32,
}

impl Scanner<'_> {
    /// Skips white space and looks at the byte after it.
    fn token(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    fn slice(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    fn error(&self) -> BodyError {
        BodyError::Syntax { at: self.at.min(self.bytes.len()) }
    }

    /// Skips the string that begins here; its range without the quotes.
    fn string(&mut self) -> Result<Range<usize>, BodyError> {
        let start = self.at + 1;
        let mut end = start;
        loop {
            let rest = self.bytes.get(end..).unwrap_or_default();
            let Some(found) = find_string_byte(rest) else {
                self.at = self.bytes.len();
                return Err(self.error());
            };
            end += found;
            if rest.get(found) == Some(&b'"') {
                self.at = end + 1;
                return Ok(start..end);
            }
            end += 2;
        }
    }

    /// Skips the value that begins here.
    fn value(&mut self) -> Result<Value, BodyError> {
        let start = self.at;
        let mut elements = 0;
        match self.bytes.get(start) {
            Some(b'"') => {
                self.string()?;
            }
            Some(b'[') => elements = self.container()?,
            Some(b'{') => {
                self.container()?;
            }
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                let rest = self.bytes.get(start..).unwrap_or_default();
                let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
                self.at += rest.iter().position(is_end).unwrap_or(rest.len());
            }
            _ => return Err(self.error()),
        }
        Ok(Value { range: start..self.at, elements })
    }

    /// Skips the object or array that begins here and counts what lies directly in it.
    fn container(&mut self) -> Result<u32, BodyError> {
        // One bit for each open bracket, the innermost lowest: 1 is an array.
        let mut open: u128 = 0;
        let mut depth = 0;
        let (mut commas, mut is_empty) = (0u32, true);
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => {
                    is_empty = false;
                    self.string()?;
                    continue;
                }
                b'{' | b'[' if depth == MAX_DEPTH => return Err(BodyError::TooDeep),
                b'{' | b'[' => {
                    is_empty &= depth == 0;
                    depth += 1;
                    open = open << 1 | u128::from(byte == b'[');
                }
                b'}' | b']' => {
                    if (open & 1 == 1) != (byte == b']') {
                        return Err(self.error());
                    }
                    open >>= 1;
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return Ok(if is_empty { 0 } else { commas.saturating_add(1) });
                    }
                }
                b',' if depth == 1 => commas = commas.saturating_add(1),
                b' ' | b'\n' | b'\r' | b'\t' => {}
                _ => is_empty = false,
            }
            self.at += 1;
        }
        Err(self.error())
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
