//! What the exam knows about the sheets of a packet, told to the engine before it reads: permitted symbols, printed data, the roster.

use rcoi_model::ExamPlan;
use rcoi_recognize::{Known, OfField, Prior};
use rcoi_rules::{Expectations, KnownSheet, PlanIndex};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The knowledge about one packet: small, so that it can be sent to whoever reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExamKnowledge {
    /// With the people of this room alone: a sheet of somebody else is a stranger here, of which nothing is expected.
    plan: ExamPlan,
    ppe: String,
    room: String,
}

impl ExamKnowledge {
    #[must_use]
    pub fn of(plan: &ExamPlan, ppe: &str, room: &str) -> Self {
        let here = |p: &&rcoi_model::Participant| p.ppe == ppe && p.room == room;
        let participants = plan.participants.iter().filter(here).cloned().collect();
        Self { plan: ExamPlan { participants, ..head(plan) }, ppe: ppe.to_owned(), room: room.to_owned() }
    }
}

/// The plan of an exam with its index, which is made once: every page of the exam asks it.
#[derive(Debug)]
pub(crate) struct IndexedPlan {
    pub(crate) plan: Arc<ExamPlan>,
    index: PlanIndex,
}

impl IndexedPlan {
    pub(crate) fn of(plan: ExamPlan) -> Self {
        Self { index: PlanIndex::of(&plan), plan: Arc::new(plan) }
    }

    pub(crate) fn expect(&self) -> Expectations<'_> {
        Expectations::with(&self.plan, &self.index)
    }
}

/// The plan without its lists.
fn head(plan: &ExamPlan) -> ExamPlan {
    ExamPlan {
        region: plan.region.clone(),
        department: plan.department.clone(),
        subject: plan.subject.clone(),
        subject_name: plan.subject_name.clone(),
        test_type: plan.test_type.clone(),
        stage: plan.stage.clone(),
        period: plan.period.clone(),
        date: plan.date,
        limit_days: plan.limit_days,
        forms: plan.forms.clone(),
        answers: plan.answers,
        symbols: plan.symbols.clone(),
        rooms: Vec::new(),
        participants: Vec::new(),
        acts: Vec::new(),
    }
}

impl Known for ExamKnowledge {
    fn sheet<'k>(&'k self, form: &'k str, code: Option<&str>) -> OfField<'k> {
        let sheet = KnownSheet::find(&self.plan, form, code, &self.ppe, &self.room);
        Box::new(move |field| Prior {
            symbols: sheet.symbols(field).map(str::to_owned),
            // Forms are filled in capitals.
            value: sheet.value(field).map(|value| value.to_uppercase()),
        })
    }
}
