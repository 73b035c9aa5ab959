/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit of a whole input, by one thread or by several. vCPUs are independent, so several threads
 * judge, and give the same findings in the same order.
 */
#ifndef REBLOCK_PARALLEL_H
#define REBLOCK_PARALLEL_H

#include <reblock/audit.h>
#include <reblock/input.h>

#define REBLOCK_JOBS_MOST 16

/* Called now and then between findings; INPUT is for reblock_input_progress alone. */
typedef void reblock_progress_fn(void *context, const struct reblock_input *input);

/* Called for each record, just before the audit takes it and calls back what it says of it. */
typedef void reblock_record_fn(void *context, uint64_t number, const struct reblock_record *record);

struct reblock_replay {
	unsigned jobs;                 /* threads that judge: 1 to REBLOCK_JOBS_MOST */
	reblock_progress_fn *progress; /* may be NULL */
	reblock_record_fn *record;     /* may be NULL */
};

/*
 * Audits all records of INPUT with HOW->jobs threads beside the calling one. The calling thread alone does it
 * where jobs is 1, where a judgement, pair or record callback wants the order of the stream, with a policy,
 * whose functions need not bear several threads, and where INPUT is
 * a pipe, of which what comes is judged at once.
 *
 * The callbacks, which are given OPTIONS->context, and the damage callback of INPUT are called in the
 * calling thread, with the same and in the same order whatever jobs is.
 *
 * Returns 0 with *AUDIT set to the ended audit, to be freed by reblock_audit_free, and *RECORDS to the
 * number of records; else, with *AUDIT NULL: the value of a finding callback that was not 0, -ENOMEM,
 * -EAGAIN (a thread could not be started) or what reblock_input_next returned. INPUT may then only be
 * closed.
 *
 * Several threads need about 2 MB of memory for each and 8 MB more and, while findings wait for their turn,
 * 440 bytes for each of those of jobs + 4 chunks of records.
 */
int reblock_audit_input(struct reblock_input *input, const struct reblock_audit_options *options,
			const struct reblock_replay *how, struct reblock_audit **audit,
			uint64_t *records);

#endif
