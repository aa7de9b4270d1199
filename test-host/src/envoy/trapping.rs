//! A module that traps when told to: nothing else makes a VM of Envoy's die, as the filter has no way to.

use anyhow::Context as _;
use wasm_encoder::{BlockType, CodeSection, Function, Instruction, Module, ValType};
use wasmparser::{ExternalKind, FunctionBody, Parser, Payload, TypeRef};

use crate::hints::{bytes, copy};

/// What of an answer's body is there is its second parameter.
const CALLBACK: &str = "proxy_on_response_body";
const SIZE: u32 = 1;

/// The module, but it traps as soon as so many bytes of an answer's body are there.
///
/// # Errors
/// When these bytes are no module with that callback.
pub(super) fn trapping(module: &[u8], at_bytes: u32) -> anyhow::Result<Vec<u8>> {
    let callback = callback(module)?;
    let (mut code, mut next, mut left) = (CodeSection::new(), 0, 0);
    let mut result = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        match &payload {
            // They name branches by where these are in their function.
            Payload::CustomSection(custom) if custom.name().starts_with("metadata.code.") => {}
            Payload::CodeSectionStart { count, .. } => left = *count,
            Payload::CodeSectionEntry(body) => {
                match next == callback {
                    true => code.function(&changed(module, body, at_bytes)?),
                    false => code.raw(bytes(module, body.range())?),
                };
                next += 1;
                left -= 1;
                if left == 0 {
                    result.section(&code);
                }
            }
            _ => copy(&mut result, module, &payload)?,
        }
    }
    Ok(result.finish())
}

/// Which of the module's own functions is the callback.
fn callback(module: &[u8]) -> anyhow::Result<u32> {
    let (mut imported, mut found) = (0, None);
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += u32::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.name == CALLBACK && export.kind == ExternalKind::Func {
                        found = Some(export.index);
                    }
                }
            }
            _ => {}
        }
    }
    let found = found.and_then(|index: u32| index.checked_sub(imported));
    found.with_context(|| format!("the module has no `{CALLBACK}`"))
}

fn changed(module: &[u8], body: &FunctionBody<'_>, at_bytes: u32) -> anyhow::Result<Function> {
    let mut locals = Vec::new();
    for group in body.get_locals_reader()? {
        let (count, kind) = group?;
        locals.push((count, ValType::try_from(kind).ok().context("a local is of a kind that is known")?));
    }
    let mut function = Function::new(locals);
    for step in [
        Instruction::LocalGet(SIZE),
        Instruction::I32Const(at_bytes.cast_signed()),
        Instruction::I32GeU,
        Instruction::If(BlockType::Empty),
        Instruction::Unreachable,
        Instruction::End,
    ] {
        function.instruction(&step);
    }
    let start = body.get_operators_reader()?.original_position();
    function.raw(bytes(module, start..body.range().end)?.iter().copied());
    Ok(function)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_callback_traps_and_only_when_so_much_is_there() {
        let text = r#"(module
            (import "env" "f" (func))
            (func $other (param i32 i32 i32) (result i32) (i32.const 7))
            (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (local i64)
              (call $other (local.get 0) (local.get 1) (local.get 2))))"#;
        let changed = trapping(&wat::parse_str(text).unwrap(), 100).unwrap();
        let engine = wasmtime::Engine::default();
        let module = wasmtime::Module::new(&engine, changed).unwrap();
        let mut store = wasmtime::Store::new(&engine, ());
        let f = wasmtime::Func::wrap(&mut store, || {});
        let instance = wasmtime::Instance::new(&mut store, &module, &[f.into()]).unwrap();
        let callback = instance.get_typed_func::<(i32, i32, i32), i32>(&mut store, CALLBACK).unwrap();
        assert_eq!(callback.call(&mut store, (200, 99, 200)).ok(), Some(7));
        assert_eq!(callback.call(&mut store, (0, 100, 0)).ok(), None);
        assert_eq!(callback.call(&mut store, (0, -1, 0)).ok(), None);
        assert!(trapping(&wat::parse_str("(module)").unwrap(), 100).is_err());
    }
}
