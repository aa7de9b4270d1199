//! Requests for conditions, and short ways to read them.

use seawall_policy::Diagnostic;
use seawall_policy::condition::{Condition, Facts, FlagName, NumberName, TextName, compile};

/// A request as a condition sees it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) texts: [String; 6],
    pub(crate) numbers: [i64; 4],
    pub(crate) stream: bool,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) tools: Vec<String>,
}

/// `gpt-4o`, streamed, on `/v1/chat/completions`, three turns at nine o'clock, two tools and one header.
pub(crate) fn request() -> Request {
    Request {
        texts: ["gpt-4o", "/v1/chat/completions", "POST", "acme", "free", "v2"].map(String::from),
        numbers: [8_000, 512, 3, 9],
        stream: true,
        headers: vec![("x-team".into(), "blue".into()), ("x-empty".into(), String::new())],
        tools: vec!["search".into(), "weather".into()],
    }
}

impl Facts for Request {
    fn text(&self, name: TextName) -> &str {
        &self.texts[match name {
            TextName::Model => 0,
            TextName::Path => 1,
            TextName::Method => 2,
            TextName::Tenant => 3,
            TextName::Tier => 4,
            TextName::PromptVersion => 5,
        }]
    }

    fn number(&self, name: NumberName) -> i64 {
        match name {
            NumberName::InputTokens => self.numbers[0],
            NumberName::MaxOutputTokens => self.numbers[1],
            NumberName::Turns => self.numbers[2],
            NumberName::Hour => self.numbers[3],
            NumberName::Tools => i64::try_from(self.tools.len()).unwrap(),
        }
    }

    fn flag(&self, FlagName::Stream: FlagName) -> bool {
        self.stream
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn has_tool(&self, name: &str) -> bool {
        self.tools.iter().any(|tool| tool == name)
    }
}

/// The condition, if it has no error, and all that is said about it.
pub(crate) fn read(source: &str) -> (Option<Condition>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let condition = compile(source, 0, &mut |finding| found.push(finding));
    (condition, found)
}

#[track_caller]
pub(crate) fn valid(source: &str) -> Condition {
    let (condition, found) = read(source);
    condition.unwrap_or_else(|| panic!("{source}: {found:#?}"))
}
