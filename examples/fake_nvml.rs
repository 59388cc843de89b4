//! A stand-in for `libnvidia-ml.so.1`: GPUs whose power is a function of time, and which fail as they are told to.
//!
//! Point a program at it instead of NVIDIA's library, and lay a script beside it, named like the library with `.script`
//! added. The script is read anew at every call, so that it can be changed under way. One statement a line, `#` begins a
//! comment; statements behind a `gpu` line are that GPU's:
//!
//! ```text
//! time monotonic               # or a number of seconds, which then stand still; default: monotonic
//! tick 0.1                     # the energy counters are brought up to date this often, in seconds; default: 0.1
//! jitter 0.002                 # and each tick is late by up to so much; default: 0
//! fault init 9                 # a function fails with this nvmlReturn_t: init, count, handle, uuid, name, energy, power
//! gpu GPU-1234 NVIDIA_H200     # UUID and name
//! power 300                    # watts, always; or
//! power square 150 500 0.2     # low for half of a period of so many seconds, then high
//! power pulse 70 270 5 5.1      # low, but high between two times
//! gain 0.95                    # readings are this much of the truth; default: 1
//! start 123456                 # the counter at time 0, in millijoules; default: 0
//! reset 12.5                   # at this time the counter begins anew from zero
//! stall 3 4                    # between these times it stands still
//! mig                          # it is cut into instances
//! fault energy 15 2.0 3.0      # fails between these times only
//! ```

use std::ffi::{c_char, c_int, c_uint, c_ulonglong, c_void};
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

type Code = c_uint;

const SUCCESS: Code = 0;
const INVALID_ARGUMENT: Code = 2;
const NOT_FOUND: Code = 6;
const INSUFFICIENT_SIZE: Code = 7;
const UNKNOWN: Code = 999;

#[derive(Debug, Clone, Default)]
struct Script {
    now: f64,
    tick: f64,
    jitter: f64,
    faults: Vec<Fault>,
    gpus: Vec<Gpu>,
}

#[derive(Debug, Clone)]
struct Fault {
    function: String,
    code: Code,
    from: f64,
    to: f64,
}

#[derive(Debug, Clone)]
struct Gpu {
    uuid: String,
    name: String,
    low: f64,
    high: f64,
    period: f64,
    pulse: Option<(f64, f64)>,
    gain: f64,
    start: f64,
    reset: Option<f64>,
    stall: Option<(f64, f64)>,
    mig: bool,
    faults: Vec<Fault>,
}

impl Script {
    fn read() -> Option<Self> {
        let mut script = Self { now: monotonic(), tick: 0.1, ..Self::default() };
        for line in fs::read_to_string(script_path()?).ok()?.lines() {
            let words: Vec<&str> = line.split('#').next()?.split_ascii_whitespace().collect();
            if !words.is_empty() {
                script.apply(&words)?;
            }
        }
        Some(script)
    }

    /// `None` for a statement that is not understood: then every call fails with UNKNOWN.
    fn apply(&mut self, words: &[&str]) -> Option<()> {
        let number = |index: usize| words.get(index)?.parse::<f64>().ok();
        let gpu = self.gpus.last_mut();
        match words[0] {
            "time" if words.get(1) == Some(&"monotonic") => {}
            "time" => self.now = number(1)?,
            "tick" => self.tick = number(1)?,
            "jitter" => self.jitter = number(1)?,
            "gpu" => self.gpus.push(Gpu {
                uuid: (*words.get(1)?).to_owned(),
                name: words.get(2)?.replace('_', " "),
                low: 0.0,
                high: 0.0,
                period: 1.0,
                pulse: None,
                gain: 1.0,
                start: 0.0,
                reset: None,
                stall: None,
                mig: false,
                faults: Vec::new(),
            }),
            "fault" => {
                let function = (*words.get(1)?).to_owned();
                let (from, to) = (number(3).unwrap_or(0.0), number(4).unwrap_or(f64::INFINITY));
                let fault = Fault { function, code: words.get(2)?.parse().ok()?, from, to };
                gpu.map_or(&mut self.faults, |gpu| &mut gpu.faults).push(fault);
            }
            "power" if words.get(1) == Some(&"square") => {
                let gpu = gpu?;
                (gpu.low, gpu.high, gpu.period) = (number(2)?, number(3)?, number(4)?);
            }
            "power" if words.get(1) == Some(&"pulse") => {
                let gpu = gpu?;
                (gpu.low, gpu.high, gpu.pulse) = (number(2)?, number(3)?, Some((number(4)?, number(5)?)));
            }
            "power" => {
                let gpu = gpu?;
                (gpu.low, gpu.high) = (number(1)?, number(1)?);
            }
            "gain" => gpu?.gain = number(1)?,
            "start" => gpu?.start = number(1)?,
            "reset" => gpu?.reset = Some(number(1)?),
            "stall" => gpu?.stall = Some((number(1)?, number(2)?)),
            "mig" => gpu?.mig = true,
            _ => return None,
        }
        Some(())
    }

    /// The time of the last tick. Each is late by a share of the jitter that depends on its number alone.
    fn last_tick(&self, time: f64) -> f64 {
        let mut number = (time / self.tick).floor();
        while number > 0.0 && self.tick_time(number) > time {
            number -= 1.0;
        }
        self.tick_time(number)
    }

    fn tick_time(&self, number: f64) -> f64 {
        let hash = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
        number * self.tick + self.jitter * hash as f64 / (1_u64 << 53) as f64
    }
}

impl Gpu {
    fn watts(&self, time: f64) -> f64 {
        if let Some((from, to)) = self.pulse {
            return if (from..to).contains(&time) { self.high } else { self.low };
        }
        let phase = (time / self.period).rem_euclid(1.0);
        if phase < 0.5 { self.low } else { self.high }
    }

    /// Joules from time 0.
    fn joules(&self, time: f64) -> f64 {
        if let Some((from, to)) = self.pulse {
            return time * self.low + (time.min(to) - from).max(0.0) * (self.high - self.low);
        }
        let periods = (time / self.period).floor();
        let rest = time - periods * self.period;
        let half = self.period / 2.0;
        periods * half * (self.low + self.high) + rest.min(half) * self.low + (rest - half).max(0.0) * self.high
    }

    fn counter_mj(&self, script: &Script) -> u64 {
        let mut time = script.now;
        if let Some((from, to)) = self.stall
            && (from..to).contains(&time)
        {
            time = from;
        }
        let tick = script.last_tick(time);
        let joules = match self.reset {
            Some(reset) if time >= reset => self.joules(tick.max(reset)) - self.joules(reset),
            _ => self.joules(tick) + self.start * 1e-3 / self.gain,
        };
        (joules * self.gain * 1e3).round() as u64
    }
}

fn monotonic() -> f64 {
    #[repr(C)]
    struct Timespec {
        seconds: i64,
        nanoseconds: i64,
    }
    unsafe extern "C" {
        fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
    }
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: the pointer is to a struct of the layout that 64-bit Linux uses; 1 is CLOCK_MONOTONIC.
    unsafe { clock_gettime(1, &raw mut time) };
    time.seconds as f64 + time.nanoseconds as f64 * 1e-9
}

/// Beside this very library, wherever it was loaded from: so copies of it in one process have scripts of their own.
fn script_path() -> Option<PathBuf> {
    static PATH: OnceLock<Option<PathBuf>> = OnceLock::new();
    PATH.get_or_init(|| {
        let here = script_path as *const () as usize;
        let maps = fs::read_to_string("/proc/self/maps").ok()?;
        let library = maps.lines().find_map(|line| {
            let (from, to) = line.split_ascii_whitespace().next()?.split_once('-')?;
            let range = usize::from_str_radix(from, 16).ok()?..usize::from_str_radix(to, 16).ok()?;
            range.contains(&here).then(|| line.find('/').map(|at| line[at..].to_owned()))?
        })?;
        Some(PathBuf::from(library + ".script"))
    })
    .clone()
}

/// Runs `answer` unless the script has this function fail.
fn library_call(function: &str, answer: impl FnOnce(&Script) -> Code) -> Code {
    let Some(script) = Script::read() else { return UNKNOWN };
    match failing(&script.faults, function, script.now) {
        Some(code) => code,
        None => answer(&script),
    }
}

/// The same for a function of a GPU. Handles are the index plus one.
fn gpu_call(device: *mut c_void, function: &str, answer: impl FnOnce(&Script, &Gpu) -> Code) -> Code {
    library_call(function, |script| {
        let gpu = (device as usize).checked_sub(1).and_then(|index| script.gpus.get(index));
        let Some(gpu) = gpu else { return INVALID_ARGUMENT };
        failing(&gpu.faults, function, script.now).unwrap_or_else(|| answer(script, gpu))
    })
}

fn failing(faults: &[Fault], function: &str, now: f64) -> Option<Code> {
    faults.iter().find(|f| f.function == function && (f.from..f.to).contains(&now)).map(|f| f.code)
}

/// Writes a C string.
///
/// # Safety
///
/// `to` must be valid for writes of `length` bytes.
unsafe fn write_text(text: &str, to: *mut c_char, length: c_uint) -> Code {
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
/// `to` must be valid for a write of `T`.
unsafe fn write_value<T>(value: T, to: *mut T) -> Code {
    // SAFETY: as the caller vouches.
    unsafe { to.write(value) };
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn nvmlInit_v2() -> Code {
    library_call("init", |_| SUCCESS)
}

#[unsafe(no_mangle)]
extern "C" fn nvmlShutdown() -> Code {
    SUCCESS
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlSystemGetDriverVersion(to: *mut c_char, length: c_uint) -> Code {
    // SAFETY: the caller hands over a buffer of that length, as NVML's contract says; so for all functions below.
    unsafe { write_text("570.00.01", to, length) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetCount_v2(to: *mut c_uint) -> Code {
    library_call("count", |script| unsafe { write_value(script.gpus.len() as c_uint, to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, to: *mut *mut c_void) -> Code {
    let handle = (index as usize + 1) as *mut c_void;
    match gpu_call(handle, "handle", |_, _| SUCCESS) {
        SUCCESS => unsafe { write_value(handle, to) },
        code => code,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetHandleByUUID(uuid: *const c_char, to: *mut *mut c_void) -> Code {
    let wanted = unsafe { std::ffi::CStr::from_ptr(uuid) }.to_string_lossy();
    library_call("handle", |script| match script.gpus.iter().position(|gpu| gpu.uuid == wanted) {
        Some(index) => unsafe { write_value((index + 1) as *mut c_void, to) },
        None => NOT_FOUND,
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetUUID(device: *mut c_void, to: *mut c_char, length: c_uint) -> Code {
    gpu_call(device, "uuid", |_, gpu| unsafe { write_text(&gpu.uuid, to, length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetName(device: *mut c_void, to: *mut c_char, length: c_uint) -> Code {
    gpu_call(device, "name", |_, gpu| unsafe { write_text(&gpu.name, to, length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMigMode(device: *mut c_void, current: *mut c_uint, pending: *mut c_uint) -> Code {
    gpu_call(device, "mig", |_, gpu| unsafe {
        write_value(c_uint::from(gpu.mig), current);
        write_value(c_uint::from(gpu.mig), pending)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetTotalEnergyConsumption(device: *mut c_void, to: *mut c_ulonglong) -> Code {
    gpu_call(device, "energy", |script, gpu| unsafe { write_value(gpu.counter_mj(script), to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetPowerUsage(device: *mut c_void, to: *mut c_uint) -> Code {
    gpu_call(device, "power", |script, gpu| {
        let milliwatts = gpu.watts(script.now) * gpu.gain * 1e3;
        unsafe { write_value(milliwatts.round() as c_uint, to) }
    })
}
