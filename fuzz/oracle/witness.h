/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Intel PT shows of a vCPU, said a second time (docs/rules.md, section 6). Its witnesses and the vCPU's records make one
 * series; places in it are not those of the line. Where PT shows nothing for a while, or records are missing, it is cut.
 */
#ifndef ORACLE_WITNESS_H
#define ORACLE_WITNESS_H

#include "oracle/found.h"

/* Puts the vCPU's witnesses and records into LINE; to be called where there is a witness. */
void witnesses_of(struct oracle *oracle, struct line *line, uint32_t vm, uint16_t vcpu);

static inline const struct reblock_record *series_at(const struct line *line, size_t i)
{
	return &line->all[line->series[i]];
}

static inline bool is_witness(const struct line *line, size_t i)
{
	return series_at(line, i)->kind == REBLOCK_WITNESS;
}

static inline bool saw(const struct line *line, size_t i, enum reblock_witness_kind kind)
{
	return is_witness(line, i) && series_at(line, i)->error_code == kind;
}

/* An NMI that was delivered, with Event Trace. */
bool is_nmi_witness(const struct line *line, size_t i);

/* Whether its handler is seen to begin, and not where FRED's may. */
bool is_handler_seen(const struct line *line, size_t i);

/* At I nothing holds any more of what PT has shown: a gap, another guest, an exit that it shows nothing of. */
bool is_blind(const struct line *line, size_t i);

/* Whether witness I comes between an exit and an entry that PT shows. */
bool is_outside(const struct line *line, size_t i);

/* The witness of the exit whose record is at I, if PT shows one; ORACLE_NONE. */
size_t witness_of_exit(const struct line *line, size_t i);

/* The witness right after entry N of the line that is that entry's; ORACLE_NONE. */
size_t witness_of_entry(const struct line *line, size_t n);

/* The entry of the line whose witness is at W; ORACLE_NONE. */
size_t entry_of_witness(const struct line *line, size_t w);

/* The entry of the line that event I is the first thing after, as what that entry injected is; ORACLE_NONE. */
size_t entry_before(const struct line *line, size_t i);

/* Which guest the witness shows: YES another's guest; *ASSUMES gets what that takes. */
enum reblock_tri shows_l2(const struct line *line, size_t i, uint8_t *assumes);

/* What came first after the entry of a pair, where that answers what became of it. */
enum answer { ANSWER_NONE, ANSWER_NMI, ANSWER_RAN, ANSWER_RAN_REBLOCKED };
enum answer answer_of(const struct pair *pair, size_t *witness, uint8_t *needs);

/*
 * What PT shows after entry N counts once an exit has shown that nothing is missing, and that the entry has not failed; at the end
 * of the trace that is assumed. *NEEDS gets what it takes.
 */
bool witness_counts(const struct line *line, size_t n, uint8_t *needs);

/* The event that an NMI's handler was entered for, first after entry N of the line; ORACLE_NONE. */
size_t nmi_first_after(const struct line *line, size_t n);

/* All NMIs that came into the handler of the one before, by witnesses alone; TOLD: of entries, the record has said so. */
void witnessed_nmis(struct oracle *oracle, const struct line *line, const bool *told);

/* Whether PT alone shows that an NMI nested while the guest ran after entry N. */
bool is_nesting_witnessed(const struct line *line, size_t n);

/* Whether PT shows that from entry N of the line to exit X, the next one, nothing came in and no IRET completed. */
bool has_stood_still(const struct line *line, size_t n, size_t x);

/* What exit E of the line did not say. */
void witnessed_exit(struct oracle *oracle, const struct line *line, size_t e);

#endif
