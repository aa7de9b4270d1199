//! Amounts over time: `90k tokens/min`, `500 requests/min`, `32 concurrent`, `$50/day`, `3/s`.

use super::number::{Number, instead};
use super::{Parser, Read, Stop};
use crate::diagnostic::{Code, Diagnostic};
use crate::policy::{Amount, Money, Per, Tokens};
use crate::span::Span;
use crate::suggest::did_you_mean;
use crate::token::{Kind, quote};
use crate::vocabulary::{Leaf, MOST_OF_A_RATE, PERIODS, words_text};

/// What people write for a period, and what it is called here.
const ALIASES: &[(&str, &str)] = &[
    ("sec", "s"),
    ("second", "s"),
    ("m", "min"),
    ("minute", "min"),
    ("mins", "min"),
    ("h", "hour"),
    ("hr", "hour"),
    ("hours", "hour"),
    ("d", "day"),
    ("days", "day"),
];

/// What people write for what is counted, and how it is written here.
const WORDS: &[(&str, &str)] = &[
    ("token", "tokens"),
    ("request", "requests"),
    ("req", "requests"),
    ("reqs", "requests"),
    ("calls", "requests"),
    ("parallel", "concurrent"),
    ("tpm", "tokens/min"),
    ("rpm", "requests/min"),
    ("rps", "requests/s"),
    ("qps", "requests/s"),
    ("tpd", "tokens/day"),
    ("rpd", "requests/day"),
];

/// The period of this name, be it another one.
fn real(word: &str) -> Option<&'static str> {
    let known = PERIODS.iter().find(|(known, _)| *known == word).map(|(known, _)| *known);
    known.or_else(|| ALIASES.iter().find(|(other, _)| *other == word).map(|(_, real)| *real))
}

/// [`MOST_OF_A_RATE`], in words.
const MOST: &str = "1 to 1000000M";

enum Of {
    Tokens(Tokens),
    Requests,
    Concurrent,
}

impl Parser<'_, '_> {
    /// `None` when it is wrong but its end is known; that has been reported.
    pub(super) fn rate(&mut self) -> Read<Option<Amount>> {
        if self.peek().kind == Kind::Dollar {
            return self.spend();
        }
        let number = self.number(Leaf::Rate)?;
        let Some(digits) = self.multiple(&number, Leaf::Rate) else { return Err(Stop) };
        let Some(of) = self.counted(&number) else { return Ok(None) };
        let per = if matches!(of, Of::Concurrent) { Some(Per::Second) } else { self.period(number.span)? };
        let span = self.since(number.span);
        let amount = self.within(&number, span, digits, (1, MOST_OF_A_RATE), MOST);
        let Some((per, amount)) = per.zip(amount) else { return Ok(None) };
        Ok(Some(match of {
            Of::Tokens(kind) => Amount::Tokens { kind, amount, per },
            Of::Requests => Amount::Requests { amount, per },
            Of::Concurrent => Amount::Concurrent(amount),
        }))
    }

    /// What is counted; `None` when it isn't said, which is then reported.
    fn counted(&mut self, number: &Number<'_>) -> Option<Of> {
        let token = self.peek();
        let word = if token.kind == Kind::Word { self.text(token) } else { "" };
        if let Some((_, real)) = WORDS.iter().find(|(other, _)| *other == word) {
            self.bump();
            let message = [&quote(word), " is not what a limit counts"].concat();
            self.sink
                .push(instead(Diagnostic::new(Code::WrongUnit, token.span, message), (*real).to_string()));
            return match *real {
                "tokens" => Some(Of::Tokens(Tokens::All)),
                "requests" => Some(Of::Requests),
                "concurrent" => Some(Of::Concurrent),
                _ => None,
            };
        }
        if self.dollars_behind(number) {
            self.pass_period();
            return None;
        }
        let kind = match word {
            "input" => Tokens::Input,
            "output" => Tokens::Output,
            _ => Tokens::All,
        };
        if kind != Tokens::All {
            self.bump();
        }
        let of = match word {
            "requests" => Of::Requests,
            "concurrent" => Of::Concurrent,
            _ if self.is_word("tokens") => Of::Tokens(kind),
            _ => {
                let units = ["tokens/min", "requests/min", "concurrent"];
                let fits = units.map(|unit| quote(&[number.text, " ", unit].concat()));
                let [tokens, requests, concurrent] = &fits;
                let message =
                    [&quote(number.text), " needs a unit: ", tokens, ", ", requests, " or ", concurrent];
                let known = ["tokens", "requests", "concurrent", "input", "output"];
                let help = self.suggest(word, known.into_iter()).map(did_you_mean).unwrap_or_default();
                let mut span = number.span;
                if !word.is_empty() && word != "per" && !self.at_end() {
                    span = span.to(self.bump().span);
                }
                self.pass_period();
                self.bad_number(Code::MissingUnit, span, &message, String::new(), help);
                return None;
            }
        };
        self.bump();
        Some(of)
    }

    /// Passes a period that belongs to something wrong.
    fn pass_period(&mut self) {
        if self.peek().kind == Kind::Slash || self.is_word("per") {
            self.bump();
            if self.peek().kind == Kind::Word {
                self.bump();
            }
        }
    }

    /// `/min`
    fn period(&mut self, start: Span) -> Read<Option<Per>> {
        let amount = self.since(start);
        let known = || PERIODS.iter().map(|(word, _)| *word);
        if self.is_word("per") {
            self.period_in_words(real)?;
            return Ok(None);
        }
        if !self.eat(Kind::Slash) {
            let text = amount.text(self.source);
            let fits = ["s", "min"].map(|unit| quote(&[text, "/", unit].concat()));
            let [second, minute] = &fits;
            let message = [&quote(text), " needs a period: ", second, " or ", minute];
            self.bad_number(Code::MissingUnit, amount, &message, String::new(), String::new());
            return Ok(None);
        }
        let token = self.peek();
        let word = self.text(token);
        if token.kind != Kind::Word {
            return Err(self.unexpected(&words_text(known(), "or")));
        }
        self.bump();
        Ok(match word {
            "s" => Some(Per::Second),
            "min" => Some(Per::Minute),
            "hour" => Some(Per::Hour),
            "day" => Some(Per::Day),
            _ => {
                let message = [&quote(word), " is not a period"].concat();
                let found = Diagnostic::new(Code::WrongUnit, token.span, message);
                self.sink.push(match real(word) {
                    Some(real) => instead(found, real.to_string()),
                    None => found.with_help(["periods are ", &words_text(known(), "and")].concat()),
                });
                None
            }
        })
    }

    /// `$50/day`
    fn spend(&mut self) -> Read<Option<Amount>> {
        let start = self.peek().span;
        let micro_dollars = self.money(MOST_OF_A_RATE)?;
        let Some(per) = self.period(start)? else { return Ok(None) };
        if micro_dollars == Some(0) {
            let span = self.since(start);
            self.out_of_range(span, "more than $0");
            return Ok(None);
        }
        Ok(micro_dollars.map(|micro_dollars| Amount::Money { micro_dollars, per, window: Money::Calendar }))
    }

    /// `3/s`
    pub(super) fn per_second(&mut self, max: u32) -> Read<Option<u32>> {
        let number = self.number(Leaf::PerSecond { max })?;
        let is_rate = number.unit.is_empty() && self.eat(Kind::Slash) && self.is_word("s");
        if !is_rate {
            let digits = number.text.strip_suffix(number.unit).unwrap_or("");
            let fits = quote(&[digits, "/s"].concat());
            let message = [&quote(number.text), " needs a unit: ", &fits];
            self.bad_number(Code::MissingUnit, number.span, &message, String::new(), String::new());
            return Ok(None);
        }
        self.bump();
        let span = self.since(number.span);
        let allowed = ["1/s to ", &max.to_string(), "/s"].concat();
        let value = self.within(&number, span, 0, (1, max.into()), &allowed);
        Ok(value.and_then(|value| u32::try_from(value).ok()))
    }
}
