// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#pragma once

/// How often this thread has asked for memory. Always 0 where allocations can't be counted: with glibc they can.
unsigned long allocation_count(void);
