//! A stand-in for `libnvidia-ml.so.1`: GPUs whose power is a function of time, and which fail and lie as they are told to.
//!
//! Point a program at it instead of NVIDIA's library, and lay a script beside it, named like the library with `.script`
//! added. The script is read anew at every call, so that it can be changed under way. One statement a line, `#` begins a
//! comment; statements behind a `gpu` line are that GPU's. A statement that is not understood makes every call fail with
//! `UNKNOWN`. What programs set (power limits, clocks) is appended to a file named like the library with `.state` added,
//! a line each: time, UUID, what, values. It holds for the readings from that time on.
//!
//! ```text
//! time monotonic               # or a number of seconds, which then stand still; default: monotonic
//! wall 1700000000              # what the wall clock, which dates samples, shows at time 0; default: the machine's, or
//!                              # this number where time stands still
//! wall-jump 12.5 -3600         # at this time somebody sets the wall clock by so many seconds; any number of these
//! tick 0.1                     # the energy counters are brought up to date this often, in seconds; default: 0.1
//! jitter 0.002                 # and each tick (and each power sample) is late by up to so much; default: 0
//! driver 570.00.01             # version of the driver
//! count calls                  # every call of a function appends its name to this file beside the library
//! fault init 9                 # a function fails with this nvmlReturn_t; the functions are FUNCTIONS, below
//! hang energy 2.0 5.0          # a call of a function does not return between these times; default: ever, while this stands here
//! gpu GPU-1234 NVIDIA_H200     # UUID and name
//! power 300                    # watts, always; or
//! power square 150 500 0.2     # low for half of a period of so many seconds, then high
//! power pulse 70 270 5 5.1     # low, but high between two times
//! gain 0.95                    # readings are this much of the truth; default: 1
//! counter-gain 0.57            # and those of the counter this much of that
//! power-gain 0.9               # and those of power this much
//! average 1.0                  # GetPowerUsage and field 185 tell the mean of so many seconds; default: the present
//! sensor 0.025 0.1             # power is watched for the first so many of every so many seconds alone
//! samples 0.02 120 [dirty]     # a power sample so often, and how many are kept; dirty: with one of no date among them,
//!                              # and the last seen one again. Default: none, GetSamples is not supported
//! module 150 energy power      # a processor and memory on the same module draw so many watts, which are in these readings (of
//!                              # energy, power and samples), and in the fields of power of scope 1; default: none
//! start 123456                 # the counter at time 0, in millijoules; default: 0
//! reset 12.5                   # at this time the counter begins anew from zero
//! stall 3 4                    # between these times it stands still, and no sample is taken
//! limit 100 700 650 5          # power limit: lowest, highest, default, in watts, and the step it is rounded down to;
//!                              # default: 100 1000 1000 0.001. A limit that is scripted here, or set, caps the power
//! clocks 1500 2000 1980 15     # SM and memory clock, the highest SM clock, in MHz, and the step of locked clocks
//! deaf                         # what is set is acknowledged and forgotten
//! temperature 41               # degrees Celsius; default: 40
//! throttle 0x4                 # bits of the throttle reasons; default: 0, and 4 while the power limit caps
//! process 1234 512 40 [3 7.5]  # a compute process: number, MiB, percent of the SMs, and from when to when it runs; default:
//!                              # always; or `graphics`. Utilization is sampled at every whole second
//! utilization 37 10            # percent of GPU and memory; default: the sum of the processes', and 0
//! memory 81559 512             # MiB: all, and in use
//! pci 0000:3b:00.0             # default: by index
//! architecture 9 9.0           # nvmlDeviceArchitecture_t and compute capability; default: Hopper
//! mig                          # it is cut into instances
//! instance MIG-5678 1 0        # one of them: UUID, GPU instance, compute instance
//! fault energy 15 2.0 3.0      # fails between these times only
//! ```

#![expect(
    clippy::undocumented_unsafe_blocks,
    reason = "nearly all write to a place that the caller gives, and callers owe this library what they owe NVIDIA's: a place that is large enough, or none"
)]

mod control;
mod devices;
mod power;
mod readings;
mod script;

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

use script::{Fault, Gpu, Script};

type Code = c_uint;
type Handle = *mut c_void;

const SUCCESS: Code = 0;
const UNINITIALIZED: Code = 1;
const INVALID_ARGUMENT: Code = 2;
const NOT_SUPPORTED: Code = 3;
const NOT_FOUND: Code = 6;
const INSUFFICIENT_SIZE: Code = 7;
const UNKNOWN: Code = 999;

/// What can be counted and can fail. `average` and `instant` are fields 185 and 186, and `energy` is field 83 too;
/// `fields` is the call for all of them.
const FUNCTIONS: [&str; 33] = [
    "init",
    "shutdown",
    "driver",
    "version",
    "cuda",
    "count",
    "handle",
    "uuid",
    "name",
    "index",
    "minor",
    "pci",
    "mig",
    "instances",
    "energy",
    "power",
    "samples",
    "fields",
    "average",
    "instant",
    "temperature",
    "clocks",
    "throttle",
    "limit",
    "set-limit",
    "set-clocks",
    "set-memory-clocks",
    "processes",
    "utilization",
    "process-utilization",
    "memory",
    "architecture",
    "persistence",
];

/// The throttle reason of a power limit that caps.
const POWER_CAP: u64 = 4;

/// 0 is CLOCK_REALTIME, 1 is CLOCK_MONOTONIC.
fn seconds_by(clock: c_int) -> f64 {
    #[repr(C)]
    struct Timespec {
        seconds: i64,
        nanoseconds: i64,
    }
    unsafe extern "C" {
        fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
    }
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the pointer is to a struct of the layout that 64-bit Linux uses.
    unsafe { clock_gettime(clock, &raw mut time) };
    time.seconds as f64 + time.nanoseconds as f64 * 1e-9
}

/// This very library, wherever it was loaded from: so copies of it in one process have scripts of their own.
fn library_path() -> Option<String> {
    static PATH: OnceLock<Option<String>> = OnceLock::new();
    PATH.get_or_init(|| {
        let here = library_path as *const () as usize;
        let maps = fs::read_to_string("/proc/self/maps").ok()?;
        maps.lines().find_map(|line| {
            let (from, to) = line.split_ascii_whitespace().next()?.split_once('-')?;
            let range = usize::from_str_radix(from, 16).ok()?..usize::from_str_radix(to, 16).ok()?;
            range.contains(&here).then(|| line.find('/').map(|at| line[at..].to_owned()))?
        })
    })
    .clone()
}

fn append(path: PathBuf, line: &str) -> Option<()> {
    let mut file = fs::OpenOptions::new().append(true).create(true).open(path).ok()?;
    file.write_all(format!("{line}\n").as_bytes()).ok()
}

/// How often the library was initialized and not yet shut down.
static USERS: AtomicI32 = AtomicI32::new(0);

/// Runs `answer` unless the script has this function fail.
fn library_call(function: &str, answer: impl FnOnce(&Script) -> Code) -> Code {
    let Some(script) = Script::read() else { return UNKNOWN };
    if let (Some(file), Some(path)) = (&script.count, library_path()) {
        append(PathBuf::from(path).with_file_name(file), function);
    }
    if function != "init" && USERS.load(Ordering::SeqCst) < 1 {
        return UNINITIALIZED;
    }
    let Some(script) = returning(script, function, |script| Some(&script.hangs)) else { return UNKNOWN };
    match failing(&script.faults, function, script.now) {
        Some(code) => code,
        None => answer(&script),
    }
}

/// The script as it is once it does not have this function hang any more.
fn returning(mut script: Script, function: &str, hangs: impl Fn(&Script) -> Option<&Vec<Fault>>) -> Option<Script> {
    while hangs(&script).is_some_and(|hangs| failing(hangs, function, script.now).is_some()) {
        std::thread::sleep(std::time::Duration::from_millis(10));
        script = Script::read()?;
    }
    Some(script)
}

/// Handles are the index plus one; those of instances have theirs plus one above that.
fn handle(gpu: usize, instance: Option<usize>) -> Handle {
    (gpu + 1 + (instance.map_or(0, |instance| instance + 1) << 16)) as Handle
}

/// The same for a function of a GPU, or of an instance.
fn any_call(
    device: Handle,
    function: &str,
    answer: impl FnOnce(&Script, &Gpu, Option<&(String, u32, u32)>) -> Code,
) -> Code {
    library_call(function, |script| {
        let (index, instance) = ((device as usize) & 0xffff, (device as usize) >> 16);
        let gpu = index.checked_sub(1).and_then(|index| script.gpus.get(index));
        let Some(gpu) = gpu else { return INVALID_ARGUMENT };
        let hangs = |script: &Script| failing(&gpu.hangs, function, script.now).is_some();
        let later = hangs(script)
            .then(|| returning(script.clone(), function, |script| script.gpus.get(gpu.index).map(|gpu| &gpu.hangs)));
        let (script, gpu) = match &later {
            None => (script, gpu),
            Some(None) => return UNKNOWN,
            Some(Some(script)) => match script.gpus.get(gpu.index) {
                Some(gpu) => (script, gpu),
                None => return INVALID_ARGUMENT,
            },
        };
        let part = instance.checked_sub(1).map(|instance| gpu.instances.get(instance));
        let Some(part) = part.map_or(Some(None), |part| part.map(Some)) else { return INVALID_ARGUMENT };
        failing(&gpu.faults, function, script.now).unwrap_or_else(|| answer(script, gpu, part))
    })
}

/// The same for what an instance does not have.
fn gpu_call(device: Handle, function: &str, answer: impl FnOnce(&Script, &Gpu) -> Code) -> Code {
    any_call(device, function, |script, gpu, part| match part {
        None => answer(script, gpu),
        Some(_) => NOT_SUPPORTED,
    })
}

fn failing(faults: &[Fault], function: &str, now: f64) -> Option<Code> {
    faults.iter().find(|f| f.function == function && (f.from..f.to).contains(&now)).map(|f| f.code)
}

/// Sets something, unless the GPU is deaf.
fn change(script: &Script, gpu: &Gpu, what: &str, values: &[u32]) -> Code {
    let Some(path) = library_path() else { return UNKNOWN };
    let values: String = values.iter().map(|value| format!(" {value}")).collect();
    let line = format!("{:.9} {} {what}{values}", script.now, gpu.uuid);
    let done = gpu.deaf || append(PathBuf::from(path + ".state"), &line).is_some();
    if done { SUCCESS } else { UNKNOWN }
}

/// Writes a C string.
///
/// # Safety
///
/// `to` must be null or valid for writes of `length` bytes.
unsafe fn write_text(text: &str, to: *mut c_char, length: c_uint) -> Code {
    if to.is_null() {
        return INVALID_ARGUMENT;
    }
    if text.len() >= length as usize {
        return INSUFFICIENT_SIZE;
    }
    // SAFETY: the text and its end fit into `length` bytes, which the caller vouches for.
    unsafe {
        to.copy_from_nonoverlapping(text.as_ptr().cast(), text.len());
        to.add(text.len()).write(0);
    }
    SUCCESS
}

/// Writes a value.
///
/// # Safety
///
/// `to` must be null or valid for a write of `T`.
unsafe fn write_value<T>(value: T, to: *mut T) -> Code {
    if to.is_null() {
        return INVALID_ARGUMENT;
    }
    // SAFETY: as the caller vouches.
    unsafe { to.write(value) };
    SUCCESS
}

/// Writes as many values as there is room for; null for `to` asks for their number. Where there is not enough room it
/// writes what fits, or `must_fit` makes it fail.
///
/// # Safety
///
/// `count` must be valid, and `to` null or valid for so many writes as `count` says.
unsafe fn write_list<T: Clone>(values: &[T], count: *mut c_uint, to: *mut T, must_fit: bool) -> Code {
    if count.is_null() {
        return INVALID_ARGUMENT;
    }
    // SAFETY: as the caller vouches.
    unsafe {
        let room = if to.is_null() { 0 } else { *count as usize };
        let taken = values.len().min(room);
        for (place, value) in values.iter().take(taken).enumerate() {
            to.add(place).write(value.clone());
        }
        let short = must_fit && values.len() > room;
        *count = if short || to.is_null() { values.len() } else { taken } as c_uint;
        if short { INSUFFICIENT_SIZE } else { SUCCESS }
    }
}
