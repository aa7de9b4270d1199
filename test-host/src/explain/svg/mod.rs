//! The route plan as a picture: a row for each route, with the route on the left and the stages of its plan from left to
//! right. Long plans go on in a further line below.
//!
//! The structure is a plain grid, so that everything has its place before it is drawn: nothing can overlap, however long
//! names are, as texts are cut to their card and told in full when a pointer rests there.

mod draw;
mod label;

use draw::{
    Area, LEADING, RouteCard, arrow, beside, bold, breaker, card, small, small_width, target, target_height,
};
use seawall_policy::explain::{Column, Picture, Row};
use svg::Document;
use svg::node::element::{Definitions, Group, Marker, Path, Rectangle};

const MARGIN: f32 = 24.0;
const TITLE: f32 = 40.0;
const ROUTE_WIDTH: f32 = 280.0;
const TARGET_WIDTH: f32 = 230.0;
/// Between the route and a stage, and between stages: room for an arrow with its label.
const GAP: f32 = 130.0;
/// Between the targets of a stage.
const STEP: f32 = 24.0;
const BETWEEN_ROWS: f32 = 36.0;
/// Between the lines of a long plan: room for the way back to the left.
const BETWEEN_LINES: f32 = 48.0;
/// Where arrows reach a stage, below its top.
const ENTRY: f32 = 28.0;
/// Height of the label of an arrow, which stands below it.
const LABEL: f32 = 84.0;
/// From a card to where its arrow bends.
const TURN: f32 = 18.0;
/// Stages in one line.
const MOST_COLUMNS: usize = 4;
/// Around the targets of one stage.
const FRAME: f32 = 10.0;

/// A whole document of SVG 1.1.
#[must_use]
pub fn render(picture: &Picture) -> String {
    let most_columns =
        picture.rows.iter().map(|row| row.columns.len().min(MOST_COLUMNS)).max().unwrap_or(1).max(1);
    let width = 2.0 * MARGIN + ROUTE_WIDTH + most_columns as f32 * (GAP + TARGET_WIDTH + 2.0 * FRAME) + GAP;
    let mut y = MARGIN + TITLE;
    let mut drawn = Group::new();
    for row in &picture.rows {
        let bottom;
        (drawn, bottom) = draw_row(drawn, row, y);
        y = bottom + BETWEEN_ROWS;
    }
    let has_breakers = picture.rows.iter().any(|row| row.breaker.is_some());
    let (rest, bottom) = rest(y, has_breakers);
    let height = bottom + MARGIN;
    let background = Rectangle::new().set("width", width).set("height", height).set("fill", "#ffffff");
    let document = Document::new()
        .set("viewBox", (0.0, 0.0, width, height))
        .set("width", width)
        .set("height", height)
        .set("font-family", "monospace")
        .set("role", "img")
        .add(svg::node::element::Title::new(draw::legal(&picture.title)))
        .add(Definitions::new().add(head()))
        .add(background)
        .add(bold(&picture.title).at(MARGIN, MARGIN + 14.0, width - 2.0 * MARGIN))
        .add(drawn)
        .add(rest);
    document.to_string() + "\n"
}

/// The head of an arrow.
fn head() -> Marker {
    Marker::new()
        .set("id", "head")
        .set("viewBox", "0 0 10 10")
        .set("refX", 9)
        .set("refY", 5)
        .set("markerWidth", 7)
        .set("markerHeight", 7)
        .set("orient", "auto")
        .add(Path::new().set("d", "M0,0 L10,5 L0,10 z").set("fill", draw::ARROW))
}

/// Draws a route; also tells where it ends.
fn draw_row(mut group: Group, row: &Row, top: f32) -> (Group, f32) {
    let card = RouteCard::new(row, ROUTE_WIDTH);
    let route = Area { x: MARGIN, y: top, w: ROUTE_WIDTH, h: card.height() };
    group = group.add(card.draw(route));
    let left = route.right() + GAP;
    let (mut from, mut label) = ((route.right(), top + ENTRY), "");
    let (mut y, mut bottom) = (top, route.bottom());
    for (number, line) in row.columns.chunks(MOST_COLUMNS).enumerate() {
        let height = line.iter().map(column_height).fold(ENTRY + LABEL, f32::max);
        let entry = y + ENTRY;
        for (index, column) in line.iter().enumerate() {
            let x = left + index as f32 * (GAP + TARGET_WIDTH + 2.0 * FRAME);
            if index == 0 && number > 0 {
                // From the end of the line above, back to the left.
                let (turn, back, start) = (from.0 + TURN, y - BETWEEN_LINES / 2.0, left - TURN);
                group = group.add(arrow(&[
                    from,
                    (turn, from.1),
                    (turn, back),
                    (start, back),
                    (start, entry),
                    (x, entry),
                ]));
                let most = TARGET_WIDTH + 2.0 * GAP;
                group = beside(group, label, (left + TARGET_WIDTH, back - 5.0), most, 1);
            } else {
                let turn = from.0 + TURN;
                let straight = [from, (x, entry)];
                let bent = [from, (turn, from.1), (turn, entry), (x, entry)];
                group = group.add(arrow(if from.1 == entry { &straight } else { &bent }));
                group = beside(group, label, (turn + (GAP - TURN) / 2.0, entry + 17.0), GAP - TURN - 12.0, 5);
            }
            let frame = Area { x, y, w: TARGET_WIDTH + 2.0 * FRAME, h: column_height(column) };
            group = draw_column(group, column, frame, row);
            from = exit(column, frame);
            label = &row.triggers;
        }
        bottom = bottom.max(y + height);
        y = bottom + BETWEEN_LINES;
    }
    let end = from.0 + 36.0;
    group = group.add(arrow(&[from, (end, from.1)]));
    for (index, text) in ["to the", "caller"].iter().enumerate() {
        let y = from.1 + 4.0 + (index as f32 - 0.5) * (LEADING - 3.0);
        group = group.add(small(text).plain(text, end + 6.0, y, "start"));
    }
    (group, bottom)
}

/// Where an arrow leaves a stage: from its last target, when they are tried one after the other.
fn exit(column: &Column, frame: Area) -> (f32, f32) {
    let y = match column.nodes.last() {
        Some(last) if column.nodes.len() > 1 && !is_framed(column) => {
            frame.bottom() - target_height(last) / 2.0
        }
        _ => frame.y + ENTRY,
    };
    (frame.right(), y)
}

/// Whether its targets stand in a frame: those of which one is chosen, rather than one after the other.
fn is_framed(column: &Column) -> bool {
    !column.order.is_empty()
}

fn column_height(column: &Column) -> f32 {
    let targets: f32 = column.nodes.iter().map(target_height).sum();
    let steps = column.nodes.len().saturating_sub(1) as f32 * STEP;
    let order = if column.order.is_empty() { 0.0 } else { LEADING + 4.0 };
    let frame = if is_framed(column) { 2.0 * FRAME } else { 0.0 };
    targets + steps + order + frame
}

fn draw_column(mut group: Group, column: &Column, frame: Area, row: &Row) -> Group {
    let mut y = frame.y;
    if is_framed(column) {
        group = group.add(card(frame, "#ffffff", "#cbd5e1", true));
        y += FRAME;
    }
    if !column.order.is_empty() {
        group = group.add(small(&column.order).at(frame.x + FRAME, y + 11.0, TARGET_WIDTH));
        y += LEADING + 4.0;
    }
    // Without a frame, targets reach to where the arrows end.
    let (x, w) = if is_framed(column) { (frame.x + FRAME, TARGET_WIDTH) } else { (frame.x, frame.w) };
    for (index, node) in column.nodes.iter().enumerate() {
        let area = Area { x, y, w, h: target_height(node) };
        group = group.add(target(node, area, row.breaker.is_some()));
        y = area.bottom() + STEP;
        if index + 1 < column.nodes.len() && column.order.is_empty() {
            let x = area.x + area.w / 2.0;
            group = group.add(arrow(&[(x, area.bottom()), (x, y)]));
        }
    }
    group
}

/// What no route takes, and what the mark means.
fn rest(y: f32, has_breakers: bool) -> (Group, f32) {
    let area = Area { x: MARGIN, y, w: ROUTE_WIDTH, h: 40.0 };
    let text = "any other request";
    let x = area.right() + 70.0;
    let mut group = Group::new()
        .add(card(area, "#ffffff", "#94a3b8", true))
        .add(small(text).at(area.x + draw::PADDING, area.middle() + 4.0, area.w))
        .add(arrow(&[(area.right(), area.middle()), (x, area.middle())]))
        .add(small("passes untouched").at(x + 8.0, area.middle() + 4.0, 300.0));
    if has_breakers {
        let x = x + 8.0 + small_width("passes untouched", 300.0) + 60.0;
        let text = "guarded by a breaker: skipped while it is open";
        group =
            group.add(breaker(x, area.middle())).add(small(text).at(x + 16.0, area.middle() + 4.0, 400.0));
    }
    (group, area.bottom())
}
