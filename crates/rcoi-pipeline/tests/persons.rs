//! Personal data held against the register, through the whole chain with a drawn engine.

mod common;

use common::*;
use rcoi_model::*;
use rcoi_pipeline::{Pipeline, PipelineError};
use rcoi_rules::BlockKind;
use uuid::Uuid;

const NOON: jiff::civil::DateTime = jiff::civil::date(2026, 5, 29).at(12, 0, 0, 0);

fn fresh() -> VerdictId {
    VerdictId(Uuid::now_v7())
}

fn stated(reason: &str) -> Ground {
    Ground::Stated { reason: reason.into() }
}

struct Centre {
    p: Pipeline,
    verifier: UserId,
    senior: UserId,
    _folder: tempfile::TempDir,
}

impl Centre {
    /// The drawn room, in which the first participant writes another surname than the register has; fields and sheets are settled.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let packets = scans(folder.path());
        let mut fake = engine();
        fake.pages.get_mut(&2).unwrap().fields[0] = field("surname", "person", "СОКОЛОВА", 0.9999);
        let (p, _) = chain(folder.path(), fake).await;
        p.import_exam(&plan()).await.unwrap();
        p.ingest(plan().id(), &packets, None, &|_| {}).await.unwrap();
        p.run_until_quiet().await.unwrap();
        let (verifier, senior) = (user(&p, "v", Role::Verifier).await, user(&p, "s", Role::Senior).await);
        let centre = Self { p, verifier, senior, _folder: folder };
        assert!(centre.persons(verifier, Role::Verifier).await.is_empty(), "the surname is still to be read by a person");
        centre.settle_the_rest().await;
        centre
    }

    async fn settle_the_rest(&self) {
        for task in self.p.claim(self.senior, Role::Senior, None, 9).await.unwrap() {
            self.say(Role::Senior, &task, VerdictAct::SheetCode { code: code("231", 2) }).await.unwrap();
        }
        for task in self.p.claim(self.verifier, Role::Verifier, None, 9).await.unwrap() {
            let TaskSubject::Field { value, .. } = &task.subject else { panic!("{task:?}") };
            self.say(Role::Verifier, &task, VerdictAct::Value { value: value.clone() }).await.unwrap();
        }
        self.p.reconcile(plan().id()).await.unwrap();
    }

    async fn persons(&self, user: UserId, role: Role) -> Vec<Task> {
        self.p.claim_persons(user, role, 9).await.unwrap()
    }

    async fn say(&self, role: Role, task: &Task, act: VerdictAct) -> Result<rcoi_store::Saved, PipelineError> {
        let user = if role == Role::Senior { self.senior } else { self.verifier };
        self.p.verdict(user, role, fresh(), task.id, act).await
    }

    async fn refused(&self, task: &Task, act: VerdictAct) -> String {
        match self.say(Role::Verifier, task, act).await {
            Err(PipelineError::Refused(text)) => text,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    async fn blocks(&self) -> Vec<BlockKind> {
        self.p.gate(plan().id(), NOON).await.unwrap().blocks.into_iter().map(|b| b.kind).collect()
    }

    /// Corrections and explanations as the package would have them.
    async fn sent(&self) -> (Vec<rcoi_pipeline::package::PackagedCorrection>, Vec<String>) {
        let packet = self.p.package_facts(plan().id(), 1).await.unwrap().packets.remove(0);
        (packet.sheets.into_iter().filter_map(|s| s.correction).collect(), packet.explained)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_form_corrects_the_register_in_the_package_and_nothing_closes_before() {
    let centre = Centre::new().await;
    let task = centre.persons(centre.verifier, Role::Verifier).await.remove(0);
    let TaskSubject::Person { participant, lines } = &task.subject else { panic!("{task:?}") };
    assert_eq!((participant.as_str(), lines.len()), ("0001", 1));
    assert_eq!((lines[0].form.as_str(), lines[0].register.as_str(), lines[0].differs), ("СОКОЛОВА", "Орлова", true));
    assert_eq!(centre.blocks().await, [BlockKind::Persons]);

    assert!(!centre.p.person_picture(task.id, "surname").await.unwrap().is_empty());
    for field in ["removed", "answer-1"] {
        assert!(centre.p.person_picture(task.id, field).await.is_err(), "{field} is not compared");
    }
    assert!(matches!(centre.p.task_picture(task.id).await, Err(PipelineError::Refused(_))), "never the whole sheet");

    assert!(centre.refused(&task, VerdictAct::AcceptForm { ground: stated("  ") }).await.contains("основание"));
    assert!(centre.refused(&task, VerdictAct::AcceptForm { ground: Ground::WritingSlip }).await.contains("описка"));
    assert!(centre.refused(&task, VerdictAct::KeepRegister { ground: Ground::CorrectionList }).await.contains("ППЭ-12-02"));
    assert!(centre.refused(&task, VerdictAct::Explain { reason: "так и было".into() }).await.contains("бланк или реестр"));

    centre.say(Role::Verifier, &task, VerdictAct::AcceptForm { ground: Ground::CorrectionList }).await.unwrap();
    assert_eq!(centre.blocks().await, []);
    let (sent, explained) = centre.sent().await;
    assert_eq!((sent.len(), sent[0].ground.clone(), sent[0].settled), (1, Ground::CorrectionList, Role::Verifier));
    let changes: Vec<_> = sent[0].changes.iter().map(|c| (c.field.as_str(), c.old.as_str(), c.new.as_str())).collect();
    assert_eq!((changes, explained), (vec![("surname", "Орлова", "СОКОЛОВА")], vec![]));
    centre.p.close(plan().id(), None, NOON).await.unwrap();
    let key = rcoi_pipeline::package::generate().unwrap();
    let made = centre.p.package(plan().id(), &key, None).await.unwrap();
    assert!(made.package.size > 0);
    let late = centre.p.undo_person(centre.verifier).await;
    assert!(late.is_err(), "a closed exam takes nothing back");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_verifier_asks_the_senior_settles_and_a_kept_register_is_explained() {
    let centre = Centre::new().await;
    let task = centre.persons(centre.verifier, Role::Verifier).await.remove(0);
    centre.say(Role::Verifier, &task, VerdictAct::Pass { reason: "ведомости нет".into() }).await.unwrap();
    assert!(centre.persons(centre.verifier, Role::Verifier).await.is_empty());
    assert_eq!(centre.blocks().await, [BlockKind::Persons], "found again it is still the senior's");
    assert_eq!(centre.p.undo_person(centre.verifier).await.unwrap().unwrap().task.id, task.id);
    centre.say(Role::Verifier, &task, VerdictAct::Pass { reason: "ведомости нет".into() }).await.unwrap();
    assert!(centre.p.claim(centre.senior, Role::Senior, None, 9).await.unwrap().is_empty(), "not among sheets and rooms");
    let asked = centre.persons(centre.senior, Role::Senior).await.remove(0);
    assert_eq!((asked.id, asked.station), (task.id, Role::Senior));
    assert!(matches!(
        centre.say(Role::Senior, &asked, VerdictAct::Pass { reason: "не знаю".into() }).await,
        Err(PipelineError::Refused(_))
    ));
    centre.say(Role::Senior, &asked, VerdictAct::KeepRegister { ground: stated("паспорт сверен в пункте") }).await.unwrap();
    let (sent, explained) = centre.sent().await;
    assert!(sent.is_empty() && centre.blocks().await.is_empty());
    assert!(explained.len() == 1 && explained[0].starts_with("person/0001/") && explained[0].ends_with(": паспорт сверен в пункте"));
    assert!(!explained[0].contains("СОКОЛОВА"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_withdrawn_when_the_register_was_corrected_and_comes_again_with_another_one() {
    let centre = Centre::new().await;
    let task = centre.persons(centre.verifier, Role::Verifier).await.remove(0);
    let mut corrected = plan();
    corrected.participants[0].surname = "Соколова".into();
    centre.p.import_exam(&corrected).await.unwrap();
    assert_eq!(centre.blocks().await, []);
    assert_eq!(centre.p.store().task(task.id).await.unwrap().task.state, TaskState::Obsolete);
    assert!(centre.say(Role::Verifier, &task, VerdictAct::AcceptForm { ground: Ground::CorrectionList }).await.is_err());
    // Another register, another question; the first register, the first question.
    corrected.participants[0].surname = "Соколова-Орлова".into();
    centre.p.import_exam(&corrected).await.unwrap();
    centre.p.reconcile(plan().id()).await.unwrap();
    let other = centre.persons(centre.verifier, Role::Verifier).await.remove(0);
    assert_ne!(other.id, task.id);
    centre.p.import_exam(&plan()).await.unwrap();
    centre.p.reconcile(plan().id()).await.unwrap();
    assert_eq!(centre.persons(centre.verifier, Role::Verifier).await.remove(0).id, task.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_difference_is_said_by_the_policy_of_the_exam() {
    let centre = Centre::new().await;
    let mut table = centre.p.installed_policy().table().clone();
    table.persons.case = true;
    centre.p.set_policy(plan().id(), Some(&table), centre.senior).await.unwrap();
    centre.p.reconcile(plan().id()).await.unwrap();
    assert_eq!(centre.persons(centre.verifier, Role::Verifier).await.len(), 2, "ЗУЕВА and Зуева differ now, too");
    centre.p.set_policy(plan().id(), None, centre.senior).await.unwrap();
    centre.p.reconcile(plan().id()).await.unwrap();
    assert_eq!(centre.persons(centre.verifier, Role::Verifier).await.len(), 1);
}
