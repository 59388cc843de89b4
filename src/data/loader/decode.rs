//! One image, from its file's bytes to pixels.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::imageops::{FilterType, resize};
use image::{DynamicImage, ImageBuffer, ImageFormat, ImageReader, Limits, Pixel};

/// No image may be wider or higher.
const SIDE: u32 = 16_384;

/// No image may take more memory while it is decoded: 256 MiB.
const MEMORY: u64 = 256 << 20;

/// The largest side that images can be brought to.
pub(super) const LARGEST: u32 = 4096;

/// Pixels, channel by channel and row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded {
    /// 1 for grey, 3 for colour.
    pub(super) channels: usize,
    pub(super) height: u32,
    pub(super) width: u32,
    pub(super) pixels: Vec<u8>,
}

/// Decodes a PNG or JPEG to 8 bits per channel, and brings it to `side x side` pixels if so asked, whatever its
/// proportions. Each new pixel is a weighted mean of those around its place. The weights are a triangle as wide as the
/// step between new pixels, or two old ones if that is more. Transparency is dropped, and an orientation noted by a
/// camera is not heeded. If it cannot be, says why.
pub(super) fn decode(bytes: &[u8], side: Option<u32>) -> Result<Decoded, String> {
    // A decoder that fails on a file made to break it must not take the others along.
    let image =
        catch_unwind(AssertUnwindSafe(|| read(bytes))).unwrap_or_else(|_| Err("the decoder gave up".to_owned()))?;
    Ok(if image.color().has_color() {
        planes::<image::Rgb<u8>>(image.into_rgb8(), side)
    } else {
        planes::<image::Luma<u8>>(image.into_luma8(), side)
    })
}

fn read(bytes: &[u8]) -> Result<DynamicImage, String> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|e| e.to_string())?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
        return Err("it is neither a PNG nor a JPEG inside".to_owned());
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE);
    limits.max_image_height = Some(SIDE);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    reader.decode().map_err(|error| match error {
        image::ImageError::Limits(_) => {
            format!("it is larger than {SIDE} pixels a side, or than {} MiB in memory", MEMORY >> 20)
        }
        error => error.to_string(),
    })
}

fn planes<P: Pixel<Subpixel = u8> + 'static>(image: ImageBuffer<P, Vec<u8>>, side: Option<u32>) -> Decoded {
    let image = match side {
        Some(side) if image.dimensions() != (side, side) => resize(&image, side, side, FilterType::Triangle),
        _ => image,
    };
    let ((width, height), channels) = (image.dimensions(), usize::from(P::CHANNEL_COUNT));
    let interleaved = image.into_raw();
    let pixels = match channels {
        1 => interleaved,
        _ => (0..channels).flat_map(|c| interleaved.iter().skip(c).step_by(channels)).copied().collect(),
    };
    Decoded { channels, height, width, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::{grey_png, jpeg, png};

    #[test]
    fn colours_become_planes() {
        let bytes = png(2, 1, |x, _| [x as u8, 10 + x as u8, 20 + x as u8]);
        let expected = Decoded { channels: 3, height: 1, width: 2, pixels: vec![0, 1, 10, 11, 20, 21] };
        assert_eq!(decode(&bytes, None).unwrap(), expected);
        let grey = decode(&grey_png(1, 2, |_, y| 7 + y as u8), None).unwrap();
        assert_eq!(grey, Decoded { channels: 1, height: 2, width: 1, pixels: vec![7, 8] });
    }

    #[test]
    fn a_jpeg_is_near_what_it_was_made_of() {
        let image = decode(&jpeg(16, 8, |_, _| [200, 100, 50]), None).unwrap();
        assert_eq!((image.channels, image.height, image.width), (3, 8, 16));
        for (pixel, expected) in [(0, 200), (128, 100), (256, 50)] {
            assert!(image.pixels[pixel].abs_diff(expected) <= 4, "{}", image.pixels[pixel]);
        }
    }

    #[test]
    fn shrinking_takes_means_of_all_pixels() {
        // A checkerboard of single pixels: without a wide enough triangle it would stay black and white.
        let board = grey_png(64, 64, |x, y| if (x + y) % 2 == 0 { 255 } else { 0 });
        let small = decode(&board, Some(8)).unwrap();
        assert_eq!((small.height, small.width), (8, 8));
        assert!(small.pixels.iter().all(|p| p.abs_diff(127) <= 3), "{:?}", small.pixels);
        let wide = decode(&png(6, 2, |_, _| [1, 2, 3]), Some(4)).unwrap();
        assert_eq!((wide.height, wide.width, wide.pixels[0], wide.pixels[47]), (4, 4, 1, 3));
    }

    #[test]
    fn what_is_no_image_is_told() {
        let whole = png(8, 8, |x, y| [x as u8, y as u8, 0]);
        assert!(decode(b"GIF89a..............", None).unwrap_err().contains("neither a PNG nor a JPEG"));
        assert!(decode(b"", None).is_err());
        assert!(decode(&whole[..whole.len() / 2], None).is_err());
        assert!(decode(&jpeg(8, 8, |_, _| [9; 3])[..30], None).is_err());
        // Only the size in the header is changed, with its checksum: nothing near so large may be made.
        for size in [16_385_u32, 16_384] {
            let mut huge = whole.clone();
            huge[16..20].copy_from_slice(&size.to_be_bytes());
            huge[20..24].copy_from_slice(&16_384_u32.to_be_bytes());
            let mut crc = flate2::Crc::new();
            crc.update(&huge[12..29]);
            huge[29..33].copy_from_slice(&crc.sum().to_be_bytes());
            let error = decode(&huge, None).unwrap_err();
            assert!(error.contains("larger than 16384 pixels a side, or than 256 MiB"), "{error}");
        }
    }
}
