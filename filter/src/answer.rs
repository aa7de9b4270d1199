//! Answers on the router's path, as the host holds them now.

use crate::types::MapType;
use seawall_core::{Answer, Origin};

use crate::{host, origin};

/// The answer whose headers the router has just delivered: a provider's, or the host's own.
pub(crate) fn downstream() -> Answer {
    let mut answer = upstream();
    if answer.status >= 400 {
        let details = host::property("response\0code_details").unwrap_or_default();
        answer.origin = origin::of(&details).unwrap_or(Origin::Provider);
    }
    answer
}

/// The answer whose headers a provider has just sent.
pub(crate) fn upstream() -> Answer {
    let headers = host::headers(MapType::Response);
    let status = headers.get(":status").and_then(|status| status.parse().ok()).unwrap_or_default();
    Answer { status, headers, body: Vec::new(), origin: Origin::Provider }
}

/// Whether the connection to the provider broke while its answer was on its way, as the host logs it of the stream under way.
pub(crate) fn broke() -> bool {
    let details = host::property("response\0code_details").unwrap_or_default();
    details.starts_with(b"upstream_reset_after_response_started") || details == b"response_timeout"
}
