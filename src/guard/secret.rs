//! Secrets in command lines, and how they are kept out of what people pass on.

use std::ops::Range;

#[cfg(feature = "study")]
use super::redact::Redactor;

/// Stands for what is not shown.
pub(crate) const HIDDEN: &str = "(not shown)";

/// Words in the name of an option or a variable whose value is not for everybody's eyes.
const TELLING: [&str; 14] = [
    "token",
    "secret",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "credential",
    "credentials",
    "bearer",
];

/// Whether a name, of an option or a variable, is that of a secret: `--api-key`, `HF_TOKEN`, `db.password`.
pub(crate) fn is_telling(name: &str) -> bool {
    let words: Vec<String> = words(name);
    // `max_tokens` and `token_count` are settings of language models.
    let counts =
        words.iter().any(|w| matches!(w.as_str(), "max" | "min" | "num" | "count" | "length" | "len" | "size" | "id"));
    let joined: Vec<String> = words.windows(2).map(|pair| pair.concat()).collect();
    !counts && words.iter().chain(&joined).any(|word| TELLING.contains(&word.as_str()))
}

/// The words of a name in lower case: `hfToken` and `HF_TOKEN` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (was_lower && c.is_uppercase()) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The arguments of a command with its secrets as [`HIDDEN`], and whether there are any. They are the values of options
/// that tell by their names that they are secret, and what is a credential by its looks. `--token=x`, `--token x`,
/// `TOKEN=x`, `Authorization: x` and `https://user:x@host` are known.
pub(crate) fn masked(argv: &[String]) -> (Vec<String>, bool) {
    let mut shown = argv.to_vec();
    let found = found(argv);
    for (i, place) in &found {
        shown[*i].replace_range(place.clone(), HIDDEN);
    }
    (shown, !found.is_empty())
}

/// The values that [`masked`] hides.
#[cfg(feature = "study")]
pub(crate) fn told(argv: &[String]) -> Vec<String> {
    found(argv).into_iter().map(|(i, place)| argv[i][place].to_owned()).collect()
}

/// A study file with as many `*` in place of what [`masked`] would hide of its texts, so that places stay. The same
/// goes for texts whose key tells that they are secret.
#[cfg(feature = "study")]
pub(crate) fn masked_file(text: &str) -> std::borrow::Cow<'_, str> {
    let (mut texts, mut places) = (Vec::new(), Vec::new());
    let mut hidden: Vec<Range<usize>> = Vec::new();
    for line in text.split_inclusive('\n') {
        let first = line.as_ptr() as usize - text.as_ptr() as usize;
        let mut from = 0;
        while let Some(open) = line[from..].find(['"', '\'']).map(|at| from + at) {
            let quote = &line[open..=open];
            let escapes = |at: usize| quote == "\"" && line[..at].ends_with('\\') && !line[..at].ends_with("\\\\");
            let ends = line[open + 1..].match_indices(quote).map(|(at, _)| open + 1 + at);
            let Some(close) = ends.into_iter().find(|at| !escapes(*at)) else { break };
            let key = line[from..open].trim_end().strip_suffix('=').map(str::trim_end);
            let key = key.map(|key| key.rsplit([' ', ',', '{', '\t']).next().unwrap_or(key));
            let place = first + open + 1..first + close;
            if key.is_some_and(is_telling) && is_filled(&text[place.clone()]) {
                hidden.push(place.clone());
            }
            texts.push(text[place.clone()].to_owned());
            places.push(place);
            from = close + 1;
        }
    }
    hidden.extend(
        found(&texts).into_iter().map(|(i, within)| places[i].start + within.start..places[i].start + within.end),
    );
    if hidden.is_empty() {
        return text.into();
    }
    let mut bytes = text.to_owned().into_bytes();
    hidden.into_iter().for_each(|place| bytes[place].fill(b'*'));
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// Which arguments hold a secret, and where.
fn found(argv: &[String]) -> Vec<(usize, Range<usize>)> {
    let mut found = Vec::new();
    // Whether the value of the option before this argument is secret, and is still to come.
    let mut waits = false;
    for (i, argument) in argv.iter().enumerate() {
        let place = if waits && !argument.starts_with('-') { Some(0..argument.len()) } else { within(argument) };
        waits =
            argument.starts_with('-') && !argument.contains(['=', ' ']) && is_telling(argument.trim_start_matches('-'));
        // Of a placeholder nothing is known but its name.
        found.extend(place.filter(|place| is_filled(&argument[place.clone()])).map(|place| (i, place)));
    }
    found
}

/// Whether there is more in a text than placeholders such as `{TOKEN}`.
fn is_filled(text: &str) -> bool {
    let mut depth = 0_u32;
    text.chars().any(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            c => return depth == 0 && !c.is_whitespace(),
        }
        false
    })
}

/// Where the secret is within one argument.
fn within(argument: &str) -> Option<Range<usize>> {
    if let Some((name, value)) = argument.split_once('=')
        && !name.contains(char::is_whitespace)
        && is_telling(name)
    {
        return Some(argument.len() - value.len()..argument.len());
    }
    if let Some((name, value)) = argument.split_once(':')
        && !value.starts_with("//")
        && (name.trim().eq_ignore_ascii_case("authorization") || (!name.contains(' ') && is_telling(name)))
    {
        return Some(argument.len() - value.trim_start().len()..argument.len());
    }
    let (scheme, rest) = argument.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (user, _) = host.rsplit_once('@')?;
    let (name, password) = user.split_once(':')?;
    let start = scheme.len() + "://".len() + name.len() + 1;
    Some(start..start + password.len())
}

/// The text with [`HIDDEN`] in place of these values, line by line, also where they overlap. Lines of less than four characters are too
/// common to be looked for by themselves.
#[cfg(feature = "study")]
pub(crate) fn redacted<'a>(text: &str, values: impl IntoIterator<Item = &'a str>) -> String {
    let mut redactor = Redactor::new(values);
    let mut shown = redactor.take(text.as_bytes());
    shown.extend(redactor.finish());
    String::from_utf8_lossy(&shown).into_owned()
}

/// The same for the begin of a text that was cut off there: the begin of a value at its end is hidden, too.
#[cfg(feature = "study")]
pub(crate) fn redacted_begin<'a>(begin: &str, values: impl IntoIterator<Item = &'a str>) -> String {
    let mut redactor = Redactor::new(values);
    let mut shown = redactor.take(begin.as_bytes());
    shown.extend(redactor.finish_cut());
    String::from_utf8_lossy(&shown).into_owned()
}

/// Shorter secrets cannot be kept out of messages.
#[cfg(feature = "study")]
pub(crate) const SHORTEST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(argv: &[&str]) -> String {
        let argv: Vec<String> = argv.iter().map(|a| (*a).to_owned()).collect();
        masked(&argv).0.join(" ")
    }

    #[cfg(feature = "study")]
    #[test]
    fn texts_of_files_are_masked_in_place() {
        let text = concat!(
            "name = \"a\"\n[command]\nargv = [\"p\", '--api-key', 'h\u{fc}nter', \"--token={T}\",\n  \"--pwd=x\\\"y\"]\n",
            "env = { HF_TOKEN = \"abc\", OMP = \"2\" }\nurl = \"https://me:pw@host/\"\n# it's"
        );
        let shown = masked_file(text);
        assert_eq!(shown.len(), text.len());
        assert!(shown.contains("'--api-key', '*******', \"--token={T}\",\n  \"--pwd=****\"]"), "{shown}");
        assert!(shown.contains("HF_TOKEN = \"***\", OMP = \"2\"") && shown.contains("https://me:**@host/"), "{shown}");
        assert!(matches!(masked_file("lr = \"1\""), std::borrow::Cow::Borrowed(_)));
    }

    #[test]
    fn options_that_tell_are_masked_in_each_way_to_write_them() {
        for (argv, shown) in [
            (&["train", "--token=abc"][..], "train --token=(not shown)"),
            (&["train", "--api-key", "abc", "--lr", "0.1"], "train --api-key (not shown) --lr 0.1"),
            (&["train", "--apiKey=abc"], "train --apiKey=(not shown)"),
            (&["env", "HF_TOKEN=abc", "train"], "env HF_TOKEN=(not shown) train"),
            (&["train", "-password", "abc"], "train -password (not shown)"),
            (&["curl", "-H", "Authorization: Bearer abc"], "curl -H Authorization: (not shown)"),
            (&["curl", "-H", "X-Api-Key: abc"], "curl -H X-Api-Key: (not shown)"),
            (&["git", "https://me:abc@host/x?y=1"], "git https://me:(not shown)@host/x?y=1"),
            (&["train", "--db.password=a=b c"], "train --db.password=(not shown)"),
        ] {
            assert_eq!(mask(argv), shown);
            assert!(!mask(argv).contains("abc"));
        }
    }

    #[test]
    fn what_tells_nothing_is_left_alone() {
        for argv in [
            &["python3", "train.py", "--lr={lr}", "--tokenizer=bpe", "--max-tokens=512", "--num_tokens", "7"][..],
            &["train", "--token={API_TOKEN}", "--password", "{DB}", "--key=1", "https://host:80/a@b", "a:b"],
            &["train", "--token", "--lr", "0.1"],
            &["./password-strength", "--author", "me", "--monkey", "x", "--keyboard=qwerty"],
        ] {
            assert_eq!(mask(argv), argv.join(" "));
            assert!(!masked(&argv.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>()).1);
        }
    }

    #[test]
    #[cfg(feature = "study")]
    fn values_are_taken_out_of_messages() {
        let shown = redacted("token s3cr3t-and-more, s3cr3t; ab", ["s3cr3t", "s3cr3t-and-more", "ab"]);
        assert_eq!(shown, format!("token {HIDDEN}, {HIDDEN}; ab"));
        assert_eq!(redacted("-----BEGIN\nabcdefg\n", ["-----BEGIN\nabcdefg\n"]), format!("{HIDDEN}\n{HIDDEN}\n"));
    }
}
