//! The trees of tests to what they mean.

use std::time::Duration;

use super::{Answer, Behaviour, Expectation, Request, Step, TestCase, Upstream, Wanted, What};
use crate::ast::{Block, File, Statement, Value};
use crate::lower::{Settings, count, text};

/// `None` only for a tree with errors.
pub(super) fn cases(file: &File<'_>) -> Option<Vec<TestCase>> {
    file.policy.all("test").map(case).collect()
}

fn case(test: &Statement<'_>) -> Option<TestCase> {
    let name = test.name()?;
    let mut steps: Vec<Step> = Vec::new();
    for statement in &test.block()?.statements {
        match (statement.definition.word, &statement.values[..]) {
            ("upstream", [Value::Name("target", target), Value::Block(block)]) => {
                let target = target.text.to_string();
                steps.push(Step::Upstream { target, upstream: upstream(block)? });
            }
            ("request", [Value::Block(block)]) => steps.push(Step::Request(request(statement, block)?)),
            ("wait", [Value::Duration(time)]) => steps.push(Step::Wait(*time)),
            ("expect", [Value::Block(block)]) => {
                // Of the request above it, whatever stands between.
                let above = steps.iter_mut().rev().find_map(|step| match step {
                    Step::Request(request) => Some(request),
                    _ => None,
                })?;
                for statement in &block.statements {
                    let wanted = wanted(statement.definition.word, &statement.values)?;
                    above.expected.push(Expectation { wanted, span: statement.span });
                }
            }
            _ => return None,
        }
    }
    Some(TestCase { name: name.text.to_string(), span: name.span, steps })
}

fn upstream(block: &Block<'_>) -> Option<Upstream> {
    if block.has("refuse") {
        return Some(Upstream::Refuses);
    }
    block.statements.iter().map(behaviour).collect::<Option<Vec<_>>>().map(Upstream::Does)
}

fn behaviour(statement: &Statement<'_>) -> Option<Behaviour> {
    let (what, times) = match (statement.definition.word, &statement.values[..]) {
        ("answer", [Value::Count(status), after, first_token, between_tokens, headers, times, says]) => {
            let answer = Answer {
                status: u16::try_from(*status).ok()?,
                after: time(after)?,
                first_token: time(first_token)?,
                between_tokens: time(between_tokens)?,
                headers: match headers {
                    Value::List(items) => {
                        items.iter().map(|item| header(&item.values)).collect::<Option<_>>()?
                    }
                    _ => Vec::new(),
                },
                says: if let Value::Text(says) = says { Some(says.clone()) } else { None },
            };
            (What::Answer(answer), times)
        }
        ("reset", [times]) => (What::Reset, times),
        ("cut", [times]) => (What::Cut, times),
        ("malformed", [times]) => (What::Malformed, times),
        ("hang", [times]) => (What::Hang, times),
        _ => return None,
    };
    let times = match times {
        Value::Absent => Some(1),
        Value::Count(times) => Some(*times),
        Value::Word("forever") => None,
        _ => return None,
    };
    Some(Behaviour { what, times })
}

fn time(value: &Value<'_>) -> Option<Duration> {
    match value {
        Value::Absent => Some(Duration::ZERO),
        Value::Duration(time) => Some(*time),
        _ => None,
    }
}

fn header(values: &[Value<'_>]) -> Option<(String, String)> {
    if let [Value::Text(name), Value::Text(value)] = values {
        Some((name.clone(), value.clone()))
    } else {
        None
    }
}

fn request(statement: &Statement<'_>, block: &Block<'_>) -> Option<Request> {
    let settings = Settings::of(block);
    let size = |values: &[Value<'_>]| if let [Value::Bytes(size)] = values { Some(*size) } else { None };
    Some(Request {
        span: statement.word,
        method: settings.read("method", text)?,
        path: settings.read("path", text)?,
        headers: block.all("header").map(|statement| header(&statement.values)).collect::<Option<_>>()?,
        model: settings.read("model", text)?,
        stream: settings.written("stream").is_some(),
        prompt_bytes: settings.maybe("prompt", size)?,
        body: settings.maybe("body", text)?,
        times: settings.read("times", count)?,
        expected: Vec::new(),
    })
}

fn wanted(word: &str, values: &[Value<'_>]) -> Option<Wanted> {
    Some(match (word, values) {
        ("status", [Value::Count(status)]) => Wanted::Status(u16::try_from(*status).ok()?),
        ("target", [Value::Name("target", target)]) => Wanted::Target(target.text.to_string()),
        ("attempts", [Value::Count(count), target]) => {
            let target =
                if let Value::Name(_, target) = target { Some(target.text.to_string()) } else { None };
            Wanted::Attempts { count: *count, target }
        }
        ("reason", [Value::Word(reason)]) => Wanted::Reason(reason),
        ("passed", []) => Wanted::Passed,
        ("cut", []) => Wanted::Cut,
        ("header", [Value::Text(name), value]) => {
            let value = if let Value::Text(value) = value { Some(value.clone()) } else { None };
            Wanted::Header { name: name.clone(), value }
        }
        ("output", [Value::Word("absent")]) => Wanted::Output(None),
        ("output", [Value::Word(fate)]) => Wanted::Output(Some(fate)),
        ("body", [Value::Text(text)]) => Wanted::Body(text.clone()),
        ("took", [Value::Word("least"), Value::Duration(time)]) => Wanted::AtLeast(*time),
        ("took", [Value::Word("most"), Value::Duration(time)]) => Wanted::AtMost(*time),
        _ => return None,
    })
}
