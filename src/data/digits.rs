//! The digits: 1,797 handwritten digits as grey 8 x 8 images.
//!
//! The test part of "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak (1998), UCI Machine
//! Learning Repository, <https://doi.org/10.24432/C50P49>, licensed CC BY 4.0. A pixel counts the dark points, 0 to 16,
//! of a 4 x 4 block of the 32 x 32 scan. `digits.gz` is that data as bytes, packed by `scripts/pack_digits.py`: all
//! labels, then 64 pixels per image, compressed with gzip. Here pixels are divided by 16.

use std::io::Read;

use flate2::read::GzDecoder;

use super::{DataError, Dataset, Shape};

const PACKED: &[u8] = include_bytes!("digits.gz");
const SAMPLES: usize = 1797;
const SHAPE: Shape = Shape { channels: 1, height: 8, width: 8 };
const DARKEST: f32 = 16.0;

pub(super) const NAME: &str = "digits";

pub(super) fn load() -> Result<Dataset, DataError> {
    let invalid = |reason: String| DataError::Invalid { name: NAME.to_owned(), reason, help: None };
    let mut bytes = Vec::with_capacity(SAMPLES * (1 + SHAPE.len()));
    GzDecoder::new(PACKED).read_to_end(&mut bytes).map_err(|e| invalid(format!("cannot be unpacked: {e}")))?;
    if bytes.len() != SAMPLES * (1 + SHAPE.len()) {
        return Err(invalid(format!("has {} bytes after unpacking", bytes.len())));
    }
    let (labels, pixels) = bytes.split_at(SAMPLES);
    let features = pixels.iter().map(|p| f32::from(*p) / DARKEST).collect();
    let dataset = Dataset::new(NAME, SHAPE, features, labels.iter().map(|l| u32::from(*l)).collect(), 10)?;
    Ok(dataset.attributed(
        "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository, \
         CC BY 4.0",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_there_as_often_as_published() {
        let digits = load().unwrap();
        let mut counts = [0; 10];
        for label in digits.labels() {
            counts[*label as usize] += 1;
        }
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        assert_eq!((digits.len(), digits.shape(), digits.classes()), (1797, SHAPE, 10));
        assert!(digits.attribution().contains("CC BY 4.0"));
    }

    #[test]
    fn the_data_are_the_published_ones() {
        let digits = load().unwrap();
        // FNV-1a, 64 bits, over labels and then pixels as bytes from 0 to 16.
        let hash = |bytes: &mut dyn Iterator<Item = u8>| {
            bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
        };
        let labels = digits.labels().iter().map(|l| *l as u8);
        let pixels = digits.features().to_vec().into_iter().map(|f| (f * DARKEST) as u8);
        assert_eq!(hash(&mut labels.chain(pixels)), HASH);
        // The first image, a zero, by eye from the published file.
        let row: Vec<f32> = digits.features().to_vec()[..8].iter().map(|f| f * DARKEST).collect();
        assert_eq!(row, [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0]);
    }

    const HASH: u64 = 0x6a5c_f7c9_786b_a501;
}
