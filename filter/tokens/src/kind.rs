//! What kind of text a text is. A model of another maker has more or fewer tokens for each kind than the base count says.

/// Kinds of text that vocabularies treat differently, and what is around texts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// In Latin letters.
    Prose,
    Code,
    Json,
    Chinese,
    Japanese,
    Korean,
    /// And Greek.
    Cyrillic,
    /// And Hebrew.
    Arabic,
    /// Scripts from Devanagari to Thai, and their neighbours: three bytes a letter.
    Indic,
    /// What is added around messages, tools and replies, and images: no text of the request.
    Frame,
}

impl Kind {
    pub const ALL: [Self; KINDS] = [
        Self::Prose,
        Self::Code,
        Self::Json,
        Self::Chinese,
        Self::Japanese,
        Self::Korean,
        Self::Cyrillic,
        Self::Arabic,
        Self::Indic,
        Self::Frame,
    ];

    /// The kind of a text, by some hundred bytes of it.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let (mut seen, mut signs, mut quotes) = (0, 0, 0);
        let mut scripts = Scripts::default();
        for window in [0, bytes.len() / 3, bytes.len() / 3 * 2] {
            for (at, byte) in bytes.iter().enumerate().skip(window).take(WINDOW) {
                seen += 1;
                match byte {
                    b'{' | b'}' | b'(' | b')' | b'[' | b']' | b';' | b'=' | b'<' | b'>' | b'_' | b'#'
                    | b'*' | b'/' => signs += 1,
                    b'"' => quotes += 1,
                    0xC0.. => scripts.see(*byte, bytes.get(at + 1).copied().unwrap_or(0)),
                    _ => {}
                }
            }
        }
        if let Some(script) = scripts.prevailing(seen) {
            script
        } else if matches!(text.trim_start().as_bytes().first(), Some(b'{' | b'[')) && quotes * 30 > seen {
            Self::Json
        } else if signs * 16 > seen {
            Self::Code
        } else {
            Self::Prose
        }
    }
}

pub const KINDS: usize = 10;

/// Bytes that are looked at, at each of three places.
const WINDOW: usize = 128;

/// Bytes of characters by script, all but Latin.
#[derive(Default)]
struct Scripts {
    /// What Chinese is written in, and Japanese for the most part.
    han: usize,
    kana: usize,
    hangul: usize,
    cyrillic: usize,
    arabic: usize,
    indic: usize,
}

impl Scripts {
    /// A character that begins with these two bytes.
    fn see(&mut self, first: u8, second: u8) {
        match (first, second) {
            // U+0370–U+0588: Greek, Cyrillic, Armenian.
            (0xCD..=0xD5, _) => self.cyrillic += 2,
            // U+0590–U+07FF: Hebrew, Arabic, Syriac.
            (0xD6..=0xDF, _) => self.arabic += 2,
            // U+0800–U+1BFF; what follows is mostly Latin with signs, as in Vietnamese.
            (0xE0, _) | (0xE1, ..=0xAF) => self.indic += 3,
            // U+3040–U+30FF.
            (0xE3, 0x81..=0x83) => self.kana += 3,
            (0xE3..=0xE9, _) => self.han += 3,
            // U+A000–U+D7FF, nearly all of it Hangul.
            (0xEA..=0xED, _) => self.hangul += 3,
            _ => {}
        }
    }

    /// The script of most of a text, if that is more than a quarter of so many bytes.
    fn prevailing(&self, bytes: usize) -> Option<Kind> {
        // A Japanese text has kana in every sentence, a Chinese one in a name at most.
        let eastern = if self.kana * 6 > self.han { Kind::Japanese } else { Kind::Chinese };
        let all = [
            (self.han + self.kana, eastern),
            (self.hangul, Kind::Korean),
            (self.cyrillic, Kind::Cyrillic),
            (self.arabic, Kind::Arabic),
            (self.indic, Kind::Indic),
        ];
        let most = all.into_iter().max_by_key(|(bytes, _)| *bytes);
        most.filter(|(most, _)| most * 4 > bytes).map(|(_, kind)| kind)
    }
}

/// Tokens by kind of text.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tally {
    tokens: [u32; KINDS],
    /// At least one of the counts is an estimate.
    pub is_estimate: bool,
    pub images: u16,
    /// [`SYSTEM`], [`DOUBTFUL`] and [`BY_RULE`].
    marks: u8,
}

/// Of a first system message: 1, and 1 more if a line end after it is a token. 0 if there is none.
const SYSTEM: u8 = 0b011;
/// Something is not counted, or is and may not be read.
const DOUBTFUL: u8 = 0b100;
/// Something costs what the model's rule says, whatever its vocabulary is.
const BY_RULE: u8 = 0b1000;

impl Tally {
    #[must_use]
    pub fn of(&self, kind: Kind) -> u64 {
        self.tokens.get(kind as usize).copied().unwrap_or(0).into()
    }

    #[must_use]
    pub fn total(&self) -> u64 {
        self.tokens.iter().map(|tokens| u64::from(*tokens)).sum()
    }

    pub fn add(&mut self, kind: Kind, tokens: u64) {
        if let Some(place) = self.tokens.get_mut(kind as usize) {
            *place = place.saturating_add(u32::try_from(tokens).unwrap_or(u32::MAX));
        }
    }

    /// Something is not counted, or is and may not be read: an estimate at best, of which what is reported for it says nothing.
    pub fn doubt(&mut self) {
        self.is_estimate = true;
        self.marks |= DOUBTFUL;
    }

    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        self.marks & DOUBTFUL != 0
    }

    /// Whether it holds images or files: what these cost depends on the model ([`Rule`](crate::image::Rule)), and not only on its
    /// vocabulary.
    #[must_use]
    pub fn depends_on_model(&self) -> bool {
        self.marks & BY_RULE != 0
    }

    /// Adds what the model's rule says for an image or a file.
    pub(crate) fn add_by_rule(&mut self, tokens: u64) {
        self.marks |= BY_RULE;
        self.add(Kind::Frame, tokens);
    }

    /// What a line end after the first system message costs, if there is one.
    pub(crate) fn system_line_end(&self) -> Option<u64> {
        (self.marks & SYSTEM).checked_sub(1).map(u64::from)
    }

    /// There is a system message, after which a line end is so many tokens.
    pub(crate) fn set_system(&mut self, line_end: u8) {
        self.marks = self.marks & !SYSTEM | (1 + line_end);
    }

    /// Takes away what the frame was said to hold too much of.
    pub(crate) fn take_frame(&mut self, tokens: u32) {
        if let Some(place) = self.tokens.get_mut(Kind::Frame as usize) {
            *place = place.saturating_sub(tokens);
        }
    }

    /// Takes away what a message has added that is left out now.
    pub fn take_all(&mut self, other: &Self) {
        for (place, tokens) in self.tokens.iter_mut().zip(other.tokens) {
            *place = place.saturating_sub(tokens);
        }
        self.images = self.images.saturating_sub(other.images);
    }

    pub fn add_all(&mut self, other: &Self) {
        for (place, tokens) in self.tokens.iter_mut().zip(other.tokens) {
            *place = place.saturating_add(tokens);
        }
        self.is_estimate |= other.is_estimate;
        self.marks |= other.marks & (DOUBTFUL | BY_RULE);
        self.images = self.images.saturating_add(other.images);
        if self.marks & SYSTEM == 0 {
            self.marks |= other.marks & SYSTEM;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_apart() {
        let rows = [
            ("Call me Ishmael. Some years ago, I went to sea (and \"liked\" it).", Kind::Prose),
            ("", Kind::Prose),
            ("fn main() {\n    let xs: Vec<u32> = vec![];\n    println!(\"{xs:?}\");\n}\n", Kind::Code),
            ("def f(a_b):\n    return [x for x in a_b if x > 0]\n", Kind::Code),
            (" {\"id\": 7, \"name\": \"x\", \"tags\": [\"a\", \"b\"]}", Kind::Json),
            ("在一个遥远的小村庄里，住着一位年迈的木匠。", Kind::Chinese),
            ("我在京都的「すし」店里吃了一顿很好吃的晚饭，然后坐电车回到了旅馆。", Kind::Chinese),
            ("昔々あるところに、おじいさんとおばあさんが住んでいました。", Kind::Japanese),
            ("東京都知事選挙の投票率は前回を上回る見通しと発表した。", Kind::Japanese),
            ("옛날 옛적에 깊은 산속 마을에 나무꾼이 살고 있었습니다.", Kind::Korean),
            ("В некотором царстве, в некотором государстве", Kind::Cyrillic),
            ("Μια φορά κι έναν καιρό ήταν ένας βασιλιάς", Kind::Cyrillic),
            ("كان يا ما كان في قديم الزمان", Kind::Arabic),
            ("היה היה פעם מלך אחד", Kind::Arabic),
            ("एक समय की बात है, एक राजा था।", Kind::Indic),
            ("กาลครั้งหนึ่งนานมาแล้ว", Kind::Indic),
            ("Ngày xửa ngày xưa, ở một làng nọ có một ông lão đốn củi.", Kind::Prose),
            ("Il était une fois, à l’orée d’une forêt — naïve…", Kind::Prose),
            ("{\"имя\": \"Иван\", \"город\": \"Москва\"}", Kind::Cyrillic),
        ];
        for (text, kind) in rows {
            assert_eq!(Kind::of(text), kind, "{text}");
        }
    }
}
