/* reference - the floor: the least that a program can do for a grant, and no security at all.
 *
 *   reference socket PORT                 a bound UDP socket
 *   reference ring INTERFACE PORT         a TPACKET_V3 ring with a filter in the kernel, handed over after 1 ms
 *   reference ring INTERFACE PORT FILE    the same, with 64 bytes more of that file on the disk (fdatasync) before each grant, as whoever may let nobody in twice
 *
 * A datagram that begins with OPEN-SESAME puts its source into the set `granted` of table `inet lab` for 30 s, by one netlink transaction.
 * Everything else is counted and forgotten. It shows what the kernel alone costs: whatever a gate costs more is its own work.
 */
#define _GNU_SOURCE
#include "lab.h"
#include <endian.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BATCH = 64, LONGEST = 2048, BLOCK = 16 << 10, BLOCKS = 256, GRANT_MS = 30000, ROOM = 64 << 10 };

static const char sesame[] = "OPEN-SESAME";

/* ---- one element of a set, as one batch of netlink messages ---- */

static int netlink;
static char batch[1024];
static size_t batch_size;

static struct nlmsghdr *begin_message(int type, int flags, int family, int resource)
{
	struct nlmsghdr *h = (void *)(batch + batch_size);
	struct nfgenmsg *g = (void *)(h + 1);
	*h = (struct nlmsghdr){.nlmsg_len = NLMSG_LENGTH(sizeof *g), .nlmsg_type = (uint16_t)type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags), .nlmsg_seq = 1};
	*g = (struct nfgenmsg){.nfgen_family = (uint8_t)family, .res_id = htons((uint16_t)resource)};
	batch_size += NLMSG_ALIGN(h->nlmsg_len);
	return h;
}

static struct nlattr *put(struct nlmsghdr *h, int type, const void *bytes, size_t length)
{
	struct nlattr *a = (void *)((char *)h + NLMSG_ALIGN(h->nlmsg_len));
	a->nla_type = (uint16_t)type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + length);
	if (length)
		memcpy((char *)a + NLA_HDRLEN, bytes, length);
	h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + NLA_ALIGN(a->nla_len);
	return a;
}

static void end_nest(struct nlmsghdr *h, struct nlattr *nest) { nest->nla_len = (uint16_t)((char *)h + h->nlmsg_len - (char *)nest); }

static void grant(uint32_t source)
{
	uint64_t time = htobe64(GRANT_MS);
	batch_size = 0;
	begin_message(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	size_t at = batch_size;
	struct nlmsghdr *h = begin_message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_ACK, NFPROTO_INET, 0);
	put(h, NFTA_SET_ELEM_LIST_TABLE, "lab", 4);
	put(h, NFTA_SET_ELEM_LIST_SET, "granted", 8);
	struct nlattr *list = put(h, NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED, NULL, 0);
	struct nlattr *element = put(h, NFTA_LIST_ELEM | NLA_F_NESTED, NULL, 0);
	struct nlattr *key = put(h, NFTA_SET_ELEM_KEY | NLA_F_NESTED, NULL, 0);
	put(h, NFTA_DATA_VALUE, &source, sizeof source);
	end_nest(h, key);
	put(h, NFTA_SET_ELEM_TIMEOUT, &time, sizeof time);
	end_nest(h, element);
	end_nest(h, list);
	batch_size = at + NLMSG_ALIGN(h->nlmsg_len);
	begin_message(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
	char answer[4096];
	if (send(netlink, batch, batch_size, 0) > 0 && recv(netlink, answer, sizeof answer, 0) < 0)
		die("netlink");
}

static int memory = -1;
static off_t remembered;

/* Over bytes that are there: a file that grows takes its file system's journal as well. */
static void remember(void)
{
	static const char record[64] = "OPEN-SESAME";
	if (pwrite(memory, record, sizeof record, remembered) != sizeof record || fdatasync(memory))
		die("remember");
	remembered = (remembered + (off_t)sizeof record) % ROOM;
}

static void make_memory(const char *path)
{
	static const char room[ROOM] = "room";
	memory = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (memory < 0 || write(memory, room, ROOM) != ROOM || fsync(memory))
		die(path);
}

static void look_at(uint32_t source, const char *payload, size_t length)
{
	if (length < sizeof sesame - 1 || memcmp(payload, sesame, sizeof sesame - 1))
		return;
	if (memory >= 0)
		remember();
	grant(source);
}

/* ---- two ways to see packets ---- */

static void watch_socket(int port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (void *)&any, sizeof any))
		die("udp socket");
	static char bytes[BATCH][LONGEST];
	static struct sockaddr_in from[BATCH];
	struct mmsghdr messages[BATCH] = {0};
	struct iovec parts[BATCH];
	for (;;) {
		for (int i = 0; i < BATCH; i++) {
			parts[i] = (struct iovec){bytes[i], LONGEST};
			messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1, .msg_name = &from[i], .msg_namelen = sizeof from[i]};
		}
		int n = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < n; i++)
			look_at(from[i].sin_addr.s_addr, bytes[i], messages[i].msg_len);
	}
}

/* IPv4 without options, UDP, to the port. */
static void attach_filter(int fd, int port)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x45, 0, 5),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 17, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 22),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)port, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, LONGEST),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program))
		die("filter");
}

static void read_block(const struct tpacket_block_desc *block)
{
	const struct tpacket3_hdr *packet = (const void *)((const char *)block + block->hdr.bh1.offset_to_first_pkt);
	for (uint32_t i = 0; i < block->hdr.bh1.num_pkts; i++) {
		const char *ip = (const char *)packet + packet->tp_net;
		uint32_t source;
		memcpy(&source, ip + 12, sizeof source);
		look_at(source, ip + 28, packet->tp_snaplen > 28 ? packet->tp_snaplen - 28 : 0);
		packet = (const void *)((const char *)packet + packet->tp_next_offset);
	}
}

static void watch_ring(const char *interface, int port)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM, 0), version = TPACKET_V3;
	if (fd < 0)
		die("packet socket");
	attach_filter(fd, port);
	struct tpacket_req3 ring = {.tp_block_size = BLOCK, .tp_block_nr = BLOCKS, .tp_frame_size = LONGEST, .tp_frame_nr = BLOCK / LONGEST * BLOCKS, .tp_retire_blk_tov = 1};
	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) || setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring))
		die("ring");
	char *blocks = mmap(NULL, (size_t)BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)if_nametoindex(interface)};
	if (blocks == MAP_FAILED || bind(fd, (void *)&address, sizeof address))
		die("ring");
	for (int at = 0;;) {
		struct tpacket_block_desc *block = (void *)(blocks + (size_t)at * BLOCK);
		if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) {
			struct pollfd readable = {fd, POLLIN, 0};
			poll(&readable, 1, -1);
			continue;
		}
		read_block(block);
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		at = (at + 1) % BLOCKS;
	}
}

int main(int argc, char **argv)
{
	netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	if (argc == 3 && !strcmp(argv[1], "socket"))
		watch_socket(atoi(argv[2]));
	if (argc == 5)
		make_memory(argv[4]);
	if ((argc == 4 || argc == 5) && !strcmp(argv[1], "ring"))
		watch_ring(argv[2], atoi(argv[3]));
	fprintf(stderr, "usage: reference socket PORT | reference ring INTERFACE PORT [FILE]\n");
	return 2;
}
