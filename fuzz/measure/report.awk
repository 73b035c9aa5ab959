# SPDX-License-Identifier: BSD-2-Clause
# Makes the table of measure.sh: reads the faults (fuzz/planted/table.bash), and the results of their runs from the folder
# RESULTS. Variables: seeds, limit (seconds), results. Status 1: no run has found some fault.

function read_results(number, way,    seed, file, line, part) {
	n = found = given = 0
	for (seed = 1; seed <= seeds; seed++) {
		file = results "/" number "." way "." seed
		if ((getline line <file) > 0) {
			split(line, part, " ")
			if (part[2] == "elsewhere")
				elsewhere++
			else {
				# Given up: more than any that was found.
				n++
				found += part[2] == "found"
				if (part[2] != "found" && part[3] > given)
					given = part[3]
				executions[n] = part[4] + (part[2] == "found" ? 0 : 1e15)
				milliseconds[n] = part[5] + (part[2] == "found" ? 0 : 1e15)
			}
		}
		close(file)
	}
}

function median(of, n,    i, k, x) {
	for (i = 2; i <= n; i++) {
		x = of[i]
		for (k = i - 1; k > 0 && of[k] > x; k--)
			of[k + 1] = of[k]
		of[k + 1] = x
	}
	return of[int((n + 1) / 2)]
}

function seconds_text(ms) {
	if (ms >= 1e15)
		return ">" given
	return ms < 10000 ? sprintf("%.2f", ms / 1000) : sprintf("%.0f", ms / 1000)
}

function cell(number, way,    e, ms) {
	read_results(number, way)
	seen[way] = n
	if (n == 0)
		return " | | "
	runs[way] += n
	hits[way] += found
	e = median(executions, n)
	ms = median(milliseconds, n)
	faults[way]++
	half[way] += e < 1e15
	every[way] += found == n
	any += found
	all_e[way, faults[way]] = e
	all_ms[way, faults[way]] = ms
	middle[way] = e
	time[way] = ms
	up[way] = given
	return (e >= 1e15 ? ">" int((e - 1e15)) : e) " | " seconds_text(ms) " | " found "/" n
}

# The median over all faults of what is in OF.
function of_all(of, way,    i, list) {
	for (i = 1; i <= faults[way]; i++)
		list[i] = of[way, i]
	return faults[way] ? median(list, faults[way]) : 0
}

function executions_text(e) {
	return e >= 1e15 ? "not found" : e
}

function time_text(ms) {
	return ms >= 1e15 ? "not found" : ms < 10000 ? sprintf("%.2f s", ms / 1000) : sprintf("%.0f s", ms / 1000)
}

# Where the mutator is not better: in executions, in seconds. What was given up before the other's time tells nothing.
function compare(number) {
	if (middle["mutator"] < 1e15 && middle["default"] < 1e15) {
		ratio += log((middle["default"] + 1) / (middle["mutator"] + 1))
		both++
	} else if (middle["mutator"] < 1e15) {
		only["mutator"]++
		if (time["mutator"] > up["default"] * 1000)
			open_still = open_still " " number
	} else
		only["default"] += middle["default"] < 1e15
	if (middle["default"] < 1e15 && middle["mutator"] >= middle["default"])
		more = more " " number
	if (middle["default"] < 1e15 && time["mutator"] >= time["default"])
		slower = slower " " number
}

{
	number = $1
	words = $0
	sub(/^[^ ]+ [^ ]+ [^ ]+ [^ ]+ [^ ]+ /, "", words)
	any = 0
	with = cell(number, "mutator")
	without = cell(number, "default")
	line[++lines] = "| " number " | " $2 " | " $3 " | " $5 " | " with " | " without " | " words " |"
	if (seen["mutator"] + seen["default"] == 0)
		open++
	else if (any)
		got++
	else
		never = never " " number
	if (seen["mutator"] && seen["default"])
		compare(number)
}

END {
	print got + 0 " of " lines " faults were found."
	print ""
	print "| | with the mutator | without it |"
	print "|---|--:|--:|"
	print "| faults measured | " faults["mutator"] + 0 " | " faults["default"] + 0 " |"
	print "| found by at least half of the runs | " half["mutator"] + 0 " | " half["default"] + 0 " |"
	print "| found by every run | " every["mutator"] + 0 " | " every["default"] + 0 " |"
	print "| runs that found their fault | " hits["mutator"] + 0 " of " runs["mutator"] + 0 " | " hits["default"] + 0 " of " runs["default"] + 0 " |"
	print "| median of the faults' medians, executions | " executions_text(of_all(all_e, "mutator")) " | " executions_text(of_all(all_e, "default")) " |"
	print "| median of the faults' medians, time | " time_text(of_all(all_ms, "mutator")) " | " time_text(of_all(all_ms, "default")) " |"
	print "| median found only so | " only["mutator"] + 0 " | " only["default"] + 0 " |"
	if (both)
		printf "\nOf the %d faults whose median is known both ways, it takes %.2f times as many executions without the mutator (geometric mean).\n", both, exp(ratio / both)
	print "\nNot fewer executions with the mutator:" (more == "" ? " none." : more ".")
	print "\nNot fewer seconds with the mutator:" (slower == "" ? " none." : slower ".")
	if (open_still != "")
		print "\nFound with the mutator, but after more seconds than runs without it were given:" open_still "."
	if (elsewhere)
		print "\n" elsewhere " runs ended with a failure that is there without the fault too; they are left out."
	if (open)
		print "\nNot measured yet: " open " faults."
	if (never != "")
		print "\nFound by no run:" never "."
	print ""
	print "| fault | file | class | target | executions | s | found | executions without | s | found | what is wrong |"
	print "|--:|---|---|---|--:|--:|--:|--:|--:|--:|---|"
	for (i = 1; i <= lines; i++)
		print line[i]
	exit never != ""
}
