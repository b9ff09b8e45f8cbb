//! How much one file may cost before it is refused.

/// Limits for input. The defaults let through everything a scanner of exam forms makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Pixels of one page. Default: A3 at 600 dpi (7016 × 9921 = 69.6 million) with a margin.
    pub max_pixels: u64,
    /// Bytes of one file, archives included. Default 256 MiB: a 500-page colour PDF.
    pub max_file_bytes: u64,
    /// Pages of one file. Default 5000: more than the largest packet of a room by far.
    pub max_pages: u32,
    /// Entries of one archive. Default 10 000.
    pub max_archive_members: u64,
    /// Unpacked bytes of one archive, all members together. Default 512 MiB: they are held in memory.
    pub max_unpacked_bytes: u64,
    /// Unpacked bytes of a member for one packed byte. Default 200; deflate cannot exceed 1032.
    pub max_ratio: u64,
    /// Members smaller than this are never judged by their ratio: an empty sheet as an
    /// uncompressed 600-dpi grey TIFF (35 MB) packs 1000 : 1 honestly. Default 64 MiB.
    pub ratio_matters_from: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pixels: 80_000_000,
            max_file_bytes: 256 << 20,
            max_pages: 5_000,
            max_archive_members: 10_000,
            max_unpacked_bytes: 512 << 20,
            max_ratio: 200,
            ratio_matters_from: 64 << 20,
        }
    }
}

impl Limits {
    /// Refuses a page by its declared size, before memory is taken for it.
    pub(super) fn check_size(&self, width: u64, height: u64) -> Result<(), super::SourceError> {
        if width == 0 || height == 0 {
            return Err(super::SourceError::NoPixels { width, height });
        }
        match width.checked_mul(height) {
            Some(pixels) if pixels <= self.max_pixels => Ok(()),
            _ => Err(super::SourceError::TooManyPixels { width, height, limit: self.max_pixels }),
        }
    }
}
