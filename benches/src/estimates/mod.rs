//! How near learned estimates come to what models of other makers count, and after how many answers: on conversations that were not
//! seen before, by the makers' own vocabularies, as far as packages hold them.

mod picture;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use seawall_tokens::{Budget, Calibration, Dialect, Encoding, Memo, Request, Tally};
use serde_json::json;

use crate::tokens::corpus::{self, Dice};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Python with packages for vocabularies.
    #[arg(long)]
    python: PathBuf,
    /// The directory of the packages that hold them.
    #[arg(long)]
    vocabularies: PathBuf,
    /// How often each is learned anew.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Directory for the report.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

/// Answers that are learned from, and conversations that estimates are held against.
const LEARNED: usize = 100;
const HELD_OUT: usize = 100;

/// Tokens around each message, and around all of them: they vary by maker, and have to be learned as well.
const AROUND: [u64; 2] = [5, 3];

/// The kinds of text that conversations are made of.
const MIXES: [(&str, &[&str]); 2] = [
    ("prose, code, JSON, Chinese", &["English", "code", "JSON", "Chinese"]),
    (
        "the same, Japanese, Korean, Russian, Arabic, Hindi",
        &["English", "code", "JSON", "Chinese", "Japanese", "Korean", "Russian", "Arabic", "Hindi"],
    ),
];

/// How far estimates are off, by how many answers were learned from.
struct Curve {
    name: String,
    /// Mean distance, as a part of what was reported.
    off: Vec<f64>,
    /// The part of all estimates that is off by at most 5 %.
    near: Vec<f64>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut text = String::new();
    let number = |curves: &[f64], at: usize| curves.get(at).copied().unwrap_or_default() * 100.0;
    std::fs::create_dir_all(&args.out)?;
    let corpus = corpus::all()?;
    for (number_of_mix, (mix, kinds)) in MIXES.into_iter().enumerate() {
        let chosen = corpus.iter().filter(|class| kinds.contains(&class.name));
        let curves = curves(args, &chosen.map(|class| class.text.as_str()).collect::<Vec<_>>())?;
        let _ = write!(
            text,
            "\nConversations of {mix}, off in the mean, %:\n\n| model | base count | after 5 answers | 20 | 50 | 100 | within 5 % after 50 |\n|---|---|---|---|---|---|---|\n"
        );
        for Curve { name, off, near } in &curves {
            let [base, few, more, fifty, all] = [0, 5, 20, 50, LEARNED].map(|at| number(off, at));
            let near = number(near, 50);
            let _ = writeln!(
                text,
                "| {name} | {base:.0} | {few:.1} | {more:.1} | {fifty:.1} | {all:.1} | {near:.0} |"
            );
        }
        if number_of_mix == 0 {
            let path = args.out.join("estimates.svg");
            picture::draw(&curves, &path)?;
            eprintln!("{}", path.display());
        }
    }
    print!("{text}");
    Ok(())
}

/// Of conversations that are made of these texts.
fn curves(args: &Args, texts: &[&str]) -> anyhow::Result<Vec<Curve>> {
    let mut dice = Dice(texts.len() as u64);
    let each = LEARNED + HELD_OUT;
    let conversations: Vec<_> = (0..args.rounds * each).map(|_| conversation(&mut dice, texts)).collect();
    let bases = conversations.iter().map(|texts| base(texts)).collect::<anyhow::Result<Vec<_>>>()?;
    let counts = count(args, &conversations)?;
    let curve = |(name, counts): (String, Vec<u64>)| {
        let [message, all] = AROUND;
        let reported = counts.iter().zip(&conversations);
        let reported = reported.map(|(tokens, texts)| tokens + message * texts.len() as u64 + all);
        let pairs: Vec<_> = bases.iter().zip(reported).collect();
        let (mut off, mut near) = (vec![0.0; LEARNED + 1], vec![0.0; LEARNED + 1]);
        for round in pairs.chunks(each) {
            let (seen, unseen) = round.split_at(LEARNED);
            let mut learned = Calibration::default();
            for (n, (off, near)) in off.iter_mut().zip(&mut near).enumerate() {
                for (base, reported) in unseen {
                    let estimate = if n == 0 { base.total() } else { learned.estimate(base).tokens };
                    let part = (estimate as f64 / *reported as f64 - 1.0).abs();
                    let share = (args.rounds * HELD_OUT) as f64;
                    *off += part / share;
                    *near += f64::from(u8::from(part <= 0.05)) / share;
                }
                seen.get(n).into_iter().for_each(|(base, reported)| learned.learn(base, *reported));
            }
        }
        Curve { name, off, near }
    };
    Ok(counts.into_iter().map(curve).collect())
}

/// Up to five messages of one or two kinds, from 300 bytes to about 5 KB each.
fn conversation(dice: &mut Dice, all: &[&str]) -> Vec<String> {
    let mut kind = || dice.below(all.len() as u64);
    let kinds = [kind(), kind()];
    let messages = 1 + dice.below(5);
    let mut message = || {
        let [one, other] = kinds;
        let kind = if dice.below(2) == 0 { one } else { other };
        let text = all.get(kind as usize).copied().unwrap_or_default();
        let length = 300 << dice.below(5);
        let start = dice.below((text.len() as u64).saturating_sub(length)) as usize;
        let boundary =
            |at: usize| (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        text.get(boundary(start)..boundary(start + length as usize)).unwrap_or_default().to_owned()
    };
    (0..messages).map(|_| message()).collect()
}

/// The base count, as the filter counts for a model of Anthropic's.
fn base(texts: &[String]) -> anyhow::Result<Tally> {
    let role = |turn: usize| if turn.is_multiple_of(2) { "user" } else { "assistant" };
    let messages: Vec<_> =
        texts.iter().enumerate().map(|(turn, text)| json!({ "role": role(turn), "content": text })).collect();
    let body = json!({ "model": "claude", "max_tokens": 100, "messages": messages }).to_string();
    let encoding = Encoding::O200kBase;
    let request =
        Request { dialect: Dialect::Anthropic, model: "claude", encoding, budget: Budget::default() };
    request.count(body.as_bytes(), &mut Memo::new(64, [1, 2])).context("a request that can be counted")
}

/// The tokens of each conversation, by vocabulary.
fn count(args: &Args, conversations: &[Vec<String>]) -> anyhow::Result<BTreeMap<String, Vec<u64>>> {
    let mut python = Command::new(&args.python)
        .args(["-I", "benches/src/estimates/vocabularies.py"])
        .arg(&args.vocabularies)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    // It says nothing before it has read all.
    python.stdin.take().context("its input")?.write_all(&serde_json::to_vec(conversations)?)?;
    let output = python.wait_with_output()?;
    ensure!(output.status.success(), "the vocabularies can't be read");
    Ok(serde_json::from_slice(&output.stdout)?)
}
