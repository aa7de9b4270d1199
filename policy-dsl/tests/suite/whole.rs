//! The reference policy: one that uses all of the language, for the tests, the formatter and the benches.

use std::fs;

use seawall_policy::{Code, Scope, check, check_as, render};

use super::bless;

fn reference() -> String {
    fs::read_to_string(bless::path("tests/reference.seawall")).unwrap()
}

#[test]
fn the_reference_policy_is_accepted_but_for_a_tenant_that_callers_can_choose() {
    let source = reference();
    let checked = check_as(&source, Scope::WholeLanguage);
    let text = render("reference.seawall", &source, &checked.diagnostics);
    let found: Vec<_> =
        checked.diagnostics.iter().map(|found| (found.code, found.span.text(&source))).collect();
    assert_eq!(found, [(Code::ForgeableTenant, "header \"x-tenant-id\"")], "{text}");
    let policy = checked.policy.unwrap();
    assert_eq!((policy.targets.len(), policy.limits.len(), policy.routes.len()), (7, 5, 1));
}

#[test]
fn this_version_refuses_of_the_reference_policy_only_what_it_cannot_carry_out() {
    let source = reference();
    let checked = check(&source);
    let refused = checked.diagnostics.iter().all(|found| found.code == Code::NotSupported);
    assert!(refused, "{}", render("reference.seawall", &source, &checked.diagnostics));
    assert_eq!(checked.policy.is_none(), !checked.diagnostics.is_empty());
}
