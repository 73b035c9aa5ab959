// SPDX-License-Identifier: BSD-2-Clause
// The whole trace in a strip, with the part that the timeline shows; and the legend.

const overviewX = (at, width) => (at + span * .02) / (span * 1.04) * width;
let activity = null;

// Exits of all vCPUs by time.
function activityOf()
{
	const sums = new Map(), found = new Set();

	for (const lane of lanes)
		for (const b of lane.buckets) {
			sums.set(b.index, (sums.get(b.index) || 0) + b.exits);
			if (b.findings)
				found.add(b.index);
		}
	return { sums, found, most: Math.max(1, ...sums.values()) };
}

function drawOverview()
{
	const canvas = byId('overview'), width = canvas.clientWidth || 800, height = 44, pen = penOf(canvas, width, height);

	activity = activity || activityOf();
	pen.fillStyle = colour.page;
	pen.fillRect(0, 0, width, height);
	pen.fillStyle = colour.host;
	for (const [index, exits] of activity.sums) {
		const x = overviewX(index * data.width, width), tall = 28 * Math.log1p(exits) / Math.log1p(activity.most);
		pen.fillRect(x, height - 2 - tall, Math.max(1, overviewX((index + 1) * data.width, width) - x), tall);
	}
	// Those that are not listed too; which severity they have is not kept.
	pen.fillStyle = colour.soft;
	for (const index of activity.found)
		pen.fillRect(overviewX((index + .5) * data.width, width) - 1, 2, 2, 6);
	for (const f of data.findings) {
		if (f.at === undefined)
			continue;
		pen.fillStyle = colour[f.severity];
		pen.fillRect(overviewX(f.at, width) - 1, 2, 2, f === chosen.finding ? 40 : 12);
	}
	const left = overviewX(view.from, width), right = Math.max(left + 3, overviewX(view.to, width));
	pen.globalAlpha = .16;
	pen.fillStyle = colour.accent;
	pen.fillRect(left, 0, right - left, height);
	pen.globalAlpha = 1;
	pen.strokeStyle = colour.accent;
	pen.lineWidth = 2;
	pen.strokeRect(left + 1, 1, Math.max(1, right - left - 2), height - 2);
}

function listenToOverview()
{
	const canvas = byId('overview');
	let down = false;
	const move = (event) => {
		const middle = event.offsetX / canvas.clientWidth * span * 1.04 - span * .02, half = (view.to - view.from) / 2;
		setView(middle - half, middle + half);
	};

	canvas.addEventListener('pointerdown', (event) => {
		down = true;
		canvas.setPointerCapture(event.pointerId);
		move(event);
	});
	canvas.addEventListener('pointermove', (event) => down && move(event));
	canvas.addEventListener('pointerup', () => { down = false; });
	canvas.addEventListener('pointercancel', () => { down = false; });
}

function drawLegend()
{
	const sign = (kind, more) => (pen) => drawSign(pen, { kind, ...more }, 13, more && more.nmi ? 16 : 11);
	const items = [
		['must be 1', (pen) => drawMust(pen, MUST.BE_1, 1, 3, 24, 14)],
		['must be 0', (pen) => drawMust(pen, MUST.BE_0, 1, 3, 24, 14)],
		['must not change', (pen) => drawMust(pen, MUST.NOT_CHANGE, 1, 3, 24, 14)],
		['was 1', (pen) => drawLevel(pen, YES, 1, 2, 24, 16)],
		['was 0', (pen) => drawLevel(pen, NO, 1, 2, 24, 16)],
		['changed in between', (pen) => drawSlope(pen, YES, 1, 2, 24, 16)],
		['unknown', (pen) => drawLevel(pen, UNKNOWN, 1, 2, 24, 16)],
		['exit', sign(KIND.EXIT)], ['entry', sign(KIND.ENTRY)],
		['NMI injected, or its delivery interrupted', (pen) => disc(pen, 13, 10, 6, colour.nmi, 'N')],
		['exit to user space', sign(KIND.USER_EXIT)],
		['mask set', sign(KIND.MASK_WRITE)], ['mask read', sign(KIND.MASK_READ)],
		['VMCS read', sign(KIND.BLOCKED_READ)], ['events set', sign(KIND.EVENTS_WRITE)],
		['records lost', (pen) => drawSign(pen, { kind: KIND.LOST }, 9, 14)],
		['error', (pen) => drawFlag(pen, 'error', 13, 10)], ['warning', (pen) => drawFlag(pen, 'warning', 13, 10)],
		['note', (pen) => drawFlag(pen, 'note', 13, 10)],
	];
	if (PT_ROOM) {
		const saw = (kind, more) => (pen) => drawWitness(pen,
			{ kind: KIND.WITNESS, has: 0, flags: 0, fields: [0, 0, 0, 0, VECTOR_NMI, kind], ...more }, 13, 10);
		items.push(['PT: NMI delivered', saw(SAW.INTERRUPT, { has: HAS.INTR_INFO })],
			['PT: IRET completed', saw(SAW.IRET)], ['PT: exit', saw(SAW.EXIT)],
			['PT: exit at an IRET', saw(SAW.EXIT, { has: HAS.MASKED, flags: FLAG.MASKED })],
			['PT: entry', saw(SAW.ENTRY)], ['PT: other event', saw(SAW.INTERRUPT)], ['PT: gap', saw(SAW.GAP)]);
	}
	if (data.findings.some((f) => f.evidence === 'predicted'))
		items.push(['predicted by a policy, not seen', (pen) => drawFlag(pen, 'error', 13, 10, false, true)]);

	byId('legend').replaceChildren(...items.map(([text, draw]) => {
		const canvas = el('canvas', { 'aria-hidden': 'true' });
		canvas.style.width = '26px';
		draw(penOf(canvas, 26, 20));
		return el('li', {}, canvas, text);
	}));
}
