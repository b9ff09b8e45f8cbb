//! A person's verdict: is it allowed, is the value possible, what follows from it.

use crate::check::compare;
use crate::error::{PipelineError, Result};
use crate::field_tasks::{is_sample, senior_key, task, twin_of};
use crate::persons;
use crate::pipeline::Pipeline;
use rcoi_model::{
    Doubt, Page, Role, RoomTrouble, SheetTrouble, Task, TaskId, TaskState, TaskSubject, UserId, Verdict, VerdictAct, VerdictId,
};
use rcoi_rules::reconcile::{EXTRA_FORM, LEDGER_FORM};
use rcoi_rules::{check_sheet_code, check_value, same_value};
use rcoi_store::{AfterVerdict, RecordOptions, Saved, StoreError};

impl Pipeline {
    /// Stores a verdict and what follows from it. The same verdict id again is the same verdict.
    pub async fn verdict(&self, user: UserId, role: Role, id: VerdictId, on: TaskId, act: VerdictAct) -> Result<Saved> {
        let row = self.inner.store.task(on).await?;
        let on_task = row.task;
        let page = match on_task.page {
            Some(page) => Some(self.inner.store.page(page).await?),
            None => None,
        };
        may_settle(role, on_task.station)?;
        self.check_act(role, &on_task, page.as_ref(), &act).await?;
        if self.read_the_twin(user, &on_task).await? {
            return Err(PipelineError::Refused("это поле вы уже читали: второе чтение делает другой человек".to_owned()));
        }
        let mut options = RecordOptions::default();
        match &act {
            // Asked, it stays the same question: it goes away by itself when form and register agree again.
            VerdictAct::Pass { .. } if matches!(on_task.subject, TaskSubject::Person { .. }) => {
                options.after = AfterVerdict::StaysOpen(Role::Senior);
            }
            VerdictAct::Pass { .. } => options.new_tasks.extend(page.as_ref().map(|p| passed(p, &on_task))),
            VerdictAct::Rescan { .. } => options.after = AfterVerdict::StaysOpen(Role::Senior),
            VerdictAct::Exclude { reason } => options.exclude = page.as_ref().map(|p| (p.id, reason.clone())),
            VerdictAct::Value { value } => {
                if let Some(page) = &page {
                    options.new_tasks.extend(sample_differs(page, &on_task, value));
                    options.new_tasks.extend(self.disagreement(page, &on_task, value).await?);
                }
            }
            VerdictAct::SheetCode { .. }
            | VerdictAct::Bind { .. }
            | VerdictAct::Explain { .. }
            | VerdictAct::AcceptForm { .. }
            | VerdictAct::KeepRegister { .. } => {}
        }
        let verdict = Verdict { id, task: on, user, act, at: self.inner.store.now().to_string() };
        let saved = self.inner.store.record(&verdict, &options).await?;
        self.touched(on_task.exam);
        Ok(saved)
    }

    /// Has this user settled the other one of two independent tasks?
    pub(crate) async fn read_the_twin(&self, user: UserId, of: &Task) -> Result<bool> {
        if !of.key.starts_with("field/") {
            return Ok(false);
        }
        let twin = Task::id_for(of.exam, &twin_of(&of.key));
        Ok(self.inner.store.verdicts_of_task(twin).await?.last().is_some_and(|v| v.verdict.user == user))
    }

    /// Two people read one field differently: the senior decides.
    async fn disagreement(&self, page: &Page, on: &Task, value: &str) -> Result<Option<Task>> {
        if !on.key.starts_with("field/") {
            return Ok(None);
        }
        let twin = Task::id_for(on.exam, &twin_of(&on.key));
        let other = match self.inner.store.task(twin).await {
            Ok(row) if row.task.state == TaskState::Done => self.inner.store.verdicts_of_task(twin).await?.pop(),
            Ok(_) | Err(StoreError::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(match other.map(|row| row.verdict.act) {
            Some(VerdictAct::Value { value: first }) if !same_value(&first, value) => Some(passed(page, on)),
            _ => None,
        })
    }

    async fn check_act(&self, role: Role, on: &Task, page: Option<&Page>, act: &VerdictAct) -> Result<()> {
        let refuse = |text: &str| Err(PipelineError::Refused(text.to_owned()));
        let senior = matches!(role, Role::Senior | Role::Head);
        if let VerdictAct::Pass { reason }
        | VerdictAct::Bind { reason, .. }
        | VerdictAct::Exclude { reason }
        | VerdictAct::Explain { reason }
        | VerdictAct::Rescan { reason } = act
            && reason.trim().is_empty()
        {
            return refuse("нужна причина");
        }
        match (&on.subject, act) {
            (TaskSubject::Person { .. }, act) => persons::check(on.station, act),
            (TaskSubject::Field { kind, permitted, cells, options, doubts, .. }, VerdictAct::Value { value }) => {
                let overrun = doubts.iter().any(|d| matches!(d, Doubt::Overflow)) || senior;
                check_value(*kind, value, permitted, *cells, overrun, options).map_err(|e| PipelineError::Refused(e.to_string()))
            }
            (TaskSubject::Field { .. }, VerdictAct::Pass { .. }) if on.station == Role::Verifier => Ok(()),
            (TaskSubject::Field { .. }, VerdictAct::Exclude { .. } | VerdictAct::Rescan { .. }) if senior => Ok(()),
            (TaskSubject::Field { .. }, _) => refuse("здесь ожидается значение поля или передача старшему с причиной"),
            (TaskSubject::Sheet { .. } | TaskSubject::Room { .. }, VerdictAct::Exclude { .. } | VerdictAct::Rescan { .. }) => {
                if page.is_some() {
                    Ok(())
                } else {
                    refuse("это расхождение не об одном листе: исключать нечего")
                }
            }
            (TaskSubject::Sheet { trouble, .. }, VerdictAct::SheetCode { code }) if can_be_placed(*trouble) => {
                self.check_code(page, code).await
            }
            (TaskSubject::Sheet { trouble, .. }, VerdictAct::Bind { participant, .. }) if can_be_placed(*trouble) => {
                self.check_bind(page, participant).await
            }
            (TaskSubject::Room { trouble: RoomTrouble::WrongRoom, .. }, VerdictAct::Bind { participant, .. }) => {
                self.check_bind(page, participant).await
            }
            (TaskSubject::Sheet { trouble: SheetTrouble::ForeignSheet, .. }, VerdictAct::Explain { .. }) => {
                if self.is_ours(page).await? {
                    Ok(())
                } else {
                    refuse("чужой лист без места в экзамене нельзя объяснить: исключите его или привяжите к участнику")
                }
            }
            (TaskSubject::Sheet { trouble: SheetTrouble::Passed, .. } | TaskSubject::Room { .. }, VerdictAct::Explain { .. }) => Ok(()),
            (TaskSubject::Sheet { .. }, _) => refuse("лист нужно разместить: код, участник, исключение или повторный скан"),
            (TaskSubject::Room { .. }, _) => refuse("расхождение нужно объяснить или исключить лист"),
        }
    }

    /// A typed code must be possible and belong to a sheet of this form.
    async fn check_code(&self, page: Option<&Page>, code: &str) -> Result<()> {
        check_sheet_code(code).map_err(|e| PipelineError::Refused(e.to_string()))?;
        let page = page.ok_or_else(|| PipelineError::Refused("нет листа, которому дать код".to_owned()))?;
        let form = self.form_of(page).await?;
        let plan = self.indexed(page.exam).await?;
        let expect = plan.expect();
        match expect.owner(code) {
            Some((_, kit)) if kit.form == form => Ok(()),
            Some((_, kit)) => Err(PipelineError::Refused(format!("код {code} принадлежит бланку {}, а лист — бланк {form}", kit.form))),
            None if form == EXTRA_FORM || form == LEDGER_FORM => Ok(()),
            None => Err(PipelineError::Refused(format!("кода {code} нет ни в одном комплекте экзамена"))),
        }
    }

    async fn check_bind(&self, page: Option<&Page>, participant: &str) -> Result<()> {
        let page = page.ok_or_else(|| PipelineError::Refused("нет листа, который привязать".to_owned()))?;
        let form = self.form_of(page).await?;
        let plan = self.indexed(page.exam).await?;
        if plan.expect().participant(participant).is_none() {
            return Err(PipelineError::Refused(format!("участника {participant} нет в экзамене")));
        }
        if form != EXTRA_FORM && !plan.plan.forms.contains(&form) {
            return Err(PipelineError::Refused(format!("бланк {form} не входит в комплект участника")));
        }
        Ok(())
    }

    async fn form_of(&self, page: &Page) -> Result<String> {
        let reading = self.inner.store.reading(page.id).await?;
        let template = reading.and_then(|r| r.template);
        let form = template.as_ref().and_then(|id| self.inner.templates.get(id)).map(|t| t.form.clone());
        form.ok_or_else(|| PipelineError::Refused("форма листа не опознана: исключите его или просите повторный скан".to_owned()))
    }

    /// Does the sheet have a place in the exam (kit, chain of extra sheets, a person's word)?
    async fn is_ours(&self, page: Option<&Page>) -> Result<bool> {
        let Some(page) = page else { return Ok(false) };
        let facts = self.facts(page.exam).await?;
        let found = compare(&facts);
        let ledger = facts.sheets.iter().any(|s| s.page == page.id && s.form.as_deref() == Some(LEDGER_FORM));
        Ok(ledger || found.bindings.pages.contains_key(&page.id))
    }
}

/// Troubles of a sheet that has a form and only lacks its place.
fn can_be_placed(trouble: SheetTrouble) -> bool {
    use SheetTrouble as T;
    matches!(trouble, T::CodeUnreadable | T::UnknownCode | T::DuplicateCode | T::ForeignSheet | T::Unlinked | T::Passed)
}

fn may_settle(role: Role, station: Role) -> Result<()> {
    let fine = match station {
        Role::Verifier => matches!(role, Role::Verifier | Role::Senior | Role::Head),
        _ => matches!(role, Role::Senior | Role::Head),
    };
    if fine { Ok(()) } else { Err(PipelineError::Refused("для этой задачи нужна другая роль".to_owned())) }
}

/// A person read a confident field of the blind sample otherwise than the machine: the senior says who is right.
fn sample_differs(page: &Page, on: &Task, said: &str) -> Option<Task> {
    let TaskSubject::Field { value, .. } = &on.subject else { return None };
    (is_sample(&on.key) && !same_value(value, said)).then(|| passed(page, on))
}

/// The task of the senior after a verifier could not settle a field.
fn passed(page: &Page, on: &Task) -> Task {
    match &on.subject {
        subject @ TaskSubject::Field { field, .. } => task(page, senior_key(page, field), Role::Senior, subject.clone()),
        other => task(page, format!("senior/{}/{}", page.id, on.id), Role::Senior, other.clone()),
    }
}
