//! Policies at random, made from the vocabulary: whatever stands in the table is written sooner or later, in any layout.
//! They can all be read; names are defined and required statements are there, but rules between statements may be broken.

use seawall_policy::vocabulary::{
    Block, Durations, LANGUAGES, Leaf, PERCENTILES, POLICY, Presence, STATUSES, Shape, Statement, TRIGGERS,
    Text, duration_text, percent_text,
};

/// Names of each kind; all of them are defined. Some are words of the language, which is allowed.
const NAMES: &[&str] = &["a", "openai-east", "try", "a_rather_long_name_of_some_region", "x1", "x2", "x3"];

/// A policy without a layout.
#[derive(Debug)]
pub(crate) struct Generated {
    statements: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    words: Vec<Piece>,
    block: Option<Vec<Node>>,
    /// Its block may begin in the next line.
    may_open_below: bool,
    /// Begins without a word.
    bare: bool,
}

/// What a statement is made of.
#[derive(Clone, Debug)]
enum Piece {
    Word(String),
    /// No space is needed before it.
    Tight(&'static str),
    /// As [`Piece::Tight`], with the same space on both sides, as else it would be a pattern.
    Slash,
    /// A comma of a list, behind which a line may end.
    Comma,
    /// A text written in place.
    Inline(Vec<String>),
}

/// SplitMix64: enough for tests, and the same everywhere.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(crate) fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }

    fn within(&mut self, min: u32, max: u32) -> u32 {
        match self.below(4) {
            0 => min,
            1 => max,
            _ => min + (self.next() % (u64::from(max - min) + 1)) as u32,
        }
    }
}

/// Another policy for each seed.
pub(crate) fn policy(seed: u64) -> Generated {
    let random = &mut Random::new(seed);
    let mut statements = Vec::new();
    for definition in POLICY.statements {
        let is_named = definition.shape_leaves().iter().any(|leaf| matches!(leaf, Leaf::Define(_)));
        let times = if is_named { NAMES.len() } else { random.below(2) };
        for name in NAMES.iter().take(times) {
            statements.push(statement(definition, name, random));
        }
    }
    Generated { statements }
}

trait Leaves {
    fn shape_leaves(&self) -> Vec<Leaf>;
}

impl Leaves for Statement {
    fn shape_leaves(&self) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        self.shape.each_leaf(&mut |leaf| leaves.push(leaf));
        leaves
    }
}

fn statement(definition: &Statement, name: &str, random: &mut Random) -> Node {
    let words = if definition.word.is_empty() { vec![] } else { vec![Piece::Word(definition.word.into())] };
    let bare = definition.word.is_empty();
    let mut node = Node { words, block: None, may_open_below: true, bare };
    shape(&definition.shape, name, &mut node, random);
    node
}

fn shape(shape_: &Shape, name: &str, node: &mut Node, random: &mut Random) {
    match shape_ {
        Shape::Fixed(words) => node.words.extend(words.split(' ').map(|word| Piece::Word(word.into()))),
        Shape::Sign(",") => node.words.push(Piece::Tight(",")),
        Shape::Sign(word) | Shape::Word(word) => node.words.push(Piece::Word((*word).into())),
        Shape::Leaf(kind) => leaf(*kind, name, &mut node.words, random),
        Shape::Seq(parts) => parts.iter().for_each(|part| shape(part, name, node, random)),
        Shape::OneOf(_, parts) => shape(&parts[random.below(parts.len())], name, node, random),
        Shape::Maybe(inner) => {
            if random.one_in(2) {
                shape(inner, name, node, random);
                node.may_open_below = false;
            }
        }
        Shape::List(item, most, _) => {
            let few = if random.one_in(8) { 30 } else { 4 };
            list(item, (*most).min(1 + random.below(few)), name, node, random);
        }
        Shape::Block(inner) => node.block = Some(block(inner, random)),
    }
}

/// No two items are the same.
fn list(item: &Shape, most: usize, name: &str, node: &mut Node, random: &mut Random) {
    let mut seen = Vec::new();
    for _ in 0..most {
        let mut one = Node { words: vec![], block: None, may_open_below: true, bare: false };
        shape(item, name, &mut one, random);
        let text = format!("{:?}", one.words);
        if seen.contains(&text) {
            continue;
        }
        if !seen.is_empty() {
            node.words.push(Piece::Comma);
        }
        node.words.append(&mut one.words);
        seen.push(text);
    }
}

fn block(definition: &Block, random: &mut Random) -> Vec<Node> {
    let mut nodes = Vec::new();
    for definition in definition.statements {
        let required = definition.presence == Presence::Required;
        let most = if definition.repeats { 3 } else { 1 };
        let times = if required || random.one_in(3) { 1 + random.below(most) } else { 0 };
        for _ in 0..times {
            nodes.push(statement(definition, "", random));
        }
    }
    if random.one_in(2) {
        for last in (1..nodes.len()).rev() {
            nodes.swap(last, random.below(last + 1));
        }
    }
    nodes
}

fn leaf(leaf: Leaf, name: &str, words: &mut Vec<Piece>, random: &mut Random) {
    let mut word = |text: &str| words.push(Piece::Word(text.into()));
    match leaf {
        Leaf::Define(_) => word(name),
        Leaf::Name(_) => word(random.pick(NAMES)),
        Leaf::Title => word(random.pick(&["\"it works\"", "\"{ \\\"quoted\\\" } // no comment\""])),
        Leaf::Count { min, max } => word(&random.within(min, max).to_string()),
        Leaf::Duration(Durations { min, max }) => {
            let texts = [duration_text(min), duration_text(max)];
            word(&texts[random.below(2)]);
        }
        Leaf::Percent { min, max } => word(&percent_text(random.within(min, max))),
        Leaf::Factor { min, max } => {
            let hundredths = random.within(min, max);
            word(&format!("{}.{:02}x", hundredths / 100, hundredths % 100));
        }
        Leaf::Share { .. } => word(random.pick(&["0.15", "0", "1", "0.0001"])),
        Leaf::Tokens { .. } => {
            word(random.pick(&["128k", "512", "1M", "1.5k"]));
            word("tokens");
        }
        Leaf::Characters { .. } => {
            word(random.pick(&["4k", "20", "1.5k"]));
            word("characters");
        }
        Leaf::Money { .. } => {
            word("$");
            words.push(Piece::Tight(random.pick(&["0.25", "2", "2.00", "10"])));
        }
        Leaf::Size { .. } => word(random.pick(&["4MiB", "64KiB", "100B"])),
        Leaf::Rate => match random.below(4) {
            0 => ["32", "concurrent"].into_iter().for_each(word),
            1 => {
                word("$");
                words.extend([Piece::Tight("50"), Piece::Slash, Piece::Tight("day")]);
            }
            2 => {
                ["90k", random.pick(&["input", "output"]), "tokens"].into_iter().for_each(word);
                words.extend([Piece::Slash, Piece::Tight("min")]);
            }
            _ => {
                ["500", "requests"].into_iter().for_each(word);
                words.extend([Piece::Slash, Piece::Tight("hour")]);
            }
        },
        Leaf::PerSecond { max } => {
            word(&random.within(1, max).to_string());
            words.extend([Piece::Slash, Piece::Tight("s")]);
        }
        Leaf::Percentile => word(PERCENTILES[random.below(PERCENTILES.len())].0),
        Leaf::Text(kind) => word(random.pick(texts(kind))),
        Leaf::PathMatch => word(random.pick(&["\"/v1/*\"", "\"/v1/chat/completions\""])),
        Leaf::Auth => {
            let kinds: [&[&str]; 2] = [&["bearer"], &["header", "\"x-api-key\""]];
            kinds[random.below(2)].iter().for_each(|text| word(text));
            word("env");
            words.extend([Piece::Tight("."), Piece::Tight(random.pick(&["KEY", "_k2"]))]);
        }
        Leaf::Trigger => match random.below(2) {
            0 => word(&STATUSES[random.below(STATUSES.len())].to_string()),
            _ => word(TRIGGERS[random.below(TRIGGERS.len())].0),
        },
        Leaf::Language => word(LANGUAGES[random.below(LANGUAGES.len())].0),
        Leaf::Condition => word(random.pick(&[
            "`turns < 20`",
            "`model.startsWith(\"gpt-4\")   &&  stream`",
            "`headers[\"x-a\"] == '// } ö'`",
        ])),
        Leaf::Pattern => word(random.pick(&["/sorry/", "/a \\/ {2,3}  \"`/", "/ö/"])),
        Leaf::Inline => {
            let lines = ["{ \"a\": 1 }", "  // no comment  ", "", "   ", "}", "JSON // not the end", "ö\t"];
            let count = random.below(5);
            words.push(Piece::Inline((0..count).map(|_| random.pick(&lines).to_string()).collect()));
        }
    }
}

fn texts(kind: Text) -> &'static [&'static str] {
    match kind {
        Text::Cluster => &["\"openai\"", "\"a/b{c}//\""],
        Text::Host => &["\"api.openai.com\"", "\"[::1]:443\""],
        Text::Network => &["\"10.0.0.0/8\"", "\"::1\""],
        Text::Path => &["\"/v1/chat/completions\"", "\"/x?a=//b\""],
        Text::Header => &["\"x-tenant-id\"", "\"x-prompt-version\""],
        Text::HeaderValue => &["\"yes\"", "\"a // b\""],
        Text::Method => &["\"GET\"", "\"POST\""],
        Text::File => &["\"answer.schema.json\""],
        Text::Model | Text::Label | Text::Free => &[
            "\"gpt-4.1\"",
            "\"gpt-4.1-mini\"",
            "\"b\"",
            "\"c\"",
            "\"d\"",
            "\"ä \\\"b\\\" \\\\\"",
            "\"{ } ; // `\"",
        ],
    }
}

impl Generated {
    /// One statement a line, and nothing else.
    pub(crate) fn plain(&self) -> String {
        let mut writer = Writer { text: "seawall 1\n".into(), random: None, comments: 0 };
        self.statements.iter().for_each(|node| writer.line(node));
        writer.text
    }

    /// Any layout that means the same, with comments wherever one may stand.
    pub(crate) fn laid_out(&self, seed: u64) -> String {
        let mut random = Random::new(seed);
        let (mark, crlf) = (random.one_in(8), random.one_in(4));
        let mut writer = Writer { text: String::new(), random: Some(random), comments: 0 };
        if writer.chance(2) {
            writer.text.push('\n');
            writer.break_line();
        }
        writer.text.push_str("seawall");
        writer.space(false);
        writer.text.push('1');
        writer.end_line();
        writer.block(&self.statements, true);
        if writer.chance(3) {
            writer.text.push_str("// the end");
        }
        let text = if crlf { writer.text.replace('\n', "\r\n") } else { writer.text };
        if mark { ["\u{feff}", &text].concat() } else { text }
    }
}

struct Writer {
    text: String,
    /// `None` writes plainly.
    random: Option<Random>,
    comments: usize,
}

impl Writer {
    fn line(&mut self, node: &Node) {
        self.head(node);
        if let Some(block) = &node.block {
            self.text.push_str(" {\n");
            block.iter().for_each(|node| self.line(node));
            self.text.push('}');
        }
        self.text.push('\n');
    }

    fn chance(&mut self, chances: usize) -> bool {
        self.random.as_mut().is_some_and(|random| random.one_in(chances))
    }

    fn any(&mut self, texts: &[&'static str]) -> &'static str {
        self.random.as_mut().map_or(texts[0], |random| random.pick(texts))
    }

    fn space(&mut self, tight: bool) {
        let spaces: &[&str] = if tight { &["", "", " ", "\t "] } else { &[" ", " ", "  ", "\t", " \t  "] };
        let space = self.any(spaces);
        self.text.push_str(space);
    }

    fn comment(&mut self) {
        self.comments += 1;
        let text = self.any(&["", " of some length", " { \"", " `", " ö ; }", "/ <<JSON", " trailing  "]);
        self.text.push_str(&format!("// {}{text}\n", self.comments));
    }

    /// At least one line end.
    fn end_line(&mut self) {
        if self.chance(6) {
            self.space(true);
            self.comment();
        } else {
            self.text.push('\n');
        }
        self.break_line();
    }

    /// Blank lines, comment lines, indentation.
    fn break_line(&mut self) {
        while self.chance(4) {
            self.space(true);
            if self.chance(2) {
                self.comment();
            } else {
                self.text.push('\n');
            }
        }
        self.space(true);
    }

    fn block(&mut self, nodes: &[Node], top: bool) {
        // Some blocks are on one line, as far as that is possible.
        let one_line = self.chance(2);
        for (number, node) in nodes.iter().enumerate() {
            let next = nodes.get(number + 1);
            self.head(node);
            if let Some(block) = &node.block {
                if node.may_open_below && self.chance(8) {
                    self.end_line();
                } else {
                    self.space(true);
                }
                self.text.push('{');
                let open = self.text.len();
                self.gap(one_line);
                self.block(block, false);
                let flat = !self.text[open..].contains('\n');
                if !flat || !self.ends_inline(block) {
                    self.gap(flat);
                }
                self.text.push('}');
            }
            let inline = matches!(node.words.last(), Some(Piece::Inline(_)));
            let runs_on = next.is_some_and(|next| !next.bare) && !inline && (!top || node.block.is_some());
            match () {
                () if inline => self.text.push('\n'),
                () if next.is_none() && !top => {}
                () if runs_on && self.chance(if one_line { 1 } else { 6 }) => self.space(false),
                () if self.chance(8) => self.text.push_str(" ;"),
                () => self.end_line(),
            }
        }
    }

    fn ends_inline(&self, block: &[Node]) -> bool {
        block.last().is_some_and(|node| matches!(node.words.last(), Some(Piece::Inline(_))))
    }

    fn gap(&mut self, one_line: bool) {
        if one_line || self.chance(3) { self.space(true) } else { self.end_line() }
    }

    fn head(&mut self, node: &Node) {
        let mut slash = "";
        for (number, piece) in node.words.iter().enumerate() {
            match piece {
                Piece::Word(word) => {
                    let behind_comma = number > 0 && matches!(node.words[number - 1], Piece::Comma);
                    if number > 0 && !behind_comma {
                        self.space(word.starts_with(['"', '`']));
                    }
                    self.text.push_str(word);
                }
                Piece::Tight(text) => {
                    if number > 0 && matches!(node.words[number - 1], Piece::Slash) {
                        self.text.push_str(slash);
                    } else {
                        self.space(true);
                    }
                    self.text.push_str(text);
                }
                Piece::Slash => {
                    slash = self.any(&["", "", " "]);
                    self.text.extend([slash, "/"]);
                }
                Piece::Comma => {
                    self.space(true);
                    self.text.push(',');
                    match self.chance(6) {
                        true => self.end_line(),
                        false => self.space(true),
                    }
                }
                Piece::Inline(lines) => {
                    let indent = self.any(&["", "  ", "\t"]);
                    self.text.push_str(" <<JSON\n");
                    for line in lines {
                        self.text.extend([indent, line, "\n"]);
                    }
                    self.text.extend([indent, "JSON"]);
                }
            }
        }
    }
}
