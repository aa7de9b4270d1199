//! Bounds that hold for any input.

use std::time::{Duration, Instant};

use seawall_policy::{Code, MAX_SOURCE_BYTES, check, render};

#[test]
fn a_file_of_exactly_the_limit_is_read() {
    let policy = "seawall 1\nroute default { pass }\n//";
    let source = format!("{policy}{}", "x".repeat(MAX_SOURCE_BYTES - policy.len()));
    assert!(check(&source).policy.is_some());
}

#[test]
fn thirty_two_blocks_may_stand_in_each_other() {
    let nested = |inner: usize| {
        let source = format!("seawall 1\nroute r {{ contract {}{} }}", "{".repeat(inner), "}".repeat(inner));
        check(&source).diagnostics.iter().any(|found| found.code == Code::NestingTooDeep)
    };
    assert!(!nested(31));
    assert!(nested(32));
}

/// Not a measurement: a quadratic step in any of these would take minutes, and the bound is generous to slow machines.
#[test]
fn hostile_files_take_linear_time() {
    let fill = |piece: &str| format!("seawall 1\n{}", piece.repeat(MAX_SOURCE_BYTES / piece.len() - 16));
    let names: String = (0..9_000)
        .map(|i| format!("target openai_region_{i} {{ cluster \"c\"  provider openai }}\n"))
        .collect();
    let plan: String = (0..20_000).map(|i| format!("openai_region_x{i}, ")).collect();
    let inputs = [
        fill("{"),
        fill("}"),
        fill("\""),
        fill("/a "),
        fill("\\/"),
        fill(" /x\\/"),
        fill("<<A\n"),
        fill("`"),
        fill("\n"),
        fill(","),
        fill("@ "),
        fill("ö"),
        fill("“ "),
        fill("' "),
        fill("1 "),
        fill("retry a {\n"),
        fill("route a { contract {\n"),
        fill("target a { auth bearer \"x\" "),
        fill("timeout 1 "),
        format!("seawall 1\nroute a {{ {}", "timeout 30 ".repeat(90_000)),
        format!("seawall 1\nroute a {{ {}", "then a ".repeat(140_000)),
        format!("seawall 1\nroute a {{ try {}", "a, ".repeat(300_000)),
        format!("seawall 1\nroute a {{ {}", "match path \"/a\" ".repeat(60_000)),
        format!("seawall 1\n{names}route r {{ match path \"/\" try {plan} z }}"),
        (0..12_000)
            .map(|i| format!("route r{i} {{ match path \"/{}{i}\" try a }}\n", "x".repeat(40)))
            .collect(),
    ];
    for source in inputs {
        let shown: String = source.chars().skip(10).take(40).collect();
        let start = Instant::now();
        let checked = check(&source);
        let text = render("p", &source, &checked.diagnostics);
        let took = start.elapsed();
        assert!(
            checked.diagnostics.len() <= 102 && text.len() < 100_000,
            "{shown}: {}",
            checked.diagnostics.len()
        );
        assert!(took < Duration::from_secs(60), "{shown} took {took:?}");
    }
}
