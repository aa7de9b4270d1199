//! Reading a pattern: ECMA-262 with the flag `u`, and with what older patterns write besides (Annex B): needless escapes of signs,
//! braces and brackets that stand for themselves.

use std::str::Chars;

use super::ast::Ast;
use super::class::{Class, DIGIT, LINE_END, SPACE, WORD};
use super::unicode;
use super::{PatternError, Problem};

/// Groups within groups.
const DEEPEST: u32 = 100;
/// Of `{n,m}`; it also bounds what is multiplied later.
const MOST_REPEATS: u32 = 100_000;

pub(super) struct Parser<'p> {
    rest: Chars<'p>,
    length: usize,
    depth: u32,
    ignore_case: bool,
    /// What is a pattern but can't be matched in linear time, or isn't known here. The rest is still read: it may be no pattern at all.
    unsupported: Option<PatternError>,
}

type Parsed<T> = Result<T, PatternError>;

/// The pattern, or why it is none.
pub(super) fn parse(pattern: &str, ignore_case: bool) -> Parsed<Ast> {
    let mut parser =
        Parser { rest: pattern.chars(), length: pattern.len(), depth: 0, ignore_case, unsupported: None };
    let ast = parser.choice()?;
    if parser.peek().is_some() {
        return Err(parser.error(Problem::Unopened));
    }
    parser.unsupported.map_or(Ok(ast), Err)
}

impl Parser<'_> {
    fn at(&self) -> usize {
        self.length - self.rest.as_str().len()
    }

    fn error(&self, problem: Problem) -> PatternError {
        PatternError { at: self.at(), problem }
    }

    fn refuse(&mut self, problem: Problem) {
        let error = self.error(problem);
        self.unsupported.get_or_insert(error);
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.as_str().strip_prefix(text).map(str::chars);
        let found = rest.is_some();
        self.rest = rest.unwrap_or_else(|| self.rest.clone());
        found
    }

    fn choice(&mut self) -> Parsed<Ast> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error(Problem::TooLarge));
        }
        let first = self.sequence()?;
        if self.peek() != Some('|') {
            self.depth -= 1;
            return Ok(first);
        }
        let mut choices = vec![first];
        while self.eat("|") {
            choices.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(Ast::Choice(choices))
    }

    fn sequence(&mut self) -> Parsed<Ast> {
        let mut parts = Vec::new();
        while !matches!(self.peek(), None | Some('|' | ')')) {
            let is_group = self.peek() == Some('(');
            let part = self.part()?;
            // What is empty needs no nodes, so that nothing else would bound how often it is looked at.
            match self.repeated(part, is_group)? {
                Ast::Empty | Ast::Repeat { most: Some(0), .. } => {}
                part => parts.push(part),
            }
        }
        Ok(match parts.len() {
            0 => Ast::Empty,
            1 => parts.pop().unwrap_or(Ast::Empty),
            _ => Ast::Sequence(parts),
        })
    }

    fn part(&mut self) -> Parsed<Ast> {
        let before = self.rest.clone();
        let Some(character) = self.rest.next() else { return Ok(Ast::Empty) };
        Ok(match character {
            '^' => Ast::Start,
            '$' => Ast::End,
            '.' => Ast::One(Class::of(LINE_END).opposite()),
            '(' => return self.group(),
            '[' => self.class()?,
            '\\' => return self.escape(),
            '*' | '+' | '?' => return Err(self.error(Problem::NothingToRepeat)),
            '{' => {
                self.rest = before;
                if self.counts()?.is_some() {
                    return Err(self.error(Problem::NothingToRepeat));
                }
                self.rest.next();
                self.one('{')
            }
            other => self.one(other),
        })
    }

    fn one(&self, character: char) -> Ast {
        self.of(Class::of(&[(u32::from(character), u32::from(character))]))
    }

    fn of(&self, mut class: Class) -> Ast {
        if self.ignore_case {
            class.in_both_cases();
        }
        Ast::One(class)
    }

    fn repeated(&mut self, part: Ast, is_group: bool) -> Parsed<Ast> {
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.counts()? {
                Some(counts) => counts,
                None => return Ok(part),
            },
            _ => return Ok(part),
        };
        if !self.eat("*") && !self.eat("+") {
            self.eat("?");
        }
        // Greedy or lazy: where a match ends makes no difference to whether there is one.
        self.eat("?");
        if matches!(self.peek(), Some('*' | '+' | '?')) {
            return Err(self.error(Problem::NothingToRepeat));
        }
        if !is_group && matches!(part, Ast::Start | Ast::End | Ast::WordEdge(_)) {
            return Err(self.error(Problem::NothingToRepeat));
        }
        match part {
            Ast::Empty => Ok(part),
            part => Ok(Ast::Repeat { what: Box::new(part), least, most }),
        }
    }

    /// `{2}`, `{2,}`, `{2,5}`; the brace stands for itself where none of these is. The last character is left.
    fn counts(&mut self) -> Parsed<Option<(u32, Option<u32>)>> {
        let text = self.rest.as_str();
        // No further than that: many may be open.
        let inside = text.strip_prefix('{').and_then(|text| {
            let end = text.find(|sign: char| !sign.is_ascii_digit() && sign != ',')?;
            text.get(end..)?.starts_with('}').then(|| text.get(..end))?
        });
        let Some(inside) = inside else { return Ok(None) };
        let (least, most) =
            inside.split_once(',').map_or((inside, Some(inside)), |(least, most)| (least, Some(most)));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let open = most == Some("");
        if !is_number(least) || !(open || most.is_some_and(is_number)) {
            return Ok(None);
        }
        let number = |text: &str| text.parse().ok().filter(|count| *count <= MOST_REPEATS);
        let most = most.filter(|_| !open);
        let (Some(least), Some(most)) =
            (number(least), most.map_or(Some(None), |most| number(most).map(Some)))
        else {
            return Err(self.error(Problem::TooLarge));
        };
        if most.is_some_and(|most| most < least) {
            return Err(self.error(Problem::CountsOutOfOrder));
        }
        self.rest = text.get(inside.len() + 2..).unwrap_or("").chars();
        Ok(Some((least, most)))
    }

    fn group(&mut self) -> Parsed<Ast> {
        if self.eat("?=") || self.eat("?!") || self.eat("?<=") || self.eat("?<!") {
            self.refuse(Problem::LookAround);
        } else if self.eat("?<") {
            let name: String = self.rest.by_ref().take_while(|character| *character != '>').collect();
            if name.is_empty()
                || !name.chars().all(|part| part.is_alphanumeric() || matches!(part, '_' | '$'))
            {
                return Err(self.error(Problem::Group));
            }
        } else if self.eat("?") && !self.eat(":") {
            return Err(self.error(Problem::Group));
        }
        let inside = self.choice()?;
        if self.rest.next() != Some(')') {
            return Err(self.error(Problem::Unclosed));
        }
        Ok(inside)
    }

    fn escape(&mut self) -> Parsed<Ast> {
        match self.peek() {
            Some('b') => {
                self.rest.next();
                Ok(Ast::WordEdge(true))
            }
            Some('B') => {
                self.rest.next();
                Ok(Ast::WordEdge(false))
            }
            Some('1'..='9') => {
                while matches!(self.peek(), Some('0'..='9')) {
                    self.rest.next();
                }
                self.refuse(Problem::BackReference);
                Ok(Ast::Empty)
            }
            Some('k') => {
                self.rest.next();
                if !self.eat("<") || !self.rest.by_ref().any(|character| character == '>') {
                    return Err(self.error(Problem::Escape));
                }
                self.refuse(Problem::BackReference);
                Ok(Ast::Empty)
            }
            _ => {
                let class = self.escaped_class()?;
                Ok(self.of(class))
            }
        }
    }

    /// What stands behind a backslash, in a class or outside.
    fn escaped_class(&mut self) -> Parsed<Class> {
        let Some(character) = self.rest.next() else { return Err(self.error(Problem::Escape)) };
        let code = match character {
            'd' => return Ok(Class::of(DIGIT)),
            'D' => return Ok(Class::of(DIGIT).opposite()),
            'w' => return Ok(Class::of(WORD)),
            'W' => return Ok(Class::of(WORD).opposite()),
            's' => return Ok(Class::of(SPACE)),
            'S' => return Ok(Class::of(SPACE).opposite()),
            'p' => return self.property(),
            'P' => return Ok(self.property()?.opposite()),
            't' => 0x09,
            'n' => 0x0A,
            'v' => 0x0B,
            'f' => 0x0C,
            'r' => 0x0D,
            '0' if !matches!(self.peek(), Some('0'..='9')) => 0,
            'c' => match self.rest.next() {
                Some(letter) if letter.is_ascii_alphabetic() => u32::from(letter) & 0x1F,
                _ => return Err(self.error(Problem::Escape)),
            },
            'x' => self.hex(2)?,
            'u' if self.eat("{") => self.hex_in_braces()?,
            'u' => self.utf_16()?,
            sign if sign.is_ascii_punctuation() || !sign.is_ascii() => u32::from(sign),
            ' ' => 0x20,
            _ => return Err(self.error(Problem::Escape)),
        };
        Ok(Class::of(&[(code, code)]))
    }

    fn hex(&mut self, digits: usize) -> Parsed<u32> {
        let text = self.rest.as_str();
        let value = text
            .get(..digits)
            .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|hex| u32::from_str_radix(hex, 16).ok());
        self.rest = text.get(digits..).unwrap_or("").chars();
        value.ok_or_else(|| self.error(Problem::Escape))
    }

    fn hex_in_braces(&mut self) -> Parsed<u32> {
        let digits: String = self.rest.by_ref().take_while(|character| *character != '}').collect();
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let value =
            u32::from_str_radix(&digits, 16).ok().filter(|value| is_hex && *value <= super::class::LAST);
        value.ok_or_else(|| self.error(Problem::Escape))
    }

    /// `\u0041`, or two of these that are one character in UTF-16.
    fn utf_16(&mut self) -> Parsed<u32> {
        let first = self.hex(4)?;
        let before = self.rest.clone();
        if (0xD800..0xDC00).contains(&first) && self.eat("\\u") {
            match self.hex(4) {
                Ok(second @ 0xDC00..0xE000) => {
                    return Ok(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00));
                }
                _ => self.rest = before,
            }
        }
        Ok(first)
    }

    fn property(&mut self) -> Parsed<Class> {
        if !self.eat("{") {
            return Err(self.error(Problem::Escape));
        }
        let name: String = self.rest.by_ref().take_while(|character| *character != '}').collect();
        let class = unicode::property(&name);
        if class.is_none() {
            self.refuse(Problem::Property);
        }
        Ok(class.unwrap_or_default())
    }

    fn class(&mut self) -> Parsed<Ast> {
        let is_opposite = self.eat("^");
        let mut class = Class::default();
        loop {
            let Some(character) = self.rest.next() else { return Err(self.error(Problem::Unclosed)) };
            if character == ']' {
                break;
            }
            let first = self.member(character)?;
            let mut ahead = self.rest.clone();
            let range = ahead.next() == Some('-') && !matches!(ahead.next(), None | Some(']'));
            if !range {
                class.add_all(&first);
                continue;
            }
            self.rest.next();
            let Some(character) = self.rest.next() else { return Err(self.error(Problem::Unclosed)) };
            let last = self.member(character)?;
            match (first.ranges(), last.ranges()) {
                (&[(first, same)], &[(last, also)]) if first == same && last == also => {
                    if first > last {
                        return Err(self.error(Problem::RangeOutOfOrder));
                    }
                    class.add(first, last);
                }
                // `[\w-.]`: a hyphen beside a class stands for itself.
                _ => {
                    class.add_all(&first);
                    class.add_all(&last);
                    class.add(0x2D, 0x2D);
                }
            }
        }
        class.tidy();
        if self.ignore_case {
            class.in_both_cases();
        }
        Ok(Ast::One(if is_opposite { class.opposite() } else { class }))
    }

    fn member(&mut self, character: char) -> Parsed<Class> {
        match character {
            '\\' if self.eat("b") => Ok(Class::of(&[(8, 8)])),
            '\\' => self.escaped_class(),
            other => Ok(Class::of(&[(u32::from(other), u32::from(other))])),
        }
    }
}
