//! A module that counts which way its branches go.

use anyhow::Context as _;
use wasm_encoder::{CodeSection, Function, Instruction, MemArg, MemorySection, MemoryType, Module, ValType};
use wasmparser::{FunctionBody, Parser, Payload};

use super::branches::is_branch;
use super::{Branch, bytes, copy, is_hints};

const PAGE: u64 = 65_536;
/// Bytes of a branch's counters: how often taken, how often not, 32 bits each.
const COUNTERS: u64 = 8;

/// A module with counters. They lie in its memory, between what it begins with and what it grows by.
#[derive(Debug)]
pub struct Counting {
    pub module: Vec<u8>,
    /// The address of the first counter.
    pub start: u64,
    pub branches: usize,
}

impl Counting {
    /// Adds what a memory has counted.
    pub fn add(&self, memory: &[u8], counts: &mut Vec<Branch>) {
        counts.resize(self.branches, Branch::default());
        let counters =
            usize::try_from(self.start).ok().and_then(|start| memory.get(start..)).unwrap_or_default();
        for (count, counter) in counts.iter_mut().zip(counters.as_chunks::<8>().0) {
            let [a, b, c, d, e, f, g, h] = *counter;
            count.taken = count.taken.saturating_add(u32::from_le_bytes([a, b, c, d]).into());
            count.passed = count.passed.saturating_add(u32::from_le_bytes([e, f, g, h]).into());
        }
    }
}

/// The module with counters at its conditional branches.
///
/// # Errors
/// When these bytes are no module with one memory of its own.
pub fn counting(module: &[u8]) -> anyhow::Result<Counting> {
    let branches: usize =
        super::branches::functions(module)?.iter().map(|function| function.branches.len()).sum();
    let (mut start, mut next) = (None, 0);
    let (mut parameters, mut of_functions) = (Vec::new(), Vec::new().into_iter());
    let (mut code, mut left) = (CodeSection::new(), 0);
    let mut result = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        match &payload {
            hints if is_hints(hints) => {}
            Payload::TypeSection(types) => {
                for function in types.clone().into_iter_err_on_gc_types() {
                    parameters.push(u32::try_from(function?.params().len())?);
                }
                copy(&mut result, module, &payload)?;
            }
            Payload::FunctionSection(functions) => {
                let of_type = |index: Result<u32, _>| {
                    parameters.get(index? as usize).copied().context("a function has a type")
                };
                of_functions = functions
                    .clone()
                    .into_iter()
                    .map(of_type)
                    .collect::<anyhow::Result<Vec<_>>>()?
                    .into_iter();
                copy(&mut result, module, &payload)?;
            }
            Payload::MemorySection(memories) => {
                let memory = memories.clone().into_iter().next().context("a module has a memory")??;
                start = Some(memory.initial.saturating_mul(PAGE));
                let pages = u64::try_from(branches)?.saturating_mul(COUNTERS).div_ceil(PAGE);
                result.section(MemorySection::new().memory(MemoryType {
                    minimum: memory.initial.saturating_add(pages),
                    maximum: memory.maximum,
                    memory64: memory.memory64,
                    shared: memory.shared,
                    page_size_log2: memory.page_size_log2,
                }));
            }
            Payload::CodeSectionStart { count, .. } => left = *count,
            Payload::CodeSectionEntry(body) => {
                let parameters = of_functions.next().context("a body has a function")?;
                next = count(
                    &mut code,
                    module,
                    (body, parameters),
                    start.context("a module has a memory")?,
                    next,
                )?;
                left -= 1;
                if left == 0 {
                    result.section(&code);
                }
            }
            _ => copy(&mut result, module, &payload)?,
        }
    }
    Ok(Counting { module: result.finish(), start: start.context("a module has a memory")?, branches })
}

/// Adds a function that counts its branches, the first of which is `next` among all; says which comes then.
fn count(
    code: &mut CodeSection,
    module: &[u8],
    (body, parameters): (&FunctionBody<'_>, u32),
    start: u64,
    mut next: u64,
) -> anyhow::Result<u64> {
    let mut locals = Vec::new();
    let mut first_free = parameters;
    for group in body.get_locals_reader()? {
        let (count, kind) = group?;
        first_free += count;
        let kind = ValType::try_from(kind).ok().context("a local is of a kind that is known")?;
        locals.push((count, kind));
    }
    locals.push((2, ValType::I32));
    let mut function = Function::new(locals);
    let operators: Vec<_> =
        body.get_operators_reader()?.into_iter_with_offsets().collect::<Result<_, _>>()?;
    let ends = operators.iter().skip(1).map(|(_, offset)| *offset).chain([body.range().end]);
    for ((operator, offset), end) in operators.iter().zip(ends) {
        if is_branch(operator) {
            let address = start.saturating_add(next.saturating_mul(COUNTERS));
            before_branch(&mut function, (first_free, first_free + 1), address);
            next += 1;
        }
        function.raw(bytes(module, *offset..end)?.iter().copied());
    }
    code.function(&function);
    Ok(next)
}

/// With the condition on the stack: counts it, and leaves it there.
fn before_branch(function: &mut Function, (condition, which): (u32, u32), address: u64) {
    let counter = MemArg { offset: address, align: 2, memory_index: 0 };
    let steps = [
        Instruction::LocalTee(condition),
        Instruction::LocalGet(condition),
        Instruction::I32Eqz,
        Instruction::I32Const(2),
        Instruction::I32Shl,
        Instruction::LocalTee(which),
        Instruction::LocalGet(which),
        Instruction::I32Load(counter),
        Instruction::I32Const(1),
        Instruction::I32Add,
        Instruction::I32Store(counter),
    ];
    for step in &steps {
        function.instruction(step);
    }
}
