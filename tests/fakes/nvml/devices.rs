//! The library itself, and which devices there are.

use std::ffi::{CStr, c_char, c_int, c_uint};
use std::sync::atomic::Ordering;

use super::script::{Script, bus_address};
use super::{
    Code, Handle, INSUFFICIENT_SIZE, INVALID_ARGUMENT, NOT_FOUND, NOT_SUPPORTED, SUCCESS, UNINITIALIZED, UNKNOWN,
    USERS, any_call, failing, gpu_call, handle, library_call, write_text, write_value,
};

#[repr(C)]
struct PciInfo {
    legacy: [c_char; 16],
    domain: c_uint,
    bus: c_uint,
    device: c_uint,
    ids: [c_uint; 2],
    address: [c_char; 32],
}

#[unsafe(no_mangle)]
extern "C" fn nvmlInit_v2() -> Code {
    library_call("init", |_| {
        USERS.fetch_add(1, Ordering::SeqCst);
        SUCCESS
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlInitWithFlags(_flags: c_uint) -> Code {
    nvmlInit_v2()
}

#[unsafe(no_mangle)]
extern "C" fn nvmlShutdown() -> Code {
    library_call("shutdown", |_| {
        USERS.fetch_sub(1, Ordering::SeqCst);
        SUCCESS
    })
}

#[unsafe(no_mangle)]
extern "C" fn nvmlErrorString(code: Code) -> *const c_char {
    let text = match code {
        SUCCESS => c"The operation was successful",
        UNINITIALIZED => c"NVML was not first initialized with nvmlInit()",
        INVALID_ARGUMENT => c"A supplied argument is invalid",
        NOT_SUPPORTED => c"The requested operation is not available on target device",
        4 => c"The current user does not have permission for operation",
        NOT_FOUND => c"A query to find an object was unsuccessful",
        INSUFFICIENT_SIZE => c"An input argument is not large enough",
        9 => c"NVIDIA driver is not loaded",
        15 => c"The GPU has fallen off the bus or has otherwise become inaccessible",
        16 => c"The GPU requires a reset before it can be used again",
        _ => c"An internal driver error occurred",
    };
    text.as_ptr()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlSystemGetDriverVersion(to: *mut c_char, length: c_uint) -> Code {
    // SAFETY: the caller hands over a buffer of that length, as NVML's contract says; so for all functions below.
    library_call("driver", |script| unsafe { write_text(&script.driver, to, length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlSystemGetNVMLVersion(to: *mut c_char, length: c_uint) -> Code {
    library_call("version", |script| unsafe { write_text(&format!("12.{}", script.driver), to, length) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlSystemGetCudaDriverVersion(to: *mut c_int) -> Code {
    library_call("cuda", |_| unsafe { write_value(12_080, to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlSystemGetCudaDriverVersion_v2(to: *mut c_int) -> Code {
    unsafe { nvmlSystemGetCudaDriverVersion(to) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetCount_v2(to: *mut c_uint) -> Code {
    library_call("count", |script| unsafe { write_value(script.gpus.len() as c_uint, to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetHandleByIndex_v2(index: c_uint, to: *mut Handle) -> Code {
    let found = handle(index as usize, None);
    gpu_call(found, "handle", |_, _| unsafe { write_value(found, to) })
}

/// Finds a GPU for a `GetHandleBy...`.
fn handle_by(to: *mut Handle, find: impl FnOnce(&Script) -> Option<(usize, Option<usize>)>) -> Code {
    let mut found = None;
    let code = library_call("handle", |script| {
        found = find(script);
        if found.is_some() { SUCCESS } else { NOT_FOUND }
    });
    let Some((gpu, instance)) = found else { return code };
    let found = handle(gpu, instance);
    // A fault of the GPU itself counts too, and the call but once.
    let Some(script) = Script::read() else { return UNKNOWN };
    failing(&script.gpus[gpu].faults, "handle", script.now).unwrap_or_else(|| unsafe { write_value(found, to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetHandleByUUID(uuid: *const c_char, to: *mut Handle) -> Code {
    let wanted = unsafe { CStr::from_ptr(uuid) }.to_string_lossy();
    handle_by(to, |script| {
        script.gpus.iter().find_map(|gpu| {
            let instance = || gpu.instances.iter().position(|instance| instance.0 == wanted);
            if gpu.uuid == wanted { Some((gpu.index, None)) } else { instance().map(|i| (gpu.index, Some(i))) }
        })
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetHandleByPciBusId_v2(address: *const c_char, to: *mut Handle) -> Code {
    let wanted = bus_address(&unsafe { CStr::from_ptr(address) }.to_string_lossy());
    handle_by(to, |script| script.gpus.iter().find(|gpu| Some(gpu.pci) == wanted).map(|gpu| (gpu.index, None)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetUUID(device: Handle, to: *mut c_char, length: c_uint) -> Code {
    any_call(device, "uuid", |_, gpu, part| unsafe {
        write_text(part.map_or(&gpu.uuid, |instance| &instance.0), to, length)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetName(device: Handle, to: *mut c_char, length: c_uint) -> Code {
    any_call(device, "name", |_, gpu, part| {
        let name = part.map_or_else(|| gpu.name.clone(), |_| format!("{} MIG", gpu.name));
        unsafe { write_text(&name, to, length) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetIndex(device: Handle, to: *mut c_uint) -> Code {
    gpu_call(device, "index", |_, gpu| unsafe { write_value(gpu.index as c_uint, to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMinorNumber(device: Handle, to: *mut c_uint) -> Code {
    gpu_call(device, "minor", |_, gpu| unsafe { write_value(gpu.index as c_uint, to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetPciInfo_v3(device: Handle, to: *mut PciInfo) -> Code {
    gpu_call(device, "pci", |_, gpu| {
        let (domain, bus, device) = gpu.pci;
        let mut info =
            PciInfo { legacy: [0; 16], domain, bus, device, ids: [0x2335_10de, 0x18be_10de], address: [0; 32] };
        let short = format!("{domain:04X}:{bus:02X}:{device:02X}.0");
        let long = format!("{domain:08X}:{bus:02X}:{device:02X}.0");
        unsafe {
            write_text(&short, info.legacy.as_mut_ptr(), 16);
            write_text(&long, info.address.as_mut_ptr(), 32);
            write_value(info, to)
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMigMode(device: Handle, current: *mut c_uint, pending: *mut c_uint) -> Code {
    gpu_call(device, "mig", |_, gpu| unsafe {
        write_value(c_uint::from(gpu.mig), current);
        write_value(c_uint::from(gpu.mig), pending)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMaxMigDeviceCount(device: Handle, to: *mut c_uint) -> Code {
    gpu_call(device, "instances", |_, gpu| unsafe { write_value(if gpu.mig { 7 } else { 0 }, to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetMigDeviceHandleByIndex(device: Handle, index: c_uint, to: *mut Handle) -> Code {
    gpu_call(device, "instances", |_, gpu| match gpu.instances.get(index as usize) {
        Some(_) => unsafe { write_value(handle(gpu.index, Some(index as usize)), to) },
        None => NOT_FOUND,
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetDeviceHandleFromMigDeviceHandle(device: Handle, to: *mut Handle) -> Code {
    any_call(device, "instances", |_, gpu, part| match part {
        Some(_) => unsafe { write_value(handle(gpu.index, None), to) },
        None => INVALID_ARGUMENT,
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceIsMigDeviceHandle(device: Handle, to: *mut c_uint) -> Code {
    any_call(device, "instances", |_, _, part| unsafe { write_value(c_uint::from(part.is_some()), to) })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetGpuInstanceId(device: Handle, to: *mut c_uint) -> Code {
    any_call(device, "instances", |_, _, part| match part {
        Some(instance) => unsafe { write_value(instance.1, to) },
        None => NOT_SUPPORTED,
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn nvmlDeviceGetComputeInstanceId(device: Handle, to: *mut c_uint) -> Code {
    any_call(device, "instances", |_, _, part| match part {
        Some(instance) => unsafe { write_value(instance.2, to) },
        None => NOT_SUPPORTED,
    })
}
