use super::*;

fn source(text: &str) -> SchemaText<'_> {
    SchemaText { text: text.as_bytes(), form: Form::Json }
}

fn get(cache: &mut SchemaCache, text: &str) -> Option<Rc<Schema>> {
    cache.get(source(text), &mut Allowance::default())
}

fn numbered(number: usize) -> String {
    format!(r#"{{"type":"integer","minimum":{number}}}"#)
}

#[test]
fn a_schema_is_compiled_once() {
    let mut cache = SchemaCache::default();
    let first = get(&mut cache, &numbered(1)).unwrap();
    let second = get(&mut cache, &numbered(1)).unwrap();
    assert!(Rc::ptr_eq(&first, &second));
    assert!(!Rc::ptr_eq(&first, &get(&mut cache, &numbered(2)).unwrap()));
}

#[test]
fn what_was_not_asked_for_the_longest_goes() {
    let mut cache = SchemaCache::default();
    let first = get(&mut cache, &numbered(0)).unwrap();
    let (first, second) = (Rc::downgrade(&first), Rc::downgrade(&get(&mut cache, &numbered(1)).unwrap()));
    for number in 2..MOST_KEPT {
        get(&mut cache, &numbered(number));
    }
    get(&mut cache, &numbered(0));
    get(&mut cache, &numbered(MOST_KEPT));
    assert_eq!(cache.kept.len(), MOST_KEPT);
    assert!(first.upgrade().is_some(), "was asked for since");
    assert!(second.upgrade().is_none(), "was the oldest");
}

#[test]
fn schemas_in_use_stay_and_are_bounded_too() {
    let text = |number: usize| {
        format!(r#"{{"minimum":{number},"description":"{}"}}"#, "x".repeat(LIMITS.bytes - 100))
    };
    let mut cache = SchemaCache::default();
    let used: Vec<_> = (0..999).map_while(|number| get(&mut cache, &text(number))).collect();
    assert!(cache.held_bytes() <= MOST_USED_BYTES && used.len() > 50, "{}", used.len());
    let first = cache.get(source(&text(0)), &mut Allowance::default()).unwrap();
    assert!(Rc::ptr_eq(&first, &used[0]));
    drop((first, used));
    assert!(get(&mut cache, &text(1_000)).is_some());
    assert!(cache.held_bytes() <= MOST_BYTES);
}

#[test]
fn its_bytes_are_bounded() {
    let mut cache = SchemaCache::default();
    for number in 0..MOST_KEPT {
        let text = format!(r#"{{"minimum":{number},"description":"{}"}}"#, "x".repeat(LIMITS.bytes - 100));
        assert!(get(&mut cache, &text).is_some());
    }
    let bytes: usize = cache.kept.iter().map(Kept::size).sum();
    assert!(bytes <= MOST_BYTES && bytes == cache.bytes, "{bytes}");
    assert!(cache.kept.len() >= 14);
}

#[test]
fn schemas_that_take_much_are_told_as_such() {
    let mut cache = SchemaCache::default();
    for number in 0..MOST_KEPT {
        let many = vec![r#"{"items":{"const":1}}"#; LIMITS.nodes / 6].join(",");
        assert!(get(&mut cache, &format!(r#"{{"minimum":{number},"allOf":[{many}]}}"#)).is_some());
    }
    assert!(cache.bytes <= MOST_BYTES && cache.kept.len() < MOST_KEPT, "{}", cache.kept.len());
}

#[test]
fn what_cannot_be_honoured_is_remembered() {
    let mut cache = SchemaCache::default();
    for text in [r#"{"type":"no"}"#, r##"{"$ref":"#/nowhere"}"##, r#"{"pattern":"(?=a)"}"#, "{", "{\"a\":1}}"]
    {
        assert!(get(&mut cache, text).is_none(), "{text}");
        let kept = cache.kept.last().unwrap();
        assert!(kept.schema.is_none() && *kept.text == *text.as_bytes(), "{text}");
        assert!(get(&mut cache, text).is_none());
    }
    assert_eq!(cache.kept.len(), 5);
    let not_text = SchemaText { text: b"{\"a\":\"\xff\"}", form: Form::Json };
    assert!(cache.get(not_text, &mut Allowance::default()).is_none());
}

#[test]
fn a_schema_beyond_the_bounds_is_not_even_kept() {
    let mut cache = SchemaCache::default();
    assert!(get(&mut cache, &format!(r#"{{"description":"{}"}}"#, "x".repeat(LIMITS.bytes))).is_none());
    assert!(cache.kept.is_empty());
    let many = format!(r#"{{"enum":[{}1]}}"#, "1,".repeat(LIMITS.nodes));
    assert!(get(&mut cache, &many).is_none());
    let patterns: Vec<_> =
        (0..99).map(|at| format!(r#"{{"pattern":"{at}((a{{1,50}}){{1,50}})"}}"#)).collect();
    assert!(get(&mut cache, &format!(r#"{{"allOf":[{}]}}"#, patterns.join(","))).is_none());
    let deep = format!("{}{{}}{}", r#"{"not":"#.repeat(LIMITS.depth), "}".repeat(LIMITS.depth));
    assert!(get(&mut cache, &deep).is_none());
}

#[test]
fn one_request_has_only_so_much_compiled() {
    let (mut cache, mut allowance) = (SchemaCache::default(), Allowance::default());
    let large = |number: usize| {
        format!(r#"{{"minimum":{number},"description":"{}"}}"#, "x".repeat(LIMITS.bytes - 100))
    };
    assert!(cache.get(source(&large(1)), &mut allowance).is_some());
    assert!(cache.get(source(&large(2)), &mut allowance).is_some());
    assert!(cache.get(source(&large(3)), &mut allowance).is_none());
    assert!(cache.get(source(&large(1)), &mut allowance).is_some(), "is there already");
    assert!(get(&mut cache, &large(3)).is_some(), "the next request has its own");
}

#[test]
fn every_form_is_read_as_what_it_is() {
    let (mut cache, mut scratch) = (SchemaCache::default(), seawall_schema::Scratch::default());
    let bounds = seawall_schema::Bounds::default();
    for (form, text) in [
        (Form::Json, r#"{"type":"string"}"#),
        (Form::Quoted, r#""{\"type\":\"string\"}""#),
        (Form::OpenApi, r#"{"type":"STRING"}"#),
    ] {
        let schema =
            cache.get(SchemaText { text: text.as_bytes(), form }, &mut Allowance::default()).unwrap();
        assert!(schema.check("\"a\"", &bounds, &mut scratch).is_ok());
        assert!(schema.check("1", &bounds, &mut scratch).is_err());
    }
    // The same text in another form is another schema.
    assert!(get(&mut cache, r#"{"type":"STRING"}"#).is_none());
}

#[test]
fn formats_hold() {
    let schema = get(&mut SchemaCache::default(), r#"{"format":"date"}"#).unwrap();
    let check = |text| schema.check(text, &seawall_schema::Bounds::default(), &mut Default::default());
    assert!(check("\"2026-02-28\"").is_ok() && check("\"tomorrow\"").is_err());
}
