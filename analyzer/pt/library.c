/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include "pt/libipt.h"
#include "pt/stream.h"

#ifdef REBLOCK_LIBIPT

bool pt_has_backend(enum pt_backend backend)
{
	/* What the linker says can be NULL the compiler takes for an address. */
	bool packets = pt_library_version && pt_pkt_alloc_decoder;
#if PT_LIBIPT_EVENTS
	bool events = packets && pt_evt_alloc_decoder;
#else
	bool events = false;
#endif

	return backend == PT_BACKEND_EVENTS ? events : packets;
}

const char *pt_library(void)
{
	static char name[64];
	struct pt_version version;

	if (!pt_has_backend(PT_BACKEND_PACKETS))
		return NULL;
	/* libipt 2.0.5 says 2.0.0 of itself. */
	version = pt_library_version();
	snprintf(name, sizeof(name), "libipt %u.%u%s", version.major, version.minor,
		 pt_has_backend(PT_BACKEND_EVENTS) ? " (events)" : " (packets)");
	return name;
}

#else

bool pt_has_backend(enum pt_backend backend)
{
	(void)backend;
	return false;
}

const char *pt_library(void)
{
	return NULL;
}

#endif
