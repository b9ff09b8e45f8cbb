//! Pictures for people: the cut-out of a field, the whole page. Decoded pages are kept for a while: the next field
//! of a verifier is often on the same sheet.

use crate::error::{PipelineError, Result};
use crate::gray;
use crate::pipeline::{Pipeline, lock};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{GrayImage, ImageEncoder};
use rcoi_model::{BlobHash, Doubt, Page, PageId, Point, Quad, TaskId, TaskSubject};
use std::collections::VecDeque;
use std::io::Cursor;
use std::sync::{Arc, Mutex};

/// Decoded pages kept. A page of 300 dpi takes 8.7 MB: sixteen are 140 MB, and a verifier holds a handful of tasks.
const KEPT: usize = 16;
/// Margin around a field, in parts of its height: enough to see what runs out of the cells.
pub(crate) const MARGIN: f32 = 0.45;
/// Share of a field's length that is shown behind its end when the writing goes on there.
const BEYOND: f32 = 0.35;
/// Longest side of a whole page for the screen, pixels.
const PAGE_SIDE: u32 = 1800;

type Key = (BlobHash, u32);

/// A small cache of decoded pages, the least recently used goes first.
#[derive(Default)]
pub(crate) struct DecodedPages(Mutex<VecDeque<(Key, Arc<GrayImage>)>>);

impl DecodedPages {
    fn get(&self, key: &Key) -> Option<Arc<GrayImage>> {
        let mut pages = lock(&self.0);
        let at = pages.iter().position(|(k, _)| k == key)?;
        let found = pages.remove(at)?;
        let picture = found.1.clone();
        pages.push_back(found);
        Some(picture)
    }

    fn put(&self, key: Key, picture: Arc<GrayImage>) {
        let mut pages = lock(&self.0);
        if pages.iter().all(|(k, _)| *k != key) {
            pages.push_back((key, picture));
        }
        while pages.len() > KEPT {
            pages.pop_front();
        }
    }
}

impl Pipeline {
    /// PNG of what a task is about: the field with its surroundings, or the whole page.
    pub async fn task_picture(&self, task: TaskId) -> Result<Vec<u8>> {
        let row = self.inner.store.task(task).await?;
        let none = || PipelineError::Refused("эта задача не об одном листе: картинки нет".to_owned());
        let page = row.task.page.ok_or_else(none)?;
        match row.task.subject {
            TaskSubject::Field { field, area, doubts, .. } => match self.inner.store.cutout(page, &field).await? {
                Some(png) => Ok(png),
                None => self.cutout(page, &seen(&area, &doubts)).await,
            },
            TaskSubject::Sheet { .. } | TaskSubject::Room { .. } => self.page_picture(page, 0).await,
            TaskSubject::Person { .. } => Err(PipelineError::Refused("у личных данных картинка своя у каждого поля".to_owned())),
        }
    }

    /// PNG of one compared field of a task about personal data. No other field of the form is ever shown with it.
    pub async fn person_picture(&self, task: TaskId, field: &str) -> Result<Vec<u8>> {
        let task = self.inner.store.task(task).await?.task;
        let none = || PipelineError::Picture("no compared field of a registration form".to_owned());
        let compared = matches!(&task.subject, TaskSubject::Person { lines, .. } if lines.iter().any(|l| l.field == field));
        let page = task.page.filter(|_| compared).ok_or_else(none)?;
        if let Some(png) = self.inner.store.cutout(page, field).await? {
            return Ok(png);
        }
        let reading = self.inner.store.reading(page).await?.ok_or_else(none)?;
        let read = reading.field(field).ok_or_else(none)?;
        self.cutout(page, &seen(&read.area, &read.doubts)).await
    }

    /// PNG of an area of a page (corners in picture pixels), upright, with a margin.
    pub async fn cutout(&self, page: PageId, area: &Quad) -> Result<Vec<u8>> {
        let page = self.inner.store.page(page).await?;
        let (picture, area) = (self.decoded(&page).await?, *area);
        tokio::task::spawn_blocking(move || png(&gray::cut(&picture, &area, MARGIN))).await?
    }

    /// PNG of a whole page as it stands upright, turned by further clockwise quarter turns.
    pub async fn page_picture(&self, page: PageId, quarter_turns: u8) -> Result<Vec<u8>> {
        let page = self.inner.store.page(page).await?;
        let picture = self.decoded(&page).await?;
        let lies = self.inner.store.reading(page.id).await?.and_then(|r| r.placement).map_or(0, |p| p.quarter_turns);
        let turns = (lies % 4 + quarter_turns % 4) % 4;
        tokio::task::spawn_blocking(move || png(&gray::turned(&picture, turns, PAGE_SIDE))).await?
    }

    async fn decoded(&self, page: &Page) -> Result<Arc<GrayImage>> {
        let key = (page.blob.clone(), page.index);
        if let Some(picture) = self.inner.decoded.get(&key) {
            return Ok(picture);
        }
        let bytes = self.inner.blobs.get(&page.blob).await?;
        let picture = Arc::new(self.inner.readers.picture(bytes, page.index, &self.inner.params).await?);
        self.inner.decoded.put(key, picture.clone());
        Ok(picture)
    }
}

/// What is shown of a field: its area, and where the writing goes on behind its end, that too.
pub(crate) fn seen(area: &Quad, doubts: &[Doubt]) -> Quad {
    if doubts.contains(&Doubt::Overflow) { longer(area) } else { *area }
}

/// The area with what may be written behind its last cell.
fn longer(area: &Quad) -> Quad {
    let [lt, rt, rb, lb] = area.0;
    let beyond = |from: Point, to: Point| Point::new(to.x + BEYOND * (to.x - from.x), to.y + BEYOND * (to.y - from.y));
    Quad([lt, beyond(lt, rt), beyond(lb, rb), lb])
}

/// A picture that somebody waits for.
pub(crate) fn png(picture: &GrayImage) -> Result<Vec<u8>> {
    encoded(picture, CompressionType::Fast, FilterType::Adaptive)
}

/// A picture that is kept until somebody looks, in sixteen greys. Without a filter these deflate best: a field of a real scan at
/// 300 dpi takes 3.0 kB, with the adaptive one 4.0, and 9.1 as [`png`] writes it.
pub(crate) fn kept_png(picture: GrayImage) -> Result<Vec<u8>> {
    encoded(&gray::sixteen_greys(picture), CompressionType::Level(6), FilterType::NoFilter)
}

fn encoded(picture: &GrayImage, compression: CompressionType, filter: FilterType) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(Cursor::new(&mut bytes), compression, filter)
        .write_image(picture.as_raw(), picture.width(), picture.height(), image::ExtendedColorType::L8)
        .map_err(|e| PipelineError::Picture(e.to_string()))?;
    Ok(bytes)
}
