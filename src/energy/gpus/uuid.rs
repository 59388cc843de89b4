//! UUIDs of GPUs and of their instances.

/// Whether two UUIDs are one, with or without the leading `GPU-` or `MIG-`, hyphens and capitals.
pub(crate) fn same_uuid(one: &str, other: &str) -> bool {
    let bare = |uuid: &str| {
        let lower = uuid.trim().to_ascii_lowercase();
        lower.trim_start_matches("mig-").trim_start_matches("gpu-").replace('-', "")
    };
    bare(one) == bare(other)
}
