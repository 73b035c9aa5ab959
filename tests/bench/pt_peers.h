/* SPDX-License-Identifier: BSD-2-Clause */
/* What others make of the Intel PT in perf.data: the least that anybody does with libipt, on one CPU. */
#ifndef PT_PEERS_H
#define PT_PEERS_H

enum pt_peer {
	PT_PEER_PACKETS, /* its packet decoder, packet after packet */
	PT_PEER_BLOCKS, /* its block decoder, with the code of the program beside the recording: FILE.program */
	PT_PEER_INSTRUCTIONS, /* its instruction decoder, likewise */
};

/* Decodes all of FILE and prints how much that was. Returns 0, or a negative errno: -EBADMSG, it could not be followed. */
int pt_peer(enum pt_peer peer, const char *file);

#endif
