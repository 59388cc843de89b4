//! The device to train on, and what its driver says of it.

use std::path::PathBuf;
use std::sync::OnceLock;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use tch::{Kind, Tensor};

use super::TrainError;

/// Which device to train on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DeviceChoice {
    /// The first visible GPU if there is one that libtorch can use, else the CPU (the default).
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The first visible GPU.
    Cuda,
}

/// Makes CUDA known to libtorch where the machine has a driver and a GPU, and says whether libtorch can use it.
///
/// Must run before anything else is asked of libtorch: it looks for CUDA once and remembers the answer. The linker drops
/// `libtorch_cuda.so`, which registers itself when loaded, because no symbol of it is used; so it is opened here.
fn cuda_is_there() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        if driver().map_or(0, Driver::devices) < 1 {
            return false;
        }
        let candidates = beside_libtorch().into_iter().chain([PathBuf::from("libtorch_cuda.so")]);
        for path in candidates {
            // SAFETY: the library is the part of the loaded libtorch that its own `import torch` loads in the same way;
            // its initializers only register what it has.
            if let Ok(library) = unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_GLOBAL) } {
                // libtorch keeps pointers into it until the process ends.
                std::mem::forget(library);
                break;
            }
        }
        std::panic::catch_unwind(tch::Cuda::is_available).unwrap_or(false)
    })
}

/// Whether a training would find a GPU, as far as can be told without starting one: the driver has a device that is visible, and
/// libtorch was built for it.
#[must_use]
pub fn finds_gpu() -> bool {
    driver().map_or(0, Driver::devices) > 0 && beside_libtorch().is_some()
}

/// `libtorch_cuda.so` in the folder from which the process has loaded libtorch.
fn beside_libtorch() -> Option<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let path = maps.lines().find_map(|line| {
        let path = &line[line.find('/')?..];
        path.ends_with("/libtorch_cpu.so").then(|| PathBuf::from(path))
    })?;
    let cuda = path.with_file_name("libtorch_cuda.so");
    cuda.exists().then_some(cuda)
}

/// The device to use, and the UUID of its GPU.
pub(super) fn select(choice: DeviceChoice) -> Result<(tch::Device, Option<String>), TrainError> {
    match choice {
        DeviceChoice::Cpu => Ok((tch::Device::Cpu, None)),
        _ if cuda_is_there() => Ok((tch::Device::Cuda(0), driver().and_then(Driver::uuid))),
        DeviceChoice::Auto => Ok((tch::Device::Cpu, None)),
        DeviceChoice::Cuda => Err(TrainError::Device {
            detail:
                "there is no GPU that this libtorch can use; it needs a CUDA build of libtorch, NVIDIA's driver and a \
                     GPU that CUDA_VISIBLE_DEVICES does not hide"
                    .to_owned(),
        }),
    }
}

/// Waits for the device to finish what it was given.
pub(super) fn synchronize(device: tch::Device) -> Result<(), TrainError> {
    if let tch::Device::Cuda(index) = device {
        std::panic::catch_unwind(|| tch::Cuda::synchronize(index as i64)).map_err(|_| TrainError::Device {
            detail: "waiting for the GPU failed: an earlier operation on it went wrong".to_owned(),
        })?;
    }
    Ok(())
}

/// NVIDIA's driver, by its own interface (`cuda.h`): it counts only the devices that `CUDA_VISIBLE_DEVICES` shows, in the
/// order in which libtorch counts them.
struct Driver {
    library: Library,
}

fn driver() -> Option<&'static Driver> {
    static DRIVER: OnceLock<Option<Driver>> = OnceLock::new();
    DRIVER.get_or_init(Driver::open).as_ref()
}

const CUDA_SUCCESS: i32 = 0;

impl Driver {
    fn open() -> Option<Self> {
        // SAFETY: the driver's library has no initializers that need anything of us.
        let library = unsafe { Library::open(Some("libcuda.so.1"), RTLD_NOW) }.ok()?;
        // SAFETY: the signature is that of `CUresult cuInit(unsigned int)`.
        let code = unsafe { (library.get::<unsafe extern "C" fn(u32) -> i32>(b"cuInit").ok()?)(0) };
        (code == CUDA_SUCCESS).then_some(Self { library })
    }

    fn devices(&self) -> i32 {
        let mut count = 0;
        // SAFETY: the signature is that of `CUresult cuDeviceGetCount(int *)`, and `count` outlives the call.
        let code = unsafe {
            let Ok(call) = self.library.get::<unsafe extern "C" fn(*mut i32) -> i32>(b"cuDeviceGetCount") else {
                return 0;
            };
            call(&raw mut count)
        };
        if code == CUDA_SUCCESS { count } else { 0 }
    }

    /// The UUID of the first device. Of a slice of a GPU (MIG) it is that of the whole GPU, which is what can be metered.
    fn uuid(&self) -> Option<String> {
        type DeviceGet = unsafe extern "C" fn(*mut i32, i32) -> i32;
        type DeviceGetUuid = unsafe extern "C" fn(*mut [u8; 16], i32) -> i32;
        let mut device = 0;
        let mut bytes = [0; 16];
        // SAFETY: the signatures are those of `CUresult cuDeviceGet(CUdevice *, int)` and `CUresult
        // cuDeviceGetUuid(CUuuid *, CUdevice)`, where CUdevice is an int and CUuuid 16 bytes; both places outlive the calls.
        unsafe {
            if self.library.get::<DeviceGet>(b"cuDeviceGet").ok()?(&raw mut device, 0) != CUDA_SUCCESS {
                return None;
            }
            let get_uuid = self.library.get::<DeviceGetUuid>(b"cuDeviceGetUuid");
            let get_uuid = get_uuid.or_else(|_| self.library.get::<DeviceGetUuid>(b"cuDeviceGetUuid_v2")).ok()?;
            (get_uuid(&raw mut bytes, device) == CUDA_SUCCESS).then(|| format_uuid(&bytes))
        }
    }
}

/// As NVML writes it: `GPU-` and groups of 8, 4, 4, 4 and 12 hexadecimal digits.
fn format_uuid(bytes: &[u8; 16]) -> String {
    let mut text = String::from("GPU");
    for group in [0..4, 4..6, 6..8, 8..10, 10..16] {
        text.push('-');
        text.extend(bytes[group].iter().map(|b| format!("{b:02x}")));
    }
    text
}

/// One step of a tiny network with a convolution and a linear layer.
pub(super) fn warm_up(device: tch::Device) -> Result<(), TrainError> {
    let options = (Kind::Float, device);
    let images = Tensor::f_ones([2, 1, 8, 8], options)?;
    let kernel = Tensor::f_ones([2, 1, 3, 3], options)?.f_set_requires_grad(true)?;
    let weight = Tensor::f_ones([2, 128], options)?.f_set_requires_grad(true)?;
    let hidden = images.f_conv2d(&kernel, None::<Tensor>, 1, 1, 1, 1)?.f_relu_()?.f_flatten(1, -1)?;
    hidden.f_linear(&weight, None::<Tensor>)?.f_mean(Kind::Float)?.f_backward()?;
    synchronize(device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_written_as_by_nvml() {
        let bytes = std::array::from_fn(|i| (i * 16 + i) as u8);
        assert_eq!(format_uuid(&bytes), "GPU-00112233-4455-6677-8899-aabbccddeeff");
    }

    #[test]
    fn the_cpu_can_always_be_chosen() {
        assert_eq!(select(DeviceChoice::Cpu), Ok((tch::Device::Cpu, None)));
    }

    #[test]
    fn automatic_choice_agrees_with_what_is_there() {
        let (device, uuid) = select(DeviceChoice::Auto).unwrap();
        assert_eq!(device.is_cuda(), select(DeviceChoice::Cuda).is_ok());
        assert!(device.is_cuda() || uuid.is_none());
        assert!(finds_gpu() || !device.is_cuda());
    }
}
