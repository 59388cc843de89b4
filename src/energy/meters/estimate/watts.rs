//! What one busy logical processor of a known server draws.

use crate::energy::system::processor::Processor;

/// The default power of one busy logical processor of a model that is not known, in watts.
///
/// It lies among the figures of common servers. By the `SPECpower_ssj2008` results as of 2026-03-09, a logical
/// processor at full load stands for 4.10 W on Intel Skylake and 4.06 W on Cascade Lake. On Ice Lake it is 3.76 W, and
/// 1.96 W on AMD EPYC Milan. The Cloud Carbon Footprint project averages the results by microarchitecture. It takes the
/// power of the whole server at full load, at the wall, divided by its threads
/// (<https://github.com/cloud-carbon-footprint/ccf-coefficients>, `output/coefficients-aws-use.csv`, "Max Watts").
/// CodeCarbon too takes 4 W per thread for a processor that it does not know (<https://github.com/mlco2/codecarbon>,
/// `core/cpu.py`).
///
/// The Xeon and EPYC processors of that table, but for EPYC Turin, have a figure of their own: see [`watts_per_core`].
/// Laptops draw more per core when few are busy, and all of it varies with clock and instructions: such a figure ranks
/// settings by CPU time, and its joules may be off by a factor of two or three.
pub const DEFAULT_WATTS_PER_CORE: f64 = 4.0;

/// The power that an estimate on this machine takes for one busy logical processor unless it is told another, in watts: a
/// function of the processor's model alone, [`DEFAULT_WATTS_PER_CORE`] where that is not known.
///
/// ```
/// assert!((1.0..10.0).contains(&wattfront::energy::watts_per_core()));
/// ```
#[must_use]
pub fn watts_per_core() -> f64 {
    WattsPerCore::of(&Processor::of("/proc".as_ref())).watts
}

/// Watts per busy logical processor, and where they come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WattsPerCore {
    pub(crate) watts: f64,
    /// In words, such as `for Intel Ice Lake, by SPECpower_ssj2008`.
    pub(crate) origin: String,
}

impl WattsPerCore {
    /// Of this processor.
    pub(crate) fn of(processor: &Processor) -> Self {
        match TABLE.iter().find(|row| row.is(processor)) {
            Some(row) => Self { watts: row.watts, origin: format!("for {}, by SPECpower_ssj2008", row.what) },
            None => Self {
                watts: DEFAULT_WATTS_PER_CORE,
                origin: "the default for a processor whose own figure is not known".to_owned(),
            },
        }
    }

    /// As somebody wished.
    pub(crate) fn set(watts: f64) -> Self {
        Self { watts, origin: "as set".to_owned() }
    }
}

/// The processors of one microarchitecture.
struct Row {
    what: &'static str,
    /// A part of the name, which desktop processors of the same model lack.
    brand: &'static str,
    family: u32,
    models: &'static [u32],
    steppings: std::ops::RangeInclusive<u32>,
    watts: f64,
}

impl Row {
    fn is(&self, processor: &Processor) -> bool {
        processor.name.contains(self.brand)
            && processor.family == self.family
            && self.models.contains(&processor.model)
            && self.steppings.contains(&processor.stepping)
    }
}

const ANY: std::ops::RangeInclusive<u32> = 0..=u32::MAX;

const fn xeon(what: &'static str, models: &'static [u32], watts: f64) -> Row {
    Row { what, brand: "Xeon", family: 6, models, steppings: ANY, watts }
}

const fn epyc(what: &'static str, family: u32, model: &'static [u32], watts: f64) -> Row {
    Row { what, brand: "EPYC", family, models: model, steppings: ANY, watts }
}

/// Figures: the source of [`DEFAULT_WATTS_PER_CORE`], rounded to 0.01 W. Its mean for EPYC Turin, 8.96 W, is left out: four
/// times that of the generation before, with half of its memory, it is hardly of the same kind of server. So are its ARM
/// processors, whose figures it takes from EPYC Rome.
///
/// Models: `arch/x86/include/asm/intel-family.h` of Linux; those of AMD and the steppings, by which Skylake and Cascade Lake
/// differ, `data/cpus.yaml` of <https://github.com/sustainable-computing-io/kepler>.
const TABLE: &[Row] = &[
    xeon("Intel Sandy Bridge", &[0x2d], 8.63),
    xeon("Intel Ivy Bridge", &[0x3e], 5.56),
    xeon("Intel Haswell", &[0x3f], 5.60),
    xeon("Intel Broadwell", &[0x4f, 0x56], 3.69),
    Row { steppings: 0..=4, ..xeon("Intel Skylake", &[0x55], 4.10) },
    Row { steppings: 5..=7, ..xeon("Intel Cascade Lake", &[0x55], 4.06) },
    Row { steppings: 10..=13, ..xeon("Intel Coffee Lake", &[0x9e], 5.42) },
    xeon("Intel Ice Lake", &[0x6a, 0x6c], 3.76),
    xeon("Intel Sapphire Rapids", &[0x8f], 4.16),
    xeon("Intel Emerald Rapids", &[0xcf], 4.48),
    xeon("Intel Granite Rapids", &[0xad], 2.53),
    epyc("AMD EPYC Naples", 23, &[1], 2.60),
    epyc("AMD EPYC Rome", 23, &[49], 1.69),
    epyc("AMD EPYC Milan", 25, &[1], 1.96),
    epyc("AMD EPYC Genoa", 25, &[17], 2.28),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(name: &str, family: u32, model: u32, stepping: u32) -> f64 {
        WattsPerCore::of(&Processor { family, model, stepping, name: name.to_owned(), ..Processor::default() }).watts
    }

    #[test]
    fn servers_are_known_by_family_model_and_stepping() {
        assert_eq!(figure("Intel(R) Xeon(R) Platinum 8175M CPU @ 2.50GHz", 6, 85, 4), 4.10);
        assert_eq!(figure("Intel(R) Xeon(R) Platinum 8275CL CPU @ 3.00GHz", 6, 85, 7), 4.06);
        assert_eq!(figure("Intel(R) Xeon(R) Processor", 6, 207, 2), 4.48);
        assert_eq!(figure("AMD EPYC 7763 64-Core Processor", 25, 1, 1), 1.96);
        assert_eq!(figure("AMD EPYC-Rome Processor", 23, 49, 0), 1.69);
    }

    #[test]
    fn what_is_not_in_the_table_has_the_default_and_says_so() {
        for (name, family, model, stepping) in [
            ("", 0, 0, 0),
            ("Intel(R) Core(TM) i9-7900X CPU @ 3.30GHz", 6, 85, 4),
            ("Intel(R) Xeon(R) Platinum 8380H CPU @ 2.90GHz", 6, 85, 11),
            ("AMD Ryzen 7 1800X Eight-Core Processor", 23, 1, 1),
            ("AMD Ryzen Threadripper 3990X 64-Core Processor", 23, 49, 0),
            ("AMD EPYC 9755 128-Core Processor", 26, 2, 1),
        ] {
            assert_eq!(figure(name, family, model, stepping), DEFAULT_WATTS_PER_CORE, "{name}");
        }
        assert!(WattsPerCore::of(&Processor::default()).origin.contains("default"));
    }

    #[test]
    fn no_two_rows_are_about_one_processor() {
        for (i, row) in TABLE.iter().enumerate() {
            for model in row.models {
                let stepping = *row.steppings.start();
                let name = row.brand.to_owned();
                let processor = Processor { family: row.family, model: *model, stepping, name, ..Processor::default() };
                let rows: Vec<_> =
                    TABLE.iter().enumerate().filter(|(_, row)| row.is(&processor)).map(|r| r.0).collect();
                assert_eq!(rows, [i], "{}", row.what);
            }
        }
    }
}
