// SPDX-License-Identifier: BSD-2-Clause
// Records, times and counts in words.

const KIND_WORDS = ['', 'exit', 'entry', 'mask_write', 'mask_read', 'blocked_read', 'events_write', 'user_exit', 'lost', 'meta',
	'witness'];
const KIND_TEXT = ['', 'VM exit', 'VM entry', 'The hypervisor sets its NMI mask', 'The hypervisor reports its NMI mask',
	'The hypervisor\u2019s own VMCS read', 'User space sets the vCPU\u2019s events', 'KVM_RUN returned to user space',
	'Records are missing here', '', 'Intel PT'];
const SAW_TEXT = ['', 'an event was delivered', 'an asynchronous branch', 'an IRET completed', 'VM exit', 'VM entry',
	'SMI, RSM, INIT or the like', 'a gap: nothing was seen up to here'];
const VECTOR_NMI = 2;
const KNOWN_TEXT = ['', 'saved in the VMCS', 'bit 12 is defined and 1: the IRET has unblocked NMIs',
	'the exit interrupted the delivery of an NMI', 'an NMI-window exit happens only without blocking',
	'the hypervisor\u2019s VMCS read said not blocked', 'the entry delivers an NMI', 'the audit found evidence'];
const MUST_TEXT = ['nothing that can be checked', 'blocking must be 0', 'blocking must be 1', 'blocking must not change'];
const JUDGED_TEXT = ['', 're-blocked', 'the re-block was missed', 'reflected to the guest', 'not judged'];
const BLOCKING_TEXT = ['0', '1', 'unknown'];

const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, '\u2009');
const plural = (n, one, many) => grouped(n) + ' ' + (n === 1 ? one : many || one + 's');

// A length of time, three digits.
function duration(ns)
{
	for (const [unit, size] of [['s', 1e9], ['ms', 1e6], ['\u00b5s', 1e3]])
		if (Math.abs(ns) >= size)
			return Number((ns / size).toPrecision(4)) + '\u2009' + unit;
	return Math.round(ns) + '\u2009ns';
}

// The source's own clock, to the nanosecond.
function clock(at)
{
	if (!data.timed)
		return 'not recorded';
	const t = BigInt(data.t0) + BigInt(Math.round(at));
	return t / 1000000000n + '.' + String(t % 1000000000n).padStart(9, '0') + '\u2009s';
}

const hex = (value) => typeof value === 'string' ? '0x' + value : '0x' + value.toString(16);

// What a value of a field means, as reblock explain says it.
function meaning(r, name)
{
	const f = r.fields;
	let key = name + ':' + f[F[name.toUpperCase()]];

	if (name === 'intr_info' && r.kind === KIND.ENTRY)
		key = 'entry_' + key;
	if (name === 'qualification') {
		const q = f[F.QUALIFICATION];
		key = 'qualification:' + (typeof q === 'string' ? q : q.toString(16)) + '@' + (f[F.REASON] & 0xffff);
	}
	const number = data.meanings[key];
	return number === undefined ? '' : str(number);
}

// What Intel PT saw.
const sawOf = (r) => r.fields[F.ERROR_CODE];
const sawNmi = (r) => r.kind === KIND.WITNESS && sawOf(r) === SAW.INTERRUPT && (r.has & HAS.INTR_INFO) !== 0 &&
	r.fields[F.INTR_INFO] === VECTOR_NMI;

function sawText(r)
{
	if (sawOf(r) !== SAW.INTERRUPT || !(r.has & HAS.INTR_INFO))
		return SAW_TEXT[sawOf(r)];
	return sawNmi(r) ? 'an NMI was delivered' : 'vector ' + r.fields[F.INTR_INFO] + ' was delivered';
}

// The whole of it in one line, as reblock explain says it.
function witnessText(r)
{
	const has = (bit, text) => (r.has & bit) ? text : '';
	const to = has(HAS.QUALIFICATION, ' to ' + hex(r.fields[F.QUALIFICATION]));
	let text = sawText(r);

	if (sawOf(r) === SAW.GAP)
		return text;
	text += has(HAS.RIP, ' at ' + hex(r.fields[F.RIP]));
	if (sawOf(r) !== SAW.EXIT)
		return text + to;
	return text + has(HAS.REASON, ': ' + (meaning(r, 'reason') || r.fields[F.REASON])) +
		has(HAS.QUALIFICATION, ', qualification ' + (meaning(r, 'qualification') || hex(r.fields[F.QUALIFICATION]))) +
		has(HAS.MASKED, '; the instruction there is ' + ((r.flags & FLAG.MASKED) ? 'an IRET' : 'no IRET'));
}

function witnessFields(r, add)
{
	const exit = sawOf(r) === SAW.EXIT;

	add('saw', HAS.ERROR_CODE, sawText(r));
	if (exit)
		add('reason', HAS.REASON, meaning(r, 'reason') || String(r.fields[F.REASON]));
	add('rip', HAS.RIP, hex(r.fields[F.RIP]));
	add(exit ? 'qualification' : 'to', HAS.QUALIFICATION,
		hex(r.fields[F.QUALIFICATION]) + (exit ? '  ' + meaning(r, 'qualification') : ''));
	add('instruction', HAS.MASKED, (r.flags & FLAG.MASKED) ? 'an IRET' : 'no IRET');
	add('l2', HAS.L2, (r.flags & FLAG.L2) ? '1' : '0');
}

// [name, value] of each field that was seen.
function fieldsOf(r)
{
	const out = [];
	const add = (name, has, text) => {
		if (r.has & has)
			out.push([name, text]);
	};
	const number = (name, has) => {
		const said = meaning(r, name);
		add(name, has, hex(r.fields[F[name.toUpperCase()]]) + (said ? '  ' + said : ''));
	};
	const flag = (name, has, bit) => add(name, has, (r.flags & bit) ? '1' : '0');

	if (r.kind === KIND.EXIT || r.kind === KIND.ENTRY) {
		if (r.kind === KIND.EXIT)
			add('reason', HAS.REASON, meaning(r, 'reason') || String(r.fields[F.REASON]));
		add('rip', HAS.RIP, hex(r.fields[F.RIP]));
		for (const name of ['qualification', 'intr_info', 'error_code', 'idt_vectoring', 'interruptibility', 'pin', 'exec'])
			number(name, HAS[name.toUpperCase()]);
		flag('rip_same', HAS.RIP_SAME, FLAG.RIP_SAME);
		flag('nmi_injected', HAS.NMI_INJECTED, FLAG.NMI_INJECTED);
		flag('l2', HAS.L2, FLAG.L2);
		flag('nmi_known_unmasked', HAS.NMI_KNOWN_UNMASKED, FLAG.NMI_KNOWN_UNMASKED);
		if (r.flags & FLAG.LEFT_OUT)
			out.push(['before it', r.kind === KIND.EXIT ? 'others may have been left out' : 'its exit was left out']);
	} else if (r.kind === KIND.WITNESS) {
		witnessFields(r, add);
	} else if (r.kind === KIND.USER_EXIT) {
		add('reason', HAS.REASON, 'KVM_EXIT ' + r.fields[F.REASON]);
	} else if (r.kind === KIND.LOST) {
		out.push(['how many', (r.has & HAS.QUALIFICATION) ? hex(r.fields[F.QUALIFICATION]) : 'not known']);
	} else {
		flag(r.kind === KIND.BLOCKED_READ ? 'blocked' : 'masked', HAS.MASKED, FLAG.MASKED);
		flag('injected', HAS.NMI_INJECTED, FLAG.NMI_INJECTED);
		flag('pending', HAS.PENDING, FLAG.PENDING);
	}
	if (r.fields[F.CPU] !== 65535)
		out.push(['cpu', String(r.fields[F.CPU])]);
	return out;
}

// What the timeline draws of a record, in words.
function blockingOf(r)
{
	const out = [];

	if (r.kind === KIND.LOST || r.kind === KIND.WITNESS)
		return out;
	if (r.before === r.after)
		out.push(['blocking', BLOCKING_TEXT[r.after]]);
	else
		out.push(['blocking', BLOCKING_TEXT[r.before] + ' before, ' + BLOCKING_TEXT[r.after] + ' after']);
	if (r.known)
		out.push(['known by', KNOWN_TEXT[r.known]]);
	if (r.kind === KIND.EXIT && r.paired)
		out.push(['rules', (r.row ? 'row ' + r.row + ': ' : 'row not known: ') + MUST_TEXT[r.must]]);
	if (r.judged)
		out.push(['audit', JUDGED_TEXT[r.judged]]);
	return out;
}

// In one short line.
function titleOf(r)
{
	let text = KIND_TEXT[r.kind];

	if (r.kind === KIND.WITNESS)
		text += ': ' + sawText(r);
	if (r.kind === KIND.EXIT && (r.has & HAS.REASON))
		text += ': ' + (meaning(r, 'reason') || r.fields[F.REASON]);
	if (r.kind === KIND.EXIT && r.nmi)
		text += ', interrupted the delivery of an NMI';
	if (r.kind === KIND.ENTRY && r.nmi)
		text += ', injects an NMI';
	return '#' + r.number + ' ' + text;
}

const laneName = (vm, vcpu, name) => 'vm ' + vm + (name ? ' ' + name : '') + ', vCPU ' + vcpu;

// An element; texts become text, never HTML.
function el(tag, attributes, ...children)
{
	const element = document.createElement(tag);

	for (const [name, value] of Object.entries(attributes || {})) {
		if (name === 'onclick')
			element.addEventListener('click', value);
		else if (value !== undefined && value !== false)
			element.setAttribute(name, value);
	}
	element.append(...children.filter((child) => child !== undefined && child !== null));
	return element;
}

const byId = (id) => document.getElementById(id);
