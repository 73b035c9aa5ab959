// SPDX-License-Identifier: BSD-2-Clause
// The data of this page, unpacked: lanes with records and buckets, findings, cases.

const data = JSON.parse(document.getElementById('data').textContent);

const KIND = { EXIT: 1, ENTRY: 2, MASK_WRITE: 3, MASK_READ: 4, BLOCKED_READ: 5, EVENTS_WRITE: 6, USER_EXIT: 7, LOST: 8,
	WITNESS: 10 };
const SAW = { INTERRUPT: 1, ASYNC: 2, IRET: 3, EXIT: 4, ENTRY: 5, OTHER: 6, GAP: 7 };
const NO = 0, YES = 1, UNKNOWN = 2;
const MUST = { UNKNOWN: 0, BE_0: 1, BE_1: 2, NOT_CHANGE: 3 };
const JUDGED = { NO: 0, REBLOCKED: 1, MISSED: 2, REFLECTED: 3, UNJUDGED: 4 };
const FIELDS = 12;
const F = { PRESENCE: 0, REASON: 1, RIP: 2, QUALIFICATION: 3, INTR_INFO: 4, ERROR_CODE: 5, IDT_VECTORING: 6,
	INTERRUPTIBILITY: 7, PIN: 8, EXEC: 9, CPU: 10, BLOCKING: 11 };
const HAS = { REASON: 1, RIP: 2, QUALIFICATION: 4, INTR_INFO: 8, ERROR_CODE: 16, IDT_VECTORING: 32, INTERRUPTIBILITY: 64,
	PIN: 128, EXEC: 256, L2: 512, NMI_KNOWN_UNMASKED: 1024, NMI_INJECTED: 2048, RIP_SAME: 4096, MASKED: 8192, PENDING: 16384,
	SEQ: 32768 };
const FLAG = { L2: 1, NMI_KNOWN_UNMASKED: 2, NMI_INJECTED: 4, RIP_SAME: 8, MASKED: 16, PENDING: 32, LEFT_OUT: 128 };

// One flat array of numbers to records; see html_lanes.c.
function unpackRecords(flat, lane)
{
	const records = [], last = [];
	let number = 0, at = 0;

	for (let i = 0; i < flat.length;) {
		const kind = flat[i] & 15, gap = (flat[i] & 16) !== 0;
		number += flat[i + 1];
		at += flat[i + 2];
		const mask = flat[i + 3];
		i += 4;
		const fields = last[kind] ? last[kind].slice() : new Array(FIELDS).fill(0);
		for (let f = 0; f < FIELDS; f++)
			if (mask >> f & 1)
				fields[f] = flat[i++];
		last[kind] = fields;
		const blocking = fields[F.BLOCKING], has = fields[F.PRESENCE] & 0xffff, flags = fields[F.PRESENCE] >>> 16;
		records.push({ kind, gap, number, at, fields, lane, has, flags,
			before: blocking & 3, after: blocking >> 2 & 3, known: blocking >> 4 & 7, paired: (blocking >> 7 & 1) === 1,
			row: blocking >> 8 & 15, must: blocking >> 12 & 3, judged: blocking >> 14 & 7, cause: blocking >> 17 & 31,
			nmi: (blocking >> 22 & 1) === 1 });
	}
	return records;
}

function unpackBuckets(flat)
{
	const buckets = [];
	let index = 0;

	for (let i = 0; i < flat.length;) {
		index += flat[i];
		const b = { index, exits: flat[i + 1], entries: flat[i + 2], unblocks: flat[i + 3], nmis: flat[i + 4],
			users: flat[i + 5], operations: flat[i + 6], witnesses: flat[i + 7], losses: flat[i + 8],
			findings: flat[i + 9], blocked: flat[i + 10], open: flat[i + 11], reasons: [] };
		let kinds = flat[i + 12];
		i += 13;
		for (; kinds; kinds--, i += 2)
			b.reasons.push([flat[i], flat[i + 1]]);
		buckets.push(b);
		index++;
	}
	return buckets;
}

// Records that follow each other without one left out, as [first, last].
function runsOf(records)
{
	const runs = [];

	records.forEach((r, i) => {
		if (i && !r.gap)
			runs[runs.length - 1][1] = i;
		else
			runs.push([i, i]);
	});
	return runs;
}

const lanes = data.lanes.map((packed, place) => {
	const lane = { id: packed.id, vm: packed.vm, vcpu: packed.vcpu, total: packed.total, place };
	lane.records = unpackRecords(packed.records, lane);
	lane.buckets = unpackBuckets(packed.buckets);
	lane.runs = runsOf(lane.records);
	lane.whole = lane.records.length === lane.total;
	lane.byNumber = new Map(lane.records.map((r) => [r.number, r]));
	return lane;
});
const laneById = new Map(lanes.map((lane) => [lane.id, lane]));

for (const v of data.vcpus)
	for (const lane of lanes)
		if (lane.vm === v.vm && lane.vcpu === v.vcpu)
			lane.name = v.name;

data.cases.forEach((c, i) => {
	c.id = i;
	c.lane = laneById.get(c.lane);
});
const caseOfExit = new Map(data.cases.filter((c) => c.lane).map((c) => [c.lane.id + ':' + c.exit, c]));

data.findings.forEach((f, i) => {
	f.id = i;
	f.lane = laneById.get(f.lane);
	f.shown = f.lane ? f.records.map((n) => f.lane.byNumber.get(n)).filter(Boolean) : [];
	f.case = f.case === undefined ? undefined : data.cases[f.case];
	f.at = f.shown.length ? f.shown[f.shown.length - 1].at :
		f.t === undefined ? undefined : Number(BigInt(f.t) - BigInt(data.t0));
});

const str = (number) => number < 0 || number === undefined ? '' : data.strings[number];
const span = Math.max(1, data.span);
