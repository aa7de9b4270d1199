//! Schemas and documents that are made to take long or to take much.

use seawall_schema::{Bounds, Fault, Options, Schema, Scratch, Unreadable, repair};

fn compile(schema: &str) -> Schema {
    Schema::compile(schema, &Options::default()).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn check(schema: &str, document: &str) -> Result<(), Fault> {
    compile(schema).check(document, &Bounds::default(), &mut Scratch::default())
}

fn nested(open: &str, close: &str, depth: usize) -> String {
    open.repeat(depth) + "1" + &close.repeat(depth)
}

#[test]
fn deep_documents_are_refused_or_walked() {
    let schema = r##"{"items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}}"##;
    assert_eq!(check(schema, &nested("[", "]", 100)), Ok(()));
    assert_eq!(check(schema, &nested("{\"a\":", "}", 100)), Ok(()));
    assert_eq!(check(schema, &nested("[", "]", 100_000)), Err(Fault::Unreadable(Unreadable::TooLarge)));
    // Six schemas within each other at each level, which is too many.
    let schema =
        r##"{"allOf": [{"allOf": [{"allOf": [{"allOf": [{"allOf": [{"items": {"$ref": "#"}}]}]}]}]}]}"##;
    assert_eq!(check(schema, &nested("[", "]", 80)), Ok(()));
    assert_eq!(check(schema, &nested("[", "]", 100)), Err(Fault::TooDeep));
}

#[test]
fn deep_and_large_schemas_are_refused() {
    for schema in [
        nested("{\"not\":", "}", 101),
        nested("[", "]", 100_000),
        format!("{{\"enum\":[{}0]}}", "0,".repeat(60_000)),
        " ".repeat(600_000),
    ] {
        assert!(Schema::compile(&schema, &Options::default()).is_err());
    }
    let patterns: Vec<_> =
        (0..20).map(|at| format!("{{\"pattern\":\"{at}{}\"}}", "a".repeat(4_000))).collect();
    assert!(
        Schema::compile(&format!("{{\"allOf\":[{}]}}", patterns.join(",")), &Options::default()).is_err()
    );
}

/// What is known of these by short names lies at long paths, or has long URIs.
fn short_names_of_long_ones() -> [String; 3] {
    let name = "x".repeat(32_000);
    let all = |of: fn(usize) -> String| (0..700).map(of).collect::<Vec<_>>().join(",");
    let anchors = all(|at| format!(r#""{at}":{{"$anchor":"a{at}"}}"#));
    let refs = all(|at| format!(r##"{{"$ref":"#a{at}"}}"##));
    let dynamic = all(|at| format!(r#""{at}":{{"$id":"u:{at}","$dynamicAnchor":"a"}}"#));
    let ids = all(|at| format!(r#""{at}":{{"$id":"{at}"}}"#));
    [
        format!(r#"{{"$defs":{{"{name}":{{"$defs":{{{anchors}}}}}}},"allOf":[{refs}]}}"#),
        format!(
            r##"{{"$defs":{{"{name}":{{"$defs":{{{dynamic}}}}}}},"$dynamicAnchor":"a","$dynamicRef":"#a"}}"##
        ),
        format!(r#"{{"$id":"u:/{name}/","$defs":{{{ids}}}}}"#),
    ]
}

#[test]
fn schemas_that_take_much_more_memory_than_their_text_are_refused() {
    for schema in short_names_of_long_ones() {
        let refusal = Schema::compile(&schema, &Options::default()).unwrap_err().to_string();
        assert!(refusal.ends_with("too long"), "{refusal}");
    }
    let repeated = |piece: &str, count: usize| vec![piece; count].join(",");
    for schema in [
        format!(r#"{{"enum":[{}]}}"#, repeated("1", 40_000)),
        format!(r#"{{"enum":[{}]}}"#, repeated("\"\\n\"", 40_000)),
        format!(r#"{{"allOf":[{}]}}"#, repeated("{}", 20_000)),
        format!(r#"{{"allOf":[{}]}}"#, repeated(r#"{"const":1}"#, 10_000)),
        format!(
            r#"{{"required":[{}]}}"#,
            (0..9_999).map(|at| format!("\"{at}\"")).collect::<Vec<_>>().join(",")
        ),
        format!(r#"{{"minimum":{}}}"#, "1".repeat(100_000)),
    ] {
        let (memory, text) = (compile(&schema).memory(), schema.len());
        assert!((text / 2..64 * text).contains(&memory), "{memory} for {text}: {}", &schema[..30]);
    }
}

#[test]
fn chains_of_dynamic_anchors_are_followed_link_by_link() {
    let links = |at: usize| {
        format!(
            r##""{at}":{{"$id":"u:{at}","$dynamicAnchor":"a{at}","items":{{"$dynamicRef":"u:{}#a{0}"}}}}"##,
            at + 1
        )
    };
    let all: Vec<_> = (0..2_000).map(links).collect();
    let last = r#""2000":{"$id":"u:2000","$dynamicAnchor":"a2000","type":"null"}"#;
    let schema = format!(r##"{{"$ref":"u:0","$defs":{{{},{last}}}}}"##, all.join(","));
    assert_eq!(check(&schema, "[[[]]]"), Ok(()));
}

#[test]
fn a_dynamic_reference_pays_for_the_way_out() {
    let deep = |keyword: &str| {
        let links = (0..90).map(|at| format!(r##""d{at}":{{"$id":"u:{at}","$ref":"u:{}"}}"##, at + 1));
        let last = format!(
            r##""d90":{{"$id":"u:90","$anchor":"no","$dynamicAnchor":"a","items":{{{keyword}}}}},"x":{{"$id":"u:x","$dynamicAnchor":"b"}}"##
        );
        format!(r##"{{"$ref":"u:0","$defs":{{{},{last}}}}}"##, links.collect::<Vec<_>>().join(","))
    };
    let spent = |keyword: &str| {
        let schema = compile(&deep(keyword));
        let document =
            seawall_schema::Document::read(format!("[{}1]", "1,".repeat(999)), Bounds::default().document)
                .unwrap();
        let mut budget = Bounds::default().budget;
        schema.check_document(&document, &mut budget, &mut Scratch::default()).unwrap();
        Bounds::default().budget.0 - budget.0
    };
    let (dynamic, plain) = (spent(r##""$dynamicRef":"u:x#b""##), spent(r##""$ref":"u:x""##));
    assert!(dynamic > plain + 1_000 * 20, "{dynamic} against {plain}");
}

#[test]
fn patterns_that_take_much_memory_are_refused() {
    for pattern in ["((a{1,50}){1,50})", r"[\\w\\p{Lu}]{1,99}"] {
        let of = |count: usize| {
            let all: Vec<_> = (0..count).map(|at| format!("{{\"pattern\":\"{at}{pattern}\"}}")).collect();
            Schema::compile(&format!("{{\"allOf\":[{}]}}", all.join(",")), &Options::default())
        };
        let one = of(1).unwrap().pattern_memory();
        assert!((1_000..200_000).contains(&one), "{one}");
        assert!(of(40).unwrap().pattern_memory() <= 8 << 20);
        assert!(of(1_500).unwrap_err().to_string().ends_with("too large"), "{pattern}");
    }
}

#[test]
fn long_chains_of_references_do_not_need_the_stack_to_compile() {
    let many: Vec<_> =
        (0..5_000).map(|at| format!(r##""d{at}": {{"$ref": "#/$defs/d{}"}}"##, at + 1)).collect();
    let schema = format!(
        r##"{{"$ref": "#/$defs/d0", "$defs": {{{}, "d5000": {{"type": "null"}}}}}}"##,
        many.join(",")
    );
    assert_eq!(check(&schema, "null"), Err(Fault::TooDeep));
}

#[test]
fn branches_that_multiply_use_up_the_budget() {
    // 2^40 ways.
    let many: Vec<_> = (0..40)
        .map(|at| {
            format!(
                r##""d{at}": {{"anyOf": [{{"$ref": "#/$defs/d{0}"}}, {{"$ref": "#/$defs/d{0}"}}]}}"##,
                at + 1
            )
        })
        .collect();
    for keyword in ["", r#","unevaluatedProperties": false"#] {
        let schema = format!(
            r##"{{"$ref": "#/$defs/d0"{keyword}, "$defs": {{{}, "d40": {{"type": "null"}}}}}}"##,
            many.join(",")
        );
        assert_eq!(check(&schema, "{}"), Err(Fault::TooMuchWork));
    }
}

#[test]
fn huge_enumerations_are_searched() {
    let values: Vec<_> = (0..20_000).map(|at| format!("\"v{at}\"")).collect();
    let schema = compile(&format!("{{\"items\":{{\"enum\":[{}]}}}}", values.join(",")));
    let document = format!("[{}]", values.join(","));
    assert_eq!(schema.check(&document, &Bounds::default(), &mut Scratch::default()), Ok(()));
}

#[test]
fn many_items_are_unique_without_comparing_all() {
    let numbers: Vec<_> = (0..50_000).map(|at| at.to_string()).collect();
    assert_eq!(check(r#"{"uniqueItems": true}"#, &format!("[{}]", numbers.join(","))), Ok(()));
    assert!(matches!(
        check(r#"{"uniqueItems": true}"#, &format!("[{},7]", numbers.join(","))),
        Err(Fault::Invalid(_))
    ));
}

#[test]
fn giant_numbers_are_compared_exactly() {
    let digits = "9".repeat(100_000);
    assert_eq!(check(r#"{"type": "integer", "multipleOf": 3, "minimum": 1e99999}"#, &digits), Ok(()));
    assert!(check(r#"{"maximum": 1e99999}"#, &digits).is_err());
    assert_eq!(check(r#"{"multipleOf": 0.001}"#, "1e999999999999999999999999"), Ok(()));
    assert!(check(r#"{"maxLength": 1e999999, "minimum": 1e-999999999999}"#, "0").is_err());
}

#[test]
fn catastrophic_patterns_are_linear() {
    let text = format!("\"{}!\"", "a".repeat(100_000));
    for pattern in ["^(a+)+$", "^(a|a)*$", "^(([a-z])+.)+[A-Z]([a-z])+$"] {
        assert!(
            matches!(check(&format!("{{\"pattern\":\"{pattern}\"}}"), &text), Err(Fault::Invalid(_))),
            "{pattern}"
        );
    }
}

#[test]
fn many_names_that_are_missing_use_up_the_budget_or_are_told() {
    let names: Vec<_> = (0..10_000).map(|at| format!("\"n{at}\"")).collect();
    let members: Vec<_> = (0..20_000).map(|at| format!("\"m{at}\":0")).collect();
    let fault =
        check(&format!("{{\"required\":[{}]}}", names.join(",")), &format!("{{{}}}", members.join(",")))
            .unwrap_err();
    assert!(matches!(fault, Fault::Invalid(ref violations) if violations.len() == 16), "{fault}");
    let needed: Vec<_> = names.iter().map(|name| format!("{name}:[\"m1\"]")).collect();
    let fault = check(
        &format!("{{\"dependentRequired\":{{{}}}}}", needed.join(",")),
        &format!("{{{}}}", members.join(",")),
    );
    assert_eq!(fault, Err(Fault::TooMuchWork));
}

#[test]
fn strings_where_objects_are_asked_for_cost_no_more_than_the_budget() {
    // Each item is a misfit in each of many branches.
    let branches = vec![r#"{"items": {"type": "integer"}}"#; 60].join(",");
    let schema = compile(&format!("{{\"allOf\":[{branches}]}}"));
    let text = format!("[{}]", vec!["\"no\""; 40_000].join(","));
    let Bounds { document, budget } = Bounds::default();
    let mut left = budget;
    assert_eq!(repair(&text, &schema, document, &mut left, &mut Scratch::default()), None);
}

#[test]
fn many_classes_in_one_pattern_are_told_apart_or_refused() {
    let of = |piece: &str, count: u32| -> String {
        let chars = (0..count).map_while(|at| char::from_u32(0x600 + 2 * at));
        let pattern: String = chars.map(|char| piece.replace('#', &char.to_string())).collect();
        format!("{{\"pattern\":\"^{pattern}$\"}}")
    };
    let text = |count: u32, shift: u32| -> String {
        let chars = (0..count).map_while(|at| char::from_u32(0x600 + 2 * at + shift));
        format!("\"{}\"", chars.collect::<String>())
    };
    for (piece, shift) in [("#", 0), ("[^#]", 1)] {
        assert_eq!(check(&of(piece, 1_000), &text(1_000, shift)), Ok(()), "{piece}");
        assert!(check(&of(piece, 1_000), &text(1_000, 1 - shift)).is_err(), "{piece}");
    }
    assert!(Schema::compile(&of(r"[\\p{L}#]", 500), &Options::default()).is_err());
}
