//! The texts that are counted, a megabyte of each class: what this repository holds where it holds enough, else made from
//! samples with a seed, so that each run counts the same.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;

/// Bytes of each.
const SIZE: usize = 1_000_000;

pub(crate) struct Class {
    pub(crate) name: &'static str,
    /// Megabytes a second in Wasm that the project wants.
    pub(super) goal: Option<f64>,
    pub(crate) text: String,
}

pub(crate) fn all() -> anyhow::Result<Vec<Class>> {
    let class = |name, goal, text: String| Class { name, goal, text: cut(text) };
    Ok(vec![
        class("English", Some(90.0), english()?),
        class("code", None, code()?),
        class("JSON", None, json()),
        class("Chinese", Some(40.0), varied(CHINESE, 1)),
        class("Japanese", Some(40.0), varied(JAPANESE, 2)),
        class("Korean", Some(40.0), words(KOREAN, 3)),
        class("Russian", None, words(RUSSIAN, 4)),
        class("Arabic", None, words(ARABIC, 9)),
        class("Hindi", None, words(HINDI, 10)),
        class("emoji among Chinese", None, varied(EMOJI, 5)),
        class("base64", None, letters("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6)),
        class("hostile: letters without end", None, letters("abcdefghijklmnopqrstuvwxyz", 7)),
        class("hostile: one letter", None, "a".repeat(SIZE)),
        class("hostile: signs without end", None, letters("!\"#$%&()*+,-.:;<=>?@[]^_`{|}~", 8)),
        class("hostile: rare characters", None, rare()),
        class("hostile: blanks", None, " ".repeat(SIZE)),
    ])
}

fn cut(mut text: String) -> String {
    let end = (0..=SIZE.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(end);
    text
}

/// Files below a directory, in order.
fn files(directory: &Path, extension: &str, found: &mut Vec<String>) -> anyhow::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            files(&path, extension, found)?;
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(std::fs::read_to_string(&path).context("a file of the repository")?);
        }
    }
    Ok(())
}

/// The prose of the repository: documents, and comments of the sources.
fn english() -> anyhow::Result<String> {
    let (mut documents, mut sources) = (Vec::new(), Vec::new());
    files(Path::new("."), "md", &mut documents)?;
    files(Path::new("."), "rs", &mut sources)?;
    let mut text = String::new();
    for line in sources.iter().flat_map(|source| source.lines()) {
        let line = line.trim_start();
        if let Some(comment) = line.strip_prefix("//") {
            text.push_str(comment.trim_start_matches(['/', '!', ' ']));
            text.push(if comment.ends_with('.') { '\n' } else { ' ' });
        }
    }
    Ok(repeated(&(text + &documents.concat())))
}

fn code() -> anyhow::Result<String> {
    let mut sources = Vec::new();
    files(Path::new("."), "rs", &mut sources)?;
    Ok(repeated(&sources.concat()))
}

fn repeated(text: &str) -> String {
    text.repeat(SIZE / text.len().max(1) + 1)
}

/// Requests with conversations and calls of tools.
fn json() -> String {
    let (mut text, mut dice) = (String::new(), Dice(9));
    while text.len() < SIZE {
        let id = format!("{:016x}", dice.next());
        let (a, b) = (dice.below(100_000), dice.below(1_000));
        let _ = write!(
            text,
            "{{\"id\":\"call_{id}\",\"type\":\"function\",\"function\":{{\"name\":\"search_orders\",\"arguments\":\"{{\\\"customer\\\": {a}, \
             \\\"status\\\": \\\"shipped\\\", \\\"limit\\\": {b}}}\"}}}},\n  {{\"role\": \"user\", \"content\": [{{\"type\": \"text\", \"text\": \
             \"Where is order {a}?\"}}], \"metadata\": {{\"trace\": \"{id}\", \"score\": 0.{b}, \"tags\": [\"eu-west-1\", null, true]}}}},\n"
        );
    }
    text
}

/// Text with runs of its own: after each character one that follows it in the sample.
fn varied(sample: &str, seed: u64) -> String {
    let characters: Vec<char> = sample.chars().collect();
    let (mut text, mut dice, mut at) = (String::new(), Dice(seed), 0);
    while text.len() < SIZE {
        let Some(character) = characters.get(at) else { break };
        text.push(*character);
        let alike: Vec<_> =
            (0..characters.len() - 1).filter(|other| characters.get(*other) == Some(character)).collect();
        at = alike.get(dice.below(alike.len() as u64) as usize).map_or(0, |other| other + 1);
    }
    text
}

/// The words of a sample in another order.
fn words(sample: &str, seed: u64) -> String {
    let words: Vec<&str> = sample.split_inclusive(' ').collect();
    let (mut text, mut dice) = (String::new(), Dice(seed));
    while text.len() < SIZE {
        text.push_str(words.get(dice.below(words.len() as u64) as usize).unwrap_or(&" "));
    }
    text
}

fn letters(alphabet: &str, seed: u64) -> String {
    let (alphabet, mut dice) = (alphabet.as_bytes(), Dice(seed));
    let letter =
        |_| char::from(alphabet.get(dice.below(alphabet.len() as u64) as usize).copied().unwrap_or(0));
    (0..SIZE).map(letter).collect()
}

fn rare() -> String {
    let mut dice = Dice(11);
    (0..SIZE / 3).filter_map(|_| char::from_u32(0x3400 + dice.below(0x1900) as u32)).collect()
}

/// Splitmix64.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

const CHINESE: &str = include_str!("../../../filter/tokens/tests/texts/chinese.txt");
const JAPANESE: &str = include_str!("../../../filter/tokens/tests/texts/japanese.txt");
const KOREAN: &str = include_str!("../../../filter/tokens/tests/texts/korean.txt");
const RUSSIAN: &str = include_str!("../../../filter/tokens/tests/texts/russian.txt");
const ARABIC: &str = include_str!("../../../filter/tokens/tests/texts/arabic.txt");
const HINDI: &str = include_str!("../../../filter/tokens/tests/texts/hindi.txt");
const EMOJI: &str = "今天天气真好👍🏽！我们去公园玩吧🎉🎉，记得带上水🥤和帽子👒。昨天的比赛太精彩了😂😂😂，大家都很开心❤️‍🔥。下次一起去🇯🇵旅行好不好？👩‍👩‍👧‍👦 出发🚀！";
