//! Ways to break, one for each `--cfg case="..."`; `BROKEN HERE` stands where each breaks.
//! It says 'F' in its fault handler, or, with `--cfg quiet`, at its start and never again. With
//! `--cfg exits` it then ends its machine with status 3, with `--cfg prints` it says before where.
#![no_std]
#![no_main]
#![allow(unused_imports, static_mut_refs, unexpected_cfgs)]
use core::hint::black_box;
use core::ptr::{read_volatile, write_volatile};

#[no_mangle]
static mut COUNTER: u32 = 0;

#[cfg(target_arch = "arm")]
mod arch {
    use core::arch::asm;
    pub const UART: usize = 0x4000_c000;
    const INTERRUPT_CONTROL: usize = 0xe000_ed04;

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub union Vector {
        handler: unsafe extern "C" fn() -> !,
        returning: unsafe extern "C" fn(),
        stack: u32,
    }
    #[link_section = ".vectors"]
    #[no_mangle]
    pub static VECTORS: [Vector; 17] = {
        let mut vectors = [Vector { handler: fault }; 17];
        vectors[0] = Vector { stack: 0x2001_0000 };
        vectors[1] = Vector { handler: super::start };
        vectors[11] = Vector { handler: Default_Handler };
        vectors[15] = Vector { returning: super::timer };
        vectors[16] = Vector { handler: Default_Handler };
        vectors
    };

    #[cfg(not(any(case = "handled", prints)))]
    pub unsafe extern "C" fn fault() -> ! {
        super::tell_fault();
        #[cfg(exits)]
        exit();
        loop {}
    }
    #[cfg(prints)]
    core::arch::global_asm!(
        ".thumb_func", ".global printing", ".type printing, %function", "printing:",
        "ldr r1, [sp, #20]", "ldr r0, [sp, #24]", "b tell_place",
    );
    #[cfg(prints)]
    extern "C" {
        #[link_name = "printing"]
        fn fault() -> !;
    }
    /// Semihosting's call to end, with a status.
    pub fn exit() -> ! {
        let block = [0x20026, 3];
        unsafe { asm!("bkpt 0xab", in("r0") 0x20, in("r1") &block, options(noreturn)) }
    }
    /// Steps over the instruction, of two bytes.
    #[cfg(case = "handled")]
    core::arch::global_asm!(
        ".thumb_func", ".global stepping", ".type stepping, %function", "stepping:",
        "ldr r0, [sp, #24]", "adds r0, #2", "str r0, [sp, #24]", "bx lr",
    );
    #[cfg(case = "handled")]
    extern "C" {
        #[link_name = "stepping"]
        fn fault() -> !;
    }
    /// Of interrupts that nobody serves.
    #[no_mangle]
    #[inline(never)]
    pub unsafe extern "C" fn Default_Handler() -> ! {
        loop {}
    }
    #[inline(always)]
    pub fn unserved() {
        unsafe {
            core::ptr::write_volatile(0xe000_e100 as *mut u32, 1);
            core::ptr::write_volatile(0xe000_e200 as *mut u32, 1);
            asm!("dsb", "isb");
        }
    }
    #[inline(always)]
    pub fn breakpoint() {
        unsafe { asm!("svc #0") };
    }
    /// The timer's interrupt every thousand instructions.
    pub fn tick() {
        unsafe {
            core::ptr::write_volatile(0xe000_e014 as *mut u32, 1000);
            core::ptr::write_volatile(0xe000_e010 as *mut u32, 7);
        }
    }
    #[inline(always)]
    pub fn sleep() {
        unsafe { asm!("wfi") };
    }
    /// Divisions by zero fault from here on.
    #[inline(always)]
    pub fn divide(by: u32) -> u32 {
        let result: u32;
        unsafe {
            core::ptr::write_volatile(0xe000_ed14 as *mut u32, 1 << 4);
            asm!("udiv {}, {}, {}", out(reg) result, in(reg) 7, in(reg) by);
        }
        result
    }
    /// Makes the timer's interrupt happen.
    #[inline(always)]
    pub fn interrupt() {
        unsafe {
            core::ptr::write_volatile(INTERRUPT_CONTROL as *mut u32, 1 << 26);
            asm!("dsb", "isb");
        }
    }
    /// Goes on in `body` on a stack of its own, as tasks do.
    pub fn task(stack: *mut u8, body: extern "C" fn() -> !) -> ! {
        unsafe {
            asm!("msr psp, {s}", "msr control, {c}", "isb", "bx {b}",
                s = in(reg) stack, c = in(reg) 2, b = in(reg) body, options(noreturn))
        }
    }
    #[inline(always)]
    pub fn illegal() {
        unsafe { asm!("udf #0") };
    }
    /// At an odd address: this board answers everywhere.
    #[inline(always)]
    pub fn load() {
        unsafe { asm!("ldrd r0, r1, [{}]", in(reg) 0x2000_0001_u32, out("r0") _, out("r1") _) };
    }
}

#[cfg(target_arch = "riscv32")]
mod arch {
    use core::arch::{asm, global_asm};
    pub const UART: usize = 0x1000_0000;
    const SOFTWARE_PENDING: usize = 0x200_0000;
    const TIMER_COMPARE: usize = 0x200_4000;
    const TIMER: usize = 0x200_bff8;

    #[cfg(case = "novector")]
    global_asm!(".macro set_vector", "nop", ".endm");
    #[cfg(not(case = "novector"))]
    global_asm!(".macro set_vector", "la t0, trap_entry", "csrw mtvec, t0", ".endm");
    global_asm!(
        ".section .vectors, \"ax\"",
        ".global _start",
        "_start:",
        "la sp, 0x80100000",
        "set_vector",
        "csrwi mie, 8",
        "csrsi mstatus, 8",
        "call start",
        // As riscv-rt does: registers that a function may change, on the stack in use.
        ".balign 4",
        "trap_entry:",
        "addi sp, sp, -128",
        ".irp n,1,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31",
        "sw x\\n, (\\n * 4)(sp)",
        ".endr",
        "mv s0, sp",
        "call trap",
        ".irp n,1,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31",
        "lw x\\n, (\\n * 4)(sp)",
        ".endr",
        "addi sp, sp, 128",
        "mret",
    );

    #[no_mangle]
    unsafe extern "C" fn trap() {
        let cause: u32;
        asm!("csrr {}, mcause", out(reg) cause);
        if cause == 1 << 31 | 7 {
            let next = core::ptr::read_volatile(TIMER as *const u32) + 100;
            core::ptr::write_volatile(TIMER_COMPARE as *mut u32, next);
            super::timer();
        } else if cause >> 31 == 1 && cfg!(case = "unserved") {
            DefaultInterruptHandler();
        } else if cause >> 31 == 1 {
            core::ptr::write_volatile(SOFTWARE_PENDING as *mut u32, 0);
            super::timer();
        } else if cfg!(case = "handled") {
            let at: usize;
            asm!("csrr {}, mepc", out(reg) at);
            let size = if *(at as *const u16) & 3 == 3 { 4 } else { 2 };
            asm!("csrw mepc, {}", in(reg) at + size);
        } else {
            #[cfg(prints)]
            {
                let (at, back): (usize, usize);
                asm!("csrr {}, mepc", out(reg) at);
                asm!("lw {}, 4(s0)", out(reg) back);
                super::tell_place(at, back);
            }
            super::tell_fault();
            #[cfg(exits)]
            exit();
            loop {}
        }
    }
    /// By the machine's finisher, with a status.
    pub fn exit() -> ! {
        unsafe { core::ptr::write_volatile(0x10_0000 as *mut u32, 3 << 16 | 0x3333) };
        loop {}
    }
    #[no_mangle]
    #[inline(never)]
    unsafe extern "C" fn DefaultInterruptHandler() -> ! {
        loop {}
    }
    #[inline(always)]
    pub fn unserved() {
        interrupt();
    }
    #[inline(always)]
    pub fn breakpoint() {
        unsafe { asm!("ebreak") };
    }
    /// The timer's interrupt again and again.
    pub fn tick() {
        unsafe {
            core::ptr::write_volatile((TIMER_COMPARE + 4) as *mut u32, 0);
            core::ptr::write_volatile(TIMER_COMPARE as *mut u32, 100);
            asm!("csrs mie, {}", in(reg) 1 << 7);
        }
    }
    #[inline(always)]
    pub fn sleep() {
        unsafe { asm!("wfi") };
    }
    #[inline(always)]
    pub fn divide(by: u32) -> u32 {
        7 / by
    }
    #[inline(always)]
    pub fn interrupt() {
        unsafe { core::ptr::write_volatile(SOFTWARE_PENDING as *mut u32, 1) };
        loop {}
    }
    pub fn task(stack: *mut u8, body: extern "C" fn() -> !) -> ! {
        unsafe { asm!("mv sp, {s}", "jr {b}", s = in(reg) stack, b = in(reg) body, options(noreturn)) }
    }
    #[inline(always)]
    pub fn illegal() {
        unsafe { asm!("unimp") };
    }
    /// Where nothing answers: odd addresses are good ones here.
    #[inline(always)]
    pub fn load() {
        unsafe { asm!("lw t0, 0({})", in(reg) 0x9000_0000_u32, out("t0") _) };
    }
}

#[no_mangle]
unsafe extern "C" fn timer() {
    if cfg!(case = "chatter") {
        say(b'.');
    }
    if cfg!(case = "interrupt") {
        black_box(outer(3));
    }
    // As a kernel does whose idle loop is in its scheduler.
    while cfg!(case = "idle_in_handler") {
        arch::sleep();
    }
}

fn tell_fault() {
    if !cfg!(quiet) {
        say(b'F');
    }
}

/// What a handler says that knows where it was.
#[cfg(prints)]
#[no_mangle]
extern "C" fn tell_place(pc: usize, back: usize) -> ! {
    for (name, value) in [(b"F pc=0x", pc), (b"\n lr=0x", back)] {
        name.iter().for_each(|one| say(*one));
        for shift in (0..8).rev() {
            say(b"0123456789abcdef"[value >> (4 * shift) & 15]);
        }
    }
    say(b'\n');
    arch::exit()
}

fn say(byte: u8) {
    unsafe { write_volatile(arch::UART as *mut u8, byte) };
}

#[repr(align(8))]
struct Stack(#[allow(dead_code)] [u8; 1024]);
static mut STACK: Stack = Stack([0; 1024]);

#[no_mangle]
pub unsafe extern "C" fn start() -> ! {
    write_volatile(&raw mut COUNTER, 0x1234_5678);
    if cfg!(quiet) {
        say(b'F');
    }
    if cfg!(ticking) {
        arch::tick();
    }
    if cfg!(case = "chatter") {
        chatter();
    }
    if cfg!(case = "interrupt") {
        arch::interrupt();
    }
    if cfg!(case = "task") {
        arch::task((&raw mut STACK).add(1).cast(), body);
    }
    black_box(outer(black_box(2)));
    loop {}
}

/// Says letters while the timer says dots: where they meet tells each instruction more or less.
unsafe fn chatter() -> ! {
    for at in 0..20_000 {
        say(if at % 26 == 25 { b'\n' } else { b'a' + (at % 26) as u8 });
        for _ in 0..1000 + at % 7 {
            read_volatile(&raw const COUNTER);
        }
    }
    say(b'\n');
    arch::exit()
}

extern "C" fn body() -> ! {
    black_box(outer(black_box(5)));
    loop {}
}

#[inline(never)]
fn outer(n: u32) -> u32 {
    if cfg!(case = "tail") {
        return tail(n) + black_box(1);
    }
    middle(n + 1) + black_box(1) // CALLED FROM HERE
}

/// Jumps where it would call, when it is optimised.
#[inline(never)]
fn tail(n: u32) -> u32 {
    breaks(black_box(n))
}

#[inline(never)]
fn middle(n: u32) -> u32 {
    let mut numbers = black_box([n; 4]);
    numbers[1] += breaks(n);
    black_box(numbers)[1]
}

#[cfg(case = "inlined")]
#[inline(always)]
fn breaks(n: u32) -> u32 {
    deeper(n) + 1
}

#[inline(always)]
fn deeper(_: u32) -> u32 {
    #[cfg(case = "inlined")]
    arch::illegal(); // BROKEN HERE: inlined
    4
}

#[cfg(not(case = "inlined"))]
#[inline(never)]
fn breaks(n: u32) -> u32 {
    if cfg!(case = "hang") {
        say(b'F');
        while unsafe { read_volatile(&raw const COUNTER) } != 0 {} // BROKEN HERE: hang
    }
    if cfg!(case = "illegal") {
        arch::illegal(); // BROKEN HERE: illegal
    }
    if cfg!(case = "bounds") {
        return black_box(&[1, 2, 3])[n as usize + 7]; // BROKEN HERE: bounds
    }
    if cfg!(case = "unwrap") {
        return black_box(None::<u32>).unwrap(); // BROKEN HERE: unwrap
    }
    if cfg!(case = "assertion") {
        unsafe { __assert_func(b"crash.c\0".as_ptr(), n) }; // BROKEN HERE: assertion
    }
    if cfg!(case = "null") {
        let nothing: extern "C" fn() = unsafe { core::mem::transmute(black_box(4usize)) };
        nothing(); // BROKEN HERE: null
    }
    if cfg!(case = "divide") {
        return arch::divide(black_box(n - n)); // BROKEN HERE: divide
    }
    if cfg!(case = "unserved") {
        arch::unserved(); // BROKEN HERE: unserved
        while unsafe { read_volatile(&raw const COUNTER) } != 0 {}
    }
    if cfg!(case = "breakpoint") {
        arch::breakpoint(); // BROKEN HERE: breakpoint
    }
    if cfg!(case = "lock") {
        say(b'F');
        while LOCK.load(core::sync::atomic::Ordering::Acquire) {} // BROKEN HERE: lock
    }
    if cfg!(any(case = "idle", case = "idle_in_handler")) {
        if cfg!(case = "idle_in_handler") {
            arch::interrupt();
        }
        loop {}
    }
    if cfg!(case = "handled") {
        arch::illegal();
        return n;
    }
    if cfg!(case = "sleep") {
        say(b'F');
        loop {
            arch::sleep(); // BROKEN HERE: sleep
        }
    }
    if cfg!(any(case = "load", case = "novector", case = "interrupt", case = "task", case = "tail")) {
        arch::load(); // BROKEN HERE: load
    }
    deeper(n)
}

static LOCK: core::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new(true);

/// As a C library has it.
#[no_mangle]
#[inline(never)]
unsafe extern "C" fn __assert_func(_file: *const u8, _line: u32) -> ! {
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    tell_fault();
    #[cfg(exits)]
    arch::exit();
    loop {}
}
