//! A `/sys` for tests, with devices on its bus.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

pub(in crate::energy) struct FakeBus {
    folder: TempDir,
}

impl FakeBus {
    pub(in crate::energy) fn new() -> Self {
        let bus = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(bus.sys().join("bus/pci/devices")).unwrap();
        bus
    }

    pub(in crate::energy) fn sys(&self) -> &Path {
        self.folder.path()
    }

    pub(in crate::energy) fn device(&self, place: &str, vendor: u16, device: u16, class: u32, driver: Option<&str>) {
        fs::create_dir_all(self.sys().join("bus/pci/devices").join(place)).unwrap();
        for (file, number) in [("vendor", u32::from(vendor)), ("device", u32::from(device)), ("class", class)] {
            self.write(place, file, format!("0x{number:04x}\n").as_bytes());
        }
        if let Some(driver) = driver {
            let drivers = self.sys().join("bus/pci/drivers").join(driver);
            fs::create_dir_all(&drivers).unwrap();
            symlink(drivers, self.sys().join("bus/pci/devices").join(place).join("driver")).unwrap();
        }
    }

    pub(in crate::energy) fn write(&self, place: &str, file: &str, bytes: &[u8]) {
        let path = self.sys().join("bus/pci/devices").join(place).join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}
