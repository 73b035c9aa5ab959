/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "pt/libipt.h"
#include "pt_peers.h"
#include "pt_program.h"

#ifdef REBLOCK_LIBIPT

struct followed {
	uint64_t steps;        /* packets, blocks or instructions */
	uint64_t instructions; /* likewise */
	uint64_t far_returns;
};

static int by_packets(const struct libipt_config *config, const char *program, struct followed *f)
{
	struct pt_packet_decoder *decoder = pt_pkt_alloc_decoder(config);
	struct pt_packet packet;

	(void)program;
	if (!decoder || pt_pkt_sync_set(decoder, 0) < 0)
		return -EBADMSG;
	while (pt_pkt_next(decoder, &packet, sizeof(packet)) > 0)
		f->steps++;
	pt_pkt_free_decoder(decoder);
	return 0;
}

static int add_program(struct libipt_image *image, const char *program)
{
	return pt_image_add_file(image, program, PT_PROGRAM_CODE - PT_PROGRAM_BASE, UINT64_MAX / 2,
				 NULL, PT_PROGRAM_CODE);
}

static int by_blocks(const struct libipt_config *config, const char *program, struct followed *f)
{
	struct pt_block_decoder *decoder = pt_blk_alloc_decoder(config);
	struct libipt_event event;
	struct pt_block block;
	int status;

	if (!decoder || add_program(pt_blk_get_image(decoder), program) < 0)
		return -EBADMSG;
	status = pt_blk_sync_set(decoder, 0);
	while (status >= 0) {
		while (status >= 0 && status & pts_event_pending)
			status = pt_blk_event(decoder, &event, sizeof(event));
		if (status < 0 || status & pts_eos)
			break;
		status = pt_blk_next(decoder, &block, sizeof(block));
		f->steps++;
		f->instructions += block.ninsn;
		f->far_returns += block.ninsn && block.iclass == ptic_far_return;
	}
	pt_blk_free_decoder(decoder);
	return status < 0 && status != -pte_eos ? -EBADMSG : 0;
}

static int by_instructions(const struct libipt_config *config, const char *program,
			   struct followed *f)
{
	struct pt_insn_decoder *decoder = pt_insn_alloc_decoder(config);
	struct libipt_event event;
	struct pt_insn insn;
	int status;

	if (!decoder || add_program(pt_insn_get_image(decoder), program) < 0)
		return -EBADMSG;
	status = pt_insn_sync_set(decoder, 0);
	while (status >= 0) {
		while (status >= 0 && status & pts_event_pending)
			status = pt_insn_event(decoder, &event, sizeof(event));
		if (status < 0 || status & pts_eos)
			break;
		status = pt_insn_next(decoder, &insn, sizeof(insn));
		if (status < 0 && status != -pte_eos)
			break;
		f->steps++;
		f->instructions++;
		f->far_returns += insn.iclass == ptic_far_return;
	}
	pt_insn_free_decoder(decoder);
	return status < 0 && status != -pte_eos ? -EBADMSG : 0;
}

static const struct {
	int (*decode)(const struct libipt_config *config, const char *program, struct followed *f);
	const char *steps;
} peers[] = {
	[PT_PEER_PACKETS] = { by_packets, "packets" },
	[PT_PEER_BLOCKS] = { by_blocks, "blocks" },
	[PT_PEER_INSTRUCTIONS] = { by_instructions, "instructions" },
};

static int decode_all(enum pt_peer peer, uint8_t *file, size_t file_size, const char *program)
{
	struct followed f = { .steps = 0 };
	struct libipt_config config;
	uint64_t size, bytes = 0;
	uint32_t head[2];
	int err = 0;

	pt_config_init(&config);
	/* AUXTRACE records are 48 bytes long, and so are no others: kind 71, and the bytes behind it. */
	for (size_t at = 0; !err && at + 48 < file_size;) {
		memcpy(head, file + at, 8);
		memcpy(&size, file + at + 8, 8);
		if (head[0] != 71 || head[1] != 48u << 16 || size > file_size - at - 48) {
			at += 8;
			continue;
		}
		config.begin = file + at + 48;
		config.end = config.begin + size;
		err = peers[peer].decode(&config, program, &f);
		bytes += size;
		at += 48 + size;
	}
	printf("%" PRIu64 " %s of %" PRIu64 " bytes", f.steps, peers[peer].steps, bytes);
	if (peer != PT_PEER_PACKETS)
		printf(", %" PRIu64 " instructions, %" PRIu64 " far returns", f.instructions,
		       f.far_returns);
	printf("\n");
	return err;
}

int pt_peer(enum pt_peer peer, const char *path)
{
	int fd = open(path, O_RDONLY), err;
	struct stat st;
	uint8_t *file;
	char *program;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED || asprintf(&program, "%s.program", path) < 0)
		return -ENOMEM;
	err = decode_all(peer, file, (size_t)st.st_size, program);
	free(program);
	munmap(file, (size_t)st.st_size);
	close(fd);
	return err;
}

#else

int pt_peer(enum pt_peer peer, const char *path)
{
	(void)peer;
	(void)path;
	return -ENOTSUP;
}

#endif
