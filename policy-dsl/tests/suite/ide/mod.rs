//! What editors ask, with `$0` where the cursor stands.

mod completion;
mod hover;
mod names;
mod outline;
mod robust;

use seawall_policy::Scope;
use seawall_policy::ide::{Completions, Document};

/// The text without its mark, and where that stood.
#[track_caller]
fn cursor(marked: &str) -> (String, usize) {
    let at = marked.find("$0").expect("a `$0` where the cursor is");
    (marked.replacen("$0", "", 1), at)
}

#[track_caller]
fn complete_in(marked: &str, scope: Scope) -> (String, Completions) {
    let (source, at) = cursor(marked);
    let found = Document::new(&source).complete(at, scope);
    (source, found)
}

/// What is proposed, in the whole language.
#[track_caller]
fn labels(marked: &str) -> Vec<String> {
    let (_, found) = complete_in(marked, Scope::WholeLanguage);
    found.items.into_iter().map(|item| item.label).collect()
}

const POLICY: &str = r#"seawall 1
target openai_east {
  cluster "openai-east"  provider openai  auth bearer env.OPENAI_API_KEY
}
target openai_west { like openai_east  cluster "openai-west" }
group both { openai_east, openai_west }
limit tpm per tenant { 90k tokens/min  burst 20% }
retry standard { attempts 3 }
breaker standard { trip errors > 20% of at least 10 }
"#;

/// The policy above with more behind it.
fn with(more: &str) -> String {
    [POLICY, more].concat()
}
