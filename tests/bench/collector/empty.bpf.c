// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Programs that do nothing: what being called at two events costs. */
#include "environment.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf")
int at_exit(void *context)
{
	(void)context;
	return 0;
}

SEC("tp_btf")
int at_entry(void *context)
{
	(void)context;
	return 0;
}
