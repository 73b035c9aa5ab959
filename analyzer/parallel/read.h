/* SPDX-License-Identifier: BSD-2-Clause */
/* The reader's turn. */
#ifndef PARALLEL_READ_H
#define PARALLEL_READ_H

#include "parallel/pool.h"

/* Whether a thread could read now. The lock is held. */
bool pool_may_read(const struct pool *pool);

/* Reads a batch and publishes it. The lock is held, but not while it reads. */
void pool_read(struct pool *pool);

#endif
