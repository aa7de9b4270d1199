//! `like`: what a target takes over from another.

use std::collections::{BTreeMap, BTreeSet};

use super::{Names, only};
use crate::ast::{Block, File, Statement, Value};
use crate::diagnostic::{Code, Diagnostic, Sink};

/// The statements of each target, those it took over included.
#[derive(Debug, Default)]
pub(crate) struct Targets<'f> {
    of: BTreeMap<&'f str, Vec<&'f Statement<'f>>>,
}

impl<'f> Targets<'f> {
    /// Its statements; none for a name that isn't a target's.
    pub(crate) fn statements(&self, name: &str) -> &[&'f Statement<'f>] {
        self.of.get(name).map_or(&[], Vec::as_slice)
    }

    /// Its statement with this word.
    pub(crate) fn statement(&self, name: &str, word: &str) -> Option<&'f Statement<'f>> {
        self.statements(name).iter().find(|statement| statement.definition.word == word).copied()
    }
}

/// Each target takes over at most as many statements as there are words, so this is linear in the file.
pub(super) fn resolve<'f>(file: &'f File<'f>, names: &Names<'f>, sink: &mut Sink) -> Targets<'f> {
    let mut targets = Targets::default();
    for statement in file.policy.all("target") {
        let mut chain: Vec<(&'f str, &'f Block<'f>)> = Vec::new();
        let mut passed = BTreeSet::new();
        let mut next = statement.name().map(|name| name.text).zip(statement.block());
        while let Some((name, block)) = next {
            if targets.of.contains_key(name) {
                break;
            }
            if !passed.insert(name) {
                in_a_circle(&chain, sink);
                break;
            }
            chain.push((name, block));
            next = model_of(block).and_then(|model| Some((model, names.block("target", model)?)));
        }
        while let Some((name, block)) = chain.pop() {
            let mut own: Vec<&Statement<'_>> = block.statements.iter().collect();
            let inherited = model_of(block).map_or(&[][..], |model| targets.statements(model));
            let missing = |taken: &&&Statement<'_>| {
                taken.definition.word != "like" && !block.has(taken.definition.word)
            };
            own.extend(inherited.iter().filter(missing).copied());
            targets.of.insert(name, own);
        }
    }
    targets
}

fn model_of<'f>(block: &'f Block<'f>) -> Option<&'f str> {
    let like = block.all("like").next()?;
    if let Some(Value::Name(_, name)) = only(like) { Some(name.text) } else { None }
}

fn in_a_circle(chain: &[(&str, &Block<'_>)], sink: &mut Sink) {
    let Some((name, block)) = chain.last() else { return };
    let Some(like) = block.all("like").next() else { return };
    let message = ["target `", name, "` is like itself, by way of others"].concat();
    let help = "one of them must say everything itself";
    sink.push(Diagnostic::new(Code::LikeItself, like.span, message).with_help(help));
}
