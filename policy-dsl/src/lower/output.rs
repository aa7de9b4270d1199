//! What an answer must be like.

use super::{Lower, Settings, count, document, list, sorted, text};
use crate::ast::{Block, Statement, Value};
use crate::policy::{FinishWord, InvalidAction, Languages, Output};

impl Lower<'_, '_> {
    #[expect(clippy::option_option, reason = "absent and wrong are two things")]
    pub(super) fn output(&self, route: &Block<'_>) -> Option<Option<Output>> {
        let Some(block) = route.all("output").next().and_then(Statement::block) else { return Some(None) };
        let settings = Settings::of(block);
        let patterns = |word| {
            let pattern = |statement: &Statement<'_>| match &statement.values[..] {
                [Value::Pattern(pattern)] => Some((*pattern).to_string()),
                _ => None,
            };
            block.all(word).map(pattern).collect::<Option<Vec<_>>>()
        };
        let schemas = || block.all("schema");
        let is_from_request = |schema: &&Statement<'_>| matches!(schema.values[..], [Value::Word("from")]);
        let (mut least_characters, mut most_characters) = (None, None);
        for length in block.all("length") {
            match length.values[..] {
                [Value::Word(">="), Value::Count(least)] => least_characters = Some(least),
                [Value::Word("<="), Value::Count(most)] => most_characters = Some(most),
                _ => return None,
            }
        }
        Some(Some(Output {
            schema: match schemas().find(|schema| !is_from_request(schema)) {
                Some(schema) => Some(document(&schema.values)?),
                None => None,
            },
            schema_from_request: schemas().any(|schema| is_from_request(&schema)),
            invalid: settings
                .read("invalid", |values| list(values)?.iter().map(|item| action(&item.values)).collect())?,
            deny: patterns("deny")?,
            require: patterns("require")?,
            fields: settings.maybe("fields", |values| each(values, text))?.unwrap_or_default(),
            least_characters,
            most_characters,
            language: settings.maybe("language", language)?,
            finish: sorted(settings.maybe("finish", |values| each(values, finish))?.unwrap_or_default()),
            denies_refusals: settings.read("refusals", |values| is_word(values, "deny", "pass"))?,
            tools_declared: settings.read("tools", |values| is_word(values, "declared", "any"))?,
            repeats: settings.maybe("repeats", count)?,
            ends_hopeless: settings.read("hopeless", |values| is_word(values, "end", "pass"))?,
            judge: self.judge(settings)?,
            drift: self.drift(settings)?,
            audit: super::sampling::audit(settings)?,
        }))
    }
}

/// The items of a list.
fn each<T>(values: &[Value<'_>], item: impl Fn(&[Value<'_>]) -> Option<T>) -> Option<Vec<T>> {
    list(values)?.iter().map(|one| item(&one.values)).collect()
}

/// Whether it is the first of these words.
fn is_word(values: &[Value<'_>], yes: &str, no: &str) -> Option<bool> {
    let [Value::Word(word)] = values else { return None };
    (*word == yes || *word == no).then_some(*word == yes)
}

fn language(values: &[Value<'_>]) -> Option<Languages> {
    if let [Value::Word("of")] = values {
        return Some(Languages::OfRequest);
    }
    let code = |values: &[Value<'_>]| match values {
        [Value::Word(code)] => Some((*code).to_string()),
        _ => None,
    };
    each(values, code).map(|codes| Languages::Listed(sorted(codes)))
}

fn finish(values: &[Value<'_>]) -> Option<FinishWord> {
    match values {
        [Value::Word("stop")] => Some(FinishWord::Stop),
        [Value::Word("length")] => Some(FinishWord::Length),
        [Value::Word("tool_calls")] => Some(FinishWord::ToolCalls),
        [Value::Word("refused")] => Some(FinishWord::Refused),
        [Value::Word("other")] => Some(FinishWord::Other),
        _ => None,
    }
}

fn action(values: &[Value<'_>]) -> Option<InvalidAction> {
    match values {
        [Value::Word("repair")] => Some(InvalidAction::Repair),
        [Value::Word("retry"), Value::Count(times)] => Some(InvalidAction::Retry(*times)),
        [Value::Word("fail_over")] => Some(InvalidAction::FailOver),
        [Value::Word("reject")] => Some(InvalidAction::Reject),
        [Value::Word("pass")] => Some(InvalidAction::Pass),
        _ => None,
    }
}
