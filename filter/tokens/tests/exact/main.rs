//! Counts beside those of tiktoken-rs, the reference.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod random;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod vocabulary;
