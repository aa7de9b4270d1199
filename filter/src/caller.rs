//! Who the caller is, and what its conversation is called, as far as Envoy has found out before this filter.

use seawall_core::{Identity, Text};

use crate::host;

/// Where Envoy's JWT filter leaves a verified token: under what `payload_in_metadata` says. These are what people write there.
const PAYLOADS: [&str; 2] = ["jwt_payload", "payload"];

/// Names in a client's certificate, in the order in which they are asked for.
const NAMES: [&str; 2] = ["connection\0uri_san_peer_certificate", "connection\0dns_san_peer_certificate"];

/// What the host knows: these claims of the token, the name in the certificate, and these metadata.
pub(crate) fn who(claims: &[Text], metadata: &[(Text, Text)]) -> Identity {
    let claim = |name: &Text| {
        PAYLOADS.iter().find_map(|payload| {
            text(&["metadata\0filter_metadata\0envoy.filters.http.jwt_authn\0", payload, "\0", name].concat())
        })
    };
    let said =
        |(space, key): &(Text, Text)| text(&["metadata\0filter_metadata\0", space, "\0", key].concat());
    let metadata = metadata.iter().map(said).collect();
    Identity {
        metadata,
        claims: claims.iter().map(claim).collect(),
        san: NAMES.iter().find_map(|name| text(name)),
    }
}

fn text(path: &str) -> Option<String> {
    Identity::name(host::property(path)?)
}
