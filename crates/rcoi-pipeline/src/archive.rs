//! Intake of archives: member by member, all or nothing. A member that is no page stays visible as a page set aside.

use crate::advice::{EMPTY_ARCHIVE, refusal};
use crate::error::Result;
use crate::intake::{OneFile, homeless, no_packet};
use crate::packet_name::PacketName;
use crate::pipeline::Pipeline;
use rcoi_model::{ExamId, PacketId, Page};
use rcoi_recognize::source::{self, Member};

/// A member that was looked at: its bytes are in the store, its rows are not.
enum Staged {
    Pages(PacketId, Vec<Page>),
    /// No page; what is wrong and what to do.
    Aside(PacketId, String),
    /// Its path names no packet; what else is wrong with it.
    Homeless(Option<String>),
}

impl Pipeline {
    /// Takes in an archive. At most two members are in memory. When the archive as a whole is refused (it unpacks
    /// without end), none of its members is taken in, or the split archive would bring them a second time.
    pub(crate) async fn ingest_archive(
        &self,
        exam: ExamId,
        packet: Option<&PacketName>,
        source: &str,
        bytes: Vec<u8>,
    ) -> Result<Vec<OneFile>> {
        let limits = self.inner.params.limits.clone();
        let (send, mut members) = tokio::sync::mpsc::channel::<Member>(1);
        let unpacking = tokio::task::spawn_blocking(move || {
            // A closed channel means that the intake has failed already and told why.
            let outcome = source::unpack_each(&bytes, &limits, |member| drop(send.blocking_send(member)));
            (outcome, bytes)
        });
        let mut staged = Vec::new();
        while let Some(Member { name, bytes }) = members.recv().await {
            let inside = format!("{source}/{name}");
            let found = match bytes {
                Ok(bytes) => self.stage(exam, packet, &inside, bytes).await?,
                Err(error) => self.stage_aside(exam, packet, &inside, refusal(&error)).await?,
            };
            staged.push((inside, found));
        }
        let (outcome, bytes) = unpacking.await?;
        let refused = match outcome {
            Err(error) => Some(refusal(&error)),
            Ok(()) if staged.is_empty() => Some(EMPTY_ARCHIVE.to_owned()),
            Ok(()) => None,
        };
        if let Some(reason) = refused {
            let (id, outcome) = self.keep_aside(exam, packet, source, bytes, &reason).await?;
            return Ok(vec![(source.to_owned(), id, outcome)]);
        }
        // Of a member that is no page the archive itself is kept: its bytes may be endless, or not to be had at all.
        let archive = match staged.iter().any(|(_, found)| matches!(found, Staged::Aside(..))) {
            true => Some(self.inner.blobs.put(bytes).await?),
            false => None,
        };
        let mut out = Vec::with_capacity(staged.len());
        for (inside, found) in staged {
            out.push(match (found, &archive) {
                (Staged::Pages(id, rows), _) => {
                    let outcome = self.take(exam, &rows).await?;
                    (inside, Some(id), outcome)
                }
                (Staged::Aside(id, reason), Some(archive)) => {
                    let rows = self.rows(exam, id, &inside, archive, 1);
                    let outcome = self.put_aside(&rows, &reason).await?;
                    (inside, Some(id), outcome)
                }
                (Staged::Aside(_, reason), None) | (Staged::Homeless(Some(reason)), _) => (inside, None, homeless(&reason)),
                (Staged::Homeless(None), _) => (inside, None, no_packet()),
            });
        }
        Ok(out)
    }

    async fn stage(&self, exam: ExamId, packet: Option<&PacketName>, inside: &str, bytes: Vec<u8>) -> Result<Staged> {
        let (pages, bytes) = self.inner.readers.count(bytes, &self.inner.params).await?;
        let pages = match pages {
            Ok(pages) => pages,
            Err(why) => return self.stage_aside(exam, packet, inside, why).await,
        };
        let Some(id) = self.packet_of(exam, packet, inside).await? else { return Ok(Staged::Homeless(None)) };
        let blob = self.inner.blobs.put(bytes).await?;
        Ok(Staged::Pages(id, self.rows(exam, id, inside, &blob, pages)))
    }

    async fn stage_aside(&self, exam: ExamId, packet: Option<&PacketName>, inside: &str, reason: String) -> Result<Staged> {
        Ok(match self.packet_of(exam, packet, inside).await? {
            Some(id) => Staged::Aside(id, reason),
            None => Staged::Homeless(Some(reason)),
        })
    }
}
