//! 签章图片: the picture of a seal that some keys hold as a file. Its name differs from maker to maker, so any readable file
//! that is a picture counts; what is no picture is no seal.

use image::{ImageReader, Limits};
use std::io::Cursor;
use std::sync::Arc;
use token::KeyContents;

/// Longest file that is read.
pub(in crate::app) const LARGEST: usize = 64 * 1024;
/// Files looked at, so that a key full of files does not keep its worker busy.
const MOST_FILES: usize = 4;
/// Widest and highest picture.
const MOST_PIXELS: u32 = 1024;

/// A decoded picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Four bytes a pixel, alpha not multiplied in.
    pub rgba: Arc<[u8]>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

impl Picture {
    /// Decodes PNG, JPEG, GIF or BMP; anything else, or too large, is no picture.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?;
        let mut limits = Limits::default();
        limits.max_image_width = Some(MOST_PIXELS);
        limits.max_image_height = Some(MOST_PIXELS);
        limits.max_alloc = Some(16 * 1024 * 1024);
        reader.limits(limits);
        let image = reader.decode().ok()?.into_rgba8();
        Some(Self {
            width: usize::try_from(image.width()).ok()?,
            height: usize::try_from(image.height()).ok()?,
            rgba: image.into_raw().into(),
        })
    }
}

/// The files that may hold the picture.
pub(in crate::app) fn candidates(contents: &KeyContents) -> Vec<String> {
    contents.other_files().take(MOST_FILES).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::{MOST_PIXELS, Picture};
    use image::{ImageFormat, RgbaImage};
    use std::io::Cursor;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbaImage::from_pixel(width, height, image::Rgba([200, 0, 0, 128]))
            .write_to(&mut bytes, ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_is_decoded_and_padding_behind_it_does_not_matter() {
        let mut bytes = png(3, 2);
        bytes.extend([0xFF; 40]);
        let picture = Picture::decode(&bytes).unwrap();
        assert_eq!((picture.width, picture.height), (3, 2));
        assert_eq!(picture.rgba[..4], [200, 0, 0, 128]);
    }

    #[test]
    fn other_files_truncated_and_oversized_pictures_are_no_seal() {
        assert!(Picture::decode(b"personalCert00").is_none());
        assert!(Picture::decode(&png(3, 2)[..20]).is_none());
        assert!(Picture::decode(&png(MOST_PIXELS + 1, 1)).is_none());
    }
}
