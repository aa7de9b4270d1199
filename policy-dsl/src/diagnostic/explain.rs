//! What each finding means, at length: why it is refused, and how it is written right. Nothing of this is in the filter,
//! which never asks for it.

use super::Code;

/// By code, in their order. Each example in them is checked by the tests: ```` ```seawall wrong ```` leads to that code
/// and nothing else, ```` ```seawall right ```` to no finding.
const EXPLANATIONS: &[(&str, &str)] = &[
    ("SW0101", include_str!("codes/SW0101.md")),
    ("SW0102", include_str!("codes/SW0102.md")),
    ("SW0103", include_str!("codes/SW0103.md")),
    ("SW0104", include_str!("codes/SW0104.md")),
    ("SW0105", include_str!("codes/SW0105.md")),
    ("SW0106", include_str!("codes/SW0106.md")),
    ("SW0107", include_str!("codes/SW0107.md")),
    ("SW0108", include_str!("codes/SW0108.md")),
    ("SW0109", include_str!("codes/SW0109.md")),
    ("SW0110", include_str!("codes/SW0110.md")),
    ("SW0111", include_str!("codes/SW0111.md")),
    ("SW0201", include_str!("codes/SW0201.md")),
    ("SW0202", include_str!("codes/SW0202.md")),
    ("SW0203", include_str!("codes/SW0203.md")),
    ("SW0204", include_str!("codes/SW0204.md")),
    ("SW0205", include_str!("codes/SW0205.md")),
    ("SW0206", include_str!("codes/SW0206.md")),
    ("SW0207", include_str!("codes/SW0207.md")),
    ("SW0208", include_str!("codes/SW0208.md")),
    ("SW0209", include_str!("codes/SW0209.md")),
    ("SW0210", include_str!("codes/SW0210.md")),
    ("SW0211", include_str!("codes/SW0211.md")),
    ("SW0212", include_str!("codes/SW0212.md")),
    ("SW0213", include_str!("codes/SW0213.md")),
    ("SW0301", include_str!("codes/SW0301.md")),
    ("SW0302", include_str!("codes/SW0302.md")),
    ("SW0303", include_str!("codes/SW0303.md")),
    ("SW0304", include_str!("codes/SW0304.md")),
    ("SW0305", include_str!("codes/SW0305.md")),
    ("SW0306", include_str!("codes/SW0306.md")),
    ("SW0307", include_str!("codes/SW0307.md")),
    ("SW0308", include_str!("codes/SW0308.md")),
    ("SW0309", include_str!("codes/SW0309.md")),
    ("SW0310", include_str!("codes/SW0310.md")),
    ("SW0311", include_str!("codes/SW0311.md")),
    ("SW0312", include_str!("codes/SW0312.md")),
    ("SW0313", include_str!("codes/SW0313.md")),
    ("SW0314", include_str!("codes/SW0314.md")),
    ("SW0401", include_str!("codes/SW0401.md")),
    ("SW0501", include_str!("codes/SW0501.md")),
    ("SW0502", include_str!("codes/SW0502.md")),
    ("SW0503", include_str!("codes/SW0503.md")),
    ("SW0504", include_str!("codes/SW0504.md")),
    ("SW0505", include_str!("codes/SW0505.md")),
    ("SW0506", include_str!("codes/SW0506.md")),
    ("SW0507", include_str!("codes/SW0507.md")),
    ("SW0508", include_str!("codes/SW0508.md")),
    ("SW0509", include_str!("codes/SW0509.md")),
    ("SW0510", include_str!("codes/SW0510.md")),
    ("SW0511", include_str!("codes/SW0511.md")),
    ("SW0512", include_str!("codes/SW0512.md")),
    ("SW0513", include_str!("codes/SW0513.md")),
    ("SW0514", include_str!("codes/SW0514.md")),
    ("SW0515", include_str!("codes/SW0515.md")),
    ("SW0516", include_str!("codes/SW0516.md")),
    ("SW0517", include_str!("codes/SW0517.md")),
    ("SW0518", include_str!("codes/SW0518.md")),
    ("SW0601", include_str!("codes/SW0601.md")),
    ("SW0602", include_str!("codes/SW0602.md")),
    ("SW0701", include_str!("codes/SW0701.md")),
    ("SW0702", include_str!("codes/SW0702.md")),
    ("SW0703", include_str!("codes/SW0703.md")),
    ("SW0704", include_str!("codes/SW0704.md")),
    ("SW0705", include_str!("codes/SW0705.md")),
    ("SW0706", include_str!("codes/SW0706.md")),
];

impl Code {
    /// How the codes are ordered: what they start with, and what they are about.
    pub const RANGES: &'static [(&'static str, &'static str)] = &[
        ("SW01", "syntax"),
        ("SW02", "names and structure"),
        ("SW03", "values and units"),
        ("SW04", "not supported"),
        ("SW05", "warnings"),
        ("SW06", "what the text alone can't tell"),
        ("SW07", "conditions"),
    ];

    /// What it means, why it is refused, and examples of the wrong and the right, as Markdown.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        let own = EXPLANATIONS.iter().find(|(id, _)| *id == self.id());
        own.map_or(self.title(), |(_, text)| text)
    }

    /// The code that is cited like this, in small letters or large.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
    }
}
