// SPDX-License-Identifier: BSD-2-Clause
// The head of the page and the numbers.

const sumOf = (rows, column) => rows.reduce((sum, row) => sum + row[column], 0);

function showVerdict()
{
	const [, warnings, errors] = data.severities;
	const incomplete = !data.total.exits || data.damages || data.losses || data.total.lost || data.total.out_of_order ||
		data.total.unjudged.length || data.total.possible.length;
	const [state, sign] = errors ? ['error', '\u2716'] : warnings || data.predicted_errors ? ['warning', '\u25b2'] :
		incomplete ? ['incomplete', '\u25d1'] : ['good', '\u2714'];

	byId('file').textContent = data.file;
	byId('verdict').className = state;
	byId('verdict').textContent = sign + '  ' + data.verdict;
	for (const [name, value] of data.source)
		byId('source').append(el('div', {}, el('dt', {}, name), el('dd', {}, value)));
}

function showCards()
{
	const t = data.total, [notes, warnings, errors] = data.severities;
	const unblocks = sumOf(t.unblocks, 1), unjudged = sumOf(t.unblocks, 5);
	const card = (value, text, state) => byId('cards').append(
		el('div', { class: 'card' + (state ? ' ' + state : '') }, el('b', {}, grouped(value)), el('span', {}, text)));

	card(errors, errors === 1 ? 'error' : 'errors', errors ? 'error' : 'good');
	card(warnings, warnings === 1 ? 'warning' : 'warnings', warnings ? 'warning' : '');
	card(notes, notes === 1 ? 'note' : 'notes');
	card(unblocks, unblocks === 1 ? 'IRET unblock' : 'IRET unblocks');
	card(sumOf(t.unblocks, 3), 're-blocks missed', sumOf(t.unblocks, 3) ? 'error' : '');
	card(sumOf(t.unblocks, 2), 're-blocked');
	card(sumOf(t.unblocks, 4), 'reflected');
	card(unjudged, 'not judged', unjudged ? 'warning' : '');
	card(data.records, data.records === 1 ? 'record' : 'records');
	card(t.lost + data.damages, 'lost or damaged places', t.lost || data.damages ? 'warning' : '');
}

function unblockTable(rows)
{
	const table = el('table', {}, el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, 'IRET unblocks'),
		...['all', 're-blocked', 'missed', 'reflected', 'not judged'].map((name) => el('th', { scope: 'col', class: 'n' }, name)))));
	const body = el('tbody', {});

	for (const [name, ...counts] of rows)
		body.append(el('tr', {}, el('th', { scope: 'row' }, name), ...counts.map((n, i) =>
			el('td', { class: 'n' + (i === 2 && n ? ' bad' : '') }, grouped(n)))));
	table.append(body);
	return table;
}

function sentenceList(title, rows)
{
	return rows.length ? [el('h3', {}, title), el('ul', { class: 'plain' }, ...rows.map((text) => el('li', {}, text)))] : [];
}

function showJudged()
{
	const t = data.total, into = byId('judged');
	const found = Object.entries(t.findings);

	if (t.unblocks.length)
		into.append(el('h3', {}, 'Judged'), el('div', { class: 'scroll' }, unblockTable(t.unblocks)));
	into.append(...sentenceList('Findings by kind', found.map(([kind, n]) => grouped(n) + ' ' + kind)));
	into.append(...sentenceList('Not judged, by cause', t.unjudged.map(([name, n, text]) =>
		plural(n, 'IRET unblock') + ': ' + str(text) + ' (' + name + ')')));
	into.append(...sentenceList('Exits of which it is not known whether they unblocked', t.possible.map(([name, n, text]) =>
		plural(n, 'exit') + ': ' + str(text) + ' (' + name + ')')));
	const lost = [];
	if (t.lost)
		lost.push('Records are missing at ' + plural(t.lost, 'place') + ', ' + grouped(t.lost_records) + ' or more.');
	if (t.out_of_order)
		lost.push(plural(t.out_of_order, 'record') + ' older than the one before.');
	if (data.damages)
		lost.push('The input is damaged at ' + plural(data.damages, 'place') + '.');
	into.append(...sentenceList('Lost', lost));
	into.append(...sentenceList('Intel PT', t.pt));
	into.append(...sentenceList('Assumed', t.assumes.map(([name, text]) => name + ': ' + str(text))));
	into.append(...sentenceList('What this recording could not tell', data.hints));
}

function showVcpus()
{
	const head = ['VM', 'vCPU', 'exits', 'entries', 'IRET unblocks', 're-blocked', 'missed', 'reflected', 'not judged',
		'interrupted NMI deliveries', 'lost places', 'findings'];
	const body = el('tbody', {});

	byId('vcpus').querySelector('summary').textContent = plural(data.n_vcpus, 'vCPU') + ', one by one';
	for (const v of data.vcpus) {
		const numbers = [v.exits, v.entries, ...[1, 2, 3, 4, 5].map((i) => sumOf(v.unblocks, i)), v.reinjections, v.lost,
			Object.values(v.findings).reduce((a, b) => a + b, 0)];
		body.append(el('tr', {}, el('td', {}, 'vm ' + v.vm + (v.name ? ' ' + v.name : '') + (v.pid ? ' (pid ' + v.pid + ')' : '')),
			el('td', { class: 'n' }, String(v.vcpu)),
			...numbers.map((n, i) => el('td', { class: 'n' + ((i === 4 || i === 9) && n ? ' bad' : '') }, grouped(n)))));
	}
	byId('vcpus').querySelector('.scroll').append(el('table', {}, el('thead', {}, el('tr', {},
		...head.map((name, i) => el('th', { scope: 'col', class: i ? 'n' : '' }, name)))), body));
	if (data.n_vcpus > data.vcpus.length)
		byId('vcpus').append(el('p', { class: 'remark' }, plural(data.n_vcpus - data.vcpus.length, 'more vCPU') +
			' not listed here; the terminal\u2019s summary has them.'));
}

function showRemarks()
{
	const remarks = [], kept = lanes.reduce((n, lane) => n + lane.records.length, 0);
	const all = lanes.reduce((n, lane) => n + lane.total, 0);

	if (kept < all)
		remarks.push('Of ' + grouped(all) + ' records this page has ' + grouped(kept) + ' whole: the first of the trace, and those around ' +
			'findings, IRET unblocks, NMIs and losses. Elsewhere the timeline shows counts per ' + duration(data.width) + '.');
	if (data.n_vcpus > lanes.length)
		remarks.push(plural(data.n_vcpus - lanes.length, 'more vCPU') + ' (' + plural(data.unshown, 'record') +
			') not on the timeline; all of them are audited and counted.');
	if (data.total.left_out)
		remarks.push('A filter has left out exits of which nothing can come, at ' + plural(data.total.left_out, 'place') +
			': all counts are of what was recorded.');
	if (data.untimed)
		remarks.push(plural(data.untimed, 'record') + ' without a time: each is drawn right after the one before it.');
	if (data.total.out_of_order)
		remarks.push('Records out of time order are drawn where the one before them is.');
	if (data.meanings_full)
		remarks.push('Some values are shown without the names of their bits: there are too many different ones.');
	byId('remarks').append(...remarks.map((text) => el('p', { class: 'remark' }, text)));
}

function showSummary()
{
	showVerdict();
	showCards();
	showJudged();
	showVcpus();
	showRemarks();
}
