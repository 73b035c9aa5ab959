/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * put-on-disk FILE: writes FILE to the start of the box's second disk, by programmed I/O.
 *
 * Runs inside the box. It spares the emulator the kernel's disk drivers, which take seconds to load there. The disk is
 * the first one of the second ATA channel; nobody else uses it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

enum {
	DATA = 0x170,
	COUNT = 0x172,
	LBA_LOW,
	LBA_MIDDLE,
	LBA_HIGH,
	DEVICE,
	COMMAND,
	CONTROL = 0x376
};
enum { BUSY = 0x80, READY = 0x40, REQUEST = 0x08, ERROR = 0x01 };
enum { NO_INTERRUPTS = 0x02, LBA = 0xe0, WRITE_SECTORS = 0x30, FLUSH_CACHE = 0xe7 };

#define SECTOR 512
#define AT_ONCE 128 /* sectors of a command */
#define PATIENCE 10000000

static void give_up(const char *what)
{
	fprintf(stderr, "put-on-disk: %s\n", what);
	exit(1);
}

static void wait_for(unsigned wanted)
{
	for (long i = 0; i < PATIENCE; i++) {
		unsigned status = inb(COMMAND);

		if (status == 0xff)
			give_up("no disk");
		if ((status & BUSY) == 0 && (status & ERROR) != 0)
			give_up("the disk reports an error");
		if ((status & BUSY) == 0 && (status & wanted) == wanted)
			return;
	}
	give_up("the disk does not answer");
}

static void write_sectors(uint32_t lba, const uint8_t *data, unsigned count)
{
	outb((unsigned char)(LBA | lba >> 24), DEVICE);
	wait_for(READY);
	outb((unsigned char)count, COUNT);
	outb((unsigned char)lba, LBA_LOW);
	outb((unsigned char)(lba >> 8), LBA_MIDDLE);
	outb((unsigned char)(lba >> 16), LBA_HIGH);
	outb(WRITE_SECTORS, COMMAND);
	for (unsigned i = 0; i < count; i++) {
		wait_for(REQUEST);
		outsw(DATA, data + i * SECTOR, SECTOR / 2);
	}
	wait_for(READY);
}

int main(int argc, char **argv)
{
	static uint8_t buffer[AT_ONCE * SECTOR];
	uint32_t lba = 0;
	int fd;

	if (argc != 2)
		give_up("which file?");
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		give_up(strerror(errno));
	if (ioperm(DATA, 8, 1) != 0 || ioperm(CONTROL, 1, 1) != 0)
		give_up(strerror(errno));
	outb(NO_INTERRUPTS, CONTROL);
	for (;;) {
		size_t length = 0;
		unsigned sectors;

		while (length < sizeof buffer) {
			ssize_t n = read(fd, buffer + length, sizeof buffer - length);

			if (n < 0)
				give_up(strerror(errno));
			if (n == 0)
				break;
			length += (size_t)n;
		}
		if (length == 0)
			break;
		memset(buffer + length, 0, sizeof buffer - length);
		sectors = (unsigned)((length + SECTOR - 1) / SECTOR);
		write_sectors(lba, buffer, sectors);
		lba += sectors;
	}
	outb(FLUSH_CACHE, COMMAND);
	wait_for(READY);
	return 0;
}
