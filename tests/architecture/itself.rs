//! The checks are tried on small crates that are wrong, so that they can be trusted where they find nothing.

use crate::table::{Row, faults, rows_of};
use crate::tree::{Crate, Files, Place};

pub fn crate_of(files: &[(&str, &str)]) -> Crate {
    let files: Files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Crate::read(&files, &["nalgebra", "serde"])
}

fn rows(table: &str) -> Vec<Row> {
    rows_of(&format!("| room | knows |\n|---|---|\n{table}")).unwrap()
}

const LIB: (&str, &str) = ("lib.rs", "pub mod low;\npub mod high;");

/// What is found where `high` may know nobody, `low` is one module with one item, and this is the code of `high`.
fn found(high: &str) -> Vec<String> {
    let krate = crate_of(&[
        LIB,
        ("low/mod.rs", "pub mod deep; pub struct Low;"),
        ("low/deep.rs", "pub fn deep() {}"),
        ("high.rs", high),
    ]);
    faults(&krate, &rows("| `low`, `high` | nobody |"))
}

#[test]
fn a_path_through_a_wall_is_found_however_it_is_written() {
    for code in [
        "use crate::low::Low;",
        "use crate::{low, high};",
        "use crate::{low::{deep::{self, deep as other}, Low}};",
        "use crate::low::*;",
        "use super::low::Low;",
        "use super::*; fn f(_: low::Low) {}",
        "pub use super::low as lower;",
        "fn f(_: &[Option<crate::low::Low>]) {}",
        "fn f() { crate::low::deep::deep() }",
        "fn f() { assert_eq!(1, { super::low::deep::deep(); 1 }); }",
        "fn f() { println!(\"{:?}\", [crate::low::deep::deep()]) }",
        "mod inner { use super::super::low::Low; }",
        "mod inner { mod innermost { fn f() { super::super::super::low::deep::deep() } } }",
        "use crate as root; fn f(_: root::low::Low) {}",
        "#[derive(crate::low::Low)] struct S;",
        "struct S { #[serde(with = \"crate::low\")] field: u8 }",
        "impl From<crate::low::Low> for u8 { fn from(_: crate::low::Low) -> u8 { 0 } }",
        "fn f() { use crate::low::Low; }",
    ] {
        let found = found(code);
        assert!(
            found.iter().any(|fault| fault.starts_with("src/high.rs:1: `high` does not know crate::low")),
            "{code}: {found:?}"
        );
        assert!(found.iter().all(|fault| !fault.contains("in tests")), "{code}: {found:?}");
    }
}

#[test]
fn tests_are_behind_walls_as_well() {
    for code in [
        "#[cfg(test)]\nmod tests { use crate::low::Low; }",
        "#[cfg(test)]\nuse crate::low::Low;",
        "#[cfg(all(test, unix))]\nmod tests { fn f(_: super::super::low::Low) {} }",
        "mod inner { #[test] fn f() { crate::low::deep::deep() } }",
    ] {
        let found = found(code);
        assert!(found[0].ends_with(", in tests"), "{code}: {found:?}");
    }
    let krate = crate_of(&[
        LIB,
        ("low.rs", "pub struct Low;"),
        ("high.rs", "#[cfg(test)] #[path = \"high_tests.rs\"] mod tests;"),
        ("high_tests.rs", "use crate::low::Low;"),
    ]);
    let found = faults(&krate, &rows("| `low`, `high` | nobody |"));
    assert_eq!(found, ["src/high_tests.rs:1: `high` does not know crate::low::Low, in tests"]);
    assert!(faults(&krate, &rows("| `low` | nobody |\n| `high` | nobody, in tests `low` |")).is_empty());
    let found = faults(&krate, &rows("| `low` | nobody |\n| `high` | `low` |"));
    assert!(found.len() == 1 && found[0].contains("behind `in tests`"), "{found:?}");
}

#[test]
fn what_is_no_path_through_a_wall_is_left_in_peace() {
    for code in [
        "/// See [`crate::low::Low`].\npub fn f() {}",
        "// use crate::low::Low;\npub fn f() -> &'static str { \"crate::low::Low\" }",
        "pub(in crate::high) fn low() {}\nfn f() { low() }",
        "mod low { pub fn f() {} }\nfn f() { low::f(); self::low::f(); crate::high::low::f() }",
        "use std::collections::BTreeMap as low;\nfn f() { low::<u8, u8>::new(); }",
    ] {
        let found = found(code);
        assert!(found.is_empty(), "{code}: {found:?}");
    }
}

#[test]
fn exports_do_not_hide_where_something_is_from() {
    let krate = crate_of(&[
        ("lib.rs", "mod low; mod middle; mod high;"),
        ("low/mod.rs", "mod a; mod b; pub use a::*; pub use b::B as Other;"),
        ("low/a.rs", "pub struct A;"),
        ("low/b.rs", "pub struct B;"),
        ("middle.rs", "pub(crate) use super::low::A;"),
        ("high.rs", "use super::low::{A, Other};"),
    ]);
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(krate.resolve("high", &path("A")), Place::Inside("low::a::A".into()));
    assert_eq!(krate.resolve("high", &path("crate::middle::A")), Place::Inside("low::a::A".into()));
    assert_eq!(krate.resolve("high", &path("std::fs")), Place::Outside("std::fs".into()));
    assert_eq!(krate.resolve("high", &path("value::method")), Place::Unknown);
    let both = rows("| `low` | nobody |\n| `middle` | `low/a` |\n| `high` | `low::a`, `low/b` |");
    assert!(faults(&krate, &both).is_empty(), "{:?}", faults(&krate, &both));
    let one = faults(&krate, &rows("| `low` | nobody |\n| `middle`, `high` | `low/a` |"));
    assert_eq!(one, ["src/high.rs:1: `high` does not know crate::low::Other"]);
}

#[test]
fn parts_of_rooms_have_walls_of_their_own() {
    let krate = crate_of(&[
        ("lib.rs", "pub mod low;"),
        ("low/mod.rs", "mod up; mod down; pub use up::Up; pub struct Own;"),
        ("low/up/mod.rs", "mod file; pub struct Up; use super::down::Down;"),
        ("low/up/file.rs", "use super::Up; use crate::low::down::Down;"),
        ("low/down/mod.rs", "mod file; pub struct Down;"),
        ("low/down/file.rs", "use super::super::Up;\nuse super::super::Own;"),
    ]);
    assert!(faults(&krate, &rows("| `low` | nobody |")).is_empty());
    let found = faults(&krate, &rows("| `low`, `low/down` | nobody |\n| `low/up` | `low/down` |"));
    let found: Vec<_> = found.iter().map(String::as_str).collect();
    assert_eq!(
        found,
        [
            "src/low/down/file.rs:1: `low::down` does not know crate::low::Up",
            "src/low/down/file.rs:2: `low::down` does not know crate::low::Own",
        ]
    );
    let found = faults(&krate, &rows("| `low`, `low/up` | all |"));
    assert_eq!(found, ["src/low/down is in no row of the table: say whom it knows"]);
}

#[test]
fn rooms_and_rows_belong_together() {
    let krate = crate_of(&[LIB, ("low.rs", "pub struct Low;"), ("high.rs", "use crate::low::Low;")]);
    let found = faults(&krate, &rows("| `low` | nobody |"));
    assert_eq!(found, ["src/high is in no row of the table: say whom it knows"]);
    let found = faults(&krate, &rows("| `low`, `attic` | nobody |\n| `high` | all |"));
    assert_eq!(found, ["the table has a row for `attic`, which is no module: take the row out"]);
    let found = faults(&krate, &rows("| `low` | `high` |\n| `high` | `low::Low` (why) |"));
    assert_eq!(found, ["the table lets `low` know `high`, which nothing in it uses: take that out"]);
    let found = faults(&krate, &rows("| `low` | nobody |\n| `high` | `low`, `low/cellar` |"));
    assert_eq!(found, ["the table lets `high` know `low::cellar`, which nothing in it uses: take that out"]);
}

#[test]
fn a_table_that_cannot_be_read_is_no_table_without_walls() {
    for (table, words) in [
        ("| `low` | everybody |", "everybody"),
        ("| `low` | |", "neither whom it knows"),
        ("| low | nobody |", "low"),
        ("| `low` | `high` | more |", "two columns"),
        ("| `low` | nobody |\n| `low` | all |", "two rows"),
    ] {
        let text = rows_of(&format!("| room | knows |\n|---|---|\n{table}")).unwrap_err();
        assert!(text.contains(words), "{table}: {text}");
    }
    assert!(rows_of("| rooms | known |\n|---|---|\n| `low` | nobody |").is_err());
}

#[test]
fn a_file_that_no_module_declares_is_found() {
    let krate = crate_of(&[("lib.rs", "mod low;"), ("low/mod.rs", ""), ("low/lost.rs", "use crate::x;")]);
    assert_eq!(krate.strays, ["low/lost.rs"]);
}
