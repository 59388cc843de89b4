//! The fake library itself: what it tells is what its script says.

use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::{Clock, Sampling, TemperatureSensor};
use nvml_wrapper::enums::device::{GpuLockedClocksSetting, SampleValue};
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::structs::device::FieldId;

use super::super::driver::load;
use super::super::testing::FakeNvml;

fn open(fake: &FakeNvml) -> std::sync::Arc<super::super::driver::NvmlDriver> {
    load(Some(&fake.library())).unwrap()
}

fn fields(nvml: &Nvml, ids: &[u32]) -> Vec<Result<SampleValue, NvmlError>> {
    let ids: Vec<FieldId> = ids.iter().map(|id| FieldId(*id)).collect();
    let values = nvml.device_by_index(0).unwrap().field_values_for(&ids).unwrap();
    values.into_iter().map(|value| value.unwrap().value).collect()
}

#[test]
fn a_statement_that_is_not_understood_makes_every_call_fail() {
    let mut fake = FakeNvml::new(10.0, "gpu A A\npower 100\n");
    let nvml = open(&fake);
    assert!(nvml.device_count().is_ok());
    let bad = [
        "gpu A A\npwoer 100",
        "gpu A A\npower 100 200",
        "gpu A A\nfault enegry 3",
        "gpu A A\nfault energy 3 one",
        "gpu A A\ninstance MIG-1 1 0",
        "gpu A A\nsamples 0",
        "power 100",
    ];
    for script in bad {
        fake.rewrite(script);
        assert!(matches!(nvml.device_count(), Err(NvmlError::Unknown)), "{script}");
    }
}

#[test]
fn every_function_can_be_forbidden() {
    let mut fake = FakeNvml::new(10.0, "");
    fake.rewrite("gpu A A\n");
    let nvml = open(&fake);
    let forbidden =
        |fake: &mut FakeNvml, name: &str| fake.rewrite(&format!("gpu A A\nsamples 0.1 9\nfault {name} 4\n"));
    type Call = fn(&mut nvml_wrapper::Device<'_>) -> Result<(), NvmlError>;
    let calls: [(&str, Call); 16] = [
        ("uuid", |d| d.uuid().map(drop)),
        ("name", |d| d.name().map(drop)),
        ("index", |d| d.index().map(drop)),
        ("minor", |d| d.minor_number().map(drop)),
        ("pci", |d| d.pci_info().map(drop)),
        ("mig", |d| d.mig_mode().map(drop)),
        ("energy", |d| d.total_energy_consumption().map(drop)),
        ("power", |d| d.power_usage().map(drop)),
        ("samples", |d| d.samples(Sampling::Power, None).map(drop)),
        ("temperature", |d| d.temperature(TemperatureSensor::Gpu).map(drop)),
        ("clocks", |d| d.clock_info(Clock::SM).map(drop)),
        ("throttle", |d| d.current_throttle_reasons().map(drop)),
        ("limit", |d| d.power_management_limit().map(drop)),
        ("set-limit", |d| d.set_power_management_limit(200_000)),
        ("set-clocks", |d| d.reset_gpu_locked_clocks()),
        ("processes", |d| d.running_compute_processes().map(drop)),
    ];
    for (name, call) in calls {
        forbidden(&mut fake, name);
        let mut device = nvml.device_by_index(0).unwrap();
        assert!(matches!(call(&mut device), Err(NvmlError::NoPermission)), "{name}");
        forbidden(&mut fake, "memory");
        assert!(call(&mut device).is_ok(), "{name}");
    }
}

#[test]
fn samples_come_once_and_no_more_of_them_than_are_kept() {
    let fake = FakeNvml::new(10.0, "gpu A A\npower square 100 300 1\nsamples 0.1 20\n");
    let nvml = open(&fake);
    let device = nvml.device_by_index(0).unwrap();
    let all = device.samples(Sampling::Power, None).unwrap();
    assert_eq!(all.len(), 20);
    let steps: Vec<u64> = all.windows(2).map(|pair| pair[1].timestamp - pair[0].timestamp).collect();
    assert!(steps.iter().all(|step| step.abs_diff(100_000) <= 1), "microseconds: {steps:?}");
    assert_eq!(all[19].timestamp, 1_700_000_010_000_000);
    let last = all[19].timestamp;
    assert!(matches!(device.samples(Sampling::Power, last), Err(NvmlError::NotFound)));
    fake.advance(0.25);
    let new = device.samples(Sampling::Power, last).unwrap();
    assert_eq!(new.len(), 2);
    assert!(new.iter().all(|sample| sample.value == SampleValue::U32(100_000)), "{new:?}");
}

#[test]
fn averages_lag_and_a_sensor_that_looks_away_sees_what_it_looks_at() {
    // 100 ms at 100 W, 100 ms at 300 W.
    let mut fake = FakeNvml::new(10.15, "gpu A A\npower square 100 300 0.2\n");
    let nvml = open(&fake);
    let watts = |nvml: &Nvml| {
        let power = nvml.device_by_index(0).unwrap().power_usage().unwrap();
        let fields: Vec<SampleValue> = fields(nvml, &[185, 186]).into_iter().map(Result::unwrap).collect();
        (SampleValue::U32(power) == fields[0]).then_some(fields)
    };
    let told = |average, instant| Some(vec![SampleValue::U32(average), SampleValue::U32(instant)]);
    assert_eq!(watts(&nvml), told(300_000, 300_000));
    fake.rewrite("gpu A A\npower square 100 300 0.2\naverage 1.0\n");
    assert_eq!(watts(&nvml), told(200_000, 300_000));
    // Of every 200 ms it watches the first 25: the low half.
    fake.rewrite("gpu A A\npower square 100 300 0.2\nsensor 0.025 0.2\n");
    assert_eq!(watts(&nvml), told(100_000, 100_000));
    fake.rewrite("gpu A A\npower square 100 300 0.2\nsensor 0.025 0.2\naverage 1.0\npower-gain 0.5\n");
    assert_eq!(watts(&nvml), told(50_000, 100_000 / 2));
    assert_eq!(fields(&nvml, &[83])[0].as_ref().unwrap(), &SampleValue::U64(2_010_000), "the counter sees it all");
    assert!(matches!(fields(&nvml, &[9])[0], Err(NvmlError::NotSupported)));
}

#[test]
fn a_power_limit_caps_from_then_on_and_is_kept_beside_the_script() {
    let fake = FakeNvml::new(10.0, "gpu A A\npower square 100 300 2\nlimit 100 700 700 5\n");
    let nvml = open(&fake);
    let mut device = nvml.device_by_index(0).unwrap();
    let before = device.total_energy_consumption().unwrap();
    assert!(matches!(device.set_power_management_limit(99_000), Err(NvmlError::InvalidArg)));
    device.set_power_management_limit(203_000).unwrap();
    assert_eq!(device.power_management_limit().unwrap(), 200_000, "whole steps of 5 W");
    fake.advance(4.0);
    assert_eq!(device.total_energy_consumption().unwrap() - before, (100 + 200) * 2 * 1000);
    device.set_power_management_limit(700_000).unwrap();
    fake.advance(4.0);
    assert_eq!(device.total_energy_consumption().unwrap() - before, (300 + 400) * 2 * 1000);
    device.set_gpu_locked_clocks(GpuLockedClocksSetting::Numeric { min_clock_mhz: 300, max_clock_mhz: 1210 }).unwrap();
    assert_eq!(device.clock_info(Clock::SM).unwrap(), 1200);
    device.reset_gpu_locked_clocks().unwrap();
    assert_eq!(device.clock_info(Clock::SM).unwrap(), 1500);
    assert_eq!(fake.changes(), ["A limit 200000", "A limit 700000", "A clocks 300 1200", "A clocks"]);
}

#[test]
fn a_deaf_gpu_agrees_to_everything() {
    let fake = FakeNvml::new(10.0, "gpu A A\nlimit 100 700 700\ndeaf\n");
    let nvml = open(&fake);
    let mut device = nvml.device_by_index(0).unwrap();
    device.set_power_management_limit(200_000).unwrap();
    assert_eq!((device.power_management_limit().unwrap(), fake.changes().len()), (700_000, 0));
}

#[test]
fn instances_have_names_and_no_energy() {
    let fake = FakeNvml::new(10.0, "gpu A A\nmig\ninstance MIG-1 1 0\ninstance MIG-2 2 0\n");
    let nvml = open(&fake);
    let board = nvml.device_by_index(0).unwrap();
    let instance = board.mig_device_by_index(1).unwrap();
    assert_eq!(instance.uuid().unwrap(), "MIG-2");
    assert!(matches!(instance.total_energy_consumption(), Err(NvmlError::NotSupported)));
    assert!(matches!(board.mig_device_by_index(2), Err(NvmlError::NotFound)));
    assert_eq!(nvml.device_by_uuid("MIG-1").unwrap().mig_parent_device().unwrap().uuid().unwrap(), "A");
}

#[test]
fn calls_are_counted() {
    let fake = FakeNvml::new(10.0, "count calls\ngpu A A\nprocess 12 100 40\n");
    let nvml = open(&fake);
    fake.calls();
    let device = nvml.device_by_index(0).unwrap();
    let processes = device.running_compute_processes().unwrap();
    assert_eq!(processes.iter().map(|process| process.pid).collect::<Vec<_>>(), [12]);
    device.power_usage().unwrap();
    let counts: Vec<_> = fake.calls().into_iter().collect();
    assert_eq!(counts, [("handle".to_owned(), 1), ("power".to_owned(), 1), ("processes".to_owned(), 2)]);
}

#[test]
fn processes_run_for_their_time_and_utilization_is_the_mean_of_its_samples() {
    let script = "wall 1000\ngpu A A\nprocess 7 100 40 12 14.5\nprocess 8 100 0\ngraphics 9 1 10 13 20\n";
    let fake = FakeNvml::new(11.5, script);
    let nvml = open(&fake);
    let told = |since_us: u64| {
        let device = nvml.device_by_index(0).unwrap();
        let samples = super::super::users::utilization(&device, since_us).unwrap();
        samples.iter().map(|busy| (busy.pid, busy.at_us / 1_000_000, busy.percent)).collect::<Vec<_>>()
    };
    let holders = || nvml.device_by_index(0).unwrap().running_compute_processes().unwrap().len();
    assert_eq!((told(0), holders()), (vec![], 1));
    fake.advance(1.7);
    assert_eq!((told(0), holders()), (vec![(7, 1013, 3)], 2), "40 % in one of 13 s");
    assert_eq!(told(1_012_000_000), [(7, 1013, 40)]);
    fake.advance(2.0);
    assert_eq!(told(1_013_000_000), [(7, 1015, 30), (9, 1015, 10)], "40 % and then half as much");
    assert_eq!((told(1_015_000_000), holders()), (vec![], 1));
}
