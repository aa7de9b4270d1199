//! The policy that `seawall init` writes: small, commented, with a test, in the one layout.

use std::fmt::Write as _;

use seawall_policy::policy::{Auth, PathMatch, Target};
use seawall_policy::{Checked, check};

/// What the policy depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    pub primary: Place,
    /// Where requests go when the first place fails.
    pub fallback: Option<Place>,
    /// The path of the requests, perhaps with a `*` at its end.
    pub path: String,
}

/// A provider. What is `None` is left as callers send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub provider: &'static str,
    pub cluster: String,
    pub host: Option<String>,
    /// The environment variable that holds its key.
    pub key: Option<String>,
    pub model: Option<String>,
}

/// The dialects that this version speaks.
#[must_use]
pub fn providers() -> Vec<&'static str> {
    use seawall_policy::vocabulary::{POLICY, Shape};
    let target = POLICY.statement("target").and_then(seawall_policy::vocabulary::Statement::block);
    match target.and_then(|target| target.statement("provider")).map(|provider| provider.shape) {
        Some(Shape::OneOf(_, words)) => words
            .iter()
            .filter_map(|word| if let Shape::Word(word) = word { Some(*word) } else { None })
            .collect(),
        _ => Vec::new(),
    }
}

/// How a dialect is usually spoken: by whom, with which key, and where.
#[derive(Clone, Copy, Debug)]
pub struct Usual {
    pub cluster: &'static str,
    pub host: &'static str,
    /// The environment variable that holds the key; `-` where requests are signed instead.
    pub key: &'static str,
    /// The header that the key goes into; as a bearer token without one.
    header: Option<&'static str>,
    pub path: &'static str,
}

impl Usual {
    /// That of a dialect; of one that isn't known, `openai`'s.
    #[must_use]
    pub fn of(provider: &str) -> Self {
        let (cluster, host, key, header, path) = match provider {
            "azure" => ("azure", "-", "AZURE_OPENAI_API_KEY", Some("api-key"), "/openai/*"),
            "anthropic" => {
                ("anthropic", "api.anthropic.com", "ANTHROPIC_API_KEY", Some("x-api-key"), "/v1/messages")
            }
            "gemini" => {
                let host = "generativelanguage.googleapis.com";
                ("gemini", host, "GEMINI_API_KEY", Some("x-goog-api-key"), "/v1beta/models/*")
            }
            "bedrock" => ("bedrock", "-", "-", None, "/model/*"),
            _ => ("openai", "api.openai.com", "OPENAI_API_KEY", None, USUAL),
        };
        Self { cluster, host, key, header, path }
    }
}

impl Answers {
    /// The policy.
    ///
    /// # Errors
    /// Which of the answers can't stand in a policy, and why.
    pub fn policy(&self) -> Result<String, String> {
        let text = seawall_policy::format(&self.text()).map_err(|error| match error {
            seawall_policy::Unformatted::Invalid(found) => reason(&found),
            seawall_policy::Unformatted::Unsound(reason) => reason.to_owned(),
        })?;
        let Checked { policy, diagnostics } = check(&text);
        let Some(policy) = policy.filter(|_| diagnostics.is_empty()) else {
            return Err(reason(&diagnostics));
        };
        // An answer that holds more than a value would be read as something else.
        let target = |name: &str, place: &Place| {
            policy.targets.iter().any(|target| target.name == name && place.is(target))
        };
        let fits = target(PRIMARY, &self.primary)
            && self.fallback.as_ref().is_none_or(|place| target(FALLBACK, place))
            && policy.routes.iter().any(|route| match &route.path {
                PathMatch::Exact(path) => *path == self.path,
                PathMatch::Prefix(path) => self.path.strip_suffix('*') == Some(path),
            });
        if fits { Ok(text) } else { Err("an answer holds more than a value".to_owned()) }
    }

    fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        self.primary.write(&mut text, PRIMARY, "Where requests go.");
        if let Some(fallback) = &self.fallback {
            fallback.write(&mut text, FALLBACK, "Where they go when that one fails.");
        }
        text += RETRY;
        if self.fallback.is_some() {
            text += BREAKER;
        }
        let (then, breaker) = if self.fallback.is_some() { (THEN, "  breaker standard\n") } else { ("", "") };
        // Writing to a string can't fail.
        let _ = write!(
            text,
            "\nroute chat {{\n  match path {}\n  try {PRIMARY}\n{then}  retry standard\n{breaker}  timeout 30s, idle 30s // for each attempt; idle: silence within a stream\n}}\n",
            quoted(&self.path)
        );
        if self.path != "/*" {
            text += DEFAULT;
        }
        text += &self.test();
        text
    }

    fn test(&self) -> String {
        let path = self.path.strip_suffix('*').unwrap_or(&self.path);
        let request = if path == USUAL { String::new() } else { format!(" path {} ", quoted(path)) };
        let (title, upstream, expect) = if self.fallback.is_some() {
            (
                "an outage is bridged by the fallback",
                "upstream primary { refuse }",
                "status 200  target fallback  reason failed_over",
            )
        } else {
            (
                "a busy provider is asked again when it says so",
                "upstream primary { answer 429 header \"retry-after\" \"1\" }",
                "status 200  attempts 2  took at least 1s",
            )
        };
        format!("\ntest \"{title}\" {{\n  {upstream}\n  request {{{request}}}\n  expect {{ {expect} }}\n}}\n")
    }
}

const PRIMARY: &str = "primary";
const FALLBACK: &str = "fallback";
/// Where SDKs of OpenAI send chat completions.
const USUAL: &str = "/v1/chat/completions";

const HEAD: &str = "seawall 1

// What may happen to requests to large language models. `seawall check` reads this file, `seawall test` runs the test
// at its end, and the filter takes the text as its configuration. `seawall man seawall-policy | man -l -` shows every
// statement.
";

const RETRY: &str = "
// What is tried again, and how often.
retry standard {
  on 408, 429, 500, 502, 503, 504, 529, timeout, connect, reset
  attempts 3 // over all targets together
  backoff full_jitter 500ms .. 10s
  honor retry_after up to 10s
}
";

const BREAKER: &str = "
// A target that keeps failing is left alone for a while.
breaker standard {
  window 60s
  trip errors > 50% of at least 10
  open 30s
  recover 1, 5
}
";

const THEN: &str = "  then fallback\n";

const DEFAULT: &str = "
route default { pass } // everything else goes through untouched
";

impl Place {
    fn write(&self, text: &mut String, name: &str, what: &str) {
        let _ = write!(
            text,
            "\n// {what}\ntarget {name} {{\n  cluster {} // of Envoy's configuration\n  provider {}\n",
            quoted(&self.cluster),
            self.provider
        );
        if let Some(host) = &self.host {
            let _ = writeln!(text, "  host {}", quoted(host));
        }
        if let Some(key) = &self.key {
            let form = Usual::of(self.provider)
                .header
                .map_or_else(|| "bearer".to_owned(), |name| format!("header \"{name}\""));
            let _ = writeln!(text, "  auth {form} env.{key} // of the proxy's environment");
        }
        if let Some(model) = &self.model {
            let _ = writeln!(text, "  model {} // in place of the one that was asked for", quoted(model));
        }
        *text += "}\n";
    }

    /// Whether this is what the policy says.
    fn is(&self, target: &Target) -> bool {
        let key = match &target.auth {
            Some(Auth::Bearer(variable) | Auth::Header { value: variable, .. }) => Some(&variable.name),
            None => None,
        };
        (&target.cluster, &target.host, &target.model) == (&self.cluster, &self.host, &self.model)
            && key == self.key.as_ref()
            && target.path.is_none()
            && target.context.is_none()
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The first finding, in one line.
fn reason(found: &[seawall_policy::Diagnostic]) -> String {
    let Some(first) = found.first() else { return "this is no policy".to_owned() };
    match &first.help {
        Some(help) => format!("{}; {help}", first.message),
        None => first.message.clone(),
    }
}
