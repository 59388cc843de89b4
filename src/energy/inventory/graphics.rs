//! The GPUs and accelerators of the machine: what the drivers show, and what the kernel shows beside that.

use std::fs;
use std::path::Path;

use super::super::builder::Places;
use super::super::units::{Consumer, Domain, DomainKind, Method, Standing};
use super::super::visible::{GpuIdentity, MigInstance, VisibleError, visible_gpus};
use super::Surroundings;
use super::bus::{self, Class, OnBus, Place, Vendor};

/// What NVIDIA's driver shows of one GPU, or the kernel where that does not. What nobody tells is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Told {
    /// Its number by the driver.
    pub(super) index: Option<u32>,
    pub(super) uuid: Option<String>,
    pub(super) name: Option<String>,
    pub(super) place: Option<Place>,
    /// How it is metered, with what to know about that, or why it is not, and what to do.
    pub(super) way: Option<Result<Way, (String, String)>>,
    pub(super) instances: Option<Vec<MigInstance>>,
}

/// A method, with what to know about it.
pub(super) type Way = (Method, Option<String>);

/// What NVIDIA's driver told.
pub(super) enum Driver {
    #[cfg_attr(not(feature = "nvml"), expect(dead_code, reason = "without the feature it is not asked"))]
    Shows(Vec<Told>),
    Fails {
        reason: String,
        remedy: String,
        is_there: bool,
    },
}

/// GPUs and accelerators.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Graphics {
    /// NVIDIA's, with what is known of them.
    pub(super) nvidia: Vec<(Told, Consumer)>,
    pub(super) others: Vec<Consumer>,
    /// Why NVIDIA's driver shows nothing, and what to do about it, where it shows nothing.
    pub(super) no_driver: Option<(String, String)>,
}

const NVIDIA_REMEDY: &str = "see what the kernel's log says of NVRM, and restart the machine if it stays so";

/// Everything, before it is known what the user left out and what is metered: standings are `Metered` where something could
/// be.
pub(super) fn list(places: &Places, surroundings: &Surroundings, driver: Driver) -> Graphics {
    let on_bus = bus::devices(&places.sys).unwrap_or_default();
    let (nvidia, others): (Vec<&OnBus>, Vec<&OnBus>) = on_bus.iter().partition(|d| d.vendor == Vendor::Nvidia);
    let mut found = nvidia_gpus(places, surroundings, &nvidia, driver);
    let (mut gpus, mut accelerators) = (found.nvidia.len(), 0);
    for device in others {
        let number = match device.class {
            Class::Gpu => &mut gpus,
            Class::Accelerator => &mut accelerators,
        };
        found.others.push(other(device, *number, places, surroundings));
        *number += 1;
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

fn nvidia_gpus(places: &Places, surroundings: &Surroundings, on_bus: &[&OnBus], driver: Driver) -> Graphics {
    let kernel = kernels_own(places.machine());
    let (mut told, failure) = match driver {
        Driver::Shows(told) => (told, None),
        Driver::Fails { reason, remedy, is_there } => (Vec::new(), Some((reason, remedy, is_there))),
    };
    // Every place on the bus that NVIDIA's kernel driver or the bus itself shows, and the driver does not.
    let mut rest: Vec<Place> = kernel.iter().filter_map(|told| told.place).collect();
    rest.extend(on_bus.iter().map(|device| device.place));
    rest.sort_unstable();
    rest.dedup();
    rest.retain(|place| !told.iter().any(|told| told.place == Some(*place)));
    // Those that do not even tell their place have one of these, in the same order.
    let driven = |place: &Place| {
        let by = on_bus.iter().find(|device| device.place == *place).map(|device| device.driver.as_deref());
        kernel.iter().any(|told| told.place == Some(*place)) || by.is_some_and(|driver| driver == Some("nvidia"))
    };
    let candidates: Vec<Place> = rest.iter().copied().filter(driven).collect();
    let lost = told.iter_mut().filter(|told| told.place.is_none());
    for (lost, place) in lost.zip(candidates) {
        lost.place = Some(place);
        rest.retain(|other| *other != place);
    }
    for told in &mut told {
        complete(told, &kernel);
    }
    let free = told.iter().filter_map(|told| told.index).max().map_or(0, |last| last as usize + 1);
    let mut nvidia: Vec<(Told, Consumer)> = told.into_iter().map(|told| (told.clone(), shown(&told))).collect();
    for (number, place) in (free..).zip(rest) {
        let device = on_bus.iter().find(|device| device.place == place).copied();
        let mut hidden = Told { place: Some(place), ..Told::default() };
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
        nvidia.push((Told::default(), consumer));
    }
    Graphics { nvidia, others: Vec::new(), no_driver: failure.map(|(reason, remedy, _)| (reason, remedy)) }
}

/// What the kernel's driver tells in `/proc/driver/nvidia`, in the order of the bus.
fn kernels_own(proc: &Path) -> Vec<Told> {
    let mut found: Vec<Told> = bus::listed(&proc.join("driver/nvidia/gpus"))
        .into_iter()
        .filter_map(|folder| {
            let place = Place::parse(folder.file_name()?.to_str()?)?;
            let text = fs::read_to_string(folder.join("information")).unwrap_or_default();
            let field = |wanted: &str| {
                let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
                let value = pairs.find(|(key, _)| key.trim() == wanted).map(|(_, value)| value.trim().to_owned());
                // What is lost is shown by question marks.
                value.filter(|value| !value.is_empty() && !value.contains("??") && value != "Unknown")
            };
            Some(Told { uuid: field("GPU UUID"), name: field("Model"), place: Some(place), ..Told::default() })
        })
        .collect();
    found.sort_by_key(|told| told.place);
    found
}

/// Adds what the kernel knows and the driver did not tell.
fn complete(told: &mut Told, kernel: &[Told]) {
    let Some(known) = kernel.iter().find(|known| known.place.is_some() && known.place == told.place) else { return };
    told.uuid = told.uuid.take().or_else(|| known.uuid.clone());
    told.name = told.name.take().or_else(|| known.name.clone());
}

fn consumer_of(told: &Told, number: &str) -> Consumer {
    let name = told.name.as_deref().unwrap_or("of a model that it does not tell");
    let mut consumer = Consumer::new(DomainKind::Gpu, number, format!("NVIDIA GPU {number}: {name}"));
    consumer.domain = told.uuid.clone().map(|id| Domain { kind: DomainKind::Gpu, id });
    consumer.address = told.place.map(|place| place.to_string());
    consumer
}

/// One that the driver shows.
fn shown(told: &Told) -> Consumer {
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
    told: &Told,
    number: usize,
    device: Option<&OnBus>,
    places: &Places,
    surroundings: &Surroundings,
    failure: Option<&(String, String, bool)>,
) -> Consumer {
    let consumer = consumer_of(told, &number.to_string());
    if device.is_some_and(OnBus::is_handed_on) {
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
            .remedy(NVIDIA_REMEDY),
    }
}

/// One of another maker.
fn other(device: &OnBus, number: usize, places: &Places, surroundings: &Surroundings) -> Consumer {
    let (kind, maker) = match (device.class, device.vendor) {
        (Class::Gpu, Vendor::Amd) => (DomainKind::Gpu, "AMD GPU".to_owned()),
        (Class::Gpu, Vendor::Intel) => (DomainKind::Gpu, "Intel GPU".to_owned()),
        (Class::Accelerator, Vendor::Intel) => (DomainKind::Accelerator, "Intel accelerator".to_owned()),
        (Class::Accelerator, Vendor::Amd) => (DomainKind::Accelerator, "AMD accelerator".to_owned()),
        (Class::Gpu, _) => (DomainKind::Gpu, "GPU".to_owned()),
        (Class::Accelerator, vendor) => (DomainKind::Accelerator, accelerator(vendor)),
    };
    let vendor = match device.vendor {
        Vendor::Nvidia => 0x10de,
        Vendor::Amd => 0x1002,
        Vendor::Intel => 0x8086,
        Vendor::Other(vendor) => vendor,
    };
    let what = format!("{maker} {number}: device {vendor:04x}:{:04x} at {}", device.device, device.place);
    let consumer =
        Consumer { address: Some(device.place.to_string()), ..Consumer::new(kind, &number.to_string(), what) };
    if device.is_in_package() {
        let reason = "it is a part of the processor's package, whose figure has it";
        return consumer.because(Standing::Within, reason);
    }
    if device.is_handed_on() {
        return consumer.because(Standing::Unused, "it is handed on to a virtual machine");
    }
    if device.driver.is_none() {
        return consumer.because(Standing::Unused, "no driver has taken it");
    }
    let files = ["dev/kfd", "dev/dri", "dev/accel", "dev/habanalabs"];
    if surroundings.container && !files.iter().any(|file| places.root.join(file).exists()) {
        return consumer.because(Standing::Unused, "it is not given to this container, which has no device file of it");
    }
    let hides = |name: &str| {
        places.environment.get(name).is_some_and(|value| value.trim().is_empty() || value.trim().starts_with('-'))
    };
    if device.vendor == Vendor::Amd
        && let Some(name) = ["ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"].into_iter().find(|name| hides(name))
    {
        return consumer.because(Standing::Unused, format!("{name} shows no GPU"));
    }
    let sensor = device.sensor().map(|file| format!("; the kernel has a sensor of it, {file}")).unwrap_or_default();
    consumer.because(Standing::Unreadable, format!("there is no meter for it here{sensor}"))
}

fn accelerator(vendor: Vendor) -> String {
    let maker = match vendor {
        Vendor::Nvidia => "NVIDIA ",
        Vendor::Other(0x1da3) => "Habana ",
        Vendor::Other(0x1e52) => "Tenstorrent ",
        Vendor::Other(0x1ae0) => "Google ",
        Vendor::Other(0x1d0f) => "Amazon ",
        Vendor::Other(0x17cb) => "Qualcomm ",
        Vendor::Other(0x10ee) => "AMD Xilinx ",
        _ => "",
    };
    format!("{maker}accelerator")
}

/// Which of NVIDIA's GPUs the program is not shown, by `CUDA_VISIBLE_DEVICES`: they are out of use.
///
/// One that does not tell its name is taken for another of the same kind, and one that does not tell its place stands where
/// the driver counts it, which goes along the bus.
pub(super) fn hide(nvidia: &mut [(Told, Consumer)], devices: &str, order: Option<&str>) -> Result<(), VisibleError> {
    let can_be_used = |(_, consumer): &(Told, Consumer)| consumer.standing != Standing::Unused;
    let used: Vec<&(Told, Consumer)> = nvidia.iter().filter(|gpu| can_be_used(gpu)).collect();
    let common = used.iter().find_map(|(told, _)| told.name.clone()).unwrap_or_default();
    let all_placed = used.iter().all(|(told, _)| told.place.is_some());
    let identity = |(number, (told, consumer)): (usize, &&(Told, Consumer))| {
        let counted = Place([0, told.index.unwrap_or(number as u32), 0, 0]);
        GpuIdentity {
            uuid: told.uuid.clone().unwrap_or_else(|| consumer.name.clone()),
            pci_bus_id: told.place.filter(|_| all_placed).unwrap_or(counted).to_string(),
            name: told.name.clone().unwrap_or_else(|| common.clone()),
            instances: told.instances.clone(),
        }
    };
    let boards: Vec<GpuIdentity> = used.iter().enumerate().map(identity).collect();
    let visible = visible_gpus(Some(devices), order, &boards)?;
    let shows_none = devices.trim().is_empty() || devices.trim().starts_with('-');
    for (told, consumer) in nvidia.iter_mut().filter(|gpu| can_be_used(gpu)) {
        let id = told.uuid.as_ref().unwrap_or(&consumer.name);
        // However many there are of a number that nobody knows, one may be meant.
        let may_be_seen = visible.gpus.iter().any(|gpu| gpu.uuid == *id) || (consumer.name == UNCOUNTED && !shows_none);
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

/// The name of GPUs whose number nobody tells.
const UNCOUNTED: &str = "gpu:nvidia";
