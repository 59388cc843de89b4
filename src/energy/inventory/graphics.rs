//! The GPUs and accelerators of the machine: what the drivers show, and what the kernel shows beside that.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::bus::{self, PciAddress, PciClass, PciDevice, PciVendor};
use super::folders::listed;
use super::surroundings::Surroundings;
use crate::energy::gpus::mig::MigInstance;
use crate::energy::gpus::visible::{GpuIdentity, VisibleError, visible_gpus};
use crate::energy::meters::places::Places;
use crate::energy::system::deadline::{CallLimits, within};
use crate::energy::units::{Consumer, DomainKind, Method, PowerDomain, Standing};

/// What NVIDIA's driver shows of one GPU, or the kernel where that does not. What nobody tells is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ShownGpu {
    /// Its number by the driver.
    pub(super) index: Option<u32>,
    pub(super) uuid: Option<String>,
    pub(super) name: Option<String>,
    pub(super) place: Option<PciAddress>,
    /// How it is metered, with what to know about that, or why it is not, and what to do.
    pub(super) way: Option<Result<MeteredBy, (String, String)>>,
    pub(super) instances: Option<Vec<MigInstance>>,
    /// It is not metered only because it is cut into instances, and whole boards were not asked for.
    pub(super) is_refused: bool,
    /// The driver shows it to others and not to this process.
    pub(super) is_denied: bool,
}

/// A method, with what to know about it.
pub(super) type MeteredBy = (Method, Option<String>);

/// What NVIDIA's driver told.
pub(super) enum DriverAnswer {
    #[cfg_attr(not(feature = "nvml"), expect(dead_code, reason = "without the feature it is not asked"))]
    Shows(Vec<ShownGpu>),
    Fails {
        reason: String,
        remedy: String,
        is_there: bool,
    },
}

/// GPUs and accelerators.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct GraphicsList {
    /// NVIDIA's, with what is known of them.
    pub(super) nvidia: Vec<(ShownGpu, Consumer)>,
    pub(super) others: Vec<Consumer>,
    /// The names of those among them that are a part of a processor's package, whose counter has them.
    pub(super) in_package: BTreeSet<String>,
    /// Why NVIDIA's driver shows nothing, and what to do about it, where it shows nothing.
    pub(super) no_driver: Option<(String, String)>,
}

impl GraphicsList {
    /// What is said where looking for GPUs gives no answer.
    pub(super) fn unknown(reason: &str) -> Self {
        let consumer = Consumer::new(DomainKind::Gpu, "nvidia", "GPUs, however many".to_owned());
        let reason = format!("looking for them in the kernel's files has {reason}");
        let consumer = consumer.because(Standing::Unreadable, reason).remedy(NVIDIA_REMEDY);
        Self { nvidia: vec![(ShownGpu::default(), consumer)], ..Self::default() }
    }
}

/// Whether the bus or the kernel's driver shows a GPU of NVIDIA's.
pub(super) fn shows_nvidia(places: &Places) -> bool {
    let own = places.clone();
    let look = move || {
        let on_bus = bus::devices(&own.sys).unwrap_or_default();
        on_bus.iter().any(|device| device.vendor == PciVendor::Nvidia) || !kernels_own(own.machine()).is_empty()
    };
    within(CallLimits::of_environment().asking, look).unwrap_or(true)
}

const NVIDIA_REMEDY: &str = "see what the kernel's log says of NVRM, and restart the machine if it stays so";

/// Everything, before it is known what the user left out and what is metered: standings are `Metered` where something could
/// be.
pub(super) fn list(places: &Places, surroundings: &Surroundings, driver: DriverAnswer) -> GraphicsList {
    let on_bus = bus::devices(&places.sys).unwrap_or_default();
    let (nvidia, others): (Vec<&PciDevice>, Vec<&PciDevice>) =
        on_bus.iter().partition(|d| d.vendor == PciVendor::Nvidia);
    let mut found = nvidia_gpus(places, surroundings, &nvidia, driver);
    let (mut gpus, mut accelerators) = (found.nvidia.len(), 0);
    for device in others {
        let number = match device.class {
            PciClass::Gpu => &mut gpus,
            PciClass::Accelerator => &mut accelerators,
        };
        let consumer = other(device, *number, places, surroundings);
        if device.is_in_package() {
            found.in_package.insert(consumer.name.clone());
        }
        found.others.push(consumer);
        *number += 1;
    }
    if found.nvidia.is_empty() {
        let files = [
            ("dev/nvhost-gpu", "NVIDIA GPU of the chip (Tegra)"),
            ("dev/nvgpu", "NVIDIA GPU of the chip (Tegra)"),
            ("dev/dxg", "GPU of the Windows host (WSL)"),
        ];
        if let Some((file, what)) = files.into_iter().find(|(file, _)| places.root.join(file).exists()) {
            let consumer = Consumer::new(DomainKind::Gpu, &gpus.to_string(), what.to_owned());
            let reason = format!("programs can use it by /{file}, and no meter here reads it");
            found.others.push(consumer.because(Standing::Unreadable, reason));
            gpus += 1;
        }
    }
    for (card, driver) in bus::cards_off_the_bus(&places.sys) {
        let what = format!("graphics of the chip ({card}, driver {driver})");
        let reason = "it is a part of the chip, and no meter here reads it";
        let consumer = Consumer::new(DomainKind::Gpu, &gpus.to_string(), what);
        found.others.push(consumer.because(Standing::Uncounted, reason));
        gpus += 1;
    }
    found
}

fn nvidia_gpus(
    places: &Places,
    surroundings: &Surroundings,
    on_bus: &[&PciDevice],
    driver: DriverAnswer,
) -> GraphicsList {
    let kernel = kernels_own(places.machine());
    let (mut told, failure) = match driver {
        DriverAnswer::Shows(told) => (told, None),
        DriverAnswer::Fails { reason, remedy, is_there } => (Vec::new(), Some((reason, remedy, is_there))),
    };
    // Every place on the bus that NVIDIA's kernel driver or the bus itself shows, and the driver does not.
    let mut rest: Vec<PciAddress> = kernel.iter().filter_map(|told| told.place).collect();
    rest.extend(on_bus.iter().map(|device| device.place));
    rest.sort_unstable();
    rest.dedup();
    rest.retain(|place| !told.iter().any(|told| told.place == Some(*place)));
    // Those that do not even tell their place have one of these, in the same order.
    let driven = |place: &PciAddress| {
        let by = on_bus.iter().find(|device| device.place == *place).map(|device| device.driver.as_deref());
        kernel.iter().any(|told| told.place == Some(*place)) || by.is_some_and(|driver| driver == Some("nvidia"))
    };
    let candidates: Vec<PciAddress> = rest.iter().copied().filter(driven).collect();
    let lost = told.iter_mut().filter(|told| told.place.is_none());
    for (lost, place) in lost.zip(candidates) {
        lost.place = Some(place);
        rest.retain(|other| *other != place);
    }
    for told in &mut told {
        complete(told, &kernel);
    }
    let free = told.iter().filter_map(|told| told.index).max().map_or(0, |last| last as usize + 1);
    let mut nvidia: Vec<(ShownGpu, Consumer)> = told.into_iter().map(|told| (told.clone(), shown(&told))).collect();
    for (number, place) in (free..).zip(rest) {
        let device = on_bus.iter().find(|device| device.place == place).copied();
        let mut hidden = ShownGpu { place: Some(place), ..ShownGpu::default() };
        complete(&mut hidden, &kernel);
        hidden.index = u32::try_from(number).ok();
        let consumer = unseen(&hidden, number, device, places, surroundings, failure.as_ref());
        nvidia.push((hidden, consumer));
    }
    if let Some((reason, remedy, true)) = &failure
        && nvidia.is_empty()
    {
        let consumer = Consumer::new(DomainKind::Gpu, "nvidia", "NVIDIA GPUs, however many".to_owned());
        let consumer = consumer.because(Standing::Unreadable, reason.clone()).remedy(remedy.clone());
        nvidia.push((ShownGpu::default(), consumer));
    }
    GraphicsList { nvidia, no_driver: failure.map(|(reason, remedy, _)| (reason, remedy)), ..GraphicsList::default() }
}

/// What the kernel's driver tells in `/proc/driver/nvidia`, in the order of the bus.
fn kernels_own(proc: &Path) -> Vec<ShownGpu> {
    let mut found: Vec<ShownGpu> = listed(&proc.join("driver/nvidia/gpus"))
        .into_iter()
        .filter_map(|folder| {
            let place = PciAddress::parse(folder.file_name()?.to_str()?)?;
            let text = fs::read_to_string(folder.join("information")).unwrap_or_default();
            let field = |wanted: &str| {
                let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
                let value = pairs.find(|(key, _)| key.trim() == wanted).map(|(_, value)| value.trim().to_owned());
                // What is lost is shown by question marks.
                value.filter(|value| !value.is_empty() && !value.contains("??") && value != "Unknown")
            };
            Some(ShownGpu { uuid: field("GPU UUID"), name: field("Model"), place: Some(place), ..ShownGpu::default() })
        })
        .collect();
    found.sort_by_key(|told| told.place);
    found
}

/// Adds what the kernel knows and the driver did not tell.
fn complete(told: &mut ShownGpu, kernel: &[ShownGpu]) {
    let Some(known) = kernel.iter().find(|known| known.place.is_some() && known.place == told.place) else { return };
    told.uuid = told.uuid.take().or_else(|| known.uuid.clone());
    told.name = told.name.take().or_else(|| known.name.clone());
}

fn consumer_of(told: &ShownGpu, number: &str) -> Consumer {
    let name = told.name.as_deref().unwrap_or("of a model that it does not tell");
    let mut consumer = Consumer::new(DomainKind::Gpu, number, format!("NVIDIA GPU {number}: {name}"));
    consumer.domain = told.uuid.clone().map(|id| PowerDomain { kind: DomainKind::Gpu, id });
    consumer.address = told.place.map(|place| place.to_string());
    consumer
}

/// One that the driver shows.
fn shown(told: &ShownGpu) -> Consumer {
    let consumer = consumer_of(told, &told.index.unwrap_or(0).to_string());
    match &told.way {
        Some(Ok((method, note))) => {
            let whole = "it is cut into MIG instances, which have no energy figures of their own: this one is the whole board's";
            let note = told.instances.as_ref().map(|_| whole.to_owned()).or_else(|| note.clone());
            Consumer { standing: Standing::Metered, method: Some(*method), note, ..consumer }
        }
        Some(Err((reason, remedy))) => consumer.because(Standing::Unreadable, reason.clone()).remedy(remedy.clone()),
        None => consumer.because(Standing::Unreadable, "the driver does not tell it").remedy(NVIDIA_REMEDY),
    }
}

/// One that the driver does not show.
fn unseen(
    told: &ShownGpu,
    number: usize,
    device: Option<&PciDevice>,
    places: &Places,
    surroundings: &Surroundings,
    failure: Option<&(String, String, bool)>,
) -> Consumer {
    let consumer = consumer_of(told, &number.to_string());
    if device.is_some_and(PciDevice::is_handed_on) {
        return consumer.because(Standing::Unused, "it is handed on to a virtual machine");
    }
    let by = device.and_then(|device| device.driver.as_deref());
    let has_files = ["dev/nvidiactl", "dev/nvidia0", "dev/dxg"].iter().any(|file| places.root.join(file).exists());
    match failure {
        // A driver that answers, if only by an error, was given to it.
        Some((_, _, false)) if surroundings.container && !has_files => {
            consumer.because(Standing::Unused, "it is not given to this container, which has no device file of it")
        }
        Some((reason, remedy, _)) => {
            let driven = match by {
                Some("nvidia") | None => String::new(),
                Some(other) => format!(", and the kernel's driver {other} has it"),
            };
            consumer.because(Standing::Unreadable, format!("{reason}{driven}")).remedy(remedy.clone())
        }
        None if device.is_some_and(PciDevice::is_gone) => consumer
            .because(Standing::Unreadable, "it has fallen off the bus, and the driver does not show it any more")
            .remedy(NVIDIA_REMEDY),
        None if surroundings.container => consumer.because(Standing::Unused, "it is not given to this container"),
        None if device.is_some() && by != Some("nvidia") => {
            let reason = match by {
                Some(other) => format!("the kernel's driver {other} has it, by which no program uses CUDA"),
                None => "no driver has taken it".to_owned(),
            };
            consumer.because(Standing::Unused, reason)
        }
        None => consumer
            .because(Standing::Unreadable, "it is on the bus, and the driver does not show it")
            .remedy(format!("{NVIDIA_REMEDY}; in a job that may not use it, set CUDA_VISIBLE_DEVICES")),
    }
}

/// One of another maker.
fn other(device: &PciDevice, number: usize, places: &Places, surroundings: &Surroundings) -> Consumer {
    let (kind, maker) = match (device.class, device.vendor) {
        (PciClass::Gpu, PciVendor::Amd) => (DomainKind::Gpu, "AMD GPU".to_owned()),
        (PciClass::Gpu, PciVendor::Intel) => (DomainKind::Gpu, "Intel GPU".to_owned()),
        (PciClass::Accelerator, PciVendor::Intel) => (DomainKind::Accelerator, "Intel accelerator".to_owned()),
        (PciClass::Accelerator, PciVendor::Amd) => (DomainKind::Accelerator, "AMD accelerator".to_owned()),
        (PciClass::Gpu, _) => (DomainKind::Gpu, "GPU".to_owned()),
        (PciClass::Accelerator, vendor) => (DomainKind::Accelerator, accelerator(vendor)),
    };
    let vendor = match device.vendor {
        PciVendor::Nvidia => 0x10de,
        PciVendor::Amd => 0x1002,
        PciVendor::Intel => 0x8086,
        PciVendor::Other(vendor) => vendor,
    };
    let what = format!("{maker} {number}: device {vendor:04x}:{:04x} at {}", device.device, device.place);
    let consumer =
        Consumer { address: Some(device.place.to_string()), ..Consumer::new(kind, &number.to_string(), what) };
    if device.is_in_package() {
        return consumer.because(Standing::Within, "it is a part of the processor's package, whose figure has it");
    }
    if device.is_handed_on() {
        return consumer.because(Standing::Unused, "it is handed on to a virtual machine");
    }
    if device.driver.is_none() {
        return consumer.because(Standing::Unused, "no driver has taken it");
    }
    if device.is_display_alone() {
        let reason = "its driver offers programs no computing; what it draws for a display is in no figure";
        return consumer.because(Standing::Uncounted, reason);
    }
    let files = ["dev/kfd", "dev/dri", "dev/accel", "dev/habanalabs"];
    if surroundings.container && !files.iter().any(|file| places.root.join(file).exists()) {
        return consumer.because(Standing::Unused, "it is not given to this container, which has no device file of it");
    }
    let hides = |name: &str| {
        places.environment.get(name).is_some_and(|value| value.trim().is_empty() || value.trim().starts_with('-'))
    };
    if device.vendor == PciVendor::Amd
        && let Some(name) = ["ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"].into_iter().find(|name| hides(name))
    {
        return consumer.because(Standing::Unused, format!("{name} shows no GPU"));
    }
    let sensor = device.sensor().map(|file| format!("; the kernel has a sensor of it, {file}")).unwrap_or_default();
    consumer.because(Standing::Unreadable, format!("there is no meter for it here{sensor}"))
}

fn accelerator(vendor: PciVendor) -> String {
    let maker = match vendor {
        PciVendor::Nvidia => "NVIDIA ",
        PciVendor::Other(0x1da3) => "Habana ",
        PciVendor::Other(0x1e52) => "Tenstorrent ",
        PciVendor::Other(0x1ae0) => "Google ",
        PciVendor::Other(0x1d0f) => "Amazon ",
        PciVendor::Other(0x17cb) => "Qualcomm ",
        PciVendor::Other(0x10ee) => "AMD Xilinx ",
        _ => "",
    };
    format!("{maker}accelerator")
}

/// Which of NVIDIA's GPUs the program is not shown, by `CUDA_VISIBLE_DEVICES`: they are out of use.
///
/// One that does not tell its name is taken for another of the same kind. One that does not tell its place stands where
/// the driver counts it, which goes along the bus.
pub(super) fn hide(
    nvidia: &mut [(ShownGpu, Consumer)],
    devices: &str,
    order: Option<&str>,
) -> Result<(), VisibleError> {
    let can_be_used = |(_, consumer): &(ShownGpu, Consumer)| consumer.standing != Standing::Unused;
    // CUDA counts what the driver shows it, and that alone; where it shows nothing, what is on the bus is all there is to go by.
    let is_counted = |(told, _): &(ShownGpu, Consumer)| told.way.is_some() && !told.is_denied;
    let any_counted = nvidia.iter().any(is_counted);
    let counted: Vec<&(ShownGpu, Consumer)> =
        nvidia.iter().filter(|gpu| can_be_used(gpu) && (!any_counted || is_counted(gpu))).collect();
    let common = counted.iter().find_map(|(told, _)| told.name.clone()).unwrap_or_default();
    let all_placed = counted.iter().all(|(told, _)| told.place.is_some());
    let identity = |(number, (told, consumer)): (usize, &&(ShownGpu, Consumer))| {
        let along = PciAddress([0, told.index.unwrap_or(number as u32), 0, 0]);
        GpuIdentity {
            uuid: told.uuid.clone().unwrap_or_else(|| consumer.name.clone()),
            pci_bus_id: told.place.filter(|_| all_placed).unwrap_or(along).to_string(),
            name: told.name.clone().unwrap_or_else(|| common.clone()),
            instances: told.instances.clone(),
        }
    };
    let boards: Vec<GpuIdentity> = counted.iter().enumerate().map(identity).collect();
    let mut visible = visible_gpus(Some(devices), order, &boards)?;
    let unknown = names_unknown(devices, nvidia);
    if unknown {
        // Each for itself, for the one that nobody knows does not end the list.
        for entry in devices.split(',') {
            visible.gpus.extend(visible_gpus(Some(entry), order, &boards)?.gpus);
        }
    }
    let shows_none = devices.trim().is_empty() || devices.trim().starts_with('-');
    for (told, consumer) in nvidia.iter_mut().filter(|gpu| can_be_used(gpu)) {
        let id = told.uuid.as_ref().unwrap_or(&consumer.name);
        let by_uuid =
            told.uuid.as_ref().is_some_and(|uuid| devices.split(',').any(|entry| entry.trim() == uuid.as_str()));
        // However many there are of a number that nobody knows, one may be meant.
        let may_be_seen = by_uuid
            || visible.gpus.iter().any(|gpu| gpu.uuid == *id)
            || (unknown && told.uuid.is_none())
            || (consumer.name == UNCOUNTED && !shows_none);
        if !may_be_seen {
            let reason = match shows_none {
                true => format!("CUDA_VISIBLE_DEVICES = `{devices}` shows no GPU"),
                false => format!("CUDA_VISIBLE_DEVICES = `{devices}` does not show it"),
            };
            *consumer = Consumer { remedy: None, ..consumer.clone() }.because(Standing::Unused, reason);
        }
    }
    Ok(())
}

/// Whether a GPU or an instance is named by a UUID that none of those which tell theirs has: it may be any that does not.
fn names_unknown(devices: &str, nvidia: &[(ShownGpu, Consumer)]) -> bool {
    let mut uuids: Vec<&str> = nvidia.iter().filter_map(|(told, _)| told.uuid.as_deref()).collect();
    let instances = nvidia.iter().flat_map(|(told, _)| told.instances.iter().flatten());
    uuids.extend(instances.map(|instance| instance.uuid.as_str()));
    let named =
        devices.split(',').map(str::trim).filter(|entry| entry.starts_with("GPU-") || entry.starts_with("MIG-"));
    let board = |entry: &str| entry.strip_prefix("MIG-").filter(|rest| rest.starts_with("GPU-")).map(str::to_owned);
    named
        .map(|entry| {
            board(entry).map_or_else(|| entry.to_owned(), |path| path.split('/').next().unwrap_or("").to_owned())
        })
        .any(|entry| !uuids.iter().any(|uuid| uuid.starts_with(&entry)))
}

/// The name of GPUs whose number nobody tells.
const UNCOUNTED: &str = "gpu:nvidia";
