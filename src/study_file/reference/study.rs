//! The study as a whole: its name and seed, budget, sampler and trials.

use super::{Change, Names, Preset, Table, Values, key};
use crate::optimizer::sampler;

/// The shortest and the longest time that may be named, in seconds.
pub(super) const ANY_TIME: Values = Values::Duration { low: 1e-3, high: 36_525.0 * 86_400.0, or: "" };

const SECTION: Values = Values::Section("a section of its own");
const SECTIONS: Values = Values::Section("a section for each");

pub(in crate::study_file) static TOP: Table = Table {
    name: "top",
    title: "the study file",
    about: &[
        "A study file is TOML. It says what is searched, what runs, what counts and when the search ends. Its keys `name` and \
         `seed` stand at the top, before the first section.",
        "`optimize check` says all that is wrong with it at once, each with its line and what to write instead. It also warns \
         of what works, but hardly as it was meant.",
        "A results folder belongs to one study. Each key says what becomes of a study \
         when it changes. Of \"another study\" the folder refuses the file; where \"the study goes on\", it may change at any \
         time.",
    ],
    example: "name = \"mine\"\nseed = 7\n",
    keys: &[
        key(
            "name",
            Values::Other("letters, digits, `-`, `_` and `.`, at most 100; not beginning with `.` or `-`"),
            Preset::Words("the file's name without its ending"),
            "name = \"digits\"",
            "What the study is called: results go to `results/NAME/`.",
        )
        .more(&["`published` is no name: the folder of that name keeps results that were published."]),
        key(
            "seed",
            Values::Whole { low: 0, high: i64::MAX },
            Preset::Value("0"),
            "seed = 7",
            "What all randomness comes from: the same seed gives the same proposals for the same outcomes.",
        ),
        key("budget", SECTION, Preset::Needed, "budget.trials = 40", "When the study ends.").changes(Change::Free),
        key(
            "objective",
            SECTIONS,
            Preset::Needed,
            "objective = [{ metric = \"accuracy\", goal = \"maximize\" }, { metric = \"energy\", goal = \"minimize\" }]",
            "What is to be as good as can be.",
        ),
        key(
            "constraint",
            SECTIONS,
            Preset::Words("none"),
            "constraint = [{ metric = \"accuracy\", at_least = 0.5 }]",
            "Which trials count.",
        ),
        key(
            "preference",
            SECTION,
            Preset::Words("none"),
            "preference.accuracy = { at_least = 0.93 }",
            "Which part of the front matters.",
        )
        .changes(Change::Free),
        key("space", SECTION, Preset::Needed, "space.learning_rate = { float = [1e-5, 1e-1] }", "What is searched."),
        key("start", SECTIONS, Preset::Words("none"), "start = [{ learning_rate = 1e-3 }]", "Points that are tried first."),
        key(
            "forbid",
            SECTIONS,
            Preset::Words("none"),
            "forbid = [{ learning_rate = { at_least = 0.05 } }]",
            "Combinations that are never tried.",
        ),
        key(
            "require",
            Values::Section("a section for each, or a list of expressions"),
            Preset::Words("none"),
            "require = [\"learning_rate * 2 <= 0.1\"]",
            "What the parameters of every trial keep together.",
        ),
        key("sampler", SECTION, Preset::Words("`gp`"), "sampler.kind = \"tpe\"", "What proposes the points."),
        key(
            "command",
            SECTION,
            Preset::Words("none"),
            "command.argv = [\"python3\", \"train.py\", \"--lr={learning_rate}\"]",
            "Your own program, which runs once for every trial.",
        )
        .more(&["There is at most one of `[command]` and `[train]`; with neither, a program asks and tells: `optimize ask-tell`."]),
        key(
            "train",
            SECTION,
            Preset::Words("none"),
            "train.dataset = \"digits\"",
            "The built-in trainer, instead of a program of your own.",
        ),
        key("trial", SECTION, Preset::Words("no limits"), "trial.timeout = \"1h\"", "Limits of a single trial."),
        key("energy", SECTION, Preset::Words("all meters"), "energy.idle = \"30s\"", "What is metered, and how."),
        key(
            "carbon",
            SECTION,
            Preset::Words("the average of the world"),
            "carbon.pue = 1.2",
            "What joules stand for when they are shown.",
        )
        .changes(Change::Free),
    ],
    names: Names::Closed,
    change: Change::OtherStudy,
};

pub(in crate::study_file) static BUDGET: Table = Table {
    name: "budget",
    title: "[budget]",
    about: &[
        "When the study ends: the first that runs out ends it. At least one of `trials`, `time` and `energy` is needed.",
        "Time and energy are those spent in trials, failed ones included, added up over all sessions. A larger budget lets \
         the study go on.",
    ],
    example: "[budget]\ntrials = 40\ntime = \"30m\"\nenergy = \"50 Wh\"\n",
    keys: &[
        key(
            "trials",
            Values::Whole { low: 1, high: i64::MAX },
            Preset::Words("no limit"),
            "trials = 40",
            "How many trials: those that finish, and those that fail for their configuration.",
        ),
        key("time", ANY_TIME, Preset::Words("no limit"), "time = \"30m\"", "How long trials may take in all."),
        key(
            "energy",
            Values::Other("an energy such as \"500 J\", \"300 kJ\", \"50 Wh\" or \"1.2 kWh\""),
            Preset::Words("no limit"),
            "energy = \"50 Wh\"",
            "How much energy trials may take in all.",
        ),
        key(
            "hard",
            Values::Truth,
            Preset::Value("false"),
            "hard = true",
            "Whether `time` and `energy` also end the trial that runs when they are over.",
        )
        .more(&["Otherwise that trial is let finish. One that is ended so goes on with a larger budget."]),
    ],
    names: Names::Closed,
    change: Change::Free,
};

pub(in crate::study_file) static SAMPLER: Table = Table {
    name: "sampler",
    title: "[sampler]",
    about: &[
        "What proposes the points. The default suits most studies.",
        "Only `gp` makes use of priors and of the trials of earlier studies. What one proposal of `gp` costs grows with the \
         number of trials up to a thousand, and little beyond: with ten parameters and two objectives 14 ms at 100 trials, and \
         0.17 s at 1,000.",
    ],
    example: "[sampler]\nkind = \"gp\"\ninitial = 10\n",
    keys: &[
        key("kind", Values::Words(&sampler::ABOUT), Preset::Value("\"gp\""), "kind = \"tpe\"", "The sampler."),
        key(
            "initial",
            Values::Whole { low: 1, high: i64::MAX },
            Preset::Words(
                "the sampler's own: 2 (parameters + 1) of `gp` and `tpe`, and two fifths of `trials` at most",
            ),
            "initial = 10",
            "How many trials are spread evenly over the space before the sampler learns from them.",
        )
        .more(&["For `gp`, `tpe` and `nsga2`."]),
        key(
            "population",
            Values::Whole { low: 2, high: 10_000 },
            Preset::Words("20"),
            "population = 30",
            "How many trials breed, for `nsga2`.",
        ),
        key(
            "levels",
            Values::Whole { low: 2, high: 1000 },
            Preset::Words("5"),
            "levels = 7",
            "How many values of each range are tried, for `grid`.",
        ),
    ],
    names: Names::Closed,
    change: Change::OtherStudy,
};

pub(in crate::study_file) static TRIAL: Table = Table {
    name: "trial",
    title: "[trial]",
    about: &[
        "Limits of a single trial. A trial that crashes, takes too long, runs out of memory or reports NaN has failed. The study \
         goes on, and the sampler keeps away from such points.",
    ],
    example: "[trial]\ntimeout = \"1h\"\n",
    keys: &[
        key(
            "timeout",
            ANY_TIME,
            Preset::Words("no limit"),
            "timeout = \"1h\"",
            "How long one attempt may take; one that takes longer is ended and has failed.",
        ),
        key(
            "attempts",
            Values::Whole { low: 1, high: i64::MAX },
            Preset::Value("2"),
            "attempts = 3",
            "How often a point is tried in all if its environment fails, or the study is killed in it.",
        ),
        key(
            "on_interrupt",
            Values::Words(&[
                ("abandon", "end the running trial, and try it again when the study goes on"),
                ("finish", "let the running trial finish; a second Ctrl-C abandons it"),
            ]),
            Preset::Value("\"abandon\""),
            "on_interrupt = \"finish\"",
            "What the first Ctrl-C does.",
        )
        .changes(Change::Free),
    ],
    names: Names::Closed,
    change: Change::OtherStudy,
};
