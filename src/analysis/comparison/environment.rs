//! Where the runs of a comparison were made.

use crate::record::{Environment, StudyRecord};

/// The distinct machines, GPUs and versions of these studies, in words.
pub(super) fn environments<'a>(records: impl Iterator<Item = &'a StudyRecord>) -> Vec<String> {
    let mut found: Vec<String> = records.flat_map(|r| r.sessions()).map(|s| in_words(&s.environment)).collect();
    found.sort();
    found.dedup();
    found
}

/// Such as `wattfront 0.1.0, AMD EPYC 7543, 16 cores, NVIDIA A100 (GPU-5d2c), driver 570.1`. What is not known is left out.
fn in_words(environment: &Environment) -> String {
    let mut parts = vec![format!("wattfront {}", environment.wattfront), environment.cpu.clone()];
    parts.push(format!("{} cores", environment.cores));
    parts.extend(environment.gpus.iter().map(|gpu| format!("{} ({})", gpu.name, gpu.uuid)));
    parts.extend(environment.driver.iter().map(|version| format!("driver {version}")));
    parts.extend(environment.libtorch.iter().map(|version| format!("libtorch {version}")));
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}
