//! The promises of the queue, one test each, kept by the in-process queue and by RabbitMQ.

use rcoi_model::PageId;
use rcoi_queue::{Consumer, Delivery, Params, Queue, QueueError, Task};
use std::time::Duration;

const BROKER: &str = "amqp://guest:guest@127.0.0.1:5672/%2f";
/// Beyond any answer of a living broker.
const LONG: Duration = Duration::from_secs(20);

/// Makes a queue that nobody else has.
type Make = fn(usize, u32) -> Queue;

fn memory(capacity: usize, delivery_limit: u32) -> Queue {
    Queue::memory(Params { capacity, delivery_limit })
}

fn rabbit(capacity: usize, delivery_limit: u32) -> Queue {
    let url = std::env::var("RCOI_TEST_RABBIT").unwrap_or_else(|_| BROKER.to_owned());
    Queue::rabbit(url.into(), &format!("test-{}", uuid::Uuid::new_v4()), Params { capacity, delivery_limit })
}

fn run(make: Make, test: impl AsyncFn(Make) -> Vec<Queue>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let queues = tokio::time::timeout(LONG * 3, test(make)).await.expect("the test hangs");
        for queue in queues {
            queue.remove().await.unwrap();
        }
    });
}

macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod in_process { $(#[test] fn $test() { crate::run(crate::memory, crate::$test); })+ }
        mod broker { $(#[test] fn $test() { crate::run(crate::rabbit, crate::$test); })+ }
    };
}

on_both! {
    tasks_come_in_order_of_arrival,
    a_full_queue_makes_the_publisher_wait_until_there_is_room,
    what_a_dying_consumer_held_comes_back,
    a_consumer_that_panics_loses_nothing,
    a_task_refused_too_often_is_a_dead_letter_with_its_reason,
    a_task_that_kills_its_consumers_is_a_dead_letter_too,
    a_dead_letter_that_nobody_recorded_comes_back,
    a_consumer_holds_no_more_than_its_prefetch,
    a_waiting_consumer_wakes_when_something_is_published,
    two_consumers_share_the_work,
    a_closed_queue_takes_nothing,
}

fn task(n: u32) -> Task {
    Task::Read { page: PageId::derived(&[&n.to_string()]) }
}

async fn publish(queue: &Queue, tasks: impl IntoIterator<Item = u32>) {
    for n in tasks {
        queue.publish(task(n)).await.unwrap();
    }
}

async fn next(consumer: &Consumer) -> Delivery {
    tokio::time::timeout(LONG, consumer.next()).await.expect("nothing comes").expect("the queue is closed")
}

/// True when the future is still waiting after all that can happen has happened.
async fn waits<T>(future: &mut (impl Future<Output = T> + Unpin)) -> bool {
    tokio::time::timeout(Duration::from_millis(300), future).await.is_err()
}

/// Counts may lag behind on a broker.
async fn stands(queue: &Queue, ready: usize, dead: usize) {
    let begun = std::time::Instant::now();
    loop {
        let depth = queue.depth().await.unwrap();
        if (depth.ready, depth.dead) == (ready, dead) {
            return;
        }
        assert!(begun.elapsed() < LONG, "{depth:?}, expected {ready} ready and {dead} dead");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn tasks_come_in_order_of_arrival(make: Make) -> Vec<Queue> {
    let q = make(8, 3);
    publish(&q, [1, 2, 3]).await;
    let consumer = q.consumer(8);
    for n in [1, 2, 3] {
        let delivery = next(&consumer).await;
        assert_eq!((delivery.task(), delivery.attempt()), (task(n), 1));
        delivery.ack().await;
    }
    stands(&q, 0, 0).await;
    vec![q]
}

async fn a_full_queue_makes_the_publisher_wait_until_there_is_room(make: Make) -> Vec<Queue> {
    let q = make(2, 3);
    // A broker lets some through before it refuses.
    let mut taken = 0;
    let mut waiting = loop {
        assert!(taken < 500, "the queue has no limit");
        let publisher = q.clone();
        let mut publishing = Box::pin(async move { publisher.publish(task(taken)).await });
        if waits(&mut publishing).await {
            break publishing;
        }
        taken += 1;
    };
    assert!(taken >= 2);
    let consumer = q.consumer(1);
    for _ in 0..taken {
        next(&consumer).await.ack().await;
    }
    tokio::time::timeout(LONG, &mut waiting).await.expect("room was made").unwrap();
    vec![q]
}

async fn what_a_dying_consumer_held_comes_back(make: Make) -> Vec<Queue> {
    let q = make(8, 9);
    publish(&q, [1]).await;
    let first = q.consumer(1);
    let held = next(&first).await;
    assert_eq!(held.attempt(), 1);
    drop((held, first));
    let again = next(&q.consumer(1)).await;
    // A broker may have given it to the dying one once more.
    assert!(again.task() == task(1) && again.attempt() >= 2);
    again.ack().await;
    vec![q]
}

async fn a_consumer_that_panics_loses_nothing(make: Make) -> Vec<Queue> {
    let q = make(8, 3);
    publish(&q, [1]).await;
    let consumer = q.consumer(1);
    let crashed = tokio::spawn(async move {
        let _held = next(&consumer).await;
        panic!("the worker died");
    });
    assert!(crashed.await.is_err());
    stands(&q, 1, 0).await;
    vec![q]
}

async fn a_task_refused_too_often_is_a_dead_letter_with_its_reason(make: Make) -> Vec<Queue> {
    let q = make(4, 2);
    publish(&q, [1]).await;
    let consumer = q.consumer(1);
    next(&consumer).await.nack("first").await;
    let second = next(&consumer).await;
    assert_eq!(second.attempt(), 2);
    second.nack("disk is gone").await;
    stands(&q, 0, 1).await;
    let dead = q.next_dead().await.unwrap().unwrap();
    let letter = dead.letter().clone();
    assert_eq!((letter.task, letter.deliveries, letter.reason.as_str()), (task(1), 2, "disk is gone"));
    dead.settle().await;
    stands(&q, 0, 0).await;
    publish(&q, [2]).await;
    vec![q]
}

async fn a_task_that_kills_its_consumers_is_a_dead_letter_too(make: Make) -> Vec<Queue> {
    let q = make(4, 2);
    publish(&q, [1]).await;
    while q.depth().await.unwrap().dead == 0 {
        let consumer = q.consumer(1);
        let taken = tokio::time::timeout(Duration::from_millis(500), consumer.next()).await;
        drop((taken, consumer));
    }
    stands(&q, 0, 1).await;
    let dead = q.next_dead().await.unwrap().unwrap();
    assert_eq!((dead.letter().task, dead.letter().reason.as_str()), (task(1), "the worker stopped without an answer"));
    dead.settle().await;
    vec![q]
}

async fn a_dead_letter_that_nobody_recorded_comes_back(make: Make) -> Vec<Queue> {
    let q = make(4, 1);
    publish(&q, [1]).await;
    next(&q.consumer(1)).await.nack("no").await;
    stands(&q, 0, 1).await;
    drop(q.next_dead().await.unwrap());
    stands(&q, 0, 1).await;
    q.next_dead().await.unwrap().unwrap().settle().await;
    stands(&q, 0, 0).await;
    assert!(q.next_dead().await.unwrap().is_none());
    vec![q]
}

async fn a_consumer_holds_no_more_than_its_prefetch(make: Make) -> Vec<Queue> {
    let q = make(8, 3);
    publish(&q, 0..3).await;
    let consumer = q.consumer(2);
    let (a, _b) = (next(&consumer).await, next(&consumer).await);
    let mut third = Box::pin(consumer.next());
    assert!(waits(&mut third).await);
    a.ack().await;
    assert_eq!(tokio::time::timeout(LONG, third).await.unwrap().unwrap().task(), task(2));
    vec![q]
}

async fn a_waiting_consumer_wakes_when_something_is_published(make: Make) -> Vec<Queue> {
    let q = make(8, 3);
    let consumer = q.consumer(1);
    let mut waiting = Box::pin(consumer.next());
    assert!(waits(&mut waiting).await);
    publish(&q, [1]).await;
    assert_eq!(tokio::time::timeout(LONG, waiting).await.unwrap().unwrap().task(), task(1));
    vec![q]
}

async fn two_consumers_share_the_work(make: Make) -> Vec<Queue> {
    let q = make(8, 3);
    publish(&q, 0..2).await;
    let (a, b) = (q.consumer(1), q.consumer(1));
    let (first, second) = (next(&a).await, next(&b).await);
    assert_ne!(first.task(), second.task());
    assert_eq!(q.depth().await.unwrap().consumers, 2);
    vec![q]
}

async fn a_closed_queue_takes_nothing(make: Make) -> Vec<Queue> {
    let q = make(8, 3);
    let consumer = q.consumer(1);
    q.close();
    assert_eq!(q.publish(task(2)).await, Err(QueueError::Closed));
    assert!(tokio::time::timeout(LONG, consumer.next()).await.unwrap().is_none());
    vec![q]
}

/// What only the in-process queue does: nobody else could go on with its tasks.
#[tokio::test]
async fn a_closed_in_process_queue_gives_out_what_it_has() {
    let q = memory(8, 3);
    publish(&q, [1]).await;
    q.close();
    let consumer = q.consumer(1);
    next(&consumer).await.nack("again").await;
    next(&consumer).await.ack().await;
    assert!(consumer.next().await.is_none());
}

/// A broker that is not there makes publishers wait and never panics; asking for the depth says so.
#[tokio::test]
async fn a_broker_that_is_away_is_told_and_waited_for() {
    // Port 9 (discard) is closed on any sane machine.
    let q = Queue::rabbit("amqp://guest:secret@127.0.0.1:9/%2f".to_owned().into(), "none", Params::default());
    let told = q.depth().await.unwrap_err();
    assert!(matches!(told, QueueError::Unreachable(_)));
    assert!(!format!("{told} {told:?} {q:?}").contains("secret"), "the password is in a message");
    let mut publishing = Box::pin(q.publish(task(1)));
    assert!(waits(&mut publishing).await);
    q.close();
    assert_eq!(publishing.await, Err(QueueError::Closed));
}
