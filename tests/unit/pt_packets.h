/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel PT from words, one packet a line, for the cases in tests/unit/pt; made into bytes by libipt's encoder, but for CFE and
 * EVD, which that of libipt 2.0.5 has not. Numbers are decimal or 0x...:
 *
 *   psb psbend ovf stop pad [COUNT]
 *   fup|tip|tip.pge|tip.pgd ADDRESS|none [16|32|48|sext]    (full where no compression is named)
 *   pip CR3 nr|root    vmcs ADDRESS    tnt 0110...    tnt64 0110...
 *   mode.exec 64|32|16 [if]    mode.tsx begin|commit|abort
 *   tsc N    tma CTC FC    mtc N    cyc N    cbr N    mnt N    ptw N [ip]    exstop [ip]    mwait N    pwre    pwrx
 *   cfe intr|iret|smi|rsm|sipi|init|vmentry|vmexit|vmexit_intr|shutdown|uintr|uiret|NUMBER [ip] [VECTOR]
 *   evd cr2|vmxq|vmxr|NUMBER VALUE
 *   raw BYTE...    (hexadecimal)
 *   cut COUNT      (takes that many bytes away again)
 */
#ifndef PT_PACKETS_H
#define PT_PACKETS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes the packet that LINE says at BYTES, of which SIZE are used already and ROOM are there. Returns how many are used then,
 * or -1: LINE is not understood, or there is no room.
 */
long pt_packet_from_words(const char *line, uint8_t *bytes, size_t size, size_t room);

#endif
