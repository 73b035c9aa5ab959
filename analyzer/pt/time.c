/* SPDX-License-Identifier: BSD-2-Clause */
#include "pt/packet.h"
#include "pt/time.h"

void pt_time_tsc(struct pt_time *time, const uint8_t *at)
{
	time->known = true;
	time->has_ctc = false;
	time->tsc = pt_number(at + 1, 7);
	time->cycles = 0;
	time->last = 0;
	time->at_mtc = false;
	time->packet = time->tsc;
	time->packet_crystal = time->crystal;
}

void pt_time_tma(struct pt_time *time, const struct pt_config *config, const uint8_t *at)
{
	uint64_t ago = pt_number(at + 5, 2) & 0x1ff;

	if (!time->known || !config->cpuid_0x15_eax || !config->cpuid_0x15_ebx)
		return;
	time->has_ctc = true;
	time->ctc = time->base_ctc = pt_number(at + 2, 2);
	time->base = time->tsc - ago;
}

void pt_time_mtc(struct pt_time *time, const struct pt_config *config, const uint8_t *at)
{
	unsigned shift = config->mtc_freq;
	uint64_t counted, unknown;

	if (time->has_mtc && shift <= 15)
		time->crystal += (uint64_t)(uint8_t)(at[1] - time->mtc) << shift;
	time->mtc = at[1];
	time->has_mtc = true;
	if (!time->has_ctc || shift > 15)
		return;
	counted = (uint8_t)(at[1] - (time->ctc >> shift));
	/* TMA has 16 bits of the counter: with 2^8 and more the upper ones of MTC are new, the first time. */
	if (shift > 8 && time->ctc == time->base_ctc) {
		unknown = counted & ~(((uint64_t)1 << (16 - shift)) - 1);
		counted -= unknown;
		time->ctc += unknown << shift;
		time->base_ctc += unknown << shift;
	}
	/* MTC comes when the bits below are all 0; that of the TMA's own moment may come once more. */
	if (!counted)
		return;
	time->ctc = ((time->ctc >> shift) + counted) << shift;
	time->tsc = time->base + (uint64_t)((unsigned __int128)(time->ctc - time->base_ctc) *
					    config->cpuid_0x15_ebx / config->cpuid_0x15_eax);
	time->cycles = 0;
	time->at_mtc = true;
}

void pt_time_cyc(struct pt_time *time, const uint8_t *at)
{
	uint64_t cycles = at[0] >> 3;
	bool more = at[0] & 4;

	for (unsigned i = 1, shift = 5; more && shift < 64; i++, shift += 7) {
		cycles |= (uint64_t)(at[i] >> 1) << shift;
		more = at[i] & 1;
	}
	time->cycles += cycles;
	time->at_mtc = false;
}

void pt_time_cbr(struct pt_time *time, const struct pt_config *config, const uint8_t *at)
{
	/* cycles so far are at the old ratio */
	time->tsc = pt_time_now(time, config);
	time->cycles = 0;
	time->ratio = at[2];
}

uint64_t pt_time_now(struct pt_time *time, const struct pt_config *config)
{
	uint64_t now = time->tsc;

	if (!time->known)
		return 0;
	if (time->cycles && config->nom_freq && time->ratio)
		now += (uint64_t)((unsigned __int128)time->cycles * config->nom_freq / time->ratio);
	if (now < time->last)
		now = time->last;
	time->last = now;
	return now;
}

uint64_t pt_time_counted(uint64_t crystal, const struct pt_config *config)
{
	if (!config->cpuid_0x15_eax || !config->cpuid_0x15_ebx)
		return 0;
	return (uint64_t)((unsigned __int128)crystal * config->cpuid_0x15_ebx /
			  config->cpuid_0x15_eax);
}
