//! The tests that don't pass, and why.

/// A schema whose `$schema` is a metaschema of somebody's own, with other vocabularies. It is refused: nothing is fetched, and what
/// such a schema would mean depends on what is.
const OWN_METASCHEMA: [&str; 4] = [
    "vocabulary | schema that uses custom metaschema with with no validation vocabulary",
    "vocabulary | ignore unrecognized optional vocabulary",
    "optional/format-assertion | schema that uses custom metaschema with format-assertion: false",
    "optional/format-assertion | schema that uses custom metaschema with format-assertion: true",
];

/// Whether letters join across a zero-width non-joiner (RFC 5892, A.1) takes a table that nothing else needs.
const JOINING: &str = "optional/format/idn-hostname | validation of internationalized host names | ZERO WIDTH NON-JOINER not preceded by Virama but matches regexp";

/// By how their names begin.
pub(super) fn of(draft: &str) -> Vec<&'static str> {
    let of_all = OWN_METASCHEMA.into_iter().chain([JOINING]);
    of_all
        .filter(|exception| match draft {
            "draft4" | "draft6" => false,
            "draft7" => *exception == JOINING,
            "draft2019-09" => !exception.starts_with("optional/format-assertion"),
            _ => true,
        })
        .collect()
}

/// Whether a schema of this draft may mean this document. Other drafts' are meant only where they are named.
pub(super) fn is_given(draft: &str, schema: &str, uri: &str) -> bool {
    let path = uri.trim_start_matches("http://localhost:1234/");
    !path.starts_with("draft") || path.starts_with(&format!("{draft}/")) || schema.contains(uri)
}
