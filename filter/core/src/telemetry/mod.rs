//! The only spelling of every word that logs, metrics and answer headers use.

mod decision;
mod events;
mod metric;
mod outcome;
mod reason;

pub use self::decision::Decision;
pub use self::events::{
    BreakerState, ContractEvent, HedgeEvent, LimitEvent, OutputEvent, SampleEvent, SampleKind, ServiceFault,
    Tokens,
};
pub use self::metric::Metric;
pub use self::outcome::{Next, Outcome};
pub use self::reason::Reason;
