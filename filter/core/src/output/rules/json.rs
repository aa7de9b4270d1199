//! What must be JSON.

use std::cell::OnceCell;
use std::ops::BitOrAssign as _;

use seawall_policy::policy;
use seawall_schema::regex::Budget;
use seawall_schema::{
    Bounds, Changes, Document, Fault, Limits, Options, Schema, Scratch, Start, Unreadable, repair,
};

use super::{Found, Rule, Rules};
use crate::output::{Asked, Choice, Content};
use crate::stream::Finish;

/// What a check of an answer may take, and a repair of it with the check that follows: some 20 ms each.
const BUDGET: u64 = 2_000_000;

/// A text, and the JSON that it is, read when it is first asked for.
pub(super) struct Text<'t> {
    pub(super) text: &'t str,
    read: OnceCell<Result<Document<'t>, Unreadable>>,
}

impl<'t> Text<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, read: OnceCell::new() }
    }

    pub(super) fn document(&self) -> Result<&Document<'t>, Unreadable> {
        self.read
            .get_or_init(|| Document::read(self.text, Bounds::default().document))
            .as_ref()
            .map_err(|why| *why)
    }
}

/// What checks need and may take.
pub(super) struct Work<'s> {
    scratch: &'s mut Scratch,
    /// Of each text.
    pub(super) limits: Limits,
    /// What is left for all of them.
    budget: Budget,
    /// What each piece may take of it.
    share: u64,
}

impl<'s> Work<'s> {
    pub(super) fn new(content: &Content, scratch: &'s mut Scratch) -> Self {
        let pieces = content.choices.iter().map(|choice| 1 + choice.calls.len()).sum::<usize>();
        let share = BUDGET / (pieces as u64).max(1);
        Self { scratch, limits: Bounds::default().document, budget: Budget(BUDGET), share }
    }

    /// Does what takes work, with no more than one piece's share of what is left.
    fn with<T>(&mut self, act: impl FnOnce(&mut Budget, &mut Scratch) -> T) -> T {
        let share = self.share.min(self.budget.0);
        let mut left = Budget(share);
        let done = act(&mut left, self.scratch);
        self.budget.0 -= share.saturating_sub(left.0);
        done
    }

    /// What of a document that was read doesn't fit.
    pub(super) fn check(&mut self, schema: &Schema, document: &Document<'_>) -> Result<(), Fault> {
        self.with(|budget, scratch| schema.check_document(document, budget, scratch))
    }

    pub(super) fn rules_out(&mut self, schema: &Schema, start: &Start<'_>) -> bool {
        self.with(|budget, scratch| schema.rules_out(start, budget, scratch))
    }
}

/// # Errors
/// Why it can't be honoured, with the place in it.
pub(super) fn compile(document: &policy::Document) -> Result<Schema, String> {
    match document {
        policy::Document::Inline(text) => {
            Schema::compile(text, &Options { assert_formats: true, ..Options::default() })
                .map_err(|refusal| format!("`schema`: {refusal}"))
        }
        policy::Document::File(name) => {
            Err(format!("`schema`: the file {name} isn't in the policy yet; `seawall bundle` puts it there"))
        }
    }
}

/// A schema that any JSON fits.
pub(super) fn any() -> Result<Schema, String> {
    Schema::compile("true", &Options::default()).map_err(|refusal| refusal.to_string())
}

impl Rules {
    /// What the text of each choice must fit. Empty if it need not be JSON.
    pub(super) fn schemas<'r>(&'r self, asked: &'r Asked) -> Vec<&'r Schema> {
        let mut schemas: Vec<_> = self.schema.iter().collect();
        if self.policy.schema_from_request {
            schemas.extend(asked.schema.as_deref());
            if asked.json && schemas.is_empty() {
                schemas.push(&self.any);
            }
        }
        schemas
    }

    #[inline(never)] // See [profile.wasm].
    pub(super) fn check_json(
        &self,
        asked: &Asked,
        (choice, text): (&Choice, &Text<'_>),
        work: &mut Work<'_>,
        found: &mut Found,
    ) {
        let schemas = self.schemas(asked);
        if schemas.is_empty() && self.policy.fields.is_empty() {
            return;
        }
        let read = text.document().and_then(|document| {
            // Of a number that the answer breaks off in no one can tell.
            let has_ended = matches!(choice.finish, None | Some(Finish::Stop | Finish::ToolCalls));
            let is_cut = document.is_number() && !has_ended;
            if is_cut { Err(Unreadable::Truncated) } else { Ok(document) }
        });
        let document = match read {
            Ok(document) => document,
            Err(why) => {
                let rule = if schemas.is_empty() { Rule::Fields } else { Rule::Schema };
                return found.add(of(why, rule), choice, String::new(), unreadable(&choice.text, why));
            }
        };
        for schema in schemas {
            if let Err(fault) = work.check(schema, document) {
                tell(fault, Rule::Schema, choice, "", found);
            }
        }
        self.check_fields(choice, document, found);
    }

    #[inline(never)] // See [profile.wasm].
    fn check_fields(&self, choice: &Choice, document: &Document<'_>, found: &mut Found) {
        let fields = &self.policy.fields;
        if fields.is_empty() {
            return;
        }
        if !document.is_object() && !document.is_array() {
            found.add(Rule::Fields, choice, String::new(), "must be an object, or an array of them");
        }
        if let Some(at) = document.other_item() {
            found.add(Rule::Fields, choice, format!("/{at}"), "must be an object");
        }
        for (at, name) in document.outer_names() {
            if found.is_full() {
                return;
            }
            if !is_field(fields, name) {
                let mut pointer = at.map(|at| format!("/{at}")).unwrap_or_default();
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                found.add(Rule::Fields, choice, pointer, "is a member that isn't allowed");
            }
        }
    }

    pub(super) fn repair_json(
        &self,
        asked: &Asked,
        choice: &mut Choice,
        work: &mut Work<'_>,
        changes: &mut Option<Changes>,
    ) -> Option<()> {
        let mut schemas = self.schemas(asked);
        if schemas.is_empty() && !self.policy.fields.is_empty() {
            schemas.push(&self.any);
        }
        mend(&mut choice.text, &schemas, work, changes)
    }
}

/// Whether a member may have this name. Without a list any may.
pub(super) fn is_field(fields: &[String], name: &str) -> bool {
    fields.is_empty() || fields.iter().any(|field| field == name)
}

/// What of JSON doesn't fit, beneath this pointer.
pub(super) fn tell(fault: Fault, rule: Rule, choice: &Choice, pointer: &str, found: &mut Found) {
    match fault {
        Fault::Invalid(violations) => {
            for violation in violations {
                found.add(rule, choice, format!("{pointer}{}", violation.instance), violation.message);
            }
        }
        other => found.add(rule, choice, pointer.to_owned(), other.to_string()),
    }
}

/// What JSON breaks that can't be read, where reading it is for this rule.
pub(super) fn of(why: Unreadable, rule: Rule) -> Rule {
    if why == Unreadable::TooLarge { Rule::Size } else { rule }
}

pub(super) fn unreadable(text: &str, why: Unreadable) -> String {
    match why {
        _ if text.trim().is_empty() => "must be JSON, and is empty".to_owned(),
        Unreadable::Malformed { at } => {
            format!(
                "must be JSON and nothing else, no code block and no text around it; from byte {at} on it isn't"
            )
        }
        other => other.to_string(),
    }
}

/// Makes a text fit all of these, if it doesn't already. `None` if that can't be had.
pub(super) fn mend(
    text: &mut String,
    schemas: &[&Schema],
    work: &mut Work<'_>,
    changes: &mut Option<Changes>,
) -> Option<()> {
    let fits = |text: &str, work: &mut Work<'_>| {
        let Ok(document) = Document::read(text, work.limits) else { return false };
        schemas.iter().all(|schema| work.check(schema, &document).is_ok())
    };
    if schemas.is_empty() || fits(text, work) {
        return Some(());
    }
    for schema in schemas {
        let limits = work.limits;
        let repaired = work.with(|budget, scratch| repair(text, schema, limits, budget, scratch))?;
        *text = repaired.json;
        changes.get_or_insert_default().bitor_assign(repaired.changes);
    }
    fits(text, work).then_some(())
}
