#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# reblock audit --html: the page as a file (html_file.py), and what a browser makes of it (html_page.py).
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
traces=$SOURCE_DIR/corpus/traces
bench_trace=$(dirname "$REBLOCK")/tests/bench_trace
pictures=$(dirname "$REBLOCK")/html
mkdir -p "$pictures"
cp "$traces"/6.12-broken.rbt "$traces"/6.1-ept0.rbt "$traces"/6.12-stock.rbt "$data"/missed.jsonl .

# The findings on standard output are the same, with and without a page; the page is the same each time.
run 1 "$REBLOCK" audit 6.12-broken.rbt
mv out plain
run 1 "$REBLOCK" audit --html broken.html 6.12-broken.rbt
cmp out plain || fail "--html changes what is printed"
cp broken.html first.html
run 1 "$REBLOCK" audit --json --html broken.html 6.12-broken.rbt
cmp broken.html first.html || fail "two pages of one trace differ"
run 3 "$REBLOCK" audit -q --html ept0.html --vnmi on 6.1-ept0.rbt
[ "$(stat -c %a broken.html)" = "$(printf %o $((0666 & ~$(umask))))" ] || fail "mode of the page: $(stat -c %a broken.html)"
run 1 "$REBLOCK" audit -q --html missed.html missed.jsonl
sed 's/,"pin":"0x3f"//; s/"pin",//' missed.jsonl >nopin.jsonl
run 1 "$REBLOCK" audit -q --vnmi on --html nopin.html nopin.jsonl
run 3 "$REBLOCK" audit -q --html perf.html "$traces"/6.12-broken.perf-pair.data
run 1 "$REBLOCK" audit -q --policy napoca --html policy.html 6.1-ept0.rbt
run 1 "$REBLOCK" audit -q --html stock.html 6.12-stock.rbt
head -5 missed.jsonl >good.jsonl
run 0 "$REBLOCK" audit -q --html good.html good.jsonl
echo '{"event":"lost"}' >lost.jsonl
run 3 "$REBLOCK" audit -q --html lost.html lost.jsonl

# What cannot be done is said in one line, and leaves what was there.
mkfifo pipe
for file in - . no-such-folder/page.html pipe; do
	run 2 "$REBLOCK" audit -q --html "$file" 6.12-broken.rbt
	one_line err
done
[ -p pipe ] || fail "a pipe was replaced"
run 2 "$REBLOCK" audit --html two.html 6.12-broken.rbt 6.12-stock.rbt
one_line err
says err "--html writes one trace, and 2 are given"
[ -e two.html ] && fail "a page of two traces"
run 2 "$REBLOCK" audit --html first.html no-such-file
cmp broken.html first.html || fail "a page was touched by an audit that failed"
ln -s first.html link.html
run 0 "$REBLOCK" audit -q --html link.html good.jsonl
[ -L link.html ] || fail "a link was replaced"
cmp first.html good.html || fail "a link does not lead to the page"
run 2 bash -c 'ulimit -f 16; trap "" XFSZ; "$0" audit -q --html limited.html 6.12-broken.rbt' "$REBLOCK"
one_line err
says err "limited.html: could not be written"
[ -e limited.html ] && fail "half a page"

# Names that want to be more than text, and bytes that are no text.
hostile=$'</script><img src=x onerror=hacked=1>\u2028\'"&<!--'$'\xff.jsonl'
sed 's/"guest-a"/"<b>\\"\&'"'"'<\/script"/' missed.jsonl >"${hostile//\//_}"
run 1 "$REBLOCK" audit -q --html hostile.html "./${hostile//\//_}"

# Large traces.
python3 "$here/html_traces.py" many 6.12-broken.rbt many.jsonl "$REBLOCK" || fail "no trace with many findings"
run 1 "$REBLOCK" audit -q --html many.html many.jsonl
python3 "$here/html_traces.py" random 50000 random.jsonl
run 1 "$REBLOCK" audit -q --vnmi on --html random.html random.jsonl
"$bench_trace" write 1000000 big.rbt || fail "no big trace"
python3 "$here/html_file.py" memory "$REBLOCK" big.rbt big.html || fail "the page of a big trace"

python3 "$here/html_file.py" check 5000000 ./*.html || fail "a page is not as it has to be"
left=$(find . -name '*.html.*')
[ -z "$left" ] || fail "left behind: $left"

# A sanitized program writes the same pages as any other, and these are opened by that one's test.
grep -q __asan_init "$REBLOCK" && finish
if ! python3 -c "import sys; sys.path.insert(0, '$here'); import browser; sys.exit(not browser.find_browser())"; then
	[ "$failures" = 0 ] || finish
	echo "skipped: there is no chromium, so no page was opened; all other checks have passed"
	exit 77
fi
timeout -k 5 240 python3 "$here/html_page.py" "$REBLOCK" "$pictures" || fail "a page in the browser"
finish
