//! Files that a browser sends, one a request: streamed to a file without a name, so that nothing of it is left behind.
//!
//! | call | who | in | out |
//! |---|---|---|---|
//! | `POST exams/{id}/files?path=…&packet=…` | operator, senior | the bytes of one file | `{outcome, files: [{source, packet, outcome, pages, new, reason}]}` |
//!
//! `path` is the file's name with the folders above it; `packet` (`PPPP-RRRR`) may be left out when a folder is called so. The
//! outcome is `taken`, `known` (nothing new in it) or `set-aside` (kept, a person must look at it); what is not kept is a refusal.
//! The same file again is the same pages, so a call whose answer was lost is simply made again.

use crate::AppState;
use crate::api::id;
use crate::error::Problem;
use crate::findings;
use crate::openapi::{Refusal, Refusals};
use crate::piles::{FileOutcome, OneFile};
use crate::request::Signed;
use crate::roles::Action;
use crate::said::Said;
use crate::text::Lang;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use futures::StreamExt;
use rcoi_model::ExamId;
use rcoi_pipeline::{BadName, PacketName, place_of};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path as FilePath, PathBuf};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Files that are sent at the same time; others wait for their turn.
pub(crate) const AT_ONCE: usize = 8;
/// A sender that is silent for so long has gone away.
const SILENCE: Duration = Duration::from_secs(60);

/// How files may come.
#[derive(Debug, Clone)]
pub struct Uploads {
    /// Folder for files on their way; made when it is not there.
    pub folder: PathBuf,
    /// Largest file, bytes.
    pub most_bytes: u64,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { folder: PathBuf::from("/tmp"), most_bytes: 256 << 20 }
    }
}

#[derive(Deserialize)]
pub(crate) struct UploadQuery {
    path: String,
    #[serde(default)]
    packet: String,
}

/// Takes one file of scans in.
#[utoipa::path(post, path = "/exams/{id}/files", request_body(content = Vec<u8>, content_type = "application/octet-stream"), params(("id" = uuid::Uuid, Path), ("path" = String, Query, description = "name of the file with the folders above it"), ("packet" = Option<String>, Query, description = "`PPPP-RRRR`; left out: the folder is called so")), responses((status = 200, body = Object), (status = 408, body = Refusal), (status = 413, body = Refusal), (status = 507, body = Refusal), Refusals))]
pub(crate) async fn take(
    State(state): State<AppState>,
    who: Signed,
    Path(exam): Path<String>,
    query: Result<Query<UploadQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    let (actor, exam): (_, ExamId) = (who.must(Action::Ingest)?, id(&exam)?);
    let Query(query) = query.map_err(|e| Problem::bad(Said::text(|t| t.no_body).with("why", e)))?;
    let chosen = match query.packet.trim() {
        "" => None,
        text => Some(PacketName::parse(text).ok_or_else(|| Problem::unprocessable(Said::text(|t| t.no_packet_name).with("name", text)))?),
    };
    let place = place_of(&query.path, chosen.as_ref()).map_err(|bad| Problem::unprocessable(bad_name(&bad)))?;
    let uploads = state.uploads();
    let told = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if told.is_some_and(|bytes| bytes > uploads.most_bytes) {
        return Err(too_large(uploads.most_bytes));
    }
    // The semaphore is never closed.
    let _turn = state.upload_turns().acquire().await.map_err(|_| Problem::internal())?;
    let file = spool(body, &uploads.folder, uploads.most_bytes).await?;
    let files = state.backend().take_file(actor, exam, place, file).await?;
    answer(&files, who.lang)
}

/// What became of the file and its members. Nothing kept at all: a refusal.
fn answer(files: &[OneFile], lang: Lang) -> Result<Json<Value>, Problem> {
    let refused = |outcome: &FileOutcome| matches!(outcome, FileOutcome::Refused { .. });
    if let Some((_, _, FileOutcome::Refused { reason })) = files.first()
        && files.iter().all(|(_, _, outcome)| refused(outcome))
    {
        return Err(Problem::unprocessable(findings::reason(reason)));
    }
    let mut worst = "known";
    let mut rows = Vec::with_capacity(files.len());
    for (source, packet, outcome) in files {
        let (name, pages, new, reason) = match outcome {
            FileOutcome::Taken { pages, new: 0 } => ("known", *pages, 0, None),
            FileOutcome::Taken { pages, new } => ("taken", *pages, *new, None),
            FileOutcome::SetAside { reason } => ("set-aside", 1, 0, Some(reason)),
            FileOutcome::Refused { reason } => ("refused", 0, 0, Some(reason)),
        };
        worst = match (worst, name) {
            ("refused", _) | (_, "refused") => "refused",
            ("set-aside", _) | (_, "set-aside") => "set-aside",
            ("taken", _) | (_, "taken") => "taken",
            _ => "known",
        };
        let reason = reason.map(|why| findings::reason(why).in_lang(lang).to_owned());
        rows.push(json!({ "source": source, "packet": packet, "outcome": name, "pages": pages, "new": new, "reason": reason }));
    }
    Ok(Json(json!({ "outcome": worst, "files": rows })))
}

/// Writes what comes to a file that has no name: gone with this process, however it ends.
async fn spool(body: Body, folder: &FilePath, most: u64) -> Result<File, Problem> {
    let folder = folder.to_owned();
    let make = move || std::fs::create_dir_all(&folder).and_then(|()| tempfile::tempfile_in(&folder));
    let made = tokio::task::spawn_blocking(make).await.map_err(|e| internal(&e))?;
    let mut file = tokio::fs::File::from_std(made.map_err(|e| disk(&e))?);
    let (mut pieces, mut bytes) = (body.into_data_stream(), 0_u64);
    loop {
        let piece = match tokio::time::timeout(SILENCE, pieces.next()).await {
            Err(_) => return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "silent", Said::text(|t| t.no_bytes))),
            Ok(None) => break,
            Ok(Some(Err(error))) => return Err(Problem::bad(Said::text(|t| t.no_body).with("why", error))),
            Ok(Some(Ok(piece))) => piece,
        };
        bytes += piece.len() as u64;
        if bytes > most {
            return Err(too_large(most));
        }
        file.write_all(&piece).await.map_err(|e| disk(&e))?;
    }
    file.flush().await.map_err(|e| disk(&e))?;
    Ok(file.into_std().await)
}

fn too_large(most: u64) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", Said::text(|t| t.no_large_file).with("most", most >> 20))
}

fn disk(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "a file that was sent cannot be kept");
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full", Said::text(|t| t.no_disk))
        }
        _ => Problem::internal(),
    }
}

fn internal(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "a file that was sent cannot be kept");
    Problem::internal()
}

pub(crate) fn bad_name(bad: &BadName) -> Said {
    match bad {
        BadName::Empty => Said::text(|t| t.no_file_name),
        BadName::TooLong => Said::text(|t| t.no_long_name),
        BadName::Leaves => Said::text(|t| t.no_leaving_name),
        BadName::Invisible => Said::text(|t| t.no_hidden_name),
        BadName::OtherPacket { chosen, named } => Said::text(|t| t.no_other_packet).with("chosen", chosen).with("named", named),
    }
}
