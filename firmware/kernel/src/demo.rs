//! The bounded demo: seven tasks show what the scheduler does, then it reports and ends.
use crate::message::{Message, Queue};
use crate::task::Priority;
use crate::{arch, misbehave, scheduler};

const ROUNDS: u32 = 10;
/// Ticks between two rounds. All four priorities become ready at the same tick.
const ROUND_TICKS: u32 = 5;
/// The producer works between the rounds.
const FIRST_MESSAGE_TICK: u32 = 2;
const TICKER_TICKS: u32 = 10;

static QUEUE: Queue = Queue::new("consumer");

/// Spawns everything, in the order of the numbers that the tasks get.
pub fn spawn_tasks() {
    for (name, priority) in [
        ("critical", Priority::Critical),
        ("high", Priority::High),
        ("normal", Priority::Normal),
        ("low", Priority::Low),
    ] {
        scheduler::spawn(name, priority, Some(ROUND_TICKS), work_in_rounds);
    }
    scheduler::spawn("ticker", Priority::High, Some(TICKER_TICKS), tick_along);
    scheduler::spawn("producer", Priority::Normal, Some(FIRST_MESSAGE_TICK), produce);
    scheduler::spawn("consumer", Priority::Normal, None, consume);
}

fn work_in_rounds() -> ! {
    loop {
        let n = scheduler::begin_run();
        misbehave::in_round(scheduler::current_name(), n);
        // Not now() plus a period: a late start must not shift the rounds.
        scheduler::sleep_until((n + 1) * ROUND_TICKS);
    }
}

fn tick_along() -> ! {
    loop {
        let n = scheduler::begin_run();
        event!("timer n={}", scheduler::now());
        scheduler::sleep_until((n + 1) * TICKER_TICKS);
    }
}

fn produce() -> ! {
    loop {
        let seq = scheduler::begin_run();
        QUEUE.send(Message { from: "producer", seq });
        scheduler::sleep_until(seq * ROUND_TICKS + FIRST_MESSAGE_TICK);
    }
}

fn consume() -> ! {
    loop {
        QUEUE.receive();
        scheduler::begin_run();
    }
}

/// Runs when no task can: after the last round every task has had its turn, so the demo is over.
pub fn idle() -> ! {
    loop {
        if scheduler::now() >= ROUNDS * ROUND_TICKS {
            arch::without_interrupts(finish);
        }
        arch::wait_for_interrupt();
    }
}

fn finish() {
    scheduler::for_each_task(|name, counted, stack| {
        event!(
            "stats task={name} runs={} sleeps={} switches={} stack={stack}",
            counted.runs,
            counted.sleeps,
            counted.switches
        );
    });
    if misbehave::PASSES {
        event!("pass rounds={ROUNDS}");
    }
    misbehave::after_pass();
    event!("exit status={}", misbehave::EXIT_STATUS);
    arch::exit(misbehave::EXIT_STATUS)
}
