//! Bars of speed by class of text.

use std::path::Path;

use plotters::prelude::*;
use seawall_tokens::Encoding;

use super::Speeds;

type Bar = (&'static str, RGBColor, fn(&Speeds) -> Option<f64>);

const BARS: [Bar; 4] = [
    ("Wasm", BLUE, |speeds| Some(speeds.wasm)),
    ("native", CYAN, |speeds| Some(speeds.native)),
    ("tiktoken-rs, Wasm", RED, |speeds| speeds.reference_wasm),
    ("tiktoken-rs, native", RGBColor(240, 160, 120), |speeds| speeds.reference),
];

/// Pixels for a class.
const HEIGHT: u32 = 56;

pub(super) fn draw(speeds: &[Speeds], path: &Path) -> anyhow::Result<()> {
    let rows: Vec<&Speeds> = speeds.iter().filter(|row| row.encoding == Encoding::O200kBase).collect();
    let most = rows.iter().flat_map(|row| BARS.iter().filter_map(|bar| bar.2(row))).fold(1.0_f64, f64::max);
    let root = SVGBackend::new(path, (820, 100 + HEIGHT * rows.len() as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Counting with o200k_base, MB a second", ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(36)
        .y_label_area_size(200)
        .build_cartesian_2d(0.0..most * 1.05, 0.0..rows.len() as f64)?;
    let name = |y: &f64| rows.iter().rev().nth(*y as usize).map_or("", |row| row.name).to_owned();
    chart.configure_mesh().disable_y_mesh().y_labels(0).x_desc("MB/s").draw()?;
    for nth in 0..rows.len() {
        let y = nth as f64;
        root.draw(&Text::new(name(&y), (16, chart.backend_coord(&(0.0, y + 0.6)).1), ("sans-serif", 13)))?;
    }
    for (nth, (label, color, speed)) in BARS.into_iter().enumerate() {
        let bars = rows.iter().rev().enumerate().filter_map(|(row, speeds)| {
            let top = row as f64 + 0.9 - 0.2 * nth as f64;
            Some(Rectangle::new([(0.0, top - 0.18), (speed(speeds)?, top)], color.filled()))
        });
        chart
            .draw_series(bars)?
            .label(label)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], color.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.9))
        .border_style(BLACK)
        .draw()?;
    root.present()?;
    Ok(())
}
