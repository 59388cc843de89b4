//! What a piece of work uses.

use std::borrow::Cow;

use crate::energy::gpus::uuid::same_uuid;
use crate::energy::units::{DomainKind, PowerDomain};

/// What a piece of work uses, so that an idle second GPU is not held against it.
///
/// The processor and its memory always count. The estimate that stands in for a missing processor counter counts only if
/// nothing else does: work on a metered GPU of a machine without such a counter is "GPU only", the same work on its
/// processor an estimate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Usage {
    /// All that is metered.
    #[default]
    All,
    /// These GPUs, by UUID, with or without the leading `GPU-`, hyphens and capitals; none for work on the processor alone. An
    /// instance (MIG) stands for its board, where that is [metered as a whole](crate::energy::MigPolicy::WholeBoard).
    Gpus(Vec<String>),
}

impl Usage {
    /// Work on the processor alone.
    #[must_use]
    pub fn cpu() -> Self {
        Self::Gpus(Vec::new())
    }

    /// The same with boards instead of their instances.
    pub(super) fn of_boards(&self, instances: &[(String, String)]) -> Cow<'_, Self> {
        let board = |uuid: &String| {
            let found = instances.iter().find(|(instance, _)| same_uuid(instance, uuid));
            found.map_or_else(|| uuid.clone(), |(_, board)| board.clone())
        };
        match self {
            Self::Gpus(used) if !instances.is_empty() => {
                let mut boards: Vec<String> = used.iter().map(board).collect();
                boards.sort();
                boards.dedup();
                Cow::Owned(Self::Gpus(boards))
            }
            Self::Gpus(_) | Self::All => Cow::Borrowed(self),
        }
    }

    pub(super) fn covers(&self, domain: &PowerDomain) -> bool {
        match self {
            Self::All => true,
            Self::Gpus(used) => domain.kind != DomainKind::Gpu || used.iter().any(|uuid| same_uuid(uuid, &domain.id)),
        }
    }
}
