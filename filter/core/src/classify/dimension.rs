//! What providers count, and what of it ran out.

/// What a limit counts. In the order in which a longer one matters more: when a day's quota is gone as well as a minute's, it is
/// the day's that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Dimension {
    pub(crate) period: Period,
    pub(crate) unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    Requests,
    Tokens,
    InputTokens,
    OutputTokens,
}

/// Over which time a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Period {
    /// The provider doesn't say; a minute, as a rule.
    Unsaid,
    Minute,
    Day,
    Month,
}

impl Dimension {
    pub(crate) fn word(self) -> &'static str {
        match (self.unit, self.period) {
            (Unit::Requests, Period::Unsaid) => "requests",
            (Unit::Requests, Period::Minute) => "requests_per_minute",
            (Unit::Requests, Period::Day) => "requests_per_day",
            (Unit::Requests, Period::Month) => "requests_per_month",
            (Unit::Tokens, Period::Unsaid) => "tokens",
            (Unit::Tokens, Period::Minute) => "tokens_per_minute",
            (Unit::Tokens, Period::Day) => "tokens_per_day",
            (Unit::Tokens, Period::Month) => "tokens_per_month",
            (Unit::InputTokens, Period::Unsaid) => "input_tokens",
            (Unit::InputTokens, Period::Minute) => "input_tokens_per_minute",
            (Unit::InputTokens, Period::Day) => "input_tokens_per_day",
            (Unit::InputTokens, Period::Month) => "input_tokens_per_month",
            (Unit::OutputTokens, Period::Unsaid) => "output_tokens",
            (Unit::OutputTokens, Period::Minute) => "output_tokens_per_minute",
            (Unit::OutputTokens, Period::Day) => "output_tokens_per_day",
            (Unit::OutputTokens, Period::Month) => "output_tokens_per_month",
        }
    }
}
