//! What runs: a program of the user's own, or the trainer.

use super::{Change, Names, Preset, Table, Values, key};

pub(in crate::study_file) static COMMAND: Table = Table {
    name: "command",
    title: "[command]",
    about: &[
        "Your own program, in any language. It is started once for every trial, without a shell, and metered from outside.",
        "It gets the values in its arguments and as environment variables: `WATTFRONT_LEARNING_RATE` and so on, and a seed in \
         `WATTFRONT_SEED`. It prints JSON lines of at most 1 MiB, in UTF-8: `{\"step\": 3, \"loss\": 0.2}` reports an epoch. A \
         line without `\"step\"` gives the metrics of the trial, such as `{\"accuracy\": 0.93}`.",
        "It may mark phases with `{\"begin\": \"train\"}` and `{\"end\": \"train\"}`, which are then metered on their own. A \
         phase named `trial` narrows what plain `energy` covers. `\"at\"` with seconds of the monotonic clock (Python: \
         `time.monotonic()`) dates an edge exactly. `{\"device\": \"cpu\"}`, or the UUIDs of the GPUs in use, keeps idle GPUs \
         out of the figures.",
    ],
    example: "[command]\nargv = [\"python3\", \"train.py\", \"--lr={learning_rate}\"]\n",
    keys: &[
        key(
            "argv",
            Values::Other("a list of strings: a program without placeholders, then its arguments"),
            Preset::Needed,
            "argv = [\"python3\", \"train.py\", \"--lr={learning_rate}\"]",
            "The program and its arguments. Every string is one argument.",
        )
        .more(&[
            "`{learning_rate}` stands for the value. Numbers are decimals without an exponent, such as `0.0000231`, that read \
             back as the same number. `{trial}`, `{seed}` and `{attempt}` stand for the trial's number, its seed, and which \
             attempt at it this is. `{{` and `}}` are braces.",
            "`\"{amp:--amp}\"` or `\"{amp:--amp:--no-amp}\"`, of `amp = { choice = [true, false] }`, is `--amp` where it is \
             true; where it is false it is nothing, or the second text.",
            "`\"--layers={layers}\"`, of `layers = { choice = [[64, 64], [128]] }`, is `--layers=64,64`. `\"--layers\", \
             \"{layers...}\"` is an argument for each element, `--layers 64 64`; `\"--layer={layers...}\"` is `--layer=64 \
             --layer=64`.",
            "An argument is left out whole where a parameter in it is inactive or has no value, along with a flag that stands \
             alone before it. Prefer one argument, `--x={x}`: many programs take a negative number that stands alone for an \
             option.",
        ]),
        key(
            "cwd",
            Values::Other("a folder, relative to the study file's"),
            Preset::Words("where `optimize` is started"),
            "cwd = \".\"",
            "The folder in which the program runs.",
        ),
        key(
            "env",
            Values::Other("a table of variables by name"),
            Preset::Words("none"),
            "env = { OMP_NUM_THREADS = \"2\" }",
            "Environment variables that the program gets besides those of `optimize`.",
        ),
        key(
            "secrets",
            Values::Other("a list of names of environment variables"),
            Preset::Words("none"),
            "secrets = [\"API_TOKEN\"]",
            "Variables of the environment of `optimize` whose values nobody else shall read.",
        )
        .more(&[
            "The program inherits them, and finds them in its arguments where they say `{API_TOKEN}`; there, other users of \
             the machine see them in the list of processes. A value is in no file, output or identity of the study, and is \
             taken out of what the program prints.",
        ]),
        key(
            "keep_output",
            Values::Words(&[("all", "of all"), ("failed", "of those that fail"), ("none", "of none")]),
            Preset::Value("\"all\""),
            "keep_output = \"failed\"",
            "Of which trials it is kept what the program prints, in `output/` of the results.",
        )
        .more(&[
            "It is in `trial-0007.out` and `trial-0007.err` (of a second attempt `trial-0007.2.out`), without secrets: of each \
             stream the first and the last 64 KiB, of all trials 256 MiB, the oldest going first.",
        ])
        .changes(Change::Free),
        key(
            "energy_from",
            Values::Words(&[
                ("start", "from the start of the program"),
                ("first-step", "from its first line with a `\"step\"`, or the `\"at\"` of that line"),
            ]),
            Preset::Value("\"start\""),
            "energy_from = \"first-step\"",
            "From when on the energy of a trial counts.",
        )
        .more(&[
            "With `first-step`, imports and the reading of data are left out. A line that is printed at the end of an epoch leaves \
             that epoch out, too: print `{\"step\": 0}` before the first.",
        ]),
    ],
    names: Names::Closed,
    change: Change::OtherStudy,
};

pub(in crate::study_file) static ENV: Table = Table {
    name: "command.env",
    title: "`env` of [command]",
    about: &[
        "Variables that the program gets, with their values. They are never shown, but stand in the copy of the study file and \
         in `study.db`: what is secret belongs into `secrets`.",
    ],
    example: "[command]\nargv = [\"./train\", \"{learning_rate}\"]\nenv = { OMP_NUM_THREADS = \"2\" }\n",
    keys: &[],
    names: Names::Open("names of variables, not beginning with `WATTFRONT_`, each with a string"),
    change: Change::OtherStudy,
};

pub(in crate::study_file) static TRAIN: Table = Table {
    name: "train",
    title: "[train]",
    about: &[
        "The built-in trainer, on libtorch: a program of its own, `optimize-trainer`, beside `optimize` (`make build`). Instead \
         of `[command]`.",
        "Each setting is fixed here or searched in `[space]`, and has a default. `dataset` is needed; it, `label`, `task` and \
         `samples` cannot be searched. A study goes on with the defaults that it began with.",
        "`dataset` is a name or a path, relative to the study file: a folder of images with a folder for each class, also as \
         an archive; MNIST's and CIFAR's own files; a table (`.csv`, `.tsv`). `digits` is built in. `optimize data fetch` brings \
         `mnist`, `fashion-mnist`, `cifar10` and `cifar100`, and nothing is fetched unasked.",
    ],
    example: "[train]\ndataset = \"digits\"\nmodel = \"cnn\"\n",
    keys: &[key(
        "keep",
        Values::Words(&[("front", "of the trials on the front"), ("all", "of all trials"), ("none", "of none")]),
        Preset::Value("\"front\""),
        "keep = \"all\"",
        "Which trained weights are kept, in `checkpoints/` of the results.",
    )
    .more(&["They are safetensors by their names in PyTorch, with the recipe beside them."])
    .changes(Change::Free)],
    names: Names::Settings,
    change: Change::OtherStudy,
};
