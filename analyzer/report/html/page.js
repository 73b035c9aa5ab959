// SPDX-License-Identifier: BSD-2-Clause
// Puts the page together.

for (const f of data.findings) {
	if (!f.lane)
		continue;
	f.lane.findings = f.lane.findings || [];
	f.lane.findings.push(f);
}
readColours();
showSummary();
drawLegend();
buildFilters();
showList();
listenToTimeline();
listenToOverview();
measure();
showAll();

const named = /^#finding-(\d+)$/.exec(location.hash);
if (named && data.findings[named[1]])
	chooseFinding(data.findings[named[1]], true);
else if (data.findings.length)
	showFinding(chosen.finding = data.findings[0]);
showList();
