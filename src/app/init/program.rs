//! A study of a program: what is searched stands in braces in its command.

use super::ranges::{FLAG, LIST, Suggested, suggest};
use super::text::{self, Aligned, Examples};
use super::words::{Unclear, split, take_variables};
use crate::evaluation::{Form, Template};
use crate::guard::secret::is_telling;
use crate::optimizer::space::Value;
use crate::record::EnergyMetric;

/// A program with what its command says is searched.
#[derive(Debug)]
pub(crate) struct Program {
    argv: Vec<String>,
    variables: Vec<(String, String)>,
    parameters: Vec<(String, Suggested)>,
    secrets: Vec<String>,
}

impl Program {
    /// Takes a command apart that is written as it is typed.
    pub(crate) fn of(command: &str) -> Result<Self, Unclear> {
        let mut argv = split(command)?;
        let variables = take_variables(&mut argv);
        let unclear = |what: String, help: &str| Err(Unclear { what, help: help.to_owned() });
        let Some(program) = argv.first() else {
            return unclear(
                "the command is empty".to_owned(),
                "write it as you would type it, such as \"python3 train.py --lr {learning_rate}\"",
            );
        };
        if program.contains(['{', '}']) {
            return unclear(
                format!("`{program}` is the program itself, which is the same in every trial"),
                "let a program stand first, then its arguments with what is searched in braces",
            );
        }
        let mut study = Self { argv: Vec::new(), variables, parameters: Vec::new(), secrets: Vec::new() };
        for argument in &argv[1..] {
            let Ok(template) = Template::parse(argument) else {
                return unclear(
                    format!("`{argument}` has a brace without its partner"),
                    "a parameter is written {name}; braces themselves are doubled: {{ and }}",
                );
            };
            for own in template.placeholders() {
                study.add(&own.name, &own.form)?;
            }
        }
        study.argv = argv;
        if study.parameters.is_empty() {
            return unclear(
                "the command has nothing in braces, so there is nothing to search".to_owned(),
                "write {name} in place of each value that is to be found, such as --lr {learning_rate}",
            );
        }
        Ok(study)
    }

    fn add(&mut self, name: &str, form: &Form) -> Result<(), Unclear> {
        let lower = name.to_lowercase();
        if Template::RESERVED.contains(&name) || self.secrets.iter().any(|secret| secret == name) {
            return Ok(());
        }
        let is_variable = name.len() > 2 && !name.chars().any(char::is_lowercase);
        if is_variable && is_telling(name) {
            self.secrets.push(name.to_owned());
            return Ok(());
        }
        let usable = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(usable) {
            let cleaned: String = name.chars().map(|c| if usable(c) { c } else { '_' }).collect();
            let example = if cleaned.trim_matches('_').is_empty() { "learning_rate" } else { &cleaned };
            return Err(Unclear {
                what: format!("`{{{name}}}` cannot be the name of a parameter"),
                help: format!("it has letters, digits and `_` alone, such as {{{example}}}"),
            });
        }
        if EnergyMetric::is_reserved(&lower) || Template::RESERVED.contains(&lower.as_str()) {
            return Err(Unclear {
                what: format!("`{{{name}}}` cannot be the name of a parameter: `{lower}` stands for something else"),
                help: "choose another name; it need not be that of the program's option".to_owned(),
            });
        }
        match self.parameters.iter().find(|(other, _)| other.to_lowercase() == lower) {
            Some((other, _)) if other == name => return Ok(()),
            Some((other, _)) => {
                return Err(Unclear {
                    what: format!("`{{{other}}}` and `{{{name}}}` differ only by case"),
                    help: "rename one of them: both would be the same environment variable".to_owned(),
                });
            }
            None => {}
        }
        let suggested = match form {
            Form::Flag { on, off } => {
                refuse_no_option(name, on, off.as_deref())?;
                FLAG
            }
            Form::Each => LIST,
            Form::Plain => suggest(name),
        };
        self.parameters.push((name.to_owned(), suggested));
        Ok(())
    }

    /// How many of their ranges are to be checked.
    pub(crate) fn unsure(&self) -> usize {
        self.parameters.iter().filter(|(_, suggested)| suggested.why.starts_with("CHECK")).count()
    }

    /// The script or program that a person would speak of.
    pub(crate) fn shown_name(&self) -> &str {
        let is_script = |word: &&String| !word.starts_with('-') && std::path::Path::new(word).extension().is_some();
        self.argv.iter().skip(1).find(is_script).unwrap_or(&self.argv[0])
    }

    /// What is there is a file, by its name, and the name leads nowhere.
    pub(crate) fn missing_script(&self) -> Option<&str> {
        let endings = ["py", "sh", "r", "jl", "js", "pl", "rb", "lua"];
        let script = self.argv.get(1).filter(|word| {
            let path = std::path::Path::new(word);
            let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
            ending.is_some_and(|ending| endings.contains(&ending.as_str())) && !path.exists()
        });
        script.map(String::as_str)
    }

    /// The study file, which is called `file`.
    pub(crate) fn study(&self, file: &str, examples: Option<&Examples>) -> String {
        let mut space = Aligned::default();
        for (name, Suggested { values, why }) in &self.parameters {
            space.add(name, &format!("{{ {values} }}"), why);
        }
        let argv: Vec<String> = self.argv.iter().map(|word| format!("    {},", toml(word))).collect();
        let mut command = format!("argv = [\n{}\n]\n", argv.join("\n"));
        if !self.secrets.is_empty() {
            let secrets: Vec<String> = self.secrets.iter().map(|name| toml(name)).collect();
            command += &format!(
                "secrets = [{}]        # variables of your environment that nobody else shall read\n",
                secrets.join(", ")
            );
        }
        let env = match &self.variables[..] {
            [] => "# env = { OMP_NUM_THREADS = \"2\" }  # environment variables for the program\n".to_owned(),
            variables => {
                let pairs: Vec<String> =
                    variables.iter().map(|(name, value)| format!("{name} = {}", toml(value))).collect();
                format!("env = {{ {} }}\n", pairs.join(", "))
            }
        };
        text::of_program(file, &space.lines(), &(command + &env), &self.parameters[0].0, examples)
    }
}

/// Refuses what stands behind a colon and is no option of a program: a range or choices, most likely.
fn refuse_no_option(name: &str, on: &str, off: Option<&str>) -> Result<(), Unclear> {
    let is_option = |text: &str| text.starts_with('-');
    if is_option(on) && off.is_none_or(|off| off.is_empty() || is_option(off)) {
        return Ok(());
    }
    let text = off.map_or_else(|| on.to_owned(), |off| format!("{on}:{off}"));
    Err(Unclear {
        what: format!(
            "`{{{name}:{text}}}` is no parameter with a flag: behind the colon stands an option such as --{name}"
        ),
        help: format!(
            "write {{{name}}} alone; its range or its choices stand in [space] of the study file, to be changed there"
        ),
    })
}

fn toml(text: &str) -> String {
    Value::from(text).to_toml()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(command: &str) -> String {
        let unclear = Program::of(command).unwrap_err();
        format!("{}; {}", unclear.what, unclear.help)
    }

    #[test]
    fn what_is_in_braces_is_searched() {
        let program = Program::of(
            "python3 train.py --lr {lr} --seed {seed} {amp:--amp} --layers {layers...} --lr2 {lr} --key {API_KEY}",
        );
        let program = program.unwrap();
        let names: Vec<&str> = program.parameters.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["lr", "amp", "layers"]);
        assert_eq!(program.secrets, ["API_KEY"]);
        assert_eq!(program.shown_name(), "train.py");
        assert_eq!(program.unsure(), 1);
    }

    #[test]
    fn what_cannot_be_searched_is_refused_with_what_helps() {
        for (command, said) in [
            ("", "empty"),
            ("python3 train.py --lr 0.1", "nothing in braces"),
            ("python3 train.py --seed {seed}", "nothing in braces"),
            ("{program} --lr {lr}", "the same in every trial"),
            ("a --lr {lr", "without its partner"),
            ("a --lr '{lr}", "without its partner"),
            ("a {learning-rate}", "such as {learning_rate}"),
            ("a {}", "such as {learning_rate}"),
            ("a {energy}", "something else"),
            ("a {Seed} {x}", "something else"),
            ("a {lr} {LR}", "differ only by case"),
            ("a --lr {lr:1e-5,1e-1}", "write {lr} alone"),
            ("a {opt:sgd|adam}", "write {opt} alone"),
            ("a {amp:--amp:no}", "write {amp} alone"),
        ] {
            assert!(refused(command).contains(said), "{command}: {}", refused(command));
        }
    }
}
