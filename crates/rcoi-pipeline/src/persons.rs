//! Personal data beside the register: who gets which, which decision is allowed, what of it goes into the package.

use crate::error::{PipelineError, Result};
use crate::package::{PackagedChange, PackagedCorrection};
use crate::pipeline::Pipeline;
use rcoi_model::{Ground, PageId, Role, Task, TaskSubject, UserId, VerdictAct};
use rcoi_rules::reconcile::Reconciled;
use rcoi_store::{Undone, VerdictRow};
use std::collections::BTreeMap;

impl Pipeline {
    /// Up to `n` tasks about personal data for a user: a senior gets first those that verifiers asked about.
    pub async fn claim_persons(&self, user: UserId, role: Role, n: u32) -> Result<Vec<Task>> {
        let (store, lease) = (&self.inner.store, self.inner.params.claim_lease);
        let mut tasks = match role {
            Role::Senior | Role::Head => store.claim_persons(user, Role::Senior, n, lease).await?,
            _ => Vec::new(),
        };
        let rest = n.saturating_sub(u32::try_from(tasks.len()).unwrap_or(u32::MAX));
        if rest > 0 {
            tasks.extend(store.claim_persons(user, Role::Verifier, rest, lease).await?);
        }
        Ok(tasks)
    }

    /// Takes back the user's last decision about personal data.
    pub async fn undo_person(&self, user: UserId) -> Result<Option<Undone>> {
        Ok(self.seen(self.inner.store.undo_person(user).await?))
    }
}

/// May this act settle personal data at this station?
pub(crate) fn check(station: Role, act: &VerdictAct) -> Result<()> {
    let refuse = |text: &str| Err(PipelineError::Refused(text.to_owned()));
    match act {
        VerdictAct::AcceptForm { ground } | VerdictAct::KeepRegister { ground } => match (ground, act) {
            (Ground::Stated { reason }, _) if reason.trim().is_empty() => refuse("нужно основание"),
            (Ground::WritingSlip, VerdictAct::AcceptForm { .. }) => refuse("описка не основание исправлять реестр"),
            (Ground::CorrectionList, VerdictAct::KeepRegister { .. }) => refuse("запись в ППЭ-12-02 не основание оставить реестр"),
            _ => Ok(()),
        },
        VerdictAct::Pass { .. } if station == Role::Verifier => Ok(()),
        _ => refuse("здесь решают, что верно: бланк или реестр"),
    }
}

/// What a decision rests on, in words.
pub(crate) fn ground_text(ground: &Ground) -> &str {
    match ground {
        Ground::CorrectionList => "ведомость коррекции ППЭ-12-02",
        Ground::WritingSlip => "описка участника, в ППЭ-12-02 записи нет",
        Ground::Stated { reason } => reason,
    }
}

/// The corrections of the register that people accepted and that still are differences, by registration form.
pub(crate) fn corrections(
    rows: &[VerdictRow],
    found: &Reconciled,
    role_of: impl Fn(UserId) -> Role,
) -> BTreeMap<PageId, PackagedCorrection> {
    let holds: BTreeMap<&str, _> = found.troubles.iter().map(|trouble| (trouble.key.as_str(), trouble)).collect();
    let mut out = BTreeMap::new();
    for row in rows {
        let Some(trouble) = holds.get(row.task_key.as_str()) else { continue };
        let (VerdictAct::AcceptForm { ground }, TaskSubject::Person { lines, .. }) = (&row.verdict.act, &trouble.subject) else { continue };
        let change = |line: &rcoi_model::PersonLine| PackagedChange {
            field: line.field.clone(),
            old: line.register.clone(),
            new: line.form.clone(),
        };
        let changes = lines.iter().filter(|line| line.differs).map(change).collect();
        let correction = PackagedCorrection { ground: ground.clone(), settled: role_of(row.verdict.user), changes };
        out.extend(trouble.page.map(|page| (page, correction)));
    }
    out
}
