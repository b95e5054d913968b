// SPDX-License-Identifier: Apache-2.0
// Part of partition-cli. See LICENSE and CONTRIBUTING.md.

#pragma once

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <unistd.h>

// What Swift can't import from libpq: the letters of PQresultErrorField are character
// constants, and they belong to these names for good (they are part of the wire protocol).
static const int CLibPQ_diagSeverity = PG_DIAG_SEVERITY_NONLOCALIZED;
static const int CLibPQ_diagSQLState = PG_DIAG_SQLSTATE;
static const int CLibPQ_diagMessage = PG_DIAG_MESSAGE_PRIMARY;
static const int CLibPQ_diagDetail = PG_DIAG_MESSAGE_DETAIL;
static const int CLibPQ_diagHint = PG_DIAG_MESSAGE_HINT;
static const int CLibPQ_diagContext = PG_DIAG_CONTEXT;
static const int CLibPQ_diagPosition = PG_DIAG_STATEMENT_POSITION;
static const int CLibPQ_diagSchema = PG_DIAG_SCHEMA_NAME;
static const int CLibPQ_diagTable = PG_DIAG_TABLE_NAME;
static const int CLibPQ_diagColumn = PG_DIAG_COLUMN_NAME;
static const int CLibPQ_diagConstraint = PG_DIAG_CONSTRAINT_NAME;

/// Makes a pipe whose ends neither block nor survive exec. Returns 0, or -1 with errno set.
/// (pipe2 would do it in one call and is missing on Darwin; fcntl is variadic and so not importable.)
static inline int CLibPQ_makePipe(int ends[2]) {
    if (pipe(ends) != 0) return -1;
    for (int i = 0; i < 2; i++) {
        int flags = fcntl(ends[i], F_GETFL);
        if (flags < 0 || fcntl(ends[i], F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(ends[i], F_SETFD, FD_CLOEXEC) < 0) {
            int saved = errno;
            close(ends[0]);
            close(ends[1]);
            errno = saved;
            return -1;
        }
    }
    return 0;
}
