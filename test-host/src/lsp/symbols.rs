//! Answers about one place of a document.

use std::collections::HashMap;

use lsp_server::ErrorCode;
use lsp_types::{
    DefinitionResponse, DocumentHighlight, DocumentHighlightKind, FoldingRange, Hover, Location,
    PrepareRenamePlaceholder, PrepareRenameResult, WorkspaceEdit,
};
use seawall_policy::ide::{Place, Symbol};

use super::convert;
use super::server::{Answer, Open, Server};

impl Server {
    /// What stands there, and at length what is wrong with it.
    pub(super) fn hover(&self, open: &Open, at: usize) -> Option<Hover> {
        let hover = open.read()?.hover(at);
        let range = hover.as_ref().map(|hover| open.lines.range(hover.span));
        let mut parts: Vec<String> = hover.into_iter().map(|hover| hover.markdown).collect();
        let here = |span: seawall_policy::Span| span.start as usize <= at && at <= span.end as usize;
        let mut codes: Vec<_> =
            open.found().iter().filter(|found| here(found.span)).map(|found| found.code).collect();
        codes.dedup();
        for code in codes {
            parts.push(format!("**{}**: {}\n\n{}", code.id(), code.title(), code.explanation()));
        }
        if parts.is_empty() {
            return None;
        }
        Some(Hover { contents: convert::contents(parts.join("\n---\n\n"), self.client), range })
    }

    pub(super) fn definition(open: &Open, at: usize) -> Option<DefinitionResponse> {
        let span = open.read()?.definition(at)?;
        let location = Location { uri: open.uri.clone(), range: open.lines.range(span) };
        Some(DefinitionResponse::Definition(location.into()))
    }

    pub(super) fn references(open: &Open, at: usize, with_definition: bool) -> Vec<Location> {
        let wanted = |symbol: &Symbol<'_>| with_definition || symbol.place == Place::Reference;
        let symbols = open.read().map(|document| document.references(at)).unwrap_or_default();
        let location =
            |symbol: Symbol<'_>| Location { uri: open.uri.clone(), range: open.lines.range(symbol.span) };
        symbols.into_iter().filter(wanted).map(location).collect()
    }

    pub(super) fn highlights(open: &Open, at: usize) -> Vec<DocumentHighlight> {
        let symbols = open.read().map(|document| document.references(at)).unwrap_or_default();
        let highlight = |symbol: Symbol<'_>| DocumentHighlight {
            range: open.lines.range(symbol.span),
            kind: Some(match symbol.place {
                Place::Definition => DocumentHighlightKind::Write,
                Place::Reference => DocumentHighlightKind::Read,
            }),
        };
        symbols.into_iter().map(highlight).collect()
    }

    /// `None` where nothing can be renamed.
    pub(super) fn prepare_rename(open: &Open, at: usize) -> Option<PrepareRenameResult> {
        let document = open.read()?;
        let symbol = document.symbol_at(at)?;
        // The name itself is the one that is refused only when nothing here can be renamed.
        document.rename(at, symbol.name).ok()?;
        let range = open.lines.range(symbol.span);
        Some(PrepareRenamePlaceholder { range, placeholder: symbol.name.to_string() }.into())
    }

    pub(super) fn rename(open: &Open, at: usize, name: &str) -> Answer<WorkspaceEdit> {
        let refused = |message: String| (ErrorCode::RequestFailed, message);
        let document = open.read().ok_or_else(|| refused("the policy is larger than 1 MiB".into()))?;
        let edits = document.rename(at, name).map_err(|refusal| refused(refusal.message))?;
        let changes = HashMap::from([(open.uri.clone(), convert::edits(&edits, &open.lines))]);
        Ok(WorkspaceEdit { changes: Some(changes), ..Default::default() })
    }

    pub(super) fn folds(open: &Open) -> Vec<FoldingRange> {
        let spans = open.read().map(|document| document.folds()).unwrap_or_default();
        let fold = |span| {
            let range = open.lines.range(span);
            // The line of the closing brace stays to be seen.
            let end_line = range.end.line.saturating_sub(1).max(range.start.line);
            FoldingRange { start_line: range.start.line, end_line, ..Default::default() }
        };
        spans.into_iter().map(fold).collect()
    }
}
