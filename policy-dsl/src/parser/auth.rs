//! How a request authenticates. A secret must never stand in a policy, so whatever might be one is hidden.

use super::{Parser, Read, Stop, text};
use crate::diagnostic::{Code, Diagnostic};
use crate::policy::{Auth, EnvVar};
use crate::token::{Kind, quote};

/// A longer text that can't be the name of a variable is rather a secret than a slip.
const LONGEST_MISTAKE: usize = 19;

impl Parser<'_, '_> {
    pub(super) fn auth(&mut self) -> Read<Option<Auth>> {
        let kind = self.peek();
        let mut word = self.text(kind);
        match kind.kind {
            Kind::Word if word == "env" => {
                let help =
                    "say how it is sent: `auth bearer env.NAME` or `auth header \"x-api-key\" env.NAME`";
                let message = "expected `bearer` or `header`, found `env`";
                self.sink.push(Diagnostic::new(Code::UnexpectedToken, kind.span, message).with_help(help));
                return Err(Stop);
            }
            Kind::Word if word != "bearer" && word != "header" => {
                // Read as what was meant, since a secret may follow. A word like no other may be the secret itself.
                let Some(meant) = self.suggest(word, ["bearer", "header"].into_iter()) else {
                    return Err(self.secret());
                };
                let message = ["unknown kind of authentication ", &quote(word)].concat();
                let found = Diagnostic::new(Code::UnknownWord, kind.span, message);
                self.sink.push(found.with_suggestion(meant));
                word = meant;
            }
            Kind::Word => {}
            _ if self.at_end() => return Err(self.unexpected("`bearer` or `header`")),
            _ => return Err(self.secret()),
        }
        self.bump();
        if word == "bearer" {
            return Ok(self.variable()?.map(Auth::Bearer));
        }
        let name = self.checked_string("the name of a header", text::check_credential_header)?;
        let variable = self.variable()?;
        Ok(name.zip(variable).map(|((name, _), value)| Auth::Header { name, value }))
    }

    /// `env.NAME`. Anything else is taken for the secret itself.
    fn variable(&mut self) -> Read<Option<EnvVar>> {
        let start = self.peek();
        if !self.is_word("env") {
            let missing = self.at_end() && start.kind != Kind::Word;
            let expected = "`env.NAME`, the environment variable that holds the secret";
            return Err(if missing { self.unexpected(expected) } else { self.secret() });
        }
        self.bump();
        if !self.eat(Kind::Dot) {
            return Err(self.unexpected("`.` and the name of an environment variable"));
        }
        let name = self.peek();
        let variable = self.text(name);
        // The key itself, put where its name belongs.
        let is_secret = matches!(name.kind, Kind::Text | Kind::OpenText)
            || variable.len() > LONGEST_MISTAKE && !text::is_variable(variable);
        if is_secret && !self.at_end() {
            return Err(self.secret());
        }
        if !matches!(name.kind, Kind::Word | Kind::Number) {
            return Err(self.unexpected("the name of an environment variable"));
        }
        self.bump();
        let span = start.span.to(name.span);
        if !text::is_variable(variable) {
            let message = [&quote(variable), " is not the name of an environment variable"].concat();
            let help = "it is made of letters, digits and `_`, and starts with no digit";
            self.sink.push(Diagnostic::new(Code::InvalidName, name.span, message).with_help(help));
            return Ok(None);
        }
        Ok(Some(EnvVar { name: variable.to_string(), span }))
    }

    /// Reports all that is left of the statement, which also hides it from the rendered source. Policies are stored, shown
    /// and logged, and a secret in one has leaked.
    fn secret(&mut self) -> Stop {
        let mut span = self.peek().span;
        // `${NAME}` has braces of its own.
        let mut open = 0_usize;
        loop {
            let token = self.bump();
            span = span.to(token.span);
            match token.kind {
                Kind::Open => open += 1,
                Kind::Close => open = open.saturating_sub(1),
                _ => {}
            }
            let line_ends = matches!(self.peek().kind, Kind::Newline | Kind::End);
            if line_ends || open == 0 && self.at_end() {
                break;
            }
        }
        let help = "put it into an environment variable of the proxy and name that: `auth bearer env.OPENAI_API_KEY`";
        let found = Diagnostic::new(Code::SecretInPolicy, span, "a secret must not stand in the policy");
        self.sink.push(found.with_label("hidden here, but not in the file").with_help(help));
        Stop
    }
}
