"""Names as people wrote them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_karatos.elf import demangled


@pytest.mark.parametrize(
    ("mangled", "path"),
    [
        # Rust, legacy
        ("_ZN6kernel4task5start17h05af221e174051e9E", "kernel::task::start"),
        (
            "_ZN43_$LT$Test$u20$as$u20$foo..Bar$LT$u8$GT$$GT$3bar17h930b740aa94f1d3aE",
            "<Test as foo::Bar<u8>>::bar",
        ),
        ("_ZN4core3fmt5write17h0123456789abcdefE.llvm.123", "core::fmt::write"),
        # Rust, v0; from RFC 2603 and the compiler's own tests
        ("_RNvNtNtCs1234_7mycrate3foo3bar3baz", "mycrate::foo::bar::baz"),
        ("_RNCNCNgCs6DXkGYLi8lr_2cc5spawn00B5_", "cc::spawn::{closure#0}::{closure#0}"),
        ("_RNvMNtCs1_1a1bNtB2_3Foo3bar", "<a::b::Foo>::bar"),
        ("_RNvXCs1_1aNtB2_3FooNtB2_5Trait3run", "<a::Foo as a::Trait>::run"),
        ("_RINvNtC3std3mem8align_ofdE", "std::mem::align_of::<f64>"),
        ("_RINvCs1_1a1fAhj8_E", "a::f::<[u8; 8]>"),
        ("_RINvC1a1fTRShQeOuFhmEbEE", "a::f::<(&[u8], &mut str, *mut (), fn(u8, u32) -> bool)>"),
        ("_RINvC1a1fDNtC4core5CloneEL_E", "a::f::<dyn core::Clone>"),
        # C++, C, and nothing of the kind
        ("_ZN3Foo3BarD1Ev", "_ZN3Foo3BarD1Ev"),
        ("_ZN4Uart4sendEPKhj", "Uart::send"),
        ("_ZNK4Uart5readyEv", "Uart::ready"),
        ("main", "main"),
        ("_R", "_R"),
        ("_RNv", "_RNv"),
        ("_ZN99999999999999999999E", "_ZN99999999999999999999E"),
    ],
)
def test_names(mangled: str, path: str) -> None:
    assert demangled(mangled) == path


def test_a_name_that_refers_to_itself_or_grows_without_bounds() -> None:
    for name in ("_RB_", "_RNvB_1a", "_RI" * 3000, "_RIC1a" + "TB5_B5_" * 200 + "E"):
        assert demangled(name) == name


@given(st.text(st.characters(min_codepoint=36, max_codepoint=122), max_size=60))
@example("NvC99999")
def test_any_text_has_a_name(text: str) -> None:
    for start in ("", "_R", "_RNv", "_RINv", "_ZN", "_ZN3foo"):
        assert isinstance(demangled(start + text), str)
