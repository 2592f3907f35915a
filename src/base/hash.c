#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <sys/random.h>

uint64_t cd_hash64(cd_str s, uint64_t seed)
{
	return XXH3_64bits_withSeed(s.p, s.n, seed);
}

uint32_t cd_sum32(const void *p, size_t n, uint64_t salt)
{
	uint64_t h = XXH3_64bits_withSeed(p, n, salt);
	return (uint32_t)(h ^ (h >> 32));
}

bool cd_random(void *p, size_t n)
{
	return n <= 256 && getrandom(p, n, 0) == (ssize_t)n;
}
