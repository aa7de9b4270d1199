//! The provider from outside: plans as text, answers as values, faults as a client sees them.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod apis;
#[cfg(test)]
mod asks;
#[cfg(test)]
mod client;
#[cfg(test)]
mod control;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod scripts;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod streams;
