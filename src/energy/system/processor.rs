//! Which processor this is, by `/proc/cpuinfo`.

use std::fs;
use std::path::Path;

/// The first processor that `/proc/cpuinfo` lists. What it does not say is empty or zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Processor {
    /// `GenuineIntel`, `AuthenticAMD`.
    pub(crate) vendor: String,
    /// The family, by Intel's and AMD's own counting.
    pub(crate) family: u32,
    /// The model within the family.
    pub(crate) model: u32,
    /// The revision of the model.
    pub(crate) stepping: u32,
    /// For people: `AMD EPYC 7763 64-Core Processor`.
    pub(crate) name: String,
}

impl Processor {
    /// By the `/proc` at `proc`.
    pub(crate) fn of(proc: &Path) -> Self {
        Self::parse(&fs::read_to_string(proc.join("cpuinfo")).unwrap_or_default())
    }

    fn parse(cpuinfo: &str) -> Self {
        let first = cpuinfo.split("\n\n").next().unwrap_or_default();
        let field = |wanted: &str| {
            let pairs = first.lines().filter_map(|line| line.split_once(':'));
            pairs.into_iter().find(|(key, _)| key.trim() == wanted).map(|(_, value)| value.trim()).unwrap_or_default()
        };
        Self {
            vendor: field("vendor_id").to_owned(),
            family: field("cpu family").parse().unwrap_or(0),
            model: field("model").parse().unwrap_or(0),
            stepping: field("stepping").parse().unwrap_or(0),
            name: field("model name").to_owned(),
        }
    }

    /// Whether Intel made it.
    pub(crate) fn is_intel(&self) -> bool {
        self.vendor == "GenuineIntel"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cpuinfo_says_is_read_and_what_it_does_not_say_is_empty() {
        let text = "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC 7763 \
                    64-Core Processor\nstepping\t: 1\n\nprocessor\t: 1\nvendor_id\t: Other\n";
        let expected = Processor {
            vendor: "AuthenticAMD".to_owned(),
            family: 25,
            model: 1,
            stepping: 1,
            name: "AMD EPYC 7763 64-Core Processor".to_owned(),
        };
        assert_eq!(Processor::parse(text), expected);
        assert!(!expected.is_intel());
        for text in ["", "\n\n\n", "processor\t: 0\nBogoMIPS\t: 243.75\n", "cpu family : many\nmodel"] {
            assert_eq!(Processor::parse(text), Processor::default(), "{text:?}");
        }
    }
}
