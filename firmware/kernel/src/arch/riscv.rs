//! RV32IMAC on QEMU's virt board: startup, traps, CLINT, PMP guards, 16550, finisher.
use core::arch::asm;
use core::cell::UnsafeCell;
use core::mem::offset_of;

use super::{read, write, GUARDS, GUARD_BYTES};
use crate::{fault, scheduler, task};

mod entry;

pub const NAME: &str = "riscv";

const UART: usize = 0x1000_0000;
const UART_LINE_STATUS: usize = UART + 5;
const UART_TRANSMIT_EMPTY: u8 = 1 << 5;

const FINISHER: usize = 0x10_0000;
const FINISHER_PASS: u32 = 0x5555;
const FINISHER_FAIL: u32 = 0x3333;
const FINISHER_RESET: u32 = 0x7777;

const SOFTWARE_PENDING: usize = 0x200_0000;
const TIMER_COMPARE: usize = 0x200_4000;
const TIMER: usize = 0x200_bff8;
const TIMER_HZ: u32 = 10_000_000;

const INTERRUPTS_ON: u32 = 1 << 3;
const INTERRUPT: u32 = 1 << 31;
const SOFTWARE_INTERRUPT: u32 = INTERRUPT | 3;
const TIMER_INTERRUPT: u32 = INTERRUPT | 7;

/// A task's registers when it does not run. The trap entry knows this layout.
#[repr(C)]
pub struct Context {
    /// x1 to x31.
    registers: [u32; 31],
    pc: u32,
}

const _: () = assert!(offset_of!(Context, pc) == 124);

impl Context {
    const EMPTY: Self = Context { registers: [0; 31], pc: 0 };

    /// A task that will begin `body` on an empty stack.
    pub fn new(stack_top: usize, body: fn() -> !) -> Self {
        let mut context = Context { pc: body as usize as u32, ..Self::EMPTY };
        context.registers[1] = stack_top as u32; // x2, the stack pointer
        context
    }
}

struct Shared<T>(UnsafeCell<T>);

// SAFETY: one processor, and only touched with interrupts off.
unsafe impl<T> Sync for Shared<T> {}

/// Where a fault inside the kernel itself leaves its registers.
#[no_mangle]
static KERNEL_CONTEXT: Shared<Context> = Shared(UnsafeCell::new(Context::EMPTY));

static PERIOD: Shared<(u64, u32)> = Shared(UnsafeCell::new((0, 0)));

/// Sets up the serial line. QEMU has no baud rate.
pub fn console_init() {
    // SAFETY: byte registers of the UART.
    unsafe {
        ((UART + 1) as *mut u8).write_volatile(0); // no interrupts
        ((UART + 3) as *mut u8).write_volatile(3); // 8 bits
        ((UART + 2) as *mut u8).write_volatile(1); // queues on
    }
}

pub fn put_byte(byte: u8) {
    // SAFETY: byte registers of the UART.
    unsafe {
        while (UART_LINE_STATUS as *const u8).read_volatile() & UART_TRANSMIT_EMPTY == 0 {}
        (UART as *mut u8).write_volatile(byte);
    }
}

/// Returns what `restore_interrupts` needs.
pub fn disable_interrupts() -> u32 {
    let before: u32;
    // SAFETY: no memory moves across it, as the asm may touch memory.
    unsafe { asm!("csrrci {}, mstatus, 8", out(reg) before) };
    before & INTERRUPTS_ON
}

pub fn restore_interrupts(before: u32) {
    // SAFETY: puts back what was there.
    unsafe { asm!("csrs mstatus, {}", in(reg) before) };
}

pub fn start_timer(hz: u32) {
    const TIMER_AND_SOFTWARE: u32 = 1 << 7 | 1 << 3;
    // SAFETY: interrupts are off, so nobody else uses the period.
    unsafe {
        *PERIOD.0.get() = (u64::from(read(TIMER)) | u64::from(read(TIMER + 4)) << 32, TIMER_HZ / hz);
        set_next_timer();
        asm!("csrs mie, {}", in(reg) TIMER_AND_SOFTWARE);
    }
}

/// One period after the last one, not after now: a late service must not shift the ticks.
unsafe fn set_next_timer() {
    let (last, period) = &mut *PERIOD.0.get();
    *last += u64::from(*period);
    // The high word first to its greatest value: no early match while only half is written.
    write(TIMER_COMPARE + 4, u32::MAX);
    write(TIMER_COMPARE, *last as u32);
    write(TIMER_COMPARE + 4, (*last >> 32) as u32);
}

/// Asks for `scheduler::switch`, as soon as interrupts are on.
pub fn request_switch() {
    // SAFETY: the software interrupt of this processor.
    unsafe { write(SOFTWARE_PENDING, 1) };
}

/// In a task, interrupts on: returns after a requested switch.
pub fn await_switch() {
    // SAFETY: reads a register.
    while unsafe { read(SOFTWARE_PENDING) } != 0 {}
}

/// Leaves the startup's stack for a task's, switches interrupts on and goes on in `body`.
pub fn become_task(context: *mut Context, stack_top: usize, body: fn() -> !) -> ! {
    // SAFETY: nothing on the old stack is used again.
    unsafe {
        asm!(
            "csrw mscratch, {context}", "mv sp, {top}", "csrsi mstatus, 8", "jr {body}",
            context = in(reg) context, top = in(reg) stack_top, body = in(reg) body,
            options(noreturn),
        )
    }
}

/// Makes every access to the guards a fault, until the next reset.
pub fn protect(guards: &[usize; GUARDS]) {
    // Locked, which is what makes it hold in machine mode; a naturally aligned power of two; no rights.
    const FOUR_LOCKED_REGIONS: u32 = 0x9898_9898;
    macro_rules! set_address {
        ($($register:literal)*) => {
            for (index, guard) in guards.iter().enumerate() {
                let region = (guard | (GUARD_BYTES / 2 - 1)) >> 2;
                match index {
                    $($register => asm!(concat!("csrw pmpaddr", $register, ", {}"), in(reg) region),)*
                    _ => unreachable!(),
                }
            }
        };
    }
    // SAFETY: only takes away access to memory that nothing uses.
    unsafe {
        set_address!(0 1 2 3 4 5 6 7);
        asm!("csrw pmpcfg0, {0}", "csrw pmpcfg1, {0}", in(reg) FOUR_LOCKED_REGIONS);
    }
}

pub fn wait_for_interrupt() {
    // SAFETY: waits.
    unsafe { asm!("wfi") };
}

/// Ends the machine with a status, by the finisher device.
pub fn exit(status: u32) -> ! {
    let word = if status == 0 { FINISHER_PASS } else { status << 16 | FINISHER_FAIL };
    finish(word)
}

pub fn reset() -> ! {
    finish(FINISHER_RESET)
}

fn finish(word: u32) -> ! {
    loop {
        // SAFETY: the finisher's register.
        unsafe { write(FINISHER, word) };
    }
}

pub fn illegal_instruction() {
    // SAFETY: faults, and does nothing else.
    unsafe { asm!("unimp") };
}
