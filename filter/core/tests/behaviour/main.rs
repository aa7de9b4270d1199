//! What the core does over time, seen from outside: a world around it, single exchanges, and promises under random faults.

mod exchange;
mod invariants;
mod world;
