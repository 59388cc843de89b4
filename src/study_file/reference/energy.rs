//! What is metered, and what joules stand for.

use super::study::ANY_TIME;
use super::{Change, Names, Preset, Table, Values, key};
use crate::carbon::check;

pub(in crate::study_file) static ENERGY: Table = Table {
    name: "energy",
    title: "[energy]",
    about: &[
        "What is metered, and how. By default it is every meter of the machine, and an estimate, marked as such, where there is \
         none. `optimize devices` says what can be metered here.",
        "Limits (`power_limit`, `sm_clock`) are those of all metered GPUs, which are the visible ones (`CUDA_VISIBLE_DEVICES`). To \
         set them takes root's permissions. They are put back after each trial, however it ends but by `kill -9`, and the power \
         at rest is measured without them. A limit that the driver does not permit stops the study before its first trial.",
        "A parameter that is a limit is no setting of the trainer, and is handed to a program like any other. Where its `when` \
         does not hold, the limit is left alone.",
    ],
    example: "[energy]\nidle = \"10s\"\ncool_down = { to = 45, limit = \"2m\" }\n",
    keys: &[
        key(
            "meters",
            Values::Other("\"auto\", a list of some of \"nvml\", \"rapl\" and \"estimate\", or [\"psys\"] alone"),
            Preset::Value("\"auto\""),
            "meters = [\"nvml\", \"rapl\"]",
            "Which meters are used: NVIDIA's GPUs, the processors' counters, an estimate from CPU time, or the whole platform.",
        )
        .more(&[
            "\"rapl\" and \"estimate\" both stand for the processors, so there is one of them. A GPU that tells neither energy \
             nor power has no figure, unless `gpu_estimate` asks for an estimate.",
        ]),
        key(
            "without",
            Values::Other("a list of names, as `optimize devices` has them"),
            Preset::Words("nothing"),
            "without = [\"gpu:1\", \"dram\"]",
            "What is left out of the figures; every total says so.",
        )
        .more(&["A name is that of one device, such as `gpu:1` or `cpu:package-0`, or of a kind, such as `dram`."]),
        key(
            "watts_per_core",
            Values::Above0 { high: 1000.0, unit: "" },
            Preset::Words("by the processor's model; what the study began with"),
            "watts_per_core = 8.0",
            "Watts that the estimate takes for a busy logical processor.",
        ),
        key(
            "idle",
            Values::Duration { low: 1.0, high: 600.0, or: ", or false" },
            Preset::Value("\"10s\""),
            "idle = \"30s\"",
            "How long the power at rest is measured before the first trial of a session, where power is measured; false for not at \
             all.",
        )
        .more(&["Net energy (`.net`) needs it."]),
        key(
            "cool_down",
            Values::Other("a table"),
            Preset::Words("none"),
            "cool_down = { to = 45, limit = \"2m\" }",
            "Wait before each trial until no GPU of the trials is hotter, or the time is over.",
        ),
        key(
            "gpu_estimate",
            Values::Truth,
            Preset::Value("false"),
            "gpu_estimate = true",
            "Whether GPUs that tell neither energy nor power are estimated, as utilisation times power limit.",
        ),
        key(
            "mig",
            Values::Words(&[
                ("refuse", "they are not metered"),
                ("whole-board", "the board is metered, with the work of everybody on it"),
            ]),
            Preset::Value("\"refuse\""),
            "mig = \"whole-board\"",
            "What becomes of GPUs that are cut into instances (MIG), which have one counter for everybody on them.",
        ),
        key(
            "share",
            Values::Truth,
            Preset::Value("false"),
            "share = true",
            "Whether others may use the GPUs too.",
        )
        .more(&[
            "Then figures are this study's part, by utilisation, and less certain; and studies that share a GPU lock it \
             together. Otherwise other programs on the same hardware are metered along.",
        ]),
        key(
            "power_limit",
            Values::Other("a number of watts above zero and at most 100000, or the name of a parameter whose values are watts"),
            Preset::Words("left alone"),
            "power_limit = 250",
            "The power limit of the GPUs in each trial.",
        ),
        key(
            "sm_clock",
            Values::Other("a whole number of MHz above zero and at most 100000, or the name of a parameter whose values are MHz"),
            Preset::Words("left alone"),
            "sm_clock = 1200",
            "The clock at which the GPUs' multiprocessors are held in each trial.",
        ),
    ],
    names: Names::Closed,
    change: Change::OtherStudy,
};

pub(in crate::study_file) static COOL_DOWN: Table = Table {
    name: "energy.cool_down",
    title: "`cool_down` of [energy]",
    about: &["How cool devices are when a trial begins. The wait is no trial's time or energy."],
    example: "[energy]\ncool_down = { to = 45, limit = \"2m\" }\n",
    keys: &[
        key(
            "to",
            Values::Number { low: 10.0, high: 100.0, unit: " degrees Celsius" },
            Preset::Needed,
            "to = 45",
            "The temperature that no metered GPU exceeds.",
        ),
        key("limit", ANY_TIME, Preset::Value("\"2m\""), "limit = \"5m\"", "How long it is waited for at most."),
    ],
    names: Names::Closed,
    change: Change::OtherStudy,
};

const LINE: Values = Values::Other("a line of at most 120 characters");

pub(in crate::study_file) static CARBON: Table = Table {
    name: "carbon",
    title: "[carbon]",
    about: &[
        "What joules stand for in the outputs: grams of CO2e and money. They are computed when they are shown, as kWh times \
         intensity, or price, times PUE; they are in no record.",
        "Without `intensity` it is 475 g/kWh, the average of the world in 2018 by the IEA. Countries differ widely from it, and \
         it falls: give your own.",
    ],
    example: "[carbon]\nintensity = 350\nsource = \"my supplier's label\"\npue = 1.2\nprice = 0.32\ncurrency = \"EUR\"\n",
    keys: &[
        key(
            "intensity",
            Values::Other(check::INTENSITY),
            Preset::Words("475, the world's"),
            "intensity = 350",
            "Grams of CO2e per kWh of your electricity.",
        ),
        key(
            "source",
            LINE,
            Preset::Words("must be given beside `intensity`"),
            "source = \"my supplier's label\"",
            "Where that figure comes from; it stands beside every gram.",
        ),
        key("date", LINE, Preset::Words("none"), "date = \"2026-10\"", "When the figure held."),
        key(
            "pue",
            Values::Other(check::PUE),
            Preset::Value("1"),
            "pue = 1.2",
            "Power usage effectiveness of the data centre: all its energy over that of its computers.",
        ),
        key(
            "price",
            Values::Other(check::PRICE),
            Preset::Words("none"),
            "price = 0.32",
            "What a kWh costs, in `currency`.",
        ),
        key(
            "currency",
            Values::Other("at most 10 characters"),
            Preset::Words("must be given beside `price`"),
            "currency = \"EUR\"",
            "The currency of `price`.",
        ),
    ],
    names: Names::Closed,
    change: Change::Free,
};
