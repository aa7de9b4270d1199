//! What pages to look at have in common: no script, no font, no picture from elsewhere.

const STYLE: &str = "\
:root { color-scheme: light dark; --ink: #1f2933; --grey: #526071; --line: #d9e0e8; --back: #ffffff; --code: #eef2f7 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e5e9f0; --grey: #9aa7b8; --line: #3a4553; --back: #171c24; --code: #262f3b }
}
body { margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: var(--ink); background: var(--back);
       font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line) }
.yes::before { content: '✓ '; color: #15803d } .no::before { content: '✗ '; color: #b91c1c }
.caution::before { content: '! '; color: #b45309; font-weight: bold }
";

/// A page as far as its first heading, which is its title; with rules of its own besides the common ones.
pub(crate) fn head(title: &str, style: &str) -> String {
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}{style}</style>\n<h1>{title}</h1>\n"
    )
}

/// A text as it must stand in HTML.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}
