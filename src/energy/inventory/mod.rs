//! Everything here that draws power and that work may use, listed before any meter is opened and apart from whether there is
//! one for it.
//!
//! | what | by |
//! |---|---|
//! | NVIDIA's GPUs | their driver's library, `/proc/driver/nvidia` and the PCI bus: whatever one of them shows |
//! | GPUs of AMD and Intel, accelerators | the PCI bus, `/sys/class/drm` |
//! | processors and memory | powercap, perf events, sockets by `/proc/cpuinfo` |
//! | sensors of the board | `/sys/class/hwmon` |
//!
//! Displays without computing, disks, fans and the supply are not in it: nobody here takes part in what they draw.

mod bus;
mod folders;
mod graphics;
mod opened;
mod processors;
mod sensors;
mod surroundings;
#[cfg(test)]
pub(in crate::energy) mod testing;
#[cfg(test)]
mod tests;

use crate::energy::error::EnergyError;
use crate::energy::gpus::mig::MigInstance;
use crate::energy::gpus::visible::VisibleError;
use crate::energy::meters::choice::{MeterKind, Meters};
use crate::energy::meters::meter::EnergySource;
use crate::energy::meters::places::Places;
use crate::energy::system::deadline::{CallLimits, within};
use crate::energy::units::{Consumer, ConsumerName, DomainKind, Method, Standing};
use graphics::{DriverAnswer, GraphicsList};
pub(super) use opened::OpenedMeters;
pub(super) use surroundings::Surroundings;

/// The list, before it is known what is metered.
#[derive(Debug, Clone)]
pub(super) struct Inventory {
    graphics: GraphicsList,
    pub(super) surroundings: Surroundings,
}

impl Inventory {
    /// Lists everything; asks NVIDIA's driver only if its GPUs are to be metered.
    pub(super) fn look(places: &Places, meters: &Meters) -> Self {
        let surroundings = Surroundings::of(places);
        let asked = match meters {
            Meters::Auto => true,
            Meters::List(kinds) => kinds.contains(&MeterKind::Nvml),
        };
        let driver = match asked {
            true => ask(places),
            // That there are some is known, and what they are called by is all that is said of them.
            false if graphics::shows_nvidia(places) => unasked(),
            false => {
                let own = places.clone();
                within(CallLimits::of_environment().asking, move || ask(&own)).unwrap_or_else(|_| unasked())
            }
        };
        let own = places.clone();
        // The kernel's files of a device may hang as its driver does.
        let listed = within(CallLimits::of_environment().asking, move || graphics::list(&own, &surroundings, driver));
        let graphics = listed.unwrap_or_else(|silence| GraphicsList::unknown(&silence.to_string()));
        Self { graphics, surroundings }
    }

    /// The same for a program that has these values of `CUDA_VISIBLE_DEVICES` and `CUDA_DEVICE_ORDER`.
    pub(super) fn shown(mut self, devices: &str, order: Option<&str>) -> Result<Self, VisibleError> {
        graphics::hide(&mut self.graphics.nvidia, devices, order)?;
        Ok(self)
    }

    /// Whether every processor is left out by its name.
    pub(super) fn leaves_processors_out(places: &Places, without: &[ConsumerName]) -> bool {
        // Most leave nothing out, and need no look at the counters for that.
        without.iter().any(|name| name.kind() == DomainKind::Cpu)
            && processors::packages(places).iter().all(|package| is_left_out(package, without))
    }

    /// The UUIDs of the GPUs that can be metered, are in sight and not left out.
    pub(super) fn gpus(&self, without: &[ConsumerName]) -> Vec<String> {
        let found = self.graphics.nvidia.iter().map(|(_, gpu)| gpu);
        let wanted = found.filter(|gpu| gpu.standing == Standing::Metered && !is_left_out(gpu, without));
        wanted.filter_map(|gpu| gpu.domain.as_ref().map(|domain| domain.id.clone())).collect()
    }

    /// What can be read of the GPUs, whoever may use them.
    pub(super) fn readable(&self) -> Vec<EnergySource> {
        let source = |(_, gpu): &(graphics::ShownGpu, Consumer)| {
            let (domain, method) = (gpu.domain.clone()?, gpu.method?);
            Some(EnergySource { domain, method, sampling: String::new(), resolution: std::time::Duration::ZERO })
        };
        self.graphics.nvidia.iter().filter_map(source).collect()
    }

    /// Why there is no GPU to meter, and what to do about it.
    pub(super) fn no_gpu(&self) -> (String, String) {
        let all_out = self.graphics.nvidia.iter().any(|(_, gpu)| gpu.standing == Standing::Metered);
        if all_out {
            return ("`without` leaves every GPU out".to_owned(), "name the meter `nvml` no more, either".to_owned());
        }
        let told: Vec<&Consumer> =
            self.graphics.nvidia.iter().map(|(_, gpu)| gpu).filter(|gpu| gpu.reason.is_some()).collect();
        // What may be used and cannot be read says more than what is hidden.
        let unreadable = told.iter().find(|gpu| gpu.standing == Standing::Unreadable).or(told.first()).copied();
        let of = |gpu: &Consumer| (gpu.reason.clone().unwrap_or_default(), gpu.remedy.clone());
        let nothing = "see whether `nvidia-smi -L` lists one; a container must be given it".to_owned();
        match (unreadable.map(of), &self.graphics.no_driver) {
            (_, Some((reason, remedy))) => (reason.clone(), remedy.clone()),
            (Some((reason, remedy)), None) => {
                (reason, remedy.unwrap_or_else(|| "name a GPU in it, or unset it".to_owned()))
            }
            (None, None) => ("the driver shows no GPU".to_owned(), nothing),
        }
    }

    /// Whether there is a GPU that is not metered only because it is cut into instances.
    pub(super) fn refuses_instances(&self) -> bool {
        let mut gpus = self.graphics.nvidia.iter();
        gpus.clone().all(|(_, gpu)| gpu.standing != Standing::Metered)
            && gpus.any(|(told, gpu)| told.is_refused && gpu.standing == Standing::Unreadable)
    }

    /// The instances of boards, by their names, with the boards' UUIDs.
    pub(super) fn instances(&self) -> Vec<(String, String)> {
        let pairs = |(told, _): &(graphics::ShownGpu, Consumer)| {
            let board = told.uuid.clone().unwrap_or_default();
            let pieces = told.instances.clone().unwrap_or_default().into_iter();
            let names = pieces.flat_map(|piece: MigInstance| {
                let place = format!("MIG-{board}/{}/{}", piece.gpu_instance, piece.compute_instance);
                [piece.uuid, place]
            });
            names.map(|name| (name, board.clone())).collect::<Vec<_>>()
        };
        self.graphics.nvidia.iter().flat_map(pairs).collect()
    }

    /// Why there is nothing that shows a GPU of NVIDIA's, and what to do about it, where that is so; and whether the driver
    /// itself is missing.
    pub(super) fn no_driver(&self) -> Option<(String, String, bool)> {
        let (reason, remedy) = self.graphics.nvidia.is_empty().then(|| self.no_gpu())?;
        Some((reason, remedy, self.graphics.no_driver.is_some()))
    }

    /// Every consumer with what is known of its figure.
    pub(super) fn conclude(self, places: &Places, opened: &OpenedMeters<'_>) -> Vec<Consumer> {
        let mut consumers: Vec<Consumer> = self.graphics.nvidia.into_iter().map(|(_, gpu)| gpu).collect();
        let in_package = self.graphics.in_package;
        consumers.extend(self.graphics.others);
        consumers.extend(processors::list(&places.rapl(), places, self.surroundings, opened));
        let mut consumers: Vec<Consumer> = consumers.into_iter().map(|consumer| settled(consumer, opened)).collect();
        let is_read =
            |c: &Consumer| matches!(c.kind, DomainKind::Cpu | DomainKind::Platform) && c.standing == Standing::Metered;
        if !consumers.iter().any(is_read) {
            let uncounted = |c: &&mut Consumer| c.standing == Standing::Within && in_package.contains(&c.name);
            for graphics in consumers.iter_mut().filter(uncounted) {
                let reason = "it is a part of the processor's package, whose counter is not read";
                *graphics = graphics.clone().because(Standing::Uncounted, reason);
            }
        }
        consumers
    }
}

/// Whether one of these names means it.
pub(super) fn is_left_out(consumer: &Consumer, without: &[ConsumerName]) -> bool {
    without.iter().any(|name| consumer.is_called(name))
}

/// The consumer as it stands once the meters are open.
fn settled(mut consumer: Consumer, opened: &OpenedMeters<'_>) -> Consumer {
    let is_its = |source: &&EnergySource| {
        let name = ConsumerName::of(&source.domain);
        source.domain == consumer.domain() || (consumer.kind == DomainKind::Gpu && consumer.is_called(&name))
    };
    if let Some(source) = opened.sources.iter().find(is_its) {
        let estimate = source.method == Method::Estimate;
        consumer.standing = if estimate { Standing::Estimated } else { Standing::Metered };
        (consumer.method, consumer.reason, consumer.remedy) = (Some(source.method), None, None);
        consumer.domain = Some(source.domain.clone());
        return consumer;
    }
    let matters = matches!(consumer.standing, Standing::Metered | Standing::Unreadable);
    let is_candidate = !matches!(consumer.standing, Standing::Within | Standing::Unused);
    if let Some(name) = opened.without.iter().find(|name| is_candidate && consumer.is_called(name)) {
        consumer.remedy = None;
        return consumer.because(Standing::LeftOut, format!("`without` names {name}"));
    }
    let is_chosen = match (opened.meters, consumer.kind) {
        (Meters::Auto, _) => true,
        (Meters::List(kinds), DomainKind::Gpu | DomainKind::Accelerator) => kinds.contains(&MeterKind::Nvml),
        (Meters::List(kinds), _) => kinds.iter().any(|kind| *kind != MeterKind::Nvml),
    };
    if matters && !is_chosen {
        consumer.remedy = None;
        return consumer.because(Standing::LeftOut, "`meters` names no meter of it");
    }
    if consumer.standing == Standing::Metered {
        let reason = opened.nvml.as_ref().map_or_else(|| "it could not be opened".to_owned(), EnergyError::with_help);
        return consumer.because(Standing::Unreadable, reason);
    }
    consumer
}

/// What is said of GPUs that are not asked for.
fn unasked() -> DriverAnswer {
    let reason = "`meters` names no meter of it".to_owned();
    DriverAnswer::Fails { reason, remedy: String::new(), is_there: false }
}

#[cfg(feature = "nvml")]
fn ask(places: &Places) -> DriverAnswer {
    use crate::energy::meters::nvml::{BoardListing, ListedBoard, Rung, list};
    use bus::PciAddress;
    use graphics::ShownGpu;

    let note = |rung: Rung, mig_unknown: Option<&str>| match (mig_unknown, rung.method()) {
        (Some(why), _) => {
            Some(format!("whether it is cut into MIG instances is not known ({why}): its figure is the whole board's"))
        }
        (None, Method::PowerIntegral) => Some(format!("it has no energy counter: {}", rung.sampling())),
        (None, _) => rung.of_module().map(|words| format!("its counter is {words}")),
    };
    let told = |board: ListedBoard| ShownGpu {
        index: Some(board.index),
        uuid: board.uuid,
        name: board.name,
        place: board.address.as_deref().and_then(PciAddress::parse),
        is_refused: board.rung.as_ref().is_err_and(|obstacle| obstacle.is_of_instances()),
        way: Some(
            board
                .rung
                .map(|rung| (rung.method(), note(rung, board.mig_unknown.as_deref())))
                .map_err(|obstacle| (obstacle.reason, obstacle.remedy)),
        ),
        instances: board.instances,
        is_denied: board.is_denied,
    };
    match list(places.nvml_library.as_deref(), places.policy()) {
        BoardListing::Boards(boards) => DriverAnswer::Shows(boards.into_iter().map(told).collect()),
        BoardListing::Failed { obstacle, has_driver } => {
            DriverAnswer::Fails { reason: obstacle.reason, remedy: obstacle.remedy, is_there: has_driver }
        }
    }
}

#[cfg(not(feature = "nvml"))]
fn ask(_: &Places) -> DriverAnswer {
    let (reason, remedy) = ("this build leaves NVIDIA GPUs out".to_owned(), "build with the feature `nvml`".to_owned());
    DriverAnswer::Fails { reason, remedy, is_there: false }
}
