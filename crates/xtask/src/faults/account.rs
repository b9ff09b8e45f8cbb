//! The books after the storm: pages in, pages accounted for, readings, tasks.

use super::centre::Centre;
use anyhow::{Context, Result, ensure};
use std::fmt::{Display, Formatter};

/// Counted in the database, past the program.
#[derive(Debug)]
pub(super) struct Books {
    /// Files that were fed.
    files: u64,
    pages: u64,
    read: u64,
    set_aside: u64,
    excluded: u64,
    waiting: u64,
    /// Pages that are read and whose current reading is not there exactly once.
    without_reading: u64,
    readings: u64,
    /// Open tasks whose page is not in the work any more, or that are there twice.
    lost_tasks: u64,
    open_tasks: u64,
    /// Pages given up by the program itself.
    given_up: u64,
}

pub(super) fn of(centre: &Centre) -> Result<Books> {
    let ask = |sql: &str| -> Result<u64> { centre.ask(sql)?.trim().parse().with_context(|| sql.to_owned()) };
    let pages = |state: &str| ask(&format!("SELECT COUNT(*) FROM pages WHERE state = '{state}'"));
    Ok(Books {
        files: centre.files()?,
        pages: ask("SELECT COUNT(*) FROM pages")?,
        read: pages("read")?,
        set_aside: pages("set-aside")?,
        excluded: pages("excluded")?,
        waiting: pages("received")?,
        without_reading: ask("SELECT COUNT(*) FROM pages p WHERE state = 'read'
             AND (SELECT COUNT(*) FROM readings r WHERE r.page = p.id AND r.engine = p.current_engine) <> 1")?,
        readings: ask("SELECT COUNT(*) FROM readings")?,
        lost_tasks: ask("SELECT COUNT(*) FROM (SELECT exam, key FROM tasks GROUP BY exam, key HAVING COUNT(*) > 1) twice")?
            + ask("SELECT COUNT(*) FROM tasks t JOIN pages p ON p.id = t.page WHERE t.state = 'open' AND p.state = 'received'")?,
        open_tasks: ask("SELECT COUNT(*) FROM tasks WHERE state = 'open'")?,
        given_up: ask("SELECT COUNT(*) FROM pages WHERE state = 'set-aside' AND reason LIKE 'не обработан%'")?,
    })
}

impl Books {
    pub(super) fn check(&self) -> Result<()> {
        let accounted = self.read + self.set_aside + self.excluded;
        ensure!(self.waiting == 0 && self.pages == accounted, "{} pages, {accounted} accounted for", self.pages);
        ensure!(self.pages >= self.files, "{} files were fed, {} pages are there", self.files, self.pages);
        ensure!(
            self.without_reading == 0 && self.readings == self.read,
            "{} readings for {} pages that are read",
            self.readings,
            self.read
        );
        ensure!(self.lost_tasks == 0, "{} tasks are lost or double", self.lost_tasks);
        ensure!(self.given_up == 0, "{} pages were given up", self.given_up);
        Ok(())
    }
}

impl Display for Books {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "pages: {} from {} files = {} read + {} set aside + {} excluded + {} waiting; given up by the program: {}",
            self.pages, self.files, self.read, self.set_aside, self.excluded, self.waiting, self.given_up
        )?;
        write!(
            f,
            "readings: {}, pages without exactly one current reading: {}; open tasks: {}, lost or double: {}",
            self.readings, self.without_reading, self.open_tasks, self.lost_tasks
        )
    }
}
