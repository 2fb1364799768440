//! Decides who runs: the ready task of the greatest priority, at once, and among equals the longest waiting.
use core::cell::UnsafeCell;
use core::cmp::Reverse;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::arch::{self, Context};
use crate::misbehave;
use crate::task::{self, Priority, State, Statistics, Task};

/// Ticks of the timer per second.
const TICK_HZ: u32 = 100;

static TICK: AtomicU32 = AtomicU32::new(0);

/// Ticks since boot.
pub fn now() -> u32 {
    TICK.load(Ordering::Relaxed)
}

struct Scheduler {
    tasks: [Option<Task>; arch::GUARDS],
    /// None before the start.
    current: Option<usize>,
    turns: u32,
}

struct Shared(UnsafeCell<Scheduler>);

// SAFETY: one processor, and `with` is the only way in, with interrupts off.
unsafe impl Sync for Shared {}

static SCHEDULER: Shared =
    Shared(UnsafeCell::new(Scheduler { tasks: [const { None }; arch::GUARDS], current: None, turns: 0 }));

/// Never calls itself: what runs inside takes `&mut Scheduler` from its caller.
fn with<R>(work: impl FnOnce(&mut Scheduler) -> R) -> R {
    // SAFETY: nothing else runs meanwhile, see above.
    arch::without_interrupts(|| work(unsafe { &mut *SCHEDULER.0.get() }))
}

impl Scheduler {
    fn add(&mut self, name: &'static str, priority: Priority, first: Option<u32>, body: fn() -> !) -> usize {
        let free = self.tasks.iter().position(Option::is_none);
        let number = free.expect("there are more tasks than stacks");
        let state = first.map_or_else(|| self.ready(), |until| State::Sleeping { until });
        self.tasks[number] = Some(Task::new(number, name, priority, state, body));
        number
    }

    fn ready(&mut self) -> State {
        self.turns += 1;
        State::Ready { turn: self.turns }
    }

    fn task(&mut self, number: usize) -> &mut Task {
        self.tasks[number].as_mut().expect("there is no such task")
    }

    fn current(&mut self) -> &mut Task {
        let number = self.current.expect("the scheduler was not started");
        self.task(number)
    }

    fn wake(&mut self, number: usize) {
        let state = self.ready();
        let task = self.task(number);
        task.state = state;
        event!("wake task={}", task.name);
        arch::request_switch();
    }

    fn wake_sleepers(&mut self, tick: u32) {
        for number in 0..self.tasks.len() {
            let state = self.tasks[number].as_ref().map(|task| task.state);
            if matches!(state, Some(State::Sleeping { until }) if until <= tick) {
                self.wake(number);
            }
        }
    }

    /// The number of the task that should have the processor now.
    fn choose(&self) -> usize {
        let claims = self.tasks.iter().enumerate().filter_map(|(number, task)| match task {
            Some(Task { state: State::Ready { turn }, priority, .. }) => {
                misbehave::rank(*priority).map(|rank| (rank, Reverse(*turn), number))
            }
            _ => None,
        });
        // The idle task is always ready.
        claims.max().map_or(0, |(_, _, number)| number)
    }
}

/// Adds a task and tells so. It is ready at once, or at the tick `first`.
pub fn spawn(name: &'static str, priority: Priority, first: Option<u32>, body: fn() -> !) {
    let number = with(|scheduler| scheduler.add(name, priority, first, body));
    event!("spawn task={name} id={number} priority={priority}");
}

/// Starts the timer and becomes the idle task: `body` runs whenever nothing else can.
pub fn start(body: fn() -> !) -> ! {
    let top = with(|scheduler| {
        let number = scheduler.add("idle", Priority::Idle, None, body);
        scheduler.current = Some(number);
        scheduler.task(number).stack_top()
    });
    arch::protect(&task::guards());
    arch::start_timer(TICK_HZ);
    arch::request_switch();
    let context = with(|scheduler| &raw mut scheduler.current().context);
    arch::become_task(context, top, body)
}

/// The timer's interrupt.
pub fn tick() {
    let tick = TICK.fetch_add(1, Ordering::Relaxed) + 1;
    with(|scheduler| scheduler.wake_sleepers(tick));
}

/// The switch interrupt: makes the right task the current one and returns its registers.
/// `save` is given those of the task that had the processor.
pub fn switch(save: impl FnOnce(&mut Context)) -> *mut Context {
    with(|scheduler| {
        save(&mut scheduler.current().context);
        let next = scheduler.choose();
        if scheduler.current != Some(next) {
            scheduler.current = Some(next);
            scheduler.current().statistics.switches += 1;
        }
        &raw mut scheduler.current().context
    })
}

/// The running task begins a round of work. Returns which one, from 1.
pub fn begin_run() -> u32 {
    with(|scheduler| {
        let task = scheduler.current();
        task.statistics.runs += 1;
        event!("run task={} n={}", task.name, task.statistics.runs);
        task.statistics.runs
    })
}

/// The running task sleeps until that tick.
pub fn sleep_until(until: u32) {
    with(|scheduler| {
        let task = scheduler.current();
        task.statistics.sleeps += 1;
        task.state = State::Sleeping { until };
        event!("sleep task={} until={until}", task.name);
        arch::request_switch();
    });
    arch::await_switch();
}

/// Marks the running task as waiting, to be called with interrupts off; it goes on until they are
/// on again. Returns its number, for `wake`.
pub fn prepare_to_wait() -> usize {
    with(|scheduler| {
        scheduler.current().state = State::Waiting;
        arch::request_switch();
        scheduler.current.expect("a task is running")
    })
}

/// Makes a waiting task ready.
pub fn wake(number: usize) {
    with(|scheduler| scheduler.wake(number));
}

/// The name of the running task, `boot` before there is one.
pub fn current_name() -> &'static str {
    with(|scheduler| if scheduler.current.is_some() { scheduler.current().name } else { "boot" })
}

/// Calls `each` with the name, statistics and used bytes of stack of every task but idle.
pub fn for_each_task(mut each: impl FnMut(&'static str, Statistics, usize)) {
    with(|scheduler| {
        let tasks = scheduler.tasks.iter().flatten();
        tasks
            .filter(|task| task.priority != Priority::Idle)
            .for_each(|task| each(task.name, task.statistics, task.stack_used()));
    });
}
