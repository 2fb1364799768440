//! One module per architecture, all with the same names: board, console, timer, context switch, guards, end.
use core::ptr;

#[cfg(target_arch = "arm")]
mod arm;
#[cfg(target_arch = "riscv32")]
mod riscv;

#[cfg(target_arch = "arm")]
pub use arm::*;
#[cfg(target_arch = "riscv32")]
pub use riscv::*;

/// The board's QEMU machine; `build.sh` takes it from `global.toml`.
pub const BOARD: &str = env!("RTOS_BOARD");

/// How many stacks can be guarded, and so how many tasks there can be: the small board has eight
/// regions of memory protection.
pub const GUARDS: usize = 8;
/// A power of two, as memory protection wants it.
pub const GUARD_BYTES: usize = 128;

/// Runs `work` with interrupts off, and leaves them as they were.
pub fn without_interrupts<R>(work: impl FnOnce() -> R) -> R {
    let before = disable_interrupts();
    let result = work();
    restore_interrupts(before);
    result
}

/// # Safety
/// The address must be a register of the board that may be written so.
unsafe fn write(address: usize, value: u32) {
    ptr::write_volatile(address as *mut u32, value);
}

/// # Safety
/// The address must be a readable register of the board.
unsafe fn read(address: usize) -> u32 {
    ptr::read_volatile(address as *const u32)
}
