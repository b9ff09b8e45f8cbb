//! What a person must see around a task: labels, where the cells lie in the cut-out, where the field lies on the page,
//! what colleagues said before.

use crate::backend::{BackendError, Note, SourceRef, TaskView};
use crate::beside::{self, Beside, Row, Rows};
use crate::centre::Centre;
use rcoi_model::{Doubt, FieldKind, PageId, PageReading, Quad, Rect, Role, Task, TaskId, TaskSubject, TemplateId, VerdictAct};
use rcoi_store::{TaskFilter, VerdictRow};
use rcoi_template::{FieldSpec, Template};
use std::sync::{Arc, PoisonError};

/// Pages that are remembered between claims: some 5 KB each when they have short answers.
const REMEMBERED_PAGES: usize = 5_000;

/// What is remembered of a reading: readings are large.
#[derive(Debug, Clone, Default)]
pub(crate) struct PageFacts {
    template: Option<TemplateId>,
    width: f32,
    height: f32,
    quarter_turns: u8,
    rows: Arc<Rows>,
}

impl PageFacts {
    fn of(reading: PageReading) -> Self {
        Self {
            rows: Arc::new(Rows::of(&reading)),
            template: reading.template,
            width: reading.width as f32,
            height: reading.height as f32,
            quarter_turns: reading.placement.map_or(0, |p| p.quarter_turns % 4),
        }
    }
}

impl Centre {
    async fn page_facts(&self, page: PageId) -> Result<PageFacts, BackendError> {
        let known = self.pages.lock().unwrap_or_else(PoisonError::into_inner).get(&page).cloned();
        if let Some(facts) = known {
            return Ok(facts);
        }
        let Some(reading) = self.store().reading(page).await? else { return Ok(PageFacts::default()) };
        let facts = PageFacts::of(reading);
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= REMEMBERED_PAGES {
            pages.clear();
        }
        pages.insert(page, facts.clone());
        Ok(facts)
    }

    /// What people said about single characters of a field that came here to be seen whole.
    async fn with_said(&self, task: &mut Task) -> Result<(), BackendError> {
        let TaskSubject::Field { kind: FieldKind::Cells, value, doubts, .. } = &mut task.subject else { return Ok(()) };
        let said = self.store().symbols_said(task.id).await?;
        say_again(value, doubts, &said);
        Ok(())
    }

    /// The rows of the sheet that belong to a field: one query, and none when the form has no replacements.
    async fn rows_beside(&self, page: PageId, field: &str, rows: &Rows) -> Result<Vec<Beside>, BackendError> {
        if rows.is_empty() || !beside::has_rows(field) {
            return Ok(Vec::new());
        }
        let said = beside::said(self.store().verdicts_of_page(page).await?);
        Ok(rows.beside(field, &said))
    }

    /// PNG of a row that stands beside a task; of no other row of its sheet.
    pub(crate) async fn row_png(&self, task: TaskId, row: Row) -> Result<Vec<u8>, BackendError> {
        let task = self.store().task(task).await?.task;
        let (Some(page), TaskSubject::Field { field, .. }) = (task.page, &task.subject) else { return Err(BackendError::NotFound) };
        let facts = self.page_facts(page).await?;
        let known = self.rows_beside(page, field, &facts.rows).await?.iter().any(|b| b.row == row);
        let area = facts.rows.area(row).filter(|_| known).ok_or(BackendError::NotFound)?;
        Ok(self.pipeline.cutout(page, &area).await?)
    }

    pub(crate) async fn view(&self, task: Task) -> Result<TaskView, BackendError> {
        let mut view = TaskView::bare(task);
        let Some(page) = view.task.page else { return Ok(view) };
        let stored = self.store().page(page).await?;
        view.source = Some(SourceRef { file: stored.source, index: stored.index });
        if view.task.station == Role::Senior {
            view.notes = self.notes(&view.task).await?;
        }
        self.with_said(&mut view.task).await?;
        let facts = self.page_facts(page).await?;
        let Some(id) = facts.template.clone() else { return Ok(view) };
        if let TaskSubject::Field { field, area, .. } = &view.task.subject {
            view.area = size(area);
            view.place = place(area, &facts);
            view.beside = self.rows_beside(page, field, &facts.rows).await?;
            let field = self.templates().get(&id).and_then(|t: &Template| t.fields.iter().find(|f| &f.name == field));
            if let Some(field) = field {
                view.label = field.label.clone();
                if let FieldSpec::Cells(cells) = &field.spec {
                    view.pattern = cells.pattern.clone();
                    view.cells = parts(&cells.cells, field.spec.bounds());
                }
            }
        }
        view.form = id.0;
        Ok(view)
    }

    /// Verdicts on every task about one field of a page.
    async fn said_of_field(&self, page: PageId, about: &str) -> Result<Vec<VerdictRow>, BackendError> {
        let mut said = Vec::new();
        for row in self.store().tasks(&TaskFilter { page: Some(page), ..TaskFilter::default() }).await? {
            if matches!(&row.task.subject, TaskSubject::Field { field, .. } if field == about) {
                said.extend(self.store().verdicts_of_task(row.task.id).await?);
            }
        }
        Ok(said)
    }

    /// What people said about the field or the person of this task, on this task and on those it came from.
    async fn notes(&self, task: &Task) -> Result<Vec<Note>, BackendError> {
        let mut said = match (task.page, &task.subject) {
            (Some(page), TaskSubject::Field { field, .. }) => self.said_of_field(page, field).await?,
            (_, TaskSubject::Person { .. }) => self.store().verdicts_of_task(task.id).await?,
            _ => return Ok(Vec::new()),
        };
        said.sort_by_key(|row| row.seq);
        let mut notes = Vec::new();
        for row in said {
            let (act, text) = match row.verdict.act {
                VerdictAct::Value { value } => ("value", value),
                VerdictAct::Pass { reason } => ("pass", reason),
                VerdictAct::Rescan { reason } => ("rescan", reason),
                _ => continue,
            };
            notes.push(Note { by: self.login_of(row.verdict.user).await?, act, text });
        }
        Ok(notes)
    }
}

/// Width and height of an area, as the cut-out draws it.
fn size(area: &Quad) -> [f32; 2] {
    let [lt, rt, rb, lb] = area.0;
    [lt.distance(rt).max(lb.distance(rb)), lt.distance(lb).max(rt.distance(rb))]
}

/// Rectangles in parts of their common bounds.
fn parts(rects: &[Rect], of: Rect) -> Vec<[f32; 4]> {
    if of.w <= 0.0 || of.h <= 0.0 {
        return Vec::new();
    }
    rects.iter().map(|r| [(r.x - of.x) / of.w, (r.y - of.y) / of.h, r.w / of.w, r.h / of.h]).collect()
}

/// An area of the picture as parts of the page that was turned upright.
fn place(area: &Quad, page: &PageFacts) -> Option<[f32; 4]> {
    let (w, h) = (page.width, page.height);
    if w <= 0.0 || h <= 0.0 {
        return None;
    }
    let b = area.bounds();
    let (x, y, bw, bh) = (b.x / w, b.y / h, b.w / w, b.h / h);
    (bw > 0.0 && bh > 0.0).then_some(match page.quarter_turns {
        1 => [1.0 - y - bh, x, bh, bw],
        2 => [1.0 - x - bw, 1.0 - y - bh, bw, bh],
        3 => [y, 1.0 - x - bw, bh, bw],
        _ => [x, y, bw, bh],
    })
}

/// Characters that were judged on boards stand in the value of their field, and are no doubt any more.
fn say_again(value: &mut String, doubts: &mut [Doubt], said: &[(u32, char)]) {
    let of = |cell: usize| said.iter().find(|(known, _)| *known as usize == cell).map(|(_, c)| *c);
    *value = value.chars().enumerate().map(|(cell, c)| of(cell).unwrap_or(c)).collect();
    for doubt in doubts {
        if let Doubt::Ambiguous { cells } = doubt {
            cells.retain(|cell| of(*cell as usize).is_none());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::Point;

    #[test]
    fn cells_are_given_in_parts_of_their_field() {
        let cells = [Rect::new(10.0, 5.0, 4.0, 6.0), Rect::new(16.0, 5.0, 4.0, 6.0)];
        assert_eq!(parts(&cells, Rect::new(10.0, 5.0, 10.0, 6.0)), [[0.0, 0.0, 0.4, 1.0], [0.6, 0.0, 0.4, 1.0]]);
        assert!(parts(&cells, Rect::default()).is_empty());
    }

    #[test]
    fn the_place_of_a_field_turns_with_its_page() {
        // A field near the left top corner of a lying picture of 200 by 100.
        let at = |x: f32, y: f32| Point::new(x, y);
        let area = Quad([at(20.0, 10.0), at(60.0, 10.0), at(60.0, 20.0), at(20.0, 20.0)]);
        let turned =
            |quarter_turns| place(&area, &PageFacts { width: 200.0, height: 100.0, quarter_turns, ..PageFacts::default() }).unwrap();
        let near = |a: [f32; 4], b: [f32; 4]| a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-5);
        assert!(near(turned(0), [0.1, 0.1, 0.2, 0.1]));
        assert!(near(turned(1), [0.8, 0.1, 0.1, 0.2]));
        assert!(near(turned(2), [0.7, 0.8, 0.2, 0.1]));
        assert!(near(turned(3), [0.1, 0.7, 0.1, 0.2]));
    }

    #[test]
    fn a_character_said_on_a_board_stands_in_its_field_and_is_no_doubt() {
        let mut value = "1З5".to_owned();
        let mut doubts = vec![Doubt::Ambiguous { cells: vec![0, 1] }, Doubt::Faint];
        say_again(&mut value, &mut doubts, &[(1, '3')]);
        assert_eq!((value.as_str(), &doubts), ("135", &vec![Doubt::Ambiguous { cells: vec![0] }, Doubt::Faint]));
        say_again(&mut value, &mut doubts, &[]);
        assert_eq!(value, "135");
    }
}
