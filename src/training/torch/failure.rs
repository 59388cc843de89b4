//! From libtorch's words to the kinds of failure.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tch::TchError;

use super::TrainError;

/// What allocators of libtorch, CUDA and its libraries say when there is no memory left.
const OUT_OF_MEMORY: &[&str] = &[
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "std::bad_alloc",
    "alloc_failed",
    "cudaerrormemoryallocation",
    "storage size calculation overflowed",
];

/// What they say when the device itself has failed.
const DEVICE: &[&str] = &["cuda error", "cudnn_status", "cublas_status", "device-side assert", "no cuda gpus"];

fn classify(words: &str) -> TrainError {
    let lowercase = words.to_lowercase();
    let says = |any: &[&str]| any.iter().any(|w| lowercase.contains(w));
    // The first line says it; the rest is a trace through C++.
    let detail = words.lines().next().unwrap_or_default().trim().to_owned();
    if says(OUT_OF_MEMORY) {
        TrainError::OutOfMemory { detail }
    } else if says(DEVICE) {
        TrainError::Device { detail }
    } else {
        TrainError::Torch { detail }
    }
}

/// For `?` within this room; nobody else is to count on the crate that calls libtorch.
#[doc(hidden)]
impl From<TchError> for TrainError {
    fn from(error: TchError) -> Self {
        match error {
            TchError::Torch(words) => classify(&words),
            other => classify(&other.to_string()),
        }
    }
}

/// Turns a panic, which a few functions of tch raise where libtorch throws, into an error.
pub(super) fn guard<T>(body: impl FnOnce() -> Result<T, TrainError>) -> Result<T, TrainError> {
    // What the body was changing is dropped with it, so nothing half-made is seen afterwards.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(classify(words_of(panic.as_ref()))))
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("libtorch panicked without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libtorch_is_understood() {
        let memory = [
            "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 139.00 GiB\nException raised",
            "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to \
             allocate 4000000000000 bytes. Error code 12 (Cannot allocate memory)",
            "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        ];
        for words in memory {
            assert!(matches!(classify(words), TrainError::OutOfMemory { .. }), "{words}");
        }
        let device =
            ["CUDA error: an illegal memory access was encountered", "CUDA error: device-side assert triggered"];
        for words in device {
            assert!(matches!(classify(words), TrainError::Device { .. }), "{words}");
        }
        let other = classify("mat1 and mat2 shapes cannot be multiplied\nframe #0: c10::Error");
        assert_eq!(other, TrainError::Torch { detail: "mat1 and mat2 shapes cannot be multiplied".to_owned() });
    }

    #[test]
    fn too_large_a_tensor_is_out_of_memory() {
        let error: TrainError =
            tch::Tensor::f_zeros([1 << 50], (tch::Kind::Float, tch::Device::Cpu)).unwrap_err().into();
        assert!(matches!(error, TrainError::OutOfMemory { .. }), "{error}");
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let result: Result<(), _> = guard(|| panic!("CUDA {} of memory", "out"));
        assert_eq!(result, Err(TrainError::OutOfMemory { detail: "CUDA out of memory".to_owned() }));
    }
}
