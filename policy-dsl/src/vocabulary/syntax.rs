//! The grammar as text, printed from the shapes. The filter has no use for it and doesn't carry it.

use super::text::{factor_text, multiple_text, range, size_text, time_units_text, words_text};
use super::{
    LANGUAGES, Leaf, MULTIPLES, PERCENTILES, PERIODS, SIZE_UNITS, STATUSES, Shape, TIME_UNITS, TRIGGERS, Text,
};
use super::{blocks, characters_text, money_text, percent_text, tokens_text};

/// The shape in EBNF (ISO/IEC 14977): `percent "of" "at" "least" count`.
#[must_use]
pub fn syntax(shape: &Shape) -> String {
    match shape {
        Shape::Fixed(words) => words.split(' ').map(terminal).collect::<Vec<_>>().join(" "),
        Shape::Sign(sign) => terminal(sign),
        Shape::Word(word) => terminal(word),
        Shape::Leaf(leaf) => leaf.symbol().into(),
        Shape::Seq(parts) => {
            let parts: Vec<String> = parts
                .iter()
                .map(|part| within(part, parts.len() > 1))
                .filter(|part| !part.is_empty())
                .collect();
            parts.join(" ")
        }
        Shape::OneOf(_, parts) => parts.iter().map(syntax).collect::<Vec<_>>().join(" | "),
        Shape::Maybe(inner) => ["[ ", &syntax(inner), " ]"].concat(),
        Shape::List(inner, ..) => {
            let inner = within(inner, true);
            [&inner, " { \",\" ", &inner, " }"].concat()
        }
        Shape::Block(block) => [block.word, "_block"].concat(),
    }
}

/// Alternatives need parentheses where something stands beside them.
fn within(shape: &Shape, beside: bool) -> String {
    match shape {
        Shape::OneOf(_, parts) if beside && parts.len() > 1 => ["( ", &syntax(shape), " )"].concat(),
        _ => syntax(shape),
    }
}

fn terminal(text: &str) -> String {
    ["\"", text, "\""].concat()
}

/// The rules of every block, as EBNF. Those of their values are the [`values`].
#[must_use]
pub fn grammar() -> String {
    let mut out = String::from("policy = \"seawall\" \"1\" end { policy_statement end } ;\n");
    for block in blocks() {
        out.push('\n');
        if block.word != "policy" {
            let rule = [block.word, "_block = \"{\" { ", block.word, "_statement end } \"}\" ;\n"];
            out.extend(rule);
        }
        out.extend([block.word, "_statement\n"]);
        for (number, statement) in block.statements.iter().enumerate() {
            let word = if statement.word.is_empty() { String::new() } else { terminal(statement.word) };
            let value = within(&statement.shape, true);
            let space = if word.is_empty() || value.is_empty() { "" } else { " " };
            out.extend([if number == 0 { "  = " } else { "  | " }, &word, space, &value, "\n"]);
        }
        out.push_str("  ;\n");
    }
    out
}

/// The rules of what every [`Leaf`] is called in the grammar, as EBNF.
#[must_use]
pub fn values() -> String {
    let any = |words: &mut dyn Iterator<Item = &str>| words.map(terminal).collect::<Vec<_>>().join(" | ");
    let times = any(&mut TIME_UNITS.iter().map(|(unit, _)| *unit));
    let sizes = any(&mut SIZE_UNITS.iter().map(|(unit, _)| *unit));
    let multiples = any(&mut MULTIPLES.iter().map(|(unit, _)| *unit));
    let statuses: Vec<String> = STATUSES.iter().map(u16::to_string).collect();
    let mut failures = statuses.iter().map(String::as_str).chain(TRIGGERS.iter().map(|(word, _)| *word));
    let rules = [
        ("name", "( letter | \"_\" ) { letter | digit | \"_\" | \"-\" }".to_owned()),
        ("count", "digit { digit }".to_owned()),
        ("decimal", "count [ \".\" count ]".to_owned()),
        ("duration", ["count ( ", &times, " )"].concat()),
        ("percent", "decimal \"%\"".to_owned()),
        ("factor", "decimal \"x\"".to_owned()),
        ("share", "decimal".to_owned()),
        ("tokens", ["decimal [ ", &multiples, " ] \"tokens\""].concat()),
        ("characters", ["decimal [ ", &multiples, " ] \"characters\""].concat()),
        ("money", "\"$\" decimal".to_owned()),
        ("size", ["count ( ", &sizes, " )"].concat()),
        (
            "rate",
            [
                "decimal [ ",
                &multiples,
                " ] ( [ \"input\" | \"output\" ] \"tokens\" | \"requests\" ) \"/\" period\n           \
                 | count \"concurrent\" | money \"/\" period",
            ]
            .concat(),
        ),
        ("period", any(&mut PERIODS.iter().map(|(unit, _)| *unit))),
        ("per_second", "count \"/s\"".to_owned()),
        ("percentile", any(&mut PERCENTILES.iter().map(|(word, _)| *word))),
        ("auth", "( \"bearer\" | \"header\" string ) \"env\" \".\" variable".to_owned()),
        ("variable", "( letter | \"_\" ) { letter | digit | \"_\" }".to_owned()),
        ("failure", any(&mut failures)),
        ("language", any(&mut LANGUAGES.iter().map(|(code, _)| *code))),
        ("string", "'\"' { character | '\\\"' | '\\\\' } '\"'".to_owned()),
        ("condition", "\"`\" cel \"`\"".to_owned()),
        ("pattern", "\"/\" { character | \"\\/\" } \"/\"".to_owned()),
        ("inline", "\"<<\" name line_end { line } name line_end".to_owned()),
        ("comment", "\"//\" { character } line_end".to_owned()),
    ];
    let mut out = String::new();
    for (symbol, rule) in rules {
        out.extend([symbol, &" ".repeat(10_usize.saturating_sub(symbol.len())), " = ", &rule, " ;\n"]);
    }
    out
}

impl Shape {
    /// The units that fit, for the reference.
    #[must_use]
    pub fn unit_text(&self) -> String {
        let mut units: Vec<String> = Vec::new();
        self.each_leaf(&mut |leaf| {
            let unit = leaf.unit_text();
            if !unit.is_empty() && !units.contains(&unit) {
                units.push(unit);
            }
        });
        units.join("; ")
    }

    /// What is allowed, for the reference.
    #[must_use]
    pub fn range_text(&self) -> String {
        let mut ranges: Vec<String> = Vec::new();
        self.each_range(&mut |range| {
            if !range.is_empty() && !ranges.contains(&range) {
                ranges.push(range);
            }
        });
        ranges.join("; ")
    }

    fn each_range(&self, see: &mut dyn FnMut(String)) {
        match self {
            Shape::Leaf(leaf) => see(leaf.range_text()),
            Shape::Seq(parts) | Shape::OneOf(_, parts) => {
                for part in *parts {
                    part.each_range(see);
                }
            }
            Shape::List(inner, most, what) => {
                see(["1 to ", &most.to_string(), " ", what].concat());
                inner.each_range(see);
            }
            Shape::Maybe(inner) => inner.each_range(see),
            Shape::Fixed(_) | Shape::Sign(_) | Shape::Word(_) | Shape::Block(_) => {}
        }
    }
}

impl Leaf {
    /// What the grammar calls it.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Leaf::Define(_) | Leaf::Name(_) => "name",
            Leaf::Title | Leaf::Text(_) | Leaf::PathMatch => "string",
            Leaf::Count { .. } => "count",
            Leaf::Duration(_) => "duration",
            Leaf::Percent { .. } => "percent",
            Leaf::Factor { .. } => "factor",
            Leaf::Share { .. } => "share",
            Leaf::Tokens { .. } => "tokens",
            Leaf::Characters { .. } => "characters",
            Leaf::Money { .. } => "money",
            Leaf::Size { .. } => "size",
            Leaf::Rate => "rate",
            Leaf::PerSecond { .. } => "per_second",
            Leaf::Percentile => "percentile",
            Leaf::Auth => "auth",
            Leaf::Trigger => "failure",
            Leaf::Language => "language",
            Leaf::Condition => "condition",
            Leaf::Pattern => "pattern",
            Leaf::Inline => "inline",
        }
    }

    /// The units that fit, for the reference.
    #[must_use]
    pub fn unit_text(self) -> String {
        match self {
            Leaf::Duration(_) => time_units_text(),
            Leaf::Percent { .. } => "`%`".into(),
            Leaf::Factor { .. } => "`x`".into(),
            Leaf::Tokens { .. } => "`tokens`".into(),
            Leaf::Characters { .. } => "`characters`".into(),
            Leaf::Money { .. } => "`$`".into(),
            Leaf::Size { .. } => words_text(SIZE_UNITS.iter().map(|(unit, _)| *unit), "or"),
            Leaf::Rate => {
                let periods = words_text(PERIODS.iter().map(|(unit, _)| *unit), "or");
                ["`tokens`, `requests` or `$`, by ", &periods, "; `concurrent`"].concat()
            }
            Leaf::PerSecond { .. } => "`/s`".into(),
            _ => String::new(),
        }
    }

    /// What is allowed, for the reference.
    #[must_use]
    pub fn range_text(self) -> String {
        let to = |min: String, max: String| [&min, " to ", &max].concat();
        match self {
            Leaf::Define(_) => "a new name".into(),
            Leaf::Name(kind) => ["a `", kind, "` of this policy"].concat(),
            Leaf::Title => "not empty".into(),
            Leaf::Count { min, max } => range(min, max),
            Leaf::Duration(range) => range.text(),
            Leaf::Percent { min, max } => to(percent_text(min), percent_text(max)),
            Leaf::Factor { min, max } => to(factor_text(min), factor_text(max)),
            Leaf::Share { max } => ["0 to ", &(max / 10_000).to_string(), ", at most four decimals"].concat(),
            Leaf::Tokens { max } => to("1 token".into(), tokens_text(max)),
            Leaf::Characters { max } => to("1 character".into(), characters_text(max)),
            Leaf::Money { max } => to("$0".into(), money_text(max)),
            Leaf::Size { max } => to("1B".into(), size_text(max)),
            Leaf::Rate => to("1".into(), multiple_text(super::MOST_OF_A_RATE)),
            Leaf::PerSecond { max } => range(1, max),
            Leaf::Percentile => words_text(PERCENTILES.iter().map(|(word, _)| *word), "or"),
            Leaf::Text(Text::Free) => String::new(),
            Leaf::Text(text) => text.rule().into(),
            Leaf::PathMatch => "starts with `/`; a `*` at its end matches every continuation".into(),
            Leaf::Auth => {
                "the variable's name: letters, digits, `_`; the header's: a token in lower case".into()
            }
            Leaf::Trigger => {
                let statuses: Vec<String> = STATUSES.iter().map(u16::to_string).collect();
                let words = TRIGGERS.iter().map(|(word, _)| *word);
                words_text(statuses.iter().map(String::as_str).chain(words), "and")
            }
            Leaf::Language => words_text(LANGUAGES.iter().map(|(code, _)| *code), "and"),
            Leaf::Condition => "see Conditions".into(),
            Leaf::Pattern => "ECMA-262, without look-around and back-references; at most 8 KiB".into(),
            Leaf::Inline => "at most 256 KiB".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_print_as_ebnf() {
        let retry = blocks().into_iter().find(|block| block.word == "retry");
        let print = |word: &str| {
            retry
                .and_then(|retry| retry.statement(word))
                .map(|found| syntax(&found.shape))
                .unwrap_or_default()
        };
        assert_eq!(print("on"), r#"failure { "," failure }"#);
        assert_eq!(
            print("backoff"),
            r#"( "full_jitter" | "equal_jitter" | "decorrelated_jitter" | "no_jitter" ) duration ".." duration"#
        );
        assert_eq!(
            print("budget"),
            r#"percent "of" "requests" [ "," "at" "least" per_second ] [ "else" ( "fail" | "next_target" ) ]"#
        );
    }

    #[test]
    fn every_symbol_of_a_block_has_its_rule() {
        let (grammar, values) = (grammar(), values());
        for block in blocks() {
            for statement in block.statements {
                statement.shape.each_leaf(&mut |leaf| {
                    let is_its = |line: &&str| line.split(' ').next() == Some(leaf.symbol());
                    assert_eq!(values.lines().filter(is_its).count(), 1, "{}", leaf.symbol());
                });
            }
        }
        for block in blocks() {
            let rule = [block.word, "_statement\n"].concat();
            assert_eq!(grammar.matches(&rule).count(), 1, "{rule}");
        }
    }
}
