# SPDX-License-Identifier: BSD-2-Clause
# Reads "title NAME EVENTS-PER-EXIT TEXT" lines, then a line of numbers for each round and recorder; prints the table and
# which targets are met.

$1 == "title" {
	name = $2
	events[name] = $3
	sub(/^title [^ ]+ [^ ]+ /, "")
	title[name] = $0
	next
}

# ROUND NAME P10 MEDIAN EXITS ALL SECONDS; nanoseconds of the recorder's CPU time before, meanwhile, of others, to its end; KEPT
{
	if ($1 > rounds)
		rounds = $1
	p10[$2, $1] = $3
	middle[$2, $1] = $4
	reader[$2, $1] = $12 > 0 ? $9 / $12 : 0
	whole[$2, $1] = $12 > 0 ? $11 / $12 : 0
	share[$2, $1] = events[$2] ? 100 * $12 / (events[$2] * $6) : 0
}

# The median of the rounds' numbers in `list`; and the lowest and highest.
function median(    i, j, t) {
	for (i = 2; i <= rounds; i++)
		for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
			t = list[j]
			list[j] = list[j - 1]
			list[j - 1] = t
		}
	return rounds % 2 ? list[(rounds + 1) / 2] : (list[rounds / 2] + list[rounds / 2 + 1]) / 2
}

function of(table, name,    i) {
	for (i = 1; i <= rounds; i++)
		list[i] = table[name, i]
	return median()
}

function target(a, b, most,    ratio) {
	if (!(a in added) || !(b in added))
		return
	if (added[a] <= 0 || added[b] <= 0) {
		printf "%s, against %s: too much noise to tell\n", title[a], title[b]
		return
	}
	ratio = added[a] / added[b]
	printf "%s, against %s: %.2f times as much, target at most %.2f: %s\n", title[a], title[b], ratio,
		most, ratio <= most ? "met" : "MISSED"
}

END {
	n = split(order, names, " ")
	printf "%-42s %8s %8s %8s %16s  %s\n", "", "p10", "median", "added", "lowest..highest", "reader, its end, kept"
	for (k = 1; k <= n; k++) {
		name = names[k]
		for (i = 1; i <= rounds; i++)
			more[name, i] = p10[name, i] - (p10["nothing", i] + p10["again", i]) / 2
		if (name == "nothing") {
			printf "%-42s %8.0f %8.0f\n", title[name], of(p10, name), of(middle, name)
			continue
		}
		if (name == "again")
			for (i = 1; i <= rounds; i++)
				more[name, i] = p10[name, i] - p10["nothing", i]
		added[name] = of(more, name)
		spread = sprintf("%.0f..%.0f", list[1], list[rounds])
		printf "%-42s %8.0f %8.0f %8.0f %16s", title[name], of(p10, name), of(middle, name), added[name], spread
		if (events[name])
			printf "  %5.0f %5.0f %5.1f %%", of(reader, name), of(whole, name), of(share, name)
		printf "\n"
	}
	print ""
	target("filtered", "empty", 1.5)
	target("all", "perf_record", 1 / 3)
	target("all", "trace_cmd", 1)
}
