//! The reference RTOS: boots, spawns the demo's tasks and hands over to the scheduler.
#![no_std]
#![no_main]

#[macro_use]
mod console;
mod arch;
mod demo;
mod fault;
mod message;
mod misbehave;
mod scheduler;
mod task;

/// Called once by the architecture's startup code, with memory set up and interrupts off.
fn main() -> ! {
    misbehave::before_boot();
    arch::console_init();
    event!("boot rtos=reference version=1 board={} arch={}", arch::BOARD, arch::NAME);
    demo::spawn_tasks();
    event!("start");
    misbehave::after_start();
    scheduler::start(demo::idle)
}
