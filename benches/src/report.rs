//! The results as a table (Markdown) and a picture (SVG).

use std::fmt::Write as _;
use std::path::Path;

use plotters::prelude::*;

use crate::EnvoyArgs;
use crate::load::Kind;
use crate::side_by_side::{Results, Row, Sample, Setup};

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

/// What a setup gets done, of what the bare Envoy did right before.
fn ratio(row: &Row, setup: usize) -> Spread {
    let [bare, ..] = &row.samples;
    let these = row.samples.get(setup).map(Vec::as_slice).unwrap_or_default();
    Spread::of(bare.iter().zip(these).map(|(bare, this)| this.per_second / bare.per_second))
}

/// CPU time that a setup adds to what the bare Envoy took right before: the mean over all rounds, and its standard error.
fn added(row: &Row, setup: usize) -> String {
    let [bare, ..] = &row.samples;
    let these = row.samples.get(setup).map(Vec::as_slice).unwrap_or_default();
    let added: Vec<_> = bare.iter().zip(these).map(|(bare, this)| this.cpu_us - bare.cpu_us).collect();
    let count = added.len().max(1) as f64;
    let mean = added.iter().sum::<f64>() / count;
    let squares: f64 = added.iter().map(|each| (each - mean).powi(2)).sum();
    let error = (squares / (count - 1.0).max(1.0) / count).sqrt();
    format!("{mean:.1} ± {error:.1}")
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
        "Median of {} rounds of {} s (least–most), {} connections, {} worker(s) on one core. Of streams each event is one: how many there are \
         is the model's pace, what counts is their CPU time; they take many more rounds, of 1 s. What is added is the mean of the rounds' \
         differences from the bare Envoy, with its standard error.\n\n",
        args.rounds, args.seconds, args.connections, args.workers
    );
    text +=
        "| load | setup | per second | ratio | CPU µs each | added | answer p50 µs | p99 µs | core busy |\n";
    text += "|---|---|---|---|---|---|---|---|---|\n";
    for row in &results.rows {
        for (index, (samples, setup)) in row.samples.iter().zip(Setup::ALL).enumerate() {
            let _ = writeln!(
                text,
                "| {} | {} | {} | **{}** | {} | {} | {} | {} | {:.0} % |",
                row.kind,
                setup.name(),
                spread(samples, |sample| sample.per_second).text(0),
                ratio(row, index).text(2),
                spread(samples, |sample| sample.cpu_us).text(1),
                added(row, index),
                spread(samples, |sample| sample.p50_us).text(0),
                spread(samples, |sample| sample.p99_us).text(0),
                spread(samples, |sample| sample.busy * 100.0).median,
            );
        }
    }
    let [bare, one, both] = results.memory;
    let mib = |bytes: u64| bytes as f64 / (1024.0 * 1024.0);
    let _ = writeln!(
        text,
        "\n`seawall.wasm`: {:.0} KB. Resident memory of Envoy after the load: bare {:.1} MiB, with one half {:.1} MiB, with both {:.1} MiB. Each further worker's VM: {:.1} MiB.",
        results.module_bytes as f64 / 1_000.0,
        mib(bare),
        mib(one),
        mib(both),
        mib(results.memory_per_vm)
    );
    text
}

/// For each size of body a bar for each setup with Seawall: throughput as a share of the bare Envoy's.
fn draw(results: &Results, path: &Path) -> anyhow::Result<()> {
    let rows: Vec<_> = results.rows.iter().filter(|row| row.kind != Kind::Stream).collect();
    let root = SVGBackend::new(path, (640, 360)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Requests per second through Envoy with Seawall (bare Envoy = 1)", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(12)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..rows.len() as f64, 0.0..1.0)?;
    chart.configure_mesh().disable_x_mesh().x_labels(0).draw()?;
    for (at, row) in rows.iter().enumerate() {
        for (index, setup) in Setup::ALL.iter().enumerate().skip(1) {
            let Spread { median, least, most } = ratio(row, index);
            let middle = at as f64 + 0.5 * index as f64 - 0.25;
            let bar = [(middle - 0.2, 0.0), (middle + 0.2, median)];
            chart.draw_series([Rectangle::new(bar, BLUE.mix(0.3 * index as f64).filled())])?;
            chart
                .draw_series([PathElement::new([(middle, least), (middle, most)], BLACK.stroke_width(2))])?;
            for (line, label) in
                [format!("{}: {median:.2}", row.kind), setup.name().to_owned()].into_iter().enumerate()
            {
                let place = (middle - 0.18, median / 2.0 - 0.06 * line as f64);
                chart.draw_series([Text::new(label, place, ("sans-serif", 14))])?;
            }
        }
    }
    root.present()?;
    Ok(())
}
