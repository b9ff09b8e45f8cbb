//! What may break, and the seeded dice that say what breaks next.

use super::centre::Centre;
use anyhow::Result;
use std::fmt::{Display, Formatter};
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    KillWorker(usize),
    KillServe,
    RestartRabbit,
    WipeRabbit,
    RestartPostgres,
    CutDatabase,
    CutBroker,
    FillDisk,
    Duplicate,
    KillDecoder,
}

impl Event {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::KillWorker(_) => "kill -9 a worker",
            Self::KillServe => "kill -9 serve",
            Self::RestartRabbit => "crash RabbitMQ",
            Self::WipeRabbit => "wipe RabbitMQ",
            Self::RestartPostgres => "crash PostgreSQL",
            Self::CutDatabase => "cut database connections",
            Self::CutBroker => "cut broker connections",
            Self::FillDisk => "fill the picture disk",
            Self::Duplicate => "deliver twice",
            Self::KillDecoder => "kill -9 a decoder",
        }
    }

    pub(super) fn happen(self, centre: &mut Centre, seeded: &mut Seeded) -> Result<()> {
        match self {
            Self::KillWorker(n) => centre.kill_worker(n),
            Self::KillServe => centre.kill_serve(),
            Self::RestartRabbit => centre.restart_rabbit(false),
            Self::WipeRabbit => centre.restart_rabbit(true),
            Self::RestartPostgres => centre.restart_postgres(),
            Self::CutDatabase => centre.cut_database(),
            Self::CutBroker => centre.cut_broker(),
            Self::FillDisk => centre.fill_disk(seeded.around(Duration::from_secs(2))),
            Self::Duplicate => centre.duplicate(),
            Self::KillDecoder => centre.kill_decoder(),
        }
    }
}

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Numbers that look random and are the same in every run (SplitMix64).
pub(super) struct Seeded(u64);

impl Seeded {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound.max(1)
    }

    /// Between nothing and twice the mean.
    pub(super) fn around(&mut self, mean: Duration) -> Duration {
        Duration::from_millis(self.below(u64::try_from(mean.as_millis()).unwrap_or(u64::MAX).saturating_mul(2)))
    }

    /// The next event; cheap ones more often than those after which everything waits for a server.
    pub(super) fn event(&mut self, can_fill: bool) -> Event {
        match self.below(20) {
            0..=4 => Event::KillWorker(usize::try_from(self.below(2)).unwrap_or(0)),
            5..=7 => Event::KillServe,
            8 => Event::RestartRabbit,
            9 => Event::WipeRabbit,
            10 | 11 => Event::RestartPostgres,
            12 | 13 => Event::CutDatabase,
            14 | 15 => Event::CutBroker,
            16 | 17 if can_fill => Event::FillDisk,
            18 => Event::KillDecoder,
            _ => Event::Duplicate,
        }
    }
}

/// A page of a PDF that is painted by a program of fifteen hundred steps for each of its eight million pixels: the poison.
pub(super) fn endless_pdf() -> Vec<u8> {
    let program = format!("{{ add {} 2000 div }}", "1 add 1 sub ".repeat(750));
    let shading = "<< /ShadingType 1 /ColorSpace /DeviceGray /Domain [0 595 0 842] /Function 5 0 R >>";
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Shading << /S {shading} >> >> >>"),
        "<< /Length 5 >>\nstream\n/S sh\nendstream".to_owned(),
        format!("<< /FunctionType 4 /Domain [0 595 0 842] /Range [0 1] /Length {} >>\nstream\n{program}\nendstream", program.len()),
    ];
    let mut pdf = b"%PDF-1.4\n".to_vec();
    let mut table = String::new();
    for (n, object) in objects.iter().enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", pdf.len()));
        pdf.extend_from_slice(format!("{} 0 obj\n{object}\nendobj\n", n + 1).as_bytes());
    }
    let (size, at) = (objects.len() + 1, pdf.len());
    let end = format!("xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n");
    pdf.extend_from_slice(end.as_bytes());
    pdf
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_brings_the_same_events_and_every_kind_comes() {
        let drawn = |seed| {
            let mut seeded = Seeded::new(seed);
            (0..300).map(|_| seeded.event(true)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        let mut names: Vec<_> = drawn(1).into_iter().map(Event::name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 10);
    }
}
