//! The manual: pages of the commands, made of their arguments, and seawall-policy(5), made of the vocabulary.

use roff::{Inline, Roff, bold, italic, roman};
use seawall_policy::condition::{FUNCTIONS, NAMES, OPERATORS, Word};
use seawall_policy::vocabulary::{Block, POLICY, Presence, Statement, blocks, syntax};
use seawall_policy::{Code, MAX_INLINE_BYTES, MAX_SOURCE_BYTES};

/// The name of the page about the language.
pub const POLICY_PAGE: &str = "seawall-policy";

/// A page of the manual.
#[derive(Clone, Debug)]
pub struct Page {
    /// As `man` is asked for it.
    pub name: String,
    /// `seawall.1`
    pub file: String,
    pub roff: String,
}

/// All pages: of the command, of its subcommands, and of the language.
///
/// # Errors
/// When a page can't be rendered.
pub fn pages(command: clap::Command) -> anyhow::Result<Vec<Page>> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let subcommands = command.get_subcommands().cloned().collect::<Vec<_>>();
    let mut pages = Vec::new();
    for command in std::iter::once(command).chain(subcommands) {
        let page = clap_mangen::Man::new(command).manual("Seawall");
        let mut roff = Vec::new();
        page.render(&mut roff)?;
        let file = page.get_filename();
        let name = file.trim_end_matches(".1").to_owned();
        pages.push(Page { name, file, roff: String::from_utf8(roff)? });
    }
    pages.push(Page { name: POLICY_PAGE.to_owned(), file: format!("{POLICY_PAGE}.5"), roff: policy() });
    Ok(pages)
}

/// seawall-policy(5).
fn policy() -> String {
    let mut page = Roff::new();
    let source = concat!("seawall ", env!("CARGO_PKG_VERSION"));
    page.control("TH", [POLICY_PAGE, "5", "", source, "Seawall"]);
    page.control("SH", ["NAME"]);
    page.text([roman("seawall-policy - what may happen to requests to large language models")]);
    page.control("SH", ["SYNOPSIS"]);
    example(&mut page, SYNOPSIS);
    page.control("SH", ["DESCRIPTION"]);
    for paragraph in DESCRIPTION.split("\n\n") {
        page.control("PP", []);
        page.text(inline(&paragraph.replace('\n', " ")));
    }
    page.control("PP", []);
    let limits = format!(
        "A policy holds at most {} MiB, and a text written in place at most {} KiB.",
        MAX_SOURCE_BYTES >> 20,
        MAX_INLINE_BYTES >> 10
    );
    page.text([roman(limits)]);
    for block in blocks() {
        self::block(&mut page, block);
    }
    conditions(&mut page);
    page.control("SH", ["FINDINGS"]);
    page.text(inline("`seawall explain` and a code say more about each."));
    for code in Code::ALL {
        page.control("TP", ["9"]);
        page.text([bold(code.id())]);
        page.text(inline(&format!("{}: {}", code.severity().as_str(), code.title())));
    }
    page.control("SH", ["SEE ALSO"]);
    page.text(see_also());
    page.render()
}

const SYNOPSIS: &str = "seawall 1
target openai { cluster \"openai\"  provider openai }
route chat { match path \"/v1/chat/completions\"  try openai }
route default { pass }";

const DESCRIPTION: &str = "The first line of a policy is `seawall 1`, the version of the language. Then blocks follow: a \
word, mostly a name, and statements between braces. A statement ends at the end of its line, at `;`, at `}`, or where the next \
word that is a statement of the block begins. Behind a comma a list may go on in the next line. `//` starts a comment.

A name is a letter or `_`, then letters, digits, `_` or `-`, and is written without quotes. Strings stand in double quotes \
and know the escapes `\\\"` and `\\\\`. Numbers have their unit right behind them: `30s`, `20%`, `$0.25`. Conditions stand \
between backticks, patterns between slashes. A longer text stands between `<<WORD` and a line `WORD`.

Each statement stands at most once in its block, unless it says otherwise. What belongs to the language but can't be carried \
out by this version is refused, never ignored.

Below, the shape of each statement is written in EBNF: words in quotes stand as they are, what is in brackets may be left \
out, what is in braces may be repeated.";

fn block(page: &mut Roff, block: &Block) {
    let heading =
        if std::ptr::eq(block, &raw const POLICY) { "BLOCKS".to_owned() } else { block.word.to_uppercase() };
    page.control("SH", [heading.as_str()]);
    page.text(inline(block.doc));
    for statement in block.statements {
        page.control("TP", []);
        let mut head = Vec::new();
        if !statement.word.is_empty() {
            head.push(bold(statement.word));
        }
        let shape = syntax(&statement.shape);
        if !shape.is_empty() {
            let space = if head.is_empty() { "" } else { " " };
            head.push(italic(format!("{space}{shape}")));
        }
        page.text(head);
        let mut doc = inline(statement.doc);
        if statement.repeats {
            doc.push(roman(" May stand more than once."));
        }
        page.text(doc);
        for (what, text) in facts(statement) {
            page.control("br", []);
            page.text([vec![roman(format!("{what}: "))], inline(&text)].concat());
        }
        page.control("RS", []);
        example(page, statement.example);
        page.control("RE", []);
    }
}

/// What is told of a statement line by line.
fn facts(statement: &Statement) -> Vec<(&'static str, String)> {
    let default = match statement.presence {
        Presence::Required => "none, it must stand".to_owned(),
        Presence::Optional(meaning) => meaning.to_owned(),
        Presence::Default(text) => format!("`{text}`"),
    };
    let since = statement.since.map_or_else(|| "not supported by this version".to_owned(), str::to_owned);
    let facts = [
        ("Unit", statement.shape.unit_text()),
        ("Range", statement.shape.range_text()),
        ("Default", default),
        ("Since", since),
    ];
    facts.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

fn conditions(page: &mut Roff) {
    page.control("SH", ["CONDITIONS"]);
    page.text(inline(
        "Conditions are a typed part of CEL, the Common Expression Language, over these names:",
    ));
    for name in NAMES {
        page.control("TP", []);
        page.text([bold(name.name), roman(" "), italic(name.ty().as_str())]);
        let later = if name.supported { "" } else { " Not supported by this version." };
        page.text(inline(&format!("{}.{later}", capital(name.doc))));
    }
    for (heading, words) in [("Functions", FUNCTIONS), ("Operators", OPERATORS)] {
        page.control("SS", [heading]);
        words.iter().for_each(|found| word(page, found));
    }
}

fn word(page: &mut Roff, word: &Word) {
    page.control("TP", []);
    page.text([bold(word.name)]);
    page.text([vec![roman(format!("{}: ", capital(word.doc)))], vec![bold(word.usage)]].concat());
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn example(page: &mut Roff, text: &str) {
    page.control("nf", []);
    page.text([roman(text)]);
    page.control("fi", []);
}

/// What stands between backticks is set in bold, and keeps no backticks.
fn inline(text: &str) -> Vec<Inline> {
    let pieces = text.split('`').enumerate().filter(|(_, piece)| !piece.is_empty());
    pieces.map(|(number, piece)| if number % 2 == 1 { bold(piece) } else { roman(piece) }).collect()
}

fn see_also() -> Vec<Inline> {
    let pages = ["seawall", "seawall-check", "seawall-explain", "seawall-init", "seawall-test"];
    let mut text = Vec::new();
    for (number, page) in pages.into_iter().enumerate() {
        text.extend([roman(if number == 0 { "" } else { ", " }), bold(page), roman("(1)")]);
    }
    text
}
