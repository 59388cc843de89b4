//! Which GPUs a CUDA program can use at all: what `CUDA_VISIBLE_DEVICES` and `CUDA_DEVICE_ORDER` leave of the machine's.
//!
//! | `CUDA_VISIBLE_DEVICES` | visible |
//! |---|---|
//! | not set | all |
//! | empty, or `-1` first | none |
//! | `2,0` | these, in this order, counted as `CUDA_DEVICE_ORDER` says |
//! | `GPU-8932f937,GPU-1c` | these; the beginning of a UUID is enough if it is one GPU's only |
//! | `MIG-<UUID>`, `MIG-GPU-<UUID>/<GPU instance>/<compute instance>` | this instance |
//!
//! From the first entry on that means no GPU, or not one alone, or is of another kind than the first, all entries are
//! ignored. An entry that is there twice makes the list empty, as PyTorch has found out (`torch.cuda`,
//! `_parse_visible_devices`). Without `CUDA_DEVICE_ORDER=PCI_BUS_ID` CUDA counts from the fastest GPU on, by a heuristic of
//! its own. Where all GPUs have the same name that is taken for the order of the bus; where not, a number says nothing.
//!
//! Of instances (MIG) a program sees one, and no whole GPU beside it; a GPU that is cut into instances stands for its
//! first.
//!
//! References: [CUDA programming guide, environment variables](
//! https://docs.nvidia.com/cuda/cuda-programming-guide/05-appendices/environment-variables.html), and
//! [MIG user guide, device enumeration](https://docs.nvidia.com/datacenter/tesla/mig-user-guide/mig-device-names.html).

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::mig::MigInstance;

/// A GPU of the machine, and what it is called by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuIdentity {
    /// Such as `GPU-8932f937-d72c-4106-c12f-20bd9faed9f6`.
    pub uuid: String,
    /// Such as `00000000:3B:00.0`.
    pub pci_bus_id: String,
    /// Such as `NVIDIA H200`.
    pub name: String,
    /// The instances that it is cut into (MIG); `None` if it is whole.
    pub instances: Option<Vec<MigInstance>>,
}

/// What a program sees.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Visible {
    /// In the order in which CUDA counts them, if [`ordered`](Self::ordered).
    pub gpus: Vec<VisibleGpu>,
    /// Whether their order is known.
    pub ordered: bool,
}

/// A GPU that a program can use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VisibleGpu {
    /// The UUID of the board, by which it is metered.
    pub uuid: String,
    /// The UUID of the instance, if that is all that the program sees of it.
    pub instance: Option<String>,
}

/// Why it cannot be told which GPUs are visible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VisibleError {
    /// A GPU is chosen by a number in an order that only CUDA knows.
    #[error(
        "CUDA_VISIBLE_DEVICES = `{devices}` counts GPUs from the fastest on, and this machine has different ones ({}): \
         which are meant cannot be told",
        names.join(", ")
    )]
    OrderUnknown {
        /// The value of `CUDA_VISIBLE_DEVICES`, empty if it is not set.
        devices: String,
        /// The names of the machine's GPUs.
        names: Vec<String>,
    },
}

impl VisibleError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::OrderUnknown { .. } => Some(Cow::Borrowed(
                "set CUDA_DEVICE_ORDER=PCI_BUS_ID too, or name them by the UUIDs of `nvidia-smi -L`",
            )),
        }
    }
}

/// The GPUs of `boards` that a program sees whose environment has these values of `CUDA_VISIBLE_DEVICES` and
/// `CUDA_DEVICE_ORDER`, `None` for one that is not set.
///
/// # Errors
///
/// [`VisibleError::OrderUnknown`] for some of several different GPUs by their number, without `PCI_BUS_ID`.
pub fn visible_gpus(
    devices: Option<&str>,
    device_order: Option<&str>,
    boards: &[GpuIdentity],
) -> Result<Visible, VisibleError> {
    let mut boards: Vec<&GpuIdentity> = boards.iter().collect();
    boards.sort_by_key(|board| address(&board.pci_bus_id));
    let names: BTreeSet<&str> = boards.iter().map(|board| board.name.as_str()).collect();
    let known = device_order == Some("PCI_BUS_ID") || names.len() <= 1;
    let unknown = || VisibleError::OrderUnknown {
        devices: devices.unwrap_or_default().to_owned(),
        names: boards.iter().map(|board| board.name.clone()).collect(),
    };

    let mut ordered = true;
    let places: Vec<VisiblePlace> = match devices {
        None => {
            ordered = known;
            (0..boards.len()).map(|board| VisiblePlace { board, instance: None }).collect()
        }
        Some(list) => {
            let (places, counted) = listed(list, &boards);
            if counted && !known {
                // All of them are all of them, in whatever order.
                ordered = places.is_empty();
                if !places.is_empty() && places.len() < boards.len() {
                    return Err(unknown());
                }
            }
            places
        }
    };

    let mut whole = Vec::new();
    let mut pieces = Vec::new();
    for VisiblePlace { board, instance } in places {
        let board = boards[board];
        match (&board.instances, instance) {
            (None, _) => whole.push(VisibleGpu { uuid: board.uuid.clone(), instance: None }),
            (Some(all), chosen) => pieces.extend(
                all.get(chosen.unwrap_or(0))
                    .map(|piece| VisibleGpu { uuid: board.uuid.clone(), instance: Some(piece.uuid.clone()) }),
            ),
        }
    }
    match pieces.len() {
        0 => Ok(Visible { ordered: ordered || whole.len() <= 1, gpus: whole }),
        1 => Ok(Visible { gpus: pieces, ordered: true }),
        _ if !ordered => Err(unknown()),
        _ => Ok(Visible { gpus: pieces.into_iter().take(1).collect(), ordered: true }),
    }
}

/// A board by its place on the bus, and one of its instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct VisiblePlace {
    board: usize,
    instance: Option<usize>,
}

/// The kinds of entries, of which a list has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryKind {
    Number,
    Gpu,
    Instance,
}

/// What the list means up to the first entry that means nothing, and whether it goes by numbers.
fn listed(list: &str, boards: &[&GpuIdentity]) -> (Vec<VisiblePlace>, bool) {
    let kind_of = |entry: &str| match entry {
        entry if entry.starts_with("GPU-") => EntryKind::Gpu,
        entry if entry.starts_with("MIG-") => EntryKind::Instance,
        _ => EntryKind::Number,
    };
    let entries = list.split(',').map(str::trim);
    let mut kind = None;
    let mut places = Vec::new();
    for entry in entries {
        let own = kind_of(entry);
        if *kind.get_or_insert(own) != own {
            break;
        }
        let place = match own {
            EntryKind::Number => numbered(entry, boards.len()),
            EntryKind::Gpu => only(boards.iter().map(|board| board.uuid.as_str()), entry),
            EntryKind::Instance => match instance(entry, boards) {
                Some(place) if places.contains(&place) => return (Vec::new(), false),
                Some(place) => {
                    places.push(place);
                    continue;
                }
                None => break,
            },
        };
        let Some(board) = place else { break };
        let place = VisiblePlace { board, instance: None };
        if places.contains(&place) {
            return (Vec::new(), kind == Some(EntryKind::Number));
        }
        places.push(place);
    }
    (places, kind == Some(EntryKind::Number))
}

/// CUDA reads numbers as C does: as many digits as there are.
fn numbered(entry: &str, count: usize) -> Option<usize> {
    let digits = entry.find(|c: char| !c.is_ascii_digit()).map_or(entry, |end| &entry[..end]);
    digits.parse().ok().filter(|number| *number < count)
}

/// The place of the only UUID that begins like this.
fn only<'a>(uuids: impl Iterator<Item = &'a str>, beginning: &str) -> Option<usize> {
    let mut found = uuids.enumerate().filter(|(_, uuid)| uuid.starts_with(beginning)).map(|(place, _)| place);
    found.next().filter(|_| found.next().is_none())
}

fn instance(entry: &str, boards: &[&GpuIdentity]) -> Option<VisiblePlace> {
    let pieces = |board: usize| boards[board].instances.iter().flatten().enumerate();
    let mut all = (0..boards.len()).flat_map(|board| pieces(board).map(move |(place, piece)| (board, place, piece)));
    if let Some(path) = entry.strip_prefix("MIG-").filter(|path| path.starts_with("GPU-")) {
        let mut parts = path.split('/');
        let (uuid, numbers) = (parts.next()?, (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?));
        let is_it = |(board, _, piece): &(usize, usize, &MigInstance)| {
            boards[*board].uuid == uuid && (piece.gpu_instance, piece.compute_instance) == numbers
        };
        let (board, place, _) = all.find(is_it).filter(|_| parts.next().is_none())?;
        return Some(VisiblePlace { board, instance: Some(place) });
    }
    let mut found = all.filter(|(_, _, piece)| piece.uuid.starts_with(entry));
    let (board, place, _) = found.next().filter(|_| found.next().is_none())?;
    Some(VisiblePlace { board, instance: Some(place) })
}

/// `domain:bus:device.function` in numbers; what cannot be read comes last.
fn address(text: &str) -> Option<[u32; 4]> {
    let mut parts = text.split([':', '.']).map(|part| u32::from_str_radix(part, 16).ok());
    let mut next = || parts.next().flatten();
    Some([next()?, next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(uuid: &str, bus: &str, name: &str) -> GpuIdentity {
        let pci_bus_id = format!("00000000:{bus}:00.0");
        GpuIdentity { uuid: uuid.to_owned(), pci_bus_id, name: name.to_owned(), instances: None }
    }

    fn cut(mut board: GpuIdentity, pieces: &[(&str, u32, u32)]) -> GpuIdentity {
        let piece = |(uuid, gpu_instance, compute_instance): &(&str, u32, u32)| MigInstance {
            uuid: (*uuid).to_owned(),
            gpu_instance: *gpu_instance,
            compute_instance: *compute_instance,
        };
        board.instances = Some(pieces.iter().map(piece).collect());
        board
    }

    /// Three alike, not in the order of the bus.
    fn alike() -> Vec<GpuIdentity> {
        vec![board("GPU-c3", "8A", "H200"), board("GPU-a1", "0B", "H200"), board("GPU-a2", "3C", "H200")]
    }

    fn different() -> Vec<GpuIdentity> {
        vec![board("GPU-a1", "0B", "T4"), board("GPU-a2", "3C", "H200")]
    }

    fn told(visible: &Visible) -> String {
        let shown = |gpu: &VisibleGpu| gpu.instance.as_ref().map_or(gpu.uuid.clone(), |i| format!("{}:{i}", gpu.uuid));
        visible.gpus.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    fn check(boards: &[GpuIdentity], order: Option<&str>, table: &[(Option<&str>, &str)]) {
        for (devices, expected) in table {
            let visible = visible_gpus(*devices, order, boards).unwrap();
            assert_eq!((told(&visible).as_str(), visible.ordered), (*expected, true), "{devices:?}");
        }
    }

    #[test]
    fn gpus_that_are_alike_are_counted_along_the_bus() {
        let table = [
            (None, "GPU-a1 GPU-a2 GPU-c3"),
            (Some(""), ""),
            (Some(" "), ""),
            (Some("-1"), ""),
            (Some("none"), ""),
            (Some("NoDevFiles"), ""),
            (Some("0"), "GPU-a1"),
            (Some("2,0"), "GPU-c3 GPU-a1"),
            (Some(" 1 , 2 "), "GPU-a2 GPU-c3"),
            (Some("0,2,-1,1"), "GPU-a1 GPU-c3"),
            (Some("0,3,1"), "GPU-a1"),
            (Some("3"), ""),
            (Some("1,,2"), "GPU-a2"),
            (Some("0,0"), ""),
            (Some("1,2,1"), ""),
            (Some("1gpu2,2ampere"), "GPU-a2 GPU-c3"),
            (Some("+1"), ""),
            (Some("99999999999999999999999"), ""),
            (Some("GPU-c3"), "GPU-c3"),
            (Some("GPU-c"), "GPU-c3"),
            (Some("GPU-c,GPU-a2"), "GPU-c3 GPU-a2"),
            (Some("GPU-a,GPU-c"), ""),
            (Some("GPU-c,GPU-a,GPU-a2"), "GPU-c3"),
            (Some("GPU-c,GPU-c3"), ""),
            (Some("GPU-x"), ""),
            (Some("GPU-c3,1"), "GPU-c3"),
            (Some("1,GPU-c3"), "GPU-a2"),
            (Some("c3"), ""),
            (Some("MIG-c3"), ""),
        ];
        check(&alike(), None, &table);
        check(&alike(), Some("PCI_BUS_ID"), &table);
        check(&alike(), Some("FASTEST_FIRST"), &table);
    }

    #[test]
    fn numbers_of_different_gpus_mean_something_only_along_the_bus() {
        let boards = different();
        check(
            &boards,
            Some("PCI_BUS_ID"),
            &[(Some("1"), "GPU-a2"), (Some("1,0"), "GPU-a2 GPU-a1"), (None, "GPU-a1 GPU-a2")],
        );
        for order in [None, Some("FASTEST_FIRST"), Some("pci_bus_id")] {
            let error = visible_gpus(Some("1"), order, &boards).unwrap_err();
            assert!(error.to_string().contains("T4, H200"), "{error}");
            assert!(error.help().unwrap().contains("CUDA_DEVICE_ORDER=PCI_BUS_ID"), "{error:?}");
            assert!(visible_gpus(Some("0,7"), order, &boards).is_err());
            // All are visible, and only their order is not known.
            for devices in [None, Some("1,0"), Some("0,1,7")] {
                let visible = visible_gpus(devices, order, &boards).unwrap();
                assert_eq!((visible.gpus.len(), visible.ordered), (2, false));
            }
            // UUIDs and no GPU at all need no order.
            check(&boards, order, &[(Some("GPU-a2,GPU-a1"), "GPU-a2 GPU-a1"), (Some("-1"), ""), (Some("0,0"), "")]);
        }
        check(&boards[..1], None, &[(Some("0"), "GPU-a1"), (None, "GPU-a1")]);
        check(&[], None, &[(Some("0"), ""), (None, "")]);
    }

    #[test]
    fn of_instances_one_is_seen_and_no_whole_gpu_beside_it() {
        let boards = [
            board("GPU-a1", "0B", "A100"),
            cut(board("GPU-b2", "3C", "A100"), &[("MIG-77", 1, 0), ("MIG-78", 2, 0), ("MIG-9a", 2, 1)]),
            cut(board("GPU-c3", "8A", "A100"), &[]),
        ];
        let table = [
            (None, "GPU-b2:MIG-77"),
            (Some("0"), "GPU-a1"),
            (Some("1"), "GPU-b2:MIG-77"),
            (Some("0,1"), "GPU-b2:MIG-77"),
            (Some("2"), ""),
            (Some("GPU-b2"), "GPU-b2:MIG-77"),
            (Some("MIG-78"), "GPU-b2:MIG-78"),
            (Some("MIG-9"), "GPU-b2:MIG-9a"),
            (Some("MIG-7"), ""),
            (Some("MIG-78,MIG-77"), "GPU-b2:MIG-78"),
            (Some("MIG-78,MIG-78"), ""),
            (Some("MIG-GPU-b2/2/1"), "GPU-b2:MIG-9a"),
            (Some("MIG-GPU-b2/2/7"), ""),
            (Some("MIG-GPU-b2/2"), ""),
            (Some("MIG-GPU-b2/2/1/0"), ""),
            (Some("MIG-GPU-b2/two/1"), ""),
            (Some("MIG-GPU-a1/1/0"), ""),
            (Some("MIG-"), ""),
        ];
        check(&boards, None, &table);
    }

    #[test]
    fn which_of_several_instances_comes_first_is_not_guessed_among_different_gpus() {
        let boards = [
            cut(board("GPU-a1", "0B", "A30"), &[("MIG-1", 1, 0)]),
            cut(board("GPU-b2", "3C", "H100"), &[("MIG-2", 1, 0)]),
        ];
        assert!(visible_gpus(None, None, &boards).is_err());
        check(&boards, Some("PCI_BUS_ID"), &[(None, "GPU-a1:MIG-1"), (Some("1"), "GPU-b2:MIG-2")]);
        check(&boards, None, &[(Some("MIG-2"), "GPU-b2:MIG-2")]);
    }
}
