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

# The median of the rounds' numbers in `list`.
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

function lowest(table, name,    i, low) {
	low = table[name, 1]
	for (i = 2; i <= rounds; i++)
		if (table[name, i] < low)
			low = table[name, i]
	return low
}

# What disturbs only adds: the quietest rounds decide.
function target(a, b, most,    ratio) {
	if (!(a in added) || !(b in added))
		return
	printf "%s, against %s: ", title[a], title[b]
	if (least[a] <= 0 || least[b] <= 0) {
		print "too much noise to tell"
		return
	}
	ratio = least[a] / least[b]
	printf "%.2f times as much, target at most %.2f: %s (medians: %.2f)\n", ratio, most,
		ratio <= most ? "met" : "MISSED", added[a] / added[b]
}

END {
	n = split(order, names, " ")
	printf "%-42s %23s %15s   %s\n", "", "median of the rounds", "lowest", "recorder's CPU"
	printf "%-42s %7s %7s %7s %7s %7s   %s\n", "ns", "p10", "median", "added", "p10", "added",
		"an event, with its end, kept"
	for (i = 1; i <= rounds; i++)
		base[i] = (p10["nothing", i] + p10["again", i]) / 2
	bottom = lowest(p10, "nothing")
	if (lowest(p10, "again") < bottom)
		bottom = lowest(p10, "again")
	for (k = 1; k <= n; k++) {
		name = names[k]
		printf "%-42s %7.0f %7.0f", title[name], of(p10, name), of(middle, name)
		for (i = 1; i <= rounds; i++)
			more[name, i] = p10[name, i] - (name == "again" ? p10["nothing", i] : base[i])
		if (name != "nothing") {
			added[name] = of(more, name)
			least[name] = lowest(p10, name) - bottom
			printf " %7.0f %7.0f %7.0f", added[name], lowest(p10, name), least[name]
		} else {
			printf " %7s %7.0f", "", lowest(p10, name)
		}
		if (events[name])
			printf "   %5.0f %5.0f %5.1f %%", of(reader, name), of(whole, name), of(share, name)
		printf "\n"
	}
	print ""
	target("filtered", "empty", 1.5)
	target("no_fill", "empty", 1.5)
	target("all", "perf_record", 1 / 3)
	target("all", "trace_cmd", 1)
	target("all_no_fill", "perf_record", 1 / 3)
	target("all_no_fill", "trace_cmd", 1)
}
