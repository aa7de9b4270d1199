//! Envoy's reasons for an answer of its own.

use seawall_core::Origin;

/// Reads a reason: the response code details of the router path (`upstream_reset_before_response_started{…}`), or the text
/// of the answer to a dispatched call (`upstream connect error or disconnect/reset before headers. reset reason: …`). Both
/// use the same words. `None` when it is no reason of Envoy's.
pub(crate) fn of(reason: &[u8]) -> Option<Origin> {
    let reason = String::from_utf8_lossy(reason).replace('_', " ");
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    // In this order: a failed connection is also called a reset, and one that timed out a timeout.
    if has(&[
        "connection failure",
        "connection timeout",
        "overflow",
        "no healthy upstream",
        "cluster not found",
    ]) {
        Some(Origin::Connect)
    } else if has(&["timeout"]) {
        Some(Origin::Timeout)
    } else if has(&["upstream reset", "reset before headers", "protocol error"]) {
        Some(Origin::Reset)
    } else {
        None
    }
}
