//! The drafts' own schemas, for those that refer to them.

use crate::json::Document;

/// The prefix of their URIs, then the URIs and the texts.
type Family = (&'static str, &'static [(&'static str, &'static str)]);

macro_rules! family {
    ($prefix:literal, $($path:literal = $file:literal),+) => {
        ($prefix, &[$((concat!($prefix, $path), include_str!(concat!("../metaschemas/", $file)))),+])
    };
}

static FAMILIES: [Family; 5] = [
    family!("http://json-schema.org/draft-04/", "schema" = "draft4.json"),
    family!("http://json-schema.org/draft-06/", "schema" = "draft6.json"),
    family!("http://json-schema.org/draft-07/", "schema" = "draft7.json"),
    family!(
        "https://json-schema.org/draft/2019-09/",
        "schema" = "2019-09/schema.json",
        "meta/core" = "2019-09/core.json",
        "meta/applicator" = "2019-09/applicator.json",
        "meta/validation" = "2019-09/validation.json",
        "meta/meta-data" = "2019-09/meta-data.json",
        "meta/format" = "2019-09/format.json",
        "meta/content" = "2019-09/content.json"
    ),
    family!(
        "https://json-schema.org/draft/2020-12/",
        "schema" = "2020-12/schema.json",
        "meta/core" = "2020-12/core.json",
        "meta/applicator" = "2020-12/applicator.json",
        "meta/unevaluated" = "2020-12/unevaluated.json",
        "meta/validation" = "2020-12/validation.json",
        "meta/meta-data" = "2020-12/meta-data.json",
        "meta/format-annotation" = "2020-12/format-annotation.json",
        "meta/content" = "2020-12/content.json"
    ),
];

/// The families that one of the documents refers to.
pub(super) fn needed(documents: &[Document<'_>]) -> Vec<(&'static str, &'static str)> {
    let refers = |prefix: &str| documents.iter().any(|document| document.has_ref_to(prefix));
    FAMILIES
        .iter()
        .filter(|(prefix, _)| refers(prefix))
        .flat_map(|(_, family)| family.iter().copied())
        .collect()
}
