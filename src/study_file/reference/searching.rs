//! What is searched, and for what.

use super::{Change, Names, Preset, Table, Values, key};

const NUMBER: Values = Values::Other("a number, in the metric's own units");
const METRIC: Values = Values::Other("the name of a metric");

/// Linear or logarithmic.
const SCALES: Values = Values::Words(&[
    ("log", "a factor counts the same everywhere; for what is above zero"),
    ("linear", "a step counts the same everywhere"),
]);

pub(in crate::study_file) static OBJECTIVE: Table = Table {
    name: "objective",
    title: "[[objective]]",
    about: &[
        "What is to be as good as can be, a section for each. Two are usual: a quality, and `energy`. The sampler `gp` takes \
         up to four, others any number.",
        "The front is what no other trial beats in all objectives at once.",
    ],
    example: "[[objective]]\nmetric = \"accuracy\"\ngoal = \"maximize\"\n\n[[objective]]\nmetric = \"energy\"\ngoal = \"minimize\"\nscale = \"log\"\n",
    keys: &[
        key("metric", METRIC, Preset::Needed, "metric = \"accuracy\"", "A number that trials report, or that is metered.")
            .more(&[
                "Of your own program it is a name in the JSON line that the program prints, such as `{\"accuracy\": 0.93}`. The \
                 built-in trainer reports `accuracy` and `validation_loss`, or `r2` and `rmse` where numbers are predicted. The \
                 test part of the data is looked at once, at the end: `test_accuracy` can be no objective.",
                "`energy` is metered, in joules: `energy[.PHASE][.HARDWARE][.net]`. A phase is what the program marks with \
                 `{\"begin\": \"train\"}` and `{\"end\": \"train\"}`; hardware is `gpu`, `cpu` or `dram`; `.net` leaves out \
                 what the hardware draws at rest. So `energy.gpu`, `energy.train` and `energy.train.gpu.net` are metrics. \
                 `energy.infer.per_1000` is that of 1,000 samples of the phase `infer`, where the trial reports \
                 `infer_samples`.",
            ]),
        key(
            "goal",
            Values::Words(&[("maximize", "more is better"), ("minimize", "less is better")]),
            Preset::Needed,
            "goal = \"maximize\"",
            "What is wanted of it.",
        ),
        key("scale", SCALES, Preset::Value("\"linear\""), "scale = \"log\"", "How differences count.").more(&[
            "With `log` a saving of half counts the same at 10 J and at 10 kJ. Net energy has no logarithm: it can be below \
             zero.",
        ]),
        key(
            "reference",
            NUMBER,
            Preset::Words("inferred from the first trials"),
            "reference = 0.9",
            "The worst value that is still of use: the search looks for better ones.",
        )
        .more(&["It is this objective's coordinate of the hypervolume's reference point. On a log scale it is above zero."]),
    ],
    names: Names::Closed,
    change: Change::OtherStudy,
};

pub(in crate::study_file) static CONSTRAINT: Table = Table {
    name: "constraint",
    title: "[[constraint]]",
    about: &[
        "Which trials count. One that breaks a constraint has finished and teaches the sampler, but is on no front.",
        "Each needs `at_least`, `at_most` or both.",
    ],
    example: "[[constraint]]\nmetric = \"accuracy\"\nat_least = 0.5\n",
    keys: &[
        key(
            "metric",
            METRIC,
            Preset::Needed,
            "metric = \"accuracy\"",
            "What is bounded: an objective's metric, or any other that trials report or that is metered.",
        ),
        key("at_least", NUMBER, Preset::Words("no bound"), "at_least = 0.5", "The least that is allowed."),
        key("at_most", NUMBER, Preset::Words("no bound"), "at_most = 2000", "The most that is allowed."),
    ],
    names: Names::Closed,
    change: Change::OtherStudy,
};

pub(in crate::study_file) static PREFERENCE: Table = Table {
    name: "preference",
    title: "[preference]",
    about: &[
        "Which part of the front matters, and how much each objective counts. It hides nothing: it directs the search, and the \
         recommended trial comes from that part of the front.",
        "A preference that changes is noted in the record, and holds from there on.",
    ],
    example: "[preference]\naccuracy = { at_least = 0.93 }\nenergy = { at_most = 2000, weight = 2 }\n",
    keys: &[],
    names: Names::Open("the metrics of objectives; one with a dot stands in quotation marks"),
    change: Change::Free,
};

pub(in crate::study_file) static PREFERRED: Table = Table {
    name: "preference.METRIC",
    title: "an objective of [preference]",
    about: &["What is preferred of one objective: a bound on its bad side, a weight, or both."],
    example: "[preference]\naccuracy = { at_least = 0.93, weight = 2 }\n",
    keys: &[
        key(
            "at_least",
            NUMBER,
            Preset::Words("no bound"),
            "at_least = 0.93",
            "The least that is of interest, of what is maximized.",
        ),
        key(
            "at_most",
            NUMBER,
            Preset::Words("no bound"),
            "at_most = 2000",
            "The most that is of interest, of what is minimized.",
        ),
        key(
            "weight",
            Values::Number { low: 1e-9, high: 1e9, unit: "" },
            Preset::Value("1"),
            "weight = 2",
            "How much the objective counts beside the others; only the ratio of weights matters.",
        ),
    ],
    names: Names::Closed,
    change: Change::Free,
};

pub(in crate::study_file) static SPACE: Table = Table {
    name: "space",
    title: "[space]",
    about: &[
        "What is searched: a line for each parameter, at most 1,000 of them. At least one is needed.",
        "With `[command]` a parameter is what your program gets: `{learning_rate}` in `argv`, and the environment variable \
         `WATTFRONT_LEARNING_RATE`. With `[train]` it is a setting of the trainer, or a limit of `[energy]`.",
    ],
    example: "[space]\nlearning_rate = { float = [1e-5, 1e-1], scale = \"log\" }\nbatch_size = { choice = [16, 32, 64] }\nwidth = { int = [8, 128], scale = \"log\" }\noptimizer = { choice = [\"sgd\", \"adam\"] }\nmomentum = { float = [0.0, 0.99], when = { optimizer = \"sgd\" } }\n",
    keys: &[],
    names: Names::Open(
        "names of parameters: letters, digits and `_`, at most 200; not `trial`, `seed`, `attempt` or `energy`, and no two that \
         differ only by case",
    ),
    change: Change::OtherStudy,
};

pub(in crate::study_file) static PARAMETER: Table = Table {
    name: "space.PARAMETER",
    title: "a parameter of [space]",
    about: &["One parameter. It has one of `float`, `int` and `choice`."],
    example: "[space]\ndropout = { float = [0.0, 0.5], step = 0.1 }\n",
    keys: &[
        key(
            "float",
            Values::Other("two numbers, the lowest and the highest value"),
            Preset::Words("one of the three is needed"),
            "float = [1e-5, 1e-1]",
            "A range of numbers, both ends included.",
        ),
        key(
            "int",
            Values::Other("two whole numbers, the lowest and the highest value"),
            Preset::Words("one of the three is needed"),
            "int = [8, 128]",
            "A range of whole numbers, both ends included.",
        ),
        key(
            "choice",
            Values::Other("strings, finite numbers, truth values, lists of these or `{ none = true }`"),
            Preset::Words("one of the three is needed"),
            "choice = [16, 32, 64]",
            "A list of values. Numbers have an order, other values have none.",
        )
        .more(&[
            "Values are kept as they are written: of `[16, 32, 1e2]` a program gets `16`, `32` and `100.0`. Values that it \
             could not tell apart are refused, such as `[\"1\", 1]`. `{ none = true }` is no value at all: the argument is left \
             out, and JSON has null there.",
        ]),
        key("scale", SCALES, Preset::Value("\"linear\""), "scale = \"log\"", "How a range is searched; not for a choice.")
            .more(&["Take `log` where a factor of two matters as much at the low end as at the high end, as of a learning rate."]),
        key(
            "step",
            Values::Other("a number above zero"),
            Preset::Words("1 of `int`, none of `float`"),
            "step = 0.01",
            "The distance between the values of a range; not for a choice, nor for a `float` on a log scale.",
        )
        .more(&[
            "Values of a `float` with a step are decimals of its low end and its step: 0.3, and not 0.30000000000000004. They \
             are known in either spelling wherever a value is named.",
        ]),
        key(
            "when",
            Values::Other("a table of other parameters, each with a value or a list of values"),
            Preset::Words("always"),
            "when = { optimizer = [\"sgd\", \"rmsprop\"] }",
            "Where the parameter is active; of several conditions all must hold.",
        )
        .more(&["Elsewhere it has no value: an argument that names it is left out."]),
        key(
            "was",
            Values::Other("one of the parameter's values"),
            Preset::Words("not known"),
            "was = 0.05",
            "The value that it had in trials of earlier studies, which did not search it.",
        )
        .more(&["So a study with a new parameter learns from the trials that it had before."])
        .changes(Change::Free),
        key(
            "prior",
            Values::Other("of a range a table; of a choice a weight for each value, zero or above"),
            Preset::Words("none"),
            "prior = { around = 1e-3, spread = 3 }",
            "Where you expect the best values; a wrong one costs some trials.",
        )
        .more(&["Only the sampler `gp` makes use of it."]),
    ],
    names: Names::Closed,
    change: Change::OtherStudy,
};

pub(in crate::study_file) static WHEN: Table = Table {
    name: "space.PARAMETER.when",
    title: "`when` of a parameter",
    about: &["Which values other parameters must have for this one to be active."],
    example: "[space]\noptimizer = { choice = [\"sgd\", \"adam\"] }\nmomentum = { float = [0.0, 0.99], when = { optimizer = \"sgd\" } }\n",
    keys: &[],
    names: Names::Open("other parameters of `[space]`"),
    change: Change::OtherStudy,
};

pub(in crate::study_file) static PRIOR: Table = Table {
    name: "space.PARAMETER.prior",
    title: "`prior` of a parameter",
    about: &["Where the best values of a range are expected: a normal distribution, on the scale of the parameter."],
    example: "[space]\nlearning_rate = { float = [1e-5, 1e-1], scale = \"log\", prior = { around = 1e-3, spread = 3 } }\n",
    keys: &[
        key(
            "around",
            Values::Other("a number within the range"),
            Preset::Needed,
            "around = 1e-3",
            "The value that is expected to be best.",
        ),
        key(
            "spread",
            Values::Other("a number above zero; above one on a log scale"),
            Preset::Needed,
            "spread = 3",
            "One standard deviation, in the units of the parameter; on a log scale a factor.",
        )
        .more(&["On a log scale, 3 means mostly from a third to three times."]),
    ],
    names: Names::Closed,
    change: Change::OtherStudy,
};

pub(in crate::study_file) static START: Table = Table {
    name: "start",
    title: "[[start]]",
    about: &[
        "A point that is tried first, such as your present setting; reports compare against it. What is left out takes the \
         middle of its range, or the first of its values.",
    ],
    example: "[[start]]\nlearning_rate = 1e-3\n",
    keys: &[],
    names: Names::Open("parameters of `[space]`, each with one of its values"),
    change: Change::OtherStudy,
};

pub(in crate::study_file) static FORBID: Table = Table {
    name: "forbid",
    title: "[[forbid]]",
    about: &[
        "A combination that is never tried: of each parameter a value, a list of values, or a range. A point is forbidden where \
         all of them match.",
    ],
    example: "[[forbid]]\noptimizer = \"sgd\"\nbatch_size = [128, 256]\n",
    keys: &[],
    names: Names::Open("parameters of `[space]`, each with a value, a list of values or a range"),
    change: Change::OtherStudy,
};

pub(in crate::study_file) static FORBIDDEN_RANGE: Table = Table {
    name: "forbid.PARAMETER",
    title: "a range of [[forbid]]",
    about: &["A range of a parameter with an order: `at_least`, `at_most` or both."],
    example: "[[forbid]]\nlearning_rate = { at_least = 0.05 }\n",
    keys: &[
        key(
            "at_least",
            Values::Other("a number"),
            Preset::Words("no bound"),
            "at_least = 64",
            "The lowest forbidden value.",
        ),
        key(
            "at_most",
            Values::Other("a number"),
            Preset::Words("no bound"),
            "at_most = 16",
            "The highest forbidden value.",
        ),
    ],
    names: Names::Closed,
    change: Change::OtherStudy,
};

pub(in crate::study_file) static REQUIRE: Table = Table {
    name: "require",
    title: "[[require]]",
    about: &[
        "What the parameters of every trial keep together. `require = [\"...\", \"...\"]` at the top of the file says the same. \
         Several hold together.",
    ],
    example: "[[require]]\nthat = \"width * batch_size <= 4096\"\n",
    keys: &[
        key(
            "that",
            Values::Other("two expressions, or more, with a comparison between"),
            Preset::Needed,
            "that = \"width * batch_size <= 4096\"",
            "What holds, over parameters that are numbers.",
        )
        .more(&[
            "There are `+ - * / % ^`, parentheses, `abs`, `sqrt`, `exp`, `log`, `log2`, `log10`, `min`, `max`, and `<=`, `<`, \
             `>=`, `>`, `==`; also `1 <= a / b <= 4`.",
            "A requirement that names an inactive parameter holds. One whose sides are no finite numbers does not.",
        ]),
    ],
    names: Names::Closed,
    change: Change::OtherStudy,
};
