//! Firmware that a timer breaks at one instruction, one way for each `--cfg case="..."`; with
//! `--cfg mended` it is right. It says what it found wrong, and ends its machine with status 1.
#![no_std]
#![no_main]
#![allow(static_mut_refs, unexpected_cfgs, dead_code, unused)]
use core::ptr::{read_volatile, write_volatile};

static mut PENDING: u32 = 0;
static mut GIVEN: u32 = 0;
static mut TAKEN: u32 = 0;
static mut TICKS: u32 = 0;
static mut READY: u32 = 0;
static mut WAITING: u32 = 0;
static mut WOKEN: u32 = 0;
static mut QUEUE: [u32; 8] = [0; 8];
static mut HEAD: u32 = 0;

const ROUNDS: u32 = 12;
const PERIOD: u32 = 2000;

#[cfg(target_arch = "arm")]
mod arch {
    use core::arch::asm;
    use core::ptr::write_volatile;
    pub const UART: usize = 0x4000_c000;
    #[repr(C)]
    #[derive(Clone, Copy)]
    pub union Vector {
        handler: unsafe extern "C" fn() -> !,
        returning: unsafe extern "C" fn(),
        stack: u32,
    }
    #[link_section = ".vectors"]
    #[no_mangle]
    pub static VECTORS: [Vector; 16] = {
        let mut vectors = [Vector { handler: fault }; 16];
        vectors[0] = Vector { stack: 0x2001_0000 };
        vectors[1] = Vector { handler: super::start };
        vectors[15] = Vector { returning: super::tick };
        vectors
    };
    unsafe extern "C" fn fault() -> ! {
        super::end("fault\n", 2)
    }
    pub fn begin() {
        unsafe {
            write_volatile(0xe000_e014 as *mut u32, super::PERIOD * 3 / 8);
            write_volatile(0xe000_e018 as *mut u32, 0);
            write_volatile(0xe000_e010 as *mut u32, 7);
        }
    }
    #[inline(always)]
    pub fn off() {
        unsafe { asm!("cpsid i") }
    }
    #[inline(always)]
    pub fn on() {
        unsafe { asm!("cpsie i") }
    }
    #[inline(always)]
    pub fn sleep() {
        unsafe { asm!("wfi") }
    }
    pub fn exit(status: u32) -> ! {
        let block = [0x20026, status];
        unsafe { asm!("bkpt 0xab", in("r0") 0x20, in("r1") &block, options(noreturn)) }
    }
}

#[cfg(target_arch = "riscv32")]
mod arch {
    use core::arch::{asm, global_asm};
    use core::ptr::{read_volatile, write_volatile};
    pub const UART: usize = 0x1000_0000;
    const COMPARE: usize = 0x200_4000;
    const TIMER: usize = 0x200_bff8;
    global_asm!(
        ".section .vectors, \"ax\"",
        ".global _start",
        "_start:",
        "la sp, 0x80100000",
        "la t0, trap_entry",
        "csrw mtvec, t0",
        "call start",
        ".balign 4",
        "trap_entry:",
        "addi sp, sp, -128",
        ".irp n,1,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31",
        "sw x\\n, (\\n * 4)(sp)",
        ".endr",
        "call trap",
        ".irp n,1,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31",
        "lw x\\n, (\\n * 4)(sp)",
        ".endr",
        "addi sp, sp, 128",
        "mret",
    );
    /// As the manual of the architecture says it: never a deadline that nobody means.
    fn arm(at: u32) {
        unsafe {
            write_volatile((COMPARE + 4) as *mut u32, u32::MAX);
            write_volatile(COMPARE as *mut u32, at);
            write_volatile((COMPARE + 4) as *mut u32, 0);
        }
    }
    #[no_mangle]
    unsafe extern "C" fn trap() {
        let cause: u32;
        asm!("csrr {}, mcause", out(reg) cause);
        if cause != 1 << 31 | 7 {
            super::end("fault\n", 2);
        }
        arm(read_volatile(TIMER as *const u32) + super::PERIOD / 4);
        super::tick();
    }
    pub fn begin() {
        arm(super::PERIOD / 4);
        unsafe { asm!("csrs mie, {}", in(reg) 1 << 7) };
        on();
    }
    #[inline(always)]
    pub fn off() {
        unsafe { asm!("csrci mstatus, 8") }
    }
    #[inline(always)]
    pub fn on() {
        unsafe { asm!("csrsi mstatus, 8") }
    }
    #[inline(always)]
    pub fn sleep() {
        unsafe { asm!("wfi") }
    }
    pub fn exit(status: u32) -> ! {
        let word = if status == 0 { 0x5555 } else { status << 16 | 0x3333 };
        unsafe { write_volatile(0x10_0000 as *mut u32, word) };
        loop {}
    }
}

fn say(text: &str) {
    for byte in text.bytes() {
        unsafe { write_volatile(arch::UART as *mut u8, byte) };
    }
}

pub fn end(text: &str, status: u32) -> ! {
    arch::off();
    say(text);
    arch::exit(status)
}

#[inline(always)]
fn get(of: *const u32) -> u32 {
    unsafe { read_volatile(of) }
}

#[inline(always)]
fn set(of: *mut u32, value: u32) {
    unsafe { write_volatile(of, value) }
}

/// What the timer's interrupt does.
#[no_mangle]
#[inline(never)]
pub unsafe extern "C" fn tick() {
    set(&raw mut TICKS, get(&raw const TICKS) + 1);
    #[cfg(case = "lost")]
    {
        set(&raw mut PENDING, get(&raw const PENDING) + 1);
        set(&raw mut GIVEN, get(&raw const GIVEN) + 1);
    }
    #[cfg(case = "wakeup")]
    match get(&raw const TICKS) {
        1 => {
            set(&raw mut READY, 1);
            set(&raw mut WOKEN, get(&raw const WAITING));
        }
        40 => end("slept for ever\n", 1),
        _ => {}
    }
    #[cfg(case = "queue")]
    push(7);
}

/// One of the queue of both sides: index first, or value first.
#[cfg(case = "queue")]
#[inline(always)]
fn push(value: u32) {
    unsafe {
        let at = get(&raw const HEAD);
        set(&raw mut QUEUE[at as usize % 8], value);
        set(&raw mut HEAD, at + 1);
    }
}

#[cfg(case = "lost")]
#[no_mangle]
#[inline(never)]
fn work() {
    unsafe {
        while get(&raw const TAKEN) < ROUNDS {
            if get(&raw const PENDING) > 0 {
                take();
            } else {
                arch::sleep();
            }
        }
        arch::off();
        if get(&raw const GIVEN) - get(&raw const TAKEN) != get(&raw const PENDING) {
            end("lost one\n", 1);
        }
    }
}

#[cfg(case = "lost")]
#[no_mangle]
#[inline(never)]
fn take() {
    unsafe {
        #[cfg(mended)]
        arch::off();
        set(&raw mut PENDING, get(&raw const PENDING) - 1);
        #[cfg(mended)]
        arch::on();
        set(&raw mut TAKEN, get(&raw const TAKEN) + 1);
    }
}

/// Waits for what the first tick gives: who looks, and then says that it waits, may be too late.
#[cfg(case = "wakeup")]
#[no_mangle]
#[inline(never)]
fn work() {
    #[cfg(mended)]
    arch::off();
    if get(&raw const READY) == 0 {
        set(&raw mut WAITING, 1);
        #[cfg(mended)]
        arch::on();
        while get(&raw const WOKEN) == 0 {
            arch::sleep();
        }
    }
}

/// Both sides push; each value must be there.
#[cfg(case = "queue")]
#[no_mangle]
#[inline(never)]
fn work() {
    unsafe {
        arch::off();
        set(&raw mut HEAD, 0);
        set(&raw mut TICKS, 0);
        arch::on();
        #[cfg(mended)]
        arch::off();
        push(3);
        #[cfg(mended)]
        arch::on();
        arch::off();
        if get(&raw const HEAD) != get(&raw const TICKS) + 1 {
            end("one was overwritten\n", 1);
        }
        arch::on();
    }
}

/// Waits for a tick to come, and takes no later one for it.
#[cfg(case = "deadline")]
#[no_mangle]
#[inline(never)]
fn work() {
    unsafe {
        let until = get(&raw const TICKS) + 2;
        let mut rounds = 0;
        loop {
            let now = get(&raw const TICKS);
            #[cfg(not(mended))]
            let is_over = now == until;
            #[cfg(mended)]
            let is_over = now >= until;
            if is_over {
                break;
            }
            rounds += 1;
            if rounds > 20_000 {
                end("waited for ever\n", 1);
            }
        }
    }
}

/// Goes on for ever.
#[cfg(case = "still")]
#[no_mangle]
#[inline(never)]
fn work() {
    loop {
        arch::sleep();
    }
}

#[no_mangle]
pub unsafe extern "C" fn start() -> ! {
    // RAM is not cleared by a reset.
    set(&raw mut PENDING, 0);
    say("boot\n");
    arch::begin();
    work();
    end("pass\n", 0)
}

#[panic_handler]
fn panicked(_: &core::panic::PanicInfo) -> ! {
    end("panicked\n", 3)
}
