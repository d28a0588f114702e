/* Frames from the link layer on, with sources of one's choice. */
#ifndef FRAMES_H
#define FRAMES_H

#include "payloads.h"

enum frame_kind { FRAME_SYN, FRAME_DATA, FRAME_UDP };

enum source_order { SOURCES_RANDOM, SOURCES_IN_TURN, SOURCE_FIXED };

struct frame_plan {
	enum frame_kind kind;
	int ipv6;
	uint8_t from_mac[6], to_mac[6];
	uint8_t to[16];
	uint8_t from[16];      /* the prefix; the host part is zero, or the address itself where it is fixed */
	uint32_t host_mask;    /* which of its last 32 bits vary */
	enum source_order order;
	uint16_t source_port, port; /* 0: another for each packet */
};

enum { FRAME_MOST = 14 + 40 + 20 + PAYLOAD_MOST };

/* What never changes of a frame; the sum of it is kept, so that a packet's checksums cost what changed. */
struct frame_maker;

struct frame_maker *frame_maker_of(const struct frame_plan *plan);

/* Writes the head that never changes. */
void frame_begin(const struct frame_maker *maker, uint8_t *frame);

/* Writes the rest: source, ports, payload, checksums. Returns the frame's length. */
size_t frame_finish(struct frame_maker *maker, uint8_t *frame, struct payload payload, uint64_t *chance);

#endif
