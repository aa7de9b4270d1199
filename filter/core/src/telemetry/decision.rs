//! What is logged.

use std::fmt;
use std::time::Duration;

use super::{BreakerState, ContractEvent, LimitEvent, Next, Outcome, OutputEvent, Reason, ServiceFault};
use crate::breaker::Cause;
use crate::effect::Text;
use crate::output::Broken;

/// One line of the decision trace. Printed as `<what> <key>=<value> …`; prompts, answers and credentials are never part
/// of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// No route takes it.
    Pass { exchange: u32 },
    /// An attempt has ended.
    Attempt {
        exchange: u32,
        n: u32,
        target: Text,
        outcome: Outcome,
        status: u16,
        next: Next,
        wait: Option<Duration>,
        /// The provider's own name for the error.
        code: Option<Text>,
        /// What ran out, where the provider limits it.
        limit: Option<&'static str>,
    },
    /// The client has its answer. No route where none had taken the request yet.
    Answer {
        exchange: u32,
        route: Option<Text>,
        status: u16,
        attempts: u32,
        target: Option<Text>,
        reason: Reason,
    },
    /// A breaker has changed, and why. No model where it stands for all that have none of their own.
    Breaker { target: Text, model: Option<Text>, from: BreakerState, to: BreakerState, cause: Cause },
    /// A limit refuses, or tells of itself.
    Limit { exchange: u32, limit: Text, event: LimitEvent, wait: Option<Duration> },
    /// A route's contract refuses a request, or changes it: what the rule counted, and what it admits.
    Contract { exchange: u32, route: Text, rule: &'static str, event: ContractEvent, counted: u64, most: u64 },
    /// An answer doesn't fit the output of its route, by these rules; or can't be checked.
    Output { exchange: u32, target: Text, event: OutputEvent, broken: Broken },
    /// The requests of a route take longer than its contract says, or no longer do.
    Latency { route: Text, percentile: u8, now: Duration, most: Duration },
    /// A rate limit service is away, for this reason; or back.
    Service { cluster: Text, fault: Option<ServiceFault> },
    /// What a conversation may come to refuses, or tells of itself.
    Conversation { exchange: u32, route: Text, event: LimitEvent, wait: Option<Duration> },
    /// An answer of a target has got a score, in ten-thousandths.
    Score { route: Text, target: Text, score: u32 },
    /// The answers of a target and model have moved too far from where they used to be, or are back; in ten-thousandths.
    Drift { route: Text, target: Text, model: Option<Text>, is_away: bool, distance: u32, alert: u32 },
    /// The host holds back bodies while headers are held, so no request can be understood.
    BodyNeverArrives,
}

impl Decision {
    /// Whether somebody should see this without asking for details.
    #[must_use]
    pub fn is_news(&self) -> bool {
        matches!(
            self,
            Self::Breaker { .. }
                | Self::Service { .. }
                | Self::BodyNeverArrives
                | Self::Latency { .. }
                | Self::Drift { .. }
                | Self::Limit { event: LimitEvent::Warns | LimitEvent::Anomaly, .. }
                | Self::Conversation { event: LimitEvent::Warns, .. }
        )
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seawall ")?;
        match self {
            Self::Pass { exchange } => write!(f, "pass exchange={exchange}"),
            Self::Attempt { exchange, n, target, outcome, status, next, wait, code, limit } => {
                let (outcome, next) = (outcome.word(), next.word());
                write!(f, "attempt n={n} target={target} outcome={outcome} status={status} next={next}")?;
                write!(f, " exchange={exchange}")?;
                if let Some(wait) = wait {
                    write!(f, " wait_ms={}", wait.as_millis())?;
                }
                for (key, value) in [(" code=", code.as_deref()), (" limit=", *limit)] {
                    if let Some(value) = value {
                        f.write_str(key)?;
                        f.write_str(value)?;
                    }
                }
                Ok(())
            }
            Self::Answer { exchange, route, status, attempts, target, reason } => {
                let [route, target] = [route, target].map(|name| name.as_deref().unwrap_or("-"));
                let reason = reason.word();
                write!(f, "answer status={status} attempts={attempts} target={target} reason={reason}")?;
                write!(f, " route={route} exchange={exchange}")
            }
            Self::Breaker { target, model, from, to, cause } => {
                write!(f, "breaker target={target} from={} to={}", from.word(), to.word())?;
                write!(f, " reason={cause}")?;
                model.as_ref().map_or(Ok(()), |model| write!(f, " model={model}"))
            }
            Self::Limit { exchange, limit, event, wait } => {
                write!(f, "limit limit={limit} event={} exchange={exchange}", event.word())?;
                wait.map_or(Ok(()), |wait| write!(f, " wait_ms={}", wait.as_millis()))
            }
            Self::Contract { exchange, route, rule, event, counted, most } => {
                write!(f, "contract route={route} rule={rule} event={} counted={counted}", event.word())?;
                write!(f, " most={most} exchange={exchange}")
            }
            Self::Output { exchange, target, event, broken } => {
                write!(f, "output target={target} event={}", event.word())?;
                for (at, rule) in broken.rules().enumerate() {
                    write!(f, "{}{}", if at == 0 { " rules=" } else { "," }, rule.word())?;
                }
                write!(f, " exchange={exchange}")
            }
            Self::Latency { route, percentile, now, most } => {
                let event = if now > most { "slow" } else { "in_time" };
                let (now, most) = (now.as_millis(), most.as_millis());
                write!(f, "contract route={route} rule=latency event={event} percentile=p{percentile}")?;
                write!(f, " now_ms={now} most_ms={most}")
            }
            Self::Service { cluster, fault } => {
                let state = if fault.is_some() { "away" } else { "back" };
                write!(f, "service cluster={cluster} state={state}")?;
                fault.map_or(Ok(()), |fault| write!(f, " reason={}", fault.word()))
            }
            Self::Conversation { exchange, route, event, wait } => {
                write!(f, "conversation route={route} event={} exchange={exchange}", event.word())?;
                wait.map_or(Ok(()), |wait| write!(f, " wait_ms={}", wait.as_millis()))
            }
            Self::Score { route, target, score } => {
                write!(f, "score route={route} target={target} score={}", Parts(*score))
            }
            Self::Drift { route, target, model, is_away, distance, alert } => {
                let event = if *is_away { "away" } else { "back" };
                write!(f, "drift route={route} target={target} event={event} distance={}", Parts(*distance))?;
                write!(f, " alert={}", Parts(*alert))?;
                model.as_ref().map_or(Ok(()), |model| write!(f, " model={model}"))
            }
            Self::BodyNeverArrives => f.write_str(concat!(
                "misconfigured: the body of a request does not arrive while its headers are held; set ",
                "allow_on_headers_stop_iteration: true in this filter's PluginConfig (Envoy 1.35 or later)"
            )),
        }
    }
}

/// Ten-thousandths, as a number with four decimals.
struct Parts(u32);

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04}", self.0 / 10_000, self.0 % 10_000)
    }
}
