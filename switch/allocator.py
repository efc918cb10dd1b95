"""The C library's allocator, kept from spreading.

glibc gives threads that allocate at the same time arenas of their own, up to eight a core, and each
keeps what was once needed in it. gRPC starts threads as connections come, so a switch that had
10,000 short ones held 17 MB more than before, of which 12 were free, and went on growing by the
arena. Python's threads take turns anyway, so one arena will do.
"""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8
"""`malloc.h`."""


def use_one_arena() -> None:
    """Have all threads share an arena; before they start. Other C libraries have no arenas."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
