//! Calls of tools.

use std::borrow::Cow;

use seawall_schema::{Changes, Document, Schema};

use super::json::{Work, mend, of, tell, unreadable};
use super::{Found, Rule, Rules};
use crate::output::{Asked, Call, Choice};

impl Rules {
    #[inline(never)] // See [profile.wasm].
    pub(super) fn check_calls(&self, asked: &Asked, choice: &Choice, work: &mut Work<'_>, found: &mut Found) {
        if !self.minds_calls() {
            return;
        }
        for (at, call) in choice.calls.iter().enumerate() {
            if found.is_full() {
                return;
            }
            let tool = asked.tools.iter().find(|tool| tool.name == call.name);
            if tool.is_none() && self.policy.tools_declared && !asked.has_more_tools {
                let message = "calls a tool that the request doesn't declare";
                found.add(Rule::Tools, choice, format!("/calls/{at}/name"), message);
            }
            let schema = tool.and_then(|tool| tool.schema.as_deref());
            if call.is_text || (schema.is_none() && !self.policy.tools_declared) {
                continue;
            }
            let place = || format!("/calls/{at}/arguments");
            let text = arguments(call);
            let document = match Document::read(&*text, work.limits) {
                Ok(document) if document.is_object() => document,
                Ok(_) => {
                    found.add(self.rule_of_calls(), choice, place(), "must be an object");
                    continue;
                }
                Err(why) => {
                    let rule = of(why, self.rule_of_calls());
                    found.add(rule, choice, place(), unreadable(&text, why));
                    continue;
                }
            };
            if let Some(Err(fault)) = schema.map(|schema| work.check(schema, &document)) {
                tell(fault, self.rule_of_calls(), choice, &place(), found);
            }
        }
    }

    /// Whether calls are looked at, and the tools that a request declares.
    pub(crate) fn minds_calls(&self) -> bool {
        self.policy.tools_declared || self.policy.schema_from_request
    }

    /// What arguments break that their tool can't take.
    pub(super) fn rule_of_calls(&self) -> Rule {
        if self.policy.tools_declared { Rule::Tools } else { Rule::Schema }
    }

    pub(super) fn repair_calls(
        &self,
        asked: &Asked,
        choice: &mut Choice,
        work: &mut Work<'_>,
        changes: &mut Option<Changes>,
    ) -> Option<()> {
        if !self.minds_calls() {
            return Some(());
        }
        for call in &mut choice.calls {
            let tool = asked.tools.iter().find(|tool| tool.name == call.name);
            let schema = tool.and_then(|tool| tool.schema.as_deref());
            let schemas: Option<&Schema> = schema.or_else(|| self.policy.tools_declared.then_some(&self.any));
            if !call.is_text && !call.arguments.trim().is_empty() {
                mend(&mut call.arguments, schemas.as_slice(), work, changes)?;
            }
        }
        Some(())
    }
}

/// What a tool is given. Where it is given nothing some dialects write nothing.
fn arguments(call: &Call) -> Cow<'_, str> {
    if call.arguments.trim().is_empty() { "{}".into() } else { call.arguments.as_str().into() }
}
