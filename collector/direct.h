/* SPDX-License-Identifier: BSD-2-Clause */
/* The same BPF programs, compiled for kernels that let them read any structure by plain loads. */
#ifndef COLLECTOR_DIRECT_H
#define COLLECTOR_DIRECT_H

struct reblock_bpf;

/*
 * Opens them. All else goes as with reblock_bpf__open, for their tables and settings are the same. NULL: errno says why.
 */
struct reblock_bpf *direct_open(void);

#endif
