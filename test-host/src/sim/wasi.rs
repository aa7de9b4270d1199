//! The little of WASI that a proxy-wasm module uses, with Envoy's answers. Nothing here reaches the machine: time is
//! virtual, randomness seeded, the environment the scenario's, and what is written goes to the log.

use wasmtime::{Caller, Linker};

use super::abi::{Fault, Guest, LogLevel, Status};
use super::state::HostState;

const WASI: &str = "wasi_snapshot_preview1";

const SUCCESS: u32 = 0;
const BAD_FILE: u32 = 8;
const FAULT: u32 = 21;

/// More random bytes than this at once are a mistake in the guest.
const MOST_RANDOM: u32 = 1 << 20;

type Call<'a> = Caller<'a, HostState>;

pub(crate) fn link(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.func_wrap(WASI, "random_get", |caller: Call<'_>, at: u32, size: u32| {
        wasi_call(caller, |guest| {
            if size > MOST_RANDOM {
                return Err(Status::InvalidMemoryAccess.into());
            }
            let mut bytes = vec![0; size as usize];
            guest.host().rng.fill(&mut bytes);
            guest.write(at, &bytes)
        })
    })?;
    linker.func_wrap(
        WASI,
        "clock_time_get",
        |caller: Call<'_>, _clock: u32, _precision: u64, time_at: u32| {
            wasi_call(caller, |guest| {
                let now = guest.host().now;
                guest.write(time_at, &now.to_le_bytes())
            })
        },
    )?;
    linker.func_wrap(WASI, "environ_sizes_get", |caller: Call<'_>, count_at: u32, size_at: u32| {
        wasi_call(caller, |guest| {
            let entries = environment(guest.host());
            let size: usize = entries.iter().map(Vec::len).sum();
            guest.write_u32(count_at, u32::try_from(entries.len()).unwrap_or(u32::MAX))?;
            guest.write_u32(size_at, u32::try_from(size).unwrap_or(u32::MAX))
        })
    })?;
    linker.func_wrap(WASI, "environ_get", |caller: Call<'_>, pointers_at: u32, text_at: u32| {
        wasi_call(caller, |guest| {
            let (mut pointer, mut text) = (pointers_at, text_at);
            for entry in environment(guest.host()) {
                guest.write_u32(pointer, text)?;
                guest.write(text, &entry)?;
                pointer = pointer.wrapping_add(4);
                text = text.wrapping_add(u32::try_from(entry.len()).unwrap_or(u32::MAX));
            }
            Ok(())
        })
    })?;
    linker.func_wrap(WASI, "args_sizes_get", |caller: Call<'_>, count_at: u32, size_at: u32| {
        wasi_call(caller, |guest| {
            guest.write_u32(count_at, 0)?;
            guest.write_u32(size_at, 0)
        })
    })?;
    linker.func_wrap(WASI, "args_get", |_: Call<'_>, _: u32, _: u32| SUCCESS)?;
    linker.func_wrap(WASI, "sched_yield", |_: Call<'_>| SUCCESS)?;
    linker.func_wrap(WASI, "proc_exit", |_: Call<'_>, code: u32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::msg(format!("the module exited with code {code}")))
    })?;
    linker.func_wrap(
        WASI,
        "fd_write",
        |caller: Call<'_>, file: u32, vectors: u32, count: u32, written_at: u32| {
            let level = match file {
                1 => LogLevel::Info,
                2 => LogLevel::Error,
                _ => return Ok(BAD_FILE),
            };
            wasi_call(caller, |guest| write_log(guest, level, vectors, count, written_at))
        },
    )?;
    Ok(())
}

fn wasi_call(
    caller: Call<'_>,
    call: impl FnOnce(&mut Guest<'_>) -> Result<(), Fault>,
) -> wasmtime::Result<u32> {
    match call(&mut Guest::new(caller)) {
        Ok(()) => Ok(SUCCESS),
        Err(Fault::Refused(_)) => Ok(FAULT),
        Err(Fault::Trap(error)) => Err(error),
    }
}

/// `name=value` with a zero byte behind it, each.
fn environment(host: &HostState) -> Vec<Vec<u8>> {
    host.env.iter().map(|(name, value)| format!("{name}={value}\0").into_bytes()).collect()
}

/// What the guest prints (the message of a panic, above all) becomes a line of the log.
fn write_log(
    guest: &mut Guest<'_>,
    level: LogLevel,
    vectors: u32,
    count: u32,
    written_at: u32,
) -> Result<(), Fault> {
    let size = count.checked_mul(8).ok_or(Status::InvalidMemoryAccess)?;
    let vectors = guest.read(vectors, size)?;
    let mut text = Vec::new();
    for vector in vectors.as_chunks::<8>().0 {
        let [a, b, c, d, e, f, g, h] = *vector;
        text.extend(guest.read(u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))?);
    }
    guest.write_u32(written_at, u32::try_from(text.len()).unwrap_or(u32::MAX))?;
    let text = String::from_utf8_lossy(&text);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    if !text.is_empty() {
        guest.host().write_log(level, text);
    }
    Ok(())
}
