// SPDX-License-Identifier: BSD-2-Clause
// Colours, patterns and signs that the timeline is drawn with. Nothing is told by colour alone: a level
// that is known is high or low, what is not known is hatched, and every sign has a shape or letter of its own.

const COLOURS = ['paper', 'page', 'ink', 'soft', 'line', 'faint', 'accent', 'accent-soft', 'error', 'error-soft', 'warning', 'note',
	'good', 'blocked', 'blocked-ink', 'open', 'unknown', 'must', 'must-ink', 'host', 'guest', 'nmi', 'lost'];
const FONT = 'system-ui, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';
let colour = {}, hatch = null;

function readColours()
{
	const style = getComputedStyle(document.documentElement);

	for (const name of COLOURS)
		colour[name] = style.getPropertyValue('--' + name).trim();
	const tile = document.createElement('canvas');
	tile.width = tile.height = 6;
	const pen = tile.getContext('2d');
	pen.strokeStyle = colour.unknown;
	pen.lineWidth = 1;
	pen.beginPath();
	pen.moveTo(-1, 7);
	pen.lineTo(7, -1);
	pen.moveTo(-1, 1);
	pen.lineTo(1, -1);
	pen.moveTo(5, 7);
	pen.lineTo(7, 5);
	pen.stroke();
	hatch = tile;
}

// Fits a canvas to its place and the screen's pixels; returns its pen, which counts in CSS pixels.
function penOf(canvas, width, height)
{
	const ratio = window.devicePixelRatio || 1;

	if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
		canvas.width = Math.round(width * ratio);
		canvas.height = Math.round(height * ratio);
		canvas.style.height = height + 'px';
	}
	const pen = canvas.getContext('2d');
	pen.setTransform(ratio, 0, 0, ratio, 0, 0);
	return pen;
}

function drawHatch(pen, x, y, width, height)
{
	pen.fillStyle = pen.createPattern(hatch, 'repeat');
	pen.fillRect(x, y, width, height);
}

// Text, only where it has room.
function drawText(pen, text, x, y, room, fill, size, weight)
{
	pen.font = (weight || 400) + ' ' + (size || 11) + 'px ' + FONT;
	if (pen.measureText(text).width > room)
		return;
	pen.fillStyle = fill;
	pen.textBaseline = 'middle';
	pen.fillText(text, x, y);
}

function cutText(pen, text, room)
{
	if (pen.measureText(text).width <= room)
		return text;
	let length = text.length;
	while (length > 1 && pen.measureText(text.slice(0, length) + '\u2026').width > room)
		length--;
	return text.slice(0, length) + '\u2026';
}

// Blocking as a level: high and filled for 1, a line below for 0, hatched where it is not known, a slope for a change.
function drawLevel(pen, state, x, y, width, height)
{
	const wide = Math.max(width, 1);

	if (state === YES) {
		pen.fillStyle = colour.blocked;
		pen.fillRect(x, y, wide, height);
	} else if (state === NO) {
		pen.fillStyle = colour.open;
		pen.fillRect(x, y, wide, height);
		pen.fillStyle = colour.blocked;
		pen.fillRect(x, y + height - 2, wide, 2);
	} else {
		drawHatch(pen, x, y, wide, height);
	}
}

function drawSlope(pen, from, x, y, width, height)
{
	pen.fillStyle = colour.open;
	pen.fillRect(x, y, Math.max(width, 1), height);
	pen.fillStyle = colour.blocked;
	pen.beginPath();
	pen.moveTo(x, y + height);
	pen.lineTo(from === YES ? x : x + width, y);
	pen.lineTo(x + width, y + height);
	pen.closePath();
	pen.fill();
}

// What must be: a frame that holds its value.
function drawMust(pen, must, x, y, width, height)
{
	const wide = Math.max(width, 2);

	if (must === MUST.BE_1) {
		pen.fillStyle = colour.must;
		pen.fillRect(x, y, wide, height);
	} else if (must === MUST.BE_0) {
		pen.strokeStyle = colour.must;
		pen.lineWidth = 1.5;
		pen.strokeRect(x + .75, y + .75, Math.max(wide - 1.5, .5), height - 1.5);
		pen.fillStyle = colour.must;
		pen.fillRect(x, y + height - 3, wide, 3);
	} else if (must === MUST.NOT_CHANGE) {
		pen.fillStyle = colour.must;
		pen.fillRect(x, y + height / 2 - .5, wide, 1);
	}
}

function disc(pen, x, y, radius, fill, letter)
{
	pen.fillStyle = fill;
	pen.beginPath();
	pen.arc(x, y, radius, 0, 7);
	pen.fill();
	if (letter) {
		pen.font = '700 ' + Math.round(radius * 1.5) + 'px ' + FONT;
		pen.fillStyle = colour.paper;
		pen.textAlign = 'center';
		pen.textBaseline = 'middle';
		pen.fillText(letter, x, y + .5);
		pen.textAlign = 'left';
	}
}

// The sign of a record: exits point down (to the host), entries up (to the guest).
function drawSign(pen, r, x, y)
{
	pen.fillStyle = colour.ink;
	switch (r.kind) {
	case KIND.EXIT:
	case KIND.ENTRY: {
		const down = r.kind === KIND.EXIT ? 1 : -1;
		pen.fillStyle = colour.soft;
		pen.beginPath();
		pen.moveTo(x - 4, y - 4 * down);
		pen.lineTo(x + 4, y - 4 * down);
		pen.lineTo(x, y + 4 * down);
		pen.closePath();
		pen.fill();
		if (r.nmi)
			disc(pen, x, y - 10, 6, colour.nmi, 'N');
		break;
	}
	case KIND.USER_EXIT:
		pen.fillRect(x - 3.5, y - 3.5, 7, 7);
		break;
	case KIND.LOST:
		pen.fillStyle = colour.lost;
		pen.fillRect(x - 1.5, y - 12, 3, 18);
		drawText(pen, '?', x + 4, y - 6, 20, colour.lost, 12, 700);
		break;
	default: {
		const letter = { 3: 'M', 4: 'm', 5: 'b', 6: 'E' }[r.kind];
		pen.strokeStyle = colour.soft;
		pen.lineWidth = 1;
		pen.strokeRect(x - 5.5, y - 6.5, 11, 12);
		pen.textAlign = 'center';
		drawText(pen, letter, x, y, 20, colour.ink, 10, 600);
		pen.textAlign = 'left';
	}
	}
}

// What Intel PT saw: an NMI as among the records; else a letter in a ring; a large X is an exit at an IRET.
function drawWitness(pen, r, x, y)
{
	if (sawNmi(r)) {
		disc(pen, x, y, 6, colour.nmi, 'N');
		return;
	}
	const iret = sawOf(r) === SAW.EXIT && (r.has & HAS.MASKED) && (r.flags & FLAG.MASKED);
	const letter = ['', 'i', 'a', 'R', iret ? 'X' : 'x', 'e', '!', '?'][sawOf(r)];
	pen.strokeStyle = sawOf(r) === SAW.GAP ? colour.lost : colour.soft;
	pen.lineWidth = 1;
	pen.beginPath();
	pen.arc(x, y, 6, 0, 7);
	pen.stroke();
	pen.textAlign = 'center';
	drawText(pen, letter, x, y + .5, 20, colour.ink, 10, 600);
	pen.textAlign = 'left';
}

// A finding: a flag with a shape for each severity; hollow where a policy predicts it and nobody saw it.
function drawFlag(pen, severity, x, y, chosen, predicted)
{
	const fill = colour[severity];

	pen.fillStyle = fill;
	pen.beginPath();
	if (severity === 'error') {
		pen.moveTo(x, y - 8);
		pen.lineTo(x + 8, y);
		pen.lineTo(x, y + 8);
		pen.lineTo(x - 8, y);
	} else if (severity === 'warning') {
		pen.moveTo(x, y - 8);
		pen.lineTo(x + 8, y + 7);
		pen.lineTo(x - 8, y + 7);
	} else {
		pen.arc(x, y, 7, 0, 7);
	}
	pen.closePath();
	if (predicted) {
		pen.fillStyle = colour.paper;
		pen.strokeStyle = fill;
		pen.lineWidth = 1.5;
		pen.stroke();
	}
	pen.fill();
	if (chosen) {
		pen.strokeStyle = colour.ink;
		pen.lineWidth = 2;
		pen.stroke();
	}
	pen.textAlign = 'center';
	drawText(pen, severity === 'error' ? '\u00d7' : severity === 'warning' ? '!' : 'i', x, y + .5, 20,
		predicted ? fill : colour.paper, 12, 700);
	pen.textAlign = 'left';
}
