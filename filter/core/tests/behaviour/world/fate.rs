//! What a provider does to one attempt, and what that is on the wire.

use std::fmt;
use std::time::Duration;

use seawall_core::{Headers, Origin};

/// What a provider does to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// An answer with this status; a success is a whole one, a stream if one was asked for.
    Status(u16),
    /// 429 and so many seconds to wait.
    Throttle(u64),
    Refuse,
    /// The proxy has too much under way there already.
    Full,
    Reset,
    /// Silence until the attempt's time is over.
    Hang,
    /// A sound answer after so many milliseconds.
    Slow(u64),
    /// The same, of a provider that takes no more requests for so many seconds, and says so.
    Spent(u64, u64),
    /// An error that says what it is, so many milliseconds after the attempt began.
    Says(Complaint, u64),
    /// A 200 that isn't what it claims to be.
    Lie(Lie),
}

/// What an error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// What its status says.
    Status(u16),
    /// To come back after so many milliseconds.
    Throttled(u64),
    QuotaExhausted,
    ContextLength,
    ContentPolicy,
    /// Half of what its status says; the rest never comes.
    Unfinished(u16),
    /// Half of it, and the connection breaks.
    Cut(u16),
    /// More than anybody keeps.
    Long(u16),
}

impl Complaint {
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Status(status) | Self::Unfinished(status) | Self::Cut(status) | Self::Long(status) => {
                status
            }
            Self::Throttled(_) | Self::QuotaExhausted => 429,
            Self::ContextLength | Self::ContentPolicy => 400,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Status(_) | Self::Unfinished(_) | Self::Cut(_) | Self::Long(_) => "",
            Self::Throttled(_) => "rate_limit_exceeded",
            Self::QuotaExhausted => "insufficient_quota",
            Self::ContextLength => "context_length_exceeded",
            Self::ContentPolicy => "content_filter",
        }
    }
}

/// What is wrong with an answer that begins as a success. Numbers are those of the part of the answer it happens at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// An error object: as the answer, or as the stream's first event.
    Error,
    /// An error that isn't JSON, or not all of it; then the answer ends.
    TextError,
    /// Half an error, and the connection breaks.
    ErrorCut,
    /// An error as a later event of the stream.
    LateError(usize),
    Empty,
    /// Something that isn't JSON in between.
    Garbled(usize),
    /// It ends in good order before its end.
    Truncated(usize),
    /// The connection breaks.
    Cut(usize),
    /// Nothing more comes.
    Stall(usize),
    /// All of it but the end marker of a stream; then the connection ends, or doesn't.
    Unmarked {
        ends: bool,
    },
    /// All of it, and it has ended for its length.
    CutOff,
    /// All of it, and the connection stays open.
    LeftOpen,
    /// The first part comes so many milliseconds after the headers.
    SlowStart(u64),
}

impl Fate {
    /// Whether all of the answer comes, as it should and in time: of a stream, or in one piece.
    pub(crate) fn is_sound(self, streams: bool) -> bool {
        match self {
            Self::Status(200) => true,
            Self::Slow(millis) | Self::Spent(millis, _) => millis < SLOW,
            Self::Lie(Lie::SlowStart(millis)) => millis < if streams { IDLE } else { SLOW },
            Self::Lie(Lie::LeftOpen | Lie::Unmarked { ends: false }) => streams,
            Self::Lie(Lie::Unmarked { ends: true }) => true,
            _ => false,
        }
    }
}

/// Milliseconds that every policy here has patience for.
const SLOW: u64 = 800;
/// And for silence within a stream.
const IDLE: u64 = 200;

/// One thing that comes from a provider, or in its place.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Headers {
        status: u16,
        headers: Headers,
    },
    Data {
        bytes: Vec<u8>,
        end: bool,
    },
    /// No connection, as the proxy says.
    Refused(Origin),
    Reset,
}

/// What comes back, and how long after the attempt began.
pub(super) struct Script(pub(super) Vec<(Duration, Piece)>);

/// Nobody wants to read it: the fate says the same.
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// Parts of an answer that say something.
pub(crate) const PARTS: usize = 4;
/// Between two of them.
const APART: Duration = Duration::from_millis(20);

/// All that an attempt's answer says.
pub(crate) fn text(mark: &str) -> String {
    (0..PARTS).map(|part| part_text(mark, part)).collect()
}

fn part_text(mark: &str, part: usize) -> String {
    format!("{mark}.{part} ")
}

const ERROR: &str =
    r#"{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}"#;

fn half(text: &str) -> &str {
    text.split_at(text.len() / 2).0
}

/// What comes back, and how long after the attempt began. `mark` tells its words from those of any other.
/// `usage`: what was used, where that is told.
pub(super) fn script(
    fate: Fate,
    mark: &str,
    (streams, usage): (bool, Option<(u64, u64)>),
    latency: Duration,
) -> Vec<(Duration, Piece)> {
    let (status, latency) = match fate {
        Fate::Refuse => return vec![(latency, Piece::Refused(Origin::Connect))],
        Fate::Full => return vec![(latency, Piece::Refused(Origin::Full))],
        Fate::Reset => return vec![(latency, Piece::Reset)],
        Fate::Hang => return Vec::new(),
        Fate::Status(status) => (status, latency),
        Fate::Throttle(_) => (429, latency),
        Fate::Slow(millis) | Fate::Spent(millis, _) => (200, Duration::from_millis(millis)),
        Fate::Says(complaint, millis) => (complaint.status(), Duration::from_millis(millis)),
        Fate::Lie(_) => (200, latency),
    };
    let wait_ms = if let Fate::Says(Complaint::Throttled(millis), _) = fate {
        millis.to_string()
    } else {
        String::new()
    };
    let wait = if let Fate::Throttle(seconds) = fate { seconds.to_string() } else { String::new() };
    let spent = if let Fate::Spent(_, seconds) = fate { format!("{seconds}s") } else { String::new() };
    let is_stream = streams && status == 200;
    let is_cut = matches!(fate, Fate::Says(Complaint::Cut(_), _));
    let is_unfinished = is_cut || matches!(fate, Fate::Says(Complaint::Unfinished(_), _));
    let kind = if is_stream { "text/event-stream" } else { "application/json" };
    let headers = [
        ("retry-after", wait.as_str()),
        ("retry-after-ms", &wait_ms),
        ("x-ratelimit-remaining-requests", if spent.is_empty() { "" } else { "0" }),
        ("x-ratelimit-reset-requests", &spent),
        ("x-provider", "yes"),
        ("content-type", kind),
    ];
    let headers = headers.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let lie = if let Fate::Lie(lie) = fate { Some(lie) } else { None };
    let parts = match status {
        200 if is_stream => stream(mark, lie, usage),
        200 => document(mark, lie, usage),
        _ => {
            let code = if let Fate::Says(complaint, _) = fate { complaint.code() } else { "" };
            let is_long = matches!(fate, Fate::Says(Complaint::Long(_), _));
            let rest = if is_long { " at length".repeat(10_000) } else { String::new() };
            let mut message =
                format!(r#"{{"error":{{"message":"provider's {status}{rest}","code":"{code}"}}}}"#);
            if is_unfinished {
                message.truncate(message.len() / 2);
            }
            vec![message]
        }
    };
    let mut time = latency;
    let mut pieces = vec![(time, Piece::Headers { status, headers })];
    if let Some(Lie::SlowStart(millis)) = lie {
        time += Duration::from_millis(millis);
    }
    for bytes in chunks(parts, mark.len() * 5 % 40) {
        pieces.push((time, Piece::Data { bytes, end: false }));
        time += if is_stream { APART } else { Duration::ZERO };
    }
    match lie {
        _ if is_cut => pieces.push((time, Piece::Reset)),
        _ if is_unfinished => {}
        Some(Lie::Cut(_) | Lie::ErrorCut) => pieces.push((time, Piece::Reset)),
        Some(Lie::Stall(_) | Lie::LeftOpen | Lie::Unmarked { ends: false }) => {}
        _ => pieces.push((time, Piece::Data { bytes: Vec::new(), end: true })),
    }
    pieces
}

/// Chunks that don't end where the parts do: each but the last takes so many bytes of the next part along.
fn chunks(parts: Vec<String>, shift: usize) -> Vec<Vec<u8>> {
    let all: Vec<u8> = parts.iter().flat_map(|part| part.bytes()).collect();
    let (mut chunks, mut from, mut end) = (Vec::new(), 0, 0);
    for part in &parts {
        end += part.len();
        let to = (end + shift).min(all.len());
        if to > from {
            chunks.push(all[from..to].to_vec());
            from = to;
        }
    }
    chunks
}

/// The parts of an answer, as far as they come.
fn spoil(mut parts: Vec<String>, lie: Option<Lie>, garbage: &str) -> Vec<String> {
    match lie {
        Some(Lie::Truncated(at) | Lie::Stall(at)) => parts.truncate(at),
        Some(Lie::Cut(at)) => {
            parts.truncate(at + 1);
            if let Some(last) = parts.last_mut() {
                last.truncate(last.len() / 2);
            }
        }
        Some(Lie::Garbled(at)) => parts.insert(at.min(parts.len() - 1), garbage.to_owned()),
        Some(Lie::Empty) => parts.clear(),
        _ => {}
    }
    parts
}

fn stream(mark: &str, lie: Option<Lie>, usage: Option<(u64, u64)>) -> Vec<String> {
    let data = |json: String| format!("data: {json}\n\n");
    let delta = |delta: &str, finish: &str| {
        data(format!(
            r#"{{"object":"chat.completion.chunk","choices":[{{"index":0,"delta":{{{delta}}},"finish_reason":{finish}}}]}}"#
        ))
    };
    let finish = if lie == Some(Lie::CutOff) { r#""length""# } else { r#""stop""# };
    let mut parts = vec![delta(r#""role":"assistant""#, "null")];
    parts.extend((0..PARTS).map(|part| delta(&format!(r#""content":"{}""#, part_text(mark, part)), "null")));
    parts.push(delta("", finish));
    if let Some(usage) = usage {
        let usage = usage_text(usage);
        parts.push(data(format!(r#"{{"object":"chat.completion.chunk","choices":[],"usage":{usage}}}"#)));
    }
    match lie {
        Some(Lie::Unmarked { .. }) => {}
        Some(Lie::Error) => parts = vec![data(ERROR.to_owned())],
        Some(Lie::TextError) => parts = vec!["event: error\ndata: upstream is gone\n\n".to_owned()],
        Some(Lie::ErrorCut) => parts = vec![["data: ", half(ERROR)].concat()],
        Some(Lie::LateError(at)) => {
            parts.truncate(at);
            parts.push(data(ERROR.to_owned()));
        }
        _ => parts.push("data: [DONE]\n\n".to_owned()),
    }
    spoil(parts, lie, "data: {not json\n\n")
}

fn usage_text((input, output): (u64, u64)) -> String {
    let total = input + output;
    format!(r#"{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{total}}}"#)
}

/// Whether what has come tells this usage, and whether it has ended as it should.
pub(super) fn told(pieces: &[(Duration, Piece)], usage: (u64, u64), streams: bool) -> (bool, bool) {
    let has_ended = matches!(pieces.last(), Some((_, Piece::Data { end: true, .. })));
    let end = if streams { "}\n\n" } else { "}" };
    (came(pieces).contains(&[&usage_text(usage), end].concat()), has_ended)
}

/// How many whole events of a stream have content.
pub(super) fn contents(pieces: &[(Duration, Piece)]) -> u64 {
    let all = came(pieces);
    let whole = all.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
    whole.matches("\"content\":\"").count() as u64
}

fn came(pieces: &[(Duration, Piece)]) -> String {
    let mut all = Vec::new();
    for (_, piece) in pieces {
        if let Piece::Data { bytes, .. } = piece {
            all.extend(bytes);
        }
    }
    String::from_utf8(all).unwrap()
}

fn document(mark: &str, lie: Option<Lie>, usage: Option<(u64, u64)>) -> Vec<String> {
    if matches!(lie, Some(Lie::Error | Lie::LateError(_))) {
        return vec![ERROR.to_owned()];
    }
    if matches!(lie, Some(Lie::TextError | Lie::ErrorCut)) {
        return vec![half(ERROR).to_owned()];
    }
    let mut parts = vec![r#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"provider's 200: "#.to_owned()];
    parts.extend((0..PARTS).map(|part| part_text(mark, part)));
    let finish = if lie == Some(Lie::CutOff) { "length" } else { "stop" };
    let usage = usage.map(|usage| format!(r#","usage":{}"#, usage_text(usage))).unwrap_or_default();
    parts.push([r#""},"finish_reason":""#, finish, r#""}]"#, &usage, "}"].concat());
    spoil(parts, lie, "\"\n")
}

/// What the host says in a provider's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stand {
    pub(super) status: u16,
    pub(super) origin: Origin,
    /// Whether the host's log will say that the answer broke on its way.
    pub(super) broke: bool,
}
