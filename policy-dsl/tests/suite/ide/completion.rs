//! What may stand at the cursor.

use seawall_policy::ide::CompletionKind;
use seawall_policy::{Scope, check_as};

use super::{complete_in, labels, with};

#[test]
fn what_may_come_next_is_what_the_shape_says() {
    for (marked, wanted) in [
        // Words of a shape, one after the other.
        ("route r { hedge $0 }", "after, after p95 at most 5%"),
        ("route r { hedge after p95 $0 }", "at most, match, when"),
        ("route r { hedge after p95 at $0 }", "most"),
        ("route r { stream $0 }", "live, until_commit, complete"),
        ("route r { stream co$0 }", "live, until_commit, complete"),
        ("limit l per $0 { }", "tenant, tier, route, target, group"),
        ("limit l per group $0 { }", "both"),
        (
            "retry r { backoff $0 }",
            "full_jitter, equal_jitter, decorrelated_jitter, no_jitter, full_jitter 500ms .. 8s",
        ),
        ("retry r { backoff full_jitter 1s $0 }", ".."),
        ("retry r { on $0 }", "408, 429, 500, 502, 503, 504, 529, timeout, connect"),
        ("retry r { on 429,\n  $0 }", "408, 429"),
        ("breaker b { trip $0 }", "errors, latency, first_token, per_token, quality, cost"),
        ("breaker b { trip errors $0 }", ">"),
        ("breaker b { trip errors > 20% $0 }", "of at least"),
        ("breaker b { trip latency $0 }", "p50, p90, p95, p99"),
        ("route r { contract { input <= 1k tokens $0 } }", "else, output, cost"),
        ("route r { contract { input <= 1k tokens else use $0 } }", "openai_east, openai_west"),
        // Names, each once, and not the own one.
        ("route r { try $0 }", "openai_east, openai_west"),
        ("route r { try openai_east, $0 }", "openai_west"),
        ("route r { try openai_east $0 }", "weighted, cheapest, fastest, least_loaded, {"),
        ("route r { retry $0 }", "standard"),
        ("route r { try openai_e$0, openai_west }", "openai_east, openai_west"),
        ("target t { like $0 }", "openai_east, openai_west"),
        // Credentials.
        ("target t { auth $0 }", "bearer, header, bearer env.OPENAI_API_KEY"),
        ("target t { auth bearer $0 }", "env."),
        ("target t { auth bearer env.$0 }", "OPENAI_API_KEY"),
        // Units.
        ("route r { timeout 30$0 }", "30x, 30h, 30m, 30s, 30ms, 30us, 30ns"),
        ("route r { timeout 30m$0 }", "30x, 30h, 30m, 30s"),
        ("route r { contract { body <= 4$0 } }", "4MiB, 4KiB, 4B"),
        ("route r { contract { output <= 2$0 } }", "2 tokens, 2k tokens, 2M tokens"),
        ("route r { contract { output <= 2k$0 } }", "2k tokens"),
        (
            "limit l global { 90k$0 }",
            "90k tokens/s, 90k tokens/min, 90k tokens/hour, 90k tokens/day, 90k input tokens/s",
        ),
        ("limit l global { 90k $0 }", "tokens/s, tokens/min"),
        ("limit l global { 90k tokens/$0 }", "s, min, hour, day"),
        ("limit l global { $5/$0 }", "s, min, hour, day"),
        ("retry r { budget 10$0 }", "10%"),
        ("retry r { budget 10% of requests, at least 3$0 }", "3/s"),
        // Groups and limits begin with a value.
        ("group g { $0 }", "openai_east, openai_west"),
        ("group g { openai_west, $0 }", "openai_east"),
    ] {
        let source = with(marked).replace("$5", "$§5");
        let (at, source) = (source.find("$0").unwrap(), source.replacen("$0", "", 1).replace('§', ""));
        let at = if marked.contains("$5") { at - '§'.len_utf8() } else { at };
        let document = seawall_policy::ide::Document::new(&source);
        let found: Vec<String> =
            document.complete(at, Scope::WholeLanguage).items.into_iter().map(|item| item.label).collect();
        assert!(found.join(", ").starts_with(wanted), "{marked}\n  is {}\n  not {wanted}", found.join(", "));
    }
}

#[test]
fn nothing_is_proposed_where_nothing_or_anything_may_stand() {
    for marked in [
        "route r { timeout 30s } // try $0",
        "target t { cluster \"op$0\" }",
        "target t { cluster \"op$0",
        "route r { output { deny /as$0/ } }",
        "test \"t\" { request { body <<JSON\n{ $0 }\nJSON\n} }",
        "route r { retry standard nonsense $0 }",
        "target $0",
        "nonsense { more { $0 } }",
        "route r { when `model == \"gp$0\"` }",
    ] {
        assert_eq!(labels(&with(marked)), Vec::<String>::new(), "{marked}");
    }
}

#[test]
fn statements_are_proposed_until_they_stand_there() {
    let inside = |marked: &str| labels(&with(marked));
    let all = inside("retry r { $0 }");
    assert_eq!(all, ["on", "attempts", "backoff", "honor", "budget"]);
    // Also behind the cursor, and wherever the line ends.
    assert_eq!(inside("retry r { attempts 3 $0 on 429 }"), ["backoff", "honor", "budget"]);
    assert_eq!(inside("retry r {\n  attempts 3\n  $0\n  on 429\n}"), ["backoff", "honor", "budget"]);
    // The word in the writing doesn't count as there, nor does that of another block.
    assert_eq!(inside("retry r { att$0 }"), all);
    assert_eq!(inside("retry r { attempts$0 3 }"), all);
    assert_eq!(inside("retry other { on 429 }\nretry r { $0 }"), all);
    // Those that repeat stay.
    assert!(inside("breaker b { trip errors > 1% of at least 1\n $0 }").contains(&"trip".to_string()));
    // Behind a whole value of a one-line block the next statement may follow.
    assert!(inside("route r { timeout 30s $0 }").contains(&"deadline".to_string()));
    assert!(!inside("route r { timeout $0 }").contains(&"deadline".to_string()));
}

#[test]
fn a_block_that_is_never_closed_does_not_hide_where_one_is() {
    assert!(labels(&with("target t {\n  $0\n\nroute chat { try t }")).contains(&"cluster".to_string()));
    assert!(
        labels(&with("target t {\n  cluster \"a\"\n\nroute chat {\n  $0\n}")).contains(&"try".to_string())
    );
    assert!(labels(&with("route r {\n  contract {\n    $0\n  try t")).contains(&"turns".to_string()));
}

#[test]
fn an_empty_file_begins_with_its_version() {
    assert_eq!(labels("$0"), ["seawall 1"]);
    assert_eq!(labels("sea$0"), ["seawall 1"]);
    assert!(labels("seawall 1\n$0").contains(&"target".to_string()));
    assert!(labels("seawall 1\nro$0").contains(&"route".to_string()));
    assert!(labels("seawall 1\ntarget a { }\n\n$0\n\ntarget b { }").contains(&"target".to_string()));
}

#[test]
fn what_has_been_typed_is_replaced() {
    for (marked, replaced) in [
        ("route r { try openai_e$0 }", "openai_e"),
        ("route r { try open$0ai_east }", "openai_east"),
        ("route r { try $0 }", ""),
        ("route r { timeout 30$0 }", "30"),
        ("route r { when `tok$0` }", "tok"),
        ("route r { when `tokens.in$0` }", "tokens.in"),
        ("route r { when `model.start$0` }", "start"),
    ] {
        let (source, found) = complete_in(&with(marked), Scope::WholeLanguage);
        assert_eq!(found.replace.text(&source), replaced, "{marked}");
        assert!(!found.items.is_empty(), "{marked}");
    }
}

#[test]
fn conditions_know_their_names_and_functions() {
    let has = |marked: &str, label: &str| {
        let found = labels(&with(marked));
        assert!(found.contains(&label.to_string()), "{marked} has no {label}: {found:?}");
    };
    has("route r { when `$0` }", "model");
    has("route r { when `turns > 3 && tok$0", "tokens.input");
    has("route r { when `tokens.$0` }", "tokens.max_output");
    has("route r { when `model.$0` }", "startsWith");
    has("route r { when `headers[\"x-a\"].$0` }", "contains");
    assert!(!labels(&with("route r { when `model.$0` }")).contains(&"model".to_string()));
}

#[test]
fn what_this_version_can_not_carry_out_is_not_proposed_for_it() {
    let supported = |marked: &str| -> Vec<String> {
        complete_in(&with(marked), Scope::Supported).1.items.into_iter().map(|item| item.label).collect()
    };
    for (marked, later) in [("route r { $0 }", "shadow"), ("route r { when `$0` }", "prompt_version")] {
        assert!(labels(&with(marked)).contains(&later.to_string()), "{marked} {later}");
        assert!(!supported(marked).contains(&later.to_string()), "{marked} {later}");
        assert!(!supported(marked).is_empty(), "{marked}");
    }
}

#[test]
fn a_definition_with_its_required_statements_is_offered_as_a_whole() {
    let (_, found) = complete_in(&with("$0"), Scope::Supported);
    let target = found.items.iter().find(|item| item.label == "target").unwrap();
    assert_eq!(target.kind, CompletionKind::Definition);
    assert_eq!(
        target.snippet.as_deref(),
        Some("target ${1:name} {\n\tcluster \"${3}\"\n\tprovider ${4}\n\t$0\n}")
    );
    let route = found.items.iter().find(|item| item.label == "route").unwrap();
    assert_eq!(route.snippet.as_deref(), Some("route ${1:name} {\n\tmatch path \"${2}\"\n\t$0\n}"));
    assert!(target.doc.contains("One place an attempt can be sent to"));
}

/// Puts every proposal in its place, and lets the checker say whether it may stand there.
#[test]
fn what_is_proposed_is_not_refused() {
    for marked in [
        "route r { match path \"/\"  try openai_east  stream $0 }",
        "route r { match path \"/\"  try $0 }",
        "route r { match path \"/\"  try openai_east  timeout $0 }",
        "route r { match path \"/\"  try openai_east  timeout 30$0 }",
        "retry r { on $0 }",
        "retry r { attempts $0 }",
        "retry r { honor $0 }",
        "retry r { budget $0 }",
        "breaker b { window 3$0 }",
        "breaker b { trip errors > 1% of at least 5 \n open $0 }",
        "target t { cluster \"a\"  provider $0 }",
        "limit l global { 90k $0 }",
        "limit l global { 90k$0 }",
        "limit l global { 5 tokens/$0 }",
        "limit l per $0 { 5 concurrent }",
        "test \"t\" { request { } expect { took at $0 5s } }",
    ] {
        let (source, found) = complete_in(&(with(marked) + "\nroute default { pass }"), Scope::WholeLanguage);
        assert!(!found.items.is_empty(), "{marked}");
        for item in &found.items {
            // A word that something has to follow.
            let is_whole = !matches!(item.kind, CompletionKind::Keyword | CompletionKind::Statement);
            let needs_more = ["first_token", "idle", "per", "group", "{"].contains(&&*item.label);
            // Units that fit the kind and not the size: `30h`, `3ns`.
            let extreme = ["30h", "30us", "30ns", "30x", "3h", "3ms", "3us", "3ns"].contains(&&*item.label);
            if !is_whole || needs_more || extreme {
                continue;
            }
            let (start, end) = (found.replace.start as usize, found.replace.end as usize);
            let written = [&source[..start], &item.label, &source[end..]].concat();
            let checked = check_as(&written, Scope::WholeLanguage);
            let errors: Vec<_> =
                checked.diagnostics.iter().filter(|found| found.code.id() < "SW05").collect();
            assert!(errors.is_empty(), "{marked} with {}: {errors:?}", item.label);
        }
    }
}
