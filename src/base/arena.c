#include "base/arena.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SPLIT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_SPLIT 1
#endif
#endif
#ifndef ARENA_SPLIT
#define ARENA_SPLIT 0
#endif

enum { CHUNK_BYTES = 16 * 1024 - 64, ALIGN = 16 };

struct cd_arena_chunk {
	struct cd_arena_chunk *next;
	size_t bytes; /* payload */
	_Alignas(16) char data[];
};

void cd_arena_init(struct cd_arena *a, size_t max_bytes)
{
	*a = (struct cd_arena){.max = max_bytes};
}

static void free_from(struct cd_arena_chunk *c)
{
	while (c) {
		struct cd_arena_chunk *next = c->next;
		cd_mem_free(c);
		c = next;
	}
}

void cd_arena_done(struct cd_arena *a)
{
	free_from(a->head);
	*a = (struct cd_arena){.max = a->max};
}

void cd_arena_reset(struct cd_arena *a)
{
	struct cd_arena_chunk *keep = NULL;
	for (struct cd_arena_chunk *c = a->head, *next; c; c = next) {
		next = c->next;
		if (!ARENA_SPLIT && !keep && c->bytes == CHUNK_BYTES)
			keep = c;
		else
			cd_mem_free(c);
	}
	*a = (struct cd_arena){.max = a->max};
	if (!keep)
		return;
	keep->next = NULL;
	a->head = keep;
	a->at = keep->data;
	a->end = keep->data + keep->bytes;
	a->used = keep->bytes;
}

/* A new chunk becomes the head, unless the request is large: then the head stays and goes on being filled. */
static void *alloc_slow(struct cd_arena *a, size_t n)
{
	bool own = ARENA_SPLIT || n > CHUNK_BYTES / 4;
	size_t bytes = own ? n : CHUNK_BYTES;
	if (a->used > a->max || bytes > a->max - a->used)
		return NULL;
	struct cd_arena_chunk *c = cd_mem_alloc(sizeof *c + bytes);
	if (!c)
		return NULL;
	c->bytes = bytes;
	a->used += bytes;
	if (own && a->head) {
		c->next = a->head->next;
		a->head->next = c;
		return c->data;
	}
	c->next = a->head;
	a->head = c;
	a->at = c->data + (own ? bytes : n);
	a->end = c->data + bytes;
	return c->data;
}

void *cd_arena_alloc(struct cd_arena *a, size_t n)
{
	if (n > SIZE_MAX - ALIGN)
		return NULL;
	/* nothing takes a place, too: in an arena without a chunk it would be NULL, which means out of memory
	 */
	size_t least = n ? n : 1;
	size_t round = ARENA_SPLIT ? least : (least + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (ARENA_SPLIT || round > (size_t)(a->end - a->at))
		return alloc_slow(a, round);
	void *p = a->at;
	a->at += round;
	return p;
}

void *cd_arena_zalloc(struct cd_arena *a, size_t n)
{
	void *p = cd_arena_alloc(a, n);
	if (p)
		memset(p, 0, n);
	return p;
}

cd_str cd_arena_copy(struct cd_arena *a, cd_str s)
{
	char *p = cd_arena_alloc(a, s.n + 1);
	if (!p)
		return cd_str_of(NULL, 0);
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = 0;
	return cd_str_of(p, s.n);
}

cd_str cd_arena_join(struct cd_arena *a, const cd_str *parts, size_t n)
{
	size_t total = 0;
	for (size_t i = 0; i < n; i++)
		total += parts[i].n;
	char *p = cd_arena_alloc(a, total + 1), *at = p;
	if (!p)
		return cd_str_of(NULL, 0);
	for (size_t i = 0; i < n; at += parts[i++].n)
		if (parts[i].n)
			memcpy(at, parts[i].p, parts[i].n);
	*at = 0;
	return cd_str_of(p, total);
}

cd_str cd_arena_vprintf(struct cd_arena *a, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	char *p = n < 0 ? NULL : cd_arena_alloc(a, (size_t)n + 1);
	if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return cd_str_of(p, p ? (size_t)n : 0);
}

cd_str cd_arena_printf(struct cd_arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	cd_str s = cd_arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}
