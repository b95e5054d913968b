#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Writes the ranges of Sources/partition-cli/Rendering/EastAsianWide.swift: characters whose Unicode East Asian Width is Wide or
Fullwidth (UAX #11), from the Unicode database of the Python that runs this; it prints which version that is."""

import sys
import unicodedata

# Blocks in which what is not assigned yet will be wide (UAX #11, section 5).
PLANNED = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FFFD), (0x30000, 0x3FFFD))


def is_wide(code):
    if unicodedata.category(chr(code)) == "Cn":
        return any(low <= code <= high for low, high in PLANNED)
    return unicodedata.east_asian_width(chr(code)) in "WF"


ranges = []
for code in range(0x110000):
    if is_wide(code):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])

print(f"Unicode {unicodedata.unidata_version}, {len(ranges)} ranges", file=sys.stderr)
line = "       "
for low, high in ranges:
    item = f" 0x{low:X}...0x{high:X},"
    if len(line) + len(item) > 118:
        print(line)
        line = "       "
    line += item
print(line)
