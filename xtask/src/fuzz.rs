//! The fuzzer of the policy language: libFuzzer, guided by coverage, on the stable toolchain.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::parts::Parts;
use crate::run::{cargo, step};

const PACKAGE: &str = "seawall-policy-fuzz";

/// Texts that it starts from: what it found before, and the policies of the tests.
const SEEDS: [&str; 3] = ["policy-dsl/fuzz/corpus", "policy-dsl/tests", "policy-dsl/tests/golden"];

/// LLVM's coverage of edges and comparisons, as libFuzzer wants it. `cargo fuzz` asks for the same, and for sanitizers,
/// which need a nightly compiler; there is no unsafe code here that they could watch.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

#[derive(Args)]
pub(crate) struct Flags {
    /// How long it looks.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// To repeat a run; each prints its own.
    #[arg(long)]
    seed: Option<u32>,
    /// Texts that failed: they are judged again, and nothing else is done.
    files: Vec<PathBuf>,
}

impl Flags {
    /// What CI does.
    pub(crate) fn of_ci() -> Self {
        Self { seconds: 60, seed: None, files: Vec::new() }
    }
}

pub(crate) fn fuzz(parts: &Parts, flags: &Flags) -> Result<()> {
    let host = host()?;
    let target = parts.target().join("fuzz");
    let mut build = cargo(["build", "--quiet", "--package", PACKAGE, "--bin", "fuzz-policy"]);
    build
        .args(["--features", "libfuzzer", "--profile", "fuzz", "--target", &host, "--target-dir"])
        .arg(&target);
    // With a target named, the flags are for the code and not for build scripts.
    step("build the fuzzer", build.env("RUSTFLAGS", COVERAGE))?;

    let mut run = Command::new(target.join(&host).join("fuzz/fuzz-policy"));
    // A hang is a failure: the longest text takes a thousandth of this.
    run.arg("-timeout=10");
    if flags.files.is_empty() {
        let found = target.join("corpus");
        std::fs::create_dir_all(&found)?;
        let seed = flags.seed.unwrap_or_else(any_seed);
        eprintln!("to repeat this run: cargo xtask fuzz --seed {seed}");
        run.args(["-verbosity=0", "-max_len=2048", "-print_final_stats=1"]).arg(format!("-seed={seed}"));
        run.arg(format!("-max_total_time={}", flags.seconds));
        run.arg(format!("-dict={}", dictionary(&target)?.display()));
        // What fails is written there, and named in the output.
        run.arg(format!("-artifact_prefix={}/", target.display()));
        let policies = target.join("policies");
        policies_of_markdown(&policies)?;
        run.arg(found).args(SEEDS).arg(policies);
    } else {
        run.args(&flags.files);
    }
    step("hostile policies", &mut run).context(
        "to judge a text again that failed: cargo xtask fuzz FILE; keep it in policy-dsl/fuzz/corpus",
    )
}

/// The words of the language, in a file.
fn dictionary(target: &Path) -> Result<PathBuf> {
    let mut print = cargo(["run", "--quiet", "--package", PACKAGE, "--bin", "dictionary"]);
    let output = print.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "can't print the dictionary");
    let path = target.join("policy.dict");
    std::fs::write(&path, output.stdout)?;
    Ok(path)
}

/// Another one each time; libFuzzer takes 0 for none.
fn any_seed() -> u32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.subsec_nanos().max(1)
}

/// The machine's own target.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("can't run rustc")?;
    let text = String::from_utf8(output.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_string).context("rustc names no host")
}

/// Writes every policy that stands in a Markdown file as a text of its own: the literate tests and the explanations.
fn policies_of_markdown(into: &Path) -> Result<()> {
    std::fs::create_dir_all(into)?;
    for directory in ["policy-dsl/tests/literate", "policy-dsl/src/diagnostic/codes"] {
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            let text = std::fs::read_to_string(&path)?;
            let name = path.file_stem().unwrap_or_default().display();
            let fences = text.split("\n```seawall").skip(1).filter_map(|rest| rest.split_once('\n'));
            for (number, (_, rest)) in fences.enumerate() {
                let policy = rest.split("\n```").next().unwrap_or_default();
                std::fs::write(into.join(format!("{name}-{number}")), policy)?;
            }
        }
    }
    Ok(())
}
