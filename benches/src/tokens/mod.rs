//! What counting tokens costs: in Wasm and natively, beside tiktoken-rs, on texts of several classes; a conversation at
//! first sight and when it grows; memory and time to start.

pub(crate) mod corpus;
mod guest;
mod picture;

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use seawall_tokens::Encoding;
use serde_json::json;

use self::guest::Guest;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The module that counts with both vocabularies.
    #[arg(long)]
    both: PathBuf,
    /// With `o200k_base` alone.
    #[arg(long)]
    newer: PathBuf,
    /// Without a vocabulary.
    #[arg(long)]
    none: PathBuf,
    /// With tiktoken-rs in the counter's place.
    #[arg(long)]
    reference: PathBuf,
    /// How often each is measured; the shortest time counts.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Directory for the report.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

/// Bytes that are counted at once.
const CHUNK: usize = 100_000;

/// Work of about a millisecond, the filter's bound.
const BUDGET: usize = 100_000;

/// Megabytes a second on one class of text with one vocabulary.
struct Speeds {
    name: &'static str,
    encoding: Encoding,
    goal: Option<f64>,
    wasm: f64,
    native: f64,
    reference_wasm: Option<f64>,
    reference: Option<f64>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut both = Guest::start(&args.both)?;
    let mut reference = Guest::start(&args.reference)?;
    let mut text = memory(&[
        ("both vocabularies", &both),
        ("`o200k_base` alone", &Guest::start(&args.newer)?),
        ("none: counts are rough", &Guest::start(&args.none)?),
        ("tiktoken-rs", &reference),
    ]);
    text += &conversation(&mut both, args.rounds)?;
    let speeds = speeds(&mut both, &mut reference, args.rounds)?;
    text += "\nMegabytes a second, in parts of 100 KB:\n\n\
        | text | vocabulary | Wasm | goal | native | tiktoken-rs, Wasm | tiktoken-rs, native |\n|---|---|---|---|---|---|---|\n";
    let number = |speed: Option<f64>| speed.map_or(String::new(), |speed| format!("{speed:.0}"));
    for Speeds { name, encoding, goal, wasm, native, reference_wasm, reference } in &speeds {
        let (goal, theirs, theirs_native) = (
            goal.map_or(String::new(), |goal| format!("≥ {goal}")),
            number(*reference_wasm),
            number(*reference),
        );
        let _ = writeln!(
            text,
            "| {name} | {encoding:?} | {wasm:.0} | {goal} | {native:.0} | {theirs} | {theirs_native} |"
        );
    }
    std::fs::create_dir_all(&args.out)?;
    std::fs::write(args.out.join("tokens.md"), &text)?;
    picture::draw(&speeds, &args.out.join("tokens.svg"))?;
    println!("\n{text}\nwritten to {} and tokens.svg", args.out.join("tokens.md").display());
    Ok(())
}

fn memory(guests: &[(&str, &Guest)]) -> String {
    let mut text = String::from(
        "| module with | bytes | memory of a VM | to instantiate | first count of a word with each vocabulary |\n|---|---|---|---|---|\n",
    );
    for (name, guest) in guests {
        let _ = writeln!(
            text,
            "| {name} | {:.0} KB | {:.2} MiB | {:.3} ms | {:.3} ms |",
            guest.size as f64 / 1e3,
            guest.resident as f64 / 1_048_576.0,
            guest.instantiate.as_secs_f64() * 1e3,
            guest.ready.as_secs_f64() * 1e3
        );
    }
    text
}

/// A conversation of so many kilobytes, and the same with a turn more.
fn conversation(guest: &mut Guest, rounds: usize) -> anyhow::Result<String> {
    let mut text = String::from(
        "\n| conversation | first sight | first sight, within a budget of 1 ms | one turn more |\n|---|---|---|---|\n",
    );
    let classes = corpus::all()?;
    let prose = classes.first().map_or("", |class| &class.text);
    for size in [1_000, 20_000, 100_000, 1_000_000] {
        let turn = (size / 20).clamp(200, 2_000);
        let (before, after) = (body(prose, size, turn, 0), body(prose, size, turn, 1));
        let first = guest.request(None, &before, usize::MAX >> 33, rounds)?;
        let bounded = guest.request(None, &before, BUDGET, rounds)?;
        let next = guest.request(Some(&before), &after, BUDGET, rounds)?;
        let micros = |time: Duration| format!("{:.0} µs", time.as_secs_f64() * 1e6);
        let _ = writeln!(
            text,
            "| {} KB | {} | {} | {} |",
            size / 1_000,
            micros(first),
            micros(bounded),
            micros(next)
        );
    }
    Ok(text)
}

fn body(prose: &str, size: usize, turn: usize, more: usize) -> Vec<u8> {
    let characters: Vec<char> = prose.chars().take(size + turn).collect();
    let turns = characters.chunks(turn).take(size / turn + more).enumerate();
    let messages: Vec<_> = turns
        .map(|(nth, content)| json!({ "role": if nth % 2 == 0 { "user" } else { "assistant" }, "content": content.iter().collect::<String>() }))
        .collect();
    json!({ "model": "gpt-4o", "messages": messages }).to_string().into_bytes()
}

fn speeds(both: &mut Guest, reference: &mut Guest, rounds: usize) -> anyhow::Result<Vec<Speeds>> {
    let mut speeds = Vec::new();
    for class in corpus::all()? {
        for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
            let theirs = match encoding {
                Encoding::O200kBase => tiktoken_rs::o200k_base_singleton(),
                Encoding::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
            };
            let few = rounds.min(3);
            speeds.push(Speeds {
                name: class.name,
                encoding,
                goal: class.goal,
                wasm: both.speed(&class.text, encoding, rounds)?,
                native: native(&class.text, rounds, |chunk| encoding.count(chunk).tokens),
                reference_wasm: Some(reference.speed(&class.text, encoding, few)?),
                reference: Some(native(&class.text, few, |chunk| theirs.count_ordinary(chunk) as u64)),
            });
        }
    }
    Ok(speeds)
}

fn chunks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = (0..=CHUNK.min(rest.len())).rev().find(|at| rest.is_char_boundary(*at))?;
        let (chunk, after) = rest.split_at_checked(end)?;
        rest = after;
        (!chunk.is_empty()).then_some(chunk)
    })
}

fn native(text: &str, rounds: usize, count: impl Fn(&str) -> u64) -> f64 {
    let once = |chunk| {
        let start = Instant::now();
        black_box(count(black_box(chunk)));
        start.elapsed()
    };
    let time: Duration =
        chunks(text).map(|chunk| (0..rounds.max(1)).map(|_| once(chunk)).min().unwrap_or_default()).sum();
    text.len() as f64 / time.as_secs_f64() / 1e6
}
