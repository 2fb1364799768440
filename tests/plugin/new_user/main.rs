//! The least that is firmware on an LM3S6965: a vector table, one line on UART0, and a loop.
#![no_std]
#![no_main]

use core::ptr::write_volatile;

#[repr(C)]
pub struct Vectors {
    stack: u32,
    reset: extern "C" fn() -> !,
}

#[used]
#[link_section = ".vectors"]
static VECTORS: Vectors = Vectors { stack: 0x2001_0000, reset };

fn say(text: &str) {
    for byte in text.bytes() {
        // The data register of UART0, which QEMU's board has ready at reset.
        unsafe { write_volatile(0x4000_C000 as *mut u8, byte) }
    }
}

extern "C" fn reset() -> ! {
    say("hello from blink\n");
    loop {}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    say("panicked at blink\n");
    loop {}
}
