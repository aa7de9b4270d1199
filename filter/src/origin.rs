//! Envoy's reasons for an answer of its own.

use seawall_core::Origin;

/// Reads a reason: the response code details of the router path (`upstream_reset_before_response_started{…}`), or the text
/// of the answer to a dispatched call (`upstream connect error or disconnect/reset before headers. reset reason: …`). Both
/// use the same words. `None` when it is no reason of Envoy's.
pub(crate) fn of(reason: &[u8]) -> Option<Origin> {
    let reason = String::from_utf8_lossy(reason).replace('_', " ");
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    // In this order: a failed connection is also called a reset, and one that timed out a timeout.
    if has(&["connection failure", "connection timeout", "no healthy upstream", "cluster not found"]) {
        Some(Origin::Connect)
    } else if has(&["overflow"]) {
        Some(Origin::Full)
    } else if has(&["timeout"]) {
        Some(Origin::Timeout)
    } else if has(&["upstream reset", "reset before headers", "protocol error"]) {
        Some(Origin::Reset)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envoys_reasons_are_told_apart() {
        for (reason, origin) in [
            ("upstream_reset_before_response_started{remote_connection_failure}", Some(Origin::Connect)),
            ("upstream_reset_before_response_started{connection_timeout}", Some(Origin::Connect)),
            ("no_healthy_upstream", Some(Origin::Connect)),
            ("upstream_reset_before_response_started{overflow}", Some(Origin::Full)),
            (
                "upstream connect error or disconnect/reset before headers. reset reason: overflow",
                Some(Origin::Full),
            ),
            ("response_timeout", Some(Origin::Timeout)),
            ("upstream_reset_before_response_started{connection_termination}", Some(Origin::Reset)),
            ("via_upstream", None),
        ] {
            assert_eq!(of(reason.as_bytes()), origin, "{reason}");
        }
    }
}
