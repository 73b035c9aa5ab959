// SPDX-License-Identifier: BSD-2-Clause
// One lane for each vCPU: findings, events, host and guest, what blocking must be, what it was.

// With Intel PT there is a row more, below the records.
const PT_ROOM = data.total.pt.length ? 17 : 0;
const GUTTER = 176, AXIS = 26, LANE = 104 + PT_ROOM;
const ROW = { FLAGS: 14, EVENTS: 36, PT: 51, HOST: [46 + PT_ROOM, 8], MUST: [58 + PT_ROOM, 14], WAS: [77 + PT_ROOM, 18] };

const view = { from: 0, to: span, top: 0, width: 800, height: 300 };
const chosen = { finding: null, record: null, hover: null };

const xOf = (at) => GUTTER + (at - view.from) / (view.to - view.from) * (view.width - GUTTER);
const atOf = (x) => view.from + (x - GUTTER) / (view.width - GUTTER) * (view.to - view.from);
const yOfLane = (lane) => AXIS + lane.place * LANE - view.top;

// The first index of sorted LIST whose value is not less than WANTED.
function lowerBound(list, wanted, value)
{
	let low = 0, high = list.length;

	while (low < high) {
		const middle = (low + high) >> 1;
		if (value(list[middle]) < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

// A place on the axis, with as many digits as tell it from the next.
function axisText(at, step)
{
	const [unit, size] = [['s', 1e9], ['ms', 1e6], ['\u00b5s', 1e3], ['ns', 1]].find(([, one]) => view.to >= one) || ['ns', 1];

	return (at / size).toFixed(Math.max(0, Math.min(12, Math.ceil(-Math.log10(step / size) - 1e-9)))) + '\u2009' + unit;
}

function drawAxis(pen)
{
	const room = (view.to - view.from) / Math.max(1, (view.width - GUTTER) / 130);
	const power = 10 ** Math.floor(Math.log10(room));
	const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= room);

	pen.fillStyle = colour.paper;
	pen.fillRect(0, 0, view.width, AXIS);
	pen.fillStyle = colour.line;
	pen.fillRect(0, AXIS - 1, view.width, 1);
	drawText(pen, data.timed ? 'since the first record' : 'in the order of records', 10, AXIS / 2, GUTTER, colour.soft, 11);
	for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
		const x = xOf(at);
		pen.fillStyle = colour.line;
		pen.fillRect(x, AXIS - 7, 1, 6);
		drawText(pen, axisText(at, step), x + 3, AXIS / 2 - 1, Math.min(126, view.width - x - 4), colour.soft, 11);
	}
}

function drawGutter(pen, lane, y)
{
	pen.fillStyle = colour.paper;
	pen.fillRect(0, y, GUTTER - 1, LANE);
	pen.fillStyle = colour.line;
	pen.fillRect(GUTTER - 1, y, 1, LANE);
	pen.fillRect(0, y + LANE - 1, view.width, 1);
	pen.font = '650 13px ' + FONT;
	pen.fillStyle = colour.ink;
	pen.textBaseline = 'middle';
	pen.fillText(cutText(pen, 'vm ' + lane.vm + (lane.name ? ' ' + lane.name : ''), GUTTER - 20), 10, y + 18);
	drawText(pen, 'vCPU ' + lane.vcpu, 10, y + 35, 100, colour.soft, 12);
	pen.textAlign = 'right';
	if (PT_ROOM)
		drawText(pen, 'Intel PT', GUTTER - 8, y + ROW.PT, 90, colour.soft, 10);
	drawText(pen, 'in the host', GUTTER - 8, y + ROW.HOST[0] + 4, 90, colour.soft, 10);
	drawText(pen, 'must be', GUTTER - 8, y + ROW.MUST[0] + 7, 90, colour.soft, 11);
	drawText(pen, 'was', GUTTER - 8, y + ROW.WAS[0] + 9, 90, colour.soft, 11);
	pen.textAlign = 'left';
}

// Counts, where whole records are not there or too close to be seen.
function drawBuckets(pen, lane, y)
{
	const first = Math.max(0, Math.floor(view.from / data.width));
	const most = lane.most || (lane.most = Math.max(1, ...lane.buckets.map((b) => b.exits)));

	for (let i = lowerBound(lane.buckets, first, (b) => b.index); i < lane.buckets.length; i++) {
		const b = lane.buckets[i], x = Math.max(GUTTER, xOf(b.index * data.width));
		const width = Math.max(1, xOf((b.index + 1) * data.width) - x);
		if (b.index * data.width > view.to)
			break;
		const height = 26 * Math.log1p(b.exits) / Math.log1p(most);
		pen.fillStyle = colour.host;
		pen.fillRect(x, y + ROW.HOST[0] + 8 - height, width, height);
		if (b.nmis)
			drawTick(pen, x + width / 2, y + 24, colour.nmi);
		if (b.unblocks) {
			const tall = Math.max(3, ROW.MUST[1] * Math.min(1, b.unblocks / Math.max(1, b.exits)));
			pen.fillStyle = colour.must;
			pen.fillRect(x, y + ROW.MUST[0] + ROW.MUST[1] - tall, Math.max(width, 2), tall);
		}
		const [top, tall] = [y + ROW.WAS[0], ROW.WAS[1]];
		const blocked = tall * Math.min(1, b.blocked / data.width), open = tall * Math.min(1, b.open / data.width);
		drawHatch(pen, x, top, width, tall - blocked - open);
		pen.fillStyle = colour.open;
		pen.fillRect(x, top + tall - blocked - open, width, open);
		pen.fillStyle = colour.blocked;
		pen.fillRect(x, top + tall - blocked, width, blocked);
		if (open)
			pen.fillRect(x, top + tall - 2, width, 2);
		if (b.findings)
			disc(pen, x + width / 2, y + ROW.FLAGS, 5, colour.soft, '!');
		if (b.losses) {
			pen.fillStyle = colour.lost;
			pen.fillRect(x, y + 22, Math.max(width, 2), 4);
		}
	}
}

function drawTick(pen, x, y, fill)
{
	pen.fillStyle = fill;
	pen.fillRect(x - 1, y, 2, 6);
}

// What is known of blocking between two records that follow each other.
function stateBetween(a, b)
{
	if (a.after === b.before)
		return { state: a.after };
	if (a.after !== UNKNOWN && b.before !== UNKNOWN)
		return { change: a.after };
	return { state: UNKNOWN, partly: a.after !== UNKNOWN || b.before !== UNKNOWN };
}

function drawSegment(pen, a, b, y, hosting)
{
	const x = Math.max(GUTTER, xOf(a.at)), width = Math.min(view.width, xOf(b.at)) - x;
	const was = stateBetween(a, b), [top, tall] = [y + ROW.WAS[0], ROW.WAS[1]];

	if (width < 0)
		return;
	pen.fillStyle = hosting === true ? colour.host : colour.guest;
	if (hosting !== undefined)
		pen.fillRect(x, y + ROW.HOST[0], Math.max(width, 1), ROW.HOST[1]);
	if (was.change !== undefined) {
		drawSlope(pen, was.change, x, top, width, tall);
		return;
	}
	drawLevel(pen, was.state, x, top, width, tall);
	const text = was.state === YES ? 'was 1' : was.state === NO ? 'was 0' : 'unknown';
	if (was.state === UNKNOWN && width > 60) {
		pen.fillStyle = colour.paper;
		pen.fillRect(x + 5, top + 3, 50, tall - 6);
	}
	drawText(pen, text, x + 7, top + tall / 2, width - 10, was.state === YES ? colour['blocked-ink'] : colour.ink, 11, 600);
}

// What the rules ask for from an exit to its entry, and whether that was so.
function drawRequired(pen, exit, entry, y)
{
	const x = Math.max(GUTTER, xOf(exit.at)), width = Math.max(2, Math.min(view.width, xOf(entry.at)) - x);
	const [top, tall] = [y + ROW.MUST[0], ROW.MUST[1]];

	drawMust(pen, exit.must, x, top, width, tall);
	if (exit.must === MUST.BE_1)
		drawText(pen, 'must be 1', x + 5, top + tall / 2, width - 8, colour['must-ink'], 10, 650);
	else if (exit.must === MUST.BE_0)
		drawText(pen, 'must be 0', x + 5, top + tall / 2 - 1, width - 8, colour.ink, 10, 650);
	if (exit.judged !== JUDGED.MISSED)
		return;
	pen.strokeStyle = colour.error;
	pen.lineWidth = 2;
	pen.strokeRect(x - 2, top - 2, width + 4, ROW.WAS[0] + ROW.WAS[1] - ROW.MUST[0] + 4);
	const at = x + width;
	pen.beginPath();
	pen.moveTo(at - 4, y + ROW.WAS[0] - 6);
	pen.lineTo(at + 4, y + ROW.WAS[0] + 2);
	pen.moveTo(at + 4, y + ROW.WAS[0] - 6);
	pen.lineTo(at - 4, y + ROW.WAS[0] + 2);
	pen.stroke();
}

function clearRun(pen, left, right, y)
{
	const x = Math.max(GUTTER, left - 1);

	pen.fillStyle = colour.paper;
	pen.fillRect(x, y, Math.min(view.width, right + 1) - x, LANE - 1);
}

// Records that would all lie on a few pixels are better seen as counts.
const tooSmall = (lane, run) => run[1] > run[0] && xOf(lane.records[run[1]].at) - xOf(lane.records[run[0]].at) < 4;

function drawRun(pen, lane, run, y)
{
	const records = lane.records;
	let hosting, exit = null, lastX = -99, lastSigned = -99, lastWitness = -99;
	const left = xOf(records[run[0]].at), right = xOf(records[run[1]].at);

	if (right < GUTTER - 20 || left > view.width + 20 || tooSmall(lane, run))
		return;
	if (run[1] > run[0])
		clearRun(pen, left, right, y);
	for (let i = run[0]; i <= run[1]; i++) {
		const r = records[i], next = i < run[1] ? records[i + 1] : null, x = xOf(r.at);
		if (r.kind === KIND.EXIT)
			[hosting, exit] = [true, r];
		else if (r.kind === KIND.ENTRY)
			hosting = false;
		else if (r.kind === KIND.LOST)
			[hosting, exit] = [undefined, null];
		if (next && xOf(next.at) >= GUTTER && x <= view.width && (xOf(next.at) - lastX >= .5)) {
			drawSegment(pen, r, next, y, hosting);
			lastX = xOf(next.at);
		}
		if (r.kind === KIND.ENTRY && exit) {
			if (exit.paired && x >= GUTTER && xOf(exit.at) <= view.width)
				drawRequired(pen, exit, r, y);
			exit = null;
		}
		if (x < GUTTER - 6 || x > view.width + 6)
			continue;
		if (r.kind === KIND.WITNESS) {
			if (sawNmi(r) || x - lastWitness >= 11) {
				drawWitness(pen, r, x, y + ROW.PT);
				lastWitness = x;
			} else {
				pen.fillStyle = colour.soft;
				pen.fillRect(x, y + ROW.PT - 2, 1, 4);
			}
			continue;
		}
		const important = r.nmi || r.kind === KIND.LOST;
		if (important || x - lastSigned >= 9) {
			drawSign(pen, r, x, y + ROW.EVENTS);
			lastSigned = x;
		} else {
			pen.fillStyle = colour.soft;
			pen.fillRect(x, y + ROW.EVENTS + 4, 1, 6);
		}
	}
}

function drawFindings(pen, lane, y)
{
	let lastX = -99;

	for (const f of lane.findings || []) {
		if (f.at === undefined)
			continue;
		const x = xOf(f.at);
		const isChosen = f === chosen.finding;
		if (x < GUTTER - 8 || x > view.width + 8 || (x - lastX < 5 && !isChosen))
			continue;
		drawFlag(pen, f.severity, x, y + ROW.FLAGS, isChosen, f.evidence === 'predicted');
		lastX = x;
	}
}

function drawChosen(pen, lane, y)
{
	const f = chosen.finding;

	if (f && f.lane === lane && f.shown.length) {
		const left = xOf(f.shown[0].at), right = xOf(f.shown[f.shown.length - 1].at);
		const x = Math.max(GUTTER, left - 6);
		pen.globalAlpha = .13;
		pen.fillStyle = colour.error;
		pen.fillRect(x, y, right + 6 - x, LANE - 1);
		pen.globalAlpha = 1;
		pen.fillStyle = colour.error;
		for (const r of f.shown)
			if (xOf(r.at) >= GUTTER)
				pen.fillRect(xOf(r.at) - .5, y + ROW.FLAGS, 1, LANE - ROW.FLAGS - 2);
	}
	for (const r of [chosen.record, chosen.hover]) {
		if (!r || r.lane !== lane || xOf(r.at) < GUTTER)
			continue;
		pen.fillStyle = colour.ink;
		pen.fillRect(xOf(r.at) - .75, y + 2, 1.5, LANE - 4);
	}
}

function drawTimeline()
{
	const canvas = byId('timeline'), pen = penOf(canvas, view.width, view.height);

	pen.fillStyle = colour.paper;
	pen.fillRect(0, 0, view.width, view.height);
	for (const lane of lanes) {
		const y = yOfLane(lane);
		if (y + LANE < AXIS || y > view.height)
			continue;
		pen.save();
		pen.beginPath();
		pen.rect(GUTTER, y, view.width - GUTTER, LANE);
		pen.clip();
		if (!lane.whole || lane.runs.some((run) => tooSmall(lane, run)))
			drawBuckets(pen, lane, y);
		for (const run of lane.runs)
			drawRun(pen, lane, run, y);
		drawChosen(pen, lane, y);
		drawFindings(pen, lane, y);
		pen.restore();
		drawGutter(pen, lane, y);
	}
	drawAxis(pen);
	byId('range').textContent = duration(view.to - view.from) + ' shown, from ' + clock(Math.max(0, view.from));
}
