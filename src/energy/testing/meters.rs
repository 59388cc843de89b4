//! The meters of this crate keep the contract.

use super::{ManualClock, MeterBench, assert_meter_contract};
use crate::energy::error::EnergyError;
use crate::energy::meters::estimate::EstimateMeter;
use crate::energy::meters::estimate::watts::WattsPerCore;
use crate::energy::meters::meter::Meter;
use crate::energy::meters::rapl::testing::{PowerEvents, PowercapTree};
use crate::energy::meters::rapl::{RaplMeter, RaplWays};
use crate::energy::meters::testing::ScriptedMeter;
use crate::energy::system::testing::FakeProc;

struct RaplBench {
    tree: PowercapTree,
    clock: ManualClock,
    meter: RaplMeter,
    seconds: u64,
    spoilt: bool,
}

const ZONES: [(&str, &str, u64); 5] = [
    ("intel-rapl:0", "package-0", 40_000_001),
    ("intel-rapl:0/intel-rapl:0:0", "core", 30_000_000),
    ("intel-rapl:0/intel-rapl:0:1", "dram", 5_000_003),
    ("intel-rapl:1", "package-1", 60_000_000),
    ("intel-rapl:2", "psys", 200_000_000),
];

/// So small that the first package wraps within the test.
const RANGE: u64 = 2_500_000_000;

impl RaplBench {
    fn new() -> Self {
        let tree = PowercapTree::new();
        for (path, name, _) in ZONES {
            tree.zone(path, name, RANGE - 100_000_000, RANGE);
        }
        let meter = RaplMeter::open(&RaplWays::files(tree.root()), &|_| false).unwrap();
        Self { tree, clock: ManualClock::at(50.0), meter, seconds: 0, spoilt: false }
    }

    fn publish(&self) {
        for (path, _, rate) in ZONES {
            match self.spoilt {
                true => self.tree.garble(path),
                false => self.tree.set(path, (RANGE - 100_000_000 + rate * self.seconds) % RANGE),
            };
        }
    }
}

impl MeterBench for RaplBench {
    fn meter(&mut self) -> &mut dyn Meter {
        &mut self.meter
    }
    fn clock(&self) -> ManualClock {
        self.clock.clone()
    }
    fn run(&mut self) {
        self.seconds += 1;
        self.clock.advance(1.0);
        self.publish();
    }
    fn microjoules_per_second(&self) -> Vec<u64> {
        vec![40_000_001, 5_000_003, 60_000_000]
    }
    fn spoil(&mut self) {
        self.spoilt = true;
        self.publish();
    }
    fn mend(&mut self) {
        self.spoilt = false;
        self.publish();
    }
}

struct EventsBench {
    machine: PowerEvents,
    clock: ManualClock,
    meter: RaplMeter,
}

impl EventsBench {
    fn new() -> Self {
        let machine = PowerEvents::new("0,8", &[(0, 0, 0), (8, 1, 0)]);
        let meter = RaplMeter::open(&RaplWays::of(std::path::Path::new("/nowhere"), &machine), &|_| false).unwrap();
        Self { machine, clock: ManualClock::at(50.0), meter }
    }
}

impl MeterBench for EventsBench {
    fn meter(&mut self) -> &mut dyn Meter {
        &mut self.meter
    }
    fn clock(&self) -> ManualClock {
        self.clock.clone()
    }
    fn run(&mut self) {
        self.machine.pass(&self.clock, 1.0, 64 << 32);
    }
    fn microjoules_per_second(&self) -> Vec<u64> {
        vec![64_000_000, 8_000_000, 64_000_000, 8_000_000]
    }
    fn spoil(&mut self) {
        self.machine.spoil(true);
    }
    fn mend(&mut self) {
        self.machine.spoil(false);
    }
}

struct EstimateBench {
    proc: FakeProc,
    clock: ManualClock,
    meter: EstimateMeter,
    seconds: u64,
}

impl EstimateBench {
    fn new() -> Self {
        let proc = FakeProc::new();
        proc.process(10, 1, 500, 30).process(11, 10, 70, 0).process(99, 1, 1_000_000, 0);
        let meter = EstimateMeter::open(proc.root(), 10, true, &WattsPerCore::set(5.0)).unwrap();
        Self { proc, clock: ManualClock::at(50.0), meter, seconds: 0 }
    }
}

impl MeterBench for EstimateBench {
    fn meter(&mut self) -> &mut dyn Meter {
        &mut self.meter
    }
    fn clock(&self) -> ManualClock {
        self.clock.clone()
    }
    fn run(&mut self) {
        self.seconds += 1;
        self.clock.advance(1.0);
        if self.proc.root().join("10").exists() {
            self.mend();
        }
    }
    fn microjoules_per_second(&self) -> Vec<u64> {
        let ticks_per_second = rustix::param::clock_ticks_per_second();
        vec![(100 + 50) * 5_000_000 / ticks_per_second]
    }
    fn spoil(&mut self) {
        self.proc.end(10);
    }
    fn mend(&mut self) {
        let s = self.seconds;
        self.proc.process(10, 1, 500 + 100 * s, 30).process(11, 10, 70 + 50 * s, 0).process(99, 1, 2_000_000 * s, 0);
    }
}

struct ScriptedBench {
    clock: ManualClock,
    meter: ScriptedMeter,
    seconds: u64,
}

impl MeterBench for ScriptedBench {
    fn meter(&mut self) -> &mut dyn Meter {
        &mut self.meter
    }
    fn clock(&self) -> ManualClock {
        self.clock.clone()
    }
    fn run(&mut self) {
        self.seconds += 1;
        self.clock.advance(1.0);
        let mut next = self.meter.next.lock().unwrap();
        if next.is_ok() {
            *next = Ok((self.seconds * 7, 0));
        }
    }
    fn microjoules_per_second(&self) -> Vec<u64> {
        vec![7]
    }
    fn spoil(&mut self) {
        let domain = self.meter.sources()[0].domain.clone();
        *self.meter.next.lock().unwrap() = Err(EnergyError::Read { domain, reason: "spoilt".to_owned() });
    }
    fn mend(&mut self) {
        *self.meter.next.lock().unwrap() = Ok((self.seconds * 7, 0));
    }
}

#[test]
fn rapl() {
    assert_meter_contract(&mut RaplBench::new());
}

#[test]
fn rapl_by_perf_events() {
    assert_meter_contract(&mut EventsBench::new());
}

#[test]
fn estimate() {
    assert_meter_contract(&mut EstimateBench::new());
}

#[test]
fn scripted() {
    let meter = ScriptedMeter::new("fake");
    assert_meter_contract(&mut ScriptedBench { clock: ManualClock::at(1.0), meter, seconds: 0 });
}

#[cfg(feature = "nvml")]
mod nvml {
    use super::*;
    use crate::energy::gpus::mig::MigPolicy;
    use crate::energy::meters::nvml::NvmlMeter;
    use crate::energy::meters::nvml::testing::FakeNvml;
    use crate::energy::meters::share::SharedMeter;
    use crate::energy::system::process_tree::Descendants;

    struct NvmlBench {
        fake: FakeNvml,
        script: String,
        meter: NvmlMeter,
    }

    impl NvmlBench {
        fn new(script: &str) -> Self {
            let fake = FakeNvml::new(50.05, script);
            let meter = NvmlMeter::open(Some(&fake.library()), MigPolicy::Refuse).unwrap();
            Self { fake, script: script.to_owned(), meter }
        }
    }

    impl MeterBench for NvmlBench {
        fn meter(&mut self) -> &mut dyn Meter {
            &mut self.meter
        }
        fn clock(&self) -> ManualClock {
            self.fake.clock.clone()
        }
        fn run(&mut self) {
            self.fake.advance(1.0);
        }
        fn microjoules_per_second(&self) -> Vec<u64> {
            vec![300_000_000, 75_000_000]
        }
        fn spoil(&mut self) {
            let calls = ["energy", "samples", "fields", "power"];
            let faults: String = calls.iter().map(|call| format!("fault {call} 999\n")).collect();
            self.fake.rewrite(&(faults + &self.script));
        }
        fn mend(&mut self) {
            self.fake.rewrite(&self.script.clone());
        }
    }

    #[test]
    fn counters() {
        let script = "gpu GPU-a A\npower 300\nstart 5000\ngpu GPU-b B\npower square 50 100 0.5\n";
        assert_meter_contract(&mut NvmlBench::new(script));
    }

    struct SharedBench {
        fake: FakeNvml,
        _proc: FakeProc,
        script: &'static str,
        meter: SharedMeter<NvmlMeter>,
    }

    impl MeterBench for SharedBench {
        fn meter(&mut self) -> &mut dyn Meter {
            &mut self.meter
        }
        fn clock(&self) -> ManualClock {
            self.fake.clock.clone()
        }
        fn run(&mut self) {
            self.fake.advance(1.0);
        }
        fn microjoules_per_second(&self) -> Vec<u64> {
            vec![75_000_000, 150_000_000]
        }
        fn spoil(&mut self) {
            self.fake.rewrite(&format!("fault process-utilization 999\n{}", self.script));
        }
        fn mend(&mut self) {
            self.fake.rewrite(self.script);
        }
    }

    #[test]
    fn shared() {
        let script =
            "gpu GPU-a A\npower 300\nprocess 10 1 20\nprocess 9 1 60\ngpu GPU-b B\npower 150\nprocess 10 1 3\n";
        let (fake, proc) = (FakeNvml::new(50.05, script), FakeProc::new());
        proc.process(10, 1, 0, 0).process(9, 1, 0, 0);
        let whole = NvmlMeter::open(Some(&fake.library()), MigPolicy::Refuse).unwrap();
        let meter = SharedMeter::new(whole, Descendants::new(proc.root().to_owned(), 10)).unwrap();
        assert_meter_contract(&mut SharedBench { fake, _proc: proc, script, meter });
    }

    /// Both GPUs on the same rung.
    fn on(rung: &str) {
        let script = format!("gpu GPU-a A\npower 300\n{rung}gpu GPU-b B\npower 75\n{rung}");
        assert_meter_contract(&mut NvmlBench::new(&script));
    }

    #[test]
    fn samples() {
        on("fault energy 3\nsamples 0.02 120\n");
        on("fault energy 3\nsamples 0.02 120 dirty\n");
    }

    #[test]
    fn instant_power() {
        on("fault energy 3\n");
    }

    #[test]
    fn average_power() {
        on("fault energy 3\nfault instant 3\naverage 1.0\n");
    }

    #[test]
    fn a_whole_board_of_instances() {
        let fake = FakeNvml::new(50.05, "gpu GPU-a A\npower 300\nmig\ninstance MIG-1 1 0\ngpu GPU-b B\npower 75\n");
        let meter = NvmlMeter::open(Some(&fake.library()), MigPolicy::WholeBoard).unwrap();
        let script = "gpu GPU-a A\npower 300\nmig\ngpu GPU-b B\npower 75\n".to_owned();
        assert_meter_contract(&mut NvmlBench { fake, script, meter });
    }
}
