//! Power limits, clocks and what else can be set.

use std::ffi::c_uint;

use super::{Code, Handle, INVALID_ARGUMENT, NOT_FOUND, NOT_SUPPORTED, change, gpu_call, write_list, write_value};

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMaxClockInfo(device: Handle, kind: c_uint, to: *mut c_uint) -> Code {
    gpu_call(device, "clocks", |_, gpu| match kind {
        0 | 1 => unsafe { write_value(gpu.clocks[2], to) },
        2 => unsafe { write_value(gpu.clocks[1], to) },
        _ => NOT_SUPPORTED,
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetSupportedMemoryClocks(device: Handle, count: *mut c_uint, to: *mut c_uint) -> Code {
    gpu_call(device, "clocks", |_, gpu| unsafe { write_list(&[gpu.clocks[1]], count, to, true) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetSupportedGraphicsClocks(
    device: Handle,
    memory: c_uint,
    count: *mut c_uint,
    to: *mut c_uint,
) -> Code {
    gpu_call(device, "clocks", |_, gpu| {
        if memory != gpu.clocks[1] {
            return NOT_FOUND;
        }
        let clocks: Vec<c_uint> = (210..=gpu.clocks[2]).rev().step_by(gpu.clocks[3].max(1) as usize).collect();
        unsafe { write_list(&clocks, count, to, true) }
    })
}

/// Locks a clock to a range, rounded down to whole steps.
fn lock(device: Handle, function: &str, what: &str, low: c_uint, high: c_uint) -> Code {
    gpu_call(device, function, |script, gpu| {
        let step = gpu.clocks[3].max(1);
        match low <= high {
            true => change(script, gpu, what, &[low / step * step, high / step * step]),
            false => INVALID_ARGUMENT,
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceSetGpuLockedClocks(device: Handle, low: c_uint, high: c_uint) -> Code {
    lock(device, "set-clocks", "clocks", low, high)
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceResetGpuLockedClocks(device: Handle) -> Code {
    gpu_call(device, "set-clocks", |script, gpu| change(script, gpu, "clocks", &[]))
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceSetMemoryLockedClocks(device: Handle, low: c_uint, high: c_uint) -> Code {
    lock(device, "set-memory-clocks", "memory-clocks", low, high)
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceResetMemoryLockedClocks(device: Handle) -> Code {
    gpu_call(device, "set-memory-clocks", |script, gpu| change(script, gpu, "memory-clocks", &[]))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetPowerManagementLimit(device: Handle, to: *mut c_uint) -> Code {
    gpu_call(device, "limit", |script, gpu| unsafe { write_value(gpu.limit_mw(script), to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetEnforcedPowerLimit(device: Handle, to: *mut c_uint) -> Code {
    unsafe { nvmlDeviceGetPowerManagementLimit(device, to) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetPowerManagementDefaultLimit(device: Handle, to: *mut c_uint) -> Code {
    gpu_call(device, "limit", |_, gpu| unsafe { write_value((gpu.limits()[2] * 1e3).round() as c_uint, to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetPowerManagementLimitConstraints(
    device: Handle,
    lowest: *mut c_uint,
    highest: *mut c_uint,
) -> Code {
    gpu_call(device, "limit", |_, gpu| unsafe {
        write_value((gpu.limits()[0] * 1e3).round() as c_uint, lowest);
        write_value((gpu.limits()[1] * 1e3).round() as c_uint, highest)
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceSetPowerManagementLimit(device: Handle, milliwatts: c_uint) -> Code {
    gpu_call(device, "set-limit", |script, gpu| {
        let [low, high, _, step] = gpu.limits();
        let watts = f64::from(milliwatts) * 1e-3;
        if !(low..=high).contains(&watts) {
            return INVALID_ARGUMENT;
        }
        let rounded = (watts / step + 1e-9).floor() * step;
        change(script, gpu, "limit", &[(rounded * 1e3).round() as u32])
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetPersistenceMode(device: Handle, to: *mut c_uint) -> Code {
    gpu_call(device, "persistence", |script, gpu| {
        let set = script.set(gpu, "persistence").next_back().map_or(0, |change| change.values[0]);
        unsafe { write_value(set, to) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlDeviceSetPersistenceMode(device: Handle, mode: c_uint) -> Code {
    gpu_call(device, "persistence", |script, gpu| change(script, gpu, "persistence", &[mode]))
}
