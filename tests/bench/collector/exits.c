/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exits [--cpu N] [--batches N] [--rate N --seconds S]: a guest that does nothing but make VM exits, and what each took.
 *
 * The guest reads a port of the interrupt controller that KVM itself has, BATCH times in a row without a loop: so
 * each instruction is one exit which KVM handles alone, and where KVM emulates all of the guest's instructions there is
 * nothing else to emulate. Then it writes to a port that KVM does not have, which hands the batch's end to this program.
 *
 * Without --rate: N batches as fast as they go. With it: for S seconds as many batches each 10 ms as make N exits per
 * second, or fewer if they do not go so fast. Prints "P10 MEDIAN EXITS ALL SECONDS": nanoseconds per exit, of the batches;
 * how many exits that was, how many with the batches' ends and what came before the clock began, and for how long.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MEMORY 0x10000ul
#define CODE 0x1000
#define BATCH 250
#define PORT_OF_KVM 0x21 /* the first interrupt controller's mask */
#define PORT_OF_OURS 0x10
#define TICK 10000000ull /* ns */

struct options {
	unsigned cpu, batches, rate, seconds;
};

struct machine {
	struct kvm_run *run;
	int vcpu;
};

static _Noreturn void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("exits: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

static int call(int fd, unsigned long request, unsigned long argument, const char *name)
{
	int result = ioctl(fd, request, argument);

	if (result < 0)
		fail("%s: %s", name, strerror(errno));
	return result;
}
#define CALL(fd, request, argument) call(fd, request, (unsigned long)(argument), #request)

static void *map(size_t size, int flags, int fd)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
	return at;
}

/*
 * The prefix means nothing to these instructions. It is there for the proxy (proxy_layout.c), which takes what is three bytes
 * behind the beginning of each for an exit's reason: none of interest.
 */
static void write_code(uint8_t *at)
{
	static const uint8_t in[] = { 0x66, 0xe4, PORT_OF_KVM };
	static const uint8_t end[] = {
		0x66, 0x66, 0xe6, PORT_OF_OURS, 0xff, 0xe3
	}; /* out; jmp ebx */

	for (unsigned i = 0; i < BATCH; i++, at += sizeof in)
		memcpy(at, in, sizeof in);
	memcpy(at, end, sizeof end);
}

/* Protected mode, no paging: all memory is one segment. */
static void set_segments(int vcpu)
{
	struct kvm_segment data = { .limit = 0xffffffff,
				    .selector = 16,
				    .type = 3,
				    .present = 1,
				    .db = 1,
				    .s = 1,
				    .g = 1 };
	struct kvm_sregs sregs;

	CALL(vcpu, KVM_GET_SREGS, &sregs);
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = sregs.cs = data;
	sregs.cs.selector = 8;
	sregs.cs.type = 11;
	sregs.cr0 |= 1;
	CALL(vcpu, KVM_SET_SREGS, &sregs);
}

static void make(struct machine *m)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;
	uint8_t *memory = map(MEMORY, MAP_SHARED | MAP_ANONYMOUS, -1);
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY,
						      .userspace_addr = (uintptr_t)memory };
	struct kvm_regs regs = { .rip = CODE, .rbx = CODE, .rflags = 2 };

	if (kvm < 0)
		fail("/dev/kvm: %s", strerror(errno));
	vm = CALL(kvm, KVM_CREATE_VM, 0);
	CALL(vm, KVM_SET_TSS_ADDR, 0xfffbd000);
	CALL(vm, KVM_CREATE_IRQCHIP, 0);
	CALL(vm, KVM_SET_USER_MEMORY_REGION, &region);
	write_code(memory + CODE);
	m->vcpu = CALL(vm, KVM_CREATE_VCPU, 0);
	m->run = map((size_t)CALL(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), MAP_SHARED, m->vcpu);
	set_segments(m->vcpu);
	/*
	 * What the guest never touches. Where there is no VMX the bench's layout of struct vcpu_vmx (proxy_layout.c) lies
	 * over these registers: reason 30 (I/O instruction), its qualification, no interruption, and the usual controls.
	 */
	regs.r8 = 30;
	regs.r9 = (uint64_t)PORT_OF_KVM << 16 | 1 << 6 | 1 << 3;
	regs.r10 = 0;
	regs.r15 = 0xb5a06dfaull << 32 | 0x7f;
	CALL(m->vcpu, KVM_SET_REGS, &regs);
}

static void run_batch(struct machine *m)
{
	while (ioctl(m->vcpu, KVM_RUN, 0) < 0)
		if (errno != EINTR && errno != EAGAIN)
			fail("KVM_RUN: %s", strerror(errno));
	if (m->run->exit_reason != KVM_EXIT_IO || m->run->io.port != PORT_OF_OURS)
		fail("KVM_RUN ended with exit reason %u", m->run->exit_reason);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void run(struct machine *m, const struct options *o)
{
	unsigned per_tick = o->rate / BATCH * (unsigned)(TICK / 1000000) / 1000;
	double *took = calloc(o->batches, sizeof *took);
	uint64_t start, tick, before, after;
	unsigned done = 0, first = o->batches / 10 + 1;

	if (!took)
		fail("no memory");
	for (unsigned i = 0; i < first; i++)
		run_batch(m);
	start = tick = after = now();
	while (done < o->batches) {
		before = after;
		run_batch(m);
		after = now();
		took[done++] = (double)(after - before) / BATCH;
		if (!o->rate || done % per_tick)
			continue;
		if (after - start >= o->seconds * 1000000000ull)
			break;
		tick += TICK;
		while (after < tick) {
			struct timespec rest = { 0, (long)(tick - after) };

			nanosleep(&rest, NULL);
			after = now();
		}
	}
	qsort(took, done, sizeof *took, compare);
	printf("%.1f %.1f %llu %llu %.3f\n", took[done / 10], took[done / 2],
	       (unsigned long long)done * BATCH, (unsigned long long)(done + first) * (BATCH + 1),
	       (double)(after - start) / 1e9);
	free(took);
}

static unsigned number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || end == text || value > 100000000)
		fail("\"%s\" is not a number that can be used", text);
	return (unsigned)value;
}

int main(int argc, char **argv)
{
	struct options o = { .cpu = 0, .batches = 2000, .seconds = 10 };
	struct machine m;
	cpu_set_t cpus;

	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(argv[i], "--cpu"))
			o.cpu = number(value);
		else if (!strcmp(argv[i], "--batches"))
			o.batches = number(value);
		else if (!strcmp(argv[i], "--rate"))
			o.rate = number(value);
		else if (!strcmp(argv[i], "--seconds"))
			o.seconds = number(value);
		else
			fail("no option %s", argv[i]);
	}
	if (o.rate) {
		if (o.rate < BATCH * 100)
			fail("--rate takes at least %u", BATCH * 100);
		o.batches = o.rate / BATCH * o.seconds;
	}
	if (!o.batches)
		fail("nothing to do");
	CPU_ZERO(&cpus);
	CPU_SET(o.cpu, &cpus);
	if (sched_setaffinity(0, sizeof cpus, &cpus))
		fail("CPU %u: %s", o.cpu, strerror(errno));
	make(&m);
	run(&m, &o);
	return 0;
}
