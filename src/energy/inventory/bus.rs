//! What computes on the PCI bus, by its vendor and class, and how it is driven: as the kernel tells, whatever the drivers say.

use std::fs;
use std::path::{Path, PathBuf};

use super::folders::listed;

/// Who made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PciVendor {
    Nvidia,
    Amd,
    Intel,
    /// By its number.
    Other(u16),
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PciClass {
    Gpu,
    Accelerator,
}

/// A device on the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PciDevice {
    pub(super) place: PciAddress,
    pub(super) vendor: PciVendor,
    pub(super) device: u16,
    pub(super) class: PciClass,
    /// The kernel's driver that has taken it.
    pub(super) driver: Option<String>,
    /// Its files below `/sys`.
    pub(super) path: PathBuf,
}

/// Domain, bus, device and function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PciAddress(pub(super) [u32; 4]);

impl PciAddress {
    /// From `0000:3b:00.0`, with a domain of four digits or of eight.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split([':', '.']).map(|part| u32::from_str_radix(part, 16).ok());
        let mut next = || parts.next().flatten();
        let place = [next()?, next()?, next()?, next()?];
        parts.next().is_none().then_some(Self(place))
    }
}

impl std::fmt::Display for PciAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [domain, bus, device, function] = self.0;
        write!(f, "{domain:04x}:{bus:02x}:{device:02x}.{function:x}")
    }
}

/// Drivers that hand a device to a virtual machine.
const HANDED_ON: [&str; 4] = ["vfio-pci", "nvgrace_gpu_vfio_pci", "pci-stub", "xen-pciback"];

impl PciDevice {
    /// Whether a virtual machine has it.
    pub(super) fn is_handed_on(&self) -> bool {
        // Programs drive Google's by it themselves.
        self.vendor != PciVendor::Other(0x1ae0)
            && self.driver.as_deref().is_some_and(|driver| HANDED_ON.contains(&driver))
    }

    /// Whether it is a part of the processor's package, whose counter has its energy.
    ///
    /// Intel's is always at device 2 of bus 0 (its neural processor at device 11). AMD's driver tells a table of another
    /// format (2 and above) for those in a package than for boards (1): `struct metrics_table_header` of Linux,
    /// `drivers/gpu/drm/amd/include/kgd_pp_interface.h`.
    pub(super) fn is_in_package(&self) -> bool {
        let [domain, bus, device, _] = self.place.0;
        match (self.vendor, self.class) {
            (PciVendor::Intel, PciClass::Gpu) => (domain, bus, device) == (0, 0, 2),
            (PciVendor::Intel, PciClass::Accelerator) => (domain, bus) == (0, 0),
            (PciVendor::Amd, PciClass::Gpu) => {
                let table = fs::read(self.path.join("gpu_metrics")).unwrap_or_default();
                table.get(2).map_or_else(|| self.is_behind_inner_bridge(), |format| *format >= 2)
            }
            // XDNA, the neural processor of its packages.
            (PciVendor::Amd, PciClass::Accelerator) => {
                self.driver.as_deref() == Some("amdxdna") || self.device == 0x1502
            }
            _ => false,
        }
    }

    /// Whether it is right behind the bridge by which AMD's packages reach their own devices (device 8 of bus 0).
    fn is_behind_inner_bridge(&self) -> bool {
        let whole = self.path.canonicalize().unwrap_or_default();
        let parent = whole.parent().and_then(Path::file_name).and_then(|name| PciAddress::parse(name.to_str()?));
        parent.is_some_and(|parent| parent.0[..3] == [0, 0, 8])
    }

    /// Whether its driver has outputs for it and nothing that programs compute by.
    pub(super) fn is_display_alone(&self) -> bool {
        let nodes = listed(&self.path.join("drm"));
        let has = |kind: &str| {
            nodes.iter().any(|node| node.file_name().is_some_and(|name| name.to_string_lossy().starts_with(kind)))
        };
        self.driver.as_deref() == Some("radeon") || (has("card") && !has("renderD"))
    }

    /// Whether the bus itself has no answer of it: it has fallen off.
    pub(super) fn is_gone(&self) -> bool {
        let config = fs::read(self.path.join("config")).unwrap_or_default();
        config.get(..4).is_some_and(|start| start == [0xff; 4])
    }

    /// A sensor of its power or energy that the kernel offers, which no meter here reads.
    pub(super) fn sensor(&self) -> Option<String> {
        let folders = listed(&self.path.join("hwmon"));
        folders.iter().find_map(|folder| super::sensors::of(folder)).map(|(_, file)| file.display().to_string())
    }
}

/// What is no GPU by its class but a chip for neural networks: Habana's, Tenstorrent's and Google's, and Amazon's by number.
fn is_known_accelerator(vendor: u16, device: u16, class: u32) -> bool {
    // Their makers have storage, networks and bridges too.
    let is_plain = matches!(class >> 16, 0x01 | 0x02 | 0x06);
    match vendor {
        0x1da3 | 0x1e52 | 0x1ae0 => !is_plain,
        0x1d0f => matches!(device, 0x7064..=0x7067 | 0x7164 | 0x7264 | 0x7364),
        _ => false,
    }
}

/// What computes on the bus, in its order; `None` if there is no such tree.
pub(super) fn devices(sys: &Path) -> Option<Vec<PciDevice>> {
    let tree = sys.join("bus/pci/devices");
    fs::read_dir(&tree).ok()?;
    let mut found: Vec<PciDevice> = listed(&tree).into_iter().filter_map(|path| device(&path)).collect();
    found.sort_by_key(|device| device.place);
    Some(found)
}

/// Graphics that are no device of the bus but a part of the chip, by their card and driver.
pub(super) fn cards_off_the_bus(sys: &Path) -> Vec<(String, String)> {
    let cards = listed(&sys.join("class/drm")).into_iter().filter_map(|path| {
        let name = path.file_name()?.to_str()?.to_owned();
        let number = name.strip_prefix("card")?;
        number.chars().all(|c| c.is_ascii_digit()).then_some(())?;
        let device = path.join("device");
        if device.join("vendor").exists() {
            return None;
        }
        let driver = fs::read_link(device.join("driver")).ok()?;
        Some((name, driver.file_name()?.to_str()?.to_owned()))
    });
    // Outputs and simulations compute nothing.
    const NO_DEVICE: [&str; 6] = ["simple-framebuffer", "simpledrm", "vkms", "vgem", "efi-framebuffer", "udl"];
    cards.filter(|(_, driver)| !NO_DEVICE.contains(&driver.as_str())).collect()
}

/// One that computes; `None` for anything else, and for virtual functions of one that is listed itself.
fn device(path: &Path) -> Option<PciDevice> {
    let place = PciAddress::parse(path.file_name()?.to_str()?)?;
    let number = |file: &str| {
        let text = fs::read_to_string(path.join(file)).ok()?;
        u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()
    };
    let (vendor, class) = (number("vendor")? as u16, number("class")?);
    let device = number("device").unwrap_or(0) as u16;
    // Graphics of servers' boards, which are ATI's by their number.
    if vendor == 0x1002 && matches!(device, 0x515e | 0x5969 | 0x4752) {
        return None;
    }
    let kind = match (vendor, class >> 16) {
        // Whoever made it: a controller for 3D that drives no display, and the graphics of Moore Threads and Iluvatar.
        _ if class >> 8 == 0x0302 => PciClass::Gpu,
        (0x1ed5 | 0x1e3e, 0x03) => PciClass::Gpu,
        (0x10de | 0x1002 | 0x8086, 0x03) => PciClass::Gpu,
        // Instinct boards that drive no display.
        (0x1002, 0x12) => PciClass::Gpu,
        (_, 0x12) => PciClass::Accelerator,
        _ if is_known_accelerator(vendor, device, class) => PciClass::Accelerator,
        _ => return None,
    };
    if path.join("physfn").exists() {
        return None;
    }
    let driver = fs::read_link(path.join("driver")).ok();
    let driver = driver.and_then(|link| Some(link.file_name()?.to_str()?.to_owned()));
    let vendor = match vendor {
        0x10de => PciVendor::Nvidia,
        0x1002 | 0x1022 => PciVendor::Amd,
        0x8086 => PciVendor::Intel,
        other => PciVendor::Other(other),
    };
    Some(PciDevice { place, vendor, device, class: kind, driver, path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::testing::FakeBus;
    use super::*;

    #[test]
    fn addresses_read_back_in_either_length() {
        for (text, expected) in [("0000:3b:00.0", "0000:3b:00.0"), ("00000000:3B:00.0", "0000:3b:00.0")] {
            assert_eq!(PciAddress::parse(text).unwrap().to_string(), expected);
        }
        for text in ["", "3b:00.0", "0000:3b:00.0:1", "0000:zz:00.0", "virtual"] {
            assert_eq!(PciAddress::parse(text), None, "{text}");
        }
    }

    #[test]
    fn only_what_computes_is_listed() {
        let bus = FakeBus::new();
        bus.device("0000:00:02.0", 0x8086, 0x4680, 0x030000, Some("i915"));
        bus.device("0000:03:00.0", 0x1002, 0x73bf, 0x030000, Some("amdgpu"));
        bus.device("0000:03:00.1", 0x1002, 0xab28, 0x040300, Some("snd_hda_intel"));
        bus.device("0000:3b:00.0", 0x10de, 0x2335, 0x030200, Some("nvidia"));
        bus.device("0000:3c:00.0", 0x10de, 0x22a3, 0x068000, None);
        bus.device("0000:5e:00.0", 0x1da3, 0x1020, 0x120000, Some("habanalabs"));
        bus.device("0000:5f:00.0", 0x1d0f, 0x7164, 0x088000, Some("neuron"));
        bus.device("0000:60:00.0", 0x1d0f, 0xec20, 0x020000, Some("ena"));
        bus.device("0000:c6:00.1", 0x1022, 0x1502, 0x118000, Some("amdxdna"));
        bus.device("0000:61:00.0", 0x1a03, 0x2000, 0x030000, Some("ast"));
        let found = devices(bus.sys()).unwrap();
        let told: Vec<_> = found.iter().map(|d| (d.place.to_string(), d.class, d.is_in_package())).collect();
        let expected = [
            ("0000:00:02.0", PciClass::Gpu, true),
            ("0000:03:00.0", PciClass::Gpu, false),
            ("0000:3b:00.0", PciClass::Gpu, false),
            ("0000:5e:00.0", PciClass::Accelerator, false),
            ("0000:5f:00.0", PciClass::Accelerator, false),
        ];
        assert_eq!(told, expected.map(|(place, class, inside)| (place.to_owned(), class, inside)));
        assert_eq!(devices(Path::new("/no/such/tree")), None);
    }

    #[test]
    fn amds_graphics_in_a_package_are_told_from_its_boards() {
        let bus = FakeBus::new();
        let place = "0000:c4:00.0";
        bus.device(place, 0x1002, 0x15bf, 0x030000, Some("amdgpu"));
        for (format, inside) in [(1_u8, false), (2, true), (3, true)] {
            bus.write(place, "gpu_metrics", &[0x80, 0, format, 4]);
            assert_eq!(devices(bus.sys()).unwrap()[0].is_in_package(), inside, "{format}");
        }
    }

    #[test]
    fn a_virtual_function_is_a_part_of_its_device() {
        let bus = FakeBus::new();
        bus.device("0000:3b:00.0", 0x10de, 0x2335, 0x030200, Some("nvidia"));
        bus.device("0000:3b:00.4", 0x10de, 0x2335, 0x030200, Some("vfio-pci"));
        bus.write("0000:3b:00.4", "physfn", b"");
        assert_eq!(devices(bus.sys()).unwrap().len(), 1);
    }
}
