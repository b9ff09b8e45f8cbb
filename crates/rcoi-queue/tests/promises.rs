//! The promises of the queue, one test each.

use rcoi_model::PageId;
use rcoi_queue::{Depth, Params, Queue, QueueError, Task};
use std::time::Duration;

fn task(n: u32) -> Task {
    Task::Read { page: PageId::derived(&[&n.to_string()]) }
}

fn queue(capacity: usize, delivery_limit: u32) -> Queue {
    Queue::memory(Params { capacity, delivery_limit })
}

/// True when the future is still waiting after everything else that can run has run.
async fn waits<T>(future: &mut (impl Future<Output = T> + Unpin)) -> bool {
    tokio::time::timeout(Duration::from_millis(20), future).await.is_err()
}

#[tokio::test]
async fn tasks_come_in_order_and_urgent_ones_first() {
    let q = queue(8, 3);
    for (n, priority) in [(1, 0), (2, 0), (3, 5)] {
        q.producer().publish(task(n), priority).await.unwrap();
    }
    let consumer = q.consumer(8);
    let mut got = vec![];
    for _ in 0..3 {
        let delivery = consumer.next().await.unwrap();
        got.push(delivery.task());
        delivery.ack();
    }
    assert_eq!(got, [task(3), task(1), task(2)]);
    assert_eq!(q.depth(), Depth::default());
}

#[tokio::test]
async fn a_full_queue_makes_the_publisher_wait_until_a_task_is_acknowledged() {
    let q = queue(2, 3);
    let producer = q.producer();
    producer.publish(task(1), 0).await.unwrap();
    producer.publish(task(2), 0).await.unwrap();
    let mut third = Box::pin(producer.publish(task(3), 0));
    assert!(waits(&mut third).await);
    let delivery = q.consumer(1).next().await.unwrap();
    assert!(waits(&mut third).await, "a task in work still takes room");
    delivery.ack();
    third.await.unwrap();
    assert_eq!(q.depth().ready, 2);
}

#[tokio::test]
async fn what_a_dying_consumer_held_comes_back() {
    let q = queue(8, 3);
    q.producer().publish(task(1), 0).await.unwrap();
    let first = q.consumer(1);
    let held = first.next().await.unwrap();
    assert_eq!(held.attempt(), 1);
    drop((held, first));
    let again = q.consumer(1).next().await.unwrap();
    assert_eq!((again.task(), again.attempt()), (task(1), 2));
}

#[tokio::test]
async fn a_consumer_that_panics_loses_nothing() {
    let q = queue(8, 3);
    q.producer().publish(task(1), 0).await.unwrap();
    let consumer = q.consumer(1);
    let crashed = tokio::spawn(async move {
        let _held = consumer.next().await;
        panic!("the worker died");
    });
    assert!(crashed.await.is_err());
    assert_eq!(q.depth().ready, 1);
}

#[tokio::test]
async fn a_task_refused_too_often_is_a_dead_letter_with_its_reason() {
    let q = queue(1, 2);
    q.producer().publish(task(1), 0).await.unwrap();
    let consumer = q.consumer(1);
    consumer.next().await.unwrap().nack("first");
    assert_eq!(q.depth().dead, 0);
    consumer.next().await.unwrap().nack("disk is gone");
    let dead = q.take_dead();
    assert_eq!((dead.len(), dead[0].task, dead[0].deliveries, dead[0].reason.as_str()), (1, task(1), 2, "disk is gone"));
    assert_eq!(q.depth(), Depth::default());
    q.producer().publish(task(2), 0).await.unwrap();
}

#[tokio::test]
async fn a_consumer_holds_no_more_than_its_prefetch() {
    let q = queue(8, 3);
    for n in 0..3 {
        q.producer().publish(task(n), 0).await.unwrap();
    }
    let consumer = q.consumer(2);
    let (a, _b) = (consumer.next().await.unwrap(), consumer.next().await.unwrap());
    let mut third = Box::pin(consumer.next());
    assert!(waits(&mut third).await);
    a.ack();
    assert_eq!(third.await.unwrap().task(), task(2));
}

#[tokio::test]
async fn a_waiting_consumer_wakes_when_something_is_published() {
    let q = queue(8, 3);
    let consumer = q.consumer(1);
    let mut next = Box::pin(consumer.next());
    assert!(waits(&mut next).await);
    q.producer().publish(task(1), 0).await.unwrap();
    assert_eq!(next.await.unwrap().task(), task(1));
}

#[tokio::test]
async fn a_closed_queue_gives_out_what_it_has_and_takes_nothing() {
    let q = queue(8, 3);
    q.producer().publish(task(1), 0).await.unwrap();
    q.close();
    assert_eq!(q.producer().publish(task(2), 0).await, Err(QueueError::Closed));
    let consumer = q.consumer(1);
    let held = consumer.next().await.unwrap();
    held.nack("again");
    consumer.next().await.unwrap().ack();
    assert!(consumer.next().await.is_none());
}
