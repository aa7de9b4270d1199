//! The results as a table (Markdown) and a picture (SVG).

use std::fmt::Write as _;
use std::path::Path;

use plotters::prelude::*;

use crate::EnvoyArgs;
use crate::side_by_side::{Pair, Results, Sample};

/// What the median of a sample's rounds is, and how far they lie apart.
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.collect();
        values.sort_unstable_by(f64::total_cmp);
        let median = values.get(values.len() / 2).copied().unwrap_or_default();
        let (least, most) = (values.first().copied(), values.last().copied());
        Self { median, least: least.unwrap_or_default(), most: most.unwrap_or_default() }
    }

    fn text(&self, digits: usize) -> String {
        let Self { median, least, most } = self;
        format!("{median:.digits$} ({least:.digits$}–{most:.digits$})")
    }
}

/// Requests per second with Seawall, of those without, measured right before.
fn ratio(pair: &Pair) -> Spread {
    let rounds = pair.bare.iter().zip(&pair.seawall);
    Spread::of(rounds.map(|(bare, seawall)| seawall.per_second / bare.per_second))
}

fn spread(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> Spread {
    Spread::of(samples.iter().map(value))
}

/// Prints the table and writes it and the picture.
pub(crate) fn write(results: &Results, args: &EnvoyArgs) -> anyhow::Result<()> {
    std::fs::create_dir_all(&args.out)?;
    let table = table(results, args);
    println!("\n{table}");
    std::fs::write(args.out.join("envoy.md"), &table)?;
    let picture = args.out.join("envoy.svg");
    draw(results, &picture)?;
    println!("written to {} and envoy.svg", args.out.join("envoy.md").display());
    Ok(())
}

fn table(results: &Results, args: &EnvoyArgs) -> String {
    let mut text = format!(
        "Median of {} rounds of {} s (least–most), {} connections, one worker.\n\n",
        args.rounds, args.seconds, args.connections
    );
    text += "| body | bare, requests/s | with Seawall | ratio | CPU µs/request, bare | with Seawall | p50 µs, bare | with | p99 µs, bare | with | Envoy's core busy |\n";
    text += "|---|---|---|---|---|---|---|---|---|---|---|\n";
    for pair in &results.pairs {
        let Pair { size, bare, seawall } = pair;
        let busy = spread(bare, |sample| sample.busy * 100.0).median;
        let _ = writeln!(
            text,
            "| {} KB | {} | {} | **{}** | {} | {} | {} | {} | {} | {} | {busy:.0} %, {:.0} % |",
            size / 1_000,
            spread(bare, |sample| sample.per_second).text(0),
            spread(seawall, |sample| sample.per_second).text(0),
            ratio(pair).text(2),
            spread(bare, |sample| sample.cpu_us).text(1),
            spread(seawall, |sample| sample.cpu_us).text(1),
            spread(bare, |sample| sample.p50_us).text(0),
            spread(seawall, |sample| sample.p50_us).text(0),
            spread(bare, |sample| sample.p99_us).text(0),
            spread(seawall, |sample| sample.p99_us).text(0),
            spread(seawall, |sample| sample.busy * 100.0).median,
        );
    }
    let mib = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
    let _ = writeln!(
        text,
        "\n`seawall.wasm`: {:.0} KB. Resident memory of Envoy after the load: bare {:.1} MiB, with Seawall {:.1} MiB. Each further worker's VM: {:.1} MiB.",
        results.module_bytes as f64 / 1_000.0,
        mib(results.bare_memory),
        mib(results.seawall_memory),
        mib(results.memory_per_vm)
    );
    text
}

/// One group of bars a body size: throughput with Seawall as a share of the bare Envoy's.
fn draw(results: &Results, path: &Path) -> anyhow::Result<()> {
    let root = SVGBackend::new(path, (640, 360)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Requests per second through Envoy with Seawall (bare Envoy = 1)", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(12)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..results.pairs.len() as f64, 0.0..1.0)?;
    chart.configure_mesh().disable_x_mesh().x_labels(0).draw()?;
    for (index, pair) in results.pairs.iter().enumerate() {
        let Spread { median, least, most } = ratio(pair);
        let middle = index as f64 + 0.5;
        chart.draw_series([Rectangle::new(
            [(middle - 0.25, 0.0), (middle + 0.25, median)],
            BLUE.mix(0.6).filled(),
        )])?;
        chart.draw_series([PathElement::new([(middle, least), (middle, most)], BLACK.stroke_width(2))])?;
        chart.draw_series([Text::new(
            format!("{} KB: {median:.2}", pair.size / 1_000),
            (middle - 0.2, median / 2.0),
            ("sans-serif", 18),
        )])?;
    }
    root.present()?;
    Ok(())
}
