//! Helpers, and the rules one by one.
#![allow(clippy::string_slice, reason = "texts of tests are cut where their characters begin")]

mod live;
mod plain;
mod repeats;
mod schemas;

use std::rc::Rc;

use seawall_policy::policy::{Document, InvalidAction, Output};
use seawall_schema::{Options, Schema, Scratch};

use super::{Breach, Rule, Rules};
use crate::output::{Asked, Call, Choice, Content, Tool};

fn output() -> Output {
    Output {
        schema: None,
        schema_from_request: false,
        invalid: vec![InvalidAction::Reject],
        deny: Vec::new(),
        require: Vec::new(),
        fields: Vec::new(),
        least_characters: None,
        most_characters: None,
        language: None,
        finish: Vec::new(),
        denies_refusals: false,
        tools_declared: false,
        repeats: None,
        ends_hopeless: false,
        judge: None,
        drift: None,
        audit: None,
    }
}

fn with_schema(schema: &str) -> Output {
    Output { schema: Some(Document::Inline(schema.to_owned())), ..output() }
}

fn rules(output: &Output) -> Rules {
    Rules::new(output).unwrap()
}

fn schema(text: &str) -> Option<Rc<Schema>> {
    Some(Rc::new(Schema::compile(text, &Options::default()).unwrap()))
}

fn text(text: &str) -> Content {
    Content { choices: vec![Choice { text: text.to_owned(), ..Choice::default() }] }
}

fn call(name: &str, arguments: &str) -> Content {
    let call = Call { name: name.to_owned(), arguments: arguments.to_owned(), is_text: false };
    Content { choices: vec![Choice { calls: vec![call], ..Choice::default() }] }
}

fn tool(name: &str, schema: Option<Rc<Schema>>) -> Tool {
    Tool { name: name.to_owned(), schema }
}

fn check(output: &Output, asked: &Asked, content: &Content) -> Vec<Breach> {
    rules(output).check(asked, content, &mut Scratch::default())
}

/// The rules and pointers of what is found.
fn found(output: &Output, asked: &Asked, content: &Content) -> Vec<(Rule, String)> {
    check(output, asked, content).into_iter().map(|breach| (breach.rule, breach.pointer)).collect()
}

/// The text that comes of a repair, and what was done.
fn repaired(output: &Output, asked: &Asked, content: &Content) -> Option<(Content, String)> {
    let (content, changes) = rules(output).repair(asked, content, &mut Scratch::default())?;
    Some((content, changes.names().collect::<Vec<_>>().join(" ")))
}
