// SPDX-License-Identifier: BSD-2-Clause
// Zoom, moving, hovering, and the keys of the timeline.

const LEAST = 200; // ns across the view
let wanted = 0, drawn = 0;

function redraw()
{
	if (!wanted)
		wanted = requestAnimationFrame(() => {
			wanted = 0;
			drawn++;
			drawTimeline();
			drawOverview();
		});
}

function setView(from, to)
{
	const width = Math.min(Math.max(to - from, LEAST), span * 1.04);
	const middle = (from + to) / 2;
	const least = -span * .02, most = span * 1.02;

	view.from = Math.min(Math.max(middle - width / 2, least), Math.max(least, most - width));
	view.to = view.from + width;
	redraw();
}

function zoom(factor, x)
{
	const at = atOf(x === undefined ? (GUTTER + view.width) / 2 : Math.max(GUTTER, x));

	setView(at - (at - view.from) * factor, at + (view.to - at) * factor);
}

function pan(part)
{
	const by = (view.to - view.from) * part;

	setView(view.from + by, view.to + by);
}

function showAll()
{
	setView(-span * .02, span * 1.02);
}

// Scrolls so that the lane is seen, and shows AT with what is around it.
function goTo(lane, from, to)
{
	const box = byId('lanes'), y = lane.place * LANE;

	if (y < box.scrollTop || y + LANE + AXIS > box.scrollTop + box.clientHeight)
		box.scrollTop = Math.max(0, y - box.clientHeight / 3);
	let width = Math.max((to - from) * 2.5, LEAST);
	const near = lowerBound(lane.records, from, (r) => r.at);
	const before = lane.records[Math.max(0, near - 3)], after = lane.records[Math.min(lane.records.length - 1, near + 8)];
	if (before && after)
		width = Math.max(width, Math.min(after.at - before.at, (to - from) * 6 || Infinity));
	setView((from + to) / 2 - width / 2, (from + to) / 2 + width / 2);
}

function laneAt(y)
{
	return y < AXIS ? undefined : lanes[Math.floor((y - AXIS + view.top) / LANE)];
}

function nearest(lane, x)
{
	const at = atOf(x), i = lowerBound(lane.records, at, (r) => r.at);
	let best = null;

	for (const r of [lane.records[i - 1], lane.records[i]])
		if (r && Math.abs(xOf(r.at) - x) <= 9 && (!best || Math.abs(xOf(r.at) - x) < Math.abs(xOf(best.at) - x)))
			best = r;
	return best;
}

function flagAt(lane, x, y)
{
	if (Math.abs(y - yOfLane(lane) - ROW.FLAGS) > 9)
		return undefined;
	return (lane.findings || []).find((f) => f.at !== undefined && Math.abs(xOf(f.at) - x) <= 8);
}

function bucketAt(lane, x)
{
	const index = Math.floor(atOf(x) / data.width);
	const b = lane.buckets[lowerBound(lane.buckets, index, (one) => one.index)];

	return b && b.index === index ? b : undefined;
}

function fillTooltip(title, rows)
{
	const list = el('dl', {});

	for (const [name, value] of rows)
		list.append(el('dt', {}, name), el('dd', {}, value));
	byId('tooltip').replaceChildren(el('b', {}, title), list);
}

function recordRows(r)
{
	return [['time', clock(r.at) + ' (+' + duration(r.at) + ')'], ...fieldsOf(r), ...blockingOf(r)];
}

function bucketRows(b)
{
	const rows = [['exits', grouped(b.exits)]];
	const add = (name, n) => n && rows.push([name, grouped(n)]);

	for (const [slot, n] of [...b.reasons].sort((one, other) => other[1] - one[1]).slice(0, 6))
		rows.push(['', grouped(n) + ' \u00d7 ' + (data.reasons[slot] || 'other reasons')]);
	add('entries', b.entries);
	add('IRET unblocks', b.unblocks);
	add('NMIs', b.nmis);
	add('exits to user space', b.users);
	add('mask and event operations', b.operations);
	add('Intel PT\u2019s witnesses', b.witnesses);
	add('lost places', b.losses);
	add('findings', b.findings);
	const part = (ns) => Math.round(1000 * Math.min(1, ns / data.width)) / 10 + '\u2009%';
	rows.push(['blocking', '1 for ' + part(b.blocked) + ', 0 for ' + part(b.open) + ', else unknown']);
	return rows;
}

// Below the lane, or above it where there is no room: never over what it explains, if that can be.
function placeTooltip(x, lane)
{
	const box = byId('timeline').getBoundingClientRect();
	const y = Math.min(box.bottom, box.top + yOfLane(lane) + LANE + 4), above = box.top + yOfLane(lane) - 4;
	const tip = byId('tooltip');

	tip.hidden = false;
	const { width, height } = tip.getBoundingClientRect();
	const left = x + 16 + width > window.innerWidth ? x - 16 - width : x + 16;
	tip.style.left = Math.max(4, left) + 'px';
	const top = y + height + 6 > window.innerHeight ? above - height : y;
	tip.style.top = Math.max(4, Math.min(top, window.innerHeight - height - 6)) + 'px';
}

function hideTooltip()
{
	byId('tooltip').hidden = true;
	if (chosen.hover) {
		chosen.hover = null;
		redraw();
	}
}

function hover(event)
{
	const lane = laneAt(event.offsetY);

	if (!lane || event.offsetX < GUTTER) {
		hideTooltip();
		return;
	}
	const flag = flagAt(lane, event.offsetX, event.offsetY), r = flag ? null : nearest(lane, event.offsetX);
	if (r !== chosen.hover) {
		chosen.hover = r;
		redraw();
	}
	const bucket = flag || r ? undefined : bucketAt(lane, event.offsetX);
	if (flag)
		fillTooltip(flag.severity + ': ' + flag.kind, [['why', flag.why], ['rule', flag.rule]]);
	else if (r)
		fillTooltip(titleOf(r), recordRows(r));
	else if (bucket)
		fillTooltip(duration(data.width) + ' from +' + duration(bucket.index * data.width), bucketRows(bucket));
	else {
		hideTooltip();
		return;
	}
	byId('timeline').style.cursor = flag || (r && caseOfExit.has(r.lane.id + ':' + r.number)) ? 'pointer' : '';
	placeTooltip(event.clientX, lane);
}

function pick(event)
{
	const lane = laneAt(event.offsetY);

	if (!lane || event.offsetX < GUTTER)
		return;
	const flag = flagAt(lane, event.offsetX, event.offsetY);
	if (flag) {
		chooseFinding(flag, false);
		return;
	}
	chosen.record = nearest(lane, event.offsetX);
	redraw();
	if (chosen.record)
		explainRecord(chosen.record);
}

// From record to record by keys; what is there is said.
function stepRecord(by)
{
	const lane = chosen.record ? chosen.record.lane : chosen.finding && chosen.finding.lane || laneAt(AXIS + 1) || lanes[0];

	if (!lane || !lane.records.length)
		return;
	let i = chosen.record ? lane.records.indexOf(chosen.record) + by :
		lowerBound(lane.records, chosen.finding && chosen.finding.lane === lane ? chosen.finding.at : view.from, (r) => r.at);
	i = Math.min(Math.max(i, 0), lane.records.length - 1);
	const r = chosen.record = lane.records[i];
	if (r.at < view.from || r.at > view.to)
		setView(r.at - (view.to - view.from) / 2, r.at + (view.to - view.from) / 2);
	fillTooltip(titleOf(r), recordRows(r));
	const box = byId('timeline').getBoundingClientRect();
	placeTooltip(box.left + xOf(r.at), lane);
	byId('said').textContent = titleOf(r) + '. ' + recordRows(r).map((row) => row.join(' ')).join('. ');
	redraw();
}

const KEYS = {
	'+': () => zoom(.5), '=': () => zoom(.5), '-': () => zoom(2), '0': showAll, Home: showAll,
	ArrowLeft: () => pan(-.2), ArrowRight: () => pan(.2),
	ArrowUp: () => byId('lanes').scrollBy(0, -LANE), ArrowDown: () => byId('lanes').scrollBy(0, LANE),
	',': () => stepRecord(-1), '.': () => stepRecord(1),
	n: () => stepFinding(1), p: () => stepFinding(-1),
	Enter: () => chosen.record && explainRecord(chosen.record), Escape: hideTooltip,
};

function measure()
{
	const box = byId('lanes'), tall = AXIS + lanes.length * LANE;

	view.width = Math.max(320, box.clientWidth);
	byId('lanes-height').style.height = tall + 'px';
	view.height = Math.min(tall, box.clientHeight || tall);
	byId('timeline').style.height = view.height + 'px';
	redraw();
}

function listenToTimeline()
{
	const canvas = byId('timeline');
	let drag = null;

	canvas.addEventListener('wheel', (event) => {
		// Without a click into the timeline the wheel is the page's.
		const mine = document.activeElement === canvas && !event.shiftKey;
		if (event.ctrlKey || event.metaKey || event.altKey || (mine && Math.abs(event.deltaY) >= Math.abs(event.deltaX))) {
			event.preventDefault();
			zoom(Math.exp(Math.max(-400, Math.min(400, event.deltaY)) / 300), event.offsetX);
		} else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
			event.preventDefault();
			pan((event.deltaX || event.deltaY) / view.width);
		}
	}, { passive: false });
	canvas.addEventListener('pointerdown', (event) => {
		drag = { x: event.offsetX, moved: false };
		canvas.setPointerCapture(event.pointerId);
	});
	canvas.addEventListener('pointermove', (event) => {
		if (!drag) {
			hover(event);
			return;
		}
		const by = (drag.x - event.offsetX) / (view.width - GUTTER);
		if (!drag.moved && Math.abs(drag.x - event.offsetX) < 4)
			return;
		drag.moved = true;
		drag.x = event.offsetX;
		canvas.classList.add('dragging');
		hideTooltip();
		pan(by);
	});
	canvas.addEventListener('pointerup', (event) => {
		if (drag && !drag.moved)
			pick(event);
		drag = null;
		canvas.classList.remove('dragging');
	});
	canvas.addEventListener('pointercancel', () => { drag = null; });
	canvas.addEventListener('pointerleave', hideTooltip);
	canvas.addEventListener('blur', hideTooltip);
	canvas.addEventListener('keydown', (event) => {
		const act = KEYS[event.key];
		if (!act || event.ctrlKey || event.metaKey || event.altKey)
			return;
		event.preventDefault();
		act();
	});
	byId('lanes').addEventListener('scroll', () => {
		view.top = byId('lanes').scrollTop;
		redraw();
	});
	const buttons = { in: () => zoom(.5), out: () => zoom(2), left: () => pan(-.3), right: () => pan(.3), all: showAll,
		previous: () => stepFinding(-1), next: () => stepFinding(1) };
	for (const button of byId('toolbar').querySelectorAll('button'))
		button.addEventListener('click', buttons[button.dataset.do]);
	new ResizeObserver(measure).observe(byId('lanes'));
	// On paper all is light, and there is no next frame to draw in.
	for (const media of ['print', '(prefers-color-scheme: dark)'])
		window.matchMedia(media).addEventListener('change', () => {
			readColours();
			drawLegend();
			measure();
			drawTimeline();
			drawOverview();
		});
}
