//! `seawall explain POLICY`: the whole policy in plain words, or what it does to one request, rule by rule.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::ValueEnum;
use seawall_policy::explain::{Explainer, Request};

use super::check::{is_stdin, name, read};
use super::{Color, Exit};
use crate::diagnostics::{Judged, terminal};
use crate::explain::{html, input, json, mermaid, svg};

/// What is told of a policy, and how.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Explain what happens to this request instead of the whole policy: a JSON file with `path`, and as wanted `method`,
    /// `headers`, `body`, `tenant` and `hour`; or the body of a chat completion by itself. `-` is the standard input.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// How it is told; the pictures show the plan of every route.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write to this file instead of the standard output.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The formats of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// One object, for editors and scripts.
    Json,
    /// The plan as a Mermaid flowchart.
    Mermaid,
    /// The plan as a picture.
    Svg,
    /// One page with the text and the picture.
    Html,
}

impl Options {
    /// Whether nothing was asked for that only policies have.
    pub(super) fn are_plain(&self) -> bool {
        self.request.is_none() && self.format == Format::Text && self.output.is_none()
    }
}

/// Explains the policy at `path`, where `-` is the standard input.
///
/// # Errors
/// When a file can't be read or written, or the request has another form than it should.
pub(super) fn run(path: &Path, options: &Options, color: Color) -> anyhow::Result<Exit> {
    if is_stdin(path) && options.request.as_deref().is_some_and(is_stdin) {
        bail!("the policy and the request can't both come from the standard input");
    }
    if options.request.is_some() && matches!(options.format, Format::Mermaid | Format::Svg) {
        bail!(
            "a picture shows the plan of every route, not one request; leave out --request, or use --format html"
        );
    }
    if let Some(output) = &options.output {
        let given = [Some(path), options.request.as_deref()];
        if let Some(given) = given.into_iter().flatten().find(|given| super::is_same(output, given)) {
            bail!("this would write over {}", given.display());
        }
    }
    let source = read(path)?;
    let request = match &options.request {
        Some(from) => {
            Some(input::request(&read(from)?).with_context(|| format!("cannot use {}", name(from)))?)
        }
        None => None,
    };
    let Ok(explainer) = Explainer::new(&source) else {
        // Its errors are those of `check`, and read the same.
        let judged = Judged::new(name(path), source);
        eprint!("{}", terminal::render(&judged, color.on(&io::stderr())));
        return Ok(Exit::Failed);
    };
    let text = rendered(&explainer, request.as_ref(), options.format)?;
    match &options.output {
        Some(file) => fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?,
        None => super::print(&text).context("cannot write the explanation")?,
    }
    Ok(Exit::Ok)
}

fn rendered(explainer: &Explainer<'_>, request: Option<&Request>, format: Format) -> anyhow::Result<String> {
    let document = || request.map_or_else(|| explainer.summary(), |request| explainer.request(request));
    Ok(match format {
        Format::Text => document().to_string(),
        Format::Json => json::render(explainer, &document(), request)?,
        Format::Mermaid => mermaid::render(&explainer.picture()),
        Format::Svg => svg::render(&explainer.picture()),
        Format::Html => html::render(&document(), Some(&svg::render(&explainer.picture()))),
    })
}
