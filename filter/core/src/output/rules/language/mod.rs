//! Which language a text is in, if that is plain to see.
//!
//! First by the script that most of its letters are of; where several languages share it, by the words that each of them
//! can't do without (the short function words that make up a third of most texts) and by letters that few have. No more is claimed than that: texts of a few
//! words, code and names are in no language, and where two languages score alike neither is wrong.

mod words;

use seawall_schema::{Document, Limits};

use self::words::{LETTERS, WORDS};

/// The languages that are told, in ISO 639-1. The first are told by words, the others by their scripts.
pub(crate) const CODES: [&str; 31] = [
    "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "pl", "cs", "tr", "fi", "hu", "ro", "id",
    "vi", "ru", "uk", "bg", "ar", "fa", "el", "he", "hi", "bn", "th", "ko", "ja", "zh",
];
const JAPANESE: u32 = 1 << 29;
const CHINESE: u32 = 1 << 30;

/// Bytes of a text that are read.
const MOST_BYTES: usize = 4 * 1024;
/// Fewer letters tell nothing. A Chinese, Japanese or Korean one counts for three.
const LEAST_LETTERS: u32 = 36;
/// Fewer Chinese letters without kana may be Japanese as well.
const LEAST_HAN: u32 = 60;
/// Fewer words tell nothing.
const LEAST_WORDS: u32 = 8;
/// Points for a word that a language has in its list, and for one that only has its letters.
const WORD: u32 = 2;
const LETTER: u32 = 1;
/// Fewer points tell nothing.
const LEAST_POINTS: u32 = 8;
/// For a hundred words, so many points at least.
const POINTS_SHARE: u32 = 36;
/// To a hundred letters, so many marks that code is made of are too many.
const MARKS_SHARE: u32 = 5;

/// Slots for words: a power of two, more than twice the words.
const SLOTS: usize = 4096;
/// Letters that are looked up.
const FIRST_LETTER: u32 = 0xC0;
const LETTER_COUNT: usize = 0x640;

/// What is known of languages. One bit for each, by its number.
#[derive(Debug)]
pub(super) struct Languages {
    /// Words by their hashes, and the languages that have them.
    words: Box<[(u32, u32)]>,
    /// Languages that have a letter, from [`FIRST_LETTER`] on.
    letters: Box<[u32]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    Latin,
    Cyrillic,
    Arabic,
    Greek,
    Hebrew,
    Devanagari,
    Bengali,
    Thai,
    Hangul,
    Kana,
    Han,
}

const SCRIPTS: usize = Script::Han as usize + 1;

impl Script {
    fn of(character: char) -> Option<Self> {
        Some(match u32::from(character) {
            0x41..=0x5A | 0x61..=0x7A | 0xC0..=0xD6 | 0xD8..=0xF6 | 0xF8..=0x24F | 0x1E00..=0x1EFF => {
                Self::Latin
            }
            0x370..=0x3FF | 0x1F00..=0x1FFF => Self::Greek,
            0x400..=0x52F => Self::Cyrillic,
            0x590..=0x5FF => Self::Hebrew,
            0x620..=0x65F | 0x66E..=0x6D3 | 0x750..=0x77F | 0xFB50..=0xFDFF | 0xFE70..=0xFEFC => Self::Arabic,
            0x900..=0x97F => Self::Devanagari,
            0x980..=0x9FF => Self::Bengali,
            0xE01..=0xE4E => Self::Thai,
            0x1100..=0x11FF | 0x3130..=0x318F | 0xAC00..=0xD7AF => Self::Hangul,
            0x3041..=0x30FF => Self::Kana,
            0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF => Self::Han,
            _ => return None,
        })
    }

    /// The languages that are written so.
    fn languages(self) -> u32 {
        let one = |number: u32| 1 << number;
        match self {
            Self::Latin => one(18) - 1,
            Self::Cyrillic => 0b111 << 18,
            Self::Arabic => 0b11 << 21,
            Self::Greek => one(23),
            Self::Hebrew => one(24),
            Self::Devanagari => one(25),
            Self::Bengali => one(26),
            Self::Thai => one(27),
            Self::Hangul => one(28),
            Self::Kana => JAPANESE,
            Self::Han => JAPANESE | CHINESE,
        }
    }

    /// What a letter counts for.
    fn weight(self) -> u32 {
        if matches!(self, Self::Hangul | Self::Kana | Self::Han) { 3 } else { 1 }
    }
}

/// What was counted in a text.
#[derive(Debug, Default)]
struct Counts {
    letters: [u32; SCRIPTS],
    /// Characters that code is made of.
    marks: u32,
    words: u32,
    /// Of each language.
    points: [u32; WORDS.len()],
    bytes: usize,
}

/// The word that is being read.
#[derive(Default)]
struct Word {
    hash: u32,
    length: u32,
    /// The languages that have all its letters that few have.
    letters: u32,
    has_rare: bool,
    /// Part of a name in code.
    is_name: bool,
}

impl Languages {
    pub(super) fn new() -> Self {
        let mut words = vec![(0, 0); SLOTS].into_boxed_slice();
        for (number, list) in WORDS.iter().enumerate() {
            for word in list.split_ascii_whitespace() {
                let hash = word.chars().fold(0, hash);
                if let Some((known, languages)) = slot(&words, hash).and_then(|at| words.get_mut(at)) {
                    (*known, *languages) = (hash, *languages | 1 << number);
                }
            }
        }
        let mut letters = vec![0; LETTER_COUNT].into_boxed_slice();
        for (number, list) in LETTERS {
            for letter in list.chars() {
                if let Some(languages) = letters.get_mut(place(letter)) {
                    *languages |= 1 << number;
                }
            }
        }
        Self { words, letters }
    }

    /// The bits of these languages; those that aren't known here have none.
    pub(super) fn mask<'c>(codes: impl IntoIterator<Item = &'c str>) -> u32 {
        let number = |code| CODES.iter().position(|known| *known == code);
        codes.into_iter().filter_map(number).fold(0, |mask, number| mask | 1 << number)
    }

    /// The language of a text, as a bit, if that is sure; both bits where only these two can be.
    pub(super) fn of(&self, text: &str) -> Option<u32> {
        self.counted(text).told().map(|(language, _)| language)
    }

    /// Whether a text is for sure in none of these.
    pub(super) fn is_other(&self, text: &str, expected: u32) -> bool {
        let counts = self.counted(text);
        let Some((language, points)) = counts.told() else { return false };
        let rival = counts.best(expected).map_or(0, |(_, points)| points);
        let is_clear = points == 0 || (rival * 10 <= points * 7 && rival + LEAST_POINTS <= points);
        language & expected == 0 && is_clear
    }

    /// Of JSON its strings count that are more than a word, of other texts what isn't marked as code.
    fn counted(&self, text: &str) -> Counts {
        let mut counts = Counts::default();
        if text.trim_start().starts_with(['{', '['])
            && let Ok(document) = Document::read(text, Limits { bytes: 1 << 20, depth: 100, nodes: 100_000 })
        {
            for text in document.texts().filter(|text| !text.is_ascii() || text.contains(' ')) {
                self.count(text, &mut counts);
            }
            return counts;
        }
        for prose in text.split("```").step_by(2).flat_map(|text| text.split('`').step_by(2)) {
            self.count(prose, &mut counts);
        }
        counts
    }

    fn count(&self, text: &str, counts: &mut Counts) {
        let mut word = Word::default();
        // A blank ends the last word.
        for character in text.chars().chain([' ']) {
            counts.bytes += character.len_utf8();
            if counts.bytes > MOST_BYTES {
                return;
            }
            let Some(script) = Script::of(character) else {
                match character {
                    '0'..='9' | '_' => word.is_name = true,
                    _ => {
                        counts.marks += u32::from(matches!(
                            character,
                            '{' | '}' | '[' | ']' | ';' | '=' | '<' | '>' | '$' | '\\'
                        ));
                        self.ends(std::mem::take(&mut word), counts);
                    }
                }
                continue;
            };
            if let Some(letters) = counts.letters.get_mut(script as usize) {
                *letters += 1;
            }
            let lower = lower(character);
            word.is_name |= word.length > 0 && lower != character && character.is_ascii();
            word.hash = hash(word.hash, lower);
            word.length += 1;
            let languages = match u32::from(lower) {
                0x1EA0..=0x1EFF => 1 << 17,
                _ => self.letters.get(place(lower)).copied().unwrap_or(0),
            };
            if languages != 0 {
                word.letters = if word.has_rare { word.letters & languages } else { languages };
                word.has_rare = true;
            }
        }
    }

    fn ends(&self, word: Word, counts: &mut Counts) {
        if word.length == 0 || word.is_name {
            return;
        }
        let known = slot(&self.words, word.hash).and_then(|at| self.words.get(at)).map_or(0, |slot| slot.1);
        counts.words += u32::from(word.length > 1 || known != 0);
        let (mut languages, more) = if known != 0 { (known, WORD) } else { (word.letters, LETTER) };
        while languages != 0 {
            if let Some(points) = counts.points.get_mut(languages.trailing_zeros() as usize) {
                *points += more;
            }
            languages &= languages - 1;
        }
    }
}

impl Counts {
    /// The language, or the two that it must be one of, if that is sure, and its points: 0 if it isn't told by its words.
    fn told(&self) -> Option<(u32, u32)> {
        use Script::{Arabic, Cyrillic, Devanagari, Greek, Han, Hangul, Hebrew, Kana, Latin};
        let all = [
            Latin,
            Cyrillic,
            Arabic,
            Greek,
            Hebrew,
            Devanagari,
            Script::Bengali,
            Script::Thai,
            Hangul,
            Kana,
            Han,
        ];
        let letters =
            |script: Script| self.letters.get(script as usize).copied().unwrap_or(0) * script.weight();
        let total: u32 = all.iter().map(|script| letters(*script)).sum();
        let (kana, han) = (letters(Kana), letters(Han));
        let main = all.into_iter().max_by_key(|script| letters(*script))?;
        let most = if matches!(main, Kana | Han) { kana + han } else { letters(main) };
        if total < LEAST_LETTERS || most * 10 < total * 7 {
            return None;
        }
        match main {
            Latin | Cyrillic | Arabic => {
                let (language, points) = self.best(main.languages())?;
                let is_sure = self.words >= LEAST_WORDS
                    && points >= LEAST_POINTS
                    && points * 100 >= self.words * POINTS_SHARE
                    && self.marks * 100 <= total * MARKS_SHARE;
                is_sure.then_some((language, points))
            }
            Kana | Han if kana * 10 >= most => Some((JAPANESE, 0)),
            // Short Japanese texts, such as headlines, may do without kana.
            Kana | Han if kana > 0 => None,
            Kana | Han if han < LEAST_HAN * Han.weight() => Some((JAPANESE | CHINESE, 0)),
            Kana | Han => Some((CHINESE, 0)),
            other => Some((other.languages(), 0)),
        }
    }

    /// Of these languages the one with most points.
    fn best(&self, among: u32) -> Option<(u32, u32)> {
        let points = self.points.iter().enumerate().map(|(number, points)| (1 << number, *points));
        points.filter(|(language, _)| language & among != 0).max_by_key(|(_, points)| *points)
    }
}

/// FNV-1a, by characters; never 0.
fn hash(hash: u32, character: char) -> u32 {
    let start = if hash == 0 { 0x811C_9DC5 } else { hash };
    (start ^ u32::from(character)).wrapping_mul(0x0100_0193).max(1)
}

/// The slot of a hash, or the free one where it belongs.
fn slot(words: &[(u32, u32)], hash: u32) -> Option<usize> {
    let spread = (hash ^ hash >> 15) as usize;
    (0..words.len())
        .map(|step| (spread + step) % SLOTS)
        .find(|at| words.get(*at).is_none_or(|(known, _)| *known == hash || *known == 0))
}

fn place(letter: char) -> usize {
    u32::from(letter).checked_sub(FIRST_LETTER).map_or(usize::MAX, |place| place as usize)
}

/// The small letter, of the alphabets whose words are looked up.
fn lower(letter: char) -> char {
    let code = u32::from(letter);
    let small = match code {
        0x41..=0x5A | 0xC0..=0xDE | 0x410..=0x42F => code + 0x20,
        0x130 => 0x69,
        0x100..=0x137 | 0x14A..=0x177 | 0x1A0..=0x1A1 | 0x218..=0x21B | 0x490..=0x491 | 0x1EA0..=0x1EFF => {
            code | 1
        }
        0x139..=0x148 | 0x179..=0x17E => code + (code & 1),
        0x1AF => 0x1B0,
        0x400..=0x40F => code + 0x50,
        _ => code,
    };
    char::from_u32(small).unwrap_or(letter)
}

#[cfg(test)]
mod tests;
