/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a VM is called by those who run it: found in its process's command line (QEMU, kvmtool,
 * cloud-hypervisor, Firecracker) or in the name of the cgroup that libvirt or systemd made for it.
 * Both are what another user wrote, so they are taken as bytes, bounded, and come out as printable UTF-8.
 */
#ifndef COLLECTOR_VM_NAME_H
#define COLLECTOR_VM_NAME_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes the name of the VM that process PID (numbered by the initial PID namespace) runs into NAME, a
 * string of at most ROOM bytes with its terminating zero, cut between characters. Returns its length; 0
 * where there is none to be found, the process has gone or is hidden, or PIDs mean something else here
 * (another PID namespace); NAME is empty then.
 *
 * It reads /proc/PID/cmdline, which takes the process's mmap lock: not for a place that must not wait.
 */
size_t vm_name_of(uint32_t pid, char *name, size_t room);

/*
 * The pure parts. They take SIZE bytes of the file, which may end anywhere, and write and return as
 * vm_name_of.
 */

/*
 * /proc/PID/cmdline, arguments that each end with a zero:
 *   QEMU and kvmtool   -name NAME, -name guest=NAME,debug-threads=on; ",," in it is a comma
 *   Firecracker        --id ID
 *   cloud-hypervisor   has no option for a name: the file name of --api-socket without what only says
 *                      that it is a socket, or the folder's where nothing else is left; else the uuid of
 *                      --platform
 */
size_t vm_name_in_command(const char *command, size_t size, char *name, size_t room);

/*
 * /proc/PID/cgroup: machine-qemu\x2d3\x2dNAME.scope, which libvirt asks systemd for (with the user before
 * the number where it is a user's), qemu-3-NAME.libvirt-qemu without systemd, and machine-NAME.scope of
 * systemd's own tools. libvirt leaves out what a host name could not hold.
 */
size_t vm_name_in_cgroup(const char *cgroup, size_t size, char *name, size_t room);

#endif
