//! Schemas that apply themselves to the same value again, without an end, are refused.

use super::Refusal;
use crate::program::{Body, Check, Entry, Id, Program};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

/// A depth-first search with a stack of its own.
pub(super) fn refuse(program: &Program) -> Result<(), Refusal> {
    let mut marks = vec![Mark::New; program.schemas.len()];
    let mut stack: Vec<(Id, Vec<Id>)> = Vec::new();
    for start in 0..program.schemas.len() as Id {
        let mut next = Some(start);
        loop {
            if let Some(id) = next.take() {
                match marks.get_mut(id as usize) {
                    Some(mark @ Mark::New) => {
                        *mark = Mark::Open;
                        stack.push((id, in_place(program, id)));
                    }
                    Some(Mark::Open) => {
                        let reason = "applies itself to the same value, without an end";
                        return Err(Refusal::new(program.pointer(id), reason));
                    }
                    _ => {}
                }
            }
            let Some((id, rest)) = stack.last_mut() else { break };
            next = rest.pop();
            if next.is_none() {
                if let Some(mark) = marks.get_mut(*id as usize) {
                    *mark = Mark::Done;
                }
                stack.pop();
            }
        }
    }
    Ok(())
}

/// The schemas that this one applies to the same value.
fn in_place(program: &Program, id: Id) -> Vec<Id> {
    let Some(Entry { body: Body::Steps { first, last, .. }, .. }) = program.schemas.get(id as usize) else {
        return Vec::new();
    };
    let mut ids = Vec::new();
    for step in program.steps(*first, *last) {
        match &step.check {
            Check::Ref(id) | Check::Not(id) | Check::DynamicRef { fallback: id, .. } => ids.push(*id),
            Check::AllOf(all) | Check::AnyOf(all) | Check::OneOf(all) => ids.extend(all),
            Check::If { condition, then, otherwise } => {
                ids.push(*condition);
                ids.extend(*then);
                ids.extend(*otherwise);
            }
            Check::DependentSchemas(all) => ids.extend(all.iter().map(|(_, id)| *id)),
            _ => {}
        }
    }
    ids
}
