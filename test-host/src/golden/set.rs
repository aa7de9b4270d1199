//! A golden set's file.
//!
//! ```yaml
//! about: What our assistant must get right.
//! path: /chat/completions           # below the base URL
//! key: OPENAI_API_KEY               # the environment variable that holds it
//! price: { in: 2.00, out: 8.00 }    # dollars per 1M tokens
//! request: { model: gpt-4.1, temperature: 0 }
//! expect: { max_latency: 10s }      # of every case
//! budget: { pass: 95, cost: 1.50, p95_latency: 8s }
//! cases:
//!   - name: capital
//!     prompt: What is the capital of France? One word.
//!     expect: { contains: [Paris], max_tokens: 20 }
//!   - name: order
//!     prompt: Two apples, as JSON.
//!     expect: { schema: order.schema.json }    # a file beside this one, or the schema itself
//!   - name: weather
//!     request: { messages: [{ role: user, content: "Weather in Rome?" }], tools: [...] }
//!     expect: { tool: get_weather }
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use seawall_schema::{Options, Schema};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// All cases, with what they share already put into each.
#[derive(Debug)]
pub struct Set {
    pub about: String,
    /// Environment variable that holds the key.
    pub key: Option<String>,
    pub price: Option<Price>,
    pub budget: Budget,
    pub cases: Vec<Case>,
}

/// Dollars per million tokens.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    #[serde(rename = "in")]
    pub input: f64,
    #[serde(rename = "out")]
    pub output: f64,
}

/// What the run as a whole must keep to.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Least percentage of the cases that must pass; all of them, unless a baseline says what is usual: then as many as
    /// before of the cases that it has, and all new ones.
    pub pass: Option<f64>,
    /// Dollars.
    pub cost: Option<f64>,
    #[serde(default, with = "seawall_provider::duration::option")]
    pub p95_latency: Option<Duration>,
}

/// One request, and what its answer must be like.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub request: Value,
    pub expect: Expect,
    /// What the answer's text must fit, as JSON.
    pub schema: Option<Arc<Schema>>,
}

/// Properties of an answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// 200 where nothing is said.
    pub status: Option<u16>,
    /// Each of these texts is in it.
    #[serde(default)]
    pub contains: Vec<String>,
    /// None of these is.
    #[serde(default)]
    pub lacks: Vec<String>,
    /// Why it ended, in the provider's word.
    pub finish: Option<String>,
    /// A JSON Schema that its text fits, or the file that holds it.
    pub schema: Option<Value>,
    /// A tool that it calls.
    pub tool: Option<String>,
    /// Most tokens of the answer.
    pub max_tokens: Option<u64>,
    /// Until all of it is there.
    #[serde(default, with = "seawall_provider::duration::option")]
    pub max_latency: Option<Duration>,
    /// Dollars.
    pub max_cost: Option<f64>,
}

impl Expect {
    /// Of a case, with what the set expects of all.
    fn or(self, of_all: &Self) -> Self {
        let both = |mine: Vec<String>, all: &[String]| mine.into_iter().chain(all.iter().cloned()).collect();
        Self {
            status: self.status.or(of_all.status),
            contains: both(self.contains, &of_all.contains),
            lacks: both(self.lacks, &of_all.lacks),
            finish: self.finish.or_else(|| of_all.finish.clone()),
            schema: self.schema.or_else(|| of_all.schema.clone()),
            tool: self.tool.or_else(|| of_all.tool.clone()),
            max_tokens: self.max_tokens.or(of_all.max_tokens),
            max_latency: self.max_latency.or(of_all.max_latency),
            max_cost: self.max_cost.or(of_all.max_cost),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    about: String,
    #[serde(default = "chat")]
    path: String,
    key: Option<String>,
    price: Option<Price>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    request: Map<String, Value>,
    #[serde(default)]
    expect: Expect,
    #[serde(default)]
    budget: Budget,
    cases: Vec<WrittenCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCase {
    name: String,
    path: Option<String>,
    /// The one message of the user, where there is no more to say.
    prompt: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    request: Map<String, Value>,
    #[serde(default)]
    expect: Expect,
}

fn chat() -> String {
    "/chat/completions".to_owned()
}

impl Set {
    /// Reads a set.
    ///
    /// # Errors
    /// When the file can't be read or isn't one; with the line.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let beside = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, beside).with_context(|| path.display().to_string())
    }

    /// `beside`: the directory of the schemas that it names.
    fn parse(text: &str, beside: &Path) -> anyhow::Result<Self> {
        // `model: no` is a name: only `true` and `false` are booleans, as in JSON.
        let options = serde_saphyr::options! { strict_booleans: true };
        let written: Written = serde_saphyr::from_str_with_options(text, options)?;
        if written.cases.is_empty() {
            bail!("there are no `cases`");
        }
        let mut names = BTreeSet::new();
        let mut cases = Vec::new();
        for case in written.cases {
            if !names.insert(case.name.clone()) {
                bail!("two cases are called `{}`; results are compared by name", case.name);
            }
            let name = case.name.clone();
            let shared = (&written.path, &written.headers, &written.request, &written.expect);
            cases.push(joined(case, shared, beside).with_context(|| format!("case `{name}`"))?);
        }
        let Written { about, key, price, budget, .. } = written;
        if price.is_none()
            && (budget.cost.is_some() || cases.iter().any(|case| case.expect.max_cost.is_some()))
        {
            bail!("a bound on cost needs a `price`, such as `price: {{ in: 2.00, out: 8.00 }}`");
        }
        let set = Self { about, key, price, budget, cases };
        set.check_numbers()?;
        Ok(set)
    }

    /// A number that nothing compares with would switch its check off.
    fn check_numbers(&self) -> anyhow::Result<()> {
        if let Some(pass) = self.budget.pass.filter(|pass| !(1.0..=100.0).contains(pass)) {
            bail!("`pass` is a percentage from 1 to 100, not {pass}");
        }
        let prices = self.price.iter().flat_map(|price| [price.input, price.output]);
        let costs = self.cases.iter().filter_map(|case| case.expect.max_cost).chain(self.budget.cost);
        if let Some(amount) = prices.chain(costs).find(|amount| !amount.is_finite() || *amount < 0.0) {
            bail!("{amount} is no amount of dollars");
        }
        Ok(())
    }
}

type Shared<'a> = (&'a String, &'a BTreeMap<String, String>, &'a Map<String, Value>, &'a Expect);

fn joined(
    case: WrittenCase,
    (path, headers, request, expect): Shared<'_>,
    beside: &Path,
) -> anyhow::Result<Case> {
    let path = case.path.unwrap_or_else(|| path.clone());
    let mut body = request.clone();
    body.extend(case.request);
    if let Some(prompt) = case.prompt {
        let (member, value) = if path.ends_with("/responses") {
            ("input", json!(prompt))
        } else {
            ("messages", json!([{ "role": "user", "content": prompt }]))
        };
        if body.insert(member.to_owned(), value).is_some() {
            bail!("`prompt` stands for `{member}`, which is there too");
        }
    }
    if body.get("stream").is_some_and(|stream| *stream != Value::Bool(false)) {
        bail!("answers are judged whole: leave out `stream`");
    }
    let mut all = headers.clone();
    all.extend(case.headers);
    let expect = case.expect.or(expect);
    let schema = expect.schema.as_ref().map(|schema| compiled(schema, beside)).transpose()?;
    Ok(Case { name: case.name, path, headers: all, request: Value::Object(body), expect, schema })
}

fn compiled(schema: &Value, beside: &Path) -> anyhow::Result<Arc<Schema>> {
    let text = match schema {
        Value::String(file) => {
            let path = beside.join(file);
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?
        }
        schema => schema.to_string(),
    };
    let options = Options { assert_formats: true, ..Options::default() };
    let compiled = Schema::compile(&text, &options);
    compiled.map(Arc::new).map_err(|refusal| anyhow!("`schema` can't be honoured: {refusal}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_what_all_share_and_its_own_wins() {
        let set = Set::parse(
            "request: { model: m, temperature: 0 }\nheaders: { a: '1', b: '1' }\nexpect: { max_latency: 2s, contains: [x] }\n\
             cases:\n  - { name: one, prompt: hi, headers: { b: '2' }, request: { model: n }, expect: { contains: [y] } }\n  \
             - { name: two, path: /responses, prompt: hi }\n",
            Path::new(""),
        )
        .unwrap();
        let [one, two] = set.cases.as_slice() else { panic!("two cases") };
        let message = json!([{ "role": "user", "content": "hi" }]);
        assert_eq!(one.request, json!({ "model": "n", "temperature": 0, "messages": message }));
        assert_eq!((one.headers["a"].as_str(), one.headers["b"].as_str()), ("1", "2"));
        assert_eq!(one.expect.contains, ["y", "x"]);
        assert_eq!(one.expect.max_latency, Some(Duration::from_secs(2)));
        assert_eq!(two.request["input"], "hi");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, why) in [
            ("cases: []", "no `cases`"),
            ("cases: [{ name: a }, { name: a }]", "two cases"),
            ("cases: [{ name: a, prompt: x, request: { messages: [] } }]", "stands for"),
            ("cases: [{ name: a, request: { stream: true } }]", "whole"),
            ("cases: [{ name: a, expect: { max_cost: 1 } }]", "price"),
            ("budget: { pass: 0.95 }\ncases: [{ name: a }]", "from 1 to 100, not 0.95"),
            ("budget: { pass: .nan }\ncases: [{ name: a }]", "from 1 to 100"),
            ("price: { in: 1, out: 1 }\nbudget: { cost: .nan }\ncases: [{ name: a }]", "no amount"),
            ("price: { in: -1, out: 1 }\ncases: [{ name: a }]", "-1 is no amount"),
            ("cases: [{ name: a, expects: {} }]", "expects"),
            (
                "cases: [{ name: a, expect: { schema: { $ref: 'https://example.com/x' } } }]",
                "can't be honoured: /$ref",
            ),
            ("cases: [{ name: a, expect: { schema: none.json } }]", "cannot read none.json"),
        ] {
            let error = format!("{:#}", Set::parse(text, Path::new("")).unwrap_err());
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
