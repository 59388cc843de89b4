//! The listing is tried on small crates, too.

use crate::itself::crate_of;
use crate::listing::{Listing, difference};

/// The listing of a crate of one room.
fn listed(files: &[(&str, &str)]) -> (String, Listing) {
    let listing = Listing::of(&crate_of(files));
    let text = listing.rooms().into_values().collect();
    (text, listing)
}

#[test]
fn everything_that_is_public_is_listed_and_nothing_else() {
    let (text, listing) = listed(&[
        ("lib.rs", "/// A room.\npub mod room;"),
        (
            "room/mod.rs",
            "mod inner; #[cfg(feature = \"more\")] mod more;\n\
             pub use inner::{Shown, Shown as Alias, Kind};\n#[cfg(feature = \"more\")]\npub use more::*;\n\
             #[doc(hidden)] pub fn hidden() {}\n#[cfg(test)] pub fn of_tests() {}\nfn private() {}\n\
             /// A trait.\npub trait Does: Send { /// It.\n fn it(&self) -> u8; /// More.\n fn more(&self) {} }\n\
             /// Steps.\npub const STEPS: usize = 3;\n/// Short.\npub type Short = Vec<Shown<u8>>;",
        ),
        (
            "room/inner.rs",
            "use super::Does;\n/// It is shown.\n#[derive(Debug, Clone)] #[non_exhaustive]\npub struct Shown<T> { /// A field.\n pub field: T, secret: u8 }\n\
             impl<T: Copy> Shown<T> { /// New.\n pub fn new(field: T,) -> Self { loop {} } fn own(&self) {} #[doc(hidden)] pub fn hidden() {} }\n\
             impl Does for Shown<u8> { fn it(&self) -> u8 { 0 } }\n\
             /// Kinds.\npub enum Kind { /// One.\n One, /// Two.\n Two(u8), /// Three.\n #[cfg(unix)] Three { a: u8 } }\npub struct NotShown;",
        ),
        ("room/more.rs", "/// A unit.\npub struct Unit(pub f64, u8);"),
    ]);
    let expected = "\
mod room
use room::Alias = room::Shown
trait room::Does: Send
    fn it(&self) -> u8
    fn more(&self) { .. }
enum room::Kind
    One
    Three { a: u8 } [unix]
    Two(u8)
const room::STEPS: usize
type room::Short = Vec<Shown<u8>>
struct room::Shown<T> #[non_exhaustive] #[derive(Clone, Debug)]
    .. (private fields)
    <T: Copy> Shown<T>: fn new(field: T) -> Self
    field: T
    impl Does for Shown<u8>
struct room::Unit(f64, _) [feature = \"more\"]
";
    assert_eq!(text, expected);
    assert!(
        listing.undocumented.is_empty() && listing.leaks.is_empty(),
        "{:?} {:?}",
        listing.undocumented,
        listing.leaks
    );
}

#[test]
fn items_without_a_word_and_types_of_other_crates_are_found() {
    let (_, listing) = listed(&[
        ("lib.rs", "pub mod room;"),
        (
            "room.rs",
            "use nalgebra::DMatrix;\npub struct Bare { pub field: u8 }\n\
             impl Bare { pub fn of(_: &[DMatrix<f64>]) {} fn own(_: DMatrix<f64>) {} }\n\
             /// A choice.\npub enum Choice { One(nalgebra::DVector<f64>) }\n\
             impl From<DMatrix<u8>> for Choice { fn from(_: DMatrix<u8>) -> Self { loop {} } }\n\
             /// Stored.\n#[derive(serde::Serialize)] pub struct Stored;\n/// Another's.\npub use nalgebra::Matrix3;",
        ),
    ]);
    assert_eq!(
        listing.undocumented,
        ["mod room", "room::Bare", "room::Bare::field", "room::Choice::One", "room::Bare::of"]
    );
    let leaks: Vec<_> = listing.leaks.iter().map(|(item, target)| (item.as_str(), target.as_str())).collect();
    assert_eq!(
        leaks,
        [
            ("room::Bare::of", "nalgebra::DMatrix"),
            ("room::Choice", "nalgebra::DMatrix"),
            ("room::Choice", "nalgebra::DVector"),
            ("room::Matrix3", "nalgebra::Matrix3"),
        ]
    );
}

#[test]
fn a_difference_names_the_item() {
    let old = "struct room::A\n    b: u8\nfn room::f()\n";
    let new = "struct room::A\n    b: u16\nfn room::f()\nfn room::g(x: u8)\n";
    assert_eq!(difference(old, new), ["- room::A: b: u8", "+ room::A: b: u16", "+ fn room::g(x: u8)"]);
}
