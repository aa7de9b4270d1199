//! The test host from outside: host calls, determinism, what is told of mistakes (in
//! expectations and in policies), the language server, and the real module.

#[cfg(test)]
mod abi;
#[cfg(test)]
mod bless;
#[cfg(test)]
mod bundle;
#[cfg(test)]
mod command;
#[cfg(test)]
mod determinism;
#[cfg(test)]
mod expectations;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod formatting;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod halves;
#[cfg(test)]
mod init;
#[cfg(test)]
mod lsp;
#[cfg(test)]
mod manual;
#[cfg(test)]
mod module;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod support;
#[cfg(test)]
mod traps;
