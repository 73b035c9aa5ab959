/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/record_command.h"

#define LOOK_EVERY 50000000     /* ns */
#define END_AFTER 5000000000ull /* ns */

static _Noreturn void run(char **argv, int wait)
{
	char go;

	/* Nothing but a byte says go: the end of the pipe is that of the recorder. */
	if (read(wait, &go, 1) != 1)
		_exit(127);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	execvp(argv[0], argv);
	cli_say("record", "%s cannot be started: %s", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

bool record_command_prepare(struct record_command *command, char **argv)
{
	int ends[2];

	*command = (struct record_command){ .go = -1 };
	if (!argv)
		return true;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		cli_say("record", "%s cannot be started: %s", argv[0], strerror(errno));
		return false;
	}
	command->process = fork();
	if (command->process == 0) {
		close(ends[1]);
		run(argv, ends[0]);
	}
	close(ends[0]);
	if (command->process < 0) {
		cli_say("record", "%s cannot be started: %s", argv[0], strerror(errno));
		close(ends[1]);
		command->process = 0;
		return false;
	}
	command->go = ends[1];
	return true;
}

void record_command_start(struct record_command *command)
{
	if (command->go < 0)
		return;
	/* Where it has gone already (killed), its end is seen soon enough. */
	if (write(command->go, "", 1) != 1)
		command->status = 127;
	close(command->go);
	command->go = -1;
}

bool record_command_ended(struct record_command *command)
{
	int how;

	if (!command->process || waitpid(command->process, &how, WNOHANG) != command->process)
		return false;
	command->process = 0;
	command->status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
	return true;
}

void record_command_end(struct record_command *command)
{
	uint64_t asked = cli_now();
	int status;

	if (command->go >= 0)
		close(command->go);
	command->go = -1;
	if (!command->process)
		return;
	status = kill(command->process, SIGTERM);
	while (waitpid(command->process, NULL, WNOHANG) == 0) {
		if (cli_now() - asked > END_AFTER)
			status = kill(command->process, SIGKILL);
		/* It has become another user, whom the recorder has no right to stop any more. */
		if (status != 0 && errno == EPERM) {
			cli_say("record", "process %d runs on: it is another user's",
				(int)command->process);
			break;
		}
		nanosleep(&(struct timespec){ 0, LOOK_EVERY }, NULL);
	}
	command->process = 0;
}
