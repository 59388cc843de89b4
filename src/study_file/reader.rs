//! Typed access to a parsed document; what has another type becomes an issue.

use std::ops::Range;

use toml_edit::{Item, Key, TableLike};

use super::error::IssueKind;
use super::findings::{Draft, Findings, Span};
use super::reference::{self, Table, Values, homes};
use super::spelling::nearest;
use crate::optimizer::space::Value;

/// One table of the document, in whichever of TOML's ways it is written.
#[derive(Clone)]
pub(super) struct Section<'a> {
    /// How messages call it, such as `[budget]`.
    pub(super) title: String,
    /// Its header, or the whole inline table.
    pub(super) span: Span,
    /// The keys that it may have.
    shape: &'static Table,
    table: &'a dyn TableLike,
}

impl<'a> Section<'a> {
    pub(super) fn new(shape: &'static Table, title: impl Into<String>, table: &'a dyn TableLike, span: Span) -> Self {
        Self { title: title.into(), span, shape, table }
    }

    /// All entries, in the order of the document.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let (table, shape) = (self.table, self.shape);
        table.iter().filter_map(move |(name, _)| {
            let (key, item) = table.get_key_value(name)?;
            Some(Entry { key, item, known: shape.key(name) })
        })
    }

    /// The entry with this key, which is one of the reference: no other is read.
    pub(super) fn get(&self, key: &str) -> Option<Entry<'a>> {
        let known = known_in(self.shape, key)?;
        self.table.get_key_value(key).map(|(key, item)| Entry { key, item, known })
    }

    /// Complains about keys that are not in the reference.
    pub(super) fn refuse_unknown_keys(&self, findings: &mut Findings) {
        for entry in self.entries().filter(|e| !self.shape.reads(e.name())) {
            let key = entry.name();
            let help = match (nearest(key, self.shape.known()), homes(key, self.shape)) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, Some(home)) => format!("`{key}` belongs {home}"),
                (None, None) => {
                    let known: Vec<&str> = self.shape.known().collect();
                    format!("the keys of {} are: {}", self.title, known.join(", "))
                }
            };
            let kind = IssueKind::UnknownKey { key: key.to_owned(), section: self.title.clone() };
            findings.push(Draft::new(kind).at(entry.key_span()).help(help));
        }
    }

    /// Whether a key that is not known looks like a misspelt `wanted`, which is then not missing besides.
    pub(super) fn misspells(&self, wanted: &str) -> bool {
        let meant = |key: &str| nearest(key, self.shape.known()) == Some(wanted);
        self.entries().any(|e| !self.shape.reads(e.name()) && meant(e.name()))
    }

    /// Complains that something must be there.
    pub(super) fn missing(&self, what: &str, example: &str, findings: &mut Findings) {
        let kind = IssueKind::Missing { what: what.to_owned(), section: self.title.clone() };
        findings.push(Draft::new(kind).at(self.span.clone()).help(format!("for example: {example}")));
    }
}

/// What the reference has on a key that is read; `None` for one that it does not have, and that is therefore not read.
fn known_in(shape: &'static Table, key: &str) -> Option<Option<&'static reference::Key>> {
    debug_assert!(shape.reads(key), "`{key}` of {} is read and not in the reference", shape.title);
    shape.reads(key).then(|| shape.key(key))
}

/// One key with its value.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    key: &'a Key,
    item: &'a Item,
    /// What the reference has on it; `None` of names that the user chooses, and of elements.
    known: Option<&'static reference::Key>,
}

impl<'a> Entry<'a> {
    pub(super) fn name(&self) -> &'a str {
        self.key.get()
    }

    pub(super) fn key_span(&self) -> Span {
        self.key.span()
    }

    /// The value, or the key where the value has no place of its own.
    pub(super) fn span(&self) -> Span {
        self.item.span().or_else(|| self.key.span())
    }

    /// Key and value, or what there is of them.
    pub(super) fn whole(&self) -> Span {
        match (self.key.span(), self.item.span()) {
            (Some(Range { start, .. }), Some(Range { end, .. })) if start < end => Some(start..end),
            (key, value) => key.or(value),
        }
    }

    pub(super) fn is_table(&self) -> bool {
        self.item.is_table_like()
    }

    /// The entry with this key in the value, if that is a table of this shape.
    pub(super) fn child(&self, shape: &'static Table, key: &str) -> Option<Entry<'a>> {
        let known = known_in(shape, key)?;
        let (key, item) = self.item.as_table_like()?.get_key_value(key)?;
        Some(Entry { key, item, known })
    }

    pub(super) fn as_str(&self) -> Option<&'a str> {
        self.item.as_str()
    }

    pub(super) fn is_array(&self) -> bool {
        self.item.is_array()
    }

    pub(super) fn as_bool(&self) -> Option<bool> {
        self.item.as_bool()
    }

    /// A string, or the elements of an array of strings, with their places; `None` for anything else, and for an empty array.
    pub(super) fn strings(&self) -> Option<Vec<(&'a str, Span)>> {
        let placed = |value: &'a toml_edit::Value| Some((value.as_str()?, value.span()));
        match self.item.as_value()? {
            toml_edit::Value::Array(array) if !array.is_empty() => array.iter().map(placed).collect(),
            value => placed(value).map(|one| vec![one]),
        }
    }

    /// True or false.
    pub(super) fn truth(&self, example: &str, findings: &mut Findings) -> Option<bool> {
        self.expect(self.item.as_bool(), "true or false", example, findings)
    }

    /// What the key can be, by the reference.
    pub(super) fn values(&self) -> &'static Values {
        self.known.map_or(&Values::Other("a value"), |known| &known.values)
    }

    /// The key with a value, by the reference.
    pub(super) fn example(&self) -> &'static str {
        self.known.map_or("", |known| known.example)
    }

    /// Text.
    pub(super) fn string(&self, example: &str, findings: &mut Findings) -> Option<&'a str> {
        self.expect(self.item.as_str(), "a string", example, findings)
    }

    /// A whole number.
    pub(super) fn integer(&self, example: &str, findings: &mut Findings) -> Option<i64> {
        self.expect(self.item.as_integer(), "a whole number", example, findings)
    }

    /// A finite number, with or without a point.
    pub(super) fn number(&self, example: &str, findings: &mut Findings) -> Option<f64> {
        let number = self.item.as_float().or_else(|| self.item.as_integer().map(|v| v as f64));
        let number = self.expect(number, "a number", example, findings)?;
        if !number.is_finite() {
            self.bad_value("a finite number", &number.to_string(), findings);
            return None;
        }
        Some(number)
    }

    /// Text, a finite number or a truth value.
    pub(super) fn scalar(&self, example: &str, findings: &mut Findings) -> Option<Value> {
        let value = self.item.as_value().and_then(to_value);
        self.expect(value, "a string, a finite number, true or false", example, findings)
    }

    /// A value that a choice may have: what is [scalar](Self::scalar), a list of such, or `{ none = true }`.
    pub(super) fn value(&self, example: &str, findings: &mut Findings) -> Option<Value> {
        match self.item.as_value() {
            Some(value) => Element { key: self.name(), value }.value(findings),
            None => self.expect(None, ANY, example, findings),
        }
    }

    /// Whether it is `{ none = true }`.
    pub(super) fn is_none(&self) -> bool {
        self.item.as_value().is_some_and(is_none)
    }

    /// A table with the keys of this shape, called `title` in messages.
    pub(super) fn table(
        &self,
        shape: &'static Table,
        title: &str,
        example: &str,
        findings: &mut Findings,
    ) -> Option<Section<'a>> {
        let table = self.expect(self.item.as_table_like(), "a table", example, findings)?;
        Some(Section::new(shape, title, table, self.span()))
    }

    /// The tables of an array of tables, however it is written, called by the title of their shape in messages.
    pub(super) fn tables(&self, shape: &'static Table, findings: &mut Findings) -> Vec<Section<'a>> {
        let title = shape.title;
        let mut sections = Vec::new();
        if let Some(tables) = self.item.as_array_of_tables() {
            sections.extend(tables.iter().map(|t| Section::new(shape, title, t as &dyn TableLike, t.span())));
        } else if let Some(array) = self.item.as_array() {
            for value in array {
                match value.as_inline_table() {
                    Some(table) => sections.push(Section::new(shape, title, table as &dyn TableLike, table.span())),
                    None => {
                        let help = format!("write {title} above the keys of each");
                        self.wrong_type("an array of tables", describe(value), value.span(), &help, findings);
                    }
                }
            }
        } else {
            let example = format!("write {title} with two pairs of brackets, once for each");
            self.wrong_type("an array of tables", describe_item(self.item), self.key_span(), &example, findings);
        }
        sections
    }

    /// The elements of an array with their places.
    pub(super) fn array(&self, example: &str, findings: &mut Findings) -> Option<Vec<Element<'a>>> {
        let array = self.expect(self.item.as_array(), "an array", example, findings)?;
        Some(array.iter().map(|value| Element { key: self.name(), value }).collect())
    }

    /// The elements of an array, or the value itself as the only one.
    pub(super) fn one_or_more(&self, example: &str, findings: &mut Findings) -> Option<Vec<Element<'a>>> {
        match self.item.as_value() {
            Some(value) if !value.is_array() && (!value.is_inline_table() || is_none(value)) => {
                Some(vec![Element { key: self.name(), value }])
            }
            _ => self.array(example, findings),
        }
    }

    /// Complains about the value.
    pub(super) fn bad_value(&self, expected: &str, value: &str, findings: &mut Findings) {
        findings.push(self.draft_bad_value(expected, value));
    }

    pub(super) fn draft_bad_value(&self, expected: &str, value: &str) -> Draft {
        let (key, expected, value) = (self.name().to_owned(), expected.to_owned(), value.to_owned());
        Draft::new(IssueKind::BadValue { key, expected, value }).at(self.span())
    }

    fn expect<T>(&self, value: Option<T>, expected: &str, example: &str, findings: &mut Findings) -> Option<T> {
        if value.is_none() {
            let example = format!("for example: {example}");
            self.wrong_type(expected, describe_item(self.item), self.span(), &example, findings);
        }
        value
    }

    fn wrong_type(&self, expected: &str, found: &str, span: Span, help: &str, findings: &mut Findings) {
        let (key, expected, found) = (self.name().to_owned(), expected.to_owned(), found.to_owned());
        findings.push(Draft::new(IssueKind::WrongType { key, expected, found }).at(span).help(help));
    }
}

/// One element of an array.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    key: &'a str,
    value: &'a toml_edit::Value,
}

impl<'a> Element<'a> {
    pub(super) fn span(&self) -> Span {
        self.value.span()
    }

    pub(super) fn as_str(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    pub(super) fn string(&self, findings: &mut Findings) -> Option<&'a str> {
        self.expect(self.value.as_str(), "an array of strings", findings)
    }

    pub(super) fn integer(&self, findings: &mut Findings) -> Option<i64> {
        self.expect(self.value.as_integer(), "a pair of whole numbers", findings)
    }

    pub(super) fn number(&self, findings: &mut Findings) -> Option<f64> {
        self.number_of("a pair of numbers", findings)
    }

    /// A number, NaN and infinities included, in an array that should be `expected`.
    pub(super) fn number_of(&self, expected: &str, findings: &mut Findings) -> Option<f64> {
        let number = self.value.as_float().or_else(|| self.value.as_integer().map(|v| v as f64));
        self.expect(number, expected, findings)
    }

    /// One of the values of a choice: text, a finite number, a truth value, a list of such, or `{ none = true }`.
    pub(super) fn value(&self, findings: &mut Findings) -> Option<Value> {
        if is_none(self.value) {
            return Some(Value::None);
        }
        let Some(elements) = self.value.as_array() else {
            return self.expect(to_value(self.value), ANY, findings);
        };
        let element = |value| {
            let element = Element { key: self.key, value };
            element.expect(to_value(value), "lists of strings, finite numbers or truth values", findings)
        };
        let values: Vec<Option<Value>> = elements.iter().map(element).collect();
        values.into_iter().collect::<Option<_>>().map(Value::List)
    }

    fn expect<T>(&self, value: Option<T>, expected: &str, findings: &mut Findings) -> Option<T> {
        if value.is_none() {
            let (key, expected) = (self.key.to_owned(), expected.to_owned());
            let found = describe(self.value).to_owned();
            let draft = Draft::new(IssueKind::WrongType { key, expected, found }).at(self.span());
            findings.push(match (self.key, self.value) {
                ("int", toml_edit::Value::Float(_)) => draft.help("write `float` for numbers with a point"),
                (_, toml_edit::Value::Integer(_)) => draft.help("put it in quotation marks"),
                (_, toml_edit::Value::InlineTable(_)) => draft.help("no value at all is written { none = true }"),
                _ => draft,
            });
        }
        value
    }
}

/// What the values of a choice may be.
const ANY: &str = "strings, finite numbers, truth values, lists of these or { none = true }";

/// Whether a value is `{ none = true }`.
fn is_none(value: &toml_edit::Value) -> bool {
    value
        .as_inline_table()
        .is_some_and(|table| table.len() == 1 && table.get("none").and_then(toml_edit::Value::as_bool) == Some(true))
}

fn to_value(value: &toml_edit::Value) -> Option<Value> {
    match value {
        toml_edit::Value::String(v) => Some(Value::from(v.value().as_str())),
        toml_edit::Value::Integer(v) => Some(Value::Int(*v.value())),
        toml_edit::Value::Float(v) if v.value().is_finite() => Some(Value::Float(*v.value())),
        toml_edit::Value::Boolean(v) => Some(Value::Bool(*v.value())),
        _ => None,
    }
}

fn describe_item(item: &Item) -> &'static str {
    match item {
        Item::None => "nothing",
        Item::Value(value) => describe(value),
        Item::Table(_) => "a table",
        Item::ArrayOfTables(_) => "an array of tables",
    }
}

fn describe(value: &toml_edit::Value) -> &'static str {
    match value {
        toml_edit::Value::String(_) => "a string",
        toml_edit::Value::Integer(_) => "a whole number",
        toml_edit::Value::Float(v) if v.value().is_finite() => "a number with a point",
        toml_edit::Value::Float(_) => "NaN or infinite",
        toml_edit::Value::Boolean(_) => "a truth value",
        toml_edit::Value::Datetime(_) => "a date or time",
        toml_edit::Value::Array(_) => "an array",
        toml_edit::Value::InlineTable(_) => "a table",
    }
}
