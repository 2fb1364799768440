"""Landlock in a container, where no process of ours can restrict itself: a few lines of Perl do.

Perl is in every image of Debian and its kin, starts in 2 ms, and can make any system call.
"""

from collections.abc import Iterator, Sequence

from pytest_karatos.containment.access import Access
from pytest_karatos.containment.landlock import (
    ADD_RULE,
    CREATE_RULESET,
    OF_A_FILE,
    RESTRICT_SELF,
    RIGHTS_OF_VERSION,
    rules,
)

#: What to run to learn whether it works: it prints the version of the kernel's interface.
QUESTION = ("perl", "-e", f"print syscall({CREATE_RULESET}, 0, 0, 1)")

#: Arguments: rights and path of each rule, ``--``, and the program with its own. A container has
#: ``no_new_privs`` already. 0x280000 opens only the path, whatever lies there, and not for the
#: program.
_SCRIPT = rf"""
my $abi = syscall({CREATE_RULESET}, 0, 0, 1);
die "Landlock: $!\n" if $abi < 1;
my @known = ({", ".join(map(str, RIGHTS_OF_VERSION))});
my $handled = 2 ** $known[$abi > @known ? -1 : $abi - 1] - 1;
my $record = pack("Q", $handled) . ($abi < 6 ? "" : pack("QQ", 0, 2));
my $set = syscall({CREATE_RULESET}, $record, length $record, 0);
die "Landlock: $!\n" if $set < 0;
while (($_ = shift) ne "--") {{
    my ($rights, $path) = split /:/, $_, 2;
    sysopen(my $at, $path, 0x280000) or next;
    $rights &= {OF_A_FILE} unless -d $at;
    my $rule = pack("Ql", $rights & $handled, fileno $at);
    syscall({ADD_RULE}, $set, 1, $rule, 0) == 0 or die "Landlock: $path: $!\n";
}}
syscall({RESTRICT_SELF}, $set, 0) == 0 or die "Landlock: $!\n";
exec {{ $ARGV[0] }} @ARGV or die "$ARGV[0]: $!\n";
"""


def wrapped(argv: Sequence[str], access: Access) -> list[str]:
    """Return ``argv`` started by Perl, held to ``access``."""
    return ["perl", "-e", _SCRIPT, *_rules(access), "--", *argv]


def _rules(access: Access) -> Iterator[str]:
    yield from (f"{rights}:{path}" for path, rights in rules(access))
