//! Sensors of power and energy that the kernel offers (`hwmon`), which no meter here reads yet.

use std::fs;
use std::path::{Path, PathBuf};

use super::folders::listed;

/// Its name and the file of its first reading of power or energy; `None` if it has none.
pub(super) fn of(folder: &Path) -> Option<(String, PathBuf)> {
    let is_reading = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let numbered = |kind: &str| {
            let rest = name.strip_prefix(kind).map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
            rest.is_some_and(|rest| matches!(rest, "_input" | "_average"))
        };
        numbered("power") || numbered("energy")
    };
    let file = listed(folder).into_iter().find(is_reading)?;
    let name = fs::read_to_string(folder.join("name")).unwrap_or_default();
    Some((name.trim().to_owned(), file))
}

/// Those of no device on the bus: of the board, its supply, or the processor.
pub(super) fn off_the_bus(sys: &Path) -> Vec<(String, PathBuf)> {
    let folders = listed(&sys.join("class/hwmon"));
    let is_on_the_bus =
        |folder: &PathBuf| folder.join("device/vendor").exists() && folder.join("device/class").exists();
    folders.into_iter().filter(|folder| !is_on_the_bus(folder)).filter_map(|folder| of(&folder)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensors_of_power_are_found_by_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let put = |sensor: &str, file: &str, text: &str| {
            let path = folder.path().join("class/hwmon").join(sensor).join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("hwmon0", "name", "power_meter\n");
        put("hwmon0", "power1_average", "250000000\n");
        put("hwmon1", "name", "coretemp\n");
        put("hwmon1", "temp1_input", "40000\n");
        put("hwmon2", "name", "amdgpu\n");
        put("hwmon2", "power1_input", "1\n");
        put("hwmon2", "device/vendor", "0x1002\n");
        put("hwmon2", "device/class", "0x030000\n");
        let found = off_the_bus(folder.path());
        assert_eq!(found.len(), 1);
        assert!(found[0].0 == "power_meter" && found[0].1.ends_with("hwmon0/power1_average"), "{found:?}");
    }
}
