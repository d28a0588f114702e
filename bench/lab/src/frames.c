#include "frames.h"
#include "lab.h"
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

enum { ETHERNET = 14 };

struct frame_maker {
	struct frame_plan plan;
	int address_size, ip_size, transport_size, protocol;
	uint32_t ip_sum, transport_sum;
	uint32_t turn;
};

static uint16_t folded(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

struct frame_maker *frame_maker_of(const struct frame_plan *plan)
{
	struct frame_maker *m = calloc(1, sizeof *m);
	m->plan = *plan;
	m->address_size = plan->ipv6 ? 16 : 4;
	m->ip_size = plan->ipv6 ? 40 : 20;
	m->transport_size = plan->kind == FRAME_UDP ? 8 : 20;
	m->protocol = plan->kind == FRAME_UDP ? IPPROTO_UDP : IPPROTO_TCP;
	uint8_t frame[FRAME_MOST] = {0};
	frame_begin(m, frame);
	m->ip_sum = ones_sum(frame + ETHERNET, (size_t)m->ip_size);
	m->transport_sum = ones_sum(frame + ETHERNET + m->ip_size, (size_t)m->transport_size)
		+ ones_sum(plan->to, (size_t)m->address_size) + htons((uint16_t)m->protocol);
	return m;
}

static void begin_ip(const struct frame_maker *m, uint8_t *ip)
{
	if (m->plan.ipv6) {
		struct ip6_hdr *h = (void *)ip;
		h->ip6_flow = htonl(6u << 28);
		h->ip6_nxt = (uint8_t)m->protocol;
		h->ip6_hlim = 64;
		memcpy(&h->ip6_dst, m->plan.to, 16);
	} else {
		struct iphdr *h = (void *)ip;
		h->version = 4;
		h->ihl = 5;
		h->ttl = 64;
		h->protocol = (uint8_t)m->protocol;
		memcpy(&h->daddr, m->plan.to, 4);
	}
}

void frame_begin(const struct frame_maker *m, uint8_t *frame)
{
	memset(frame, 0, ETHERNET + 40 + 20);
	memcpy(frame, m->plan.to_mac, 6);
	memcpy(frame + 6, m->plan.from_mac, 6);
	frame[12] = m->plan.ipv6 ? 0x86 : 0x08;
	frame[13] = m->plan.ipv6 ? 0xdd : 0x00;
	begin_ip(m, frame + ETHERNET);
	if (m->plan.kind != FRAME_UDP) {
		struct tcphdr *t = (void *)(frame + ETHERNET + m->ip_size);
		t->doff = 5;
		t->window = htons(64240);
		t->syn = m->plan.kind == FRAME_SYN;
		t->ack = t->psh = m->plan.kind == FRAME_DATA;
	}
}

static void choose_source(struct frame_maker *m, uint8_t *source, uint64_t chance)
{
	memcpy(source, m->plan.from, (size_t)m->address_size);
	if (m->plan.order == SOURCE_FIXED)
		return;
	uint32_t host = (m->plan.order == SOURCES_IN_TURN ? m->turn++ : (uint32_t)(chance >> 32)) & m->plan.host_mask;
	uint32_t last;
	memcpy(&last, source + m->address_size - 4, 4);
	last |= htonl(host);
	memcpy(source + m->address_size - 4, &last, 4);
}

static void finish_ip(const struct frame_maker *m, uint8_t *ip, const uint8_t *source, size_t length)
{
	if (m->plan.ipv6) {
		struct ip6_hdr *h = (void *)ip;
		memcpy(&h->ip6_src, source, 16);
		h->ip6_plen = htons((uint16_t)length);
		return;
	}
	struct iphdr *h = (void *)ip;
	memcpy(&h->saddr, source, 4);
	h->tot_len = htons((uint16_t)(20 + length));
	h->check = folded((uint64_t)m->ip_sum + ones_sum(source, 4) + h->tot_len);
}

size_t frame_finish(struct frame_maker *m, uint8_t *frame, struct payload payload, uint64_t *state)
{
	uint64_t chance = next_random(state);
	uint8_t source[16];
	choose_source(m, source, chance);
	size_t length = (size_t)m->transport_size + payload.length;
	finish_ip(m, frame + ETHERNET, source, length);

	uint8_t *transport = frame + ETHERNET + m->ip_size;
	uint16_t from = htons(m->plan.source_port ? m->plan.source_port : (uint16_t)(1024 + (chance & 0x7fff)));
	uint16_t to = htons(m->plan.port ? m->plan.port : (uint16_t)(1 + (chance >> 16 & 0xffff) % 65535));
	uint64_t sum = (uint64_t)m->transport_sum + ones_sum(source, (size_t)m->address_size) + htons((uint16_t)length) + from + to + payload.sum;
	memcpy(transport + m->transport_size, payload.bytes, payload.length);
	if (m->plan.kind == FRAME_UDP) {
		struct udphdr *u = (void *)transport;
		u->source = from;
		u->dest = to;
		u->len = htons((uint16_t)length);
		uint16_t check = folded(sum + u->len);
		u->check = check ? check : 0xffff;
	} else {
		struct tcphdr *t = (void *)transport;
		t->source = from;
		t->dest = to;
		t->seq = (uint32_t)chance;
		t->check = folded(sum + (t->seq & 0xffff) + (t->seq >> 16));
	}
	return (size_t)(ETHERNET + m->ip_size) + length;
}
