//! What the core does over time, seen from outside: a world around it, single exchanges, and promises under random faults.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod contracts;
#[cfg(test)]
mod exchange;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod hedging;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod latency;
#[cfg(test)]
mod output_streams;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod overdue;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod retries;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod services;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod waiting;
#[cfg(test)]
mod world;
