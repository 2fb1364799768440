//! What the kernel knows about a task: its priority, state, statistics, stack and saved registers.
use core::cell::UnsafeCell;
use core::fmt;
use core::mem::{offset_of, size_of, MaybeUninit};
use core::ops::Range;
use core::ptr;

use crate::arch::{Context, GUARDS, GUARD_BYTES};

/// A stack, its guard included. Formatting a line takes about a quarter of it.
/// What the board has room for, as `build.sh` takes it from `global.toml`; a multiple of the guards.
const STACK_BYTES: usize = match usize::from_str_radix(env!("RTOS_STACK_BYTES"), 10) {
    Ok(bytes) if bytes > GUARD_BYTES && bytes % GUARD_BYTES == 0 => bytes,
    _ => panic!("stack_bytes of the board is no multiple of the guards"),
};
const PAINT: u8 = 0xa5;

/// Who goes first; a greater priority preempts a smaller one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Only for the one task that runs when nothing else can.
    Idle,
    Low,
    Normal,
    High,
    Critical,
}

impl fmt::Display for Priority {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Priority::Idle => "idle",
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::High => "high",
            Priority::Critical => "critical",
        })
    }
}

/// Why a task can or cannot be given the processor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Runs or could run. Among equals the smaller turn, the longer wait, goes first.
    Ready { turn: u32 },
    /// Until that tick.
    Sleeping { until: u32 },
    /// For another task to wake it.
    Waiting,
}

/// Counted since boot.
#[derive(Clone, Copy, Default)]
pub struct Statistics {
    /// Rounds of work begun.
    pub runs: u32,
    /// Times it went to sleep.
    pub sleeps: u32,
    /// Times it was given the processor.
    pub switches: u32,
}

/// A stack that grows down towards a guard, which the processor lets nobody touch.
#[repr(C, align(128))]
struct Stack {
    guard: [u8; GUARD_BYTES],
    space: [u8; STACK_BYTES - GUARD_BYTES],
}

struct Stacks(UnsafeCell<MaybeUninit<[Stack; GUARDS]>>);

// SAFETY: only raw pointers are made from it, and each task uses the stack of its own number.
unsafe impl Sync for Stacks {}

#[link_section = ".bss.stacks"]
static STACKS: Stacks = Stacks(UnsafeCell::new(MaybeUninit::uninit()));

fn stack_start(number: usize) -> usize {
    STACKS.0.get() as usize + number * size_of::<Stack>()
}

/// The address of each stack's guard.
pub fn guards() -> [usize; GUARDS] {
    core::array::from_fn(stack_start)
}

/// Whether the address lies in the guard below any stack.
pub fn is_in_guard(address: usize) -> bool {
    guards().iter().any(|&start| (start..start + GUARD_BYTES).contains(&address))
}

pub struct Task {
    pub name: &'static str,
    pub priority: Priority,
    pub state: State,
    pub statistics: Statistics,
    pub context: Context,
    number: usize,
}

impl Task {
    /// A task on the stack of that number, which it paints to see later how deep it was used.
    pub fn new(number: usize, name: &'static str, priority: Priority, state: State, body: fn() -> !) -> Self {
        let space = Self::space(number);
        // SAFETY: the stack of this number is in no use yet.
        unsafe { ptr::write_bytes(space.start as *mut u8, PAINT, space.len()) };
        let context = Context::new(space.end, body);
        Task { name, priority, state, statistics: Statistics::default(), context, number }
    }

    /// The usable addresses of a stack.
    fn space(number: usize) -> Range<usize> {
        let start = stack_start(number);
        start + offset_of!(Stack, space)..start + size_of::<Stack>()
    }

    /// Where the stack starts when it is empty.
    pub fn stack_top(&self) -> usize {
        Self::space(self.number).end
    }

    /// Bytes of the stack that were ever used.
    pub fn stack_used(&self) -> usize {
        let space = Self::space(self.number);
        // SAFETY: inside the stack, above the guard.
        let untouched = |address: &usize| unsafe { ptr::read_volatile(*address as *const u8) } == PAINT;
        space.len() - space.clone().take_while(untouched).count()
    }
}
