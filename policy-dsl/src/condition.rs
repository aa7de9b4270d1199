//! Stand-in.
use crate::diagnostic::Diagnostic;
use crate::span::Span;
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition(String);
pub struct Used {
    pub name: &'static str,
    pub span: Span,
}
impl Condition {
    pub fn implies(&self, other: &Self) -> bool {
        self == other
    }
    pub fn unsupported(&self) -> Vec<Used> {
        Vec::new()
    }
}
pub fn compile(source: &str, _offset: u32, _report: &mut dyn FnMut(Diagnostic)) -> Option<Condition> {
    Some(Condition(source.into()))
}
