//! What an attempt at a target takes.

use seawall_policy::policy::{Auth, EnvVar, Overrides};

use super::is_header_value;
use super::routes::least;
use crate::body::Change;
use crate::effect::{HeaderList, Text};
use crate::model_path;
use crate::request::without_keys;

/// What an attempt at one target needs.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) name: Text,
    pub(crate) cluster: Text,
    /// Headers that make a request one for this target.
    pub(crate) set: HeaderList,
    /// Whether one of them is a credential.
    pub(crate) has_credentials: bool,
    /// The model that it asks for in place of the caller's, if a header can name it, and as it stands in a path.
    pub(crate) model: Option<Text>,
    model_in_path: Option<String>,
    /// What it has changed in the body.
    pub(crate) change: Change,
}

impl Target {
    pub(super) fn new(
        target: &seawall_policy::policy::Target,
        secret: &mut impl FnMut(&EnvVar) -> String,
    ) -> Self {
        let mut set = HeaderList::new();
        if let Some(host) = &target.host {
            set.push((Text::Word(":authority"), host.as_str().into()));
        }
        if let Some(path) = &target.path {
            set.push((Text::Word(":path"), path.as_str().into()));
        }
        match &target.auth {
            Some(Auth::Bearer(variable)) => {
                set.push((Text::Word("authorization"), format!("Bearer {}", secret(variable)).into()));
            }
            Some(Auth::Header { name, value }) => set.push((name.as_str().into(), secret(value).into())),
            None => {}
        }
        let model = target.model.as_deref().and_then(quoted);
        let change = Change { provider: target.provider, model, max_tokens: None, temperature: None };
        Self {
            name: target.name.as_str().into(),
            cluster: target.cluster.as_str().into(),
            set,
            has_credentials: target.auth.is_some(),
            model: target.model.as_deref().and_then(named),
            model_in_path: target.model.as_deref().map(model_path::escaped),
            change,
        }
    }

    /// The path of its requests, if that is another than the caller's.
    pub(crate) fn path(&self, callers: &str) -> Option<Text> {
        let own = self.set.iter().find(|(name, _)| **name == *":path").map(|(_, path)| path);
        let is_hidden = self.has_credentials && own.is_none();
        let stripped = if is_hidden { without_keys(callers) } else { None };
        let path = own.map_or(stripped.as_deref().unwrap_or(callers), |path| path);
        let model = self.model_in_path.as_ref();
        let changed = model.and_then(|model| model_path::with_model(self.change.provider, path, model));
        changed.or(stripped).map(Text::from).or_else(|| own.cloned())
    }

    /// The same target for a stage that changes its requests, and a contract that bounds their answers.
    pub(super) fn with(&self, overrides: &Overrides, output: Option<u64>) -> Self {
        let mut target = self.clone();
        let path = overrides.path.iter().map(|path| (":path", path));
        let headers = overrides.headers.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in path.chain(headers) {
            target.set.retain(|(set, _)| **set != *name);
            target.set.push((name.into(), value.as_str().into()));
        }
        let Change { model, max_tokens, temperature, .. } = &mut target.change;
        if let Some(other) = &overrides.model {
            *model = quoted(other);
            target.model = named(other);
            target.model_in_path = Some(model_path::escaped(other));
        }
        *max_tokens = least(overrides.max_tokens, output);
        *temperature = overrides.temperature.map(decimal);
        target
    }
}

fn named(model: &str) -> Option<Text> {
    is_header_value(model).then(|| model.into())
}

/// As a JSON string.
fn quoted(text: &str) -> Option<String> {
    serde_json::to_string(text).ok()
}

/// Ten-thousandths as a JSON number.
fn decimal(number: u32) -> String {
    let text = format!("{}.{:04}", number / 10_000, number % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use seawall_policy::policy::TargetId;

    use super::*;
    use crate::config::Config;

    #[test]
    fn a_stage_that_changes_requests_has_targets_of_its_own() {
        let policy = "seawall 1\n\
            target a { cluster \"a\"  provider openai  path \"/a\"  model \"m\" }\n\
            target b { cluster \"b\"  provider openai }\n\
            route r { match path \"/\"  try a  then b }";
        let policy = seawall_policy::check(policy).policy.unwrap();
        let config = Config::new(policy, |_| None).unwrap();
        let overrides = Overrides {
            max_tokens: Some(512),
            model: Some("other \"m\"".into()),
            temperature: Some(2_500),
            headers: vec![("x-a".into(), "b".into())],
            path: Some("/b".into()),
        };
        let plain = config.target(TargetId(0)).unwrap();
        let changed = plain.with(&overrides, None);
        assert_eq!(changed.change.model.as_deref(), Some(r#""other \"m\"""#));
        assert_eq!(
            (changed.change.max_tokens, changed.change.temperature.as_deref()),
            (Some(512), Some("0.25"))
        );
        let set: Vec<_> = changed.set.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(set, [(":path", "/b"), ("x-a", "b")]);
        assert_eq!(plain.with(&Overrides::default(), None).change.model.as_deref(), Some("\"m\""));
    }

    #[test]
    fn ten_thousandths_are_json_numbers() {
        for (number, text) in [(0, "0"), (2_000, "0.2"), (10_000, "1"), (20_000, "2"), (12_345, "1.2345")] {
            assert_eq!(decimal(number), text);
        }
    }
}
