# SPDX-License-Identifier: BSD-2-Clause
# A line of numbers as in table.awk, taken at a steady rate: what share of one CPU the consumer took.

{
	percent = 100 * $9 / ($7 * 1e9)
	got = $5 / $7
	printf "%s at %.0f exits/s%s, %.0f s: %.2f %% of one CPU, target below 1 %%: %s\n", what, got,
		got < 0.95 * rate ? " (the most this machine gives)" : "", $7, percent, percent < 1 ? "met" : "MISSED"
}
