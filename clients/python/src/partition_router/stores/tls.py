# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.
"""What the stores that are reached by network share about TLS."""

from __future__ import annotations

import os
import ssl

from ..errors import RegistryError, RegistryErrorCode
from ..url import Target

#: Device, inode, size and time of change of each file; None for one that isn't there.
Stamps = tuple[tuple[int, int, int, int] | None, ...]


def context(target: Target) -> ssl.SSLContext:
    """Of a client that verifies certificate and name. Raises RegistryError (refused) when a file can't be read."""
    try:
        made = ssl.create_default_context(cafile=target.authority)
        if target.certificate is not None:
            made.load_cert_chain(target.certificate, target.key)
        return made
    except (OSError, ssl.SSLError):
        raise RegistryError(
            RegistryErrorCode.REFUSED, "the registry's certificate or key files can't be read as PEM"
        ) from None


def stamps(target: Target) -> Stamps:
    """Tells whether a file was replaced: certificates are renewed under a running program.

    Links are followed: Kubernetes replaces all files of a secret by one link.
    """
    files = (target.authority, target.certificate, target.key) if target.tls else ()
    return tuple(None if file is None else _stamp(file) for file in files)


def _stamp(file: str) -> tuple[int, int, int, int] | None:
    try:
        facts = os.stat(file)
    except OSError:
        return None
    return (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)


def lost(error: BaseException, name: str, target: Target) -> RegistryError:
    """What an exception means that ended a connection; ``name`` is the store's, for people."""
    cause: BaseException | None = error
    while cause is not None:
        # A connection that is cut off is none of TLS' own.
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return RegistryError(
                RegistryErrorCode.REFUSED,
                f"TLS with {name} failed",
                "is it a TLS port, does ca= hold its authority, does the name match, does it ask for cert= and key=?",
            )
        cause = cause.__cause__ or cause.__context__
    # A server that misses our certificate may end the connection before its reason reaches us.
    is_anonymous = target.tls and target.certificate is None
    return RegistryError(
        RegistryErrorCode.UNREACHABLE,
        f"{name} can't be reached, or ended the connection",
        "does the server ask for a client certificate? Then cert= and key=" if is_anonymous else None,
    )
