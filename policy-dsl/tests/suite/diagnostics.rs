//! One table of mistakes: what is said, what is underlined, and what help is given.

use seawall_policy::{Code, Diagnostic, Scope, Severity, check, check_as};

/// Two targets, and the routes that use them.
const HEAD: &str = "seawall 1\ntarget east { cluster \"east\"  provider openai }\ntarget west { cluster \"west\"  provider openai }\n";

struct Case {
    code: Code,
    source: String,
    message: &'static str,
    underlined: &'static str,
    label: &'static str,
    help: &'static str,
    /// What else is rightly found in the same text.
    beside: &'static [Code],
    scope: Scope,
}

impl Case {
    fn beside(mut self, codes: &'static [Code]) -> Self {
        self.beside = codes;
        self
    }

    /// A rule about what this version can't carry out yet.
    fn whole_language(mut self) -> Self {
        self.scope = Scope::WholeLanguage;
        self
    }
}

fn case(
    code: Code,
    source: impl Into<String>,
    message: &'static str,
    underlined: &'static str,
    label: &'static str,
    help: &'static str,
) -> Case {
    Case {
        code,
        source: source.into(),
        message,
        underlined,
        label,
        help,
        beside: &[],
        scope: Scope::Supported,
    }
}

/// Statements of a route that tries both targets.
fn route(statements: &str) -> String {
    format!("{HEAD}route chat {{ match path \"/v1\"  try east, west  {statements} }}\n")
}

/// Statements of a target that a route uses.
fn target(statements: &str) -> String {
    format!("seawall 1\ntarget t {{ {statements} }}\nroute chat {{ match path \"/v1\"  try t }}\n")
}

/// Statements of a retry block that a route uses.
fn retry(statements: &str) -> String {
    route(&format!("retry r }}\nretry r {{ {statements}"))
}

/// Statements of a breaker that a route uses.
fn breaker(statements: &str) -> String {
    route(&format!("breaker b }}\nbreaker b {{ {statements}"))
}

/// A definition beside a route.
fn top(definition: &str) -> String {
    format!("{}{definition}\n", route(""))
}

/// A route with a deadline of 10s, and statements of its retry block and its own.
fn deadline(retry: &str, statements: &str) -> String {
    route(&format!("deadline 10s  {statements}  retry r }}\nretry r {{ {retry}"))
}

fn whole(
    code: Code,
    source: impl Into<String>,
    message: &'static str,
    underlined: &'static str,
    label: &'static str,
    help: &'static str,
) -> Case {
    case(code, source, message, underlined, label, help).whole_language()
}

const CP: &str = "cluster \"c\"  provider openai  ";

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    use Code::*;
    let units = "units of time are `ns`, `us`, `ms`, `s`, `m` or `h`; one number has one unit";
    let statuses = "retryable are `408`, `429`, `500`, `502`, `503`, `504` and `529`";
    let not_supported = "it is part of the language, but this version can't carry it out and won't ignore it; remove it";
    let env = "put it into an environment variable of the proxy and name that: `auth bearer env.OPENAI_API_KEY`";
    let first_line = "write `seawall 1` on the first line";
    vec![
        case(SourceTooLarge, format!("seawall 1\n//{}", "x".repeat(1 << 20)), "the policy is larger than 1 MiB", "", "", ""),
        case(NestingTooDeep, route(&format!("contract {}{}", "{".repeat(32), "}".repeat(32))),
            "blocks are nested too deep", "{", "", "at most 32 blocks may stand in each other").beside(&[UnexpectedToken]),
        case(Unterminated, target("cluster \"c\n provider openai"), "the string never ends", "\"c", "", "close it with `\"` on the same line"),
        case(Unterminated, route("when `a == 1\n"), "the condition never ends", "`a == 1", "", "close it with a backtick on the same line"),
        case(Unterminated, route("output { deny /a\n }"), "the pattern never ends", "/a", "", "close it with `/` on the same line"),
        case(Unterminated, route("output { schema <<JSON\n{}"), "the text written in place never ends", "<<JSON", "", "end it with a line that holds only `JSON`"),
        case(StrayCharacter, route("timeout = 30s"), "unexpected `=`", "=", "", "a statement is a word and its value: `timeout 30s`"),
        case(StrayCharacter, target("cluster 'c'; provider openai"), "strings stand in double quotes: `\"…\"`", "'c'", "", ""),
        case(StrayCharacter, target("cluster “c”  provider openai"), "strings stand in double quotes: `\"…\"`", "“c”", "", ""),
        case(StrayCharacter, route("# x\n"), "unexpected `#`", "#", "", "a comment starts with `//` and ends with its line"),
        case(StrayCharacter, route("@@ timeout 3s"), "unexpected `@@`", "@@", "", ""),
        case(StrayCharacter, route("retry nörmal"), "a name can't hold `ö`", "nörmal", "",
            "names are made of the letters a to z and A to Z, digits, `_` and `-`").beside(&[UnknownName]),
        case(StrayCharacter, route("timeout 3s // a\r retry r\n"), "unexpected `\\r`, which can't be seen", "\r", "", "with it the text isn't what it looks like; remove it"),
        case(StrayCharacter, route("timeout 3s\r cache"), "unexpected `\\r`", "\r", "", "").beside(&[NotSupported, UnexpectedToken]),
        case(StrayCharacter, route("// \u{202e}s03 tuoemit\n"), "unexpected `\\u{202e}`, which can't be seen", "\u{202e}", "", "with it the text isn't what it looks like; remove it"),
        case(StrayCharacter, target("cluster \"c\"  provider openai  model \"gpt\u{200b}-4\""), "unexpected `\\u{200b}`, which can't be seen", "\u{200b}", "", "with it the text isn't what it looks like; remove it"),
        case(StrayCharacter, route("when `model == \"gpt\u{200b}-4\"`"), "unexpected `\\u{200b}`, which can't be seen", "\u{200b}", "", "with it the text isn't what it looks like; remove it"),
        whole(StrayCharacter, route("output { schema <<JSON {\n{}\nJSON\n}"), "unexpected `{` behind `<<JSON`", "{", "", "the text begins on the next line"),
        case(UnexpectedToken, target("cluster openai  provider openai"), "expected a string, found `openai`", "openai", "", "put it in quotes: `\"openai\"`"),
        case(UnexpectedToken, route("timeout \"30s\""), "expected `first_token`, `idle`, `per`, a multiple such as `3x` or a duration such as `30s`, found a string", "\"30s\"", "", "write it without quotes: `30s`"),
        case(UnexpectedToken, route("timeout 30s 40s"), "expected `,` between the values of a list, found `40s`", "40s", "", ""),
        case(UnexpectedToken, retry("on 429 500"), "expected `,` between the values of a list, found `500`", "500", "", ""),
        case(UnexpectedToken, retry("honor 30s"), "expected `retry_after up to` as in `honor retry_after up to 30s`, found `30s`", "30s", "", "write `retry_after up to` in front of it"),
        case(UnexpectedToken, retry("backoff full_jitter 1s, 2s"), "expected `..` as in `backoff full_jitter 200ms .. 10s`, found `,`", ",", "", ""),
        case(UnexpectedToken, target("cluster \"c\"  provider openai  auth env.KEY"), "expected `bearer` or `header`, found `env`", "env", "",
            "say how it is sent: `auth bearer env.NAME` or `auth header \"x-api-key\" env.NAME`"),
        case(UnexpectedToken, "seawall 1\nroute default pass\n}", "expected `{` after the name of the `route`, found `pass`", "pass", "", ""),
        case(UnexpectedToken, "seawall 1\nroute { pass }", "expected the name of the `route`, found `{`", "{", "", ""),
        case(UnexpectedToken, "seawall 1\n42\nroute default { pass }", "expected a block such as `target` or `route`, found `42`", "42", "", ""),
        case(UnbalancedBrace, "seawall 1\nroute default { pass", "this `{` is never closed", "{", "", "add a `}` behind the last statement of the block"),
        case(UnbalancedBrace, "seawall 1\nroute default { pass } }", "this `}` closes nothing", "}", "", "remove it, or look for a `}` too many above"),
        case(MissingVersion, "route default { pass }", "a policy starts with the version of its language", "route", "", first_line),
        case(MissingVersion, "seawall\nroute default { pass }", "`seawall` needs the version of the language", "seawall", "", first_line),
        case(UnsupportedVersion, "seawall 2\nroute nonsense }}", "version `2` of the language is not supported", "2", "", "this version of Seawall reads `seawall 1`"),
        case(EmptyPolicy, " // nothing\n\n", "the policy is empty", "", "", "the least a policy holds is `seawall 1` and `route default { pass }`"),
        case(EmptyPolicy, "seawall 1\n", "the policy has no route, so it would do nothing", "", "",
            "to let everything through on purpose, write `route default { pass }`"),
        case(BadEscape, target("cluster \"c\"  provider openai  model \"a\\n\""), "unknown escape `\\n`", "\\n", "", "only `\\\"` and `\\\\` are escapes"),

        case(UnknownName, route("then wset"), "unknown target `wset`", "wset", "not defined in this policy", "did you mean `west`?"),
        case(UnknownName, route("then elsewhere"), "unknown target `elsewhere`", "elsewhere", "not defined in this policy", "define it: `target elsewhere { … }`"),
        case(UnknownName, route("retry r"), "unknown retry `r`", "r", "not defined in this policy", "define it: `retry r { … }`"),
        case(UnknownName, route("breaker b"), "unknown breaker `b`", "b", "not defined in this policy", "define it: `breaker b { … }`"),
        case(UnknownBlock, "seawall 1\nruote default { pass }", "unknown block `ruote`", "ruote", "", "did you mean `route`?"),
        case(UnknownBlock, "seawall 1\nroute default { pass }\nelephant x { a { b } }\n", "unknown block `elephant`", "elephant", "",
            "a policy is made of `target`, `group`, `tenant`, `tier`, `limit`, `breaker`, `retry`, `route`, `health` and `test`"),
        case(UnknownBlock, "seawall 1\nroute default { pass }\ntimeout 3s\n", "unknown block `timeout`", "timeout", "",
            "`timeout` is a statement of `route`; is a brace closed too early?"),
        case(UnknownStatement, target("clustr \"c\"  provider openai"), "`target` has no statement `clustr`", "clustr", "", "did you mean `cluster`?"),
        case(UnknownStatement, route("attempts 3"), "`route` has no statement `attempts`", "attempts", "", "`attempts` belongs in a `retry` block"),
        case(UnknownStatement, breaker("elephant 3 { x }"), "`breaker` has no statement `elephant`", "elephant", "", "it has `window`, `trip`, `open`, `recover` and `force`"),
        case(UnknownWord, target("cluster \"c\"  provider openia"), "unknown provider `openia`", "openia", "", "did you mean `openai`?"),
        case(UnknownWord, target("cluster \"c\"  provider zebra"), "unknown provider `zebra`", "zebra", "", "known are `openai`, `azure`, `anthropic`, `gemini` and `bedrock`"),
        case(UnknownWord, retry("on 429, conect"), "unknown failure `conect`", "conect", "", "did you mean `connect`?"),
        case(UnknownWord, retry("backoff full_jiter 1s .. 2s"), "unknown backoff `full_jiter`", "full_jiter", "", "did you mean `full_jitter`?"),
        case(UnknownWord, breaker("trip error > 3% of at least 3"), "unknown signal `error`", "error", "", "did you mean `errors`?"),
        case(UnknownWord, target("cluster \"c\"  provider openai  auth baerer env.K"), "unknown kind of authentication `baerer`", "baerer", "", "did you mean `bearer`?"),
        case(DuplicateName, format!("{HEAD}target east {{ {CP} }}\nroute default {{ pass }}"), "a `target` named `east` exists already", "east", "", ""),
        case(DuplicateName, "seawall 1\nroute default { pass }\nroute default { pass }", "a `route` named `default` exists already", "default", "", "").beside(&[DefaultRoute]),
        case(DuplicateStatement, route("timeout 3s\n timeout 4s"), "`timeout` is written twice in this `route`", "timeout", "", ""),
        case(DuplicateStatement, "seawall 1\nseawall 1\nroute default { pass }", "`seawall` can only stand once, on the first line", "seawall", "", ""),
        case(MissingStatement, target("provider openai"), "`target t` has no `cluster`", "target t", "", "add, for example, `cluster \"openai-east\"`"),
        case(MissingStatement, format!("{HEAD}route r {{ match path \"/v1\"  then east, west }}"), "`route r` has no `try`", "route r", "",
            "add, for example, `try openai_east, openai_west`"),
        case(RepeatedTarget, route("then east"), "target `east` stands twice in this route", "east", "",
            "to try one target several times, raise `attempts` in its `retry`"),
        case(DefaultRoute, format!("seawall 1\nroute default {{ pass }}\n{}", &route("")[10..]), "`route default` is not the last route", "route default", "",
            "move it to the end: it takes what no route above it matches"),
        case(DefaultRoute, "seawall 1\nroute default { pass; timeout 3s }", "`route default` can only `pass`, not `timeout`", "timeout", "",
            "to handle all other requests, write a route with another name and `match path \"/*\"`"),
        case(DefaultRoute, "seawall 1\nroute default { }", "`route default` has no `pass`", "route default", "", "write `route default { pass }`"),
        case(DefaultRoute, route("pass"), "only `route default` can `pass`", "pass", "", "what no route matches passes untouched"),
        case(InvalidName, "seawall 1\nroute default { pass }\nbreaker \"b\" { }\n", "the name of a `breaker` is written without quotes", "\"b\"", "", "write `b`"),
        case(InvalidName, format!("seawall 1\nroute default {{ pass }}\nretry {} {{ }}\n", "x".repeat(65)), "the name is longer than 64 characters",
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "", "a name is a letter or `_`, then letters, digits, `_` or `-`"),
        case(InvalidName, "seawall 1\nroute default { pass }\nretry 4o { }\n", "the name `4o` starts with a digit", "4o", "", "a name is a letter or `_`, then letters, digits, `_` or `-`"),
        case(InvalidName, target("cluster \"c\"  provider openai  auth bearer env.MY-KEY"), "`MY-KEY` is not the name of an environment variable", "MY-KEY", "",
            "it is made of letters, digits and `_`, and starts with no digit"),
        case(InvalidName, format!("{HEAD}route r {{ match path \"/v1\"  try \"east\", west }}"), "the name of a target is written without quotes", "\"east\"", "", "write `east`"),

        case(MissingUnit, route("timeout 30"), "`30` needs a unit: `30ms`, `30s` or `30m`", "30", "", ""),
        case(MissingUnit, route("timeout 30 seconds"), "`30` needs a unit: `30ms`, `30s` or `30m`", "30 seconds", "", "write `30s`, without a space"),
        case(MissingUnit, breaker("trip errors > 20 of at least 10"), "`20` needs a unit: `20%`", "20", "", ""),
        case(WrongUnit, route("timeout 30%"), "`%` is not a unit of time", "30%", "", units),
        case(WrongUnit, route("timeout 30sec"), "`sec` is not a unit of time", "30sec", "", "write `30s`"),
        case(WrongUnit, route("timeout 1m30s"), "one number has one unit", "1m30s", "", "write `90s`"),
        case(WrongUnit, breaker("trip errors > 20s of at least 10"), "`s` is not a percentage", "20s", "", "write a percentage such as `20%`"),
        case(WrongUnit, retry("attempts 3x"), "`attempts` takes a plain number, without `x`", "3x", "", ""),
        case(OutOfRange, retry("attempts 11"), "`11` is out of range for `attempts`", "11", "must be 1 to 10", ""),
        case(OutOfRange, route("timeout 61m"), "`61m` is out of range for `timeout`", "61m", "must be 1ms to 1h", ""),
        case(OutOfRange, breaker("trip errors > 99.5% of at least 10"), "`99.5%` is out of range for `trip`", "99.5%", "must be 0% to 99%", ""),
        case(OutOfRange, breaker("recover 1, 2, 3, 4, 5, 6"), "6 stages are out of range for `recover`", "1, 2, 3, 4, 5, 6", "must be 1 to 5", ""),
        case(OutOfRange, breaker("open 99ms"), "`99ms` is out of range for `open`", "99ms", "must be 100ms to 1h", ""),
        case(TooLarge, retry("attempts 18446744073709551616"), "`18446744073709551616` is too large", "18446744073709551616", "must be 1 to 10", ""),
        case(TooLarge, route("timeout 18446744073709551615m"), "`18446744073709551615m` is too large", "18446744073709551615m", "must be 1ms to 1h", ""),
        case(TooLarge, breaker("trip errors > 184467440737095517% of at least 1"), "`184467440737095517%` is too large", "184467440737095517%", "must be 0% to 99%", ""),
        case(NotWhole, route("timeout 1.5s"), "`1.5s` is not a whole number of its unit", "1.5s", "", "write `1500ms`"),
        case(NotWhole, route("timeout 0.5ns"), "`0.5ns` is not a whole number of its unit", "0.5ns", "", "use a smaller unit: `1500ms` for one and a half seconds"),
        case(NotWhole, retry("attempts 2.5"), "`2.5` is not a whole number", "2.5", "", ""),
        case(NotWhole, breaker("trip errors > 0.125% of at least 1"), "`0.125%` has more than two decimals", "0.125%", "", ""),
        case(InvalidText, target("cluster \"\"  provider openai"), "`cluster` is empty", "\"\"", "", ""),
        case(InvalidText, target("cluster \"a b\"  provider openai"), "`cluster` must not hold a space", "\"a b\"", "", ""),
        case(InvalidText, target("cluster \"c\"  provider openai  host \"https://api.openai.com/v1\""), "`host` holds a scheme", "\"https://api.openai.com/v1\"", "", "write `\"api.openai.com\"`"),
        case(InvalidText, target("cluster \"c\"  provider openai  host \"api.openai.com/v1\""), "`host` holds a path", "\"api.openai.com/v1\"", "",
            "write the path as a statement of its own: `path`"),
        case(InvalidText, target("cluster \"c\"  provider openai  host \"a\rb\""), "`host` must not hold `\\r`", "\"a\rb\"", "", ""),
        case(InvalidText, target("cluster \"c\"  provider openai  path \"v1\""), "`path` must start with `/`", "\"v1\"", "", "write `\"/v1\"`"),
        case(InvalidText, target("cluster \"c\"  provider openai  path \"/v1/*\""), "`path` must not hold `*`", "\"/v1/*\"", "", ""),
        case(InvalidText, target("cluster \"c\"  provider openai  model \"\u{7}\""), "`model` must not hold `\\u{7}`", "\"\u{7}\"", "", ""),
        case(InvalidText, target("cluster \"c\"  provider openai  auth header \"X-Api-Key\" env.K"), "header names are written in lower case", "\"X-Api-Key\"", "", "write `\"x-api-key\"`"),
        case(InvalidText, target("cluster \"c\"  provider openai  auth header \"x key\" env.K"), "this is not the name of a header", "\"x key\"", "",
            "a header's name is made of letters, digits and `-`: `x-api-key`"),
        case(InvalidText, target("cluster \"c\"  provider openai  auth header \"host\" env.K"), "the header `host` can't carry credentials", "\"host\"", "", ""),
        case(InvalidText, target("cluster \"c\"  provider openai  auth header \"x-seawall-cluster\" env.K"), "the header `x-seawall-cluster` can't carry credentials", "\"x-seawall-cluster\"", "", ""),
        case(InvalidText, target("cluster \"c\"  provider openai  auth header \"x-envoy-retry-on\" env.K"), "the header `x-envoy-retry-on` can't carry credentials", "\"x-envoy-retry-on\"", "", ""),
        case(InvalidText, format!("{HEAD}route r {{ match path \"/a/*/b\"  try east, west }}"), "`*` can only stand at the end of a path", "\"/a/*/b\"", "",
            "write `/v1/*` to match every path that starts with `/v1/`"),
        case(InvalidText, format!("{HEAD}route r {{ match path \"/a?b=c\"  try east, west }}"), "a query can't be matched", "\"/a?b=c\"", "",
            "paths are compared without their query: leave out what starts with `?`"),
        case(InvalidText, format!("{HEAD}route r {{ match path \"*\"  try east, west }}"), "`path` must start with `/`", "\"*\"", "", "write `\"/*\"`"),
        case(NotRetryable, retry("on 400"), "`400` can't be retried", "400", "the same request is refused however often it is sent", statuses),
        case(NotRetryable, retry("on 401"), "`401` can't be retried", "401", "the credentials are refused however often they are sent", statuses),
        case(NotRetryable, retry("on 403"), "`403` can't be retried", "403", "the credentials are refused however often they are sent", statuses),
        case(NotRetryable, retry("on 404"), "`404` can't be retried", "404", "the model or path is missing however often it is asked for", statuses),
        case(NotRetryable, retry("on 413"), "`413` can't be retried", "413", "the same request is refused however often it is sent", statuses),
        case(NotRetryable, retry("on 422"), "`422` can't be retried", "422", "the same request is refused however often it is sent", statuses),
        case(NotRetryable, retry("on 200"), "`200` can't be retried", "200", "this status is no failure", statuses),
        case(NotRetryable, retry("on 418"), "`418` can't be retried", "418", "the client's own error: the same request fails again", statuses),
        case(NotRetryable, retry("on 501"), "`501` can't be retried", "501", "nothing says that the same request may succeed later", statuses),
        case(NotRetryable, retry("on 521"), "`521` has no word of its own", "521", "it is retried like 500 and 502, and 524 like 504", statuses),
        case(NotRetryable, retry("on 5xx"), "`5xx` is not a status", "5xx", "a status has three digits, and each is listed on its own", statuses),
        case(SecretInPolicy, target("cluster \"c\"  provider openai  auth bearer \"sk-1\""), "a secret must not stand in the policy", "\"sk-1\"", "hidden here, but not in the file", env),
        case(SecretInPolicy, target("cluster \"c\"  provider openai  auth \"sk-1\""), "a secret must not stand in the policy", "\"sk-1\"", "hidden here, but not in the file", env),
        case(SecretInPolicy, target("cluster \"c\"  provider openai  auth bearer sk-1.x"), "a secret must not stand in the policy", "sk-1.x", "hidden here, but not in the file", env),
        case(SecretInPolicy, target("cluster \"c\"  provider openai  auth header \"x-api-key\" \"sk-1\""), "a secret must not stand in the policy", "\"sk-1\"", "hidden here, but not in the file", env),
        case(SecretInPolicy, target("cluster \"c\"  provider openai  auth berer \"sk-1\""), "a secret must not stand in the policy", "\"sk-1\"", "hidden here, but not in the file", env).beside(&[UnknownWord]),
        case(RangeOrder, retry("backoff full_jitter 10s .. 1s"), "the backoff starts at `10s`, above its cap of `1s`", "10s .. 1s", "", "write `1s .. 10s`"),
        case(RepeatedValue, retry("on 429, timeout, 429"), "`429` stands twice in the list", "429", "", ""),

        case(UnexpectedToken, format!("{HEAD}route r {{ match path \"/v1\"  try cheapest east, west }}"), "`cheapest` stands behind the targets", "cheapest", "", "write it behind the last of the targets"),

        case(Unused, format!("{HEAD}route r {{ match path \"/v1\"  try west }}"), "target `east` is never used", "east", "", "name it in a `route`, or remove it"),
        case(Unused, route("}\nretry r { "), "retry `r` is never used", "r", "", "name it in a `route`, or remove it"),
        case(Unused, route("}\nbreaker b { "), "breaker `b` is never used", "b", "", "name it in a `route`, or remove it"),
        case(UnreachableRoute, route("}\nroute r { match path \"/v1\"  try east"), "no request can reach route `r`", "r", "`chat` takes all of them",
            "the first route that matches wins: put the narrower one above, or remove it"),
        case(UnreachableRoute, format!("{HEAD}route s {{ match path \"/v1\"  when `stream`  try west }}\nroute x {{ match path \"/v1\"  when `model == \"x\"`  try west }}\nroute n {{ match path \"/*\"  when `!stream`  try west }}\nroute r {{ match path \"/v1\"  try east }}"), "no request can reach route `r`", "r",
            "each of them is taken by one of those above", "the first route that matches wins: put the narrower one above, or remove it"),
        case(UnreachableRoute, format!("{HEAD}route all {{ match path \"/*\"  try west }}\nroute r {{ match path \"/v1/*\"  try east }}"), "no request can reach route `r`", "r",
            "`all` takes all of them", "the first route that matches wins: put the narrower one above, or remove it"),

        case(LikeItself, "seawall 1\ntarget a { like b }\ntarget b { like a  cluster \"c\"  provider openai }\nroute r { match path \"/\"  try a, b }", "target `b` is like itself, by way of others", "like a", "",
            "one of them must say everything itself"),
        case(MissingStatement, "seawall 1\ntarget a { cluster \"c\" }\ntarget b { like a  provider openai }\nroute r { match path \"/\"  try a, b }", "`target a` has no `provider`", "target a", "",
            "add, for example, `provider openai`"),
        whole(TierConflict, top("tier gold { tenants \"acme\" }\ntier free { tenants \"acme\" }"), "tenant `acme` is in two tiers", "\"acme\"", "", ""),
        whole(TierConflict, top("tier gold { default }\ntier free { default }"), "two tiers are the `default` one", "default", "", ""),
        case(TestOrder, top("test \"a\" { request { stream  body <<JSON\n{}\nJSON\n }  expect { status 200 } }"), "`stream` changes nothing beside `body`", "stream", "", "write it into the body"),
        case(TestOrder, top("test \"x\" { expect { status 200 }  request { } }"), "this `expect` has no `request` above it", "expect", "", "write `request { }` above it: the least one is a chat completion"),
        case(TestOrder, top("test \"x\" { upstream east { refuse; reset }  request { }  expect { status 200 } }"), "a provider that refuses connections can do nothing else", "refuse", "",
            "write another `upstream` block behind the request that it is for"),
        case(DuplicateName, top("test \"x\" { request { }  expect { status 200 } }\ntest \"x\" { request { }  expect { status 200 } }"), "a `test` named `x` exists already", "\"x\"", "", ""),
        case(MissingStatement, top("test \"x\" { request { } }"), "`test x` has no `expect`", "test \"x\"", "", "add, for example, `expect { status 200 }`"),
        whole(IncompletePrice, target(&format!("{CP} price $2 in per 1M tokens")), "the price says nothing about `out`", "price $2 in per 1M tokens", "", "write what both cost: `price $2 in, $8 out per 1M tokens`"),
        whole(RepeatedValue, target(&format!("{CP} price $2 in, $3 in, $8 out per 1M tokens")), "the price of `in` is written twice", "$3 in", "", ""),
        whole(WeightCount, format!("{HEAD}route r {{ match path \"/v1\"  try east, west weighted 80, 15, 5 }}"), "there are 3 weights for 2 targets", "80, 15, 5", "",
            "write one weight for each target, in the same order"),
        whole(WeightCount, format!("{HEAD}route r {{ match path \"/v1\"  try east, west weighted 0, 0 }}"), "every weight is 0, so no target is ever chosen", "0, 0", "",
            "a target without weight gets nothing: give one of them some"),
        whole(WrongUnit, format!("{HEAD}route r {{ match path \"/v1\"  try east, west weighted 1,000 }}"), "`000` begins with a zero", "000", "",
            "the digits of a number stand together, with none in front that says nothing"),
        whole(WrongUnit, format!("{}limit l global {{ 6 requests/min rolling }}\n", route("limit l")), "only an amount of money can be `rolling`", "rolling", "",
            "tokens and requests flow evenly, and `burst` says how unevenly; remove it"),
        whole(RangeOrder, route("timeout 2x p95 in 60s .. 5s"), "the timeout starts at `60s`, above its end of `5s`", "60s .. 5s", "", "write `5s .. 60s`"),
        whole(RepeatedValue, route("timeout 5s, idle 2s, idle 3s"), "idle is written twice", "idle 3s", "", ""),
        whole(MissingUnit, target(&format!("{CP} context 128k")), "`128k` needs a unit: `128k tokens`", "128k", "", ""),
        whole(MissingUnit, top("limit l global { 90k }"), "`90k` needs a unit: `90k tokens/min`, `90k requests/min` or `90k concurrent`", "90k", "", ""),
        whole(MissingUnit, top("limit l global { 90k tokens }"), "`90k tokens` needs a period: `90k tokens/s` or `90k tokens/min`", "90k tokens", "", ""),
        whole(MissingUnit, route("contract { cost <= 5 }"), "`5` needs a unit: `$5`", "5", "", ""),
        whole(MissingUnit, route("contract { body <= 5 }"), "`5` needs a unit: `5MiB`", "5", "", ""),
        whole(MissingUnit, retry("budget 10% of requests, at least 3"), "`3` needs a unit: `3/s`", "3", "", ""),
        whole(MissingUnit, route("contract { failover cost <= 3 }"), "`3` needs a unit: `3x`", "3", "", ""),
        whole(WrongUnit, top("limit l global { 90k tokens/minute }"), "`minute` is not a period", "minute", "", "write `min`"),
        whole(WrongUnit, target(&format!("{CP} context 128K tokens")), "`K` is not a multiple of a number", "128K", "", "write `128k`"),
        whole(WrongUnit, target(&format!("{CP} context 128s")), "`s` doesn't fit here", "128s", "", "write a number of tokens such as `32k tokens`"),
        whole(WrongUnit, route("contract { body <= 4MB }"), "`MB` is not a unit of size", "4MB", "", "units of size are `B`, `KiB` or `MiB`"),
        whole(WrongUnit, route("contract { cost <= $5k }"), "`k` is not a currency", "5k", "", "write an amount of money such as `$0.25`"),
        whole(NotWhole, target(&format!("{CP} context 1.2345k tokens")), "`1.2345k tokens` is not a whole number of its unit", "1.2345k tokens", "", ""),
        whole(NotWhole, route("contract { cost <= $0.1234567 }"), "`$0.1234567` has more than six decimals", "$0.1234567", "", ""),
        whole(NotWhole, route("output { drift 1% by east alert 0.12345 }"), "`0.12345` has more than four decimals", "0.12345", "", ""),
        whole(OutOfRange, route("contract { body <= 65MiB }"), "`65MiB` is out of range for `body`", "65MiB", "must be 1B to 64MiB", ""),
        whole(OutOfRange, route("output { drift 1% by east alert 1.5 }"), "`1.5` is out of range for `drift`", "1.5", "must be 0 to 1", ""),
        whole(OutOfRange, route("hedge after p95 at most 0%"), "`0%` is out of range for `hedge`", "0%", "must be 0.01% to 100%", ""),
        whole(UnknownWord, route("stream liv"), "unknown mode `liv`", "liv", "", "did you mean `live`?"),
        whole(UnknownWord, route("contract { input <= 3k tokens else rejct }"), "unknown action `rejct`", "rejct", "", "did you mean `reject`?"),
        whole(UnknownWord, top("limit l per tenat { 5 concurrent }"), "unknown scope `tenat`", "tenat", "", "did you mean `tenant`?"),
        whole(UnexpectedToken, route("hedge after p96"), "expected `p50`, `p90`, `p95` or `p99`, found `p96`", "p96", "", ""),
        whole(UnknownName, route("limit tpm"), "unknown limit `tpm`", "tpm", "not defined in this policy", "define it: `limit tpm { … }`"),
        whole(UnknownName, top("group g { east }\nlimit l per group g { 5 concurrent }\nroute q { match path \"/q\"  try g  limit l }"), "unknown target `g`", "g", "not defined in this policy", "this is a `group`; name its members"),
        whole(MissingStatement, top("limit l global { burst 5% }"), "`limit l` has no amount", "limit l", "", "add, for example, `90k tokens/min`"),
        whole(DuplicateStatement, top("limit l global { 5 concurrent; 6 concurrent }"), "the amount is written twice in this `limit`", "6", "", ""),

        case(UnreachedTarget, retry("attempts 1"), "with 1 attempt, target `west` is never reached", "retry r", "", "raise `attempts` to 2, one for each target"),
        whole(SmallContext, "seawall 1\ntarget a { cluster \"c\"  provider openai  context 8k tokens }\nroute r { match path \"/\"  try a  contract { input <= 32k tokens  output <= 2k tokens } }".to_string(),
            "the contract admits `34k tokens`, but target `a` holds `8k tokens`", "a", "", "admit less, or choose a target with a larger context window"),
        whole(BackoffTooLong, deadline("attempts 4  backoff full_jitter 5s .. 20s", "timeout 1s"), "waits before retries add up to `35s`, longer than the deadline of `10s`", "backoff full_jitter 5s .. 20s", "",
            "such a retry fails at once instead: make the waits shorter"),
        whole(BackoffTooLong, deadline("attempts 2  honor retry_after up to 20s", "timeout 1s"), "a `retry-after` may be waited out for `20s`, longer than the deadline of `10s`", "honor retry_after up to 20s", "",
            "such a retry fails at once instead: make the waits shorter"),
        whole(AttemptsTooLong, deadline("attempts 3  backoff full_jitter 10ms .. 1s", "timeout 4s"), "3 attempts of `4s` take `12s`, longer than the deadline of `10s`", "timeout 4s", "",
            "the last ones will be cut short: lower `timeout` or `attempts`"),
        whole(InnerTimeout, deadline("attempts 3", "timeout 11s"), "one attempt may take `11s`, longer than the deadline of `10s`", "timeout 11s", "", "make the timeout shorter"),
        whole(InnerTimeout, route("timeout 5s, first_token 6s"), "`first_token` of `6s` is longer than the whole attempt may take, `5s`", "timeout 5s, first_token 6s", "",
            "make it shorter, or the timeout of the attempt longer"),
        whole(NoRetryBudget, retry("budget 0% of requests"), "this budget pays for no retry at all", "budget 0% of requests", "",
            "allow a share of the requests, `budget 10% of requests`, or write `attempts 1` when none is wanted"),
        case(SampleOutOfReach, breaker("window 1s  trip errors > 5% of at least 2000"), "`at least 2000` is out of reach: a busy proxy sends at most 1000 in `1s`", "trip errors > 5% of at least 2000", "",
            "lower the sample, or make the breaker's `window` longer"),
        whole(SampleOutOfReach, format!("{}limit l global {{ 60 requests/min }}\n", route("limit l  breaker b }\nbreaker b { window 10s  trip errors > 5% of at least 200")),
            "`at least 200` is out of reach: limit `l` admits at most 32 in `10s`", "trip errors > 5% of at least 200", "", "lower the sample, or make the breaker's `window` longer"),
        whole(MissingPrice, format!("{HEAD}route r {{ match path \"/\"  try east  contract {{ cost <= $1 }} }}\nroute q {{ match path \"/q\"  try west }}"), "target `east` has no `price`, which the contract needs", "east", "",
            "add, for example, `price $2 in, $8 out per 1M tokens` to the target"),
        whole(UnboundedHedge, route("hedge after p95"), "hedging without a bound doubles the traffic when everything is slow", "hedge after p95", "", "bound it: `hedge after p95 at most 5%`"),
        whole(ForgeableTenant, top("tenant by header \"x-tenant\""), "callers can set the header `x-tenant` and be any tenant", "header \"x-tenant\"", "",
            "when something in front of this proxy sets or strips it, say so: write `trusted` behind it"),
        whole(SharedCache, route("cache 1h"), "without `tenant by` every caller gets the answers of every other from this cache", "cache", "",
            "say who calls, for example `tenant by jwt \"sub\"`, or remove the cache"),
        whole(NoEffect, format!("{}limit l global {{ 60 requests/min  queue 5 }}\n", route("limit l")), "nobody begins to wait in this line", "queue 5", "", "say how long a request may wait: `wait up to 2s`"),
        whole(NoEffect, format!("{}limit l global {{ 6 concurrent  burst 5% }}\n", route("limit l")), "only tokens and requests over time have a burst", "burst 5%", "", "remove it, or raise the amount"),
        whole(NoEffect, format!("{}limit l per tenant {{ 6 concurrent }}\n", route("limit l")), "without `tenant by` all callers are one tenant", "tenant", "", "say who calls, for example `tenant by jwt \"sub\"`, or write `global`"),
        whole(NoEffect, format!("{}limit l per tier {{ 6 concurrent }}\n", route("limit l")), "without any `tier` all callers are treated alike", "tier", "", "define a `tier`, or write `global`"),
        whole(NoEffect, route("stream complete  output { schema from request  invalid reject, then repair }"), "this is never done: what stands before it is final", "then repair", "", "`reject` and `pass` end the matter: write them last"),
        whole(ForeignCredentials, format!("seawall 1\ntarget t {{ {CP} auth bearer env.K }}\ntarget u {{ like t  provider anthropic }}\nroute r {{ match path \"/\"  try t }}\nroute s {{ match path \"/s\"  try u }}"),
            "the credentials for `openai` are sent to another provider", "provider anthropic", "", "`u` is like `t`, its `auth` included: write its own"),
        whole(MixedDialects, format!("seawall 1\ntarget t {{ {CP} }}\ntarget u {{ cluster \"c\"  provider azure }}\ntarget v {{ cluster \"c\"  provider gemini }}\nroute r {{ match path \"/\"  try t, u, v }}"),
            "target `v` doesn't speak the dialect of `t`", "v", "the same request goes here, and it can't be read", "leave it to a route of its own; or, where its provider has an endpoint in the other dialect, give the target that `provider` and `path`"),
        whole(NoEffect, route("when `stream && tier == \"gild\"` }\ntier gold { default"), "no tier is called `gild`", "tier == \"gild\"", "", "did you mean `gold`?"),
        whole(InvalidPattern, route("output { deny /a(?=b)/ }"), "the pattern can't be used: look-around can't be matched in linear time", "b", "noticed here",
            "say what must be there with `require` and what must not with `deny`, in patterns of their own"),
        whole(InvalidSchema, route("output { schema <<JSON\n  { \"$schema\": \"https://example.com/mine\" }\nJSON\n}"), "the schema can't be honoured at `/$schema`: names no draft that is known here: 2020-12, 2019-09, draft-07, draft-06 or draft-04 of json-schema.org", "\"https://example.com/mine\"", "",
            "leave it out for 2020-12"),
        whole(LateCheck, route("output { finish stop  invalid retry 1 }"), "with `stream live` a streamed answer was delivered before it is known to be invalid", "retry 1", "so this can't be done to it",
            "write `stream complete` to hold streams back until they are checked, or `until_commit` to let most of them go"),
        whole(FoundEverywhere, route("output { require /x*/ }"), "this is found in every text, also in an empty one: it asks for nothing", "/x*/", "",
            "ask for at least one character: `+` in place of `*`"),
        whole(NoEffect, top("tier gold { priority 3 }"), "nobody is in this tier", "gold", "", "name its `tenants`, or make it the `default`"),

        case(ConditionSyntax, route("when `model = \"a\"`"), "`=` isn't an operator", "=", "", "\"is equal to\" is written `==`"),
        case(ConditionSyntax, route("when `stream ||`"), "the condition ends with `||`", "||", "a value is missing behind it", ""),
        case(ConditionName, route("when `modle == \"a\"`"), "unknown name `modle`", "modle", "", "did you mean `model`?"),
        case(ConditionType, route("when `turns > \"3\"`"), "a number is compared with a string", "\"3\"", "a string", "write the number without quotes: `3`"),
        case(ConditionTooLarge, route("when `turns < 99999999999999999999`"), "`99999999999999999999` doesn't fit into 64 bits", "99999999999999999999", "", ""),
        case(ConditionNotSupported, route("when `model.matches(\"^a\")`"), "`matches` is CEL, but not part of Seawall's conditions", "matches", "",
            "use `startsWith`, `endsWith`, `contains` or `in`"),
        case(ConditionConstant, route("when `model == \"a\" && model == \"b\"`"), "the condition is always false", "model == \"a\" && model == \"b\"",
            "because of `model == \"a\"` and `model == \"b\"`", "no request ever meets it; compare with something else"),
        case(ConditionConstant, route("when `stream && turns >= 0`"), "`turns >= 0` is always true", "turns >= 0", "`turns` is never negative", "leave it out, or compare with something else"),
        case(NotSupported, route("when `prompt_version == \"2\"`"), "`prompt_version` in a condition is not supported by this version", "prompt_version", "", not_supported),
    ]
}

impl Case {
    /// What is wrong with the report of this mistake.
    fn judge(&self) -> Result<(), String> {
        let checked = check_as(&self.source, self.scope);
        let mut of_code = checked.diagnostics.iter().filter(|found| found.code == self.code);
        let (Some(found), None) = (of_code.next(), of_code.next()) else {
            return Err(format!("not reported once: {:#?}", checked.diagnostics));
        };
        let others: Vec<Code> =
            checked.diagnostics.iter().map(|other| other.code).filter(|code| *code != self.code).collect();
        let severity = self.code.severity();
        let wanted = (self.message, self.underlined, self.label, self.help, severity, self.beside);
        let help = found.help.as_deref().unwrap_or("");
        let underlined = found.span.text(&self.source);
        let seen = (&found.message[..], underlined, &found.label[..], help, found.severity, &others[..]);
        if seen != wanted {
            return Err(format!("wanted {wanted:?}\n   got {seen:?}\n  {:#?}", checked.diagnostics));
        }
        if checked.policy.is_none() != (severity == Severity::Error) {
            return Err("errors refuse a policy, and nothing else does".into());
        }
        Ok(())
    }
}

#[test]
fn each_mistake_is_reported_once_and_alone() {
    let shown = |case: &Case| case.source.chars().take(400).collect::<String>();
    let wrong: Vec<String> = cases()
        .iter()
        .filter_map(|case| case.judge().err().map(|why| format!("{}\n{why}", shown(case))))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_code_has_a_case() {
    let cases = cases();
    // Only the host can find that a variable isn't set or a file isn't there, and only many findings are too many: these
    // have their own tests.
    let elsewhere = [Code::EnvironmentNotSet, Code::TooManyErrors, Code::FileReference];
    for code in Code::ALL {
        // Conditions have cases of their own: tests/condition.
        let condition = code.id().starts_with("SW07");
        let tested = condition || elsewhere.contains(code) || cases.iter().any(|case| case.code == *code);
        assert!(tested, "{} has no case in this table", code.id());
    }
}

#[test]
fn codes_are_unique_and_in_order() {
    let ids: Vec<&str> = Code::ALL.iter().map(|code| code.id()).collect();
    assert!(ids.is_sorted(), "{ids:?}");
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
}

#[test]
fn an_unset_variable_is_reported_where_the_policy_names_it() {
    let source = target("cluster \"c\"  provider openai  auth bearer env.OPENAI_API_KEY");
    let policy = check(&source).policy.unwrap();
    let Some(seawall_policy::policy::Auth::Bearer(variable)) = &policy.targets[0].auth else { panic!() };
    let found = Diagnostic::environment_not_set(variable);
    assert_eq!(found.code, Code::EnvironmentNotSet);
    assert_eq!(found.span.text(&source), "env.OPENAI_API_KEY");
    assert_eq!(found.message, "environment variable `OPENAI_API_KEY` is not set");
}

#[test]
fn too_many_findings_are_counted_and_not_listed() {
    let source = format!("seawall 1\n{}", "elephant x\n".repeat(150));
    let found = check(&source).diagnostics;
    assert_eq!(found.len(), 101);
    let last = found.last().unwrap();
    assert_eq!(
        (last.code, last.message.as_str()),
        (Code::TooManyErrors, "too many findings: 50 more are not shown")
    );
}
