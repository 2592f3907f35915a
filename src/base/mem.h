/*
 * base/mem.h -- the heap, with a place where tests make it fail.
 *
 * Everything that Cardo allocates itself goes through these three; libraries keep their own. In a test build
 * cd_mem_fail_after(k) lets the k-th allocation of this thread fail (1 is the next one), which is how "what
 * if memory runs out here?" is asked at every place in turn.
 */
#ifndef CD_BASE_MEM_H
#define CD_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* NULL when out of memory. Never called with n == 0. */
void *cd_mem_alloc(size_t n);
void *cd_mem_zalloc(size_t n);
/* The old block stays valid when NULL comes back. */
void *cd_mem_realloc(void *p, size_t n);
void cd_mem_free(void *p); /* NULL is fine */

void cd_mem_fail_after(unsigned long k); /* 0 switches it off */
bool cd_mem_failed(void);                /* did the armed failure happen? */

#endif
