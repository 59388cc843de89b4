//! The state of a GPU.

use nvml_wrapper::Device;
use nvml_wrapper::bitmasks::device::ThrottleReasons;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};

use crate::energy::units::DeviceState;

/// The words for throttle reasons. That nothing runs is none.
const REASONS: [(ThrottleReasons, &str); 8] = [
    (ThrottleReasons::APPLICATIONS_CLOCKS_SETTING, "clocks setting"),
    (ThrottleReasons::SW_POWER_CAP, "power limit"),
    (ThrottleReasons::HW_SLOWDOWN, "hardware slowdown"),
    (ThrottleReasons::SYNC_BOOST, "sync boost"),
    (ThrottleReasons::SW_THERMAL_SLOWDOWN, "temperature"),
    (ThrottleReasons::HW_THERMAL_SLOWDOWN, "temperature, by hardware"),
    (ThrottleReasons::HW_POWER_BRAKE_SLOWDOWN, "power brake"),
    (ThrottleReasons::DISPLAY_CLOCK_SETTING, "display clock"),
];

/// What this GPU tells of its state. What it refuses is left out, whyever.
pub(crate) fn state(device: &Device<'_>) -> DeviceState {
    let words = |reasons: ThrottleReasons| {
        let named = REASONS.iter().filter(|(reason, _)| reasons.contains(*reason));
        named.map(|(_, word)| (*word).to_owned()).collect()
    };
    let processes = device.running_compute_processes();
    let numbers = |processes: Vec<nvml_wrapper::struct_wrappers::device::ProcessInfo>| {
        let mut numbers: Vec<u32> = processes.into_iter().map(|process| process.pid).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    };
    DeviceState {
        temperature_c: device.temperature(TemperatureSensor::Gpu).ok().map(f64::from),
        sm_clock_mhz: device.clock_info(Clock::SM).ok(),
        memory_clock_mhz: device.clock_info(Clock::Memory).ok(),
        throttled: device.current_throttle_reasons().ok().map(words),
        power_limit_watts: device.power_management_limit().ok().map(|milliwatts| f64::from(milliwatts) * 1e-3),
        processes: processes.ok().map(numbers),
    }
}

#[cfg(test)]
mod tests {
    use super::super::NvmlMeter;
    use super::super::testing::FakeNvml;
    use super::*;
    use crate::energy::gpus::mig::MigPolicy;
    use crate::energy::meters::meter::Meter;

    fn states(script: &str) -> Vec<Option<DeviceState>> {
        let fake = FakeNvml::new(50.0, script);
        NvmlMeter::open(Some(&fake.library()), MigPolicy::Refuse).unwrap().states()
    }

    #[test]
    fn what_the_gpu_tells_is_told_in_words() {
        let script = "gpu A A\npower 600\ntemperature 71\nclocks 1200 2619 1980 15\nthrottle 0x21\nlimit 100 700 500\n\
                      process 41 100 5\nprocess 7 100 5\nprocess 41 100 5\ngraphics 9 1 1\n";
        let state = states(script).remove(0).unwrap();
        let expected = DeviceState {
            temperature_c: Some(71.0),
            sm_clock_mhz: Some(1200),
            memory_clock_mhz: Some(2619),
            throttled: Some(vec!["power limit".to_owned(), "temperature".to_owned()]),
            power_limit_watts: Some(500.0),
            processes: Some(vec![7, 41]),
        };
        assert_eq!(state, expected);
    }

    #[test]
    fn what_it_does_not_tell_is_missing_and_no_zero() {
        let faults =
            ["temperature", "clocks", "throttle", "limit", "processes"].map(|name| format!("fault {name} 4\n"));
        let found = states(&format!("gpu A A\npower 600\n{}gpu B B\n", faults.concat()));
        assert_eq!(found[0], Some(DeviceState::default()));
        let other = found[1].as_ref().unwrap();
        assert_eq!(
            (&other.throttled, &other.processes),
            (&Some(Vec::new()), &Some(Vec::new())),
            "nothing is not unknown"
        );
    }

    #[test]
    fn a_gpu_that_is_gone_has_no_state() {
        let mut fake = FakeNvml::new(50.0, "gpu A A\n");
        let mut meter = NvmlMeter::open(Some(&fake.library()), MigPolicy::Refuse).unwrap();
        fake.rewrite("gpu A A\nfault handle 15\n");
        assert_eq!(meter.states(), [None]);
    }
}
