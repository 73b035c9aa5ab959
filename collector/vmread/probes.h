/* SPDX-License-Identifier: GPL-2.0 */
/* What runs at kvm_exit and kvm_entry. */
#ifndef REBLOCK_PROBES_H
#define REBLOCK_PROBES_H

void reblock_at_exit(void *data, unsigned long first, unsigned long second, unsigned long third);
void reblock_at_entry(void *data, unsigned long first);

#endif
