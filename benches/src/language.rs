//! What the policy language costs: time and memory to read a policy, natively and inside a Wasm module, its bytes, and
//! the time that a condition takes.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use plotters::prelude::*;
use seawall_policy::{Scope, check_as, render};
use wasmtime::{Engine, Instance, Linker, Memory, Module, Store};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A module without the language.
    #[arg(long)]
    empty: PathBuf,
    /// The same with it.
    #[arg(long)]
    language: PathBuf,
    /// The filter.
    #[arg(long)]
    seawall: PathBuf,
    /// The policy that is read.
    #[arg(long, default_value = "policy-dsl/tests/reference.seawall")]
    policy: PathBuf,
    /// How often each is measured; the median counts.
    #[arg(long, default_value_t = 101)]
    rounds: usize,
    /// Directory for the report.
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

const CONDITION: &str = r#"model.startsWith("gpt-4") && tier == "free" && tokens.input > 8000"#;
const EVALUATIONS: u32 = 1_000_000;

/// One reading of one policy.
struct Reading {
    native: Duration,
    wasm: Duration,
    /// Bytes that the resolved policy keeps in use in the module.
    kept: usize,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut module = Guest::start(&args.language)?;
    let reference = std::fs::read_to_string(&args.policy)?;
    let size = |path: &Path| std::fs::metadata(path).map(|data| data.len() as f64 / 1_000.0);
    let (empty, language, seawall) = (size(&args.empty)?, size(&args.language)?, size(&args.seawall)?);

    let small = module.read(&reference, args.rounds)?;
    let thousand = module.read(&many(1_000), args.rounds.div_ceil(5))?;
    let evaluation = module.evaluate()?;
    let mut text =
        format!("Median of {} rounds; wasmtime.\n\n| what | measured | goal |\n|---|---|---|\n", args.rounds);
    let mut row = |what: &str, measured: String, goal: &str| {
        let _ = writeln!(text, "| {what} | {measured} | {goal} |");
    };
    let name = format!("reference policy, {} bytes", reference.len());
    row(&format!("check and lower, {name}, native"), millis(small.native), "≤ 0.5 ms");
    row(&format!("check and lower, {name}, Wasm"), millis(small.wasm), "≤ 2 ms");
    row("check and lower, 1,000 routes and 1,000 targets, native", millis(thousand.native), "");
    row("check and lower, 1,000 routes and 1,000 targets, Wasm", millis(thousand.wasm), "≤ 50 ms");
    row(
        "memory of the resolved reference policy, Wasm",
        format!("{:.1} KB", small.kept as f64 / 1_000.0),
        "",
    );
    row("memory of the resolved 1,000 routes, Wasm", format!("{:.0} KB", thousand.kept as f64 / 1_000.0), "");
    row("a condition per request, Wasm", format!("{:.3} µs", evaluation.as_secs_f64() * 1e6), "≤ 0.1 µs");
    row("bytes the language adds to a module", format!("{:.0} KB", language - empty), "");
    row("`seawall.wasm`", format!("{seawall:.0} KB"), "");

    text += "\nTime by size of the file:\n\n| file | native | Wasm | Wasm, ns a byte |\n|---|---|---|---|\n";
    let mut points = Vec::new();
    for routes in [4, 16, 64, 256, 1_024, 5_000] {
        let policy = many(routes);
        let reading = module.read(&policy, args.rounds.div_ceil(20).max(3))?;
        let each = reading.wasm.as_secs_f64() * 1e9 / policy.len() as f64;
        let (kilobytes, native, wasm) =
            (policy.len() as f64 / 1_000.0, millis(reading.native), millis(reading.wasm));
        let _ = writeln!(text, "| {kilobytes:.0} KB | {native} | {wasm} | {each:.0} |");
        points.push((kilobytes, reading));
    }
    std::fs::create_dir_all(&args.out)?;
    std::fs::write(args.out.join("language.md"), &text)?;
    draw(&points, &args.out.join("language.svg"))?;
    println!("\n{text}\nwritten to {} and language.svg", args.out.join("language.md").display());
    Ok(())
}

fn millis(duration: Duration) -> String {
    format!("{:.3} ms", duration.as_secs_f64() * 1e3)
}

/// A policy with so many targets, and so many routes with a condition each.
fn many(count: usize) -> String {
    let mut policy = String::from("seawall 1\nretry standard { attempts 2 }\nbreaker standard { }\n");
    for i in 0..count {
        let _ = writeln!(
            policy,
            "target t{i} {{ cluster \"c{i}\"  provider openai  model \"gpt-{i}\" }}\n\
             route r{i} {{ match path \"/v1/{i}/*\"  when `model == \"m{i}\" && turns < 20`  try t{i}  retry standard  breaker standard }}"
        );
    }
    policy
}

fn median(rounds: usize, mut once: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = Instant::now();
        once()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times.get(rounds / 2).copied().context("no rounds")
}

/// The module and how to call it.
struct Guest {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Guest {
    fn start(path: &Path) -> anyhow::Result<Self> {
        let engine = Engine::default();
        let module = Module::from_file(&engine, path)?;
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        // It reads no file and prints nothing; what it imports is for a panic that doesn't come.
        linker.define_unknown_imports_as_traps(&module)?;
        let instance = linker.instantiate(&mut store, &module)?;
        let memory = instance.get_memory(&mut store, "memory").context("a module has a memory")?;
        let mut guest = Self { store, instance, memory };
        if guest.instance.get_func(&mut guest.store, "_initialize").is_some() {
            guest
                .instance
                .get_typed_func::<(), ()>(&mut guest.store, "_initialize")?
                .call(&mut guest.store, ())?;
        }
        Ok(guest)
    }

    /// Puts the text into the module's memory.
    fn put(&mut self, text: &str) -> anyhow::Result<(u32, u32)> {
        let bytes = u32::try_from(text.len())?;
        let room = self.instance.get_typed_func::<u32, u32>(&mut self.store, "room")?;
        let pointer = room.call(&mut self.store, bytes)?;
        self.memory.write(&mut self.store, pointer as usize, text.as_bytes())?;
        Ok((pointer, bytes))
    }

    fn live(&mut self) -> anyhow::Result<usize> {
        let live = self.instance.get_typed_func::<(), u32>(&mut self.store, "live")?;
        Ok(live.call(&mut self.store, ())? as usize)
    }

    fn read(&mut self, policy: &str, rounds: usize) -> anyhow::Result<Reading> {
        let native = median(rounds, || {
            let checked = check_as(black_box(policy), Scope::WholeLanguage);
            let is_there = checked.policy.is_some();
            black_box(&checked);
            ensure!(is_there, "{}", render("policy", policy, &checked.diagnostics));
            Ok(())
        })?;
        let (pointer, bytes) = self.put(policy)?;
        let check = self.instance.get_typed_func::<(u32, u32), u32>(&mut self.store, "check")?;
        let forget = self.instance.get_typed_func::<(), ()>(&mut self.store, "forget")?;
        forget.call(&mut self.store, ())?;
        let before = self.live()?;
        let store = &mut self.store;
        let wasm = median(rounds, || {
            ensure!(check.call(&mut *store, (pointer, bytes))? == 1, "the policy is refused in the module");
            Ok(())
        })?;
        let kept = self.live()?.saturating_sub(before);
        Ok(Reading { native, wasm, kept })
    }

    /// The time of one evaluation.
    fn evaluate(&mut self) -> anyhow::Result<Duration> {
        let (pointer, bytes) = self.put(CONDITION)?;
        let read = self.instance.get_typed_func::<(u32, u32), u32>(&mut self.store, "condition")?;
        ensure!(read.call(&mut self.store, (pointer, bytes))? == 1, "the condition is refused");
        let evaluate = self.instance.get_typed_func::<u32, u32>(&mut self.store, "evaluate")?;
        let store = &mut self.store;
        let all = median(11, || {
            ensure!(evaluate.call(&mut *store, EVALUATIONS)? == EVALUATIONS, "the condition doesn't hold");
            Ok(())
        })?;
        Ok(all / EVALUATIONS)
    }
}

/// Time against size: a straight line.
fn draw(points: &[(f64, Reading)], path: &Path) -> anyhow::Result<()> {
    let root = SVGBackend::new(path, (720, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let most = points.iter().map(|(size, reading)| (*size, reading.wasm.as_secs_f64() * 1e3));
    let (width, height) = most.fold((1.0_f64, 1.0_f64), |(w, h), (x, y)| (w.max(x), h.max(y)));
    let mut chart = ChartBuilder::on(&root)
        .caption("Check and lower: time by size of the policy", ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..width * 1.05, 0.0..height * 1.1)?;
    chart.configure_mesh().x_desc("KB").y_desc("ms").draw()?;
    type Time = fn(&Reading) -> Duration;
    let lines: [(&str, RGBColor, Time); 2] =
        [("Wasm", BLUE, |reading| reading.wasm), ("native", GREEN, |reading| reading.native)];
    for (name, color, time) in lines {
        let line = points.iter().map(|(size, reading)| (*size, time(reading).as_secs_f64() * 1e3));
        chart
            .draw_series(LineSeries::new(line, color.stroke_width(2)).point_size(3))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()?;
    root.present()?;
    Ok(())
}
