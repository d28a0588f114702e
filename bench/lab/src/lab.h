/* What all programs of the lab need: the clock, chance, addresses, and a way out. */
#ifndef LAB_H
#define LAB_H

#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static inline uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

/* xorshift64: fast, and the same series for the same seed. */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	return *state ^= *state << 17;
}

static inline void seed_random(uint64_t *state, uint64_t seed)
{
	*state = 88172645463325252ULL ^ seed * 0x9E3779B97F4A7C15ULL;
	for (int i = 0; i < 20; i++)
		next_random(state);
}

__attribute__((noreturn)) static inline void die(const char *what)
{
	perror(what);
	exit(2);
}

struct address {
	struct sockaddr_storage value;
	socklen_t length;
	int family;
};

static inline struct address address_of(const char *text, int port)
{
	struct address a = {0};
	if (strchr(text, ':')) {
		struct sockaddr_in6 *v6 = (void *)&a.value;
		a.family = v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		a.length = sizeof *v6;
		if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
			die(text);
	} else {
		struct sockaddr_in *v4 = (void *)&a.value;
		a.family = v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		a.length = sizeof *v4;
		if (inet_pton(AF_INET, text, &v4->sin_addr) != 1)
			die(text);
	}
	return a;
}

#endif
