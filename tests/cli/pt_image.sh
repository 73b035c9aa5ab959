#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# --image and --guest-kernel: an exit that Intel PT shows is at an IRET or not as the guest's memory says, and without it
# that is not said. The bytes are those of the case tests/unit/pt/image.case, as the fuzz target pt has them.
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

finish
