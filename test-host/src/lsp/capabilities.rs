//! What editor and server can do for each other.

use lsp_types::{
    CodeActionKind, CodeActionOptions, CompletionOptions, InitializeParams, InitializeResult, MarkupKind,
    PositionEncodingKind, RenameOptions, ServerCapabilities, ServerInfo, TextDocumentSyncKind,
    TextDocumentSyncOptions,
};

use super::lines::Encoding;
use super::server::Server;

/// What of the protocol's optional parts the editor understands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client {
    /// How it counts within a line.
    pub(super) encoding: Encoding,
    /// Whether a proposal may hold places to fill in.
    pub(super) snippets: bool,
    pub(super) markdown: bool,
    /// Whether a finding may point at other places.
    pub(super) related: bool,
}

/// Begins with an editor.
pub(super) fn agree(params: &InitializeParams) -> (Server, InitializeResult) {
    let text = params.capabilities.text_document.as_ref();
    let offered =
        params.capabilities.general.as_ref().and_then(|general| general.position_encodings.as_ref());
    let bytes = offered.is_some_and(|offered| offered.contains(&PositionEncodingKind::UTF8));
    let item = text.and_then(|text| text.completion.as_ref()?.completion_item.as_ref());
    let formats = text.and_then(|text| text.hover.as_ref()?.content_format.as_ref());
    let findings = text.and_then(|text| text.publish_diagnostics.as_ref());
    let related = findings.and_then(|findings| findings.diagnostics_capabilities.related_information);
    let client = Client {
        encoding: if bytes { Encoding::Utf8 } else { Encoding::Utf16 },
        snippets: item.and_then(|item| item.snippet_support).unwrap_or(false),
        markdown: formats.is_some_and(|formats| formats.contains(&MarkupKind::Markdown)),
        related: related.unwrap_or(false),
    };
    let result = InitializeResult {
        capabilities: capabilities(client.encoding),
        server_info: Some(ServerInfo {
            name: "seawall".into(),
            version: Some(env!("CARGO_PKG_VERSION").into()),
        }),
    };
    (Server::new(client), result)
}

fn capabilities(encoding: Encoding) -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::Incremental),
        ..Default::default()
    };
    let completion = CompletionOptions {
        trigger_characters: Some([" ", ".", "/", "`"].map(String::from).to_vec()),
        ..Default::default()
    };
    let actions = CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QuickFix, CodeActionKind::SourceFixAll]),
        ..Default::default()
    };
    let rename = RenameOptions { prepare_provider: Some(true), ..Default::default() };
    ServerCapabilities {
        position_encoding: Some(match encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }),
        text_document_sync: Some(sync.into()),
        completion_provider: Some(completion),
        hover_provider: Some(true.into()),
        definition_provider: Some(true.into()),
        references_provider: Some(true.into()),
        document_highlight_provider: Some(true.into()),
        document_symbol_provider: Some(true.into()),
        folding_range_provider: Some(true.into()),
        code_action_provider: Some(actions.into()),
        document_formatting_provider: Some(true.into()),
        rename_provider: Some(rename.into()),
        ..Default::default()
    }
}
