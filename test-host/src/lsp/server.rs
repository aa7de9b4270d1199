//! The open documents, and which question is answered by what.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use lsp_server::{ErrorCode, Notification, Request, Response};
use lsp_types::{
    CompletionRequest, CompletionResponse, DefinitionRequest, DidChangeTextDocumentParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DocumentFormattingRequest,
    DocumentHighlightRequest, DocumentSymbolRequest, FoldingRangeRequest, HoverRequest, PrepareRenameRequest,
    PublishDiagnosticsParams, ReferencesRequest, RenameRequest, TextDocumentPositionParams, Uri,
};
use seawall_policy::{Diagnostic, MAX_SOURCE_BYTES, Scope, ide};

use super::capabilities::Client;
use super::lines::Lines;
use super::{changes, convert};

/// Why a question has no answer.
pub(super) type Failure = (ErrorCode, String);
pub(super) type Answer<T> = Result<T, Failure>;

#[derive(Debug)]
pub(super) struct Server {
    pub(super) client: Client,
    /// By their address.
    documents: BTreeMap<String, Open>,
    /// Closed since findings were told last; there, nothing is to be seen any more.
    closed: Vec<Uri>,
}

/// A document as the editor has it, saved or not.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) uri: Uri,
    version: i32,
    pub(super) lines: Lines,
    found: OnceCell<Vec<Diagnostic>>,
    /// The findings have been told.
    told: bool,
}

impl Open {
    fn new(uri: Uri, version: i32, lines: Lines) -> Self {
        Self { uri, version, lines, found: OnceCell::new(), told: false }
    }

    /// What a check says. Made when it is first asked for, as an editor may type faster.
    pub(super) fn found(&self) -> &[Diagnostic] {
        self.found.get_or_init(|| seawall_policy::check(&self.lines.text).diagnostics)
    }

    /// `None` for a text too large to be asked about; the finding says so.
    pub(super) fn read(&self) -> Option<ide::Document<'_>> {
        (self.lines.text.len() <= MAX_SOURCE_BYTES).then(|| ide::Document::new(&self.lines.text))
    }
}

impl Server {
    pub(super) fn new(client: Client) -> Self {
        Self { client, documents: BTreeMap::new(), closed: Vec::new() }
    }

    pub(super) fn document(&self, uri: &Uri) -> Answer<&Open> {
        let unknown = || (ErrorCode::InvalidParams, format!("{uri} is not open"));
        self.documents.get(uri.as_ref()).ok_or_else(unknown)
    }

    /// The document and the byte offset that a question is about.
    pub(super) fn place(&self, params: &TextDocumentPositionParams) -> Answer<(&Open, usize)> {
        let open = self.document(&params.text_document.uri)?;
        Ok((open, open.lines.offset(params.position)))
    }

    pub(super) fn notify(&mut self, method: &str, params: serde_json::Value) {
        match method {
            "textDocument/didOpen" => {
                if let Ok(params) = serde_json::from_value::<DidOpenTextDocumentParams>(params) {
                    let document = params.text_document;
                    let lines = Lines::new(document.text, self.client.encoding);
                    let key = document.uri.as_ref().to_string();
                    self.documents.insert(key, Open::new(document.uri, document.version, lines));
                }
            }
            "textDocument/didChange" => {
                if let Ok(params) = serde_json::from_value::<DidChangeTextDocumentParams>(params) {
                    self.change(params);
                }
            }
            "textDocument/didClose" => {
                if let Ok(params) = serde_json::from_value::<DidCloseTextDocumentParams>(params) {
                    let uri = params.text_document.uri;
                    if self.documents.remove(uri.as_ref()).is_some() {
                        self.closed.push(uri);
                    }
                }
            }
            _ => {}
        }
    }

    fn change(&mut self, params: DidChangeTextDocumentParams) {
        let uri = params.text_document.text_document_identifier.uri;
        let encoding = self.client.encoding;
        if let Some(open) = self.documents.remove(uri.as_ref()) {
            let text = changes::apply(open.lines.text, params.content_changes, encoding);
            let changed = Open::new(open.uri, params.text_document.version, Lines::new(text, encoding));
            self.documents.insert(uri.as_ref().to_string(), changed);
        }
    }

    /// What has to be told about documents that were opened, changed or closed.
    pub(super) fn findings(&mut self) -> Vec<Notification> {
        let mut told: Vec<PublishDiagnosticsParams> = Vec::new();
        for uri in self.closed.drain(..).filter(|uri| !self.documents.contains_key(uri.as_ref())) {
            told.push(PublishDiagnosticsParams { uri, version: None, diagnostics: Vec::new() });
        }
        for open in self.documents.values_mut().filter(|open| !open.told) {
            open.told = true;
            let found = |found| convert::diagnostic(found, &open.uri, &open.lines, self.client);
            let diagnostics = open.found().iter().map(found).collect();
            told.push(PublishDiagnosticsParams {
                uri: open.uri.clone(),
                version: Some(open.version),
                diagnostics,
            });
        }
        let method = "textDocument/publishDiagnostics";
        told.into_iter().map(|params| Notification::new(method.to_string(), params)).collect()
    }

    pub(super) fn answer(&self, request: Request) -> Response {
        match request.method.as_str() {
            "textDocument/hover" => reply::<HoverRequest>(request, |params| {
                let (open, at) = self.place(&params.text_document_position_params)?;
                Ok(self.hover(open, at))
            }),
            "textDocument/completion" => reply::<CompletionRequest>(request, |params| {
                let (open, at) = self.place(&params.text_document_position_params)?;
                let Some(document) = open.read() else { return Ok(None) };
                let found = document.complete(at, Scope::Supported);
                let items = convert::completions(found, &open.lines, self.client);
                Ok(Some(CompletionResponse::CompletionItemList(items)))
            }),
            "textDocument/definition" => reply::<DefinitionRequest>(request, |params| {
                let (open, at) = self.place(&params.text_document_position_params)?;
                Ok(Self::definition(open, at))
            }),
            "textDocument/references" => reply::<ReferencesRequest>(request, |params| {
                let (open, at) = self.place(&params.text_document_position_params)?;
                Ok(Some(Self::references(open, at, params.context.include_declaration)))
            }),
            "textDocument/documentHighlight" => reply::<DocumentHighlightRequest>(request, |params| {
                let (open, at) = self.place(&params.text_document_position_params)?;
                Ok(Some(Self::highlights(open, at)))
            }),
            "textDocument/prepareRename" => reply::<PrepareRenameRequest>(request, |params| {
                let (open, at) = self.place(&params.text_document_position_params)?;
                Ok(Self::prepare_rename(open, at))
            }),
            "textDocument/rename" => reply::<RenameRequest>(request, |params| {
                let (open, at) = self.place(&params.text_document_position_params)?;
                Self::rename(open, at, &params.new_name).map(Some)
            }),
            "textDocument/documentSymbol" => reply::<DocumentSymbolRequest>(request, |params| {
                let open = self.document(&params.text_document.uri)?;
                let outline = open.read().map(|document| document.outline()).unwrap_or_default();
                let symbols: Vec<_> =
                    outline.into_iter().map(|outline| convert::symbol(outline, &open.lines)).collect();
                Ok(Some(symbols.into()))
            }),
            "textDocument/foldingRange" => reply::<FoldingRangeRequest>(request, |params| {
                Ok(Some(Self::folds(self.document(&params.text_document.uri)?)))
            }),
            "textDocument/codeAction" => reply::<lsp_types::CodeActionRequest>(request, |params| {
                let open = self.document(&params.text_document.uri)?;
                Ok(Some(self.actions(open, &params)))
            }),
            "textDocument/formatting" => reply::<DocumentFormattingRequest>(request, |params| {
                let open = self.document(&params.text_document.uri)?;
                // A policy that can't be read stays as it is; its findings say why.
                let formatted = seawall_policy::format(&open.lines.text).ok();
                Ok(formatted.map(|text| changes::difference(&open.lines, &text)))
            }),
            method => {
                let message = format!("{method} is not known");
                Response::new_err(request.id, ErrorCode::MethodNotFound as i32, message)
            }
        }
    }
}

fn reply<R: lsp_types::Request>(
    request: Request,
    answer: impl FnOnce(R::Params) -> Answer<R::Result>,
) -> Response {
    let params = serde_json::from_value::<R::Params>(request.params)
        .map_err(|wrong| (ErrorCode::InvalidParams, wrong.to_string()));
    match params.and_then(answer) {
        Ok(result) => Response::new_ok(request.id, result),
        Err((code, message)) => Response::new_err(request.id, code as i32, message),
    }
}
