//! The pieces of the picture.

use seawall_policy::explain::{Node as Target, Row};
use seawall_policy::policy::Provider;
use svg::node::element::{Circle, Group, Line, Path, Rectangle, Text, Title};

use super::label::{cut, width, wrap};

/// Of names, and of everything else.
pub(super) const LARGE: f32 = 13.0;
pub(super) const SMALL: f32 = 11.0;
/// From one line to the next.
pub(super) const LEADING: f32 = 16.0;
pub(super) const PADDING: f32 = 12.0;

pub(super) const INK: &str = "#1f2933";
pub(super) const GREY: &str = "#526071";
pub(super) const ARROW: &str = "#64748b";

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) w: f32,
    pub(super) h: f32,
}

impl Area {
    pub(super) fn right(self) -> f32 {
        self.x + self.w
    }

    pub(super) fn bottom(self) -> f32 {
        self.y + self.h
    }

    pub(super) fn middle(self) -> f32 {
        self.y + self.h / 2.0
    }
}

/// A text that ends before `most`; the whole of it is told when a pointer rests there.
pub(super) struct Said<'t> {
    pub(super) text: &'t str,
    pub(super) size: f32,
    pub(super) colour: &'static str,
    pub(super) is_bold: bool,
}

impl Said<'_> {
    pub(super) fn at(&self, x: f32, y: f32, most: f32) -> Group {
        let shown = cut(self.text, self.size, most);
        let group = self.plain(&shown, x, y, "start");
        if shown == self.text { group } else { group.add(Title::new(legal(self.text))) }
    }

    pub(super) fn plain(&self, shown: &str, x: f32, y: f32, anchor: &'static str) -> Group {
        let mut text = Text::new(legal(shown))
            .set("x", x)
            .set("y", y)
            .set("font-size", self.size)
            .set("fill", self.colour)
            .set("text-anchor", anchor)
            .set("xml:space", "preserve");
        if self.is_bold {
            text = text.set("font-weight", "bold");
        }
        Group::new().add(text)
    }
}

pub(super) fn small(text: &str) -> Said<'_> {
    Said { text, size: SMALL, colour: GREY, is_bold: false }
}

pub(super) fn bold(text: &str) -> Said<'_> {
    Said { text, size: LARGE, colour: INK, is_bold: true }
}

/// What XML can't hold becomes a mark; the crate escapes the rest.
pub(super) fn legal(text: &str) -> String {
    let is_legal = |c: char| !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
    text.chars().map(|c| if is_legal(c) { c } else { '\u{fffd}' }).collect()
}

pub(super) fn card(area: Area, fill: &'static str, stroke: &'static str, is_dashed: bool) -> Rectangle {
    let card = Rectangle::new()
        .set("x", area.x)
        .set("y", area.y)
        .set("width", area.w)
        .set("height", area.h)
        .set("rx", 8)
        .set("fill", fill)
        .set("stroke", stroke);
    if is_dashed { card.set("stroke-dasharray", "4 3") } else { card }
}

/// What stands on a route's card, line by line.
pub(super) struct RouteCard {
    lines: Vec<(String, String, bool)>,
}

impl RouteCard {
    /// Of a card of this width.
    pub(super) fn new(row: &Row, w: f32) -> Self {
        let most = w - 2.0 * PADDING;
        let mut lines = vec![(row.name.clone(), row.name.clone(), true)];
        let mut add = |text: &str, most_lines| {
            for line in wrap(text, SMALL, most, most_lines) {
                lines.push((line, text.to_owned(), false));
            }
        };
        add(&row.path, 2);
        if let Some(condition) = &row.condition {
            add(&format!("when {condition}"), 5);
        }
        add(&row.budget, 2);
        if let Some(breaker) = &row.breaker {
            add(&format!("breaker {breaker}"), 1);
        }
        for aside in &row.asides {
            let to = if aside.target.is_empty() { "" } else { " → " };
            add(&format!("{}{to}{}", aside.label, aside.target), 3);
        }
        Self { lines }
    }

    pub(super) fn height(&self) -> f32 {
        2.0 * PADDING + LEADING * self.lines.len() as f32
    }

    pub(super) fn draw(&self, area: Area) -> Group {
        let mut group = Group::new().add(card(area, "#eef2ff", "#6366f1", false));
        let mut y = area.y + PADDING + SMALL;
        for (line, whole, is_name) in &self.lines {
            let said = if *is_name { bold(line) } else { small(line) };
            let text = said.at(area.x + PADDING, y, area.w - 2.0 * PADDING);
            group = group.add(if line == whole { text } else { text.add(Title::new(legal(whole))) });
            y += LEADING;
        }
        group
    }
}

/// Height of a target's card.
pub(super) fn target_height(target: &Target) -> f32 {
    2.0 * PADDING + LEADING * lines_of(target).len() as f32 + LEADING
}

fn lines_of(target: &Target) -> Vec<String> {
    let mut lines = vec![format!("{} · {}", target.provider_name(), target.cluster)];
    lines.extend(target.model.clone());
    lines.extend(target.weight.map(|weight| format!("weight {weight}")));
    if target.is_changed {
        lines.push("request is changed".into());
    }
    lines
}

/// A target, with the mark of a breaker when one guards it.
pub(super) fn target(target: &Target, area: Area, is_guarded: bool) -> Group {
    let stripe = Area { w: 5.0, ..area };
    let mut group = Group::new()
        .add(card(area, "#f8fafc", "#94a3b8", false))
        .add(card(stripe, colour(target.provider), "none", false).set("rx", 2.5));
    let x = area.x + PADDING + 4.0;
    let most = area.right() - PADDING - x;
    let mut y = area.y + PADDING + SMALL;
    group = group.add(bold(&target.name).at(x, y, if is_guarded { most - 22.0 } else { most }));
    for line in lines_of(target) {
        y += LEADING;
        group = group.add(small(&line).at(x, y, most));
    }
    if is_guarded { group.add(breaker(area.right() - 22.0, area.y + 16.0)) } else { group }
}

/// A switch between two contacts.
pub(super) fn breaker(x: f32, y: f32) -> Group {
    let contact = |x: f32| Circle::new().set("cx", x).set("cy", y + 3.0).set("r", 2.2).set("fill", "#b45309");
    let arm = Line::new()
        .set("x1", x - 6.0)
        .set("y1", y + 3.0)
        .set("x2", x + 4.5)
        .set("y2", y - 4.0)
        .set("stroke", "#b45309")
        .set("stroke-width", 1.8)
        .set("stroke-linecap", "round");
    Group::new().add(contact(x - 6.0)).add(contact(x + 6.0)).add(arm).add(Title::new("guarded by a breaker"))
}

fn colour(provider: Provider) -> &'static str {
    match provider {
        Provider::OpenAi => "#10a37f",
        Provider::Azure => "#0078d4",
        Provider::Anthropic => "#d97757",
        Provider::Gemini => "#8b5cf6",
        Provider::Bedrock => "#ca8a04",
    }
}

/// Through these points, with a head at the last.
pub(super) fn arrow(points: &[(f32, f32)]) -> Path {
    let text: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
    Path::new()
        .set("d", format!("M{}", text.join(" L")))
        .set("fill", "none")
        .set("stroke", ARROW)
        .set("stroke-width", 1.5)
        .set("stroke-linejoin", "round")
        .set("marker-end", "url(#head)")
}

/// A text at an arrow, around `x`; its first line stands on `y`.
pub(super) fn beside(group: Group, text: &str, at: (f32, f32), most: f32, lines: usize) -> Group {
    let (x, mut y) = at;
    wrap(text, SMALL, most, lines).iter().fold(group, |group, line| {
        let drawn = small(text).plain(line, x, y, "middle");
        y += LEADING - 3.0;
        group.add(drawn)
    })
}

/// How wide a text is, at most this.
pub(super) fn small_width(text: &str, most: f32) -> f32 {
    width(text, SMALL).min(most)
}
