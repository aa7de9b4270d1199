use proptest::prelude::*;

use super::*;

#[test]
fn what_is_a_persons_or_a_keys_goes() {
    for (text_before, after) in [
        ("Mail jane.doe+x@mail.example.co.uk, please", "Mail [email], please"),
        ("(a@b.de)", "([email])"),
        ("mailto:a@b.de.", "mailto:[email]."),
        ("a@b.de/c@d.fr", "[email]/[email]"),
        ("4111 1111 1111 1111", "[card]"),
        ("card 4111-1111-1111-1111.", "card [card]."),
        ("4111111111111111,5555555555554444", "[card],[card]"),
        ("4111 1111 1111 1111 4012 8888 8888 1881", "[card] [card]"),
        ("12 4111 1111 1111 1111 x", "12 [card] x"),
        ("DE89 3704 0044 0532 0130 00 and GB29NWBK60161331926819", "[iban] and [iban]"),
        ("call +49 30 1234567 now", "call [phone] now"),
        ("(415) 555-2671", "[phone]"),
        ("415-555-2671, 020 7946 0958, 4155552671", "[phone], [phone], [phone]"),
        ("+1 (415) 555-2671", "[phone]"),
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer [key]"),
        ("sk-abcdefghijklmnop1234", "[key]"),
        ("AKIAIOSFODNN7EXAMPLE", "[key]"),
        ("secret wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "secret [key]"),
        ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "[key]"),
        ("password: hunter2hunter2", "password: [key]"),
        ("PASSWORD=hunter22&x=4111111111111111", "PASSWORD=[key]&x=[card]"),
        (
            "password=abc!defgh, token: 'a$b1' and secret=$x#y",
            "password=[key], token: '[key]' and secret=[key]",
        ),
        ("{'password': '1234', 'api_key' : \"ab#1\"}", "{'password': '[key]', 'api_key' : \"[key]\"}"),
        ("Tel.+4915112345679", "Tel.[phone]"),
        ("Tel.+49 151 12345679, ok", "Tel.[phone], ok"),
        ("https://wa.me/4915112345679", "https://wa.me/[phone]"),
        ("nr.4111111111111111 nr_4111111111111111", "nr.[card] nr_[card]"),
        ("x%4111111111111111 x@5555555555554444", "x%[card] x@[card]"),
        ("Kto/DE89370400440532013000", "Kto/[iban]"),
        ("x/y/4915112345679/jane@x.de/z", "x/y/[phone]/[email]/z"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "[key]"),
    ] {
        assert_eq!(text(text_before), after);
    }
}

#[test]
fn what_is_to_be_read_stays() {
    for kept in [
        "",
        "The year 2024, on 2024-01-15 at 10:30, costs $1,234,567.89 for 12 people.",
        "3.14159265358979 and 192.168.100.200 and v1.22.333",
        "a@b, @home, x@, 1@2",
        "a token of affection, the bearer of bad news; the password is unknown",
        "https://example.com/docs/index.html?page=2",
        "Donaudampfschifffahrtsgesellschaftskapitän",
        "日本語のテキスト 2024年",
        "1 2 3 4 5 6 7 8 9 10",
        "v1.22.333 and pi.3.14159265358979 and ip.192.168.100.200",
        "Password: yes. Token: the one. Your token is here",
    ] {
        assert_eq!(text(kept), kept);
    }
}

#[test]
fn json_stays_json_and_its_escapes_hide_nothing() {
    for (before, after) in [
        (r#"{"a": "j\u0061ne@x.de", "n": 1.5}"#, r#"{"a":"[email]","n":1.5}"#),
        (r#"[4111111111111111, -12, true]"#, r#"["[card]",-12,true]"#),
        (r#"{"a@b.de":null}"#, r#"{"[email]":null}"#),
        (r#"{"a":"\ud800, \nsk-abcdefghijklmnop1234"}"#, "{\"a\":\"\u{FFFD}, \\n[key]\"}"),
        ("not JSON é", "\"not JSON é\""),
        ("", "\"\""),
        ("\"open", "\"open\""),
        ("mail bob@example.com sk-abcdefghijklmnop1234", "\"mail [email] [key]\""),
        ("{'mail':'bob@example.com'}", "\"{'mail':'[email]'}\""),
        (r"{'key':'a\nsk-abcdefghijklmnop1234'}", r#""{'key':'a\n[key]'}""#),
        ("{} {}", "\"{} {}\""),
        ("[1,]", "\"[1,]\""),
        ("[1e999, 01, 1.5]", "[\"1e999\",\"01\",1.5]"),
    ] {
        assert_eq!(json(before.as_bytes()), after, "{before}");
    }
}

proptest! {
    #[test]
    fn any_text_comes_through(words in "[ -~é日\\n]{0,300}") {
        let _ = text(&words);
    }

    #[test]
    fn whatever_comes_becomes_json(bytes in prop::collection::vec(any::<u8>(), 0..60), signs in "([]\\[{}:,\"1e. \\\\u-]|true|nul|\"a\"){0,40}") {
        for bytes in [&bytes[..], signs.as_bytes()] {
            let json = json(bytes);
            prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
        }
    }

    #[test]
    fn json_that_breaks_off_is_closed_and_hides_nothing(end in 0usize..90) {
        let before = r#"[{"role":"user","content":"é\n\"jane@x.de\" \nsk-abcdefghijklmnop1234","n":[true,{"a":-1.5}]}]"#;
        let json = json(&before.as_bytes()[..end.min(before.len())]);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
        prop_assert!(!json.contains("jane@x.de") && !json.contains("sk-abcdefghijklmnop"), "{json}");
        prop_assert!(end == 0 || json.starts_with('['), "{json}");
    }

    #[test]
    fn any_json_stays_json(words in "[ -~é日\\n]{0,100}", number in any::<u64>()) {
        let before = format!("{{{}:[{},{number}]}}", quoted(&words), quoted(&words));
        serde_json::from_str::<serde_json::Value>(&json(before.as_bytes())).unwrap();
    }

    #[test]
    fn an_address_never_survives(before in "[a-z ,;]{0,10}", name in "[a-z0-9][a-z0-9._+-]{0,11}", host in "[a-z]{1,8}\\.(com|de|io)", after in "[ ,;!?\\n][a-z ]{0,8}") {
        let said = format!("{before} {name}@{host}{after}");
        let kept = text(&said);
        prop_assert!(!kept.contains('@'), "{said} -> {kept}");
    }
}

#[test]
fn what_breaks_off_is_closed() {
    for (before, after) in [
        (r#"{"a":[1,{"b":"\nsk-abcdefghijklmnop1234 and"#, r#"{"a":[1,{"b":"\n[key] and"}]}"#),
        (r#"{"a":1,"na"#, r#"{"a":1,"na":null}"#),
        (r#"{"a":"#, r#"{"a":null}"#),
        (r#"{"a":1,"#, r#"{"a":1}"#),
        ("[1,", "[1]"),
        ("[tru", "[null]"),
        (r#"["a\"#, "[\"a\u{FFFD}\"]"),
    ] {
        assert_eq!(json(before.as_bytes()), after, "{before}");
    }
    let deep = "[".repeat(1_000);
    assert_eq!(json(deep.as_bytes()), quoted(&deep));
}

#[test]
fn what_a_name_tells_to_be_a_secret_goes_whatever_it_is() {
    for (before, after) in [
        (
            r#"{"password":"Tr0ub4dorX","api_key":"abc","n":1}"#,
            r#"{"password":"[key]","api_key":"[key]","n":1}"#,
        ),
        (r#"{"token":12,"x":12}"#, r#"{"token":"[key]","x":12}"#),
        (
            r#"{"client_\u0073ecret":{"value":["a",1,true]},"b":["c"]}"#,
            r#"{"client_secret":{"value":["[key]","[key]",true]},"b":["c"]}"#,
        ),
        (r#"{"max_tokens":12}"#, r#"{"max_tokens":12}"#),
    ] {
        assert_eq!(json(before.as_bytes()), after, "{before}");
    }
}

#[test]
fn long_texts_take_no_longer_for_each_byte() {
    for piece in [
        "1 ",
        "1",
        "a@",
        "A1",
        "DE89 ",
        "sk-",
        "(",
        "=",
        ".1",
        "+1 ",
        "-",
        "._",
        "+4915112345678/",
        "a/",
        "a@",
        "token=",
        "a.DE89",
        "a.1",
    ] {
        let long = piece.repeat(50_000);
        LOOKED.set(0);
        let _ = text(&long);
        let each = LOOKED.get() / long.len();
        assert!(each <= 2 * FAR, "{piece}: each byte was looked at {each} times");
    }
}
