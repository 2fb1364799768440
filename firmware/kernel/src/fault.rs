//! The last words: a panic or a processor fault becomes one line, then the machine ends with a status.
use core::fmt;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::{arch, scheduler};

const PANIC_STATUS: u32 = 101;
const FAULT_STATUS: u32 = 102;

static DYING: AtomicBool = AtomicBool::new(false);

/// Ends with the status, and at once when the last words themselves go wrong.
fn die(status: u32, last_words: impl FnOnce()) -> ! {
    arch::without_interrupts(|| {
        if !DYING.swap(true, Ordering::Relaxed) {
            last_words();
        }
        arch::exit(status)
    })
}

#[panic_handler]
fn panicked(info: &PanicInfo) -> ! {
    die(PANIC_STATUS, || {
        let (file, line) = info.location().map_or(("unknown", 0), |at| (at.file(), at.line()));
        event!("panic task={} at={file}:{line} message={}", scheduler::current_name(), info.message());
    })
}

/// Reports a processor fault. `registers` is `key=value ...` of what the architecture knows.
pub fn faulted(kind: &str, registers: fmt::Arguments) -> ! {
    die(FAULT_STATUS, || event!("fault kind={kind} task={} {registers}", scheduler::current_name()))
}
