"""The knobs of fail_sync.so: a page that the instance under test maps too (struct control in fail_sync.c)."""

import mmap
import struct

from harness.build import program

LAYOUT = struct.Struct("=IIIxxxxQQQ")  # failures per million, those of the spool, lie, calls, failed, lost


class FailSync:
    def __init__(self, path):
        path.write_bytes(bytes(LAYOUT.size))
        self._path = path
        with open(path, "r+b") as file:
            self._page = mmap.mmap(file.fileno(), LAYOUT.size)

    def environment(self):
        """For Instance(environment=...).  ASan wants to be first, but need not be."""
        return {
            "LD_PRELOAD": program("fail_sync.so"),
            "FAIL_SYNC_CONTROL": str(self._path),
            "ASAN_OPTIONS": "verify_asan_link_order=0",
        }

    def fail(self, rate, spool_rate):
        """From now on every such call, every sync of a spool segment fails with this probability; 0 ends it."""
        struct.pack_into("=II", self._page, 0, round(rate * 1_000_000), round(spool_rate * 1_000_000))

    def lie(self):
        """From now on no sync reaches the disk, and all say they did."""
        struct.pack_into("=I", self._page, 8, 1)

    def counts(self):
        """(calls, failed, failed syncs that lost pages of the spool) while a rate was set."""
        return LAYOUT.unpack_from(self._page)[3:]
