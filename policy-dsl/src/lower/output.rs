//! What an answer must be like.

use super::{Lower, Settings, document, list};
use crate::ast::{Block, Statement, Value};
use crate::policy::{InvalidAction, Output};

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
        Some(Some(Output {
            schema: settings.maybe("schema", document)?,
            invalid: settings
                .read("invalid", |values| list(values)?.iter().map(|item| action(&item.values)).collect())?,
            deny: patterns("deny")?,
            require: patterns("require")?,
            schema_from_request: false,
            fields: Vec::new(),
            least_characters: None,
            most_characters: None,
            language: None,
            finish: Vec::new(),
            denies_refusals: false,
            tools_declared: false,
            repeats: None,
            ends_hopeless: false,
            judge: self.judge(settings)?,
            drift: self.drift(settings)?,
            audit: super::sampling::audit(settings)?,
        }))
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
