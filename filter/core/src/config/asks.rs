//! What a policy makes the filter find out.

use seawall_policy::condition::{NumberName, Slot, TextName};
use seawall_policy::policy::Policy;

/// What a policy asks for beyond what is read anyway: found out once, as it takes a walk over all routes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asks {
    /// Conditions: who calls.
    pub(crate) caller: bool,
    /// Conditions: how many tokens the prompt has.
    pub(crate) tokens: bool,
    /// Limits or conditions: who calls, where only the host knows.
    pub(crate) host: bool,
    /// Limits or quotas: what is used.
    pub(crate) counting: bool,
}

impl Asks {
    pub(super) fn of(policy: &Policy) -> Self {
        let asks =
            |slot| policy.routes.iter().filter_map(|route| route.when.as_ref()).any(|when| when.asks(slot));
        Self {
            caller: asks(Slot::Text(TextName::Tenant)) || asks(Slot::Text(TextName::Tier)),
            tokens: asks(Slot::Number(NumberName::InputTokens)),
            ..Self::default()
        }
    }
}
