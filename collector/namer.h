/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks for the names of VMs beside the stream: a process's command line is read under its mmap lock, which a VM that
 * is in trouble may hold for long. Whoever reads the rings must not wait for that.
 */
#ifndef COLLECTOR_NAMER_H
#define COLLECTOR_NAMER_H

#include <stdbool.h>
#include <stddef.h>
#include <reblock/record.h>

struct namer;

/* As vm_name_of. */
typedef size_t namer_find(uint32_t pid, char *name, size_t room);

/*
 * NULL without memory. The thread that asks FIND is started with the first question: it has the rights of whoever asks
 * that.
 */
struct namer *namer_begin(namer_find *find);

/* Never waits. Of too many questions at a time the last are forgotten: the process's name stays. NULL is allowed. */
void namer_ask(struct namer *namer, const struct reblock_record *meta);

/* Never waits. True: META is one of those asked for, with the VM's own name in it. NULL is allowed. */
bool namer_answer(struct namer *namer, struct reblock_record *meta);

/* Waits for what was asked, at most MS milliseconds. NULL is allowed. */
void namer_wait(struct namer *namer, unsigned ms);

/* Does not wait for a question that is stuck. NULL is allowed. */
void namer_end(struct namer *namer);

#endif
