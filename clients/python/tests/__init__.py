# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Run with ``scripts/python.sh``, which starts nothing itself: each test starts the servers that it needs."""
