//! Cortex-M3 on a Stellaris board: startup, vectors, SysTick, PendSV, MPU guards, PL011, semihosting.
use core::arch::asm;
use core::ptr;

use super::{read, write, GUARDS, GUARD_BYTES};

mod entry;

pub const NAME: &str = "arm";

/// The clock after reset, as QEMU models it on all of them.
const CLOCK_HZ: u32 = 12_500_000;

const UART: usize = 0x4000_c000;
const UART_FLAGS: usize = UART + 0x18;
const UART_TRANSMIT_FULL: u32 = 1 << 5;

const SYSTICK_CONTROL: usize = 0xe000_e010;
const SYSTICK_RELOAD: usize = 0xe000_e014;
const SYSTICK_VALUE: usize = 0xe000_e018;
const INTERRUPT_CONTROL: usize = 0xe000_ed04;
const PEND_SWITCH: u32 = 1 << 28;
const RESET_CONTROL: usize = 0xe000_ed0c;
const HANDLER_PRIORITIES: usize = 0xe000_ed20;
const HANDLER_CONTROL: usize = 0xe000_ed24;
const FAULT_STATUS: usize = 0xe000_ed28;
const FAULT_ADDRESS: usize = 0xe000_ed34;
const FAULT_ADDRESS_VALID: u32 = 1 << 7;
const MPU_CONTROL: usize = 0xe000_ed94;
const MPU_REGION: usize = 0xe000_ed98;
const MPU_ADDRESS: usize = 0xe000_ed9c;
const MPU_ATTRIBUTES: usize = 0xe000_eda0;

/// Sets up the serial line: 115200 baud at the clock after reset. QEMU needs none of it.
pub fn console_init() {
    // SAFETY: registers of this board, as its data sheet says.
    unsafe {
        write(0x400f_e104, 1); // clock of UART0
        write(0x400f_e108, 1); // clock of port A
        write(0x4000_4420, 0b11); // pins A0 and A1 belong to the UART
        write(0x4000_451c, 0b11);
        write(UART + 0x24, 6); // 12.5 MHz / 16 / 115200 = 6 + 50/64
        write(UART + 0x28, 50);
        write(UART + 0x2c, 0x70); // 8 bits, queues on
        write(UART + 0x30, 0x301); // on, both directions
    }
}

pub fn put_byte(byte: u8) {
    // SAFETY: registers of the UART.
    unsafe {
        while read(UART_FLAGS) & UART_TRANSMIT_FULL != 0 {}
        write(UART, u32::from(byte));
    }
}

/// Returns what `restore_interrupts` needs.
pub fn disable_interrupts() -> u32 {
    let before: u32;
    // SAFETY: no memory moves across it, as the asm may touch memory.
    unsafe { asm!("mrs {}, primask", "cpsid i", out(reg) before) };
    before
}

pub fn restore_interrupts(before: u32) {
    // SAFETY: puts back what was there.
    unsafe { asm!("msr primask, {}", "isb", in(reg) before) };
}

pub fn start_timer(hz: u32) {
    // SAFETY: registers of the core. PendSV must be last: it may only interrupt tasks.
    unsafe {
        write(HANDLER_PRIORITIES, 0x80ff_0000);
        write(SYSTICK_RELOAD, CLOCK_HZ / hz - 1);
        write(SYSTICK_VALUE, 0);
        write(SYSTICK_CONTROL, 0b111);
    }
}

/// Asks for `scheduler::switch`, as soon as interrupts are on and no other is being served.
pub fn request_switch() {
    // SAFETY: sets one bit, the others are written as no change.
    unsafe { write(INTERRUPT_CONTROL, PEND_SWITCH) };
}

/// In a task, interrupts on: returns after a requested switch.
pub fn await_switch() {
    // SAFETY: barriers only.
    unsafe { asm!("dsb", "isb") };
}

/// What a task's registers are found by when it does not run: they are on its stack.
pub struct Context {
    stack: usize,
}

impl Context {
    /// A task that will begin `body` on an empty stack.
    pub fn new(stack_top: usize, body: fn() -> !) -> Self {
        const THUMB: u32 = 1 << 24;
        // r4-r11, then what the processor pops: r0-r3, r12, lr, pc, xpsr.
        let mut frame = [0; 16];
        frame[14] = body as usize as u32 & !1;
        frame[15] = THUMB;
        let stack = stack_top - size_of_val(&frame);
        // SAFETY: the stack is empty and the caller's to give.
        unsafe { ptr::write(stack as *mut [u32; 16], frame) };
        Context { stack }
    }
}

/// Leaves the startup's stack for a task's, switches interrupts on and goes on in `body`.
pub fn become_task(_context: *mut Context, stack_top: usize, body: fn() -> !) -> ! {
    // SAFETY: nothing on the old stack is used again.
    unsafe {
        asm!(
            "msr psp, {top}", "msr control, {process_stack}", "isb", "cpsie i", "bx {body}",
            top = in(reg) stack_top, process_stack = in(reg) 2, body = in(reg) body,
            options(noreturn),
        )
    }
}

/// Makes every access to the guards a fault.
pub fn protect(guards: &[usize; GUARDS]) {
    const SIZE: u32 = GUARD_BYTES.trailing_zeros() - 1;
    const NO_ACCESS_NOR_EXECUTION: u32 = 1 << 28;
    const ENABLE: u32 = 1;
    const DEFAULT_MAP_ELSEWHERE: u32 = 1 << 2;
    const MEMORY_FAULTS: u32 = 1 << 16;
    // SAFETY: only takes away access to memory that nothing uses.
    unsafe {
        for (region, guard) in (0..).zip(guards) {
            write(MPU_REGION, region);
            write(MPU_ADDRESS, *guard as u32);
            write(MPU_ATTRIBUTES, NO_ACCESS_NOR_EXECUTION | SIZE << 1 | ENABLE);
        }
        write(HANDLER_CONTROL, MEMORY_FAULTS);
        write(MPU_CONTROL, DEFAULT_MAP_ELSEWHERE | ENABLE);
        asm!("dsb", "isb");
    }
}

pub fn wait_for_interrupt() {
    // SAFETY: waits.
    unsafe { asm!("wfi") };
}

/// Ends the machine with a status, by semihosting.
pub fn exit(status: u32) -> ! {
    const SYS_EXIT_EXTENDED: u32 = 0x20;
    const APPLICATION_EXIT: u32 = 0x2_0026;
    let block = [APPLICATION_EXIT, status];
    loop {
        // SAFETY: the block outlives the call, which does not return.
        unsafe { asm!("bkpt #0xab", in("r0") SYS_EXIT_EXTENDED, in("r1") &block) };
    }
}

pub fn reset() -> ! {
    const KEY_AND_REQUEST: u32 = 0x05fa_0004;
    loop {
        // SAFETY: the register's key and the request, as the manual says.
        unsafe { write(RESET_CONTROL, KEY_AND_REQUEST) };
    }
}

pub fn illegal_instruction() {
    // SAFETY: faults, and does nothing else.
    unsafe { asm!("udf #0") };
}
