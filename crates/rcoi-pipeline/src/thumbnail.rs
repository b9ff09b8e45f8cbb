//! Small pictures of pages: enough to see which way a sheet lies, a streak, a blank; too small to read an answer or a name.

use crate::cutout::png;
use crate::error::Result;
use crate::gray;
use crate::pipeline::{Pipeline, lock};
use rcoi_model::PageId;
use rcoi_store::StoreError;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Largest width and height, pixels. Looked at with drawn exams: at 160 and at 100 pixels across answers and names can be read, at
/// 80 they can be guessed, at 64 they cannot. With 56 a pixel covers 3.75 mm of A4, so a character of a cell is one or two.
pub const THUMBNAIL: (u32, u32) = (56, 79);
/// Without a known form the picture may be a piece of a sheet, which would be shown larger than a whole one.
const UNKNOWN: (u32, u32) = (40, 57);
/// Small pictures kept: some 4 KB each.
const KEPT: usize = 4000;

/// A small picture of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// Differs when the picture does.
    pub tag: String,
    /// PNG; `None`: the one who asks has it already.
    pub png: Option<Arc<Vec<u8>>>,
}

/// Those that were asked for of late.
#[derive(Default)]
pub(crate) struct Thumbnails(Mutex<VecDeque<(String, Arc<Vec<u8>>)>>);

impl Thumbnails {
    fn get(&self, tag: &str) -> Option<Arc<Vec<u8>>> {
        lock(&self.0).iter().find(|(known, _)| known == tag).map(|(_, png)| png.clone())
    }

    fn put(&self, tag: &str, png: &Arc<Vec<u8>>) {
        let mut all = lock(&self.0);
        if all.iter().all(|(known, _)| known != tag) {
            all.push_back((tag.to_owned(), png.clone()));
        }
        while all.len() > KEPT {
            all.pop_front();
        }
    }
}

impl Pipeline {
    /// The small picture of a page as it stands upright; `known` is the tag of the one that the caller has. Only pages that were
    /// read have one: what brought a decoder down is not decoded again for a look.
    pub async fn thumbnail(&self, page: PageId, known: Option<&str>) -> Result<Thumbnail> {
        let row = self.inner.store.page(page).await?;
        let lies = self.inner.store.page_lies(page).await?.ok_or_else(|| StoreError::NotFound(format!("a picture of page {page}")))?;
        let turns = lies.quarter_turns % 4;
        let (wide, high) = if lies.form.is_some() { THUMBNAIL } else { UNKNOWN };
        let tag = format!("{}-{}-{turns}-{wide}", &row.blob.as_str()[..24], row.index);
        if known == Some(tag.as_str()) {
            return Ok(Thumbnail { tag, png: None });
        }
        if let Some(png) = self.inner.thumbnails.get(&tag) {
            return Ok(Thumbnail { tag, png: Some(png) });
        }
        let bytes = self.inner.blobs.get(&row.blob).await?;
        let picture = self.inner.readers.small_picture(bytes, row.index, &self.inner.params).await?;
        let small = tokio::task::spawn_blocking(move || png(&gray::small(&picture, turns, wide, high))).await??;
        let small = Arc::new(small);
        self.inner.thumbnails.put(&tag, &small);
        Ok(Thumbnail { tag, png: Some(small) })
    }
}
