//! Every deliberate fault, behind its cargo feature: what a test harness must notice.
use core::hint::black_box;

use crate::task::Priority;
use crate::{arch, console};

/// Whether the demo claims success at its end.
pub const PASSES: bool = !cfg!(feature = "garbage");
pub const EXIT_STATUS: u32 = if cfg!(feature = "badexit") { 3 } else { 0 };

/// Where most faults happen: late enough that the demo was seen to work before.
const BAD_TASK: &str = "high";
const BAD_ROUND: u32 = 2;
const LOST_SEQ: u32 = 5;

/// What no test needs, in the way of a budget. Not zero, which might not be stored.
#[cfg(feature = "fat")]
#[used]
static FAT: [u8; 4096] = [0x5a; 4096];

const GARBAGE: &[u8] =
    b"\xff\xfe\xc3\x28 \x00\x00 \x1b[31mred\x1b[0m\x1b[2J\rover\rwritten\r\n@1\xf0 run ta\x00sk=cri\n@@ wake\n";

pub fn before_boot() {
    #[cfg(feature = "fat")]
    black_box(&FAT);
    if cfg!(feature = "silent") {
        loop {
            core::hint::spin_loop();
        }
    }
}

pub fn after_start() {
    if cfg!(feature = "hang") {
        loop {
            arch::wait_for_interrupt();
        }
    }
    while cfg!(feature = "repeat") {
        event!("run task=critical n=1");
        event!("sleep task=critical until=5");
    }
    while cfg!(feature = "flood") {
        console::raw(b"flood ");
    }
    if cfg!(feature = "bootloop") {
        arch::reset();
    }
}

/// In the middle of a task's round.
pub fn in_round(task: &str, n: u32) {
    if task != BAD_TASK || n != BAD_ROUND {
        return;
    }
    if cfg!(feature = "panic") {
        panic!("round {n} was told to fail");
    }
    if cfg!(feature = "hardfault") {
        arch::illegal_instruction();
    }
    if cfg!(feature = "stackoverflow") {
        recurse(n);
    }
    if cfg!(feature = "garbage") {
        console::raw(GARBAGE);
    }
}

/// Its frame is smaller than a guard, so that it cannot step over one.
#[inline(never)]
fn recurse(depth: u32) -> u32 {
    let frame = black_box([depth; 4]);
    // Adding after the call keeps the compiler from making a loop of it.
    if frame[0] == 0 {
        0
    } else {
        recurse(black_box(depth + 1)) + frame[1]
    }
}

/// How much a priority counts when the scheduler chooses; None is never chosen.
pub fn rank(priority: Priority) -> Option<u32> {
    if cfg!(feature = "starve") && priority == Priority::Low {
        return None;
    }
    if cfg!(feature = "order") && priority != Priority::Idle {
        return Some(Priority::Critical as u32 + 1 - priority as u32);
    }
    Some(priority as u32)
}

/// Whether this message gets lost between the tasks.
pub fn loses(seq: u32) -> bool {
    cfg!(feature = "lostmessage") && seq == LOST_SEQ
}

pub fn after_pass() {
    if cfg!(feature = "latepanic") {
        panic!("failed after it had passed");
    }
}
