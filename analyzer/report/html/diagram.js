// SPDX-License-Identifier: BSD-2-Clause
// The decision diagram of "NMI unblocking due to IRET" as SVG: the whole of it, with the path that one exit takes.

const SVG = 'http://www.w3.org/2000/svg';
const NODE = { FAILED: 0, FIELD: 1, CONTROLS: 2, IDTV: 3, DOUBLE_FAULT: 4, BIT12: 5 };
const PLACES = { NOWHERE: 0, INTR_INFO: 1, QUALIFICATION: 2, UNKNOWN: 3 };
const ANSWERS = ['no', 'yes', 'not known'];
const SPINE = 330, SIDE = 815, WIDE = 400, SIDE_WIDE = 220;

function svg(tag, attributes, ...children)
{
	const element = document.createElementNS(SVG, tag);

	for (const [name, value] of Object.entries(attributes || {}))
		if (value !== undefined)
			element.setAttribute(name, value);
	element.append(...children);
	return element;
}

function wrap(text, most, lines)
{
	const out = [''];

	for (const word of text.split(' ')) {
		const last = out[out.length - 1];
		if (!last.length || last.length + word.length < most)
			out[out.length - 1] = last ? last + ' ' + word : word;
		else
			out.push(word);
	}
	if (out.length > lines) {
		out.length = lines;
		out[lines - 1] = out[lines - 1].slice(0, most - 1) + '\u2026';
	}
	return out;
}

// A box with a bold first part and what it was decided by; MORE holds classes, such as "taken".
function box(x, y, width, height, heading, text, more, shape)
{
	const most = Math.floor((width - 26) / 6.6), bold = heading ? wrap(heading, Math.floor(most * .93), 2) : [];
	const rest = text ? wrap(text, most, Math.max(1, Math.floor((height - 12) / 16) - bold.length)) : [];
	const lines = [...bold.map((line) => [line, 'question']), ...rest.map((line) => [line, ''])];
	const left = x - width / 2, group = svg('g', { class: ('node ' + (more || '')).trim() });
	const corner = 14;

	group.append(shape === 'question' ? svg('path', { class: 'box', d: `M${left + corner} ${y}H${left + width - corner}` +
		`L${left + width} ${y + height / 2}L${left + width - corner} ${y + height}H${left + corner}L${left} ${y + height / 2}Z` }) :
		svg('rect', { class: 'box', x: left, y, width, height, rx: shape === 'end' ? Math.min(height / 2.6, 26) : 6 }));
	lines.forEach(([line, kind], i) => group.append(svg('text', { class: kind || undefined, x,
		y: y + height / 2 + 4.5 + (i - (lines.length - 1) / 2) * 16, 'text-anchor': 'middle' }, line)));
	group.append(svg('title', {}, [heading, text].filter(Boolean).join(' ')));
	return group;
}

// An edge along POINTS with a tip at its end and a label near its beginning.
function edge(points, label, state, labelAt)
{
	const kind = state ? ' ' + state : '', [x, y] = points[points.length - 1], [px, py] = points[points.length - 2];
	const dx = Math.sign(x - px), dy = Math.sign(y - py);
	const group = svg('g', {}, svg('path', { class: 'edge' + kind, d: 'M' + points.map((p) => p.join(' ')).join('L') }),
		svg('path', { class: 'tip' + kind, d: `M${x} ${y}L${x - 9 * dx - 5 * dy} ${y - 9 * dy - 5 * dx}L${x - 9 * dx + 5 * dy} ${y - 9 * dy + 5 * dx}Z` }));

	if (label) {
		const [lx, ly] = labelAt || [points[0][0] + 8, points[0][1] + 17];
		group.append(svg('text', { class: 'edge-label' + kind, x: lx, y: ly }, label));
	}
	return group;
}

// Where the path goes: which step is reached, and by which answer it is left. "unsure" where an answer is not known.
function pathOf(c)
{
	const steps = new Map(c.steps.map((s) => [s[0], s[1]]));
	const path = { reached: new Set(), end: null, unsure: new Set() };
	let unsure = false;
	const reach = (node) => {
		path.reached.add(node);
		if (unsure)
			path.unsure.add(node);
		return steps.get(node);
	};

	if (reach(NODE.FAILED) === YES)
		return Object.assign(path, { end: 'failed' });
	unsure = steps.get(NODE.FAILED) === UNKNOWN;
	reach(NODE.FIELD);
	if (c.field === PLACES.NOWHERE)
		return Object.assign(path, { end: 'nowhere' });
	unsure = unsure || c.field === PLACES.UNKNOWN;
	for (const [node, bad] of [[NODE.CONTROLS, NO], [NODE.IDTV, YES], [NODE.DOUBLE_FAULT, YES]]) {
		const answer = reach(node);
		if (answer === bad)
			return Object.assign(path, { end: 'undefined' });
		unsure = unsure || answer === UNKNOWN;
	}
	const bit = reach(NODE.BIT12);
	unsure = unsure || bit === UNKNOWN;
	path.end = bit === NO && !unsure ? 'zero' : c.unblocked === YES ? 'unblocked' : bit === NO ? 'zero' : 'open';
	return path;
}

const BRANCH = { yes: YES, no: NO };

function drawQuestions(into, c, path)
{
	const steps = new Map(c.steps.map((s) => [s[0], s]));
	const y = { [NODE.FAILED]: 76, [NODE.FIELD]: 182, [NODE.CONTROLS]: 396, [NODE.IDTV]: 502, [NODE.DOUBLE_FAULT]: 608, [NODE.BIT12]: 714 };
	const tall = 74;
	const state = (node) => !path.reached.has(node) ? '' : path.unsure.has(node) ? 'taken unsure' : 'taken';
	const edgeState = (from, answer) => {
		if (!path.reached.has(from))
			return '';
		const said = steps.get(from)[1];
		return said === BRANCH[answer] ? (path.unsure.has(from) ? 'unsure' : 'taken') : said === UNKNOWN ? 'unsure' : '';
	};
	const question = (node, text) => {
		const s = steps.get(node);
		into.append(box(SPINE, y[node], WIDE, tall, text + (s ? '  ' + ANSWERS[s[1]] : ''), s ? str(s[2 + 1]) : '', state(node), 'question'));
	};
	const down = (node, to, answer, label) => into.append(edge([[SPINE, y[node] + tall], [SPINE, to]], label || answer, edgeState(node, answer)));
	const side = (node, answer, at, label) => into.append(edge([[SPINE + WIDE / 2, y[node] + tall / 2], [SIDE - SIDE_WIDE / 2, y[node] + tall / 2]],
		label || answer, at || edgeState(node, answer), [SPINE + WIDE / 2 + 10, y[node] + tall / 2 - 7]));
	const end = (name, top, height, heading, text) => into.append(box(SIDE, top, SIDE_WIDE, height, heading, text,
		path.end === name ? 'taken' + (name === 'undefined' ? ' unsure' : '') : '', 'end'));

	into.append(edge([[SPINE, 52], [SPINE, y[NODE.FAILED]]], '', 'taken'));
	into.append(box(SPINE, 8, WIDE, 44, 'VM exit #' + c.exit, '', 'taken', 'end'));
	question(NODE.FAILED, 'Did the VM entry fail?');
	side(NODE.FAILED, 'yes');
	end('failed', y[NODE.FAILED] + 8, 58, 'Nothing ran', 'The other fields mean nothing');
	down(NODE.FAILED, y[NODE.FIELD], 'no');
	question(NODE.FIELD, 'Does this exit have a field for bit 12?');
	side(NODE.FIELD, 'no');
	end('nowhere', y[NODE.FIELD] + 8, 58, 'Nowhere', 'No word of an IRET here');
	const fault = c.field === PLACES.INTR_INFO, qualification = c.field === PLACES.QUALIFICATION;
	const places = [[SPINE - 108, fault, 'red', 'VM-exit interruption information', 'a fault'],
		[SPINE + 108, qualification, 'green', 'Exit qualification', 'EPT violation, PML-full, SPP, notify']];
	for (const [x, taken, name, heading, text] of places) {
		const said = taken ? 'taken' : c.field === PLACES.UNKNOWN && path.reached.has(NODE.FIELD) ? 'unsure' : '';
		into.append(edge([[x, y[NODE.FIELD] + tall], [x, 296]], 'yes', said));
		into.append(box(x, 296, 202, 62, heading, text, name + (taken ? ' taken' : '')));
		into.append(edge([[x, 358], [x, y[NODE.CONTROLS]]], '', said));
	}
	question(NODE.CONTROLS, '\u201cNMI exiting\u201d 0 or \u201cvirtual NMIs\u201d 1?');
	question(NODE.IDTV, 'Is the IDT-vectoring information valid?');
	question(NODE.DOUBLE_FAULT, 'Is the exit due to a double fault?');
	side(NODE.CONTROLS, 'no');
	side(NODE.IDTV, 'yes');
	side(NODE.DOUBLE_FAULT, 'yes');
	const bit = steps.get(NODE.BIT12);
	end('undefined', y[NODE.CONTROLS], y[NODE.DOUBLE_FAULT] + tall - y[NODE.CONTROLS], 'Bit 12 is undefined',
		'It can be anything and must not be used.' + (bit && path.end === 'undefined' ? ' Here it is ' + ['0', '1', 'not known'][bit[1]] + '.' : ''));
	down(NODE.CONTROLS, y[NODE.IDTV], 'yes');
	down(NODE.IDTV, y[NODE.DOUBLE_FAULT], 'no');
	down(NODE.DOUBLE_FAULT, y[NODE.BIT12], 'no');
	question(NODE.BIT12, 'Is bit 12 set?');
	side(NODE.BIT12, 'no');
	end('zero', y[NODE.BIT12] + 4, 66, 'No IRET unblocked', 'Bit 12 is defined and 0');
	down(NODE.BIT12, 830, 'yes');
	into.append(box(SPINE, 830, WIDE, 62, path.end === 'open' ? 'Not known' : 'The IRET has unblocked NMIs',
		path.end === 'open' ? 'Fields that were not seen leave it open' : 'and did not complete: it will run again',
		path.end === 'unblocked' ? 'taken' : path.end === 'open' ? 'taken unsure' : '', 'end'));
	return { [NODE.FAILED]: y[NODE.FAILED] + 37, nowhere: y[NODE.FIELD] + 37, zero: y[NODE.BIT12] + 37 };
}

// What follows: the row of section 2, what it requires, what was seen.
function drawRules(into, c, path)
{
	const required = new Map(c.required.map((line) => [str(line[0]), line]));
	const line = (name) => required.has(name) ? str(required.get(name)[1]) : '';
	const rows = [...required.keys()].filter((name) => /^(no )?row/.test(name));
	const fromSide = path.end !== 'unblocked' && path.end !== 'open';
	const top = 934, middle = (SPINE + SIDE) / 2 - 40, wide = 820;
	const sideBottom = { failed: 142, nowhere: 248, undefined: 682, zero: 784 }[path.end];

	into.append(edge([[SPINE, 892], [SPINE, top]], '', fromSide ? '' : path.end === 'open' ? 'unsure' : 'taken'));
	const lane = SIDE + SIDE_WIDE / 2 + 18;
	into.append(edge([[SIDE + SIDE_WIDE / 2, (sideBottom || 784) - 20], [lane, (sideBottom || 784) - 20], [lane, top + 30], [middle + wide / 2, top + 30]],
		'', fromSide ? 'taken' : ''));
	const entry = c.entry === undefined ? line('') :
		'The entry injects ' + line('the entry injects') + '; the guest resumes ' + line('the guest resumes') + '.' +
		(c.between.length ? ' Between: ' + c.between.map(str).join('; ') + '.' : '');
	into.append(box(middle, top, wide, 62, c.entry === undefined ? 'The entry' : 'VM entry #' + c.entry, entry, c.entry === undefined ? '' : 'taken'));
	into.append(edge([[middle, top + 62], [middle, top + 92]], '', c.entry === undefined ? '' : 'taken'));
	into.append(box(middle, top + 92, wide, 62, 'Section 2, ' + (rows.length ? rows[0] : 'no row'), rows.length ? line(rows[0]) : '',
		c.entry === undefined ? '' : 'taken'));
	const seen = required.get('seen at the entry'), right = seen ? seen[3] : UNKNOWN;
	const missed = c.judged === JUDGED.MISSED - 1, held = c.judged === JUDGED.REBLOCKED - 1 || c.judged === JUDGED.REFLECTED - 1;
	const verdict = right === NO || missed ? 'taken bad' : right === YES || held ? 'taken good' : 'taken unsure';
	const evidence = line('seen at the entry').includes('absent') && (missed || c.judged === JUDGED.REBLOCKED - 1) ?
		'not recorded at the entry; the evidence says ' + (missed ? 0 : 1) : '';
	const ends = [['Required', line('required') || MUST_TEXT[c.must], c.must === MUST.UNKNOWN ? 'taken unsure' : 'taken'],
		['Was', evidence || [line('seen at the exit') && 'at the exit: ' + line('seen at the exit'), line('seen at the entry') && 'at the entry: ' + line('seen at the entry')]
			.filter(Boolean).join('; ') || 'no entry was seen', seen ? verdict : 'taken unsure'],
		['Audit', c.judgement === undefined ? (right === NO ? 'not what is required' : right === YES ? 'as required' : 'nothing to judge here') :
			str(c.judgement), verdict]];
	ends.forEach(([heading, text, state], i) => {
		const x = middle - wide / 2 + 130 + i * 280, taken = c.entry === undefined ? '' : 'taken';
		into.append(edge([[x, top + 154], [x, top + 188]], '', taken));
		into.append(box(x, top + 188, 260, 100, (state.includes('bad') ? '\u2716 ' : state.includes('good') ? '\u2714 ' : '') + heading, text, state, 'end2'));
	});
}

function diagramOf(c)
{
	const path = pathOf(c);
	const picture = svg('svg', { id: 'diagram', viewBox: '96 0 880 1236', role: 'img', 'aria-labelledby': 'diagram-title' },
		svg('title', { id: 'diagram-title' }, 'The decision diagram with the path of exit #' + c.exit + ': ' + str(c.outcome)));

	drawQuestions(picture, c, path);
	drawRules(picture, c, path);
	// Edges first, so that boxes lie on them; those of the path last of their kind.
	for (const edgeGroup of [...picture.querySelectorAll('g > .edge.taken')].map((one) => one.parentNode))
		picture.append(edgeGroup);
	for (const node of [...picture.querySelectorAll('.node')])
		picture.append(node);
	return picture;
}
