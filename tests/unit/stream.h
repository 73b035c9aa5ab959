/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random streams for property tests: a few guests with NMI handlers under a hypervisor that gets
 * every rule right or wrong at random, seen by a recorder that sees much or little.
 *
 * Each record is one that a real processor could have left: its fields do not contradict each other,
 * and an entry that must fail does fail.
 */
#ifndef STREAM_H
#define STREAM_H

#include <reblock/record.h>
#include <reblock/source.h>

#define STREAM_ALL_FIELDS \
	(REBLOCK_HAS_REASON | REBLOCK_HAS_RIP | REBLOCK_HAS_QUALIFICATION | \
	 REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE | REBLOCK_HAS_IDT_VECTORING | \
	 REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC | REBLOCK_HAS_L2 | \
	 REBLOCK_HAS_NMI_KNOWN_UNMASKED | REBLOCK_HAS_NMI_INJECTED | REBLOCK_HAS_RIP_SAME | \
	 REBLOCK_HAS_MASKED | REBLOCK_HAS_PENDING | REBLOCK_HAS_SEQ)

/* A source that captures every kind and carries every field. */
struct reblock_source stream_source(void);

/* Fills RECORDS with N records of VCPUS vCPUs of two VMs; SEED decides everything. */
void stream_make(uint64_t seed, unsigned vcpus, struct reblock_record *records, size_t n);

/* The generator's random numbers, for tests that go on with them: below LIMIT, which is not 0. */
unsigned stream_random(uint64_t *state, unsigned limit);

#endif
