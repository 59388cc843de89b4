//! Energy, power and the state of a GPU.

use std::ffi::{c_int, c_longlong, c_uint, c_ulonglong, c_void};

use super::power::Sample;
use super::script::Process;
use super::{
    Code, Handle, INVALID_ARGUMENT, NOT_FOUND, NOT_SUPPORTED, SUCCESS, failing, gpu_call, write_list, write_value,
};

#[repr(C)]
struct FieldValue {
    field: c_uint,
    scope: c_uint,
    time_stamp: c_longlong,
    latency_us: c_longlong,
    value_type: c_uint,
    code: Code,
    value: c_ulonglong,
}

#[repr(C)]
#[derive(Clone)]
struct ProcessInfo {
    pid: c_uint,
    memory: c_ulonglong,
    instances: [c_uint; 2],
}

#[repr(C)]
#[derive(Clone)]
struct ProcessSample {
    pid: c_uint,
    time_stamp: c_ulonglong,
    percent: [c_uint; 4],
}

const UNSIGNED_INT: c_uint = 1;
const UNSIGNED_LONG_LONG: c_uint = 3;

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetTotalEnergyConsumption(device: Handle, to: *mut c_ulonglong) -> Code {
    gpu_call(device, "energy", |script, gpu| unsafe { write_value(gpu.counter_mj(script), to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetPowerUsage(device: Handle, to: *mut c_uint) -> Code {
    gpu_call(device, "power", |script, gpu| unsafe {
        write_value(gpu.average_mw(script, script.now) + gpu.more_mw("power"), to)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetSamples(
    device: Handle,
    kind: c_uint,
    last_seen: c_ulonglong,
    value_type: *mut c_uint,
    count: *mut c_uint,
    to: *mut c_void,
) -> Code {
    gpu_call(device, "samples", |script, gpu| {
        let Some(samples) = gpu.sampled(script, last_seen).filter(|_| kind == 0) else { return NOT_SUPPORTED };
        if samples.is_empty() {
            return NOT_FOUND;
        }
        unsafe {
            write_value(UNSIGNED_INT, value_type);
            write_list(&samples, count, to.cast::<Sample>(), false)
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetFieldValues(device: Handle, count: c_int, values: *mut c_void) -> Code {
    gpu_call(device, "fields", |script, gpu| {
        if values.is_null() || count < 1 {
            return INVALID_ARGUMENT;
        }
        // SAFETY: NVML's contract is an array of so many values.
        let values = unsafe { std::slice::from_raw_parts_mut(values.cast::<FieldValue>(), count as usize) };
        for field in values {
            let (scope, rest) = (field.scope, gpu.milliwatts(gpu.module.unwrap_or(0.0)));
            let more = if scope == 1 { rest } else { 0 };
            let (function, value_type, value) = match field.field {
                83 => ("energy", UNSIGNED_LONG_LONG, gpu.counter_mj(script)),
                185 => ("average", UNSIGNED_INT, (gpu.average_mw(script, script.now) + more).into()),
                186 => ("instant", UNSIGNED_INT, (gpu.instant_mw(script, script.now) + more).into()),
                _ => ("", UNSIGNED_INT, 0),
            };
            let has_scope = scope == 0 || (scope == 1 && gpu.module.is_some() && field.field != 83);
            let known = if function.is_empty() || !has_scope { NOT_SUPPORTED } else { SUCCESS };
            let faults = [&script.faults, &gpu.faults].into_iter();
            field.code = faults.filter_map(|faults| failing(faults, function, script.now)).next().unwrap_or(known);
            (field.time_stamp, field.latency_us) = (script.wall_us(script.now) as c_longlong, 0);
            (field.value_type, field.value) = (value_type, if field.code == SUCCESS { value } else { 0 });
        }
        SUCCESS
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetTemperature(device: Handle, sensor: c_uint, to: *mut c_uint) -> Code {
    gpu_call(device, "temperature", |_, gpu| match sensor {
        0 => unsafe { write_value(gpu.temperature, to) },
        _ => INVALID_ARGUMENT,
    })
}

/// Graphics and SM clock are one; the third is the memory's.
#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetClockInfo(device: Handle, kind: c_uint, to: *mut c_uint) -> Code {
    gpu_call(device, "clocks", |script, gpu| match kind {
        0 | 1 => unsafe { write_value(gpu.sm_clock(script), to) },
        2 => unsafe { write_value(gpu.memory_clock(script), to) },
        _ => NOT_SUPPORTED,
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetCurrentClocksThrottleReasons(device: Handle, to: *mut c_ulonglong) -> Code {
    gpu_call(device, "throttle", |script, gpu| unsafe { write_value(gpu.throttled(script), to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetCurrentClocksEventReasons(device: Handle, to: *mut c_ulonglong) -> Code {
    unsafe { nvmlDeviceGetCurrentClocksThrottleReasons(device, to) }
}

/// Writes the processes of one kind.
///
/// # Safety
///
/// As `write_list`.
unsafe fn processes(device: Handle, compute: bool, count: *mut c_uint, to: *mut ProcessInfo) -> Code {
    gpu_call(device, "processes", |script, gpu| {
        let wanted = gpu.processes.iter().filter(|process| process.compute == compute && process.runs(script.now));
        let info = |p: &Process| ProcessInfo { pid: p.pid, memory: p.mebibytes << 20, instances: [c_uint::MAX; 2] };
        let infos: Vec<ProcessInfo> = wanted.map(info).collect();
        unsafe { write_list(&infos, count, to, true) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetComputeRunningProcesses_v3(
    device: Handle,
    count: *mut c_uint,
    to: *mut ProcessInfo,
) -> Code {
    unsafe { processes(device, true, count, to) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetComputeRunningProcesses_v2(
    device: Handle,
    count: *mut c_uint,
    to: *mut ProcessInfo,
) -> Code {
    unsafe { processes(device, true, count, to) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetGraphicsRunningProcesses_v3(
    device: Handle,
    count: *mut c_uint,
    to: *mut ProcessInfo,
) -> Code {
    unsafe { processes(device, false, count, to) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetGraphicsRunningProcesses_v2(
    device: Handle,
    count: *mut c_uint,
    to: *mut ProcessInfo,
) -> Code {
    unsafe { processes(device, false, count, to) }
}

/// The mean of the samples since then, one a second, of each process that did anything.
#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetProcessUtilization(
    device: Handle,
    to: *mut ProcessSample,
    count: *mut c_uint,
    last_seen: c_ulonglong,
) -> Code {
    gpu_call(device, "process-utilization", |script, gpu| {
        let last = script.now.floor();
        let kept = (0..60).map(|back| last - f64::from(back)).filter(|second| *second > 0.0);
        let seconds: Vec<f64> = kept.filter(|second| script.wall_us(*second) > last_seen).collect();
        let sample = |p: &Process| {
            let at = seconds.iter().find(|second| p.sample(**second) > 0.0)?;
            let mean = seconds.iter().map(|second| p.sample(*second)).sum::<f64>() / seconds.len() as f64;
            Some(ProcessSample {
                pid: p.pid,
                time_stamp: script.wall_us(*at),
                percent: [mean.round() as c_uint, 0, 0, 0],
            })
        };
        let samples: Vec<ProcessSample> = gpu.processes.iter().filter_map(sample).collect();
        match samples.is_empty() {
            true => NOT_FOUND,
            false => unsafe { write_list(&samples, count, to, true) },
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetUtilizationRates(device: Handle, to: *mut [c_uint; 2]) -> Code {
    gpu_call(device, "utilization", |script, gpu| {
        let running = || gpu.processes.iter().filter(|process| process.runs(script.now));
        let sum = || running().map(|process| process.percent).sum::<u32>().min(100);
        let (sm, memory) = gpu.utilization.unwrap_or_else(|| (sum(), 0));
        unsafe { write_value([sm, memory], to) }
    })
}

/// All, free and in use, in bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMemoryInfo(device: Handle, to: *mut [c_ulonglong; 3]) -> Code {
    gpu_call(device, "memory", |_, gpu| {
        let (all, used) = gpu.memory;
        unsafe { write_value([all << 20, all.saturating_sub(used) << 20, used << 20], to) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetArchitecture(device: Handle, to: *mut c_uint) -> Code {
    gpu_call(device, "architecture", |_, gpu| unsafe { write_value(gpu.architecture, to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetCudaComputeCapability(device: Handle, major: *mut c_int, minor: *mut c_int) -> Code {
    gpu_call(device, "architecture", |_, gpu| unsafe {
        write_value(gpu.capability.0, major);
        write_value(gpu.capability.1, minor)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetComputeMode(device: Handle, to: *mut c_uint) -> Code {
    gpu_call(device, "processes", |_, _| unsafe { write_value(0, to) })
}
