//! The value of each kind of statement. Forms of the full language that this version can't carry out are recognised
//! here and refused as a whole.

use super::block::did_you_mean;
use super::{Parser, Read, Stop, text};
use crate::ast::{Name, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::policy::{Auth, Backoff, EnvVar, PathMatch, Trigger};
use crate::span::Span;
use crate::token::{Kind, quote};
use crate::vocabulary::{self, Durations, Statement, Value as Shape};
use crate::vocabulary::{PROVIDERS, STATUSES, TRIGGERS, UNSUPPORTED_PROVIDERS, UNSUPPORTED_TRIGGERS};

impl<'s> Parser<'s, '_> {
    /// What stands behind the word of the statement.
    pub(super) fn value(&mut self, statement: &Statement) -> Read<Value<'s>> {
        let word = statement.word;
        let value = match statement.value {
            Shape::NotSupported => return Err(self.refuse_statement(statement)),
            Shape::Nothing => Some(Value::Nothing),
            Shape::Text(rule) => self
                .checked_string("a string", |value| text::check(rule, word, value))?
                .map(|(text, _)| Value::Text(text)),
            Shape::Provider => self.provider()?,
            Shape::Auth => self.auth()?.map(Value::Auth),
            Shape::Triggers => self.triggers()?.map(Value::Triggers),
            Shape::Count { min, max } => self.count(word, min, max)?.map(Value::Count),
            Shape::Duration(allowed) => self.plain_duration(word, allowed)?.map(Value::Duration),
            Shape::Backoff(allowed) => self.backoff(allowed)?.map(Value::Backoff),
            Shape::RetryAfter(allowed) => self.retry_after(allowed)?.map(Value::Duration),
            Shape::Trip { max_basis_points, max_sample } => self.trip(max_basis_points, max_sample)?,
            Shape::Stages { max_stages, max_probes } => {
                self.stages(max_stages, max_probes)?.map(Value::Stages)
            }
            Shape::PathMatch => self.path_match()?.map(Value::Path),
            Shape::Targets => self.targets()?.map(Value::Names),
            Shape::Reference(block) => Some(Value::Reference(self.name(&quote(block))?)),
        };
        Ok(value.unwrap_or(Value::Hole))
    }

    fn checked_string(
        &mut self,
        expected: &str,
        check: impl FnOnce(&str) -> Result<(), text::Objection>,
    ) -> Read<Option<(String, Span)>> {
        let (string, span) = self.string(expected)?;
        let Some(string) = string else { return Ok(None) };
        let Err((message, help)) = check(&string) else { return Ok(Some((string, span))) };
        let mut found = Diagnostic::new(Code::InvalidText, span, message);
        found.help = help;
        self.sink.push(found);
        Ok(None)
    }

    /// A word that must be one of a few and isn't.
    fn unknown_word(&mut self, what: &str, word: &str, span: Span, known: &[&'static str]) {
        let message = ["unknown ", what, " ", &quote(word)].concat();
        let help = match self.suggest(word, known.iter().copied()) {
            Some(meant) => did_you_mean(meant),
            None => ["known are ", &vocabulary::words_text(known.iter().copied(), "and")].concat(),
        };
        self.sink.push(Diagnostic::new(Code::UnknownWord, span, message).with_help(help));
    }

    /// Passes this word, or reports that it must stand here.
    fn expect_word(&mut self, word: &str, example: &str) -> Read<()> {
        if self.eat_word(word) {
            Ok(())
        } else {
            Err(self.unexpected(&[&quote(word), " as in `", example, "`"].concat()))
        }
    }

    fn provider(&mut self) -> Read<Option<Value<'s>>> {
        let name = self.name("provider")?;
        if let Some((_, provider)) = PROVIDERS.iter().find(|(word, _)| *word == name.text) {
            return Ok(Some(Value::Provider(*provider)));
        }
        if UNSUPPORTED_PROVIDERS.contains(&name.text) {
            return Err(self.not_supported(name.span, &["provider ", &quote(name.text)].concat()));
        }
        let known: Vec<&str> =
            PROVIDERS.iter().map(|(word, _)| *word).chain(UNSUPPORTED_PROVIDERS.iter().copied()).collect();
        self.unknown_word("provider", name.text, name.span, &known);
        Ok(None)
    }

    fn auth(&mut self) -> Read<Option<Auth>> {
        let kind = self.peek();
        let mut word = self.text(kind);
        match kind.kind {
            Kind::Word if word == "env" => {
                let help =
                    "say how it is sent: `auth bearer env.NAME` or `auth header \"x-api-key\" env.NAME`";
                let message = "expected `bearer` or `header`, found `env`";
                self.sink.push(Diagnostic::new(Code::UnexpectedToken, kind.span, message).with_help(help));
                return Err(Stop::Wrong);
            }
            Kind::Word if word != "bearer" && word != "header" => {
                // Read as what was meant, since a secret may follow. A word like no other may be the secret itself.
                let Some(meant) = self.suggest(word, ["bearer", "header"].into_iter()) else {
                    return Err(self.secret());
                };
                self.unknown_word("kind of authentication", word, kind.span, &["bearer", "header"]);
                word = meant;
            }
            Kind::Word => {}
            _ if self.at_end() => return Err(self.unexpected("`bearer` or `header`")),
            _ => return Err(self.secret()),
        }
        self.bump();
        if word == "bearer" {
            return Ok(self.variable()?.map(Auth::Bearer));
        }
        let name = self.checked_string("the name of a header", text::check_header)?;
        let variable = self.variable()?;
        Ok(name.zip(variable).map(|((name, _), value)| Auth::Header { name, value }))
    }

    /// `env.NAME`. Anything else is taken for the secret itself.
    fn variable(&mut self) -> Read<Option<EnvVar>> {
        let start = self.peek();
        if !self.is_word("env") {
            let missing = self.at_end() && start.kind != Kind::Word;
            let expected = "`env.NAME`, the environment variable that holds the secret";
            return Err(if missing { self.unexpected(expected) } else { self.secret() });
        }
        self.bump();
        if !self.eat(Kind::Dot) {
            return Err(self.unexpected("`.` and the name of an environment variable"));
        }
        let name = self.peek();
        if !matches!(name.kind, Kind::Word | Kind::Number) {
            return Err(self.unexpected("the name of an environment variable"));
        }
        self.bump();
        let span = start.span.to(name.span);
        let variable = self.text(name);
        if !text::is_variable(variable) {
            let message = [&quote(variable), " is not the name of an environment variable"].concat();
            let help = "it is made of letters, digits and `_`, and starts with no digit";
            self.sink.push(Diagnostic::new(Code::InvalidName, name.span, message).with_help(help));
            return Ok(None);
        }
        Ok(Some(EnvVar { name: variable.to_string(), span }))
    }

    /// Reports all that is left of the statement, which also hides it from the rendered source. Policies are stored, shown
    /// and logged, and a secret in one has leaked.
    fn secret(&mut self) -> Stop {
        let mut span = self.bump().span;
        while !self.at_end() {
            span = span.to(self.bump().span);
        }
        let help = "put it into an environment variable of the proxy and name that: `auth bearer env.OPENAI_API_KEY`";
        let found = Diagnostic::new(Code::SecretInPolicy, span, "a secret must not stand in the policy");
        self.sink.push(found.with_label("hidden here, but not in the file").with_help(help));
        Stop::Wrong
    }

    fn triggers(&mut self) -> Read<Option<Vec<Trigger>>> {
        let mut seen = Vec::new();
        self.list(
            |_| false,
            |parser| {
                let token = parser.peek();
                let text = parser.text(token);
                let trigger = match token.kind {
                    Kind::Number => parser.status(text, token.span),
                    Kind::Word => parser.trigger(text, token.span)?,
                    _ => {
                        return Err(
                            parser.unexpected("a status such as `429`, or `timeout`, `connect` or `reset`")
                        );
                    }
                };
                parser.bump();
                let Some(trigger) = trigger else { return Ok(None) };
                if seen.contains(&trigger) {
                    let message = [&quote(text), " stands twice in the list"].concat();
                    parser.report(Code::RepeatedValue, token.span, message);
                    return Ok(None);
                }
                seen.push(trigger);
                Ok(Some(trigger))
            },
        )
    }

    fn trigger(&mut self, word: &str, span: Span) -> Read<Option<Trigger>> {
        if let Some((_, trigger)) = TRIGGERS.iter().find(|(known, _)| *known == word) {
            return Ok(Some(*trigger));
        }
        if UNSUPPORTED_TRIGGERS.contains(&word) {
            self.not_supported(span, &quote(word));
            return Ok(None);
        }
        let known: Vec<&str> =
            TRIGGERS.iter().map(|(word, _)| *word).chain(UNSUPPORTED_TRIGGERS.iter().copied()).collect();
        self.unknown_word("failure", word, span, &known);
        Ok(None)
    }

    fn status(&mut self, text: &str, span: Span) -> Option<Trigger> {
        let status = text.parse::<u16>().ok();
        if let Some(status) = status.filter(|status| STATUSES.contains(status)) {
            return Some(Trigger::Status(status));
        }
        let known = STATUSES.iter().map(u16::to_string).collect::<Vec<_>>();
        let known =
            ["retryable are ", &vocabulary::words_text(known.iter().map(String::as_str), "and")].concat();
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
            Some(500..=599) => ("can't be retried", "nothing says that the same request may succeed later"),
            _ => ("is not a status", "a status has three digits, and each is listed on its own"),
        };
        let found = Diagnostic::new(Code::NotRetryable, span, [&quote(text), " ", message].concat());
        self.sink.push(found.with_label(label).with_help(known));
        None
    }

    fn plain_duration(&mut self, word: &str, allowed: Durations) -> Read<Option<std::time::Duration>> {
        let number = self.peek();
        if word == "timeout" && number.kind == Kind::Number && self.text(number).ends_with('x') {
            return Err(self.not_supported(number.span, "a timeout that adapts"));
        }
        let duration = self.duration(word, allowed)?;
        if word == "timeout" && self.peek().kind == Kind::Comma {
            let comma = self.bump();
            return Err(self.not_supported(comma.span, "a second timeout"));
        }
        Ok(duration)
    }

    fn backoff(&mut self, allowed: Durations) -> Read<Option<Backoff>> {
        const EXAMPLE: &str = "backoff full_jitter 500ms .. 8s";
        let kind = self.peek();
        match kind.kind {
            Kind::Word if self.text(kind) == "full_jitter" => {}
            Kind::Word
                if matches!(
                    self.text(kind),
                    "equal_jitter" | "decorrelated_jitter" | "exponential" | "fixed"
                ) =>
            {
                let what = ["backoff ", &quote(self.text(kind))].concat();
                return Err(self.not_supported(kind.span, &what));
            }
            Kind::Word => {
                self.unknown_word("backoff", self.text(kind), kind.span, &["full_jitter"]);
            }
            _ => return Err(self.unexpected(&["`full_jitter` as in `", EXAMPLE, "`"].concat())),
        }
        let known = self.text(kind) == "full_jitter";
        self.bump();
        let start = self.peek().span;
        let base = self.duration("backoff", allowed)?;
        if !self.eat(Kind::Range) {
            return Err(self.unexpected(&["`..` as in `", EXAMPLE, "`"].concat()));
        }
        let end = self.peek().span;
        let cap = self.duration("backoff", allowed)?;
        let (Some(base), Some(cap)) = (base, cap) else { return Ok(None) };
        if base > cap {
            let (first, second) = (vocabulary::duration_text(base), vocabulary::duration_text(cap));
            let message = ["the backoff starts at `", &first, "`, above its cap of `", &second, "`"].concat();
            let help = ["write `", &second, " .. ", &first, "`"].concat();
            self.sink.push(Diagnostic::new(Code::BackoffOrder, start.to(end), message).with_help(help));
            return Ok(None);
        }
        Ok(known.then_some(Backoff { base, cap }))
    }

    fn retry_after(&mut self, allowed: Durations) -> Read<Option<std::time::Duration>> {
        const EXAMPLE: &str = "honor retry_after up to 60s";
        self.expect_word("retry_after", EXAMPLE)?;
        self.expect_word("up", EXAMPLE)?;
        self.expect_word("to", EXAMPLE)?;
        self.duration("honor", allowed)
    }

    fn trip(&mut self, max_basis_points: u32, max_sample: u32) -> Read<Option<Value<'s>>> {
        const EXAMPLE: &str = "trip errors > 20% of at least 10";
        let signal = self.peek();
        let text = self.text(signal);
        match signal.kind {
            Kind::Number => return Err(self.not_supported(signal.span, "tripping on errors in a row")),
            Kind::Word if text == "errors" => {}
            Kind::Word if matches!(text, "latency" | "quality" | "cost") => {
                return Err(self.not_supported(signal.span, &["tripping on ", &quote(text)].concat()));
            }
            Kind::Word => {
                self.unknown_word("signal", text, signal.span, &["errors", "latency", "quality", "cost"]);
                return Err(Stop::Wrong);
            }
            _ => return Err(self.unexpected(&["`errors` as in `", EXAMPLE, "`"].concat())),
        }
        self.bump();
        if !self.eat(Kind::Greater) {
            return Err(self.unexpected(&["`>` as in `", EXAMPLE, "`"].concat()));
        }
        let rate = self.percent("trip", max_basis_points)?;
        self.expect_word("of", EXAMPLE)?;
        self.expect_word("at", EXAMPLE)?;
        self.expect_word("least", EXAMPLE)?;
        let sample = self.count("trip", 1, max_sample)?;
        Ok(rate.zip(sample).map(|(error_rate_bp, at_least)| Value::Trip { error_rate_bp, at_least }))
    }

    fn stages(&mut self, max_stages: usize, max_probes: u32) -> Read<Option<Vec<u32>>> {
        let start = self.peek().span;
        let stages = self.list(|_| false, |parser| parser.count("recover", 1, max_probes))?;
        let Some(stages) = stages else { return Ok(None) };
        if stages.len() > max_stages {
            let span = self.previous().map_or(start, |last| start.to(last.span));
            let allowed = ["must be 1 to ", &max_stages.to_string()].concat();
            let message = [&stages.len().to_string(), " stages are out of range for `recover`"].concat();
            self.sink.push(Diagnostic::new(Code::OutOfRange, span, message).with_label(allowed));
            return Ok(None);
        }
        Ok(Some(stages))
    }

    fn path_match(&mut self) -> Read<Option<PathMatch>> {
        self.expect_word("path", "match path \"/v1/chat/completions\"")?;
        let check = |path: &str| text::check_match(path.strip_suffix('*').unwrap_or(path));
        let Some((path, _)) = self.checked_string("a path", check)? else { return Ok(None) };
        Ok(Some(match path.strip_suffix('*') {
            Some(prefix) => PathMatch::Prefix(prefix.to_string()),
            None => PathMatch::Exact(path),
        }))
    }

    fn targets(&mut self) -> Read<Option<Vec<Name<'s>>>> {
        let names = self.list(is_order, |parser| {
            let first = parser.peek();
            if first.kind == Kind::Word && is_order(parser.text(first)) {
                return Err(parser.refuse_order());
            }
            parser.name("target").map(Some)
        })?;
        let next = self.peek();
        if next.kind == Kind::Word && is_order(self.text(next)) {
            return Err(self.refuse_order());
        }
        if next.kind == Kind::Open {
            return Err(self.not_supported(next.span, "changing the request for one target"));
        }
        Ok(names)
    }

    fn refuse_order(&mut self) -> Stop {
        let word = self.peek();
        self.not_supported(word.span, &["the order ", &quote(self.text(word))].concat())
    }
}

/// Orders of targets that the language knows and this version doesn't.
fn is_order(word: &str) -> bool {
    matches!(word, "weighted" | "cheapest" | "fastest")
}
