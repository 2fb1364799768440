//! The serial line: one event is one line, never torn by another task and never two lines.
use core::fmt::{self, Write};

use crate::{arch, scheduler};

/// Prints `@<tick> <event> <key=value>...`.
macro_rules! event {
    ($($text:tt)*) => { $crate::console::line(format_args!($($text)*)) };
}

/// Writes text to the serial line, control characters as spaces: a message cannot end its line.
struct OneLine;

impl Write for OneLine {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            arch::put_byte(if byte < b' ' { b' ' } else { byte });
        }
        Ok(())
    }
}

/// Prints one event at the present tick. Use the macro `event!`.
pub fn line(text: fmt::Arguments) {
    arch::without_interrupts(|| {
        // The serial line cannot fail; an error would come from a Display that does, and is its own.
        let _ = write!(OneLine, "@{} {}", scheduler::now(), text);
        arch::put_byte(b'\n');
    });
}

/// Sends bytes as they are, below the protocol.
pub fn raw(bytes: &[u8]) {
    arch::without_interrupts(|| bytes.iter().copied().for_each(arch::put_byte));
}
