#include "base/mem.h"

#include <stdlib.h>

static _Thread_local unsigned long fail_in;
static _Thread_local bool failed;

static bool fails_now(void)
{
	if (fail_in == 0 || --fail_in > 0)
		return false;
	failed = true;
	return true;
}

void *cd_mem_alloc(size_t n)
{
	return fails_now() ? NULL : malloc(n);
}

void *cd_mem_zalloc(size_t n)
{
	return fails_now() ? NULL : calloc(1, n);
}

void *cd_mem_realloc(void *p, size_t n)
{
	return fails_now() ? NULL : realloc(p, n);
}

void cd_mem_free(void *p)
{
	free(p);
}

void cd_mem_fail_after(unsigned long k)
{
	fail_in = k;
	failed = false;
}

bool cd_mem_failed(void)
{
	return failed;
}
