//! Whether two sources are the same policy with the same comments.

use super::Read;
use crate::ast::{Block, Item, Statement, Value};
use crate::token::Kind;

/// Says what differs: words, comments, or what the words are read as.
pub(super) fn compare(before: (&str, &Read<'_>), after: (&str, &Read<'_>)) -> Result<(), &'static str> {
    if !words(before).eq(words(after)) {
        return Err("it would have changed a word");
    }
    if !comments(before).eq(comments(after)) {
        return Err("it would have changed a comment");
    }
    let codes = |read: &Read<'_>| read.errors.iter().map(|found| found.code).collect::<Vec<_>>();
    if codes(before.1) != codes(after.1) || !block(&before.1.file.policy, &after.1.file.policy) {
        return Err("it would have changed what the policy means");
    }
    Ok(())
}

/// All but what only separates. Of a text written in place only its first line; the tree holds the rest.
fn words<'r>((source, read): (&'r str, &'r Read<'_>)) -> impl Iterator<Item = (Kind, &'r str)> {
    let tokens = read.lexed.tokens.iter();
    let tokens = tokens.filter(|token| !matches!(token.kind, Kind::Newline | Kind::Semicolon));
    tokens.map(|token| match token.kind {
        Kind::Inline => (token.kind, token.span.text(source).lines().next().unwrap_or("").trim_end()),
        kind => (kind, token.span.text(source)),
    })
}

fn comments<'r>((source, read): (&'r str, &'r Read<'_>)) -> impl Iterator<Item = &'r str> {
    read.lexed.comments.iter().map(|comment| comment.text(source).trim_end())
}

fn block(one: &Block<'_>, other: &Block<'_>) -> bool {
    std::ptr::eq(one.definition, other.definition) && all(&one.statements, &other.statements, statement)
}

fn statement(one: &Statement<'_>, other: &Statement<'_>) -> bool {
    std::ptr::eq(one.definition, other.definition) && all(&one.values, &other.values, value)
}

fn item(one: &Item<'_>, other: &Item<'_>) -> bool {
    all(&one.values, &other.values, value)
}

fn all<T>(one: &[T], other: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
}

fn value(one: &Value<'_>, other: &Value<'_>) -> bool {
    use Value::{
        Absent, Amount, Auth, BasisPoints, Bytes, Condition, Count, Define, Duration, Hole, Hundredths, List,
        MicroDollars, Name, Path, Pattern, PerSecond, Percentile, Text, Tokens, Trigger, Word,
    };
    match (one, other) {
        // The words of a condition have been compared, and it is read without regard to what is around it.
        (Hole, Hole) | (Absent, Absent) | (Condition(_), Condition(_)) => true,
        (Word(one), Word(other)) => one == other,
        (Define(one), Define(other)) => one.text == other.text,
        (Name(kind, one), Name(other_kind, other)) => (kind, one.text) == (other_kind, other.text),
        (Count(one), Count(other))
        | (BasisPoints(one), BasisPoints(other))
        | (Hundredths(one), Hundredths(other))
        | (PerSecond(one), PerSecond(other)) => one == other,
        (Duration(one), Duration(other)) => one == other,
        (Tokens(one), Tokens(other))
        | (MicroDollars(one), MicroDollars(other))
        | (Bytes(one), Bytes(other)) => one == other,
        (Amount(one), Amount(other)) => one == other,
        (Percentile(one), Percentile(other)) => one == other,
        (Text(one), Text(other)) => one == other,
        (Path(one), Path(other)) => one == other,
        (Auth(one), Auth(other)) => one == other,
        (Trigger(one), Trigger(other)) => one == other,
        (Pattern(one), Pattern(other)) => one == other,
        (List(one), List(other)) => all(one, other, item),
        (Value::Block(one), Value::Block(other)) => block(one, other),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(before: &str, after: &str) -> Option<&'static str> {
        let read = |source| Read::new(source).map_err(|error| format!("{source}: {error:?}")).unwrap();
        compare((before, &read(before)), (after, &read(after))).err()
    }

    #[test]
    fn every_kind_of_change_is_noticed() {
        let policy = "seawall 1\nroute r { match path \"/\"  try a } // why\n";
        assert_eq!(difference(policy, "seawall 1;route r{match path\"/\";try a}// why  "), None);
        for (from, to, why) in [
            ("try a", "try b", "it would have changed a word"),
            ("try a", "try a, b", "it would have changed a word"),
            ("// why", "", "it would have changed a comment"),
            ("// why", "// Why", "it would have changed a comment"),
            ("// why", "// why\n// not", "it would have changed a comment"),
        ] {
            assert_eq!(difference(policy, &policy.replace(from, to)), Some(why), "{to}");
        }
    }

    #[test]
    fn the_same_words_may_be_another_policy() {
        let body = |lines: &str| format!("seawall 1\ntest \"t\" {{ request {{ body <<A\n{lines}A\n}} }}");
        let changed = Some("it would have changed what the policy means");
        assert_eq!(difference(&body("  {\n  }\n"), &body("{\n}\n")), None);
        assert_eq!(difference(&body("  {\n  }\n"), &body("{\n }\n")), changed);
        // Two statements are two groups of members, one is one.
        let members = |between| format!("seawall 1\ngroup g {{ a,{between}b }}");
        assert_eq!(difference(&members(" "), &members("\n")), None);
        let bare = "seawall 1\nlimit l global { 1k tokens/min; observe }";
        assert_eq!(difference(bare, &bare.replace(';', "\n")), None);
    }
}
