use wasmtime::{Engine, Instance, Store};

use super::{Branch, Counting, Given, counting, with_hints};

/// Two functions, after an import that has an index too. `often` jumps out of its block for all numbers but 7.
const MODULE: &str = r#"(module
    (import "env" "unused" (func))
    (memory (export "memory") 1)
    (func $either (param i32) (result i32)
        (if (result i32) (i32.and (local.get 0) (i32.const 1)) (then (i32.const 10)) (else (i32.const 20))))
    (func (export "often") (param i32) (result i32) (local i64)
        (block (br_if 0 (i32.ne (local.get 0) (i32.const 7))) (return (i32.const -1)))
        (block (br_if 0 (i32.eq (local.get 0) (i32.const 1000)))
            (i32.store (i32.const 65532) (local.get 0)))
        (call $either (local.get 0)))
    (func (export "never") (param i32) (block (br_if 0 (local.get 0)))))"#;

fn counted(numbers: std::ops::Range<i32>) -> (Vec<u8>, Vec<Branch>) {
    let module = wat::parse_str(MODULE).unwrap();
    let counting = counting(&module).unwrap();
    let engine = Engine::default();
    let compiled = wasmtime::Module::new(&engine, &counting.module).unwrap();
    let mut store = Store::new(&engine, ());
    let unused = wasmtime::Func::wrap(&mut store, || ());
    let instance = Instance::new(&mut store, &compiled, &[unused.into()]).unwrap();
    let often = instance.get_typed_func::<i32, i32>(&mut store, "often").unwrap();
    for number in numbers {
        let expected = if number == 7 {
            -1
        } else if number % 2 == 1 {
            10
        } else {
            20
        };
        assert_eq!(often.call(&mut store, number).unwrap(), expected, "it does what it did before");
    }
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    let mut counts = Vec::new();
    counting.add(memory.data(&store), &mut counts);
    (module, counts)
}

#[test]
fn branches_are_counted_in_the_order_of_the_code() {
    let (_, counts) = counted(0..100);
    let branch = |taken, passed| Branch { taken, passed };
    assert_eq!(counts, [branch(49, 50), branch(99, 1), branch(0, 99), branch(0, 0)]);
}

#[test]
fn only_what_nearly_always_goes_one_way_gets_a_hint_and_the_rest_of_the_module_stays() {
    let (module, counts) = counted(0..100);
    let (hinted, given) = with_hints(&module, &counts).unwrap();
    assert_eq!(given, Given { branches: 4, met: 3, hinted: 2 });
    let pointed = pointed_at(&hinted);
    assert_eq!(pointed, [(2, vec![(true, "BrIf"), (false, "BrIf")])]);
    let (again, _) = with_hints(&hinted, &counts).unwrap();
    assert_eq!(again, hinted, "hints take the place of those that were there");
    let Counting { branches, .. } = counting(&hinted).unwrap();
    assert_eq!(branches, 4);
}

#[test]
fn counts_of_another_module_are_refused() {
    let (module, mut counts) = counted(0..1);
    counts.pop();
    assert!(with_hints(&module, &counts).is_err());
    counts.extend([Branch::default(); 2]);
    assert!(with_hints(&module, &counts).is_err());
}

/// By function: each hint, and the instruction that stands where it points to.
fn pointed_at(module: &[u8]) -> Vec<(u32, Vec<(bool, &'static str)>)> {
    use wasmparser::{KnownCustom, Operator, Parser, Payload};
    let (mut hints, mut found, mut index) = (Vec::new(), Vec::new(), 1);
    for payload in Parser::new(0).parse_all(module) {
        match payload.unwrap() {
            Payload::CustomSection(custom) => {
                let KnownCustom::BranchHints(section) = custom.as_known() else { continue };
                assert!(found.is_empty(), "hints come before the code");
                hints.extend(section.into_iter().map(|of| {
                    let of = of.unwrap();
                    (of.func, of.hints.into_iter().map(|hint| hint.unwrap()).collect::<Vec<_>>())
                }));
            }
            Payload::CodeSectionEntry(body) => {
                let Some((_, of)) = hints.iter().find(|(function, _)| *function == index) else {
                    index += 1;
                    continue;
                };
                let at = |offset: u32| {
                    let mut operators = body.get_operators_reader().unwrap().into_iter_with_offsets();
                    let place = body.range().start + offset as usize;
                    let operator = operators.find_map(|found| found.ok().filter(|(_, at)| *at == place));
                    match operator.expect("a hint points to an instruction").0 {
                        Operator::BrIf { .. } => "BrIf",
                        Operator::If { .. } => "If",
                        _ => "something else",
                    }
                };
                found.push((index, of.iter().map(|hint| (hint.taken, at(hint.func_offset))).collect()));
                index += 1;
            }
            _ => {}
        }
    }
    found
}
