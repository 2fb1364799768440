//! A load where no memory is, on RV64. It says 'F' before it, and its trap's code nothing. It is of
//! the language alone: no library is built for this target. With `--cfg quiet` nothing breaks.
#![feature(no_core, lang_items, rustc_attrs, intrinsics)]
#![no_core]
#![no_main]
#![allow(internal_features)]

#[lang = "pointee_sized"]
pub trait PointeeSized {}
#[lang = "meta_sized"]
pub trait MetaSized: PointeeSized {}
#[lang = "sized"]
pub trait Sized: MetaSized {}
#[lang = "copy"]
pub trait Copy {}
impl Copy for u32 {}
impl<T: PointeeSized> Copy for *const T {}

#[rustc_builtin_macro]
macro_rules! global_asm {
    () => {};
}

global_asm!(
    ".section .text.start, \"ax\"",
    ".global _start",
    "_start:",
    "la sp, _stack_start",
    "la t0, fault",
    "csrw mtvec, t0",
    "li t0, 0x10000000",
    "li t1, 'F'",
    "sb t1, 0(t0)",
    "call outer",
    ".p2align 2",
    "fault:",
    "j fault"
);

#[no_mangle]
#[inline(never)]
extern "C" fn breaks(place: *const u32) -> u32 {
    unsafe { *place } // BROKEN HERE: rv64
}

#[no_mangle]
#[inline(never)]
extern "C" fn outer() -> u32 {
    let seen = 0x8010_0000_u64 as *mut u32;
    #[cfg(not(quiet))]
    unsafe { *seen = breaks(0x70_0000_0000_0000_u64 as *const u32) }; // CALLED FROM HERE
    breaks(0x8000_0000_u64 as *const u32)
}
