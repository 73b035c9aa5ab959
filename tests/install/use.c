/* SPDX-License-Identifier: BSD-2-Clause */
/* Uses the installed library as somebody else's program would. */
#include <stdio.h>
#include <string.h>
#include <reblock/json.h>
#include <reblock/processor.h>

int main(void)
{
	static const char line[] =
		"{\"event\":\"exit\",\"vm\":1,\"vcpu\":0,\"reason\":48,"
		"\"qualification\":\"0x1181\",\"idt_vectoring\":0,\"pin\":\"0x3f\"}";
	struct reblock_record record;
	struct reblock_source source;
	struct reblock_unblock unblock;
	char error[256];

	if (reblock_json_parse(line, strlen(line), &record, &source, error, sizeof(error)) !=
	    REBLOCK_JSON_IS_RECORD) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	reblock_unblock_of(&record, &unblock);
	return unblock.unblocked != REBLOCK_YES;
}
