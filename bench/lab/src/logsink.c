/* logsink - stands in for the system's log, so that a daemon pays for its log lines as it would elsewhere.
 *
 *   logsink PATH        a datagram socket at PATH; on SIGUSR1 it prints how many messages have come since the last time
 */
#define _GNU_SOURCE
#include "lab.h"
#include <errno.h>
#include <sys/un.h>
#include <unistd.h>

static volatile sig_atomic_t asked, stop;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		asked = 1;
	else
		stop = 1;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]);
	unlink(argv[1]);
	if (bind(fd, (void *)&address, sizeof address))
		die(argv[1]);
	/* A question that comes just before we wait is answered a moment later, not with the next message. */
	struct timeval moment = {.tv_usec = 20000};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
	puts("up");
	fflush(stdout);
	uint64_t count = 0;
	char message[8192];
	while (!stop) {
		if (recv(fd, message, sizeof message, 0) >= 0)
			count++;
		else if (errno != EINTR && errno != EAGAIN)
			die("log");
		if (asked) {
			asked = 0;
			printf("%llu\n", (unsigned long long)count);
			fflush(stdout);
			count = 0;
		}
	}
	unlink(argv[1]);
	return 0;
}
