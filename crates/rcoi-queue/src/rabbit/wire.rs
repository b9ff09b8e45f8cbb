//! What goes through the wire, what its refusals mean, and how long to wait after them.

use crate::{QueueError, Task};
use lapin::types::{AMQPValue, FieldTable};
use std::time::Duration;

/// Header with the reason, on dead letters that a worker wrote itself.
pub(super) const REASON: &str = "x-rcoi-reason";
/// Header with the number of deliveries on them.
pub(super) const DELIVERIES: &str = "x-rcoi-deliveries";
/// Header of a quorum queue: unsuccessful deliveries before this one.
pub(super) const DELIVERY_COUNT: &str = "x-delivery-count";
/// AMQP's code of "this queue exists and is another one".
const PRECONDITION_FAILED: u16 = 406;
/// Pause before the first further try, and the longest one; each is twice the one before.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

pub(super) fn told(error: lapin::Error) -> QueueError {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(said) if said.get_id() == PRECONDITION_FAILED => QueueError::Refused(format!(
            "{} (its queue was made by a version with other limits: let it run empty, delete it, and start again)",
            said.get_message()
        )),
        _ => QueueError::Unreachable(error.to_string()),
    }
}

/// Pauses between tries, and a word to people at the first and at some later ones.
#[derive(Default)]
pub(super) struct Pauses(u32);

impl Pauses {
    pub(super) fn next(&mut self) -> Duration {
        let pause = PAUSES.0.saturating_mul(1 << self.0.min(16));
        self.0 += 1;
        pause.min(PAUSES.1)
    }

    pub(super) fn tell(&self, error: &QueueError) {
        if self.0.is_multiple_of(10) {
            tracing::warn!(%error, tries = self.0 + 1, "waiting for the broker");
        }
    }
}

pub(super) fn body(task: Task) -> Vec<u8> {
    serde_json::to_vec(&task).unwrap_or_default()
}

pub(super) fn task(body: &[u8]) -> Option<Task> {
    serde_json::from_slice(body).ok()
}

pub(super) fn text(headers: &FieldTable, key: &str) -> Option<String> {
    match headers.inner().get(key)? {
        AMQPValue::LongString(text) => Some(text.to_string()),
        _ => None,
    }
}

pub(super) fn number(headers: &FieldTable, key: &str) -> Option<u32> {
    let value = match headers.inner().get(key)? {
        AMQPValue::LongLongInt(n) => *n,
        AMQPValue::LongInt(n) => i64::from(*n),
        AMQPValue::LongUInt(n) => i64::from(*n),
        _ => return None,
    };
    u32::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcoi_model::PageId;

    #[test]
    fn a_task_goes_through_a_message_and_anything_else_is_none() {
        let read = Task::Read { page: PageId::derived(&["1"]) };
        assert_eq!(task(&body(read)), Some(read));
        assert_eq!(task(b"{\"do\":\"eat\"}"), None);
        assert_eq!(task(b""), None);
    }

    #[test]
    fn pauses_grow_to_a_limit() {
        let mut pauses = Pauses::default();
        let first: Vec<u64> = (0..7).map(|_| u64::try_from(pauses.next().as_millis()).unwrap()).collect();
        assert_eq!(first, [200, 400, 800, 1600, 3200, 5000, 5000]);
    }
}
