//! Files made by hand, for tests.

use std::io::Write;

use super::DataError;

/// An error with its help, as one text.
pub(super) fn said(error: &DataError) -> String {
    match error.help() {
        Some(help) => format!("{error}; {help}"),
        None => error.to_string(),
    }
}

/// A tar archive in the making.
pub(super) struct Tar(tar::Builder<Vec<u8>>);

impl Tar {
    pub(super) fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    pub(super) fn file(mut self, name: &str, contents: &[u8]) -> Self {
        let mut header = header(tar::EntryType::Regular, contents.len());
        self.0.append_data(&mut header, name, contents).unwrap();
        self
    }

    pub(super) fn folder(mut self, name: &str) -> Self {
        let mut header = header(tar::EntryType::Directory, 0);
        self.0.append_data(&mut header, name, std::io::empty()).unwrap();
        self
    }

    pub(super) fn link(mut self, name: &str, target: &str) -> Self {
        let mut header = header(tar::EntryType::Symlink, 0);
        self.0.append_link(&mut header, name, target).unwrap();
        self
    }

    /// A file with a name that no packer would write.
    pub(super) fn raw(mut self, name: &[u8], contents: &[u8]) -> Self {
        let mut header = header(tar::EntryType::Regular, contents.len());
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_cksum();
        self.0.append(&header, contents).unwrap();
        self
    }

    /// A header of this kind with what belongs to it, whatever that is.
    pub(super) fn special(mut self, kind: tar::EntryType, contents: &[u8]) -> Self {
        self.0.append(&header(kind, contents.len()), contents).unwrap();
        self
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn header(kind: tar::EntryType, size: usize) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size as u64);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn encoded(image: image::DynamicImage, format: image::ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A PNG in colour, by column and row.
pub(super) fn png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    let image = image::RgbImage::from_fn(width, height, |x, y| image::Rgb(pixel(x, y)));
    encoded(image.into(), image::ImageFormat::Png)
}

/// A grey PNG, by column and row.
pub(super) fn grey_png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> u8) -> Vec<u8> {
    let image = image::GrayImage::from_fn(width, height, |x, y| image::Luma([pixel(x, y)]));
    encoded(image.into(), image::ImageFormat::Png)
}

/// A JPEG in colour, by column and row.
pub(super) fn jpeg(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    let image = image::RgbImage::from_fn(width, height, |x, y| image::Rgb(pixel(x, y)));
    encoded(image.into(), image::ImageFormat::Jpeg)
}
