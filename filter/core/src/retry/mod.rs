//! After a failed attempt: again, elsewhere, or no more; and what callers are told about trying again themselves.
//!
//! | module | what |
//! |---|---|
//! | [`rules`] | what follows a failure of each kind |
//! | [`backoff`] | how long to wait before the same target is asked again |
//! | [`hint`] | what providers say about when to come back |
//! | [`mod@budget`], [`share`] | how many retries all requests together may cost |
//! | [`hedge`] | when a second attempt is made beside one that is slow |
//! | [`advice`] | what the caller's SDK is told |

mod advice;
mod backoff;
mod budget;
pub(crate) mod hedge;
mod hint;
mod rules;
mod share;

pub(crate) use self::advice::advise;
pub(crate) use self::budget::{bound as budget, is_callers_retry};
pub(crate) use self::hint::{LONGEST, leading_span, wait, wait_ms};
pub(crate) use self::rules::{Failed, Progress, Scope, Step, next, scope};
pub(crate) use self::share::{Bound, Unwritten};

#[cfg(test)]
mod explained;
