//! An explanation as data.

/// An explanation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    pub title: String,
    pub sections: Vec<Section>,
}

/// A part of it that belongs together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    pub heading: String,
    pub lines: Vec<Line>,
}

/// One thing that is said. Names and what is written in a policy stand in backticks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// How deep it stands below the section, from 0.
    pub depth: u8,
    /// What it is about; may be empty.
    pub label: String,
    pub text: String,
    pub verdict: Verdict,
}

/// How something came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was asked.
    #[default]
    None,
    /// It holds.
    Yes,
    /// It doesn't.
    No,
    /// To be kept in mind.
    Caution,
}

impl Verdict {
    /// `yes`, `no`, `caution` or nothing.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::None => "",
            Verdict::Yes => "yes",
            Verdict::No => "no",
            Verdict::Caution => "caution",
        }
    }
}

impl Document {
    /// With every text as `show` makes it.
    pub(super) fn masked(mut self, show: &dyn Fn(&str) -> String) -> Self {
        self.title = show(&self.title);
        for section in &mut self.sections {
            section.heading = show(&section.heading);
            for line in &mut section.lines {
                line.label = show(&line.label);
                line.text = show(&line.text);
            }
        }
        self
    }
}

/// Lines as they are collected.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<Line>);

impl Lines {
    pub(super) fn say(&mut self, depth: u8, label: impl Into<String>, text: impl Into<String>) {
        self.judge(depth, label, text, Verdict::None);
    }

    pub(super) fn caution(&mut self, depth: u8, label: impl Into<String>, text: impl Into<String>) {
        self.judge(depth, label, text, Verdict::Caution);
    }

    pub(super) fn judge(
        &mut self,
        depth: u8,
        label: impl Into<String>,
        text: impl Into<String>,
        verdict: Verdict,
    ) {
        self.0.push(Line { depth, label: label.into(), text: text.into(), verdict });
    }

    /// `Yes` when it holds, otherwise `No`.
    pub(super) fn answer(
        &mut self,
        depth: u8,
        label: impl Into<String>,
        text: impl Into<String>,
        holds: bool,
    ) {
        self.judge(depth, label, text, if holds { Verdict::Yes } else { Verdict::No });
    }

    pub(super) fn section(self, heading: impl Into<String>) -> Section {
        Section { heading: heading.into(), lines: self.0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
