/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include "report/report.h"

const char *report_bold(const struct report *r)
{
	return r->colour ? "\033[1m" : "";
}

const char *report_plain(const struct report *r)
{
	return r->colour ? "\033[0m" : "";
}

const char *report_severity_colour(const struct report *r, enum reblock_severity severity)
{
	static const char *const colours[] = {
		[REBLOCK_NOTE] = "\033[36m",
		[REBLOCK_WARNING] = "\033[1;33m",
		[REBLOCK_ERROR] = "\033[1;31m",
	};

	return r->colour ? colours[severity] : "";
}

const char *report_time(uint64_t t, char text[REPORT_TIME_MAX])
{
	if (t == REBLOCK_NO_TIME)
		snprintf(text, REPORT_TIME_MAX, "unknown");
	else
		snprintf(text, REPORT_TIME_MAX, "%" PRIu64 ".%09" PRIu64 " s", t / 1000000000,
			 t % 1000000000);
	return text;
}
