// SPDX-License-Identifier: BSD-2-Clause
// The list of findings with its filters, and the explanation beside it.

const filter = { kind: '', severity: '', lane: '' };

function buildFilters()
{
	const choice = (name, label, values) => {
		if (values.length < 2)
			return;
		const select = el('select', { id: 'filter-' + name }, el('option', { value: '' }, 'all'),
			...values.map(([value, text]) => el('option', { value }, text)));
		select.addEventListener('change', () => {
			filter[name] = select.value;
			showList();
		});
		byId('filters').append(el('label', {}, label + ' ', select));
	};
	const count = (of) => {
		const counts = new Map();
		for (const f of data.findings)
			counts.set(of(f), (counts.get(of(f)) || 0) + 1);
		return [...counts].map(([value, n]) => [value, value + ' (' + n + ')']);
	};

	choice('kind', 'Kind', count((f) => f.kind));
	choice('severity', 'Severity', count((f) => f.severity));
	choice('lane', 'vCPU', count((f) => 'vm ' + f.vm + ' vCPU ' + f.vcpu));
	byId('filters').append(el('output', { id: 'filtered' }));
	byId('filters').hidden = !data.findings.length;
	for (const button of byId('toolbar').querySelectorAll('[data-do=previous], [data-do=next]'))
		button.disabled = !data.findings.length;
}

const passes = (f) => (!filter.kind || f.kind === filter.kind) && (!filter.severity || f.severity === filter.severity) &&
	(!filter.lane || 'vm ' + f.vm + ' vCPU ' + f.vcpu === filter.lane);

function showList()
{
	const shown = data.findings.filter(passes);

	byId('filtered').textContent = shown.length + ' of ' + data.findings.length + ' listed';
	byId('list').replaceChildren(...shown.map((f) => {
		const button = el('button', { type: 'button', class: f.severity, 'data-finding': f.id, onclick: () => chooseFinding(f, true),
			'aria-current': f === chosen.finding ? 'true' : undefined },
		el('span', { class: 'head' }, f.severity + ': ' + f.kind, el('span', {}, f.evidence)),
		el('span', { class: 'where' }, laneName(f.vm, f.vcpu, f.lane && f.lane.name) +
			(f.at === undefined ? '' : ', +' + duration(f.at)) + (f.records.length ? ', #' + f.records[0] : '')));
		return el('li', {}, button);
	}));
	const unlisted = Object.entries(data.unlisted);
	byId('unlisted').textContent = unlisted.length ? 'Not listed here, as there are too many: ' +
		unlisted.map(([kind, n]) => grouped(n) + ' ' + kind).join(', ') + '. reblock audit prints all of them.' : '';
	if (!data.findings.length)
		byId('explanation').replaceChildren(el('p', {}, 'Nothing wrong was found. A click on an exit with bit 12 in the timeline explains it.'));
}

function recordButton(number, lane)
{
	const r = lane && lane.byNumber.get(number);

	if (!r)
		return el('span', { class: 'record mono' }, '#' + number);
	return el('button', { type: 'button', class: 'record mono', title: titleOf(r), onclick: () => {
		chosen.record = r;
		goTo(lane, r.at, r.at);
		byId('time').scrollIntoView({ block: 'start' });
	} }, '#' + number);
}

// What Intel PT shows right before the exit and after the entry of a case, as far as these records are on the page.
function witnessesOf(c)
{
	const AFTER = 4; // as reblock explain shows
	const all = c.lane ? c.lane.records : [];
	const exit = all.findIndex((r) => r.number === c.exit);
	const entry = c.entry === undefined ? -1 : all.findIndex((r) => r.number === c.entry);
	const shown = [];

	if (exit > 0 && all[exit - 1].kind === KIND.WITNESS && !all[exit].gap)
		shown.push(['before the exit', all[exit - 1]]);
	for (let i = entry + 1; entry >= 0 && i < all.length && i <= entry + AFTER; i++) {
		if (all[i].kind !== KIND.WITNESS || all[i].gap)
			break;
		shown.push([i === entry + 1 ? 'after the entry' : 'then', all[i]]);
	}
	return shown;
}

function witnessParts(shown, lane)
{
	return shown.length ? [el('h3', {}, 'What Intel PT shows'), el('dl', {}, ...shown.flatMap(([when, r]) =>
		[el('dt', {}, when), el('dd', {}, recordButton(r.number, lane), ' ' + witnessText(r))]))] : [];
}

// The same as reblock explain prints.
function inWords(c)
{
	const steps = el('ol', {}, ...c.steps.map((s) => el('li', {}, str(s[2]) + ' ', el('b', {}, ANSWERS[s[1]]),
		el('p', {}, str(s[3])), s[4] < 0 ? '' : el('p', {}, '\u2192 ' + str(s[4])))));
	const lines = el('dl', {});
	const lies = c.lane && c.entry !== undefined ? c.lane.records.filter((r) => r.number > c.exit && r.number < c.entry) : [];

	for (const [label, text, important, asRequired] of c.required)
		lines.append(el('dt', {}, str(label)), el('dd', {}, important ? el('b', {}, str(text)) : str(text),
			asRequired === YES ? el('span', { class: 'ok' }, ': as required') :
				asRequired === NO ? el('span', { class: 'bad' }, ': not what is required') : ''));
	const between = [...lies.map((r) => [recordButton(r.number, c.lane), titleOf(r).replace(/^#\d+ /, '')]), ...c.between.map((n) => [str(n)])];
	return [el('h3', {}, 'What the processor says'), steps, el('p', {}, el('b', {}, str(c.outcome))),
		between.length ? el('h3', {}, 'Between exit and entry') : '',
		between.length ? el('ul', { class: 'plain' }, ...between.map((parts) => el('li', {}, ...parts))) : '',
		el('h3', {}, 'What the VMM must do'), lines, ...witnessParts(witnessesOf(c), c.lane),
		c.judgement === undefined ? '' : el('p', {}, 'The audit: ' + str(c.judgement) + '.')];
}

function caseParts(c)
{
	const fields = (title, r) => r ? el('details', {}, el('summary', {}, title),
		el('dl', {}, ...recordRows(r).flatMap(([name, value]) => [el('dt', {}, name), el('dd', { class: 'mono' }, value)]))) : '';

	return [diagramOf(c), ...inWords(c),
		c.lane ? fields('The fields of the exit, #' + c.exit, c.lane.byNumber.get(c.exit)) : '',
		c.lane && c.entry !== undefined ? fields('The fields of the entry, #' + c.entry, c.lane.byNumber.get(c.entry)) : ''];
}

// Instead of a case: what Intel PT shows, if nothing else is evidence, or where to look.
function withoutCase(f)
{
	const seen = f.records.map((n) => f.lane && f.lane.byNumber.get(n));
	const command = el('code', {}, 'reblock explain ' + data.file + '#' + (f.records[0] === undefined ? 'N' : f.records[0]));

	if (seen.length && seen.every((r) => r && r.kind === KIND.WITNESS))
		return [...witnessParts(seen.map((r, i) => [i ? 'then' : 'first', r]), f.lane),
			el('p', { class: 'remark' }, 'Intel PT alone shows this: no record of an exit is needed for it.')];
	return [el('p', { class: 'remark' }, 'The exit of this finding is not on this page; ', command, ' explains it.')];
}

function showFinding(f)
{
	const facts = el('dl', {});
	const fact = (name, ...value) => facts.append(el('dt', {}, name), el('dd', {}, ...value));

	fact('where', laneName(f.vm, f.vcpu, f.lane && f.lane.name) + (f.t === undefined ? '' : ', at ' + clock(Number(BigInt(f.t) - BigInt(data.t0)))));
	fact('rule', f.rule + ' (docs/rules.md)');
	fact('evidence', f.evidence + ': ' + str(f.evidence_text));
	if (f.policy)
		fact('policy', f.policy);
	fact('records', ...f.records.map((n) => recordButton(n, f.lane)));
	for (const [name, text] of f.assumes)
		fact('assumes', name + ': ' + str(text));
	const rest = f.case ? caseParts(f.case) : withoutCase(f);
	byId('explanation').replaceChildren(el('h3', {}, el('span', { class: 'badge ' + f.severity }, f.severity), ' ' + f.kind),
		el('p', { class: 'why' }, f.why), facts, ...rest);
}

function explainRecord(r)
{
	const c = caseOfExit.get(r.lane.id + ':' + r.number);

	if (!c)
		return;
	choose(null);
	byId('explanation').replaceChildren(el('h3', {}, titleOf(r)), el('p', { class: 'why' }, laneName(r.lane.vm, r.lane.vcpu, r.lane.name) +
		', +' + duration(r.at)), ...caseParts(c));
}

function choose(f)
{
	chosen.finding = f;
	for (const button of byId('list').querySelectorAll('button')) {
		if (f && button.dataset.finding === String(f.id))
			button.setAttribute('aria-current', 'true');
		else
			button.removeAttribute('aria-current');
	}
	redraw();
}

// Shows a finding; MOVE: and its place.
function chooseFinding(f, move)
{
	chosen.record = null;
	choose(f);
	showFinding(f);
	byId('said').textContent = 'Finding ' + (f.id + 1) + ', ' + f.kind + ': ' + f.why;
	if (move && f.lane && f.shown.length)
		goTo(f.lane, f.shown[0].at, f.shown[f.shown.length - 1].at);
	else if (move && f.lane && f.at !== undefined)
		goTo(f.lane, f.at, f.at);
	const button = byId('list').querySelector('[aria-current]');
	if (button && !move)
		button.scrollIntoView({ block: 'nearest' });
	// Not all viewers let a page change its address.
	try {
		history.replaceState(null, '', '#finding-' + f.id);
	} catch {
		return;
	}
}

function stepFinding(by)
{
	const shown = data.findings.filter(passes);

	if (!shown.length)
		return;
	const at = shown.indexOf(chosen.finding);
	chooseFinding(shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : (at + by + shown.length) % shown.length], true);
}
