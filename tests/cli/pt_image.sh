#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# --image and --guest-kernel: an exit that Intel PT shows is at an IRET or not as the guest's memory says, and without it
# that is not said; and IRETs that complete, which show by following what was in memory, not what a program's file has. The bytes
# are those of the cases image and flow in tests/unit/pt, as the fuzz target pt has them.
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"

tail -c +5 "$SOURCE_DIR/corpus/fuzz/pt/image" >pt
printf '\x48\xcf' >iret
printf '\x0f\x01\xc1' >vmcall

"$REBLOCK" convert --to json --pt pt --pt-cpu 0 - >out 2>err
if grep -q libipt err; then
	echo "skipped: $(head -1 err)"
	exit 77
fi
[ "$(grep -c '"saw":"exit"' out)" = 5 ] || fail "5 exits: $(cat out)"
! grep -q at_iret out || fail "where no memory is given nothing is known of it"

run 0 "$REBLOCK" convert --to json --pt pt --pt-cpu 0 --image iret@0xffffffffa0000010 --image vmcall@0xffffffffa0000020 -
grep -q '"saw":"exit".*"rip":"0xffffffffa0000010".*"at_iret":1' out || fail "the exit at the IRET: $(cat out)"
grep -q '"saw":"exit".*"rip":"0xffffffffa0000020".*"at_iret":0' out || fail "the exit at VMCALL: $(cat out)"
[ "$(grep -c at_iret out)" = 3 ] || fail "only those whose bytes are known: $(cat out)"

run 2 "$REBLOCK" audit --pt pt --pt-cpu 0 --image iret
grep -q 'iret@ADDRESS' err || fail "raw bytes need an address: $(cat err)"
run 2 "$REBLOCK" audit --pt pt --pt-cpu 0 --guest-kernel missing
grep -q 'missing: No such file' err || fail "$(cat err)"
run 2 "$REBLOCK" audit --pt pt --pt-cpu 0 --image iret@here
grep -q 'is no address' err || fail "$(cat err)"

# Memory, and the packets behind it: 4 bytes, 10 of the memory's size and address, 530 of it.
tail -c +545 "$SOURCE_DIR/corpus/fuzz/pt/flow" >packets
tail -c +15 "$SOURCE_DIR/corpus/fuzz/pt/flow" | head -c 530 >memory
# An ELF file whose one segment is that, of type $1: 2 is a program, 4 a core file.
elf()
{
	printf '\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0'
	printf '%b\0\x3e\0\x01\0\0\0' "\\x0$1"
	printf '\0\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
	printf '\0\0\0\0\x40\0\x38\0\x01\0\0\0\0\0\0\0'
	printf '\x01\0\0\0\x05\0\0\0\x78\0\0\0\0\0\0\0'
	printf '\0\0\0\xa0\xff\xff\xff\xff\0\0\0\0\0\0\0\0'
	printf '\x12\x02\0\0\0\0\0\0\x12\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
	cat memory
}
elf 2 >program
elf 4 >core
for image in memory@0xffffffffa0000000 core; do
	run 0 "$REBLOCK" convert --to json --pt packets --pt-cpu 0 --image $image -
	[ "$(grep -c '"saw":"iret"' out)" = 5 ] || fail "IRETs that completed, with $image: $(cat out)"
	grep -q 'at 2 places .* could not be followed' err || fail "what could not be followed: $(cat err)"
done
# What it shows has numbers, which explain knows if it is told the same.
run 0 "$REBLOCK" convert --to json --pt packets --pt-cpu 0 --image core -
number=$(($(grep -v '"event":"meta"' out | grep -n -m1 '"saw":"iret"' | cut -d: -f1) - 1))
run 0 "$REBLOCK" explain --pt packets --pt-cpu 0 --image core "packets#$number"
grep -q 'Intel PT: an IRET completed' out || fail "the IRET explained: $(cat out)"
run 0 "$REBLOCK" explain --pt packets --pt-cpu 0 "packets#$number"
! grep -q 'an IRET completed' out || fail "without memory this number is another's: $(cat out)"
run 2 "$REBLOCK" explain --pt packets "packets#$number"
grep -q 'each file needs the number of the CPU' err || fail "$(cat err)"
run 0 "$REBLOCK" convert --to json --pt packets --pt-cpu 0 --guest-kernel program -
! grep -q '"saw":"iret"' out || fail "a program's file is not what ran: $(cat out)"
grep -q '"at_iret":1' out || fail "but has its IRETs: $(cat out)"

finish
