# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""Recipes; each is run by the tests, on a real PostgreSQL."""
