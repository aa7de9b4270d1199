//! Values that are written as one: names, words, strings, and texts in other languages.

use super::{Parser, Read, Stop, text};
use crate::MAX_INLINE_BYTES;
use crate::ast::{Name, Value};
use crate::condition;
use crate::diagnostic::{Code, Diagnostic};
use crate::policy::{PathMatch, Trigger};
use crate::span::Span;
use crate::token::{Kind, Token, quote, unquoted};
use crate::vocabulary::{LANGUAGES, Leaf, PERCENTILES, STATUSES, TRIGGERS, Text, words_text};

/// Names appear in response headers and in metrics.
pub(crate) const LONGEST_NAME: usize = 64;

impl Leaf {
    /// Whether it is read from a token of this kind, be it wrong.
    pub(crate) fn takes(self, kind: Kind) -> bool {
        match self {
            Leaf::Money { .. } => matches!(kind, Kind::Dollar | Kind::Number),
            Leaf::Rate => matches!(kind, Kind::Number | Kind::Dollar),
            Leaf::Count { .. }
            | Leaf::Duration(_)
            | Leaf::Percent { .. }
            | Leaf::Factor { .. }
            | Leaf::Share { .. }
            | Leaf::Tokens { .. }
            | Leaf::Characters { .. }
            | Leaf::Size { .. }
            | Leaf::PerSecond { .. } => kind == Kind::Number,
            Leaf::Title | Leaf::Text(_) | Leaf::PathMatch => matches!(kind, Kind::Text | Kind::OpenText),
            Leaf::Define(_) | Leaf::Name(_) | Leaf::Auth | Leaf::Percentile | Leaf::Language => {
                kind == Kind::Word
            }
            Leaf::Trigger => matches!(kind, Kind::Number | Kind::Word),
            Leaf::Condition => kind == Kind::Condition,
            Leaf::Pattern => kind == Kind::Pattern,
            Leaf::Inline => matches!(kind, Kind::Inline | Kind::OpenText),
        }
    }

    /// What messages say is expected.
    pub(super) fn described(self) -> &'static str {
        match self {
            Leaf::Define(_) | Leaf::Name(_) => "a name",
            Leaf::Title | Leaf::PathMatch | Leaf::Text(_) => "a string",
            Leaf::Count { .. } => "a number",
            Leaf::Duration(_) => "a duration such as `30s`",
            Leaf::Percent { .. } => "a percentage such as `20%`",
            Leaf::Factor { .. } => "a multiple such as `3x`",
            Leaf::Share { .. } => "a number such as `0.15`",
            Leaf::Tokens { .. } => "a number of tokens such as `32k tokens`",
            Leaf::Characters { .. } => "a number of characters such as `4k characters`",
            Leaf::Money { .. } => "an amount of money such as `$0.25`",
            Leaf::Size { .. } => "a size such as `4MiB`",
            Leaf::Rate => "an amount such as `90k tokens/min`",
            Leaf::PerSecond { .. } => "a rate such as `3/s`",
            Leaf::Percentile => "a percentile such as `p95`",
            Leaf::Auth => "`bearer` or `header`",
            Leaf::Trigger => "a status such as `429`, or `timeout`, `connect` or `reset`",
            Leaf::Language => "the code of a language such as `en`",
            Leaf::Condition => "a condition between backticks",
            Leaf::Pattern => "a pattern such as `/sorry/`",
            Leaf::Inline => "a text between `<<TEXT` and a line `TEXT`",
        }
    }
}

impl<'s> Parser<'s, '_> {
    /// Whether the next token looks like this value, its unit included.
    pub(super) fn starts_leaf(&self, leaf: Leaf) -> bool {
        let token = self.peek();
        let unit = self.text(token).trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        leaf.takes(token.kind)
            && match leaf {
                Leaf::Factor { .. } => unit == "x",
                Leaf::Duration(_) => unit != "%" && unit != "x",
                Leaf::Percent { .. } => unit == "%",
                Leaf::Count { .. } => unit.is_empty(),
                Leaf::Percentile => PERCENTILES.iter().any(|(word, _)| *word == unit),
                _ => true,
            }
    }

    /// `None` when it is wrong but its end is known; that has been reported.
    pub(super) fn leaf(&mut self, leaf: Leaf) -> Read<Option<Value<'s>>> {
        let token = self.peek();
        Ok(match leaf {
            Leaf::Define(kind) => self.define(kind),
            Leaf::Name(kind) => Some(Value::Name(kind, self.name(kind)?)),
            Leaf::Title => self.title()?,
            Leaf::Count { min, max } => self.count(min, max)?.map(Value::Count),
            Leaf::Duration(allowed) => self.duration(allowed)?.map(Value::Duration),
            Leaf::Percent { min, max } => self.percent(min, max)?.map(Value::BasisPoints),
            Leaf::Factor { min, max } => self.factor(min, max)?.map(Value::Hundredths),
            Leaf::Share { max } => self.share(max)?.map(Value::BasisPoints),
            Leaf::Tokens { max } => self.token_count(max)?.map(Value::Tokens),
            Leaf::Characters { max } => self.characters(max)?.map(Value::Count),
            Leaf::Money { max } => self.money(max)?.map(Value::MicroDollars),
            Leaf::Size { max } => self.size(max)?.map(Value::Bytes),
            Leaf::Rate => self.rate()?.map(Value::Amount),
            Leaf::PerSecond { max } => self.per_second(max)?.map(Value::PerSecond),
            Leaf::Percentile => {
                let known = |(word, _): &&(&str, u8)| self.is_word(word);
                let Some((_, share)) = PERCENTILES.iter().find(known) else {
                    let expected = words_text(PERCENTILES.iter().map(|(word, _)| *word), "or");
                    return Err(self.unexpected(&expected));
                };
                self.bump();
                Some(Value::Percentile(*share))
            }
            Leaf::Text(rule) => {
                let word = self.word();
                let check = |value: &str| text::check(rule, word, value);
                self.checked_string("a string", check)?.map(|(text, _)| Value::Text(text))
            }
            Leaf::PathMatch => self.path_match()?.map(Value::Path),
            Leaf::Auth => self.auth()?.map(Value::Auth),
            Leaf::Trigger => self.trigger()?.map(Value::Trigger),
            Leaf::Language => self.language()?.map(Value::Word),
            Leaf::Condition => {
                if token.kind != Kind::Condition {
                    return Err(self.forgotten_backticks());
                }
                let source = self.delimited(Kind::Condition, leaf)?;
                self.condition(source, token)
            }
            Leaf::Pattern => self.delimited(Kind::Pattern, leaf)?.map(Value::Pattern),
            Leaf::Inline => self.inline()?.map(Value::Text),
        })
    }

    fn define(&mut self, kind: &str) -> Option<Value<'s>> {
        let token = self.peek();
        let text = self.text(token);
        let invalid = match token.kind {
            Kind::Word if text.len() <= LONGEST_NAME => None,
            Kind::Word => Some(("the name is longer than 64 characters".to_string(), None)),
            Kind::Number => Some((["the name ", &quote(text), " starts with a digit"].concat(), None)),
            Kind::Text => {
                let bare = unquoted(text);
                let message = ["the name of a `", kind, "` is written without quotes"].concat();
                Some((message, Some(bare)))
            }
            _ => {
                self.unexpected(&["the name of the `", kind, "`"].concat());
                return None;
            }
        };
        self.bump();
        if let Some((message, bare)) = invalid {
            let found = Diagnostic::new(Code::InvalidName, token.span, message);
            self.sink.push(match bare {
                Some(bare) => unquoting(found, bare),
                None => found.with_help("a name is a letter or `_`, then letters, digits, `_` or `-`"),
            });
        }
        let text = if token.kind == Kind::Text { unquoted(text) } else { text };
        Some(Value::Define(Name { text, span: token.span }))
    }

    /// A bare name.
    fn name(&mut self, kind: &str) -> Read<Name<'s>> {
        let token = self.peek();
        match token.kind {
            Kind::Word => {
                self.bump();
                Ok(Name { text: self.text(token), span: token.span })
            }
            Kind::Text => {
                let bare = unquoted(self.text(token));
                let message = ["the name of a ", kind, " is written without quotes"].concat();
                self.sink.push(unquoting(Diagnostic::new(Code::InvalidName, token.span, message), bare));
                self.bump();
                Ok(Name { text: bare, span: token.span })
            }
            found => {
                let expected = ["the name of a ", kind].concat();
                let Some(help) = self.block_in_place_of_name(kind) else {
                    return Err(self.unexpected(&expected));
                };
                let message = ["expected ", &expected, ", found ", &token.describe(self.source)].concat();
                self.sink.push(Diagnostic::new(Code::UnexpectedToken, token.span, message).with_help(help));
                if found == Kind::Open {
                    self.skip_braces();
                }
                Err(Stop)
            }
        }
    }

    /// The title of a test is its name: no two are the same.
    fn title(&mut self) -> Read<Option<Value<'s>>> {
        let token = self.peek();
        let expected = "a string that says what is tested";
        let check = |title: &str| text::check(Text::Label, "test", title);
        let title = self.checked_string(expected, check)?;
        Ok(title.map(|_| Value::Define(Name { text: unquoted(self.text(token)), span: token.span })))
    }

    fn delimited(&mut self, kind: Kind, leaf: Leaf) -> Read<Option<&'s str>> {
        let token = self.peek();
        match token.kind {
            found if found == kind => {
                self.bump();
                let text = self.text(token);
                // One that never ends has been reported.
                let closed = text.len() > 1 && text.ends_with(text.chars().next().unwrap_or(' '));
                Ok(closed.then(|| unquoted(text)))
            }
            _ => Err(self.unexpected(leaf.described())),
        }
    }

    fn condition(&mut self, source: Option<&str>, token: Token) -> Option<Value<'s>> {
        let offset = token.span.start + 1;
        let report = &mut |found| self.sink.push(found);
        let condition = condition::compile_within(source?, offset, &mut self.effort, report)?;
        for used in condition.uses().iter().filter(|used| !used.name.supported) {
            self.not_supported(used.span, &["`", used.name.name, "` in a condition"].concat());
        }
        Some(Value::Condition(condition))
    }

    /// The text between its two lines, without what all of its lines are indented by.
    fn inline(&mut self) -> Read<Option<String>> {
        let token = self.peek();
        match token.kind {
            Kind::Inline => {
                self.bump();
                let body = self.text(token).split_once('\n').map_or("", |(_, body)| body);
                let text = dedent(body.rsplit_once('\n').map_or("", |(body, _)| body));
                if text.len() > MAX_INLINE_BYTES {
                    let message = "the text written in place is longer than 256 KiB".into();
                    self.report(
                        Code::InvalidText,
                        Span::new(token.span.start as usize, token.span.start as usize + 2),
                        message,
                    );
                    return Ok(None);
                }
                Ok(Some(text))
            }
            Kind::OpenText => {
                self.bump();
                Ok(None)
            }
            _ => Err(self.unexpected(Leaf::Inline.described())),
        }
    }

    fn trigger(&mut self) -> Read<Option<Trigger>> {
        let token = self.peek();
        if token.kind == Kind::Number {
            self.bump();
            return Ok(self.status(self.text(token), token.span));
        }
        self.known("failure", TRIGGERS, Leaf::Trigger, |_| None)
            .map(|found| found.map(|(_, trigger)| *trigger))
    }

    fn language(&mut self) -> Read<Option<&'static str>> {
        // `English`, `en-GB`
        let by_name = |text: &str| {
            let is_meant = |(code, name): &&(&str, &str)| {
                name.eq_ignore_ascii_case(text) || text.split(['-', '_']).next() == Some(*code)
            };
            LANGUAGES.iter().find(is_meant).map(|(code, _)| *code)
        };
        self.known("language", LANGUAGES, Leaf::Language, by_name).map(|found| found.map(|(code, _)| *code))
    }

    /// One of these words, with what it stands for. Of one that is none of them, `meant` may know what it means.
    fn known<T>(
        &mut self,
        what: &str,
        words: &'static [(&'static str, T)],
        leaf: Leaf,
        meant: impl Fn(&str) -> Option<&'static str>,
    ) -> Read<Option<&'static (&'static str, T)>> {
        let token = self.peek();
        if token.kind != Kind::Word {
            return Err(self.unexpected(leaf.described()));
        }
        self.bump();
        let text = self.text(token);
        let found = words.iter().find(|(known, _)| *known == text);
        if found.is_none() {
            let known = || words.iter().map(|(word, _)| *word);
            let message = ["unknown ", what, " ", &quote(text)].concat();
            let found = Diagnostic::new(Code::UnknownWord, token.span, message);
            self.sink.push(match meant(text).or_else(|| self.suggest(text, known())) {
                Some(meant) => found.with_suggestion(meant),
                None => found.with_help(["known are ", &words_text(known(), "and")].concat()),
            });
        }
        Ok(found)
    }

    fn status(&mut self, text: &str, span: Span) -> Option<Trigger> {
        let status = text.parse::<u16>().ok().filter(|_| !text.starts_with('0'));
        if let Some(status) = status.filter(|status| STATUSES.contains(status)) {
            return Some(Trigger::Status(status));
        }
        let known = STATUSES.iter().map(u16::to_string).collect::<Vec<_>>();
        let known = ["retryable are ", &words_text(known.iter().map(String::as_str), "and")].concat();
        let (message, label) = match status {
            Some(401 | 403) => {
                ("can't be retried", "the credentials are refused however often they are sent")
            }
            Some(404) => ("can't be retried", "the model or path is missing however often it is asked for"),
            Some(400 | 413 | 422) => {
                ("can't be retried", "the same request is refused however often it is sent")
            }
            Some(100..=399) => ("can't be retried", "this status is no failure"),
            Some(400..=499) => ("can't be retried", "the client's own error: the same request fails again"),
            Some(status @ 500..=599) if !Trigger::of_status(status).is_empty() => {
                ("has no word of its own", "it is retried like 500 and 502, and 524 like 504")
            }
            Some(500..=599) => ("can't be retried", "nothing says that the same request may succeed later"),
            _ => ("is not a status", "a status has three digits, and each is listed on its own"),
        };
        let found = Diagnostic::new(Code::NotRetryable, span, [&quote(text), " ", message].concat());
        self.sink.push(found.with_label(label).with_help(known));
        None
    }

    fn path_match(&mut self) -> Read<Option<PathMatch>> {
        let check = |path: &str| match path {
            "*" => Err(text::everything()),
            _ => text::check_match(path.strip_suffix('*').unwrap_or(path)),
        };
        let Some((path, _)) = self.checked_string("a path", check)? else { return Ok(None) };
        Ok(Some(match path.strip_suffix('*') {
            Some(prefix) => PathMatch::Prefix(prefix.to_string()),
            None => PathMatch::Exact(path),
        }))
    }

    pub(super) fn checked_string(
        &mut self,
        expected: &str,
        check: impl FnOnce(&str) -> Result<(), text::Objection>,
    ) -> Read<Option<(String, Span)>> {
        let (string, span) = self.string(expected)?;
        let Some(string) = string else { return Ok(None) };
        let Err(objection) = check(&string) else { return Ok(Some((string, span))) };
        // What it says about a character says more than the lexer could.
        self.sink.retract(span);
        self.sink.push(objection.at(span));
        Ok(None)
    }

    /// A string, and where it stands. `None` when it holds a mistake, which has been reported.
    fn string(&mut self, expected: &str) -> Read<(Option<String>, Span)> {
        let token = self.peek();
        match token.kind {
            Kind::Text => {}
            Kind::OpenText => {
                self.bump();
                return Ok((None, token.span));
            }
            Kind::Word if self.at_end() => return Err(self.unexpected(expected)),
            Kind::Word | Kind::Pattern | Kind::Slash => return Ok((None, self.forgotten_quotes(expected))),
            _ => return Err(self.unexpected(expected)),
        }
        self.bump();
        Ok((self.unescape(token), token.span))
    }

    /// `\"` and `\\` are the only escapes: no value of the language needs more.
    fn unescape(&mut self, token: Token) -> Option<String> {
        let quoted = self.text(token);
        let inner = unquoted(quoted);
        let open = quoted.chars().next().map_or(0, char::len_utf8);
        let mut text = String::with_capacity(inner.len());
        let mut chars = inner.char_indices();
        let mut valid = true;
        while let Some((at, c)) = chars.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            match chars.next() {
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                Some((_, other)) => {
                    valid = false;
                    let start = token.span.start as usize + open + at;
                    let span = Span::new(start, start + 1 + other.len_utf8());
                    let message = ["unknown escape ", &quote(span.text(self.source))].concat();
                    let help = "only `\\\"` and `\\\\` are escapes";
                    self.sink.push(Diagnostic::new(Code::BadEscape, span, message).with_help(help));
                }
                None => {}
            }
        }
        valid.then_some(text)
    }
}

/// The fix for a name in quotes, if what they hold is one.
fn unquoting(found: Diagnostic, bare: &str) -> Diagnostic {
    let span = found.span;
    let found = found.with_help(["write ", &quote(bare)].concat());
    let is_name = text::is_name(bare) && bare.len() <= LONGEST_NAME;
    if is_name { found.with_replacement(span, bare) } else { found }
}

/// What all lines are indented by is the policy's layout and not part of the text.
pub(crate) fn dedent(body: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let lines = || body.lines().filter(|line| !line.trim().is_empty());
    let common = lines().map(indent).min().unwrap_or(0);
    let cut: Vec<&str> =
        body.lines().map(|line| line.get(common..).unwrap_or("").trim_end_matches('\r')).collect();
    cut.join("\n")
}
