/* netemu - a bad link between two interfaces, for kernels without sch_netem.
 *
 *   netemu A B DELAY-US JITTER-US REORDER-PERCENT LOSS-PERCENT DUPLICATE-PERCENT SEED
 *
 * What goes from A to B is lost, doubled and delayed by chance, as sch_netem does it: the delay is even within DELAY ± JITTER and packets leave in the order
 * of their delays, so that jitter alone lets them overtake each other; REORDER per cent skip the delay altogether. What goes from B to A, ARP and neighbour
 * discovery pass as they are. Prints "up" when it stands; ends with a signal.
 *
 * A sender on a veth leaves checksums and the cutting of long segments to a card that there is none of. The kernel says so in a header before the frame
 * (PACKET_VNET_HDR), which goes on with it.
 */
#define _GNU_SOURCE
#include "lab.h"
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <unistd.h>

enum { QUEUE = 65536, AT_ONCE = 64, NOTE = sizeof(struct virtio_net_hdr), LONGEST = NOTE + 14 + 65536 };

struct waiting {
	uint64_t due, number;
	size_t length;
	uint8_t bytes[];
};

struct link_ {
	double delay, jitter, reorder, loss, duplicate; /* ns, ns, and chances from 0 to 1 */
	uint64_t chance;
};

/* A heap, the earliest on top; of two that are due at once, the one that came first. */
static struct waiting *heap[QUEUE];
static int heap_size;

static int is_before(const struct waiting *a, const struct waiting *b) { return a->due < b->due || (a->due == b->due && a->number < b->number); }

static void swap(int a, int b)
{
	struct waiting *kept = heap[a];
	heap[a] = heap[b];
	heap[b] = kept;
}

static void push(struct waiting *w)
{
	int at = heap_size++;
	heap[at] = w;
	for (int above; at > 0 && is_before(heap[at], heap[above = (at - 1) / 2]); at = above)
		swap(at, above);
}

static struct waiting *pop(void)
{
	struct waiting *first = heap[0];
	heap[0] = heap[--heap_size];
	for (int at = 0, below; (below = 2 * at + 1) < heap_size; at = below) {
		if (below + 1 < heap_size && is_before(heap[below + 1], heap[below]))
			below++;
		if (!is_before(heap[below], heap[at]))
			break;
		swap(at, below);
	}
	return first;
}

static double draw(struct link_ *l) { return (double)(next_random(&l->chance) >> 11) / 9007199254740992.0; }

static int happens(struct link_ *l, double chance) { return chance > 0 && draw(l) < chance; }

static int open_interface(const char *name)
{
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)), yes = 1, bytes = 16 << 20;
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(name)};
	if (fd < 0 || !address.sll_ifindex || bind(fd, (void *)&address, sizeof address))
		die(name);
	struct packet_mreq all = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
	setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all);
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes))
		die("PACKET_VNET_HDR");
	return fd;
}

/* Who cannot find the other's address cannot knock at all; that is not what is measured. */
static int is_address_resolution(const uint8_t *frame, ssize_t length)
{
	frame += NOTE;
	length -= NOTE;
	int arp = length > 13 && frame[12] == 0x08 && frame[13] == 0x06;
	int icmp6 = length > 54 && frame[12] == 0x86 && frame[13] == 0xdd && frame[20] == 58;
	return arp || (icmp6 && frame[54] >= 133 && frame[54] <= 137);
}

static void delay(struct link_ *l, const uint8_t *frame, size_t length)
{
	static uint64_t number;
	int copies = 1 + happens(l, l->duplicate) - happens(l, l->loss);
	for (; copies > 0 && heap_size < QUEUE; copies--) {
		struct waiting *w = malloc(sizeof *w + length);
		if (!w)
			die("memory");
		double wait = happens(l, l->reorder) ? 0 : l->delay - l->jitter + draw(l) * 2 * l->jitter;
		w->due = now_ns() + (uint64_t)wait;
		w->number = number++;
		w->length = length;
		memcpy(w->bytes, frame, length);
		push(w);
	}
}

static void wait_for_packets(int a, int b)
{
	struct timespec left, *limit = NULL;
	if (heap_size) {
		uint64_t now = now_ns(), wait = heap[0]->due > now ? heap[0]->due - now : 0;
		left = (struct timespec){(time_t)(wait / 1000000000), (long)(wait % 1000000000)};
		limit = &left;
	}
	struct pollfd fds[] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
	if (ppoll(fds, 2, limit, NULL) < 0 && errno != EINTR)
		die("poll");
}

int main(int argc, char **argv)
{
	if (argc != 9) {
		fprintf(stderr, "usage: netemu A B DELAY-US JITTER-US REORDER-PERCENT LOSS-PERCENT DUPLICATE-PERCENT SEED\n");
		return 2;
	}
	int a = open_interface(argv[1]), b = open_interface(argv[2]);
	struct link_ l = {atof(argv[3]) * 1e3, atof(argv[4]) * 1e3, atof(argv[5]) / 100, atof(argv[6]) / 100, atof(argv[7]) / 100, 0};
	seed_random(&l.chance, strtoull(argv[8], NULL, 10));
	static uint8_t frame[LONGEST];
	puts("up");
	fflush(stdout);
	for (;;) {
		wait_for_packets(a, b);
		ssize_t length;
		for (int i = 0; i < AT_ONCE && (length = recv(a, frame, sizeof frame, MSG_DONTWAIT)) > 0; i++) {
			if (is_address_resolution(frame, length))
				send(b, frame, (size_t)length, 0);
			else
				delay(&l, frame, (size_t)length);
		}
		for (int i = 0; i < AT_ONCE && (length = recv(b, frame, sizeof frame, MSG_DONTWAIT)) > 0; i++)
			send(a, frame, (size_t)length, 0);
		while (heap_size && heap[0]->due <= now_ns()) {
			struct waiting *w = pop();
			send(b, w->bytes, w->length, 0);
			free(w);
		}
	}
}
