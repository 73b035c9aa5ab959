/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trace as Perfetto's own format, a stream of TracePacket messages (protobuf) with TrackEvents, which
 * ui.perfetto.dev and trace processors open. VMs are processes, vCPUs are threads; on a thread the time in the host is
 * slices named by the exit reason, with NMIs and findings as instants; a track below it has blocking by NMI as slices,
 * and another what it must be. Times are in ns on the source's clock.
 *
 * Written as it comes; memory is a few hundred bytes for each vCPU. Write errors stay in the FILE.
 */
#ifndef REPORT_PERFETTO_H
#define REPORT_PERFETTO_H

#include <stdbool.h>
#include <stdio.h>
#include <reblock/audit.h>

struct perfetto;

/* Begins a trace in OUT, to be ended by perfetto_free. Returns NULL when memory is short. */
struct perfetto *perfetto_new(FILE *out, const struct reblock_source *source);

/* Takes the next record; to be called before the audit is fed with it. */
void perfetto_record(struct perfetto *p, uint64_t number, const struct reblock_record *r);

/* What the audit says, as it says it. */
void perfetto_pair(struct perfetto *p, const struct reblock_pair *pair);
void perfetto_finding(struct perfetto *p, const struct reblock_finding *finding);

/* After the audit's end: closes what is open. Returns false where memory was short. */
bool perfetto_end(struct perfetto *p);

void perfetto_free(struct perfetto *p); /* NULL is allowed */

#endif
