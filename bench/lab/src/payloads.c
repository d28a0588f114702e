#include "payloads.h"
#include "lab.h"

/* Made once, so that a full-speed flood is not a benchmark of random numbers. The first bytes of each packet are new all the same (see below). */
enum { VARIANTS = 256, FRESH = 16, SLOTS = 64 };

struct payloads {
	enum payload_kind kind;
	struct payload *items;
	size_t count;
	size_t at;
	size_t longest;
	uint8_t slots[SLOTS][PAYLOAD_MOST];
	size_t slot;
};

uint32_t ones_sum(const void *bytes, size_t length)
{
	const uint8_t *b = bytes;
	uint32_t sum = 0;
	uint16_t word;
	for (; length > 1; length -= 2, b += 2) {
		memcpy(&word, b, 2);
		sum += word;
	}
	if (length) {
		word = 0;
		memcpy(&word, b, 1);
		sum += word;
	}
	return sum;
}

static void fill(uint8_t *bytes, size_t length, enum payload_kind kind, uint64_t *chance)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < length; i++)
		bytes[i] = kind == PAYLOAD_BASE64 ? (uint8_t)letters[next_random(chance) >> 33 & 63] : (uint8_t)(next_random(chance) >> 33);
}

static void add(struct payloads *all, const uint8_t *bytes, size_t length)
{
	all->items[all->count++] = (struct payload){bytes, length, ones_sum(bytes, length)};
	if (length > all->longest)
		all->longest = length;
}

static void make_up(struct payloads *all, const size_t *sizes, int size_count, uint64_t *chance)
{
	all->items = calloc(VARIANTS, sizeof *all->items);
	for (int i = 0; i < VARIANTS; i++) {
		size_t length = sizes[i % size_count];
		uint8_t *bytes = malloc(length ? length : 1);
		fill(bytes, length, all->kind, chance);
		add(all, bytes, length);
	}
}

static void read_file(struct payloads *all, const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		die(path);
	fseek(file, 0, SEEK_END);
	size_t size = (size_t)ftell(file);
	rewind(file);
	uint8_t *bytes = malloc(size + 1);
	if (!bytes || fread(bytes, 1, size, file) != size)
		die(path);
	fclose(file);
	size_t room = 0;
	for (size_t at = 0; at + 2 <= size;) {
		size_t length = (size_t)bytes[at] << 8 | bytes[at + 1];
		if (length > PAYLOAD_MOST || at + 2 + length > size) {
			fprintf(stderr, "%s: not a file of packets at byte %zu\n", path, at);
			exit(2);
		}
		if (all->count == room) {
			room = room ? 2 * room : 1024;
			all->items = realloc(all->items, room * sizeof *all->items);
		}
		add(all, bytes + at + 2, length);
		at += 2 + length;
	}
	if (!all->count) {
		fprintf(stderr, "%s: no packets\n", path);
		exit(2);
	}
}

struct payloads *payloads_of(enum payload_kind kind, const size_t *sizes, int size_count, const char *file, uint64_t *chance)
{
	struct payloads *all = calloc(1, sizeof *all);
	if (!all)
		die("memory");
	all->kind = kind;
	if (kind == PAYLOAD_FILE)
		read_file(all, file);
	else
		make_up(all, kind == PAYLOAD_NONE ? (const size_t[]){0} : sizes, kind == PAYLOAD_NONE ? 1 : size_count, chance);
	return all;
}

/* No two packets of chance are the same: else a receiver that remembers 256 of them would look better than it is. */
static struct payload freshened(struct payloads *all, struct payload variant, uint64_t *chance)
{
	uint8_t *slot = all->slots[all->slot];
	all->slot = (all->slot + 1) % SLOTS;
	memcpy(slot, variant.bytes, variant.length);
	uint32_t before = ones_sum(slot, FRESH);
	if (all->kind == PAYLOAD_BASE64)
		fill(slot, FRESH, all->kind, chance);
	else
		for (int i = 0; i < FRESH; i += 8) {
			uint64_t word = next_random(chance);
			memcpy(slot + i, &word, 8);
		}
	return (struct payload){slot, variant.length, variant.sum - before + ones_sum(slot, FRESH)};
}

struct payload payloads_next(struct payloads *all, uint64_t *chance)
{
	if (all->kind == PAYLOAD_FILE) {
		struct payload next = all->items[all->at];
		all->at = (all->at + 1) % all->count;
		return next;
	}
	struct payload variant = all->items[next_random(chance) >> 33 & (VARIANTS - 1)];
	return variant.length >= FRESH ? freshened(all, variant, chance) : variant;
}

size_t payloads_longest(const struct payloads *all) { return all->longest; }
