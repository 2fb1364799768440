//! Where the processor enters the kernel: reset, and the one trap for interrupts and faults.
use core::arch::{asm, global_asm};

use super::*;

global_asm!(
    ".section .init, \"ax\"",
    ".global _start",
    "_start:",
    "csrw mie, zero",
    "csrci mstatus, 8",
    "la sp, _stack_start",
    "la t0, trap_entry",
    "csrw mtvec, t0",
    "la t0, KERNEL_CONTEXT",
    "csrw mscratch, t0",
    "la t0, _bss_start",
    "la t1, _bss_end",
    "1: bgeu t0, t1, 2f",
    "sw zero, 0(t0)",
    "addi t0, t0, 4",
    "j 1b",
    "2: j riscv_main",
    // mscratch points to the running task's context: nothing is pushed on the task's stack, which
    // may be what has just overflowed.
    ".section .text.trap_entry, \"ax\"",
    ".balign 4",
    "trap_entry:",
    "csrrw t6, mscratch, t6",
    ".irp n,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30",
    "sw x\\n, (\\n - 1) * 4(t6)",
    ".endr",
    "csrr t5, mscratch",
    "sw t5, 120(t6)",
    "csrr t5, mepc",
    "sw t5, 124(t6)",
    "la t5, KERNEL_CONTEXT",
    "csrw mscratch, t5",
    "la sp, _stack_start",
    "mv a0, t6",
    "call trap",
    "csrw mscratch, a0",
    "mv t6, a0",
    "lw t5, 124(t6)",
    "csrw mepc, t5",
    ".irp n,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
    "lw x\\n, (\\n - 1) * 4(t6)",
    ".endr",
    "mret",
);

#[no_mangle]
extern "C" fn riscv_main() -> ! {
    crate::main()
}

/// Serves a trap. Gets the registers of who was interrupted, returns those of who goes on.
#[no_mangle]
unsafe extern "C" fn trap(context: *mut Context) -> *mut Context {
    let cause: u32;
    asm!("csrr {}, mcause", out(reg) cause);
    match cause {
        TIMER_INTERRUPT => {
            set_next_timer();
            scheduler::tick();
            context
        }
        SOFTWARE_INTERRUPT => {
            write(SOFTWARE_PENDING, 0);
            // The trap entry has saved the registers where the scheduler has them.
            scheduler::switch(|_| ())
        }
        _ => report_fault(cause, (*context).pc),
    }
}

unsafe fn report_fault(cause: u32, pc: u32) -> ! {
    let value: u32;
    asm!("csrr {}, mtval", out(reg) value);
    let kind = match cause {
        5 | 7 if task::is_in_guard(value as usize) => "stack-overflow",
        0 | 1 => "instruction-access",
        2 => "illegal-instruction",
        4 | 6 => "misaligned-access",
        5 => "load-access",
        7 => "store-access",
        _ => "unexpected-trap",
    };
    fault::faulted(kind, format_args!("cause={cause} mepc={pc:#010x} mtval={value:#010x}"))
}
