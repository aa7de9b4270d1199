//! Where a module's branches are.

use anyhow::Context as _;
use wasmparser::{Operator, Parser, Payload, TypeRef};

/// A function's conditional branches.
pub(super) struct Function {
    /// Among all functions, imports first.
    pub(super) index: u32,
    /// Bytes from the beginning of its body, each: as hints name them.
    pub(super) branches: Vec<u32>,
}

/// The functions that a module defines.
pub(super) fn functions(module: &[u8]) -> anyhow::Result<Vec<Function>> {
    let (mut functions, mut index) = (Vec::new(), 0);
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    index += u32::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
                }
            }
            Payload::CodeSectionEntry(body) => {
                let mut branches = Vec::new();
                for operator in body.get_operators_reader()?.into_iter_with_offsets() {
                    let (operator, offset) = operator?;
                    if is_branch(&operator) {
                        let offset = offset
                            .checked_sub(body.range().start)
                            .context("an instruction is in its function")?;
                        branches.push(u32::try_from(offset)?);
                    }
                }
                functions.push(Function { index, branches });
                index += 1;
            }
            _ => {}
        }
    }
    Ok(functions)
}

/// Those that may have a hint.
pub(super) fn is_branch(operator: &Operator<'_>) -> bool {
    matches!(operator, Operator::BrIf { .. } | Operator::If { .. })
}
