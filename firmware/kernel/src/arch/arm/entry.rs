//! Where the processor enters the kernel: vectors, reset, the switch of tasks, faults.
use core::arch::global_asm;
use core::ptr;

use super::{disable_interrupts, read, FAULT_ADDRESS, FAULT_ADDRESS_VALID, FAULT_STATUS};
use crate::{fault, scheduler, task};

extern "C" {
    static mut _data_start: u32;
    static mut _data_end: u32;
    static _data_image: u32;
    static mut _bss_start: u32;
    static mut _bss_end: u32;

    fn fault_entry();
    fn switch_entry();
}

#[repr(C)]
union Vector {
    handler: unsafe extern "C" fn(),
    reserved: usize,
}

const RESERVED: Vector = Vector { reserved: 0 };
const FAULT: Vector = Vector { handler: fault_entry };

/// From the reset vector on; the linker script puts the first stack pointer before it.
#[used]
#[link_section = ".vector_table"]
static VECTORS: [Vector; 15] = [
    Vector { handler: Reset },
    FAULT, // NMI
    FAULT, // HardFault
    FAULT, // MemManage
    FAULT, // BusFault
    FAULT, // UsageFault
    RESERVED,
    RESERVED,
    RESERVED,
    RESERVED,
    FAULT, // SVCall, which nobody calls
    FAULT, // DebugMonitor
    RESERVED,
    Vector { handler: switch_entry },
    Vector { handler: timer_interrupt },
];

/// Copies and clears memory, then calls the kernel.
#[no_mangle]
#[allow(non_snake_case)]
unsafe extern "C" fn Reset() {
    // Volatile, so that no loop becomes a call of memcpy before memory is set up.
    let (mut from, mut to) = (&raw const _data_image, &raw mut _data_start);
    while to < &raw mut _data_end {
        ptr::write_volatile(to, ptr::read_volatile(from));
        (from, to) = (from.add(1), to.add(1));
    }
    let mut to = &raw mut _bss_start;
    while to < &raw mut _bss_end {
        ptr::write_volatile(to, 0);
        to = to.add(1);
    }
    disable_interrupts();
    crate::main()
}

global_asm!(
    // PendSV: the processor has pushed half of the registers on the task's stack; push the others.
    ".section .text.switch_entry, \"ax\"",
    ".global switch_entry",
    ".type switch_entry, %function",
    ".thumb_func",
    "switch_entry:",
    "mrs r0, psp",
    "stmdb r0!, {{r4-r11}}",
    "push {{r3, lr}}", // r3 only keeps the stack aligned to 8
    "bl switch_stacks",
    "pop {{r3, lr}}",
    "ldmia r0!, {{r4-r11}}",
    "msr psp, r0",
    "bx lr",
    // All faults: hand over the frame, wherever the processor has put it, and the exception's number.
    ".section .text.fault_entry, \"ax\"",
    ".global fault_entry",
    ".type fault_entry, %function",
    ".thumb_func",
    "fault_entry:",
    "tst lr, #4",
    "ite eq",
    "mrseq r0, msp",
    "mrsne r0, psp",
    "mrs r1, ipsr",
    "b report_fault",
);

#[no_mangle]
extern "C" fn switch_stacks(stack: usize) -> usize {
    let next = scheduler::switch(|context| context.stack = stack);
    // SAFETY: the scheduler returns a task's own context.
    unsafe { (*next).stack }
}

extern "C" fn timer_interrupt() {
    scheduler::tick();
}

#[no_mangle]
unsafe extern "C" fn report_fault(frame: *const u32, exception: u32) -> ! {
    let overflown = task::is_in_guard(frame as usize);
    // A frame that would have lain in a guard was not written: nobody knows where it happened.
    let [pc, lr] = if overflown { [0; 2] } else { [6, 5].map(|word| frame.add(word).read_volatile()) };
    let (status, address) = (read(FAULT_STATUS), read(FAULT_ADDRESS));
    let touched = status & FAULT_ADDRESS_VALID != 0 && task::is_in_guard(address as usize);
    let kind = match exception {
        _ if overflown || touched => "stack-overflow",
        3 => "hardfault",
        4 => "memmanage",
        _ => "unexpected-exception",
    };
    fault::faulted(
        kind,
        format_args!("pc={pc:#010x} lr={lr:#010x} cfsr={status:#010x} mmfar={address:#010x} exception={exception}"),
    )
}
