//! Signatures on one line, spaced as people write them.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

pub fn written(tokens: TokenStream) -> String {
    let mut words = Vec::new();
    flatten(tokens, &mut words);
    let mut text = String::new();
    let mut before: Option<&str> = None;
    for word in &words {
        if matches!(word.as_str(), ")" | ">" | "]") && before == Some(",") {
            text.pop();
        }
        if before.is_some_and(|before| is_apart(before, word)) {
            text.push(' ');
        }
        text.push_str(word);
        before = Some(word);
    }
    text
}

fn flatten(tokens: TokenStream, words: &mut Vec<String>) {
    let mut joint = false;
    for token in tokens {
        let mut next_joint = false;
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                words.push(open.to_owned());
                flatten(group.stream(), words);
                words.push(close.to_owned());
            }
            TokenTree::Punct(punct) => {
                next_joint = punct.spacing() == Spacing::Joint;
                match words.last_mut() {
                    // A lifetime's apostrophe is joined to its name, `::`, `->` and `..` to themselves.
                    Some(last) if joint && !last.is_empty() => last.push(punct.as_char()),
                    _ => words.push(punct.as_char().to_string()),
                }
                // `>>` closes two.
                next_joint &= !matches!(punct.as_char(), '>' | '<' | '&' | ',');
            }
            TokenTree::Ident(ident) if joint && words.last().is_some_and(|last| last == "'") => {
                words.last_mut().unwrap().push_str(&ident.to_string());
            }
            token => words.push(token.to_string()),
        }
        joint = next_joint;
    }
    words.retain(|word| !word.is_empty());
}

fn is_apart(before: &str, word: &str) -> bool {
    let is_name = |text: &str| text.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '\'');
    if matches!(before, "(" | "[" | "&" | "::" | "<" | "*" | "?" | "#") || before.starts_with("..") {
        return false;
    }
    match word {
        ")" | "]" | "," | ";" | ":" | "::" | ">" | ".." | "..=" => false,
        "<" => !is_name(before),
        "(" => !(is_name(before) && !matches!(before, "mut" | "dyn" | "impl" | "where") || before == ">"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn signatures_read_as_people_write_them() {
        for text in [
            "fn new<'a, T: ?Sized + Fn(&str) -> bool>(name: &'a str, values: &mut [f64; 3], of: impl Into<Option<T>>) -> Self where T: 'a",
            "fn of(&self) -> Result<Vec<(String, f64)>, Box<dyn std::error::Error + Send>>",
            "unsafe extern \"C\" fn raw(at: *const u8) -> <Self as Meter>::Unit",
        ] {
            assert_eq!(written(text.parse().unwrap()), text);
        }
        assert_eq!(written("fn a(\n  b: u8,\n  c: Vec<u8,>,\n)".parse().unwrap()), "fn a(b: u8, c: Vec<u8>)");
    }
}
