//! What stands in a new study file.

use crate::evaluation::CommandLine;
use crate::guard::text::line;
use crate::optimizer::space::{Domain, Parameter, Point, Space, Value};

/// Lines of `name = value  # comment` whose signs stand below each other.
#[derive(Debug, Default)]
pub(crate) struct Aligned(Vec<(String, String, String)>);

impl Aligned {
    pub(crate) fn add(&mut self, name: &str, value: &str, comment: &str) {
        self.0.push((name.to_owned(), value.to_owned(), comment.to_owned()));
    }

    pub(crate) fn lines(&self) -> String {
        let longest = |of: fn(&(String, String, String)) -> &String| self.0.iter().map(|l| of(l).chars().count()).max();
        let (name, value) = (longest(|l| &l.0).unwrap_or(0), longest(|l| &l.1).unwrap_or(0));
        self.0.iter().map(|(n, v, comment)| format!("{n:name$} = {v:value$}  # {comment}\n")).collect()
    }

    /// The same, with comments in the column of the rest of the file.
    pub(crate) fn plain_lines(&self) -> String {
        let line = |(n, v, comment): &(String, String, String)| format!("{:31} # {comment}\n", format!("{n} = {v}"));
        self.0.iter().map(line).collect()
    }
}

const HEAD: &str = "\
# name = \"mine\"                 # results go to results/NAME/; without it the name of this file
seed = 0                        # the same seed gives the same proposals for the same outcomes

[budget]                        # the first that runs out ends the study; a larger one lets it go on
trials = 40
# time = \"2h\"                   # spent in trials, added up over all sessions
# energy = \"500 Wh\"
# hard = false                  # true: time and energy end the running trial, too

";

const ENERGY_OBJECTIVE: &str = "\
[[objective]]
metric = \"energy\"               # joules, metered; also energy.gpu, energy.train, energy.gpu.net, ...
goal = \"minimize\"
scale = \"log\"                   # a saving of half counts the same at 10 J and at 10 kJ

";

const WISHES: &str = "\
# [[constraint]]                # what breaks it is on no front
# metric = METRIC
# LIMIT = BOUND

# [preference]                  # the part of the front that matters, and how much each objective counts
# energy = { at_most = 2000, weight = 2 }

";

const SAMPLER: &str = "\
# [sampler]
# kind = \"gp\"                   # gp | tpe | nsga2 | sobol | random | grid
# initial = 10                  # trials that are spread evenly before it learns

";

const TRIAL: &str = "\
[trial]
timeout = \"1h\"                  # a trial that takes longer has failed, and the study goes on
# attempts = 2                  # how often a point is tried if its environment fails
# on_interrupt = \"abandon\"      # of the first Ctrl-C: the trial is tried again later; \"finish\" lets it finish

# [energy]
# meters = \"auto\"               # every meter of the machine; an estimate, marked as such, where there is none
# idle = \"10s\"                  # the power at rest is measured first, for net energy; false for not at all
# without = [\"gpu:1\"]           # left out of the figures; `optimize devices` has the names
# watts_per_core = 8.0          # of the estimate; without it by the processor's model
# cool_down = { to = 45, limit = \"2m\" }   # wait before each trial until no GPU is hotter, in degrees Celsius
# power_limit = 250             # watts of the GPUs in each trial, or the name of a parameter; takes root's permissions
# sm_clock = 1200               # MHz of their multiprocessors, likewise
# gpu_estimate = false          # true: GPUs that tell neither energy nor power are estimated
# mig = \"refuse\"                # GPUs cut into instances are not metered; \"whole-board\": with everybody's work
# share = false                 # true: others use the GPUs, too, and figures are this study's part

# [carbon]                      # what joules stand for; may change at any time
# intensity = 350               # grams of CO2e per kWh of your electricity; without it the world's average, 475
# source = \"my supplier's label\"
# date = \"2026-10\"              # when that held
# pue = 1                       # of a data centre: all its energy over that of its computers
# price = 0.32                  # a kWh, in `currency`
# currency = \"EUR\"
";

/// A study of a program; `parameter` is one of those of its space.
pub(crate) fn of_program(
    file: &str,
    space: &str,
    command: &str,
    parameter: &str,
    examples: Option<&Examples>,
) -> String {
    let head = head(file);
    let rest = rest(examples);
    let wishes = wishes("accuracy", "at_least", "0.5");
    let variable = CommandLine::variable(parameter);
    format!(
        "\
# Which settings of a program are good, and what does that cost in energy?
#
{head}[[objective]]
metric = \"accuracy\"             # one of the numbers that the program prints: {{\"accuracy\": 0.93}}
goal = \"maximize\"
# reference = 0.9               # what is worse is of no use: the search looks above it

{ENERGY_OBJECTIVE}{wishes}[space]                         # what is searched
{space}# A value at the edge that is always best asks for a wider range. A parameter that only some trials have:
#     momentum = {{ float = [0.0, 0.99], when = {{ optimizer = \"sgd\" }} }}

{rest}[command]                       # started once for every trial, without a shell: every string is one argument
# {{name}} stands for a value, {{seed}} for the trial's seed. Values are in the environment, too: {variable}.
# The program prints lines of JSON: {{\"step\": 3, \"loss\": 0.2}} reports an epoch, and a line without \"step\",
# such as {{\"accuracy\": 0.93}}, gives the metrics of the trial.
{command}# cwd = \".\"                     # the folder of this file; without it, where `optimize` is started
# keep_output = \"all\"           # of which trials it is kept what the program prints: all | failed | none
# energy_from = \"start\"         # \"first-step\": from the first line with a step on, without imports

{TRIAL}",
    )
}

/// What the trainer is to be searched for.
pub(crate) struct Training<'a> {
    /// What the study file is called.
    pub(crate) file: &'a str,
    /// What the data are, in a line or two, as comments.
    pub(crate) data: &'a str,
    /// The metric of quality.
    pub(crate) metric: &'a str,
    /// `maximize` or `minimize`.
    pub(crate) goal: &'a str,
    pub(crate) space: &'a str,
    /// The lines of [train].
    pub(crate) train: &'a str,
}

/// A study of the trainer.
pub(crate) fn of_training(
    examples: Option<&Examples>,
    Training { file, data, metric, goal, space, train }: Training<'_>,
) -> String {
    let head = head(file);
    let rest = rest(examples);
    let (limit, bound) = if goal == "maximize" { ("at_least", "0.5") } else { ("at_most", "1.0") };
    let wishes = wishes(metric, limit, bound);
    let metric = format!("metric = \"{metric}\"");
    format!(
        "\
# Which settings of a training are good, and what does that cost in energy?
#
{data}{head}[[objective]]
{metric:31} # on the validation part; the test part is never an objective
goal = \"{goal}\"
# reference = 0.9               # what is worse is of no use: the search looks for better ones

{ENERGY_OBJECTIVE}{wishes}[space]                         # what is searched; every setting that is not here has its default
{space}
{rest}[train]                         # the built-in trainer; `optimize help study-file train` has all settings
{train}# precision = \"mixed-bfloat16\"  # on GPUs that are fast at it
# patience = 5                  # training ends after so many epochs without a better validation loss
# keep = \"front\"                # whose weights are kept, in checkpoints/ of the results: front | all | none

{TRIAL}"
    )
}

/// How the file is used. Its name may hold anything, and stands in comments.
fn head(file: &str) -> String {
    let file = line(file);
    let uses = [
        (format!("optimize check {file}"), "says what would run, or what is wrong"),
        (format!("optimize check {file} --dry-run"), "runs the first trial, and stores nothing"),
        (format!("optimize {file}"), "runs the study, or goes on where it stopped"),
        ("optimize help study-file".to_owned(), "tells of every key"),
    ];
    let width = uses.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
    let uses: String = uses.iter().map(|(command, what)| format!("#     {command:width$}   {what}\n")).collect();
    format!("{uses}\n{HEAD}")
}

/// Values of a parameter of the study, which stand as examples in what is commented out.
#[derive(Debug)]
pub(crate) struct Examples {
    parameter: String,
    /// A value as TOML.
    start: String,
    /// The largest value, if it has an order.
    largest: Option<String>,
}

impl Examples {
    /// Of the first parameter that is a range, or else of the first.
    pub(crate) fn of(space: &Space) -> Option<Self> {
        let ranges = |parameter: &&Parameter| !matches!(parameter.domain, Domain::Choice { .. });
        let all = space.parameters();
        let parameter = all.iter().find(ranges).or_else(|| all.first())?;
        let start = space.complete(&Point::new()).ok()?.get(&parameter.name)?.to_toml();
        let largest = match &parameter.domain {
            Domain::Float { high, .. } => Some(Value::Float(*high).to_toml()),
            Domain::Int { high, .. } => Some(high.to_string()),
            Domain::Choice { .. } => None,
        };
        Some(Self { parameter: parameter.name.clone(), start, largest })
    }
}

/// What may stand in [[start]], [[forbid]], [[require]] and [sampler].
fn rest(examples: Option<&Examples>) -> String {
    let Some(Examples { parameter, start, largest }) = examples else { return SAMPLER.to_owned() };
    let mut lines = Vec::new();
    let mut add = |code: String, comment: &str| lines.push(format!("{code:31} # {comment}"));
    add("# [[start]]".to_owned(), "tried first, such as your present setting; reports compare against it");
    add(format!("# {parameter} = {start}"), "what is left out takes the middle of its range, or its first value");
    lines.push(String::new());
    let mut add = |code: String, comment: &str| lines.push(format!("{code:31} # {comment}"));
    add("# [[forbid]]".to_owned(), "never tried: a value, a list of values, or a range");
    let forbidden = largest.as_ref().map_or_else(|| start.clone(), |largest| format!("{{ at_least = {largest} }}"));
    add(format!("# {parameter} = {forbidden}"), "of several parameters: where all of them match");
    lines.push(String::new());
    if let Some(largest) = largest {
        let mut add = |code: String, comment: &str| lines.push(format!("{code:31} # {comment}"));
        add("# [[require]]".to_owned(), "what the parameters of every trial keep together");
        add(format!("# that = \"{parameter} < {largest}\""), "also \"width * batch_size <= 4096\" and the like");
        lines.push(String::new());
    }
    format!("{}\n{SAMPLER}", lines.join("\n"))
}

fn wishes(metric: &str, limit: &str, bound: &str) -> String {
    let said = WISHES.replace("METRIC", &format!("\"{metric}\""));
    said.replace("LIMIT", limit).replace("BOUND", bound)
}
