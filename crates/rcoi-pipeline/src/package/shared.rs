//! Readers and writers around an archive: several readers of one file, a comparing writer, a writer that fails once.

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::rc::Rc;

/// Bytes a reader of an archive fetches at a time.
pub(super) const STEP: usize = 1 << 16;

/// A reader over a file that others read too.
pub(super) struct Shared<R> {
    file: Rc<RefCell<R>>,
    at: u64,
    len: u64,
    /// Bytes that may still be read; shared by all readers of the file.
    budget: Rc<Cell<u64>>,
}

impl<R: Read + Seek> Shared<R> {
    pub(super) fn new(mut file: R) -> io::Result<Self> {
        let len = file.seek(SeekFrom::End(0))?;
        Ok(Self { file: Rc::new(RefCell::new(file)), at: 0, len, budget: Rc::new(Cell::new(u64::MAX)) })
    }

    /// Another reader, at the beginning.
    pub(super) fn again(&self) -> Self {
        Self { file: Rc::clone(&self.file), at: 0, len: self.len, budget: Rc::clone(&self.budget) }
    }

    /// From now on so many bytes may be read: a list of files without end must not fill the memory.
    pub(super) fn allow(&self, bytes: u64) {
        self.budget.set(bytes);
    }
}

impl<R: Read + Seek> Read for Shared<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(self.at))?;
        let got = file.read(into)?;
        self.at += got as u64;
        match self.budget.get().checked_sub(got as u64) {
            Some(left) => self.budget.set(left),
            None => return Err(io::Error::other("its list of files is too long")),
        }
        Ok(got)
    }
}

impl<R: Read + Seek> Seek for Shared<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

/// Takes bytes and compares them with those of a reader. Never fails: what differs is told at the end.
pub(super) struct Comparing<R> {
    with: R,
    step: Vec<u8>,
    same: bool,
}

impl<R: Read> Comparing<R> {
    pub(super) fn new(with: R) -> Self {
        Self { with, step: vec![0; STEP], same: true }
    }

    /// True when all bytes were the reader's and it has no more.
    pub(super) fn same_to_the_end(mut self) -> bool {
        self.same && self.with.read(&mut self.step[..1]).is_ok_and(|left| left == 0)
    }
}

impl<R: Read> Write for Comparing<R> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let part = data.len().min(self.step.len());
        let found = &mut self.step[..part];
        self.same = self.same && self.with.read_exact(found).is_ok() && found == &data[..part];
        Ok(part)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Passes bytes on until that fails once; what comes after the failure was told is dropped. A ZIP writer that is
/// dropped half-way tries to end its archive and complains aloud when it cannot.
pub(super) struct Latch<W> {
    inner: W,
    broken: bool,
}

impl<W> Latch<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, broken: false }
    }

    pub(super) fn into_inner(self) -> W {
        self.inner
    }
}

impl<W: Write> Write for Latch<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.broken {
            return Ok(data.len());
        }
        let done = self.inner.write(data);
        self.broken = done.as_ref().is_err_and(|e| e.kind() != io::ErrorKind::Interrupted);
        done
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.broken { Ok(()) } else { self.inner.flush() }
    }
}
