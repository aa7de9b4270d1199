//! What the editor can change by itself: the fixes that findings carry.

use std::collections::HashMap;

use lsp_types::{CodeAction, CodeActionKind, CodeActionParams, CodeActionResponse, TextEdit, WorkspaceEdit};
use seawall_policy::{Fix, apply};

use super::server::{Open, Server};
use super::{changes, convert};

impl Server {
    /// One for each finding in the range that can be put right, and one for all of the document.
    pub(super) fn actions(&self, open: &Open, params: &CodeActionParams) -> Vec<CodeActionResponse> {
        let asked = open.lines.bytes(params.range);
        let wanted = |kind: &CodeActionKind| match &params.context.only {
            Some(only) => only.iter().any(|only| includes(only, kind)),
            None => true,
        };
        let edit = |edits: Vec<TextEdit>| WorkspaceEdit {
            changes: Some(HashMap::from([(open.uri.clone(), edits)])),
            ..Default::default()
        };
        let mut actions = Vec::new();
        let touched = open
            .found()
            .iter()
            .filter(|found| found.span.start as usize <= asked.end && asked.start <= found.span.end as usize);
        for (found, fix) in touched.filter_map(|found| Some((found, found.fix.as_ref()?))) {
            if wanted(&CodeActionKind::QuickFix) {
                actions.push(CodeAction {
                    title: fix.title.clone(),
                    kind: Some(CodeActionKind::QuickFix),
                    diagnostics: Some(vec![convert::diagnostic(found, &open.uri, &open.lines, self.client)]),
                    is_preferred: Some(true),
                    edit: Some(edit(convert::edits(&fix.edits, &open.lines))),
                    ..Default::default()
                });
            }
        }
        let fixes: Vec<&Fix> = open.found().iter().filter_map(|found| found.fix.as_ref()).collect();
        if !fixes.is_empty() && wanted(&CodeActionKind::SourceFixAll) {
            let fixed = apply(&open.lines.text, &fixes).text;
            actions.push(CodeAction {
                title: "Make all changes that are certain".into(),
                kind: Some(CodeActionKind::SourceFixAll),
                edit: Some(edit(changes::difference(&open.lines, &fixed))),
                ..Default::default()
            });
        }
        actions.into_iter().map(CodeActionResponse::CodeAction).collect()
    }
}

/// Kinds are trees: `source` asks for `source.fixAll` too.
fn includes(asked: &CodeActionKind, kind: &CodeActionKind) -> bool {
    let (asked, kind) = (String::from(asked.clone()), String::from(kind.clone()));
    asked.is_empty() || kind == asked || kind.strip_prefix(&asked).is_some_and(|rest| rest.starts_with('.'))
}
