/* probe - a client whose program costs nothing: knocks, and tries to connect until it is let in.
 *
 *   probe -s SOURCE -d GATE -p PORT [-x STEP]... [-g GAP-US] [-R MS,...] [-i EVERY-US] [-T MS]
 *       STEP is tcp:PORT (one SYN) or udp:PORT:FILE (the file's bytes). One connect() every EVERY-US from the last step on. All steps are sent again at each
 *       of the times of -R, counted from the first one, until it is open. JSON: ok; since_last_us and since_first_us, from the last and the first step of
 *       the first round to the connection; rounds that were sent.
 *   probe -s SOURCE -d GATE -p PORT -n N       N plain connections: median and p95
 *   probe -l ADDRESS -p PORT                   a listener that accepts and closes, until it is ended
 *
 * Who knocks stands for another host: what keeps this one's processors busy does not make it late (SCHED_RR, as far as that may be).
 */
#define _GNU_SOURCE
#include "lab.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { STEPS = 16, ROUNDS = 8, KEPT = 64, PAYLOAD = 2048 };

struct step {
	int type; /* of socket */
	struct address to;
	char payload[PAYLOAD];
	size_t length;
};

struct knock {
	struct address from, service;
	struct step steps[STEPS];
	int step_count;
	uint64_t gap_us, again_ms[ROUNDS];
	int again_count;
};

static uint64_t now_us(void) { return now_ns() / 1000; }

/* Bound to the source, with any port; closed without a trace, so that no port is kept in TIME_WAIT. */
static int socket_from(const struct address *from, int type)
{
	int fd = socket(from->family, type | SOCK_NONBLOCK, 0), yes = 1;
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_IP, IP_FREEBIND, &yes, sizeof yes);
	setsockopt(fd, SOL_IPV6, IPV6_FREEBIND, &yes, sizeof yes);
	setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
	struct linger at_once = {1, 0};
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	if (bind(fd, (const void *)&from->value, from->length))
		die("bind");
	return fd;
}

static struct step read_step(const char *text, const char *gate)
{
	struct step s = {.type = strncmp(text, "tcp:", 4) ? SOCK_DGRAM : SOCK_STREAM, .to = address_of(gate, atoi(text + 4))};
	const char *path = strchr(text + 4, ':');
	if (!path)
		return s;
	FILE *file = fopen(path + 1, "rb");
	if (!file)
		die(path + 1);
	s.length = fread(s.payload, 1, sizeof s.payload, file);
	fclose(file);
	return s;
}

static void send_step(const struct knock *k, const struct step *s)
{
	int fd = socket_from(&k->from, s->type);
	if (s->type == SOCK_STREAM)
		connect(fd, (const void *)&s->to.value, s->to.length);
	else if (sendto(fd, s->payload, s->length, 0, (const void *)&s->to.value, s->to.length) < 0)
		die("send");
	close(fd);
}

static void sleep_until_us(uint64_t when)
{
	struct timespec t = {(time_t)(when / 1000000), (long)(when % 1000000) * 1000};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static void send_round(const struct knock *k)
{
	uint64_t next = now_us();
	for (int i = 0; i < k->step_count; i++, next += k->gap_us) {
		if (k->gap_us)
			sleep_until_us(next);
		send_step(k, &k->steps[i]);
	}
}

/* The newest attempts stay open; a SYN that was dropped is not sent again for a second, so each attempt is a connection of its own. */
struct attempts {
	int poll, fds[KEPT], count;
};

static void try_once(struct attempts *a, const struct knock *k)
{
	int *fd = &a->fds[a->count++ % KEPT];
	if (*fd >= 0)
		close(*fd);
	*fd = socket_from(&k->from, SOCK_STREAM);
	connect(*fd, (const void *)&k->service.value, k->service.length);
	struct epoll_event event = {EPOLLOUT | EPOLLERR | EPOLLHUP, {.fd = *fd}};
	epoll_ctl(a->poll, EPOLL_CTL_ADD, *fd, &event);
}

static int is_open_within(struct attempts *a, uint64_t us)
{
	struct timespec wait = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
	struct epoll_event events[8];
	int n = epoll_pwait2(a->poll, events, 8, &wait, NULL);
	for (int i = 0; i < n; i++) {
		int fault = 1;
		socklen_t size = sizeof fault;
		getsockopt(events[i].data.fd, SOL_SOCKET, SO_ERROR, &fault, &size);
		if (!fault && !(events[i].events & (EPOLLERR | EPOLLHUP)))
			return 1;
		epoll_ctl(a->poll, EPOLL_CTL_DEL, events[i].data.fd, NULL);
	}
	return 0;
}

static void knock_until_open(const struct knock *k, uint64_t every_us, uint64_t patience_ms)
{
	struct attempts a = {.poll = epoll_create1(0)};
	memset(a.fds, -1, sizeof a.fds);
	uint64_t first = now_us();
	send_round(k);
	uint64_t last = now_us(), end = first + patience_ms * 1000, next_try = last;
	int rounds = 1, open = 0;
	while (!open && now_us() < end) {
		uint64_t now = now_us();
		if (rounds <= k->again_count && now >= first + k->again_ms[rounds - 1] * 1000) {
			send_round(k);
			rounds++;
		}
		if (now >= next_try) {
			try_once(&a, k);
			next_try = now + every_us;
		}
		uint64_t after = now_us();
		open = is_open_within(&a, next_try > after ? next_try - after : 0);
	}
	uint64_t now = now_us();
	printf("{\"ok\":%d,\"since_last_us\":%llu,\"since_first_us\":%llu,\"rounds\":%d,\"tries\":%d}\n",
	       open, (unsigned long long)(now - last), (unsigned long long)(now - first), rounds, a.count);
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

static void time_connections(const struct knock *k, int n)
{
	uint64_t *times = calloc((size_t)n, sizeof *times);
	for (int i = 0; i < n; i++) {
		int fd = socket_from(&k->from, SOCK_STREAM);
		fcntl(fd, F_SETFL, 0);
		uint64_t begun = now_us();
		if (connect(fd, (const void *)&k->service.value, k->service.length))
			die("connect");
		times[i] = now_us() - begun;
		close(fd);
	}
	qsort(times, (size_t)n, sizeof *times, by_size);
	printf("{\"connections\":%d,\"median_us\":%llu,\"p95_us\":%llu}\n", n, (unsigned long long)times[n / 2], (unsigned long long)times[n * 95 / 100]);
}

static void listen_at(const char *address, int port)
{
	struct address a = address_of(address, port);
	int fd = socket(a.family, SOCK_STREAM, 0), yes = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, (void *)&a.value, a.length) || listen(fd, 4096))
		die("listen");
	for (;;) {
		int accepted = accept(fd, NULL, NULL);
		if (accepted >= 0)
			close(accepted);
	}
}

static int read_times(char *text, uint64_t *times)
{
	int count = 0;
	for (char *part = strtok(text, ","); part && count < ROUNDS; part = strtok(NULL, ","))
		times[count++] = strtoull(part, NULL, 10);
	return count;
}

int main(int argc, char **argv)
{
	static struct knock k;
	const char *from = NULL, *gate = NULL, *listener = NULL, *steps[STEPS];
	int port = 22, connections = 0, option;
	uint64_t every_us = 1000, patience_ms = 3000;
	while ((option = getopt(argc, argv, "s:d:l:p:x:g:R:i:T:n:")) != -1)
		switch (option) {
		case 's': from = optarg; break;
		case 'd': gate = optarg; break;
		case 'l': listener = optarg; break;
		case 'p': port = atoi(optarg); break;
		case 'x': if (k.step_count < STEPS) steps[k.step_count++] = optarg; break;
		case 'g': k.gap_us = strtoull(optarg, NULL, 10); break;
		case 'R': k.again_count = read_times(optarg, k.again_ms); break;
		case 'i': every_us = strtoull(optarg, NULL, 10); break;
		case 'T': patience_ms = strtoull(optarg, NULL, 10); break;
		case 'n': connections = atoi(optarg); break;
		default: return 2;
		}
	if (listener)
		listen_at(listener, port);
	if (!from || !gate)
		return 2;
	struct sched_param at_once = {.sched_priority = 1};
	sched_setscheduler(0, SCHED_RR, &at_once);
	k.from = address_of(from, 0);
	k.service = address_of(gate, port);
	for (int i = 0; i < k.step_count; i++)
		k.steps[i] = read_step(steps[i], gate);
	if (connections > 0)
		time_connections(&k, connections);
	else
		knock_until_open(&k, every_us, patience_ms);
	return 0;
}
