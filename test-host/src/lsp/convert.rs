//! Findings, proposals and trees in the protocol's words.

use lsp_types::{
    CompletionItem, CompletionItemKind, Contents, DiagnosticRelatedInformation, DiagnosticSeverity,
    DiagnosticTag, DocumentSymbol, Documentation, InsertTextFormat, Location, MarkupContent, MarkupKind,
    SymbolKind, TextEdit, Uri,
};
use seawall_policy::ide::{Completion, CompletionKind, Completions, Outline};
use seawall_policy::{Code, Diagnostic, Edit, Severity};

use super::capabilities::Client;
use super::lines::Lines;

/// A finding, with what is to be done about it behind its message.
pub(super) fn diagnostic(
    found: &Diagnostic,
    uri: &Uri,
    lines: &Lines,
    client: Client,
) -> lsp_types::Diagnostic {
    let mut message = found.message.clone();
    for (title, text) in [("", Some(&found.label)), ("help: ", found.help.as_ref())] {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            message.extend(["\n", title, text]);
        }
    }
    let related = found.related.iter().map(|related| DiagnosticRelatedInformation {
        location: Location { uri: uri.clone(), range: lines.range(related.span) },
        message: related.label.clone(),
    });
    lsp_types::Diagnostic {
        range: lines.range(found.span),
        severity: Some(match found.severity {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
        }),
        code: Some(found.code.id().to_string().into()),
        source: Some("seawall".into()),
        message: message.into(),
        tags: (found.code == Code::Unused).then(|| vec![DiagnosticTag::Unnecessary]),
        related_information: (client.related && !found.related.is_empty()).then(|| related.collect()),
        ..Default::default()
    }
}

pub(super) fn edits(edits: &[Edit], lines: &Lines) -> Vec<TextEdit> {
    let edit = |edit: &Edit| TextEdit { range: lines.range(edit.span), new_text: edit.replacement.clone() };
    edits.iter().map(edit).collect()
}

pub(super) fn markup(text: String, client: Client) -> MarkupContent {
    MarkupContent {
        kind: if client.markdown { MarkupKind::Markdown } else { MarkupKind::PlainText },
        value: text,
    }
}

pub(super) fn contents(text: String, client: Client) -> Contents {
    Contents::MarkupContent(markup(text, client))
}

/// In the order in which they are given.
pub(super) fn completions(found: Completions, lines: &Lines, client: Client) -> Vec<CompletionItem> {
    let range = lines.range(found.replace);
    let item = |(index, item): (usize, Completion)| {
        let snippet = item.snippet.filter(|_| client.snippets);
        CompletionItem {
            kind: Some(kind(item.kind)),
            detail: Some(item.detail).filter(|detail| !detail.is_empty()),
            documentation: Some(item.doc)
                .filter(|doc| !doc.is_empty())
                .map(|doc| Documentation::MarkupContent(markup(doc, client))),
            sort_text: Some(format!("{index:04}")),
            insert_text_format: snippet.is_some().then_some(InsertTextFormat::Snippet),
            text_edit: Some(
                TextEdit { range, new_text: snippet.unwrap_or_else(|| item.label.clone()) }.into(),
            ),
            label: item.label,
            ..Default::default()
        }
    };
    found.items.into_iter().enumerate().map(item).collect()
}

fn kind(kind: CompletionKind) -> CompletionItemKind {
    match kind {
        CompletionKind::Definition => CompletionItemKind::Class,
        CompletionKind::Statement => CompletionItemKind::Property,
        CompletionKind::Keyword => CompletionItemKind::Keyword,
        CompletionKind::Value => CompletionItemKind::EnumMember,
        CompletionKind::Example => CompletionItemKind::Value,
        CompletionKind::Name => CompletionItemKind::Reference,
        CompletionKind::Unit => CompletionItemKind::Unit,
        CompletionKind::Variable => CompletionItemKind::Variable,
        CompletionKind::Function => CompletionItemKind::Function,
    }
}

#[expect(deprecated, reason = "the protocol's type has a field that it no longer wants to be used")]
pub(super) fn symbol(outline: Outline, lines: &Lines) -> DocumentSymbol {
    let children = outline.children.into_iter().map(|child| symbol(child, lines)).collect();
    DocumentSymbol {
        // A nameless symbol is refused by editors.
        name: if outline.name.trim().is_empty() { outline.kind.to_string() } else { outline.name },
        detail: Some(outline.kind.to_string()),
        kind: match outline.kind {
            "target" => SymbolKind::Object,
            "route" => SymbolKind::Function,
            "group" | "tier" => SymbolKind::Array,
            "test" => SymbolKind::Event,
            _ => SymbolKind::Property,
        },
        tags: None,
        deprecated: None,
        range: lines.range(outline.span),
        selection_range: lines.range(outline.head),
        children: Some(children),
    }
}
