//! Where names are defined and used, and how they change.

use seawall_policy::ide::{Document, Place};
use seawall_policy::{Fix, Scope, apply, check_as};

use super::{cursor, with};

fn renamed(marked: &str, name: &str) -> Result<String, String> {
    let (source, at) = cursor(marked);
    let edits = Document::new(&source).rename(at, name).map_err(|refusal| refusal.message)?;
    Ok(apply(&source, &[&Fix { title: String::new(), edits }]).text)
}

#[test]
fn names_are_found_by_kind_at_every_end_of_the_word() {
    for (marked, wanted) in [
        ("target $0a { }", Some(("target", "a", Place::Definition))),
        ("target a$0 { }", Some(("target", "a", Place::Definition))),
        ("route r { try $0a, b }", Some(("target", "a", Place::Reference))),
        ("route r { try a$0, b }", Some(("target", "a", Place::Reference))),
        ("route r { try a, b$0 }", Some(("target", "b", Place::Reference))),
        ("route r { retry a$0 }", Some(("retry", "a", Place::Reference))),
        ("route r { try a b$0 }", Some(("target", "b", Place::Reference))),
        ("group g { a, b$0 }", Some(("target", "b", Place::Reference))),
        ("limit l per group g$0 { }", Some(("group", "g", Place::Reference))),
        ("test \"t\" { upstream a$0 { cut } }", Some(("target", "a", Place::Reference))),
        ("route r { contract { input <= 5 tokens else use a$0 } }", Some(("target", "a", Place::Reference))),
        ("route r { output { judge 2% by a$0 prompt file \"f\" } }", Some(("target", "a", Place::Reference))),
        ("t$0arget a { }", None),
        ("target a $0{ }", None),
        ("test \"a$0\" { }", None),
        ("// target a$0", None),
        ("target a { cluster \"a$0\" }", None),
    ] {
        let (source, at) = cursor(&["seawall 1\n", marked].concat());
        let document = Document::new(&source);
        let found = document.symbol_at(at).map(|symbol| (symbol.kind, symbol.name, symbol.place));
        assert_eq!(found, wanted, "{marked}");
    }
}

#[test]
fn a_name_leads_to_its_definition_among_those_of_its_kind() {
    let (source, at) = cursor(&with("route standard { try openai_east  retry standard$0 }"));
    let document = Document::new(&source);
    let found = document.definition(at).unwrap();
    assert_eq!(found.text(&source), "standard");
    assert!(source[..found.start as usize].ends_with("retry "));
    // Unknown names lead nowhere.
    let (source, at) = cursor(&with("route r { try nobody$0 }"));
    assert_eq!(Document::new(&source).definition(at), None);
}

#[test]
fn a_name_is_used_wherever_the_grammar_says_so() {
    let (source, at) = cursor(&with(
        "route r { try openai_east$0 { model \"openai_east\" } then openai_west }\n// openai_east\n\
         test \"openai_east\" { upstream openai_east { cut } request { } expect { target openai_east } }",
    ));
    let found = Document::new(&source).references(at);
    // Its definition, `like`, the group, the route, and twice in the test; no string and no comment.
    assert_eq!(found.len(), 6);
    assert_eq!(found.iter().filter(|symbol| symbol.place == Place::Definition).count(), 1);
    assert!(found.iter().all(|symbol| symbol.span.text(&source) == "openai_east"));
}

#[test]
fn a_name_changes_everywhere_at_once_and_nothing_else_does() {
    let text =
        "route r { match path \"/\"  try openai_west, openai_$0east  retry standard  breaker standard }";
    let marked = with(text);
    let new = renamed(&marked, "east").unwrap();
    assert_eq!(new, marked.replace("$0", "").replace("openai_east", "east"));
    let before = check_as(&marked.replace("$0", ""), Scope::WholeLanguage).diagnostics.len();
    assert_eq!(check_as(&new, Scope::WholeLanguage).diagnostics.len(), before);
    // One kind of two that have the same name.
    let new = renamed(&with("route r { retry sta$0ndard  breaker standard }"), "patient").unwrap();
    assert!(new.contains("retry patient {") && new.contains("breaker standard {"));
    assert!(new.ends_with("{ retry patient  breaker standard }"));
}

#[test]
fn a_name_that_can_not_be_is_refused() {
    for (text, name, message) in [
        ("route r { try openai_e$0ast }", "openai_west", "a `target` named `openai_west` exists already"),
        ("route r { try openai_e$0ast }", "no name", "is no name"),
        ("route r { try openai_e$0ast }", "", "is no name"),
        ("route r { try openai_e$0ast }", "3rd", "is no name"),
        ("route r { try openai_e$0ast }", "ö", "is no name"),
        ("route r { try openai_e$0ast }", "a\nb", "is no name"),
        ("route r { try openai_e$0ast }", "a // b", "is no name"),
        ("route def$0ault { pass }", "other", "word of the language"),
        ("route r$0 { pass }", "default", "word of the language"),
        ("route r { tr$0y openai_east }", "x", "no name here"),
        ("test \"ti$0tle\" { }", "x", "no name here"),
        // Without commas, a name that is a statement's word would end the list.
        ("route r { try openai_west openai_e$0ast }", "timeout", "would be read differently"),
    ] {
        let found = renamed(&with(text), name);
        assert!(found.as_ref().is_err_and(|found| found.contains(message)), "{text} {name:?}: {found:?}");
    }
    let long = "a".repeat(65);
    assert!(renamed(&with("route r { try openai_e$0ast }"), &long).unwrap_err().contains("64"));
    assert!(renamed(&with("route r { try openai_e$0ast }"), &long[1..]).is_ok());
}
