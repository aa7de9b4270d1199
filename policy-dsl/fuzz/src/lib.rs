//! What must hold for any text that is given to the policy language, be it no policy at all. Panics where it doesn't.

use seawall_policy::condition::{self, Facts, FlagName, NumberName, TextName};
use seawall_policy::vocabulary::{Leaf, Shape, blocks};
use seawall_policy::{Checked, Diagnostic, Fix, Scope, Severity, Span, Unformatted, apply, check_as, render};

/// Reads the bytes as a policy and, unless they begin as one, as a condition.
///
/// # Panics
/// When something doesn't hold that must.
pub fn judge(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let supported = policy(&text, Scope::Supported);
    let whole = policy(&text, Scope::WholeLanguage);
    if let Some(policy) = &supported.policy {
        assert_eq!(Some(policy), whole.policy.as_ref(), "what this version carries out means what it says");
    }
    formatted(&text, &whole);
    if !text.starts_with("seawall") {
        conditions(&text);
    }
}

fn policy(text: &str, scope: Scope) -> Checked {
    let checked = check_as(text, scope);
    findings(text, &checked.diagnostics);
    let refused = checked.diagnostics.iter().any(|found| found.severity == Severity::Error);
    assert_eq!(checked.policy.is_none(), refused, "errors refuse a policy, and nothing else does");
    assert!(!render("policy.seawall", text, &checked.diagnostics).contains('\u{1b}'));
    let fixes: Vec<&Fix> = checked.diagnostics.iter().filter_map(|found| found.fix.as_ref()).collect();
    if !fixes.is_empty() {
        let fixed = apply(text, &fixes);
        assert!(!fixed.made.is_empty(), "of several fixes the first can be made");
        findings(&fixed.text, &check_as(&fixed.text, scope).diagnostics);
    }
    let Some(policy) = &checked.policy else { return checked };
    assert_eq!(policy.hash.len(), 12);
    for route in &policy.routes {
        assert!(route.targets().all(|target| target.0 < policy.targets.len()), "a plan names targets");
        assert!(route.limits.iter().all(|limit| limit.0 < policy.limits.len()), "a route names limits");
        assert!(route.breaker.is_none_or(|breaker| breaker.0 < policy.breakers.len()), "and a breaker");
    }
    checked
}

/// What is formatted is the same policy, stays as it is when it is formatted again, and is refused only with a reason.
fn formatted(text: &str, before: &Checked) {
    match seawall_policy::format(text) {
        Ok(laid_out) => {
            let after = check_as(&laid_out, Scope::WholeLanguage);
            let hash = |checked: &Checked| checked.policy.as_ref().map(|policy| policy.hash.clone());
            assert_eq!(hash(before), hash(&after), "the formatted policy is another one: {laid_out}");
            assert_eq!(
                seawall_policy::format(&laid_out).as_ref(),
                Ok(&laid_out),
                "what is formatted is formatted"
            );
        }
        Err(Unformatted::Invalid(found)) => {
            assert!(before.policy.is_none() && !found.is_empty(), "a good policy wasn't formatted");
        }
        Err(Unformatted::Unsound(why)) => assert!(why.is_empty(), "{why}"),
    }
}

fn findings(text: &str, found: &[Diagnostic]) {
    assert!(found.len() <= 102, "{} findings", found.len());
    assert!(found.is_sorted_by_key(|found| found.span.start), "in the order of the source");
    for found in found {
        assert!(!found.message.is_empty() && !found.message.contains('\n'), "{found:?}");
        let edits = found.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
        let spans = found.related.iter().map(|related| related.span).chain(edits);
        for span in std::iter::once(found.span).chain(spans) {
            assert!(lies_in(text, span), "{found:?}");
        }
    }
}

fn lies_in(text: &str, span: Span) -> bool {
    span.start <= span.end && text.get(span.start as usize..span.end as usize).is_some()
}

/// The text as a condition, and each line of it.
fn conditions(text: &str) {
    for source in std::iter::once(text).chain(text.lines().take(16)) {
        let mut found = Vec::new();
        let Some(read) = condition::compile(source, 0, &mut |finding| found.push(finding)) else {
            assert!(!found.is_empty(), "what is refused is refused for a reason");
            continue;
        };
        let again = condition::compile(&read.text(), 0, &mut |_| {});
        assert_eq!(Some(&read), again.as_ref(), "the normal form means the same");
        assert!(read.implies(&read));
        for request in [Request(""), Request("gpt-4"), Request(source)] {
            let holds = read.holds(&request);
            assert_eq!(read.constant().unwrap_or(holds), holds);
            assert!(!read.explain(&request).is_empty() || read.constant().is_some());
        }
    }
}

/// A request in which every text is this one.
struct Request<'t>(&'t str);

impl Facts for Request<'_> {
    fn text(&self, _: TextName) -> &str {
        self.0
    }

    fn number(&self, name: NumberName) -> i64 {
        match name {
            NumberName::Hour => i64::try_from(self.0.len() % 24).unwrap_or(0),
            NumberName::Tools => 1,
            _ => i64::try_from(self.0.len()).unwrap_or(i64::MAX),
        }
    }

    fn flag(&self, _: FlagName) -> bool {
        self.0.is_empty()
    }

    fn header(&self, name: &str) -> Option<&str> {
        Some(self.0).filter(|_| name.len().is_multiple_of(2))
    }

    fn has_tool(&self, name: &str) -> bool {
        name == self.0
    }
}

/// The words of the language and of conditions, as libFuzzer's dictionary: with them its changes make policies rather
/// than noise.
#[must_use]
pub fn dictionary() -> String {
    let mut words: Vec<String> = Vec::new();
    for block in blocks() {
        for statement in block.statements {
            words.push(format!("{} ", statement.word));
            words.push(format!("{}\n", statement.example));
            each_word(&statement.shape, &mut |word| words.push(format!("{word} ")));
        }
    }
    words.extend(condition::NAMES.iter().map(|name| name.name.to_string()));
    words.extend(condition::FUNCTIONS.iter().chain(condition::OPERATORS).map(|word| word.usage.to_string()));
    let more = [
        "{ ", "}\n", ", ", " .. ", "`", "\"", "//", "<<A\n", "\nA\n", "30s", "$5", "20%", "3x", "90k ",
        "1h30m",
    ];
    words.extend(more.map(String::from));
    words.sort();
    words.dedup();
    let escaped = |word: &String| {
        let bytes: String = word
            .bytes()
            .map(|byte| match byte {
                b'"' | b'\\' => format!("\\{}", char::from(byte)),
                b' '..=b'~' => char::from(byte).to_string(),
                _ => format!("\\x{byte:02x}"),
            })
            .collect();
        format!("\"{bytes}\"\n")
    };
    words.iter().filter(|word| word.trim() != "").map(escaped).collect()
}

fn each_word(shape: &Shape, see: &mut dyn FnMut(&str)) {
    match shape {
        Shape::Fixed(word) | Shape::Sign(word) | Shape::Word(word) => see(word),
        Shape::Seq(parts) | Shape::OneOf(_, parts) => parts.iter().for_each(|part| each_word(part, see)),
        Shape::Maybe(inner) | Shape::List(inner, ..) => each_word(inner, see),
        Shape::Leaf(Leaf::Percentile) => see("p95"),
        Shape::Leaf(_) | Shape::Block(_) => {}
    }
}
