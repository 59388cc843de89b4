//! A command as it is typed, taken apart as a shell would.

/// Why a command cannot be taken apart: what is wrong, and what helps.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unclear {
    pub(crate) what: String,
    pub(crate) help: String,
}

/// The words of a command. Quotation marks and backslashes group as in a shell; nothing else of a shell is done, and braces stay.
pub(crate) fn split(text: &str) -> Result<Vec<String>, Unclear> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => quoted(c, &mut chars, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().extend(chars.next().filter(|c| *c != '\n')),
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Reads up to the closing mark.
fn quoted(mark: char, chars: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), Unclear> {
    loop {
        match chars.next() {
            Some(c) if c == mark => return Ok(()),
            Some('\\') if mark == '"' => match chars.next() {
                Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                Some(c) => word.extend(['\\', c]),
                None => {}
            },
            Some(c) => word.push(c),
            None => {
                return Err(Unclear {
                    what: format!("the command has a {mark} without its partner"),
                    help: format!("close it, or write \\{mark} for the mark itself"),
                });
            }
        }
    }
}

/// Variables that a shell would set for the program alone, as in `OMP_NUM_THREADS=2 python3 train.py`, before its words.
pub(crate) fn take_variables(words: &mut Vec<String>) -> Vec<(String, String)> {
    let pair = |word: &String| {
        let (name, value) = word.split_once('=')?;
        let usable = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        usable.then(|| (name.to_owned(), value.to_owned()))
    };
    let variables: Vec<_> = words.iter().map_while(pair).collect();
    words.drain(..variables.len());
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        for (text, words) in [
            ("python3 train.py --lr {lr}", &["python3", "train.py", "--lr", "{lr}"][..]),
            ("  a\t b\n", &["a", "b"]),
            (
                r#"sh -c 'a "b" \n' "c 'd' \"e\" \f" g\ h "" x''y"#,
                &["sh", "-c", r#"a "b" \n"#, r#"c 'd' "e" \f"#, "g h", "", "xy"],
            ),
            ("a \\\n b", &["a", "", "b"]),
            ("", &[]),
        ] {
            assert_eq!(split(text).unwrap(), words, "{text}");
        }
        for text in ["a 'b", "a \"b", "it's"] {
            assert!(split(text).unwrap_err().what.contains("without its partner"), "{text}");
        }
    }

    #[test]
    fn variables_before_the_program_are_its_own() {
        let mut words = split("OMP_NUM_THREADS=2 X= python3 --lr={lr} A=1").unwrap();
        let variables = take_variables(&mut words);
        assert_eq!(variables, [("OMP_NUM_THREADS".to_owned(), "2".to_owned()), ("X".to_owned(), String::new())]);
        assert_eq!(words, ["python3", "--lr={lr}", "A=1"]);
        assert!(take_variables(&mut split("./--a=b").unwrap()).is_empty());
    }
}
