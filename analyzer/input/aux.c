/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "input/aux.h"
#include "input/reader.h"
#include "pt/join.h"

#define PIECES_MOST ((size_t)1 << 24) /* of a queue */

int aux_begin(struct reblock_input *in)
{
	if (!in->aux)
		in->aux = calloc(1, sizeof(*in->aux));
	return in->aux ? 0 : -ENOMEM;
}

static int more_queues(struct aux *aux)
{
	size_t room = aux->queues_room ? aux->queues_room * 2 : 16, *pieces;
	struct pt_queue *queues = realloc(aux->queues, room * sizeof(*queues));

	if (!queues)
		return -ENOMEM;
	aux->queues = queues;
	pieces = realloc(aux->pieces_room, room * sizeof(*pieces));
	if (!pieces)
		return -ENOMEM;
	aux->pieces_room = pieces;
	aux->queues_room = room;
	return 0;
}

long aux_queue(struct aux *aux, uint16_t cpu, uint32_t pid, uint32_t tid)
{
	uint64_t key = (uint64_t)tid << 16 | cpu;
	uint32_t i = u64_map_get(&aux->queue_of, key);
	int err;

	if (i)
		return (long)i - 1;
	if (aux->n_queues >= AUX_QUEUES)
		return -E2BIG;
	err = aux->n_queues == aux->queues_room ? more_queues(aux) : 0;
	if (!err)
		err = u64_map_set(&aux->queue_of, key, (uint32_t)aux->n_queues + 1);
	if (err)
		return err;
	aux->pieces_room[aux->n_queues] = 0;
	aux->queues[aux->n_queues] =
		(struct pt_queue){ .cpu = cpu, .pid = pid, .tid = tid, .config = &aux->config };
	return (long)aux->n_queues++;
}

/* Makes room for one more piece. Returns 0, -ENOMEM or -E2BIG. */
static int more_pieces(struct aux *aux, long queue)
{
	struct pt_queue *q = &aux->queues[queue];
	size_t room = q->n_pieces ? q->n_pieces * 2 : 8;
	struct pt_piece *larger;

	if (q->pieces && q->n_pieces < aux->pieces_room[queue])
		return 0;
	if (room > PIECES_MOST)
		return -E2BIG;
	larger = realloc(q->pieces, room * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	q->pieces = larger;
	aux->pieces_room[queue] = room;
	return 0;
}

int aux_piece(struct aux *aux, long queue, const struct pt_piece *piece)
{
	struct pt_queue *q = &aux->queues[queue];
	struct pt_piece *last = q->n_pieces ? &q->pieces[q->n_pieces - 1] : NULL;
	int err;

	if (last && last->bytes && last->bytes + last->size == piece->bytes &&
	    !(last->flags & PT_PIECE_TRUNCATED) &&
	    !(piece->flags & (PT_PIECE_GAP | PT_PIECE_OVERWRITE))) {
		last->size += piece->size;
		last->flags |= piece->flags;
		return 0;
	}
	err = more_pieces(aux, queue);
	if (!err)
		q->pieces[q->n_pieces++] = *piece;
	return err;
}

/* Cuts PIECE at AT, which is within it or where it ends; REST is what follows. Returns whether anything does. */
static bool cut(struct pt_piece *piece, uint64_t at, struct pt_piece *rest)
{
	uint64_t size = at - piece->at;

	if (size == piece->size) {
		piece->flags |= PT_PIECE_TRUNCATED;
		return false;
	}
	if (!piece->bytes)
		return false;
	*rest = *piece;
	rest->bytes += size;
	rest->offset += size;
	rest->size -= size;
	rest->at = at;
	rest->flags &= ~(uint32_t)(PT_PIECE_GAP | PT_PIECE_OVERWRITE);
	piece->size = size;
	piece->flags |= PT_PIECE_TRUNCATED;
	return true;
}

int aux_cut(struct aux *aux, long queue, const uint64_t *at, size_t n)
{
	struct pt_queue *q = &aux->queues[queue];
	struct pt_piece *pieces = malloc((q->n_pieces + n + 1) * sizeof(*pieces));
	size_t made = 0, i = 0;

	if (!pieces)
		return -ENOMEM;
	for (size_t k = 0; k < q->n_pieces; k++) {
		struct pt_piece rest = q->pieces[k];
		bool more = true;

		while (more) {
			struct pt_piece *piece = &pieces[made++];

			*piece = rest;
			while (i < n && at[i] <= piece->at)
				i++;
			more = i < n && at[i] - piece->at <= piece->size &&
			       cut(piece, at[i], &rest);
		}
	}
	free(q->pieces);
	q->pieces = pieces;
	aux->pieces_room[queue] = q->n_pieces + n + 1;
	q->n_pieces = made;
	return 0;
}

uint64_t aux_bytes(const struct aux *aux)
{
	uint64_t bytes = 0;

	for (size_t i = 0; aux && i < aux->n_queues; i++)
		for (size_t k = 0; k < aux->queues[i].n_pieces; k++)
			bytes += aux->queues[i].pieces[k].size;
	return bytes;
}

void aux_free(struct aux *aux)
{
	if (!aux)
		return;
	pt_join_free(aux->join);
	for (size_t i = 0; i < aux->n_queues; i++)
		free(aux->queues[i].pieces);
	free(aux->queues);
	free(aux->pieces_room);
	u64_map_free(&aux->queue_of);
	for (size_t i = 0; i < aux->n_files; i++)
		munmap(aux->files[i].map, aux->files[i].size);
	free(aux->files);
	free(aux);
}

void aux_switch(struct reblock_record *r, uint64_t t, uint16_t cpu, uint32_t pid, uint32_t tid)
{
	memset(r, 0, sizeof(*r));
	r->kind = AUX_SWITCH;
	r->t = t;
	r->cpu = cpu;
	r->vm = REBLOCK_NO_VM;
	r->vcpu = REBLOCK_NO_VCPU;
	r->error_code = pid;
	r->reason = tid;
}
