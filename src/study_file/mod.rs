//! The study file: TOML text in, a checked [`StudySpec`] out.
//!
//! Everything that can be known to be wrong before the first trial is found here, as much of it at once as possible,
//! and shown with its line, what is wrong with it, and what to write instead. The only names that cannot be checked are
//! those of the metrics that a user's own program will report.
//!
//! | section | key | default |
//! |---|---|---|
//! | | `name`: letters, digits, `-`, `_`, `.` | the file's name without its ending |
//! | | `seed`: a whole number from 0 on | 0 |
//! | `[budget]` | `trials`, `time` (`"1h30m"`), `energy` (`"50 Wh"`) | at least one is needed |
//! | `[[objective]]` | `metric`, `goal` (`"maximize"`, `"minimize"`) | needed |
//! | | `scale` (`"linear"`, `"log"`) | `"linear"` |
//! | | `reference`: a number in the metric's own units | inferred |
//! | `[[constraint]]` | `metric`, and `at_least`, `at_most` or both | none |
//! | `[preference]` | by an objective's metric: `{ at_least = 0.93 }` or `{ at_most = 2000 }`, `weight` | weight 1 |
//! | `[sampler]` | `kind`: one of the [samplers](crate::optimizer::sampler) | `"gp"` |
//! | | `initial`: trials before the sampler learns from them, for `gp`, `tpe` and `nsga2` | the sampler's own |
//! | | `population`: how many trials breed, for `nsga2` | 20 |
//! | | `levels`: values per range, for `grid` | 5 |
//! | `[space]` | a table for each parameter: `float`, `int` or `choice`; `scale`, `step`, `when` | at least one is needed |
//! | | `was`: the value that trials of earlier studies had which did not search the parameter; no part of what the study is | none |
//! | | `prior` of a range: `{ around = 1e-3, spread = 3 }`; of a choice: a weight for each value | none |
//! | `[[start]]` | values of parameters, tried first | the middle of the range; the first of a choice |
//! | `[[forbid]]` | values, lists of values or `{ at_least = 64, at_most = 128 }` of parameters: never all together | none |
//! | `[[require]]` | `that`: what parameters must keep together, such as `"width * batch_size <= 200000"`; see [`Requirement`](crate::optimizer::problem::Requirement) | none |
//! | `[train]` | settings of the trainer: [`SETTINGS`](crate::training::SETTINGS); a path of data is relative to the study file | |
//! | | `keep`: weights in `checkpoints/` of the results, of the trials on the `"front"`, of `"all"` or `"none"` | `"front"` |
//! | `[command]` | `argv` with placeholders such as `{learning_rate}`; one whose parameter is inactive is left out, with the flag that stands alone before it | needed |
//! | | `cwd`: a folder, relative to the study file's | where `optimize` is started |
//! | | `env`: variables by name | none |
//! | | `secrets`: names of inherited variables whose values are in no output; in `argv` placeholders | none |
//! | `[trial]` | `timeout` (`"1h"`) | none |
//! | | `attempts`: how often a point is tried if its environment fails, or the study is killed in it | 2 |
//! | `[energy]` | `meters` (`"auto"`, or some of `"nvml"`, `"rapl"`, `"estimate"`; or `["psys"]` alone) | `"auto"` |
//! | | `without`: names of what is left out of the figures, as `optimize devices` has them (`["gpu:1", "dram"]`) | nothing |
//! | | `watts_per_core`: for the estimate | by the processor's model; what the study began with |
//! | | `idle`: how long the power at rest is measured before the first trial of a session, where power is measured; or `false` | `"10s"` |
//! | | `cool_down`: `{ to = 45, limit = "2m" }`, wait before each trial until no GPU of the trials is hotter, in degrees Celsius, or the time is over | none |
//! | | `gpu_estimate`: estimate GPUs that tell neither energy nor power, as utilisation times power limit | `false` |
//! | | `mig`: `"refuse"` GPUs that are cut into instances, or meter the `"whole-board"` | `"refuse"` |
//! | | `power_limit` of the GPUs in each trial: a number of watts, or the name of a parameter whose values are watts | left alone |
//! | | `sm_clock` at which their multiprocessors are held in each trial: a whole number of MHz, or the name of a parameter | left alone |
//! | | `share`: `true` where others may use the GPUs too; then figures are this study's part, by utilisation, and studies that share a GPU lock it together | `false` |
//! | `[carbon]` | `intensity`: grams of CO2e per kWh of your electricity, 0 or from 2 to 5000 | [475, the world's](crate::carbon::WORLD_AVERAGE) |
//! | | `source`: where that figure comes from | needed beside `intensity` |
//! | | `date`: when it held | none |
//! | | `pue`: power usage effectiveness of the data centre, all energy over that of its computers, from 1 to 10 | 1 |
//! | | `price` of a kWh, from 0 on, in the `currency` that is needed beside it | none |
//!
//! Of `[train]` and `[command]` there is at most one.
//!
//! A *constraint* says which trials count: one that breaks it is finished and teaches the sampler, but is on no front. Its
//! metric is an objective's or any other that trials report or that is metered. A *preference* hides nothing: it directs
//! the search, and the recommended trial comes from the preferred part of the front. `spread` is one standard deviation, in
//! the units of the parameter or, on a log scale, as a factor.
//!
//! *Limits* (`power_limit`, `sm_clock`) are those of all metered GPUs, which are the visible ones (`CUDA_VISIBLE_DEVICES`). To set
//! them takes root's permissions. They are put back after each trial, and the power at rest is measured without them. A parameter
//! that is a limit is no setting of the trainer, and is handed to a program like any other. Where its `when` does not hold, the
//! limit is left alone.
//!
//! Everything but `[budget]`, `[preference]` and `[carbon]` makes a study what it is: a results folder takes no study file that
//! differs elsewhere. A preference that changes is noted in the record, and holds from there on. What joules stand for is
//! in no record: the outputs are made by the [`Carbon`](crate::carbon::Carbon) of the day.

mod arguments;
mod bounds;
mod carbon;
mod contradictions;
mod coverage;
mod doubts;
mod energy;
mod error;
mod findings;
mod identity;
mod limits;
mod model;
mod objectives;
mod omitted;
mod parse;
mod points;
mod priors;
mod quantity;
mod reader;
mod requirements;
mod respelt;
mod secrets;
mod source;
mod space;
mod spelling;
mod summary;
mod variant;
mod without;

pub use error::{Issue, IssueKind, Place, SpecErrors};
pub use identity::{Difference, began_before_defaults, differences, stored_defaults, stored_watts};
pub use model::{
    Budget, CoolDown, EnergyFrom, EnergySpec, Keep, OnInterrupt, SamplerSpec, Setpoint, Source, StudySpec, TrainSpec,
    TrialSpec,
};
pub(crate) use parse::NAME_LIMIT;
pub(crate) use spelling::{advice as did_you_mean, nearest, nearest_metric};
pub use variant::Variation;

#[cfg(test)]
mod tests;
