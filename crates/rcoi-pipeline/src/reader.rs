//! Who decodes and reads pages: processes of their own, or (in tests) an engine in this one.

use crate::advice::refusal;
use crate::apart::{Answer, Pixels, Question, Said, Servant, Servants};
use crate::error::{PipelineError, Result};
use crate::known::ExamKnowledge;
use crate::pictures::{Pictures, Wanted, cut};
use crate::pipeline::Params;
use image::GrayImage;
use rcoi_model::PageReading;
use rcoi_recognize::{Known, Nothing, Picture, source};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Reads one decoded page. Never fails: doubt is data. Must be quick to share between threads.
pub trait PageReader: Send + Sync + 'static {
    /// Engine version, as it stands in [`PageReading::engine`].
    fn engine_version(&self) -> &str;
    fn read_page(&self, picture: &Picture, known: &dyn Known) -> PageReading;
}

/// A page as it was read, with the pictures that were wanted of it.
pub(crate) type Read = (PageReading, Pictures);

/// Says what is to be cut out of a page that was just read.
pub(crate) type Wants = Box<dyn FnOnce(&PageReading) -> Wanted + Send>;

/// Where pages are decoded and read.
#[derive(Clone)]
pub enum Reader {
    /// In this process. Nothing can end a decoder that never returns: its page is set aside, its thread goes on.
    Here(Arc<dyn PageReader>),
    /// In processes of their own, which are ended when they take too long.
    Apart(Servant),
}

/// The same, running.
pub(crate) struct Readers {
    place: Place,
    /// Pages read at the same time.
    room: Semaphore,
    /// Others who decode: the intake counts pages, people look at one. One at a time, beside the reading.
    door: Semaphore,
    /// People look at small pictures of many pages: one at a time, and no file waits for that.
    looks: Semaphore,
}

enum Place {
    Here(Arc<dyn PageReader>),
    Apart(Arc<Servants>),
}

impl Readers {
    pub(crate) fn new(reader: Reader, params: &Params) -> Self {
        let place = match reader {
            Reader::Here(engine) => Place::Here(engine),
            Reader::Apart(how) => Place::Apart(Arc::new(Servants::new(how, params.read_limit))),
        };
        Self { place, room: Semaphore::new(params.workers.max(1)), door: Semaphore::new(1), looks: Semaphore::new(1) }
    }

    /// How many pages the bytes hold, or what is wrong with them; the bytes come back.
    pub(crate) async fn count(&self, bytes: Vec<u8>, params: &Params) -> Result<(Result<u32, String>, Vec<u8>)> {
        if let Place::Here(_) = self.place {
            let limits = params.limits.clone();
            let count = move || (source::page_count(&bytes, &limits).map_err(|e| refusal(&e)), bytes);
            return Ok(tokio::task::spawn_blocking(count).await?);
        }
        let (said, bytes) = self.ask(&self.door, Question::Pages, bytes).await?;
        match said {
            Ok(Answer::Pages(pages)) => Ok((Ok(pages), bytes)),
            Ok(_) => Err(other_answer()),
            Err(why) => Ok((Err(why), bytes)),
        }
    }

    /// Decodes and reads one page, and cuts out of it what is wanted then. The inner `Err` is the page's own fault.
    pub(crate) async fn read(
        &self,
        bytes: Vec<u8>,
        index: u32,
        known: ExamKnowledge,
        wants: Wants,
        params: &Params,
    ) -> Result<Result<Read, String>> {
        let servants = match &self.place {
            Place::Here(engine) => {
                let _held = held(&self.room).await?;
                let (engine, limits) = (Arc::clone(engine), params.limits.clone());
                let work = tokio::task::spawn_blocking(move || {
                    let (reading, gray) = read_page(&*engine, &bytes, index, Some(&known), &limits)?;
                    let pictures = cut(&gray, &wants(&reading));
                    Ok((reading, pictures))
                });
                return match tokio::time::timeout(params.read_limit, work).await {
                    Ok(joined) => joined.map_err(PipelineError::from),
                    Err(_) => Ok(Err(format!("чтение дольше {} с прервано", params.read_limit.as_secs_f32()))),
                };
            }
            Place::Apart(servants) => Arc::clone(servants),
        };
        let _held = held(&self.room).await?;
        let question = Question::Page(index, Some(Box::new(known)));
        let next = move |answer: &Answer| match answer {
            Answer::Page(reading) => Some(wants(reading)).filter(|wanted| !wanted.is_empty()).map(Question::Cut),
            _ => None,
        };
        let asked = tokio::task::spawn_blocking(move || servants.ask_on(&question, &bytes, next)).await?;
        let (said, cut) = asked.map_err(|error| nobody_reads(&error))?;
        // Pictures that could not be cut are cut when somebody looks.
        let pictures = if let Some(Ok(Answer::Cut(pictures))) = cut { pictures } else { Pictures::default() };
        match said {
            Ok(Answer::Page(reading)) => Ok(Ok((*reading, pictures))),
            Ok(_) => Err(other_answer()),
            Err(why) => Ok(Err(why)),
        }
    }

    /// Decodes one page for people to look at.
    pub(crate) async fn picture(&self, bytes: Vec<u8>, index: u32, params: &Params) -> Result<GrayImage> {
        self.picture_in(&self.door, bytes, index, params).await
    }

    /// Decodes one page to be shown small.
    pub(crate) async fn small_picture(&self, bytes: Vec<u8>, index: u32, params: &Params) -> Result<GrayImage> {
        self.picture_in(&self.looks, bytes, index, params).await
    }

    async fn picture_in(&self, room: &Semaphore, bytes: Vec<u8>, index: u32, params: &Params) -> Result<GrayImage> {
        if let Place::Here(_) = self.place {
            let _held = held(room).await?;
            let limits = params.limits.clone();
            let decoded = tokio::task::spawn_blocking(move || source::decode(&bytes, index, &limits)).await?;
            return Ok(decoded.map_err(|e| PipelineError::Picture(e.to_string()))?.gray);
        }
        match self.ask(room, Question::Picture(index), bytes).await?.0 {
            Ok(Answer::Picture(Pixels { width, height, samples })) => GrayImage::from_raw(width, height, samples).ok_or_else(other_answer),
            Ok(_) => Err(other_answer()),
            Err(why) => Err(PipelineError::Picture(why)),
        }
    }

    async fn ask(&self, room: &Semaphore, question: Question, bytes: Vec<u8>) -> Result<(Said, Vec<u8>)> {
        let Place::Apart(servants) = &self.place else {
            return Err(PipelineError::Internal("nobody to ask".to_owned()));
        };
        let _held = held(room).await?;
        let servants = Arc::clone(servants);
        let asked = tokio::task::spawn_blocking(move || (servants.ask(&question, &bytes), bytes)).await?;
        match asked {
            (Ok(said), bytes) => Ok((said, bytes)),
            (Err(error), _) => Err(nobody_reads(&error)),
        }
    }
}

/// A place in the room. It is never closed.
async fn held(room: &Semaphore) -> Result<SemaphorePermit<'_>> {
    room.acquire().await.map_err(|e| PipelineError::Internal(e.to_string()))
}

fn nobody_reads(error: &std::io::Error) -> PipelineError {
    PipelineError::Internal(format!("no process to read in: {error}"))
}

fn other_answer() -> PipelineError {
    PipelineError::Internal("an answer came that was not asked for".to_owned())
}

/// Decodes and reads one page; what is wrong with it, a panic of the engine included, becomes one line. The decoded page comes with it.
///
/// # Errors
/// The page's own fault.
pub fn read_page(
    engine: &dyn PageReader,
    bytes: &[u8],
    index: u32,
    known: Option<&ExamKnowledge>,
    limits: &source::Limits,
) -> Result<(PageReading, GrayImage), String> {
    let whole = AssertUnwindSafe(|| {
        let picture = source::decode(bytes, index, limits).map_err(|e| refusal(&e))?;
        let known: &dyn Known = match known {
            Some(known) => known,
            None => &Nothing,
        };
        let reading = engine.read_page(&picture, known);
        Ok((reading, picture.gray))
    });
    catch_unwind(whole).unwrap_or_else(|panic| Err(format!("сбой при чтении: {}", panic_text(&*panic))))
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("причина неизвестна")
}
