//! Whole policies with mistakes, and the text that an admin reads about them.

use std::fs;

use super::bless;

#[test]
fn every_policy_is_reported_as_recorded() {
    let mut count = 0;
    for entry in fs::read_dir(bless::path("tests/golden")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "seawall") {
            continue;
        }
        count += 1;
        let source = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let checked = seawall_policy::check(&source);
        let rendered = seawall_policy::render(name, &source, &checked.diagnostics);
        bless::same(&path.with_extension("txt"), &rendered);
    }
    assert!(count >= 5, "the corpus has gone missing");
}
