//! One process, as `/proc/PID/stat` tells it.

/// A process: its number, and when it started (in ticks since boot), because numbers are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) start: u64,
}

/// What `/proc/PID/stat` says, in clock ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProcessStat {
    pub(super) parent: u32,
    pub(super) start: u64,
    /// User and system time of the process itself, its ended threads included.
    pub(super) own: u64,
    /// The same of its ended children that it waited for, and of theirs.
    pub(super) waited: u64,
    /// Whether it ignores `SIGCHLD`: then the kernel tells it nothing of its ended children.
    pub(super) ignores_ends: bool,
    /// As the kernel keeps it, ended by zeros.
    pub(super) name: [u8; 16],
}

impl ProcessStat {
    /// The fields of <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>. The name (field 2) may hold spaces and
    /// parentheses, so counting begins behind its last one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (begin, end) = (text.find('(')?, text.rfind(')')?);
        let mut name = [0; 16];
        name.iter_mut().zip(text.get(begin + 1..end)?.bytes()).for_each(|(place, byte)| *place = byte);
        let fields: Vec<&str> = text.get(end + 1..)?.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<i64>().ok();
        let ticks = |number: usize| Some(u64::try_from(field(number)?).unwrap_or(0));
        Some(Self {
            parent: u32::try_from(field(4)?).ok()?,
            own: ticks(14)? + ticks(15)?,
            waited: ticks(16)? + ticks(17)?,
            start: ticks(22)?,
            ignores_ends: field(33).is_some_and(|ignored| ignored >> (libc::SIGCHLD - 1) & 1 == 1),
            name,
        })
    }
}

/// What was counted of a process when it was last seen, in microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct ProcessUsage {
    pub(super) parent: Option<Process>,
    pub(super) own: u64,
    pub(super) waited: u64,
    pub(super) ignores_ends: bool,
    pub(super) name: [u8; 16],
}
