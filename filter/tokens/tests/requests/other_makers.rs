//! What is learned of a model with another vocabulary, from texts as they are: of this repository, and samples of Chinese and
//! Japanese. Older vocabularies of OpenAI's stand for another maker's.

use std::path::Path;
use std::sync::LazyLock;

use seawall_tokens::{Budget, Calibration, Dialect, Encoding, Memo, Request, Tally};
use serde_json::json;
use tiktoken_rs::CoreBPE;

const CHINESE: &str = "在一个遥远的小村庄里，住着一位年迈的木匠。他每天清晨起床，先到河边打水，然后回到作坊里开始工作。村里的人都说，他做的椅子坐上去比任何地方都舒服，而他做的门从来不会发出吱吱的声音。有一天，城里来了一个商人，想请他为新建的剧院制作五百把座椅。人工智能技术正在迅速改变我们的生活方式，大语言模型能够理解和生成自然语言，为软件开发、教育、医疗等领域带来新的机遇。与此同时，如何保证系统的可靠性、安全性以及成本控制，也成为工程师必须面对的重要问题。请根据以下要求编写一个函数，输入为整数列表，输出为排序后的结果，并说明时间复杂度。如果服务器在高峰期间没有响应，客户端应当等待一段时间以后再次尝试，而不是立即发送更多的请求。";

/// The texts of one kind, of which requests hold parts.
static TEXTS: LazyLock<[String; 4]> = LazyLock::new(|| {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let all = |directory: &str, extension: &str| {
        let mut texts = Vec::new();
        files(&root.join(directory), extension, &mut texts);
        texts.concat()
    };
    let prose = ["README.md", "policy-dsl/README.md", "filter/tokens/README.md", "filter/schema/README.md"];
    [
        prose.map(|file| std::fs::read_to_string(root.join(file)).unwrap()).concat(),
        all("filter/core/src", "rs") + &all("envoy/tests", "py"),
        CHINESE.to_owned(),
        all("filter/schema", "json")
            + &all("policy-dsl/editors", "json")
            + &all("test-host/tests/golden", "json"),
    ]
});

/// Those below a directory, in order.
fn files(directory: &Path, extension: &str, found: &mut Vec<String>) {
    let mut paths: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// Splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ mixed >> 31) >> 1) as usize % end
    }

    /// A part of a text.
    fn part(&mut self, text: &str) -> String {
        let length = 300 << self.below(5);
        let start = self.below(text.len().saturating_sub(length).max(1));
        let boundary =
            |at: usize| (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        text.get(boundary(start)..boundary(start + length)).unwrap().to_owned()
    }

    /// The texts of a conversation, of one kind or of two.
    fn conversation(&mut self) -> Vec<String> {
        let kinds = [self.below(4), self.below(4)];
        let part = |dice: &mut Self| {
            let kind = kinds[dice.below(2)];
            dice.part(&TEXTS[kind])
        };
        (0..1 + self.below(5)).map(|_| part(self)).collect()
    }
}

/// The base count, as the filter counts for a model of Anthropic's.
fn base(texts: &[String]) -> Tally {
    let role = |turn: usize| if turn.is_multiple_of(2) { "user" } else { "assistant" };
    let messages: Vec<_> =
        texts.iter().enumerate().map(|(turn, text)| json!({ "role": role(turn), "content": text })).collect();
    let body = json!({ "model": "claude", "max_tokens": 100, "messages": messages }).to_string();
    let encoding = Encoding::O200kBase;
    let request =
        Request { dialect: Dialect::Anthropic, model: "claude", encoding, budget: Budget::default() };
    request.count(body.as_bytes(), &mut Memo::new(64, [1, 2])).unwrap()
}

/// What a provider with this vocabulary reports.
fn reported(vocabulary: &CoreBPE, texts: &[String]) -> u64 {
    texts.iter().map(|text| vocabulary.count_ordinary(text) as u64 + 5).sum::<u64>() + 3
}

/// How far estimates are off after fifty answers, and base counts, on requests that have not been seen.
fn off(vocabulary: &CoreBPE, seed: u64) -> [Vec<f64>; 2] {
    let (mut dice, mut learned) = (Dice(seed), Calibration::default());
    for _ in 0..50 {
        let texts = dice.conversation();
        learned.learn(&base(&texts), reported(vocabulary, &texts));
    }
    let (mut estimated, mut unlearned) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        let texts = dice.conversation();
        let (base, reported) = (base(&texts), reported(vocabulary, &texts) as f64);
        estimated.push((learned.estimate(&base).tokens as f64 / reported - 1.0).abs());
        unlearned.push((base.total() as f64 / reported - 1.0).abs());
    }
    [estimated, unlearned]
}

fn mean(offs: &[f64]) -> f64 {
    offs.iter().sum::<f64>() / offs.len() as f64
}

/// How near it comes depends on how alike the texts of one kind are to the other vocabulary: to one of 2021 that has hardly any
/// tokens for blanks or tables, and to GPT-2's, which has none, they are less so.
#[test]
fn after_fifty_answers_texts_that_were_not_seen_are_within_five_percent() {
    for (vocabulary, most_mean, least_near) in [
        (tiktoken_rs::cl100k_base().unwrap(), 0.02, 93),
        (tiktoken_rs::p50k_base().unwrap(), 0.05, 60),
        (tiktoken_rs::r50k_base().unwrap(), 0.20, 20),
    ] {
        for seed in 0..4 {
            let [estimated, unlearned] = off(&vocabulary, seed);
            let near = estimated.iter().filter(|off| **off <= 0.05).count();
            println!("{:.4} {:.4} {near}", mean(&estimated), mean(&unlearned));
            assert!(mean(&estimated) <= most_mean && near >= least_near, "{} {near}", mean(&estimated));
            assert!(mean(&estimated) * 2.0 <= mean(&unlearned), "{}", mean(&unlearned));
        }
    }
}
