/* What the flooder's datagrams carry. */
#ifndef PAYLOADS_H
#define PAYLOADS_H

#include <stddef.h>
#include <stdint.h>

enum payload_kind {
	PAYLOAD_NONE,
	PAYLOAD_RANDOM, /* bytes of chance, in one of the given sizes */
	PAYLOAD_BASE64, /* letters, as fwknop's packets are */
	PAYLOAD_FILE,   /* the packets of a file, one after another, over and over */
};

enum { PAYLOAD_MOST = 1400, PAYLOAD_SIZES = 8 };

struct payload {
	const uint8_t *bytes;
	size_t length;
	uint32_t sum; /* one's complement, not folded */
};

struct payloads;

/* The file holds, for each packet, its length in 2 bytes (big-endian) and its bytes. */
struct payloads *payloads_of(enum payload_kind kind, const size_t *sizes, int size_count, const char *file, uint64_t *chance);

/* The next one; its bytes live until the same place comes round again. */
struct payload payloads_next(struct payloads *all, uint64_t *chance);

size_t payloads_longest(const struct payloads *all);

uint32_t ones_sum(const void *bytes, size_t length);

#endif
