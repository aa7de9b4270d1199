//! Pictures over time: panels below each other, lines in each.

use std::path::Path;

use plotters::prelude::*;

pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) color: RGBColor,
    /// One value for each second.
    pub(crate) values: Vec<f64>,
}

pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) lines: Vec<Line>,
}

pub(crate) const GREEN: RGBColor = RGBColor(0x1b, 0x7f, 0x4d);
pub(crate) const ORANGE: RGBColor = RGBColor(0xd9, 0x7a, 0x06);
pub(crate) const RED: RGBColor = RGBColor(0xc0, 0x21, 0x21);
pub(crate) const BLUE: RGBColor = RGBColor(0x1f, 0x5f, 0xbf);

const WIDTH: u32 = 900;
const HEIGHT: u32 = 230;

/// Draws panels that share their seconds; `shaded` are stretches of time that stand out.
pub(crate) fn draw(path: &Path, panels: &[Panel], shaded: &[(f64, f64)]) -> anyhow::Result<()> {
    let count = panels.len().max(1);
    let size = (WIDTH, HEIGHT * u32::try_from(count)?);
    let root = SVGBackend::new(path, size).into_drawing_area();
    root.fill(&WHITE)?;
    let lines = || panels.iter().flat_map(|panel| &panel.lines);
    let seconds = lines().map(|line| line.values.len()).max().unwrap_or_default().max(1) as f64;
    for (area, panel) in root.split_evenly((count, 1)).iter().zip(panels) {
        let values = panel.lines.iter().flat_map(|line| &line.values).copied();
        let top = values.fold(1.0_f64, f64::max) * 1.08;
        let mut chart = ChartBuilder::on(area)
            .caption(panel.title, ("sans-serif", 16))
            .margin(8)
            .x_label_area_size(24)
            .y_label_area_size(56)
            .build_cartesian_2d(0.0..seconds, 0.0..top)?;
        let bands = shaded
            .iter()
            .map(|(from, to)| Rectangle::new([(*from, 0.0), (to.min(seconds), top)], RED.mix(0.08).filled()));
        chart.draw_series(bands)?;
        chart.configure_mesh().light_line_style(WHITE.mix(0.0)).y_labels(5).draw()?;
        for Line { name, color, values } in &panel.lines {
            let points = values.iter().enumerate().map(|(second, value)| (second as f64, *value));
            let style = color.stroke_width(2);
            let series = chart.draw_series(LineSeries::new(points, style))?;
            series.label(*name).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
        }
        let labels = chart.configure_series_labels();
        { labels }.background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.2)).draw()?;
    }
    root.present()?;
    Ok(())
}
