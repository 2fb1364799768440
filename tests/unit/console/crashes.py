"""Lines that real systems print: those that mean a crash, and those that only sound like one."""

#: ``system: line``; the line as the system named prints it.
CRASHES = r"""
rust: thread 'main' panicked at src/main.rs:12:5:
rust: panicked at 'index out of bounds: the len is 3 but the index is 7', src/main.rs:20:9
defmt: ERROR panicked at 'called `Option::unwrap()` on a `None` value'
rust: memory allocation of 65536 bytes failed
esp-hal: ====================== PANIC ======================
esp-hal: Exception 'Illegal instruction' mepc=0x42000120, mtval=0x00000000
karatos: Hard Fault at 0x08000124
reference: @12 panic task=low message=out of stack
reference: @7 fault kind=hard pc=0x00000123
zephyr: [00:00:00.010,000] <err> os: ***** USAGE FAULT *****
zephyr: E: >>> ZEPHYR FATAL ERROR 4: Kernel panic on CPU 0
zephyr: [00:00:00.401,000] <err> os: Halting system
zephyr: E: ***** MPU FAULT *****
zephyr: ASSERTION FAIL [thread->base.pended_on] @ WEST_TOPDIR/zephyr/kernel/sched.c:595
zephyr: E:  mcause: 5, Load access fault
zephyr: [00:00:20.128,000] <err> os: Faulting instruction address (r15/pc): 0x00000000
zephyr: [00:00:00.007,000] <err> os:   Stack overflow (context area not valid)
zephyr: E: ***** Debug monitor exception *****
nuttx: up_assert: Assertion failed at file:irq/irq_unexpectedisr.c line: 51 task: Idle Task
nuttx: arm_hardfault: PANIC!!! Hard Fault!
nuttx: riscv_exception: EXCEPTION: Load access fault. MCAUSE: 00000005, EPC: 80008bfe
nuttx: dump_assert_info: Assertion failed panic: at file: common/riscv_exception.c:131 task: sh
nuttx: [CPU2] dump_assert_info: Current Version: NuttX  12.4.0 01cbd0ca38 Feb 20 2025 risc-v
nuttx: _assert: Assertion failed : at file: init/nx_start.c:745 task(CPU2): CPU2 IDLE
nuttx: irq_unexpected_isr: ERROR irq: 1
riot: *** RIOT kernel panic:
riot: *** RIOT kernel panic (6): HARD FAULT HANDLER
riot: MEM MANAGE HANDLER
riot: FAILED ASSERTION.
riot: Context before hardfault:
riot: *** halted.
riot: scheduler(): stack overflow detected, pid=3
freertos: ASSERT! Line 1203, file ./queue.c
freertos: vAssertCalled main.c, 312
freertos: ASSERT: File = tasks.c, Line = 4021
freertos: Stack overflow in task 0x20001a40 (input)!
freertos: [FATAL] Stack Overflow in Task: [motor]!
freertos: [ERROR] Malloc failed!
mbed: ++ MbedOS Error Info ++
mbed: ++ MbedOS Fault Handler ++
mbed: Error Status: 0x80FF013D Code: 317 Module: 255
mbed: Error Message: CMSIS-RTOS error: Stack overflow
mbed: mbed assertation failed: obj != NULL, file: serial_api.c, line 41
esp-idf: Guru Meditation Error: Core  1 panic'ed (LoadProhibited). Exception was unhandled.
esp-idf: abort() was called at PC 0x400d1234 on core 0
esp-idf: ***ERROR*** A stack overflow in task loopTask has been detected.
esp-idf: assert failed: xQueueGenericSend queue.c:832 (pxQueue)
esp-idf: components/freertos/queue.c:1442 (xQueueGenericReceive)- assert failed!
esp-idf: ESP_ERROR_CHECK failed: esp_err_t 0x103 (ESP_ERR_INVALID_STATE) at 0x400d2d6f
esp-idf: E (10303) task_wdt: Task watchdog got triggered. The following tasks did not reset it:
esp-idf: CORRUPT HEAP: Bad head at 0x3ffb8a1c. Expected 0xabba1234 got 0x00000000
esp-idf: Backtrace: 0x40081a45:0x3ffb1f70 0x400d0c2d:0x3ffb1f90
tock: panicked at 'Process dumb_fuzzer had a fault', kernel/src/process_standard.rs:287:17
tock: ---| Cortex-M Fault Status |---
tock: Kernel panic at boards/nordic/nrf52840dk/src/main.rs:93:
tock: App: crash_dummy   -   [Faulted]
threadx: E/main: Stack error on thread: Main Thread
threadx: ThreadX Mutex Basic Test.................................... ERROR #4
rt-thread: (thread != RT_NULL) assertion failed at function:rt_thread_init, line number:412
rt-thread: hard fault on thread: tshell
rt-thread: hard fault on handler
rt-thread: psr: 0x61000000
rt-thread: thread:tshell stack overflow
rt-thread: bus fault: SCB_CFSR_BFSR:0x04 IMPRECISERR
rt-thread: Unhandled Exception 2:Illegal Instruction
newlib: assertion "n < size" failed: file "main.c", line 12, function: push
picolibc: assertion "head != NULL" failed: file "list.c", line 7, function: pop
lwip: Assertion "pbuf_free: p->ref > 0" failed at line 753 in pbuf.c
glibc: app: main.c:41: push: Assertion `n < size' failed.
musl: Assertion failed: n < size (main.c: push: 41)
bsd: Assertion failed: (n < size), function push, file main.c, line 41.
glibc: *** stack smashing detected ***: terminated
glibc: Aborted (core dumped)
sanitizer: ==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000014
sanitizer: main.c:5:3: runtime error: signed integer overflow: 2147483647 + 1
sanitizer: UBSan: runtime error: shift exponent 40 is too large
linmo: [EXCEPTION] Illegal instruction epc=0x8000025C
linmo: *** KERNEL PANIC (-3) - task stack corrupted
linux: Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)
linux: [    1.2] Internal error: Oops: 96000004 [#1] PREEMPT SMP
linux: BUG: KASAN: slab-out-of-bounds in kmalloc_oob_right+0x1a0/0x2c0
xv6: panic: kerneltrap
xv6: scause 0x000000000000000d
jos: kernel panic at kern/env.c:461: env_run not yet implemented
opensbi: sbi_trap_error: hart0: trap0: illegal instruction handler failed (error -2)
u-boot: "Synchronous Abort" handler, esr 0x96000210
pico-sdk: *** PANIC ***
tinygo: panic: runtime error: index out of range
micropython: Traceback (most recent call last):
circuitpython: Hard fault: memory access or instruction error.
mynewt: Assert @ 0x80041c2
mynewt: Unhandled interrupt (3), exception sp 0x20000f80
rtems: fatal source: 9 (RTEMS_FATAL_SOURCE_EXCEPTION)
sel4: Caught cap fault in send phase at address (nil)
sys-bios: ti.sysbios.knl.Task: line 365: E_stackOverflow: Task 0x20001f08 stack overflow.
stm32: HardFault
stm32: !!! HARD FAULT !!!
stm32: HardFault_Handler
stm32: [Hard fault handler - all numbers in hex]
stm32: HardFault: gave up
stm32: CFSR = 0x00008200
zephyr: E:   Data Access Violation
zephyr: E:   MMFAR Address: 0x0
zephyr: E: r0/a1:  0x00000000  r1/a2:  0x20000914  r2/a3:  0x00000000
zephyr: E: Current thread: 0x20000890 (main)
nuttx: [CPU0] sched_dumpstack: backtrace| 3: 0x2300c698
nuttx: riscv_stackdump: 420144a0: 00001fe0 23011000 420144f0
esp-idf: PC      : 0x400d0c2d  PS      : 0x00060a30  A0      : 0x800d1b7e  A1      : 0x3ffb1f90
esp-idf: MEPC    : 0x40086948  RA      : 0x4200822c  SP      : 0x40818530
mbed: Error Message: Mutex: 0x200015FC, Not allowed in ISR context
rt-thread: r00: 0x00000000
tock: Forced Hard Fault:                  true
rust: assertion `left == right` failed
stm32: MPU fault: stack of task 3
stm32: Kernel panic
stm32: ASSERT: main.c:12
go: fatal error: all goroutines are asleep - deadlock!
stm32: mcause=0x00000002 mepc=0x80000010
sel4: seL4 failed assertion 'isRunnable(tcb)' at src/kernel/thread.c:112 in function schedule
optee: E/TC:0 0 Panic 'unhandled pageable abort' at core/kernel/abort.c:593 <abort>
optee: E/TC:0 0 Core data-abort at address 0xdeadbeef (translation fault)
tf-a: PANIC at PC : 0x000000000e0ae8a8
tf-a: ASSERT: lib/el3_runtime/aarch64/context_mgmt.c:412
rtems: *** FATAL ***
lk: panic (caller 0x8000a3d2): crash
lk: unhandled exception cause 0x5 (Load access fault), epc 0x80001234, tval 0
lk: hardfault
xv6: usertrap(): unexpected scause 0x000000000000000f pid=3
opensbi: sbi_trap_error: hart0: trap0: trap handler failed (error -2)
mynewt: Assert @ 0x80a4 - kernel/os/src/os_mutex.c:85
mynewt: Unhandled interrupt (3), exception sp 0x20001f80
picolibc: ARM fault: busfault
picolibc: RISCV fault
picolibc: UBSAN: ERROR add_overflow main.c:17 2147483647 + 1
contiki-ng: Assertion failed: file os/net/packetbuf.c, line 88.
esp8266: Soft WDT reset
esp8266: Exception (28):
u-boot: "Synchronous Abort" handler, esr 0x96000010
u-boot: Unhandled exception: Illegal instruction
u-boot: ### ERROR ### Please RESET the board ###
micropython: FATAL: uncaught exception 20001234
coreboot: ASSERTION ERROR: file 'src/device/device.c', line 53
linux: Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000
linux: watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [swapper/0:1]
libstdc++: terminate called after throwing an instance of 'std::bad_alloc'
stm32: Wrong parameters value: file ../Src/stm32f4xx_hal_gpio.c on line 178
unikraft: [    0.10] CRIT: [libkvmplat] <traps.c @   46> Cannot handle read page fault at 0xdeadbeef
unikraft: [    0.104410] CRIT: [libukalloc] <alloc.c @   53> Assertion failure: len > 0
barebox: PANIC: unable to handle NULL pointer dereference
barebox: Unhandled exception at 0x80000120
mcuboot: E: panic!
mcuboot: [ERR] panic!
mcuboot: assertion failed: file "boot/bootutil/src/loader.c", line 593, func: boot_go
xen: (XEN) FATAL TRAP: vec 14, #PF[0003]
xen: (XEN) Panic on CPU 0:
xen: (XEN) Assertion 'spin_is_locked(&d->page_alloc_lock)' failed at common/page_alloc.c:312
xen: (XEN) Early fatal page fault at e008:ffff82d080402f10 (cr2=0000000000000008, ec=0002)
threadx: Running Thread Wait Abort Test...................................... ERROR #2
"""

#: As above, and nothing is wrong.
HARMLESS = r"""
rust: running 3 tests
rust: test tests::it_panics - should panic ... ok
rust: test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out
defmt: INFO  panic-probe installed
defmt: INFO  HardFault handler installed
karatos: === karatOS Multi-Priority Preemptive Scheduler Test ===
karatos: panic hook set
karatos: kernel panic=off
reference: @12 stats panics=0 faults=0
reference: @3 run task=fault n=1
zephyr: *** Booting Zephyr OS build v3.5.0 ***
zephyr: START - test_fatal_on_user_kernel_oops
zephyr: PASS - test_panic in 0.021 seconds
zephyr: Caught system error -- reason 3
zephyr: Running TESTSUITE fatal_exception
zephyr: I: MPU fault handler registered
zephyr: PROJECT EXECUTION SUCCESSFUL
nuttx: NuttShell (NSH) NuttX-12.4.0
nuttx: user_main: Exiting
nuttx: ostest_main: Exiting with status 0
nuttx: assert_test: 0 assertions failed
nuttx: up_initialize: stack overflow check enabled
riot: main(): This is RIOT! (Version: 2024.01)
riot: [START]
riot: Tests: panic handling, hard fault handling
riot: OK (12 tests)
freertos: OK: No errors - tick count 10000
freertos: configASSERT enabled
freertos: vApplicationStackOverflowHook registered
freertos: stack overflow checking method 2
freertos: heap: malloc failed hook enabled
mbed: mbed-os error handling initialised
mbed: >>> Test cases: 4 passed, 0 failed
mbed: Mbed-OS crash reporting test
esp-idf: I (27) boot: ESP-IDF v5.1 2nd stage bootloader
esp-idf: rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)
esp-idf: I (312) esp_core_dump_flash: Init core dump to flash
esp-idf: I (420) task_wdt: watchdog timeout set to 5 s
esp-idf: I (310) panic: panic handler configured to print registers and reboot
esp-idf: I (200) heap_init: no heap corruption detected
tock: Initialization complete. Entering main loop.
tock: Kernel panic handler: debug writer ready
tock:  PID    Name                Quanta  Syscalls  Restarts  Grants  State
threadx: ThreadX Mutex Basic Test.................................... SUCCESS!
threadx: stack error notify registered
rt-thread:  \ | /
rt-thread: msh />list_thread
rt-thread: thread   pri  status      sp     stack size max used left tick  error
rt-thread: assert: hook installed
rt-thread: rt_hw_hard_fault_exception: handler set
newlib: no errors; assertion count 3
newlib: assertion "n < size" holds
glibc: all assertions passed, 0 assertion failures
sanitizer: AddressSanitizer: enabled
sanitizer: UBSan: enabled, 0 findings
linmo: [EXCEPTION] table at 0x80000100
linmo: [EXCEPTION] handler installed
linux: Kernel command line: console=ttyS0 panic=-1 oops=panic
linux: panic_on_oops set to 1
linux: NMI watchdog: Enabled. Permanently consumes one hw-PMU counter.
linux: reboot: System halted
linux: EXT4-fs (vda): mounted filesystem; errors=panic
opensbi: Boot HART MIDELEG         : 0x0000000000000222
u-boot: Data abort handler installed
xv6: usertests: panic test OK
stm32: HardFault handler installed
stm32: HardFault_Handler = 0x08000123
stm32: hard fault test: skipped
stm32: no hard fault detected
stm32: CFSR = 0x00000000
stm32: bus fault, usage fault and mem manage fault enabled
stm32: panic button pressed
stm32: panic level: 3
stm32: stack overflow: none
stm32: last reset: not a panic
stm32: illegal instruction trap enabled
stm32: exception vectors at 0x08000000
stm32: exception count: 0
stm32: fatal errors: 0
stm32: assert failed handler installed
stm32: assertion failed: 0
zephyr: uart:~$ kernel panic
zephyr: SUITE PASS - 100.00% [fatal_exception]: pass = 12, fail = 0, skip = 0, total = 12
zephyr: I: Stack overflow protection enabled
riot: Writing to NULL should trigger a hard fault
riot: Help: crash, panic, reboot, assert
mbed: Reset reason: 3 (watchdog)
rust: note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
linux: kernel.panic_on_oops = 1
esp-idf: E (123) wifi: esp_wifi_connect failed: 0x3007
stm32: HardFault priority: -1
stm32: Memory fault: none
stm32: mcause=0x80000007 mepc=0x80000010
stm32: FATAL: 0
stm32: fatal error: none
tock: Valid commands are: help status list stop start fault boot terminate process kernel panic
linux: softdog: initialized. soft_noboot=0 soft_margin=60 sec soft_panic=0 (nowayout=0)
linux: lkdtm: No crash points registered, enable through debugfs
linux: Kernel command line: console=ttyAMA0 root=/dev/vda panic=-1 oops=panic
linux: tsc: Fast TSC calibration failed
coreboot: ARM64: Testing exception
coreboot: ARM64: Done test exception
optee: * regression_1007 Test Panic
optee: R/W faults:         3
optee:   panicked(0) -- True if TA has panicked
riot: sizeof(core_panic_t):             1
riot: frags sent: usual: 12, aborts: 0, forwarded: 0
riot: will trigger a RIOT kernel panic before the canary value changes.
riot: The supplied date is invalid, but no error should occur.
contiki-ng: [INFO: TZSecure  ] Enabling fault handlers: success
nuttx: Smps state = 2, fault = 0
rtems: Init: mq_send - Blocking Queue overflow (ENOSYS)
rtems: writev iov_len total overflows -- EINVAL
lk:   panic               : intentionally panic
u-boot: *** Warning - bad CRC, using default environment
esp-idf: I (303) esp_core_dump_uart: Init core dump to UART
esp-idf: E (305) esp_core_dump_flash: No core dump partition found!
defmt-test: (1/2) running `assert_true`...
unity: 12 Tests 0 Failures 0 Ignored
freertos: OK: No errors - tick count = 2500
zephyr: START - test_assert_pass
mcuboot: [WRN] Failed reading image headers; Image=0
threadx: Running Thread Wait Abort Test...................................... SUCCESS!
barebox: ## Binary (xmodem) download aborted (3)
barebox: env var global.boot.default not found, using default
xen: (XEN) ** may lead to hypervisor hangs or crashes.         **
xen: (XEN)    [Fault on access]
mcuboot: I: Bootloader chainload address offset: 0xc000
"""


def rows(table: str) -> list[tuple[str, str]]:
    """Return ``(system, line)`` for each line of a table."""
    pairs = (row.partition(": ") for row in table.strip("\n").split("\n"))
    return [(system, line) for system, _, line in pairs]
