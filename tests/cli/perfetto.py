#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""perfetto.py PFTRACE JSONL FINDINGS: the Perfetto trace is well-formed and holds what the records and findings hold.

Decodes the protobuf wire format (protobuf.dev, "Encoding") itself, and knows of Perfetto only the field numbers of its public
.proto files: protos/perfetto/trace/trace.proto, trace_packet.proto, track_event/{track_event,debug_annotation,track_descriptor,
process_descriptor,thread_descriptor}.proto and interned_data/interned_data.proto. A field that is not listed here is an error.
"""
import collections
import json
import sys

VARINT, TEXT = 0, 2
# field number: name, wire type, or the message that it holds
CATEGORY = {1: ("iid", VARINT), 2: ("name", TEXT)}
ANNOTATION = {1: ("name_iid", VARINT), 3: ("uint_value", VARINT), 6: ("string_value", TEXT), 7: ("pointer_value", VARINT)}
EVENT = {3: ("category_iids", VARINT), 4: ("debug_annotations", ANNOTATION), 9: ("type", VARINT), 11: ("track_uuid", VARINT), 23: ("name", TEXT)}
PROCESS = {1: ("pid", VARINT), 6: ("process_name", TEXT)}
THREAD = {1: ("pid", VARINT), 2: ("tid", VARINT), 5: ("thread_name", TEXT)}
TRACK = {1: ("uuid", VARINT), 2: ("name", TEXT), 3: ("process", PROCESS), 4: ("thread", THREAD), 5: ("parent_uuid", VARINT)}
INTERNED = {1: ("event_categories", CATEGORY), 3: ("debug_annotation_names", CATEGORY)}
PACKET = {8: ("timestamp", VARINT), 10: ("trusted_packet_sequence_id", VARINT), 11: ("track_event", EVENT), 12: ("interned_data", INTERNED),
          13: ("sequence_flags", VARINT), 60: ("track_descriptor", TRACK)}
TRACE = {1: ("packet", PACKET)}
REPEATED = {"packet", "category_iids", "debug_annotations", "event_categories", "debug_annotation_names"}
BEGIN, END, INSTANT = 1, 2, 3


def varint(data, at, end):
    value = shift = 0
    while True:
        assert at < end, "a varint is cut off at byte %d" % at
        value |= (data[at] & 0x7f) << shift
        at += 1
        if not data[at - 1] & 0x80:
            break
        shift += 7
    assert value < 1 << 64, "a varint has more than 64 bits"
    return value, at


def decode(data, at, end, fields):
    message = {}
    while at < end:
        key, at = varint(data, at, end)
        assert key >> 3 in fields, "field %d is not one of %s" % (key >> 3, [name for name, _ in fields.values()])
        name, kind = fields[key >> 3]
        assert key & 7 == (VARINT if kind == VARINT else TEXT), "%s has wire type %d" % (name, key & 7)
        value, at = varint(data, at, end)
        if kind != VARINT:
            assert at + value <= end, "%s is longer than what it stands in" % name
            start, at = at, at + value
            value = data[start:at].decode() if kind == TEXT else decode(data, start, at, kind)
        if name in REPEATED:
            message.setdefault(name, []).append(value)
        else:
            assert name not in message, "%s is there twice" % name
            message[name] = value
    return message


def number(value):
    return int(value, 16) if isinstance(value, str) else value


class Trace:
    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        self.packets = decode(data, 0, len(data), TRACE)["packet"]
        self.processes, self.threads, self.tracks = {}, {}, {}
        self.events = collections.defaultdict(list)
        self.names = {}
        first = self.packets[0]
        assert first["sequence_flags"] == 1 and first["trusted_packet_sequence_id"], "the first packet does not begin the sequence"
        for name in ("event_categories", "debug_annotation_names"):
            self.names[name] = {one["iid"]: one["name"] for one in first["interned_data"][name]}
            assert 0 not in self.names[name], "0 is no iid"
        for packet in self.packets[1:]:
            assert packet["trusted_packet_sequence_id"] == first["trusted_packet_sequence_id"], "another sequence"
            if "track_descriptor" in packet:
                self.add_track(packet["track_descriptor"])
            else:
                self.add_event(packet)
        pids = [process["pid"] for process in self.processes.values()]
        tids = [thread["tid"] for thread in self.threads.values()]
        assert len(set(pids + tids)) == len(pids + tids), "numbers of processes and threads are not their own"

    def add_track(self, track):
        assert track["uuid"], "track 0 is the global one"
        if "process" in track:
            self.processes[track["uuid"]] = track["process"]
        elif "thread" in track:
            assert self.processes[track["parent_uuid"]]["pid"] == track["thread"]["pid"], "a thread of another process"
            self.threads[track["uuid"]] = track["thread"]
        else:
            assert track["parent_uuid"] in self.threads, "a track below nothing"
            self.tracks[track["uuid"]] = (track["parent_uuid"], track["name"])

    def add_event(self, packet):
        event = packet["track_event"]
        assert packet["sequence_flags"] == 2, "a packet that uses names and does not say so"
        assert event["track_uuid"] in self.threads or event["track_uuid"] in self.tracks, "an event before its track"
        event["t"] = packet["timestamp"]
        if event["type"] != END:
            event["category"] = self.names["event_categories"][event["category_iids"][0]]
        event["arguments"] = {}
        for one in event.get("debug_annotations", ()):
            name = self.names["debug_annotation_names"][one.pop("name_iid")]
            (kind, value), = one.items()
            event["arguments"].setdefault(name, []).append(value)
        self.events[event["track_uuid"]].append(event)

    def slices(self, uuid):
        """[name, begin, end, arguments]; they may not cross, nor end before they begin."""
        out, open_ones, last = [], [], 0
        for event in self.events[uuid]:
            if event["type"] == INSTANT:
                continue
            assert event["t"] >= last, "slices of a track go back in time"
            last = event["t"]
            if event["type"] == BEGIN:
                open_ones.append([event["name"], event["t"], None, event["arguments"]])
                out.append(open_ones[-1])
            else:
                assert open_ones, "an end without a beginning"
                open_ones.pop()[2] = event["t"]
        assert not open_ones, "a slice does not end"
        return out

    def instants(self, category):
        return [event for events in self.events.values() for event in events if event["type"] == INSTANT and event["category"] == category]


def compare(what, got, want):
    assert got == want, "%s: %r, not %r" % (what, got, want)


def lane_name(trace, thread_uuid):
    thread = trace.threads[thread_uuid]
    process = [one for one in trace.processes.values() if one["pid"] == thread["pid"]][0]
    return int(process["process_name"].split()[1]), int(thread["thread_name"].split()[1])


def is_nmi(record):
    return number(record.get("intr_info", 0)) & 0x80000700 == 0x80000200 if "intr_info" in record else record.get("nmi_injected") == 1


def check(trace, records, findings):
    vms = {}
    for record in records:
        if record["event"] == "meta" and "vm" in record:
            vms[record["vm"]] = record
    for process in trace.processes.values():
        vm = int(process["process_name"].split()[1])
        meta = vms.get(vm, {})
        want = "vm %d" % vm + (" " + meta["name"] if "name" in meta else "") + (" (pid %d)" % meta["pid"] if "pid" in meta else "")
        compare("process", process["process_name"], want)
    lanes = {lane_name(trace, uuid): uuid for uuid in trace.threads}
    compare("threads", set(lanes), {(r["vm"], r["vcpu"]) for r in records if "vcpu" in r})
    below = {(parent, name): uuid for uuid, (parent, name) in trace.tracks.items()}
    compare("tracks", len(trace.tracks), 2 * len(lanes))
    ordered = all(records[i].get("t", -1) >= records[i - 1].get("t", 0) for i in range(1, len(records)))
    known = must = 0
    for lane, uuid in lanes.items():
        mine = [(i, r) for i, r in enumerate(records) if (r.get("vm"), r.get("vcpu")) == lane]
        exits = [(i, r) for i, r in mine if r["event"] == "exit"]
        slices = trace.slices(uuid)
        compare("exits of vm %d vcpu %d" % lane, [one[3]["record"][0] for one in slices], [i for i, _ in exits])
        for (i, record), (name, begin, end, arguments) in zip(exits, slices):
            compare("number in the name of #%d" % i, name.split()[0], str(number(record["reason"]) & 0xffff))
            compare("rip of #%d" % i, arguments.get("rip"), [number(record["rip"])] if "rip" in record else None)
            if number(record.get("qualification", 0)):
                compare("qualification of #%d" % i, arguments["qualification"], [number(record["qualification"])])
            if ordered:
                compare("time of #%d" % i, begin, record["t"])
                after = [r for k, r in mine if k > i and r["event"] in ("entry", "exit")]
                if after and after[0]["event"] == "entry" and not any(r["event"] == "lost" for r in records[i:]):
                    compare("end of #%d" % i, end, after[0]["t"])
        for name, begin, end, _ in trace.slices(below[uuid, "blocking by NMI was"]):
            assert name in ("was 0", "was 1") and begin < end, "blocking: %s from %d to %d" % (name, begin, end)
            known += 1
        stays = {(begin, end) for _, begin, end, _ in slices}
        for name, begin, end, _ in trace.slices(below[uuid, "blocking by NMI must be"]):
            assert name in ("must be 0", "must be 1") and begin <= end, "must be: %s" % name
            assert (begin, end) in stays, "what is required has no exit and entry: %d to %d" % (begin, end)
            must += 1
    def numbers(category, name):
        return [e["arguments"]["record"][0] for e in trace.instants(category) if e["name"] == name]
    compare("NMIs", sorted(numbers("nmi", "NMI injected")), [i for i, r in enumerate(records) if r["event"] == "entry" and is_nmi(r)])
    for kind in ("mask_write", "mask_read", "blocked_read", "events_write", "user_exit"):
        compare(kind, sorted(numbers("operation", kind)), [i for i, r in enumerate(records) if r["event"] == kind])
    compare("places of losses", sorted(set(numbers("loss", "records lost"))),
            [i for i, r in enumerate(records) if r["event"] == "lost" and any("vcpu" in before for before in records[:i + 1])])
    told = trace.instants("finding")
    def line(kind, arguments, lane):
        return (kind, lane, *[arguments[name][0] for name in ("severity", "evidence", "why", "rule", "records")], tuple(arguments.get("assumes", ())),
                arguments.get("policy", [None])[0])
    compare("findings", sorted((line(e["name"], e["arguments"], lane_name(trace, e["track_uuid"])) for e in told), key=str),
            sorted(((f["kind"], (f["vm"], f["vcpu"]), f["severity"], f["evidence"], f["why"], f["rule"],
                    " ".join("#%d" % n for n in f["records"]), tuple(f["assumes"]), f.get("policy")) for f in findings), key=str))
    if ordered:
        compare("times of findings", sorted(e["t"] for e in told), sorted(f["t"] for f in findings))
    print("%s: %d packets, %d vCPUs, %d findings, blocking known in %d slices, required in %d" % (
        sys.argv[1], len(trace.packets), len(lanes), len(told), known, must))
    return known, must


def main():
    with open(sys.argv[2]) as file:
        records = [json.loads(line) for line in file]
    records = [r for r in records if r["event"] != "meta" or "vm" in r]
    with open(sys.argv[3]) as file:
        findings = [json.loads(line) for line in file]
    known, must = check(Trace(sys.argv[1]), records, findings)
    # A missed re-block was required, so it has a slice; without any the tracks would be empty and nobody would see.
    if any(f["kind"] == "missed-reblock" for f in findings):
        assert must, "nothing is required, though a re-block was missed"
    if "6.12" in sys.argv[1]:
        assert known > 10, "blocking is known in %d slices" % known


try:
    main()
except (AssertionError, KeyError, IndexError, UnicodeDecodeError) as error:
    sys.exit("FAILED: %s: %s: %s" % (sys.argv[1], type(error).__name__, error))
