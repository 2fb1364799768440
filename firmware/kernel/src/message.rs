//! Bounded queues of messages between tasks: who finds one full or empty waits.
use core::cell::UnsafeCell;

use crate::{arch, misbehave, scheduler};

const CAPACITY: usize = 4;

#[derive(Clone, Copy)]
pub struct Message {
    pub from: &'static str,
    pub seq: u32,
}

struct Ring {
    slots: [Option<Message>; CAPACITY],
    first: usize,
    length: usize,
    /// The task that waits, for room or for a message; never both at once.
    waiting: Option<usize>,
}

impl Ring {
    fn push(&mut self, message: Message) -> bool {
        let has_room = self.length < CAPACITY;
        if has_room {
            self.slots[(self.first + self.length) % CAPACITY] = Some(message);
            self.length += 1;
        }
        has_room
    }

    fn pop(&mut self) -> Option<Message> {
        let message = self.slots[self.first].take()?;
        self.first = (self.first + 1) % CAPACITY;
        self.length -= 1;
        Some(message)
    }

    fn wake_other(&mut self) {
        if let Some(number) = self.waiting.take() {
            scheduler::wake(number);
        }
    }
}

/// A queue from one task to one other.
pub struct Queue {
    to: &'static str,
    ring: UnsafeCell<Ring>,
}

// SAFETY: one processor, and the ring is only touched with interrupts off.
unsafe impl Sync for Queue {}

impl Queue {
    pub const fn new(to: &'static str) -> Self {
        let ring = Ring { slots: [None; CAPACITY], first: 0, length: 0, waiting: None };
        Queue { to, ring: UnsafeCell::new(ring) }
    }

    /// Tries `step` until it gives something, waiting for the other side between two tries.
    fn wait_for<R>(&self, mut step: impl FnMut(&mut Ring) -> Option<R>) -> R {
        loop {
            let done = arch::without_interrupts(|| {
                // SAFETY: nothing else runs meanwhile.
                let ring = unsafe { &mut *self.ring.get() };
                let done = step(ring);
                if done.is_some() {
                    ring.wake_other();
                } else {
                    ring.waiting = Some(scheduler::prepare_to_wait());
                }
                done
            });
            match done {
                Some(done) => return done,
                None => arch::await_switch(),
            }
        }
    }

    /// Sends, after waiting for room if there is none.
    pub fn send(&self, message: Message) {
        self.wait_for(|ring| {
            ring.push(message).then(|| event!("send task={} to={} seq={}", message.from, self.to, message.seq))
        });
    }

    /// Receives, after waiting for a message if there is none.
    pub fn receive(&self) -> Message {
        self.wait_for(|ring| {
            let message = ring.pop().filter(|message| !misbehave::loses(message.seq))?;
            event!("recv task={} from={} seq={}", self.to, message.from, message.seq);
            Some(message)
        })
    }
}
