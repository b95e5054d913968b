// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#pragma once

/// Whether allocations are counted in this build: with glibc they are.
int allocation_counter_works(void);

/// How often this thread has asked for memory.
unsigned long allocation_count(void);
