//! The two standard fonts: how wide their letters are, and which bytes stand for them.

use pdf_writer::Name;

/// A font that every reader of PDF has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    Plain,
    Bold,
}

impl Face {
    /// Its name on the page.
    pub(super) fn name(self) -> Name<'static> {
        Name(if self == Self::Plain { b"F0" } else { b"F1" })
    }

    /// Its name among fonts.
    pub(super) fn base(self) -> Name<'static> {
        Name(if self == Self::Plain { b"Helvetica" } else { b"Helvetica-Bold" })
    }

    /// The width of encoded text at a size of one.
    pub(super) fn width(self, text: &[u8]) -> f64 {
        let widths = if self == Self::Plain { &PLAIN } else { &BOLD };
        let width = |byte: u8| byte.checked_sub(b' ').map_or(0, |place| widths[usize::from(place)]);
        f64::from(text.iter().map(|byte| u32::from(width(*byte))).sum::<u32>()) / 1000.0
    }
}

/// Text in bytes of `WinAnsiEncoding`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    /// Characters for which a question mark stands.
    pub(super) missing: Vec<char>,
}

/// Encodes text. For a character that the encoding lacks stands the nearest that it has, such as `-` for a minus sign.
pub(super) fn encode(text: &str) -> Encoded {
    let mut encoded = Encoded::default();
    for c in text.chars() {
        match byte_of(c) {
            Some(byte) => encoded.bytes.push(byte),
            None => match instead(c) {
                Some(words) => encoded.bytes.extend(words.bytes()),
                None => {
                    encoded.bytes.push(b'?');
                    encoded.missing.push(c);
                }
            },
        }
    }
    encoded
}

fn byte_of(c: char) -> Option<u8> {
    match c {
        ' '..='~' | '\u{A1}'..='\u{AC}' | '\u{AE}'..='\u{FF}' => u8::try_from(u32::from(c)).ok(),
        '\u{A0}' => Some(b' '),
        // The Greek letter, for which the micro sign looks the same.
        'μ' => Some(0xB5),
        _ => (0x80..=0x9F).zip(WINDOWS.chars()).find(|(_, w)| *w == c && c != '\0').map(|(byte, _)| byte),
    }
}

/// The characters of the bytes from 0x80 to 0x9F, zero for those that have none.
const WINDOWS: &str = "€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ";

/// What is nearest to a character that the encoding lacks, in ASCII.
fn instead(c: char) -> Option<&'static str> {
    const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let digit = |first: char| DIGITS.get((u32::from(c) - u32::from(first)) as usize).copied();
    match c {
        // Spaces of all widths, and those that nothing is seen of.
        '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => Some(" "),
        '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' => Some(""),
        '\u{2010}'..='\u{2012}' | '\u{2212}' | '\u{207B}' | '\u{208B}' => Some("-"),
        '₀'..='₉' => digit('₀'),
        '⁴'..='⁹' => digit('⁰'),
        '⁰' => Some("0"),
        '′' => Some("'"),
        '″' => Some("\""),
        '≤' => Some("<="),
        '≥' => Some(">="),
        '≠' => Some("!="),
        '≈' | '∼' => Some("~"),
        '→' => Some("->"),
        '←' => Some("<-"),
        '∞' => Some("inf"),
        '∗' => Some("*"),
        '⁄' | '∕' => Some("/"),
        '∆' | 'Δ' => Some("Delta"),
        'Ω' | '\u{2126}' => Some("Ohm"),
        _ => None,
    }
}

/// Widths of Helvetica from 0x20 to 0xFF in thousandths of its size, of Adobe's metrics.
#[rustfmt::skip]
const PLAIN: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 350,
    556, 350, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];

/// The same of Helvetica-Bold.
#[rustfmt::skip]
const BOLD: [u16; 224] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 350,
    556, 350, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_as_wide_as_its_letters() {
        assert!((Face::Plain.width(b"Wi. 1") - 2.278).abs() < 1e-9);
        assert!((Face::Bold.width(b"Wi. 1") - 2.334).abs() < 1e-9);
        for digit in b'0'..=b'9' {
            assert_eq!(Face::Plain.width(&[digit]).to_bits(), 0.556f64.to_bits());
        }
        assert_eq!(Face::Plain.width(b"\n").to_bits(), 0.0f64.to_bits());
    }

    #[test]
    fn every_character_has_its_byte_or_the_nearest_or_is_named() {
        assert_eq!(encode("Größe µ ±½ €…Ÿ").bytes, b"Gr\xF6\xDFe \xB5 \xB1\xBD \x80\x85\x9F");
        assert_eq!(encode("−5 CO₂e 10⁻⁶ ≤\u{202F}x\u{A0}y").bytes, b"-5 CO2e 10-6 <= x y");
        assert_eq!(encode("a\u{200B}b").bytes, b"ab");
        assert_eq!(
            encode("精度\u{FFFD}\0"),
            Encoded { bytes: b"????".to_vec(), missing: "精度\u{FFFD}\0".chars().collect() }
        );
    }
}
