//! Decoding and reading in processes of their own: one that never ends or eats the memory is ended, and the chain goes on.
//!
//! A thread cannot be stopped from outside, a process can. Decoders of other people read files of strangers, so a page
//! that takes too long, or brings its process down, costs that process and nothing else.

use crate::known::ExamKnowledge;
use crate::pictures::{Pictures, Wanted};
use rcoi_model::PageReading;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// No question or answer is longer: a page of ten thousand fields has a few megabytes, a picture has 80 at most.
const LONGEST: u64 = 256 << 20;

/// Characters kept of what a dying process says.
const LONGEST_COMPLAINT: usize = 160;
/// Beyond any limit for files.
const LONGEST_FILE: u64 = 1 << 32;

/// How a process is started that answers questions with [`serve`].
#[derive(Debug, Clone)]
pub struct Servant {
    pub program: PathBuf,
    pub args: Vec<OsString>,
}

/// What is asked about the bytes of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Question {
    /// How many pages has it?
    Pages,
    /// What does this page say, counted from 0, and what is known of its packet beforehand?
    Page(u32, Option<Box<ExamKnowledge>>),
    /// What does this page look like, counted from 0?
    Picture(u32),
    /// Pictures of this out of the page that was just read; there are no bytes.
    Cut(Wanted),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    Pages(u32),
    Page(Box<PageReading>),
    Picture(Pixels),
    Cut(Pictures),
}

/// A grey picture on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pixels {
    pub width: u32,
    pub height: u32,
    /// Row by row, 0 = black; they follow the rest of the answer as they are.
    #[serde(skip)]
    pub samples: Vec<u8>,
}

/// An answer, or what is wrong with the file: one line for people.
pub type Said = Result<Answer, String>;

/// Processes that wait for a question; more are started when all are busy.
#[derive(Debug)]
pub struct Servants {
    how: Servant,
    limit: Duration,
    idle: Mutex<Vec<Process>>,
}

/// Why a process gave no answer. It is gone.
enum Lost {
    TooLong,
    Died(String),
}

impl Servants {
    /// `limit` = the longest that one question may take.
    #[must_use]
    pub fn new(how: Servant, limit: Duration) -> Self {
        Self { how, limit, idle: Mutex::default() }
    }

    /// Asks and waits for the answer, never much longer than the limit.
    ///
    /// # Errors
    /// A process cannot be started: no fault of the file.
    pub fn ask(&self, question: &Question, bytes: &[u8]) -> io::Result<Said> {
        Ok(self.ask_on(question, bytes, |_| None)?.0)
    }

    /// As [`Servants::ask`]; then asks the same process what `next` makes of the answer. `None`: it was asked nothing more, or did
    /// not answer any more.
    ///
    /// # Errors
    /// A process cannot be started: no fault of the file.
    pub fn ask_on(
        &self,
        question: &Question,
        bytes: &[u8],
        next: impl FnOnce(&Answer) -> Option<Question>,
    ) -> io::Result<(Said, Option<Said>)> {
        let mut died = String::new();
        // One death may be an accident (the machine ran out of memory); two are the file's doing.
        for _ in 0..2 {
            let waiting = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut process = match waiting {
                Some(process) => process,
                None => Process::start(&self.how)?,
            };
            match process.ask(question, bytes, self.limit) {
                Ok(said) => {
                    let then = said.as_ref().ok().and_then(next).map(|question| process.ask(&question, &[], self.limit));
                    let (then, is_lost) = match then {
                        Some(Err(_)) => (None, true),
                        Some(Ok(said)) => (Some(said), false),
                        None => (None, false),
                    };
                    if !is_lost {
                        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
                    }
                    return Ok((said, then));
                }
                Err(Lost::TooLong) => return Ok((Err(format!("чтение дольше {} с прервано", self.limit.as_secs_f32())), None)),
                Err(Lost::Died(how)) => died = how,
            }
        }
        Ok((Err(format!("чтение оборвалось: {died}")), None))
    }
}

/// One process. Dropped, it is ended.
#[derive(Debug)]
struct Process {
    child: Child,
    questions: ChildStdin,
    answers: Receiver<Said>,
    /// The first line of what it wrote to its stderr; there when it has ended.
    complaint: Option<JoinHandle<String>>,
}

impl Process {
    fn start(how: &Servant) -> io::Result<Self> {
        let mut command = Command::new(&how.program);
        // In a group of its own: Ctrl-C is for us, who finish the pages in work.
        command.args(&how.args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn()?;
        let (Some(questions), Some(mut output), Some(complaints)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("the process has no pipes"));
        };
        let (send, answers) = channel();
        // Ends with the process: its pipe closes.
        std::thread::Builder::new().name("answers".to_owned()).spawn(move || {
            while let Ok(said) = read_answer(&mut output) {
                if send.send(said).is_err() {
                    break;
                }
            }
        })?;
        let complaint = std::thread::Builder::new().name("complaints".to_owned()).spawn(move || {
            let mut lines = BufReader::new(complaints).split(b'\n').map_while(Result::ok);
            let first = lines.next().unwrap_or_default();
            // The rest is read too, or the process would wait with it.
            lines.for_each(drop);
            String::from_utf8_lossy(&first).chars().take(LONGEST_COMPLAINT).collect()
        })?;
        Ok(Self { child, questions, answers, complaint: Some(complaint) })
    }

    fn ask(&mut self, question: &Question, bytes: &[u8], limit: Duration) -> Result<Said, Lost> {
        // A process reads the whole question before it looks at it, so this never waits for a decoder.
        if write_parts(&mut self.questions, question, bytes).is_err() {
            return Err(Lost::Died(self.end()));
        }
        match self.answers.recv_timeout(limit) {
            Ok(said) => Ok(said),
            Err(RecvTimeoutError::Timeout) => Err(Lost::TooLong),
            Err(RecvTimeoutError::Disconnected) => Err(Lost::Died(self.end())),
        }
    }

    /// Ends it if it still runs; how it ended and what it said at that.
    fn end(&mut self) -> String {
        // The pipe closes a moment before the process is gone by itself: its own end tells more than ours.
        for _ in 0..20 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        let complaint = self.complaint.take().and_then(|reader| reader.join().ok()).filter(|line| !line.is_empty());
        complaint.map_or(status.clone(), |line| format!("{status}: {line}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Answers questions until the other side closes its end: the whole work of a servant process.
///
/// # Errors
/// The pipes break in the middle of a question or an answer.
pub fn serve(mut questions: impl Read, mut answers: impl Write, mut answer: impl FnMut(Question, Vec<u8>) -> Said) -> io::Result<()> {
    while let Some((question, bytes)) = read_question(&mut questions)? {
        let mut said = answer(question, bytes);
        let samples = if let Ok(Answer::Picture(pixels)) = &mut said { std::mem::take(&mut pixels.samples) } else { Vec::new() };
        write_parts(&mut answers, &said, &samples)?;
    }
    Ok(())
}

/// A question or an answer as JSON, then bytes as they are; each behind its length.
fn write_parts(to: &mut impl Write, said: &impl Serialize, bytes: &[u8]) -> io::Result<()> {
    for part in [serde_json::to_vec(said)?.as_slice(), bytes] {
        to.write_all(&(part.len() as u64).to_le_bytes())?;
        to.write_all(part)?;
    }
    to.flush()
}

/// `None` when the other side has closed its end between two questions.
fn read_question(from: &mut impl Read) -> io::Result<Option<(Question, Vec<u8>)>> {
    match read_part(from, LONGEST) {
        Ok(question) => Ok(Some((serde_json::from_slice(&question)?, read_part(from, LONGEST_FILE)?))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_answer(from: &mut impl Read) -> io::Result<Said> {
    let mut said: Said = serde_json::from_slice(&read_part(from, LONGEST)?)?;
    let samples = read_part(from, LONGEST)?;
    if let Ok(Answer::Picture(pixels)) = &mut said {
        pixels.samples = samples;
    }
    Ok(said)
}

/// Bytes behind their length.
fn read_part(from: &mut impl Read, longest: u64) -> io::Result<Vec<u8>> {
    let mut len = [0; 8];
    from.read_exact(&mut len)?;
    let len = u64::from_le_bytes(len);
    if len > longest {
        return Err(io::Error::other(format!("{len} bytes on their way, at most {longest} are expected")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(len).map_err(io::Error::other)?);
    if from.take(len).read_to_end(&mut bytes)? as u64 != len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn shell(script: &str, limit: Duration) -> Servants {
        Servants::new(Servant { program: "sh".into(), args: vec!["-c".into(), script.into()] }, limit)
    }

    #[test]
    fn questions_and_answers_go_through_a_pipe_unchanged() {
        let mut pipe = Vec::new();
        write_parts(&mut pipe, &Question::Page(7, None), b"abc").unwrap();
        write_parts(&mut pipe, &Question::Pages, b"").unwrap();
        write_parts(&mut pipe, &Question::Picture(1), b"d").unwrap();
        let (mut asked, mut out) = (Vec::new(), Vec::new());
        let answer = |question: Question, bytes: Vec<u8>| {
            asked.push((question.clone(), bytes));
            match question {
                Question::Pages => Ok(Answer::Pages(3)),
                Question::Page(..) | Question::Cut(_) => Err("no page".to_owned()),
                Question::Picture(_) => Ok(Answer::Picture(Pixels { width: 2, height: 1, samples: vec![0, 255] })),
            }
        };
        serve(pipe.as_slice(), &mut out, answer).unwrap();
        assert_eq!(asked, [(Question::Page(7, None), b"abc".to_vec()), (Question::Pages, vec![]), (Question::Picture(1), b"d".to_vec())]);
        let mut out = out.as_slice();
        assert_eq!(read_answer(&mut out).unwrap(), Err("no page".to_owned()));
        assert_eq!(read_answer(&mut out).unwrap(), Ok(Answer::Pages(3)));
        let picture = Pixels { width: 2, height: 1, samples: vec![0, 255] };
        assert_eq!(read_answer(&mut out).unwrap(), Ok(Answer::Picture(picture)));
        assert!(read_answer(&mut out).is_err());
    }

    #[test]
    fn a_process_that_never_answers_is_ended_after_the_limit() {
        let pids = tempfile::NamedTempFile::new().unwrap();
        let script = format!("echo $$ >> {}; while :; do :; done", pids.path().display());
        let servants = shell(&script, Duration::from_millis(300));
        let begun = Instant::now();
        let said = servants.ask(&Question::Pages, b"a page").unwrap();
        assert!(said.is_err_and(|why| why.contains("прервано")));
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        // It does not go on behind our back.
        let pid = std::fs::read_to_string(pids.path()).unwrap();
        assert!(!std::path::Path::new("/proc").join(pid.trim()).exists(), "process {pid} still runs");
    }

    #[test]
    fn a_process_that_dies_is_told_with_its_end_after_a_second_try() {
        let starts = tempfile::NamedTempFile::new().unwrap();
        let script = format!("echo start >> {}; echo no memory >&2; echo at line 7 >&2; exit 9", starts.path().display());
        let said = shell(&script, Duration::from_secs(20)).ask(&Question::Page(0, None), b"a page").unwrap();
        assert!(said.is_err_and(|why| why.contains("оборвалось") && why.ends_with("9: no memory")));
        assert_eq!(std::fs::read_to_string(starts.path()).unwrap().lines().count(), 2);
    }

    #[test]
    fn a_process_that_dies_over_the_pictures_has_read_its_page_all_the_same() {
        // It answers the first question and leaves at the second.
        let said = serde_json::to_string(&Said::Ok(Answer::Pages(3))).unwrap();
        let lengths = [said.len() as u64, 0].map(|len| len.to_le_bytes().map(|b| format!("\\{b:03o}")).concat());
        let script = format!("head -c 20 >/dev/null; printf '{}%s{}' '{said}'; sleep 0.2; exit 3", lengths[0], lengths[1]);
        let answered = shell(&script, Duration::from_secs(20)).ask_on(&Question::Pages, b"", |_| Some(Question::Cut(Wanted::default())));
        assert_eq!(answered.unwrap(), (Ok(Answer::Pages(3)), None));
    }

    #[test]
    fn a_program_that_is_not_there_is_no_fault_of_the_page() {
        let servants = Servants::new(Servant { program: "/nowhere/rcoi".into(), args: vec![] }, Duration::from_secs(1));
        assert!(servants.ask(&Question::Pages, b"").is_err());
    }
}
