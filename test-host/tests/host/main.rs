//! The test host from outside: host calls, determinism, what is told of mistakes (in
//! expectations and in policies), and the real module.

#[cfg(test)]
mod abi;
#[cfg(test)]
mod bless;
#[cfg(test)]
mod determinism;
#[cfg(test)]
mod expectations;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod module;
#[cfg(test)]
mod support;
