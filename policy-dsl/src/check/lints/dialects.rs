//! Targets of one route that don't speak one dialect: what a request in one of them is sent to the others, they can't read.

use super::Judged;
use crate::ast::Statement;
use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::policy::{Provider, Target};
use crate::span::Span;

pub(super) fn check(judged: &Judged<'_, '_>, sink: &mut Sink) {
    let mut first: Option<(&Target, Span)> = None;
    let contracts = judged.block.all("contract").filter_map(Statement::block);
    let inputs = contracts.flat_map(|contract| contract.all("input"));
    for named in ["try", "then"].into_iter().flat_map(|word| judged.block.all(word)).chain(inputs) {
        named.each_reference(&mut |kind, name| {
            let index = judged.resolved.names.index(kind, name.text).filter(|_| kind == "target");
            let Some(target) = index.and_then(|index| judged.policy.targets.get(index)) else { return };
            let (usual, span) = *first.get_or_insert((target, name.span));
            if dialect(usual.provider) == dialect(target.provider) {
                return;
            }
            let message = ["target `", &target.name, "` doesn't speak the dialect of `", &usual.name, "`"];
            let found = Diagnostic::new(Code::MixedDialects, name.span, message.concat());
            let found = found.with_label("the same request goes here, and it can't be read");
            let found = found.with_related(span, "the callers of this route speak its dialect");
            sink.push(found.with_help(HELP));
        });
    }
}

const HELP: &str = "leave it to a route of its own; or, where its provider has an endpoint in the other dialect, give \
                    the target that `provider` and `path`";

/// Azure OpenAI has OpenAI's.
fn dialect(provider: Provider) -> Provider {
    if provider == Provider::Azure { Provider::OpenAi } else { provider }
}
