//! `seawall init`: a policy to start from.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use dialoguer::Input;

use super::Exit;
use crate::starter::{Answers, Place, Usual, providers};

/// Writes a commented policy to start from, with a test that it passes.
///
/// On a terminal it asks for what the flags leave open. `-` leaves a thing as callers send it.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Where the policy goes; `-` is the standard output.
    #[arg(short, long, default_value = "policy.seawall", value_name = "FILE")]
    output: PathBuf,
    /// Write over a file that is there already.
    #[arg(long)]
    force: bool,
    /// Ask nothing: defaults hold for what the flags leave open.
    #[arg(long, visible_alias = "no-input")]
    yes: bool,
    /// The wire dialect of the providers.
    #[arg(long, default_value = "openai", value_parser = clap::builder::PossibleValuesParser::new(providers()))]
    provider: String,
    /// The Envoy cluster that leads to the provider [default: the provider's name].
    #[arg(long)]
    cluster: Option<String>,
    /// The provider's host name [default: its public one].
    #[arg(long)]
    host: Option<String>,
    /// The proxy's environment variable that holds the key [default: OPENAI_API_KEY, or the provider's].
    #[arg(long, value_name = "VARIABLE")]
    key: Option<String>,
    /// The model to use in place of the one that is asked for [default: none].
    #[arg(long)]
    model: Option<String>,
    /// The Envoy cluster to fall back to [default: none].
    #[arg(long, value_name = "CLUSTER")]
    fallback_cluster: Option<String>,
    /// The host name behind it.
    #[arg(long, value_name = "HOST")]
    fallback_host: Option<String>,
    /// The environment variable that holds its key.
    #[arg(long, value_name = "VARIABLE")]
    fallback_key: Option<String>,
    /// The model to use there.
    #[arg(long, value_name = "MODEL")]
    fallback_model: Option<String>,
    /// The path of the requests; a `*` at its end matches every continuation [default: where its SDKs send them].
    #[arg(long)]
    path: Option<String>,
}

/// Asks, if there is somebody to ask, and writes.
///
/// # Errors
/// When the file is there already, can't be written, or an answer can't stand in a policy.
pub fn run(args: &Args) -> anyhow::Result<Exit> {
    let to_stdout = args.output == Path::new("-");
    if !to_stdout && !args.force && args.output.exists() {
        bail!("{} is there already; --force writes over it, and -o writes elsewhere", args.output.display());
    }
    let asks = !args.yes && io::stdin().is_terminal() && io::stderr().is_terminal();
    let answers = if asks { answers(args, &mut on_terminal) } else { answers(args, &mut default) }?;
    let text = answers.policy().map_err(|reason| anyhow!("no policy can be made of this: {reason}"))?;
    if to_stdout {
        super::print(&text)?;
        return Ok(Exit::Ok);
    }
    let cannot = || format!("cannot write {}", args.output.display());
    if args.force {
        fs::write(&args.output, &text).with_context(cannot)?;
    } else {
        // Not even one that came into being while questions were asked is written over.
        let file = OpenOptions::new().write(true).create_new(true).open(&args.output);
        file.and_then(|mut file| file.write_all(text.as_bytes())).with_context(cannot)?;
    }
    let file = args.output.display();
    eprintln!("Wrote {file}. Next: `seawall test {file} --wasm seawall.wasm` proves it.");
    Ok(Exit::Ok)
}

/// What is to be asked.
struct Question<'q> {
    text: &'static str,
    default: &'static str,
    /// What is wrong with an answer.
    objection: &'q dyn Fn(&str) -> Option<String>,
}

type Ask<'a> = &'a mut dyn FnMut(Question<'_>) -> anyhow::Result<String>;

fn default(question: Question<'_>) -> anyhow::Result<String> {
    Ok(question.default.to_owned())
}

fn on_terminal(question: Question<'_>) -> anyhow::Result<String> {
    let objection = |answer: &String| (question.objection)(answer.trim()).map_or(Ok(()), Err);
    let mut input =
        Input::<String>::new().with_prompt(question.text).allow_empty(true).validate_with(objection);
    if !question.default.is_empty() {
        input = input.default(question.default.to_owned());
    }
    Ok(input.interact_text()?.trim().to_owned())
}

/// The flags, and the answers to what they leave open.
fn answers(args: &Args, ask: Ask<'_>) -> anyhow::Result<Answers> {
    let provider = providers().into_iter().find(|known| *known == args.provider);
    let provider = provider.context("this version speaks no such dialect")?;
    let Usual { cluster, host, key, path, .. } = Usual::of(provider);
    let place = Place { provider, cluster: cluster.to_owned(), host: None, key: None, model: None };
    let mut answers = Answers { primary: place.clone(), fallback: None, path: path.to_owned() };

    let mut open = Open { answers: &mut answers, ask };
    open.put(&args.cluster, "Envoy cluster that leads to the provider", cluster, |answers, text| {
        answers.primary.cluster = text.to_owned();
    })?;
    open.put(&args.host, "Its host name (-: as callers send it)", host, |answers, text| {
        answers.primary.host = given(text);
    })?;
    open.put(
        &args.key,
        "Environment variable of the proxy with its key (-: callers bring theirs)",
        key,
        |answers, text| answers.primary.key = given(text),
    )?;
    open.put(&args.model, "Model to use instead of the one asked for (empty: none)", "", |answers, text| {
        answers.primary.model = given(text);
    })?;
    open.put(&args.path, "Path of the requests", path, |answers, text| answers.path = text.to_owned())?;
    open.put(
        &args.fallback_cluster,
        "Envoy cluster to fall back to (empty: none)",
        "",
        move |answers, text| {
            answers.fallback = given(text).map(|cluster| Place { cluster, ..place.clone() });
        },
    )?;
    let more = [&args.fallback_host, &args.fallback_key, &args.fallback_model];
    if open.answers.fallback.is_none() {
        if more.into_iter().flatten().any(|text| given(text).is_some()) {
            bail!("there is no fallback; name one with --fallback-cluster");
        }
        return Ok(answers);
    }
    open.put(&args.fallback_host, "Its host name (empty: as callers send it)", "", |answers, text| {
        edit(&mut answers.fallback, |place| place.host = given(text));
    })?;
    open.put(
        &args.fallback_key,
        "Environment variable with its key (empty: callers bring theirs)",
        "",
        |answers, text| edit(&mut answers.fallback, |place| place.key = given(text)),
    )?;
    open.put(&args.fallback_model, "Model to use there (empty: the one asked for)", "", |answers, text| {
        edit(&mut answers.fallback, |place| place.model = given(text));
    })?;
    Ok(answers)
}

struct Open<'o> {
    answers: &'o mut Answers,
    ask: Ask<'o>,
}

impl Open<'_> {
    /// Puts the flag, or else an answer, where it belongs. Whether an answer will do, the policy says that it makes.
    fn put(
        &mut self,
        flag: &Option<String>,
        text: &'static str,
        default: &'static str,
        put: impl Fn(&mut Answers, &str),
    ) -> anyhow::Result<()> {
        let before = self.answers.clone();
        let objection = |answer: &str| {
            let mut answers = before.clone();
            put(&mut answers, answer);
            answers.policy().err()
        };
        let answer = match flag {
            Some(flag) => flag.clone(),
            None => (self.ask)(Question { text, default, objection: &objection })?,
        };
        put(self.answers, &answer);
        Ok(())
    }
}

/// An empty answer takes the default, where there is one; so there is another way to say none.
fn given(text: &str) -> Option<String> {
    (!text.is_empty() && text != "-").then(|| text.to_owned())
}

fn edit(place: &mut Option<Place>, edit: impl FnOnce(&mut Place)) {
    if let Some(place) = place {
        edit(place);
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn asked(flags: &[&str], replies: &[(&str, &str)]) -> (anyhow::Result<Answers>, Vec<&'static str>) {
        let args = Line::parse_from([&["init"], flags].concat()).args;
        let mut questions = Vec::new();
        let mut ask = |question: Question<'_>| {
            questions.push(question.text);
            let reply = replies.iter().find(|(start, _)| question.text.starts_with(start));
            let reply = reply.map_or(question.default, |(_, reply)| *reply);
            match (question.objection)(reply) {
                Some(objection) => bail!("{objection}"),
                None => Ok(reply.to_owned()),
            }
        };
        let answers = answers(&args, &mut ask);
        (answers, questions)
    }

    #[test]
    fn what_flags_say_is_not_asked() {
        let (answers, questions) = asked(&[], &[]);
        assert_eq!(questions.len(), 6, "{questions:?}");
        assert_eq!(answers.unwrap().primary.host.as_deref(), Some("api.openai.com"));
        let (answers, questions) =
            asked(&["--cluster", "a", "--host", "-", "--key", "K", "--model", "m", "--path", "/v1/*"], &[]);
        assert_eq!(questions, ["Envoy cluster to fall back to (empty: none)"]);
        let answers = answers.unwrap();
        assert_eq!((answers.primary.cluster.as_str(), answers.primary.host), ("a", None));
        assert_eq!((answers.path.as_str(), answers.fallback), ("/v1/*", None));
    }

    #[test]
    fn a_fallback_leads_to_more_questions() {
        let replies = [("Envoy cluster to fall", "spare"), ("Environment variable with its", "SPARE_KEY")];
        let (answers, questions) = asked(&[], &replies);
        assert_eq!(questions.len(), 9);
        let fallback = answers.unwrap().fallback.unwrap();
        assert_eq!((fallback.cluster.as_str(), fallback.key.as_deref()), ("spare", Some("SPARE_KEY")));
    }

    #[test]
    fn an_answer_that_no_policy_can_hold_is_objected_to() {
        for (question, reply, objection) in [
            ("Envoy cluster that", "", "`cluster` is empty"),
            ("Envoy cluster that", "two words", "`cluster` must not hold a space"),
            ("Its host name", "https://api.openai.com", "`host` holds a scheme; write `\"api.openai.com\"`"),
            ("Environment variable of", "K  model \"x\"", "an answer holds more than a value"),
            ("Environment variable of", "1K", "`1K` is not the name of an environment variable"),
            ("Path", "v1", "`path` must start with `/`; write `\"/v1\"`"),
        ] {
            let error = asked(&[], &[(question, reply)]).0.unwrap_err().to_string();
            assert!(error.starts_with(objection), "{reply}: {error}");
        }
    }
}
