//! The script, and what programs have set.

use std::ffi::c_int;
use std::fs;
use std::str::SplitAsciiWhitespace;

use super::{Code, FUNCTIONS, UNKNOWN, library_path, seconds_by};

#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) now: f64,
    /// What the wall clock shows at time 0; when it jumps, and each time by how much, in seconds.
    pub(super) wall: f64,
    pub(super) jumps: Vec<(f64, f64)>,
    pub(super) tick: f64,
    pub(super) jitter: f64,
    pub(super) driver: String,
    pub(super) count: Option<String>,
    pub(super) faults: Vec<Fault>,
    pub(super) hangs: Vec<Fault>,
    pub(super) gpus: Vec<Gpu>,
    pub(super) changes: Vec<Change>,
}

/// What a function does between two times.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) function: String,
    pub(super) code: Code,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// Something that was set.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) at: f64,
    pub(super) uuid: String,
    pub(super) what: String,
    pub(super) values: Vec<u32>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Gpu {
    pub(super) index: usize,
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) period: f64,
    pub(super) pulse: Option<(f64, f64)>,
    pub(super) gain: f64,
    pub(super) counter_gain: f64,
    pub(super) power_gain: f64,
    pub(super) average: Option<f64>,
    pub(super) sensor: Option<(f64, f64)>,
    pub(super) samples: Option<(f64, usize)>,
    pub(super) dirty: bool,
    /// What else draws on the module, and which readings it is in.
    pub(super) module: Option<f64>,
    pub(super) module_in: Vec<String>,
    pub(super) start: f64,
    pub(super) reset: Option<f64>,
    pub(super) stall: Option<(f64, f64)>,
    pub(super) limit: Option<[f64; 4]>,
    pub(super) clocks: [u32; 4],
    pub(super) deaf: bool,
    pub(super) temperature: u32,
    pub(super) throttle: u64,
    pub(super) processes: Vec<Process>,
    pub(super) utilization: Option<(u32, u32)>,
    pub(super) memory: (u64, u64),
    pub(super) pci: (u32, u32, u32),
    pub(super) architecture: u32,
    pub(super) capability: (c_int, c_int),
    pub(super) mig: bool,
    pub(super) instances: Vec<(String, u32, u32)>,
    pub(super) faults: Vec<Fault>,
    pub(super) hangs: Vec<Fault>,
}

#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) compute: bool,
    pub(super) pid: u32,
    pub(super) mebibytes: u64,
    pub(super) percent: u32,
    pub(super) from: f64,
    pub(super) to: f64,
}

pub(super) struct Words<'a>(SplitAsciiWhitespace<'a>);

impl<'a> Words<'a> {
    pub(super) fn text(&mut self) -> Option<&'a str> {
        self.0.next()
    }

    pub(super) fn number(&mut self) -> Option<f64> {
        self.read()
    }

    pub(super) fn read<T: std::str::FromStr>(&mut self) -> Option<T> {
        self.text()?.parse().ok()
    }

    /// This value if there is no further word; `None` for a word that is no number.
    pub(super) fn number_or(&mut self, default: f64) -> Option<f64> {
        self.0.next().map_or(Some(default), |word| word.parse().ok())
    }
}

impl Script {
    pub(super) fn read() -> Option<Self> {
        let path = library_path()?;
        let mut script = Self {
            now: seconds_by(1),
            wall: seconds_by(0) - seconds_by(1),
            jumps: Vec::new(),
            tick: 0.1,
            jitter: 0.0,
            driver: "570.00.01".to_owned(),
            count: None,
            faults: Vec::new(),
            hangs: Vec::new(),
            gpus: Vec::new(),
            changes: Vec::new(),
        };
        for line in fs::read_to_string(path.clone() + ".script").ok()?.lines() {
            let mut words = Words(line.split('#').next()?.split_ascii_whitespace());
            if let Some(statement) = words.text() {
                script.apply(statement, &mut words)?;
                words.text().is_none().then_some(())?;
            }
        }
        for line in fs::read_to_string(path + ".state").unwrap_or_default().lines() {
            let mut words = Words(line.split_ascii_whitespace());
            let (at, uuid, what) = (words.number()?, words.text()?.to_owned(), words.text()?.to_owned());
            let values = words.0.map(|word| word.parse().ok()).collect::<Option<_>>()?;
            script.changes.push(Change { at, uuid, what, values });
        }
        Some(script)
    }

    /// `None` for a statement that is not understood: then every call fails with UNKNOWN.
    pub(super) fn apply(&mut self, statement: &str, words: &mut Words) -> Option<()> {
        match statement {
            "time" => match words.text()? {
                "monotonic" => {}
                time => (self.now, self.wall) = (time.parse().ok()?, 1.7e9),
            },
            "wall" => self.wall = words.number()?,
            "wall-jump" => self.jumps.push((words.number()?, words.number()?)),
            "tick" => self.tick = words.number().filter(|tick| *tick > 0.0)?,
            "jitter" => self.jitter = words.number()?,
            "driver" => self.driver = words.text()?.to_owned(),
            "count" => self.count = Some(words.text()?.to_owned()),
            "fault" => {
                let function = words.text().filter(|name| FUNCTIONS.contains(name))?.to_owned();
                let (code, from, to) = (words.read()?, words.number_or(0.0)?, words.number_or(f64::INFINITY)?);
                let faults = self.gpus.last_mut().map_or(&mut self.faults, |gpu| &mut gpu.faults);
                faults.push(Fault { function, code, from, to });
            }
            "hang" => {
                let function = words.text().filter(|name| FUNCTIONS.contains(name))?.to_owned();
                let (from, to) = (words.number_or(0.0)?, words.number_or(f64::INFINITY)?);
                let hangs = self.gpus.last_mut().map_or(&mut self.hangs, |gpu| &mut gpu.hangs);
                hangs.push(Fault { function, code: UNKNOWN, from, to });
            }
            "gpu" => {
                let index = self.gpus.len();
                self.gpus.push(Gpu {
                    index,
                    uuid: words.text()?.to_owned(),
                    name: words.text()?.replace('_', " "),
                    period: 1.0,
                    gain: 1.0,
                    counter_gain: 1.0,
                    power_gain: 1.0,
                    clocks: [1500, 2000, 1980, 15],
                    temperature: 40,
                    memory: (81_559, 512),
                    pci: (0, index as u32 + 1, 0),
                    architecture: 9,
                    capability: (9, 0),
                    ..Gpu::default()
                });
            }
            _ => self.gpus.last_mut()?.apply(statement, words)?,
        }
        Some(())
    }

    /// The time of the last tick. Each is late by a share of the jitter that depends on its number alone.
    pub(super) fn last_tick(&self, time: f64) -> f64 {
        self.tick_time(self.tick, self.ticks(self.tick, time))
    }

    /// The number of the last tick of this period.
    pub(super) fn ticks(&self, period: f64, time: f64) -> f64 {
        let mut number = (time / period).floor();
        while number > 0.0 && self.tick_time(period, number) > time {
            number -= 1.0;
        }
        number
    }

    pub(super) fn tick_time(&self, period: f64, number: f64) -> f64 {
        let hash = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
        number * period + self.jitter * hash as f64 / (1_u64 << 53) as f64
    }

    /// In microseconds of Unix time.
    pub(super) fn wall_us(&self, time: f64) -> u64 {
        let jumped: f64 = self.jumps.iter().filter(|jump| time >= jump.0).map(|jump| jump.1).sum();
        ((self.wall + time + jumped) * 1e6).round() as u64
    }

    /// What was set last of this kind.
    pub(super) fn set<'a>(&'a self, gpu: &'a Gpu, what: &'a str) -> impl DoubleEndedIterator<Item = &'a Change> {
        self.changes.iter().filter(move |change| change.uuid == gpu.uuid && change.what == what)
    }
}

impl Process {
    pub(super) fn runs(&self, time: f64) -> bool {
        (self.from..self.to).contains(&time)
    }

    /// What is sampled at the end of this second, in percent.
    pub(super) fn sample(&self, second: f64) -> f64 {
        f64::from(self.percent) * (self.to.min(second) - self.from.max(second - 1.0)).max(0.0)
    }
}

impl Gpu {
    pub(super) fn apply(&mut self, statement: &str, words: &mut Words) -> Option<()> {
        match statement {
            "power" => match words.text()? {
                "square" => (self.low, self.high, self.period) = (words.number()?, words.number()?, words.number()?),
                "pulse" => {
                    (self.low, self.high) = (words.number()?, words.number()?);
                    self.pulse = Some((words.number()?, words.number()?));
                }
                watts => (self.low, self.high) = (watts.parse().ok()?, watts.parse().ok()?),
            },
            "gain" => self.gain = words.number()?,
            "counter-gain" => self.counter_gain = words.number()?,
            "power-gain" => self.power_gain = words.number()?,
            "average" => self.average = Some(words.number().filter(|seconds| *seconds > 0.0)?),
            "sensor" => {
                let (watched, period) = (words.number()?, words.number()?);
                (0.0 < watched && watched <= period).then_some(())?;
                self.sensor = Some((watched, period));
            }
            "samples" => {
                self.samples = Some((words.number().filter(|period| *period > 0.0)?, words.read()?));
                self.dirty = match words.text() {
                    None => false,
                    Some("dirty") => true,
                    Some(_) => return None,
                };
            }
            "module" => {
                self.module = Some(words.number()?);
                while let Some(what) = words.text() {
                    ["energy", "power", "samples"].contains(&what).then(|| self.module_in.push(what.to_owned()))?;
                }
            }
            "start" => self.start = words.number()?,
            "reset" => self.reset = Some(words.number()?),
            "stall" => self.stall = Some((words.number()?, words.number()?)),
            "limit" => {
                self.limit = Some([words.number()?, words.number()?, words.number()?, words.number_or(0.001)?]);
            }
            "clocks" => self.clocks = [words.read()?, words.read()?, words.read()?, words.read()?],
            "deaf" => self.deaf = true,
            "temperature" => self.temperature = words.read()?,
            "throttle" => {
                let text = words.text()?;
                self.throttle = match text.strip_prefix("0x") {
                    Some(hex) => u64::from_str_radix(hex, 16).ok()?,
                    None => text.parse().ok()?,
                };
            }
            "process" | "graphics" => {
                let compute = statement == "process";
                let (pid, mebibytes, percent) = (words.read()?, words.read()?, words.read()?);
                let (from, to) = (words.number_or(0.0)?, words.number_or(f64::INFINITY)?);
                self.processes.push(Process { compute, pid, mebibytes, percent, from, to });
            }
            "utilization" => self.utilization = Some((words.read()?, words.read()?)),
            "memory" => self.memory = (words.read()?, words.read()?),
            "pci" => self.pci = bus_address(words.text()?)?,
            "architecture" => {
                self.architecture = words.read()?;
                let (major, minor) = words.text()?.split_once('.')?;
                self.capability = (major.parse().ok()?, minor.parse().ok()?);
            }
            "mig" => self.mig = true,
            "instance" if self.mig => {
                self.instances.push((words.text()?.to_owned(), words.read()?, words.read()?));
            }
            _ => return None,
        }
        Some(())
    }
}

pub(super) fn bus_address(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.split(':').map(|part| u32::from_str_radix(part.split('.').next()?, 16).ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}
