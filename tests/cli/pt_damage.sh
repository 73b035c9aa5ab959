#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Intel PT that is damaged, incomplete or of a clock that is not known: one line says what, and the rest is decoded.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"

psb='\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82'
# head TICKS: PSB+ of a CPU in its host, where the counter is at TICKS * 65536; VMCS 0x7000.
head_at()
{
	printf '%b' "$psb"
	printf '%b' "\x19\0\0\\x$1\0\0\0\0"
	printf '\x02\x43\0\x01\0\0\0\0\x02\xc8\x07\0\0\0\0\x7d\0\0\0\xc0\xff\xff\x02\x23'
}
# stay TICKS: an entry there, and an exit for HLT at 0x1010, with Event Trace.
stay_at()
{
	printf '%b' "\x19\0\0\\x$1\0\0\0\0"
	printf '\x02\x13\x87\0\x7d\0\x01\0\xc0\xff\xff\x02\x43\x01\x05\0\0\0\0\x6d\0\x10\0\0\0\0'
	printf '\x02\x53\x01\0\0\0\0\0\0\0\0\x02\x53\x02\x0c\0\0\0\0\0\0\0'
	printf '\x02\x13\x08\0\x7d\x10\x10\0\0\0\0\x02\x43\0\x01\0\0\0\0\x6d\0\x02\0\xc0\xff\xff'
}
{ head_at 10; stay_at 11; } >first
{ head_at 20; stay_at 21; } >second
{ head_at 30; stay_at 31; } >third

"$REBLOCK" audit --pt first --pt-cpu 0 >out 2>err
if grep -q "no libipt" err; then
	echo "skipped: $(head -1 err)"
	exit 77
fi

# decodes STATUS LINE EXITS ARGUMENTS...: the audit ends with STATUS, says LINE once, and sees so many exits.
decodes()
{
	local want=$1 line=$2 exits=$3
	shift 3
	run "$want" "$REBLOCK" audit "$@"
	cat out err >all
	[ "$(grep -cF -- "$line" all)" = 1 ] || fail "not once \"$line\": $(cat all)"
	says all " $exits VM exit"
	! grep -qi "sanitizer\|assert" all || fail "$(cat all)"
}

# An unknown packet, and a packet where none of its kind can be, between two PSBs.
{ cat first; printf '\xd9\x11\x22'; cat second; printf '\x02\x23'; cat third; } >unknown
decodes 3 "at 2 places it could not be read on before the next PSB: unknown or damaged packets" 3 --pt unknown --pt-cpu 0
# It ends in the middle of a packet.
{ cat first; head -c 60 second; } >half
run 3 "$REBLOCK" audit --pt half --pt-cpu 0
says out " 1 VM exit"
# The processor lost packets.
{ cat first; printf '\x02\xf3'; cat second; } >overflow
decodes 3 "the processor lost packets at 1 places (overflow)" 2 --pt overflow --pt-cpu 0

# Options that are none.
run 2 "$REBLOCK" audit --pt first --pt-cpu 0 --image missing
says err "missing"
one_line err
for clock in 0,0,0 64,1,0 x 1,1 -1,1,1; do
	run 2 "$REBLOCK" audit --pt first --pt-cpu 0 "--pt-clock=$clock"
	one_line err
done
# A clock that is not theirs: the records are judged, and PT fits none of them. The counter is at 0x110000 there.
cat >trace.jsonl <<'END'
{"event":"entry","t":1110000,"vm":1,"vcpu":0,"cpu":0}
{"event":"exit","t":1120000,"vm":1,"vcpu":0,"cpu":0,"reason":12,"qualification":0,"rip":"0x1010"}
END
run 0 "$REBLOCK" audit --pt first --pt-cpu 0 --pt-clock 63,4294967295,18446744073709551615 trace.jsonl
says out "1 guest sections fit no stay of a vCPU in the records, or several; they are given to none"
says out "1 of the 1 stays of vCPUs in their guest were not found in it, and have no witnesses"

command -v python3 >/dev/null || finish
perf_data() { python3 "$here/pt_perf_data.py" "$@" >perf.data; }

# The kernel had no room: what came before and after is decoded.
perf_data --truncated first second third
decodes 3 "bytes are missing at 1 places, where a buffer was full or they were left out" 3 perf.data
grep -q "could not be read" all && fail "nothing of it is damaged: $(cat all)"
perf_data first second third
decodes 3 "witnesses, 3 VM exits" 3 perf.data
! grep -q "missing" all || fail "nothing is missing: $(cat all)"
# perf did not say how its clock and the counter go together, or nothing but where PT is.
perf_data --no-clock first second
decodes 3 "times cannot be brought to perf's clock (cap_user_time_zero was 0 there)" 2 perf.data
perf_data --short-info first second
decodes 3 "times cannot be brought to perf's clock (cap_user_time_zero was 0 there)" 2 perf.data
# The last record is cut off in the middle.
perf_data --cut 40 first second
run 3 "$REBLOCK" audit perf.data
cat out err >all
says all " 1 VM exit"
[ "$(grep -c "no whole record here" all)" = 1 ] || fail "what is cut off is said once: $(cat all)"
# Two snapshots, the second of which repeats the first one.
cat first second >one
cat second third >other
perf_data --snapshot one other
decodes 3 "witnesses, 3 VM exits" 3 perf.data

finish
