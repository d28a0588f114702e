/* flood - a bounded flood into a network that the lab made, and nowhere else.
 *
 *   flood -i INTERFACE -D MAC -d ADDRESS [-s PREFIX] [-S rand|seq|fixed] [-k KIND] [-p PORT] [-P SOURCE-PORT]
 *         [-n SIZE,...] [-f FILE] [-r PACKETS-A-SECOND] [-c COUNT] [-t SECONDS] [-x SEED]
 *
 * Kinds: syn (TCP, first segments), data (TCP, segments with data), junk (UDP, random bytes), base64 (UDP, random letters),
 * file (UDP, the packets of a file in turn: replays, or junk that passes a gate's outer seal). Port 0: another for each packet.
 * Frames go out in batches through AF_PACKET, past the queue of the interface. A rate is kept by a bucket that holds 20 ms, so that a
 * flooder that was kept from running does not catch up with a burst; no rate means as fast as the machine can. It ends after COUNT packets
 * or SECONDS, whichever is first, and after 10 minutes in any case.
 *
 * Prints one line of JSON. On a veth the sender's processor does the receiver's work up to where the packet is dropped or queued, so that
 * ns_per_packet is the cost of both.
 */
#define _GNU_SOURCE
#include "frames.h"
#include "lab.h"
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BATCH = 64, LONGEST_SECONDS = 600 };

struct options {
	const char *interface, *mac, *to, *from, *kind, *file;
	enum source_order order;
	int port, source_port;
	size_t sizes[PAYLOAD_SIZES];
	int size_count;
	double rate, seconds;
	uint64_t count, seed;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void read_sizes(struct options *o, char *text)
{
	o->size_count = 0;
	for (char *part = strtok(text, ","); part && o->size_count < PAYLOAD_SIZES; part = strtok(NULL, ","))
		o->sizes[o->size_count++] = (size_t)atoi(part);
}

static struct options read_options(int argc, char **argv)
{
	struct options o = {.from = "10.128.0.0/9", .kind = "syn", .seconds = 5, .sizes = {320}, .size_count = 1};
	int option;
	while ((option = getopt(argc, argv, "i:D:d:s:S:k:p:P:n:f:r:c:t:x:")) != -1)
		switch (option) {
		case 'i': o.interface = optarg; break;
		case 'D': o.mac = optarg; break;
		case 'd': o.to = optarg; break;
		case 's': o.from = optarg; break;
		case 'S': o.order = *optarg == 's' ? SOURCES_IN_TURN : *optarg == 'f' ? SOURCE_FIXED : SOURCES_RANDOM; break;
		case 'k': o.kind = optarg; break;
		case 'p': o.port = atoi(optarg); break;
		case 'P': o.source_port = atoi(optarg); break;
		case 'n': read_sizes(&o, optarg); break;
		case 'f': o.file = optarg; break;
		case 'r': o.rate = atof(optarg); break;
		case 'c': o.count = strtoull(optarg, NULL, 10); break;
		case 't': o.seconds = atof(optarg); break;
		case 'x': o.seed = strtoull(optarg, NULL, 10); break;
		default: exit(2);
		}
	int bad = !o.interface || !o.mac || !o.to || !o.size_count || o.seconds > LONGEST_SECONDS;
	for (int i = 0; i < o.size_count; i++)
		bad |= o.sizes[i] > PAYLOAD_MOST;
	if (bad) {
		fprintf(stderr, "usage: flood -i INTERFACE -D MAC -d ADDRESS [options]; at most %d bytes and %d seconds\n", PAYLOAD_MOST, LONGEST_SECONDS);
		exit(2);
	}
	return o;
}

static void read_mac(const char *text, uint8_t *mac)
{
	unsigned byte[6];
	if (sscanf(text, "%x:%x:%x:%x:%x:%x", byte, byte + 1, byte + 2, byte + 3, byte + 4, byte + 5) != 6)
		die("mac");
	for (int i = 0; i < 6; i++)
		mac[i] = (uint8_t)byte[i];
}

static void own_mac(int socket_, const char *interface, uint8_t *mac)
{
	struct ifreq request = {0};
	snprintf(request.ifr_name, IFNAMSIZ, "%s", interface);
	if (ioctl(socket_, SIOCGIFHWADDR, &request))
		die(interface);
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
}

/* "10.128.0.0/9": the part that varies is in the last 32 bits. */
static void read_prefix(const char *text, struct frame_plan *plan)
{
	char copy[64];
	snprintf(copy, sizeof copy, "%s", text);
	int bits = plan->ipv6 ? 128 : 32, length = bits;
	char *slash = strchr(copy, '/');
	if (slash) {
		*slash = 0;
		length = atoi(slash + 1);
	}
	if (inet_pton(plan->ipv6 ? AF_INET6 : AF_INET, copy, plan->from) != 1)
		die(text);
	plan->host_mask = bits - length >= 32 ? 0xffffffffu : (1u << (bits - length)) - 1;
}

static struct frame_plan plan_of(const struct options *o, int socket_)
{
	struct frame_plan plan = {.order = o->order, .port = (uint16_t)o->port, .source_port = (uint16_t)o->source_port};
	plan.kind = !strcmp(o->kind, "syn") ? FRAME_SYN : !strcmp(o->kind, "data") ? FRAME_DATA : FRAME_UDP;
	plan.ipv6 = strchr(o->to, ':') != NULL;
	if (inet_pton(plan.ipv6 ? AF_INET6 : AF_INET, o->to, plan.to) != 1)
		die(o->to);
	read_prefix(o->from, &plan);
	read_mac(o->mac, plan.to_mac);
	own_mac(socket_, o->interface, plan.from_mac);
	return plan;
}

static enum payload_kind payload_kind_of(const char *kind)
{
	static const struct { const char *name; enum payload_kind kind; } known[] = {
		{"syn", PAYLOAD_NONE}, {"data", PAYLOAD_RANDOM}, {"junk", PAYLOAD_RANDOM}, {"base64", PAYLOAD_BASE64}, {"file", PAYLOAD_FILE}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(kind, known[i].name))
			return known[i].kind;
	fprintf(stderr, "flood: no kind '%s'\n", kind);
	exit(2);
}

static int open_socket(const char *interface)
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0), yes = 1;
	if (fd < 0)
		die("packet socket");
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes);
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(interface)};
	if (!address.sll_ifindex || bind(fd, (void *)&address, sizeof address))
		die(interface);
	return fd;
}

/* How many may go now; sleeps and says none where it is too early. About a thousand wake-ups a second at most. */
struct pace {
	double per_ns, credit, most, least;
	uint64_t last;
};

static struct pace pace_of(double rate)
{
	double least = rate * 0.001;
	return (struct pace){.per_ns = rate / 1e9, .most = rate * 0.02 + BATCH, .least = least < 1 ? 1 : least > BATCH ? BATCH : least, .last = now_ns()};
}

static int pace_allows(struct pace *p, uint64_t now)
{
	if (p->per_ns <= 0)
		return BATCH;
	p->credit += (double)(now - p->last) * p->per_ns;
	p->last = now;
	if (p->credit > p->most)
		p->credit = p->most;
	if (p->credit < p->least) {
		double wait = (p->least - p->credit) / p->per_ns;
		struct timespec t = {.tv_nsec = wait > 5e8 ? 500000000 : (long)wait + 1};
		nanosleep(&t, NULL);
		return 0;
	}
	return p->credit > BATCH ? BATCH : (int)p->credit;
}

int main(int argc, char **argv)
{
	struct options o = read_options(argc, argv);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	uint64_t chance;
	seed_random(&chance, o.seed);

	int fd = open_socket(o.interface);
	struct frame_plan plan = plan_of(&o, fd);
	struct frame_maker *maker = frame_maker_of(&plan);
	struct payloads *payloads = payloads_of(payload_kind_of(o.kind), o.sizes, o.size_count, o.file, &chance);

	static uint8_t frames[BATCH][FRAME_MOST];
	struct mmsghdr messages[BATCH] = {0};
	struct iovec parts[BATCH];
	for (int i = 0; i < BATCH; i++) {
		frame_begin(maker, frames[i]);
		parts[i].iov_base = frames[i];
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}

	uint64_t sent = 0, refused = 0;
	uint64_t begun = now_ns(), end = begun + (uint64_t)(o.seconds * 1e9), cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	struct pace pace = pace_of(o.rate);
	for (uint64_t now; !stop && (!o.count || sent < o.count) && (now = now_ns()) < end;) {
		int n = pace_allows(&pace, now);
		if (o.count && (uint64_t)n > o.count - sent)
			n = (int)(o.count - sent);
		for (int i = 0; i < n; i++)
			parts[i].iov_len = frame_finish(maker, frames[i], payloads_next(payloads, &chance), &chance);
		if (!n)
			continue;
		int done = sendmmsg(fd, messages, (unsigned)n, 0);
		if (done < 0) {
			if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
				die("send");
			refused++;
			continue;
		}
		sent += (uint64_t)done;
		pace.credit -= done;
	}

	double seconds = (double)(now_ns() - begun) / 1e9, used = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1e9;
	printf("{\"kind\":\"%s\",\"sent\":%llu,\"refused_batches\":%llu,\"seconds\":%.4f,\"per_second\":%.0f,\"cpu_seconds\":%.4f,\"ns_per_packet\":%.1f}\n",
	       o.kind, (unsigned long long)sent, (unsigned long long)refused, seconds, (double)sent / seconds, used, sent ? used * 1e9 / (double)sent : 0);
	return 0;
}
