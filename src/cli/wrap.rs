//! Lines of a width.

/// The text in lines of at most so many characters. A word that is longer has a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { continue };
        let length = line.chars().count() + word.chars().count() + usize::from(!line.is_empty());
        if length > width && !line.is_empty() {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn words_go_on_in_the_next_line_where_there_is_no_room() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one twentyfive three", 5), ["one", "twentyfive", "three"]);
        assert_eq!(wrap("", 5), [""]);
    }
}
