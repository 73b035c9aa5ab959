/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pt/libipt.h"
#include "pt_packets.h"

#ifdef REBLOCK_LIBIPT

enum { WORDS = 24 };

struct line {
	char text[256];
	char *words[WORDS + 1]; /* the last is NULL */
	unsigned n;
};

static bool split(struct line *l, const char *line)
{
	char *word, *rest;

	l->n = 0;
	if ((size_t)snprintf(l->text, sizeof(l->text), "%s", line) >= sizeof(l->text))
		return false;
	for (word = strtok_r(l->text, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
		if (l->n == WORDS)
			return false;
		l->words[l->n++] = word;
	}
	l->words[l->n] = NULL;
	return l->n;
}

static bool number(const char *word, uint64_t *value)
{
	char *end;

	if (!word)
		return false;
	*value = strtoull(word, &end, 0);
	return end != word && !*end;
}

static bool has(const struct line *l, const char *word)
{
	for (unsigned i = 1; i < l->n; i++)
		if (!strcmp(l->words[i], word))
			return true;
	return false;
}

/* The place of WORD in the NULL-ended NAMES, or -1. */
static int place(const char *const *names, const char *word)
{
	for (int i = 0; word && names[i]; i++)
		if (!strcmp(names[i], word))
			return i;
	return -1;
}

static bool address(const struct line *l, struct pt_packet *p)
{
	static const char *const names[] = { "16", "32", "48", "sext", NULL };
	static const enum pt_ip_compression how[] = { pt_ipc_update_16, pt_ipc_update_32,
						      pt_ipc_update_48, pt_ipc_sext_48 };
	static const uint8_t bits[] = { 16, 32, 48, 48 };
	int i = place(names, l->words[l->n > 1 ? 2 : 1]);
	uint64_t ip;

	if (l->n < 2)
		return false;
	if (!strcmp(l->words[1], "none")) {
		p->payload.ip.ipc = pt_ipc_suppressed;
		return true;
	}
	if (!number(l->words[1], &ip) || (l->n > 2 && i < 0))
		return false;
	p->payload.ip.ipc = i < 0 ? pt_ipc_full : how[i];
	p->payload.ip.ip = i < 0 ? ip : ip & (((uint64_t)1 << bits[i]) - 1);
	return true;
}

static bool branches(const struct line *l, struct pt_packet_tnt *tnt)
{
	if (l->n < 2)
		return false;
	for (const char *c = l->words[1]; *c; c++) {
		if (*c != '0' && *c != '1')
			return false;
		tnt->payload = tnt->payload << 1 | (*c == '1');
		tnt->bit_size++;
	}
	return true;
}

static bool mode(const struct line *l, struct pt_packet_mode *m)
{
	static const char *const sizes[] = { "64", "32", "16", NULL };
	int i = place(sizes, l->words[1]);

	if (!strcmp(l->words[0], "mode.tsx")) {
		m->leaf = pt_mol_tsx;
		m->bits.tsx.intx = has(l, "begin");
		m->bits.tsx.abrt = has(l, "abort");
		return l->n == 2;
	}
	m->leaf = pt_mol_exec;
	m->bits.exec.csl = i == 0;
	m->bits.exec.csd = i == 1;
#if PT_LIBIPT_EVENTS
	m->bits.exec.iflag = has(l, "if");
#endif
	return i >= 0;
}

static bool with_number(const struct line *l, struct pt_packet *p)
{
	uint64_t first, second;

	if (!number(l->words[1], &first))
		return false;
	switch (p->type) {
	case ppt_tsc:
		p->payload.tsc.tsc = first;
		return true;
	case ppt_tma:
		if (!number(l->words[2], &second))
			return false;
		p->payload.tma.ctc = (uint16_t)first;
		p->payload.tma.fc = (uint16_t)second;
		return true;
	case ppt_mtc:
		p->payload.mtc.ctc = (uint8_t)first;
		return true;
	case ppt_cyc:
		p->payload.cyc.value = first;
		return true;
	case ppt_cbr:
		p->payload.cbr.ratio = (uint8_t)first;
		return true;
	case ppt_mnt:
		p->payload.mnt.payload = first;
		return true;
	case ppt_ptw:
		p->payload.ptw.payload = first;
		p->payload.ptw.plc = 1;
		p->payload.ptw.ip = has(l, "ip");
		return true;
	case ppt_mwait:
		p->payload.mwait.hints = (uint32_t)first;
		return true;
	case ppt_pip:
		p->payload.pip.cr3 = first;
		p->payload.pip.nr = has(l, "nr");
		return has(l, "nr") != has(l, "root");
	case ppt_vmcs:
		p->payload.vmcs.base = first;
		return true;
	default:
		return false;
	}
}

/* Returns the packet's length, or -1. */
static long encode(const struct pt_packet *p, uint8_t *at, size_t room)
{
	struct libipt_config config;
	struct pt_encoder *encoder;
	int size;

	pt_config_init(&config);
	config.begin = at;
	config.end = at + room;
	encoder = pt_alloc_encoder(&config);
	if (!encoder)
		return -1;
	size = pt_enc_next(encoder, p);
	pt_free_encoder(encoder);
	return size > 0 ? size : -1;
}

static long by_encoder(const struct line *l, uint8_t *at, size_t room)
{
	static const char *const names[] = { "psb",     "psbend", "ovf",   "stop",      "pwre",
					     "pwrx",    "exstop", "fup",   "tip",       "tip.pge",
					     "tip.pgd", "tnt",    "tnt64", "mode.exec", "mode.tsx",
					     "tsc",     "tma",    "mtc",   "cyc",       "cbr",
					     "mnt",     "ptw",    "mwait", "pip",       "vmcs",
					     NULL };
	static const enum pt_packet_type types[] = {
		ppt_psb,  ppt_psbend, ppt_ovf,     ppt_stop,    ppt_pwre,  ppt_pwrx,   ppt_exstop,
		ppt_fup,  ppt_tip,    ppt_tip_pge, ppt_tip_pgd, ppt_tnt_8, ppt_tnt_64, ppt_mode,
		ppt_mode, ppt_tsc,    ppt_tma,     ppt_mtc,     ppt_cyc,   ppt_cbr,    ppt_mnt,
		ppt_ptw,  ppt_mwait,  ppt_pip,     ppt_vmcs
	};
	int i = place(names, l->words[0]);
	struct pt_packet p;
	bool good = true;

	if (i < 0)
		return -1;
	memset(&p, 0, sizeof(p));
	p.type = types[i];
	switch (p.type) {
	case ppt_psb:
	case ppt_psbend:
	case ppt_ovf:
	case ppt_stop:
	case ppt_pwre:
	case ppt_pwrx:
		break;
	case ppt_exstop:
		p.payload.exstop.ip = has(l, "ip");
		break;
	case ppt_fup:
	case ppt_tip:
	case ppt_tip_pge:
	case ppt_tip_pgd:
		good = address(l, &p);
		break;
	case ppt_tnt_8:
	case ppt_tnt_64:
		good = branches(l, &p.payload.tnt);
		break;
	case ppt_mode:
		good = mode(l, &p.payload.mode);
		break;
	default:
		good = with_number(l, &p);
		break;
	}
	return good ? encode(&p, at, room) : -1;
}

static long cfe(const struct line *l, uint8_t *at)
{
	static const char *const names[] = { "",         "intr", "iret",    "smi",    "rsm",
					     "sipi",     "init", "vmentry", "vmexit", "vmexit_intr",
					     "shutdown", "-",    "uintr",   "uiret",  NULL };
	int i = place(names, l->words[1]);
	uint64_t type = (uint64_t)i, vector = 0;

	if ((i < 0 && !number(l->words[1], &type)) || type > 31)
		return -1;
	/* the vector, if any, comes last */
	if (l->n > 2 && strcmp(l->words[l->n - 1], "ip") != 0 &&
	    !number(l->words[l->n - 1], &vector))
		return -1;
	at[0] = 0x02;
	at[1] = 0x13;
	at[2] = (uint8_t)(type | (has(l, "ip") ? 0x80 : 0));
	at[3] = (uint8_t)vector;
	return 4;
}

static long evd(const struct line *l, uint8_t *at)
{
	static const char *const names[] = { "cr2", "vmxq", "vmxr", NULL };
	int i = place(names, l->words[1]);
	uint64_t type = (uint64_t)i, value;

	if ((i < 0 && !number(l->words[1], &type)) || type > 63 || !number(l->words[2], &value))
		return -1;
	at[0] = 0x02;
	at[1] = 0x53;
	at[2] = (uint8_t)type;
	for (int b = 0; b < 8; b++)
		at[3 + b] = (uint8_t)(value >> 8 * b);
	return 11;
}

long pt_packet_from_words(const char *line, uint8_t *bytes, size_t size, size_t room)
{
	uint8_t *at = bytes + size;
	uint64_t value;
	struct line l;
	long length;

	if (room - size < 32 || !split(&l, line))
		return -1;
	if (!strcmp(l.words[0], "cut"))
		return number(l.words[1], &value) && value <= size ? (long)(size - value) : -1;
	if (!strcmp(l.words[0], "pad")) {
		if (!l.words[1])
			value = 1;
		else if (!number(l.words[1], &value))
			return -1;
		if (value > room - size)
			return -1;
		memset(at, 0, value);
		return (long)(size + value);
	}
	if (!strcmp(l.words[0], "raw")) {
		for (unsigned i = 1; i < l.n; i++)
			at[i - 1] = (uint8_t)strtoul(l.words[i], NULL, 16);
		return (long)(size + l.n - 1);
	}
	if (!strcmp(l.words[0], "cfe"))
		length = cfe(&l, at);
	else if (!strcmp(l.words[0], "evd"))
		length = evd(&l, at);
	else
		length = by_encoder(&l, at, room - size);
	return length < 0 ? -1 : (long)size + length;
}

#else

long pt_packet_from_words(const char *line, uint8_t *bytes, size_t size, size_t room)
{
	(void)line;
	(void)bytes;
	(void)size;
	(void)room;
	return -1;
}

#endif
