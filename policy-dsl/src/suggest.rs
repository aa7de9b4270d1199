//! "Did you mean": the known word nearest to a misspelt one.

/// Names longer than this aren't compared. The distance costs the product of both lengths.
const LONGEST: usize = 64;
/// At most so many names are compared, so that a file full of mistakes still takes linear time.
const MOST: usize = 4096;

/// The help that offers it.
pub(crate) fn did_you_mean(word: &str) -> String {
    ["did you mean `", word, "`?"].concat()
}

/// The candidate that differs least, if it differs little: in one letter of three, in three at most. Of several, the
/// first: good for a question.
pub(crate) fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    search(word, candidates).map(|(candidate, _)| candidate)
}

/// The same, unless several differ as little: good for a fix. `p92` may be any percentile.
pub(crate) fn only_nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    search(word, candidates).filter(|(_, alone)| *alone).map(|(candidate, _)| candidate)
}

/// The nearest, and whether no other is as near.
fn search<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<(&'c str, bool)> {
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let most = (word.len() / 3).min(3);
    let mut best: Option<(usize, &str, bool)> = None;
    for candidate in candidates.take(MOST) {
        if candidate.len().abs_diff(word.len()) > most || candidate.len() > LONGEST {
            continue;
        }
        let distance = distance(word.as_bytes(), candidate.to_ascii_lowercase().as_bytes());
        match &mut best {
            _ if distance > most => {}
            Some((least, first, alone)) if distance == *least => *alone &= candidate == *first,
            Some((least, ..)) if distance > *least => {}
            _ => best = Some((distance, candidate, true)),
        }
    }
    best.map(|(_, candidate, alone)| (candidate, alone))
}

/// What people write who know other products, and the word of the language that says exactly that.
const SYNONYMS: &[(&str, &str)] = &[
    ("backend", "target"),
    ("endpoint", "target"),
    ("service", "target"),
    ("circuit_breaker", "breaker"),
    ("circuit-breaker", "breaker"),
    ("rate_limit", "limit"),
    ("rate-limit", "limit"),
    ("ratelimit", "limit"),
    ("retry_policy", "retry"),
    ("fallback", "then"),
    ("fallbacks", "then"),
    ("failover", "then"),
    ("to", "try"),
    ("targets", "try"),
    ("target", "try"),
    ("use", "try"),
    ("if", "when"),
    ("where", "when"),
    ("condition", "when"),
    ("passthrough", "pass"),
    ("pass_through", "pass"),
    ("allow", "pass"),
    ("request_timeout", "timeout"),
    ("max_attempts", "attempts"),
    ("num_attempts", "attempts"),
    ("retry_on", "on"),
    ("url", "host"),
    ("base_url", "host"),
    ("hostname", "host"),
    ("authority", "host"),
    ("api_key", "auth"),
    ("apikey", "auth"),
    ("api-key", "auth"),
    ("authorization", "auth"),
    ("credentials", "auth"),
    ("token", "auth"),
    ("type", "provider"),
    ("dialect", "provider"),
    ("vendor", "provider"),
    ("azure_openai", "azure"),
    ("claude", "anthropic"),
    ("vertex", "gemini"),
    ("google", "gemini"),
    ("aws", "bedrock"),
    ("connect-failure", "connect"),
    ("connect_failure", "connect"),
    ("refused-stream", "reset"),
    ("connection_reset", "reset"),
    ("input", "in"),
    ("prompt", "in"),
    ("output", "out"),
    ("completion", "out"),
    ("user", "tenant"),
    ("client", "tenant"),
    ("caller", "tenant"),
    ("customer", "tenant"),
    ("by", "per"),
    ("overall", "global"),
    ("cn", "zh"),
    ("jp", "ja"),
    ("kr", "ko"),
    ("nb", "no"),
    ("nn", "no"),
    ("content_filter", "refused"),
    ("tool_use", "tool_calls"),
    ("end_turn", "stop"),
    ("failover", "fail_over"),
    ("fallback", "fail_over"),
    ("block", "reject"),
];

/// The candidate that says the same.
pub(crate) fn synonym<'c>(word: &str, mut candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.to_ascii_lowercase();
    let meant: Vec<&str> =
        SYNONYMS.iter().filter(|(other, _)| *other == word).map(|(_, meant)| *meant).collect();
    if meant.is_empty() { None } else { candidates.find(|known| meant.contains(known)) }
}

/// Levenshtein's distance; two letters swapped count as one mistake, as they are one slip of the hand.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let (mut diagonal, mut left) = (i, i + 1);
        for (cell, y) in row.iter_mut().skip(1).zip(b) {
            let up = *cell;
            left = (diagonal + usize::from(x != y)).min(up + 1).min(left + 1);
            diagonal = up;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    let distance = row.last().copied().unwrap_or(0);
    if distance == 2 && a.len() == b.len() && a.iter().all(|x| count(a, *x) == count(b, *x)) {
        1
    } else {
        distance
    }
}

fn count(word: &[u8], letter: u8) -> usize {
    word.iter().filter(|other| **other == letter).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_and_nothing_else() {
        let known = ["target", "retry", "route", "try", "then", "openai_west", "openai_east"];
        for (word, meant) in [
            ("targt", Some("target")),
            ("tagret", Some("target")),
            ("Route", Some("route")),
            ("tyr", Some("try")),
            ("TRY", Some("try")),
            ("tr", None),
            ("rety", Some("retry")),
            ("openai_wst", Some("openai_west")),
            ("elephant", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), meant, "{word}");
        }
    }

    #[test]
    fn of_several_that_are_as_near_none_is_certain() {
        let known = ["p50", "p90", "p95", "p99", "p95"];
        assert_eq!(nearest("p92", known.into_iter()), Some("p90"));
        assert_eq!(only_nearest("p92", known.into_iter()), None);
        assert_eq!(only_nearest("P95", known.into_iter()), Some("p95"));
        assert_eq!(
            only_nearest("openai_wst", ["openai_east", "openai_west"].into_iter()),
            Some("openai_west")
        );
        assert_eq!(only_nearest("openai_est", ["openai_east", "openai_west"].into_iter()), None);
    }

    #[test]
    fn distance_is_the_number_of_slips() {
        for (a, b, slips) in
            [("", "", 0), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3), ("", "ab", 2)]
        {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), slips, "{a} {b}");
            assert_eq!(distance(b.as_bytes(), a.as_bytes()), slips, "{b} {a}");
        }
    }
}
