//! How far estimates are off, over the answers that were learned from.

use std::path::Path;

use plotters::prelude::*;

use super::{Curve, LEARNED};

const COLORS: [RGBColor; 6] = [BLUE, RED, GREEN, MAGENTA, CYAN, BLACK];

pub(super) fn draw(curves: &[Curve], path: &Path) -> anyhow::Result<()> {
    let root = SVGBackend::new(path, (820, 440)).into_drawing_area();
    root.fill(&WHITE)?;
    let most = curves.iter().flat_map(|curve| &curve.off).copied().fold(0.05_f64, f64::max) * 100.0;
    let mut chart = ChartBuilder::on(&root)
        .caption("Learned estimates, off in the mean on what was not seen", ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(0.0..LEARNED as f64, 0.0..most * 1.05)?;
    chart.configure_mesh().x_desc("answers that were learned from").y_desc("%").draw()?;
    chart.draw_series(LineSeries::new([(0.0, 5.0), (LEARNED as f64, 5.0)], BLACK.mix(0.3)))?;
    for (curve, color) in curves.iter().zip(COLORS.iter().cycle()) {
        let points = curve.off.iter().enumerate().map(|(n, off)| (n as f64, off * 100.0));
        chart
            .draw_series(LineSeries::new(points, color))?
            .label(&curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], color));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.9))
        .border_style(BLACK)
        .draw()?;
    root.present()?;
    Ok(())
}
