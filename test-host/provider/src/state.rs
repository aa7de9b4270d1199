//! Where a provider stands in its plan.

use std::collections::VecDeque;

use crate::plan::{Plan, Times};
use crate::script::Behaviour;

/// Hands out the behaviour for each request in turn; see [`Plan`].
#[derive(Clone, Debug)]
pub struct ScriptState {
    plan: State,
}

#[derive(Clone, Debug)]
enum State {
    Refused,
    Script(VecDeque<Behaviour>),
}

impl ScriptState {
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let plan = match plan {
            Plan::Refused => State::Refused,
            Plan::Script(behaviours) => State::Script(behaviours.into()),
        };
        Self { plan }
    }

    /// Whether connections are refused.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.plan, State::Refused)
    }

    /// The behaviour for the next request, or `None` while connections are refused.
    pub fn advance(&mut self) -> Option<Behaviour> {
        let State::Script(script) = &mut self.plan else { return None };
        let Some(first) = script.front_mut() else { return Some(Behaviour::default()) };
        match &mut first.times {
            Times::Count(left) if *left > 1 => {
                *left -= 1;
                Some(first.clone())
            }
            Times::Count(_) => script.pop_front(),
            Times::Forever => Some(first.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Refused, or the status to answer with, if the script names one.
    fn statuses(plan: Plan, requests: usize) -> Vec<Option<Option<u16>>> {
        let mut state = ScriptState::new(plan);
        (0..requests).map(|_| state.advance().map(|behaviour| behaviour.status)).collect()
    }

    fn with(status: u16, times: Times) -> Behaviour {
        Behaviour { status: Some(status), times, ..Behaviour::default() }
    }

    #[test]
    fn behaviours_follow_each_other_and_then_all_is_well() {
        let plan = Plan::Script(vec![with(429, Times::Count(2)), with(500, Times::Count(1))]);
        assert_eq!(statuses(plan, 5), [Some(429), Some(429), Some(500), None, None].map(Some));
    }

    #[test]
    fn forever_never_ends() {
        let plan = Plan::Script(vec![
            with(500, Times::Count(1)),
            with(503, Times::Forever),
            with(400, Times::Count(1)),
        ]);
        assert_eq!(statuses(plan, 4), [500, 503, 503, 503].map(|status| Some(Some(status))));
    }

    #[test]
    fn an_empty_script_answers_correctly() {
        assert_eq!(statuses(Plan::default(), 2), [Some(None), Some(None)]);
    }

    #[test]
    fn refused_stays_refused() {
        assert!(ScriptState::new(Plan::Refused).is_refused());
        assert_eq!(statuses(Plan::Refused, 2), [None, None]);
    }
}
